/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that a key read, in a data file before the copy asks for them. */
#include "builder/context_ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/random_name.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"

/* After so many bytes more the disk is told to begin with them. */
#define WRITE_STEP ((uint64_t)8 << 20)

struct builder_context_ahead {
        struct builder_body_table *bodies; /* borrowed */
        const struct log *log;
        pthread_mutex_t lock; /* guards all below */
        struct oci_store_file *file; /* NULL: nothing was added yet, or it is in the store under its name */
        char *name;                  /* in OCI_STORE_DATA; NULL: nothing was added yet */
        struct overlay_source *source;
        uint64_t tail;
        struct map *places; /* digest -> struct place */
        bool closed;        /* nothing is added any more */
};

struct place {
        uint64_t offset, size;
};

struct builder_context_ahead *builder_context_ahead_new(struct builder_body_table *bodies, const struct log *log)
{
        struct builder_context_ahead *a = memory_zalloc(1, sizeof(*a));

        a->bodies = bodies;
        a->log = log;
        a->places = map_new(free);
        pthread_mutex_init(&a->lock, NULL);
        return a;
}

void builder_context_ahead_free(struct builder_context_ahead *a)
{
        if (!a)
                return;
        if (a->source && a->file)
                overlay_source_unpin(a->source);
        (void)overlay_source_unref(a->source);
        oci_store_file_free(a->file);
        map_free(a->places);
        pthread_mutex_destroy(&a->lock);
        free(a->name);
        free(a);
}

/* With the lock held. */
static void give_up(struct builder_context_ahead *a, const char *why)
{
        if (!a->closed)
                log_print(a->log, LOG_INFO, "the files of the context are read twice: cannot lay them ahead: %s", why);
        a->closed = true;
}

/* Room for a file that nobody added yet; -1 when there is none, or no need. With the lock held. */
static int reserve(struct builder_context_ahead *a, const struct sha256_digest *digest, uint64_t size, int *ret_fd,
                   uint64_t *ret_offset)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (a->closed || map_find(a->places, digest, sizeof(*digest)))
                return -1;
        if (!a->file &&
            (builder_random_name("", &a->name, &err) < 0 ||
             oci_store_file_create(builder_body_table_store(a->bodies), OCI_STORE_DATA, &a->file, &err) < 0)) {
                give_up(a, err.message);
                return -1;
        }
        *ret_fd = oci_store_file_fd(a->file);
        *ret_offset = a->tail;
        a->tail += size;
        return 0;
}

static void begin_writing(int fd, uint64_t from, uint64_t to)
{
        uint64_t first = from / WRITE_STEP, last = to / WRITE_STEP;

        if (first < last)
                (void)sync_file_range(fd, (off_t)(first * WRITE_STEP), (off_t)((last - first) * WRITE_STEP),
                                      SYNC_FILE_RANGE_WRITE);
}

void builder_context_ahead_add(struct builder_context_ahead *a, const struct sha256_digest *digest, const void *bytes,
                               uint64_t size)
{
        struct place place = {.size = size};
        int fd, saved, result;

        if (size == 0 || builder_body_table_has(a->bodies, digest, size))
                return;
        pthread_mutex_lock(&a->lock);
        if (reserve(a, digest, size, &fd, &place.offset) < 0) {
                pthread_mutex_unlock(&a->lock);
                return;
        }
        pthread_mutex_unlock(&a->lock);
        result = fd_pwrite_all(fd, bytes, (size_t)size, (off_t)place.offset);
        saved = errno;
        if (result == 0)
                begin_writing(fd, place.offset, place.offset + size);
        pthread_mutex_lock(&a->lock);
        if (result < 0)
                give_up(a, strerror(saved));
        else if (!map_find(a->places, digest, sizeof(*digest)))
                map_set(a->places, digest, sizeof(*digest), memory_dup(&place, sizeof(place)));
        pthread_mutex_unlock(&a->lock);
}

/* Known to the pool by the name that it will have. With the lock held. */
static int ensure_source(struct builder_context_ahead *a, struct error *err)
{
        CLEANUP_FREE char *name = NULL;

        if (a->source) {
                overlay_source_grow(a->source, a->tail);
                return 0;
        }
        name = memory_printf("data/%s", a->name);
        if (overlay_pool_ensure(builder_body_table_pool(a->bodies), name, a->tail, &a->source, err) < 0)
                return -1;
        if (overlay_source_pin(a->source, oci_store_file_fd(a->file), err) == 0)
                return 0;
        a->source = overlay_source_unref(a->source);
        return -1;
}

int builder_context_ahead_share(struct builder_context_ahead *a, const struct sha256_digest *digest, uint64_t size,
                                const struct overlay_ref *file, bool *ret_done, struct error *err)
{
        const struct place *place;
        int result = 0;

        pthread_mutex_lock(&a->lock);
        place = map_find(a->places, digest, sizeof(*digest));
        *ret_done = place && place->size == size;
        if (*ret_done && a->file)
                result = ensure_source(a, err);
        pthread_mutex_unlock(&a->lock);
        if (!*ret_done || result < 0)
                return result;
        return overlay_node_extend(file, 0, size, a->source, place->offset, err);
}

int builder_context_ahead_keep(struct builder_context_ahead *a, struct strv *made, struct error *err)
{
        int result = 0;

        pthread_mutex_lock(&a->lock);
        if (a->source && a->file) {
                a->closed = true;
                result = oci_store_file_commit(a->file, a->name, err);
                if (result == 0) {
                        overlay_source_unpin(a->source);
                        oci_store_file_free(STEAL(a->file));
                }
        }
        if (result == 0 && a->source && !strv_has(made, a->name))
                strv_add(made, a->name);
        pthread_mutex_unlock(&a->lock);
        return result;
}
