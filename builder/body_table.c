/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes lie where in the data files of the store. */
#include "builder/body_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/record.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"

#define NAME        "bodies"
#define MAGIC       "bryo-bodies 1\n"
#define MAX_ENTRIES ((uint64_t)4 << 20)
/* "data/" and 32 hex digits: what a tree writes. Layer tars and unpacked archives have other names and are left out. */
#define SOURCE_PREFIX "data/"
#define SOURCE_HEX    32

struct header {
        char magic[16];
        char boot[40];
        uint64_t count;
        struct sha256_digest sum;
};

struct place {
        unsigned char source[SOURCE_HEX / 2];
        uint64_t offset;
        uint64_t size;
};

struct entry {
        struct sha256_digest digest;
        struct place place;
};

_Static_assert(sizeof(struct entry) == 64, "the file holds this struct as it is");

struct builder_body_table {
        struct oci_store *store;
        struct overlay_pool *pool;
        const struct log *log;
        pthread_mutex_t lock; /* guards all below */
        bool loaded;
        struct buffer bytes;         /* the object */
        const struct entry *entries; /* in it, by digest */
        size_t count;
        const struct entry **places; /* the same by place; NULL until needed. Owned */
        struct map *digests;         /* what was learnt: digest -> struct entry */
        struct map *learnt;          /* place -> the same entries; borrowed */
        struct map *here;            /* names of sources that are in the store -> uint64_t size */
};

/* --- the file ---------------------------------------------------------------------- */

static void set_boot(char ret[40])
{
        CLEANUP_FREE char *boot = builder_record_boot();

        memset(ret, 0, 40);
        memcpy(ret, boot, strnlen(boot, 39));
}

static bool is_sound(const struct buffer *bytes)
{
        const struct header *h = (const void *)bytes->data;
        struct sha256_digest sum;
        char boot[40];

        set_boot(boot);
        if (bytes->size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || h->count > MAX_ENTRIES ||
            bytes->size != sizeof(*h) + h->count * sizeof(struct entry) || memcmp(h->boot, boot, sizeof(boot)) != 0 ||
            strcmp(boot, "unknown") == 0)
                return false;
        sha256_of(bytes->data + sizeof(*h), bytes->size - sizeof(*h), &sum);
        return sha256_equal(&sum, &h->sum);
}

/* With the lock held. */
static void load(struct builder_body_table *t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (t->loaded)
                return;
        t->loaded = true;
        if (oci_store_open_object(t->store, OCI_STORE_DIGESTS, NAME, &fd, &size, &err) < 0)
                return;
        if (size > sizeof(struct header) + MAX_ENTRIES * sizeof(struct entry) ||
            fd_pread_all(fd, buffer_reserve(&t->bytes, (size_t)size), (size_t)size, 0) < 0)
                return;
        t->bytes.size = (size_t)size;
        if (!is_sound(&t->bytes)) {
                log_print(t->log, LOG_INFO, "the table of bodies is of another boot or damaged: bytes are copied again");
                return;
        }
        t->count = (size_t)((const struct header *)(const void *)t->bytes.data)->count;
        t->entries = (const void *)(t->bytes.data + sizeof(struct header));
}

struct builder_body_table *builder_body_table_new(struct oci_store *store, struct overlay_pool *pool, const struct log *log)
{
        struct builder_body_table *t = memory_zalloc(1, sizeof(*t));

        t->store = store;
        t->pool = pool;
        t->log = log;
        t->digests = map_new(free);
        t->learnt = map_new(NULL);
        t->here = map_new(free);
        pthread_mutex_init(&t->lock, NULL);
        return t;
}

void builder_body_table_free(struct builder_body_table *t)
{
        if (t == NULL)
                return;
        map_free(t->learnt);
        map_free(t->digests);
        map_free(t->here);
        pthread_mutex_destroy(&t->lock);
        buffer_free(&t->bytes);
        free(t->places);
        free(t);
}

/* --- looking up --------------------------------------------------------------------- */

static int compare_digests(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct sha256_digest));
}

static int compare_places(const void *a, const void *b)
{
        const struct entry *const *x = a;
        const struct entry *const *y = b;

        return memcmp(&(*x)->place, &(*y)->place, sizeof(struct place));
}

/* With the lock held. */
static const struct entry *find_digest(struct builder_body_table *t, const struct sha256_digest *digest)
{
        const struct entry *found = map_find(t->digests, digest, sizeof(*digest));

        load(t);
        if (!found && t->count > 0)
                found = bsearch(digest, t->entries, t->count, sizeof(*found), compare_digests);
        return found;
}

/* With the lock held. */
static const struct entry *find_place(struct builder_body_table *t, const struct place *place)
{
        const struct entry wanted = { .place = *place };
        const struct entry *key = &wanted;
        const struct entry **found;
        const struct entry *learnt = map_find(t->learnt, place, sizeof(*place));

        load(t);
        if (learnt || t->count == 0)
                return learnt;
        if (!t->places) {
                t->places = memory_zalloc(t->count, sizeof(struct entry *));
                for (size_t i = 0; i < t->count; i++)
                        t->places[i] = &t->entries[i];
                qsort(t->places, t->count, sizeof(struct entry *), compare_places);
        }
        found = bsearch(&key, t->places, t->count, sizeof(struct entry *), compare_places);
        return found ? *found : NULL;
}

static int hex_value(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where the bytes of a file lie, if that is one piece of a data file. */
static bool find_piece(const struct overlay_ref *file, struct place *ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_piece *pieces = NULL;
        struct overlay_attr attr;
        const char *name;
        size_t count = 0;
        bool is;

        *ret = (struct place){ .size = 0 };
        if (overlay_node_stat(file, &attr, &err) < 0 || overlay_node_pieces(file, &pieces, &count, &err) < 0)
                return false;
        is = count == 1 && pieces[0].offset == 0 && pieces[0].length == attr.size;
        name = is ? overlay_source_name(pieces[0].source) : "";
        is = is && strncmp(name, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0 &&
             strlen(name) == strlen(SOURCE_PREFIX) + SOURCE_HEX;
        name += is ? strlen(SOURCE_PREFIX) : 0;
        for (size_t i = 0; is && i < SOURCE_HEX / 2; i++) {
                int high = hex_value(name[2 * i]);
                int low = hex_value(name[2 * i + 1]);

                is = high >= 0 && low >= 0;
                ret->source[i] = (unsigned char)(is ? high * 16 + low : 0);
        }
        if (is) {
                ret->offset = pieces[0].source_offset;
                ret->size = pieces[0].length;
        }
        free(pieces);
        return is;
}

bool builder_body_table_find(struct builder_body_table *t, const struct overlay_ref *file, struct sha256_digest *ret)
{
        const struct entry *found;
        struct place place;

        if (!find_piece(file, &place))
                return false;
        pthread_mutex_lock(&t->lock);
        found = find_place(t, &place);
        if (found)
                *ret = found->digest;
        pthread_mutex_unlock(&t->lock);
        return found != NULL;
}

/* --- sharing --------------------------------------------------------------------------- */

static void format_source(const struct place *place, char ret[OVERLAY_SOURCE_NAME_MAX + 1])
{
        static const char digits[] = "0123456789abcdef";
        size_t at = strlen(SOURCE_PREFIX);

        memcpy(ret, SOURCE_PREFIX, at);
        for (size_t i = 0; i < sizeof(place->source); i++) {
                ret[at++] = digits[place->source[i] >> 4];
                ret[at++] = digits[place->source[i] & 15];
        }
        ret[at] = '\0';
}

/*
 * True if the file is in the store, and long enough: the step that makes it may still fail, or find that nothing
 * needs its last bytes.
 */
static bool is_here(struct builder_body_table *t, const char *source, const struct place *place)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        const uint64_t *known;
        uint64_t size = 0;

        pthread_mutex_lock(&t->lock);
        known = map_find(t->here, source, strlen(source));
        if (known)
                size = *known;
        pthread_mutex_unlock(&t->lock);
        if (!known) {
                if (oci_store_open_object(t->store, OCI_STORE_DATA, source + strlen(SOURCE_PREFIX), &fd, &size, &err) < 0)
                        return false;
                pthread_mutex_lock(&t->lock);
                map_set(t->here, source, strlen(source), memory_dup(&size, sizeof(size)));
                pthread_mutex_unlock(&t->lock);
        }
        return place->offset <= size && place->size <= size - place->offset;
}

int builder_body_table_share(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size,
                             const struct overlay_ref *file, bool *ret_done, struct error *err)
{
        char name[OVERLAY_SOURCE_NAME_MAX + 1];
        struct overlay_source *source = NULL;
        const struct entry *found;
        struct place place;
        int result;

        *ret_done = false;
        pthread_mutex_lock(&t->lock);
        found = find_digest(t, digest);
        if (found)
                place = found->place;
        pthread_mutex_unlock(&t->lock);
        if (!found || place.size != size || size == 0)
                return 0;
        format_source(&place, name);
        if (!is_here(t, name, &place))
                return 0;
        if (overlay_pool_ensure(t->pool, name, place.offset + place.size, &source, err) < 0)
                return -1;
        result = overlay_node_extend(file, 0, size, source, place.offset, err);
        (void)overlay_source_unref(source);
        *ret_done = result == 0;
        return result;
}

/* --- learning -------------------------------------------------------------------------- */

void builder_body_table_add(struct builder_body_table *t, const struct overlay_ref *file, const struct sha256_digest *digest)
{
        const struct entry *known;
        struct entry *entry = NULL;
        struct place place;

        if (!find_piece(file, &place))
                return;
        pthread_mutex_lock(&t->lock);
        known = find_digest(t, digest);
        if (!known) {
                entry = memory_zalloc(1, sizeof(*entry));
                entry->digest = *digest;
                entry->place = place;
                map_set(t->digests, digest, sizeof(*digest), entry);
                known = entry;
        }
        /* a second place of the same bytes is known for this build only */
        map_set(t->learnt, &place, sizeof(place), (void *)(uintptr_t)known);
        pthread_mutex_unlock(&t->lock);
}

static void append_learnt(void *context, const void *key, size_t size, void *value)
{
        (void)key;
        (void)size;
        buffer_append(context, value, sizeof(struct entry));
}

int builder_body_table_save(struct builder_body_table *t, struct error *err)
{
        struct header header = { .magic = MAGIC };
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;

        if (map_count(t->digests) == 0)
                return 0;
        load(t);
        set_boot(header.boot);
        buffer_append(&out, &header, sizeof(header));
        map_each(t->digests, append_learnt, &out);
        for (size_t i = 0; i < t->count; i++)
                if (!map_find(t->digests, &t->entries[i].digest, sizeof(t->entries[i].digest)))
                        buffer_append(&out, &t->entries[i], sizeof(t->entries[i]));
        header.count = (out.size - sizeof(header)) / sizeof(struct entry);
        if (header.count > MAX_ENTRIES)
                return builder_body_table_drop(t->store, err);
        qsort(out.data + sizeof(header), (size_t)header.count, sizeof(struct entry), compare_digests);
        sha256_of(out.data + sizeof(header), out.size - sizeof(header), &header.sum);
        memcpy(out.data, &header, sizeof(header));
        return oci_store_save(t->store, OCI_STORE_DIGESTS, NAME, out.data, out.size, err);
}

int builder_body_table_drop(struct oci_store *store, struct error *err)
{
        CLEANUP_FD int fd = -1;

        if (!oci_store_has(store, OCI_STORE_DIGESTS, NAME))
                return 0;
        if (oci_store_remove(store, OCI_STORE_DIGESTS, NAME, err) < 0)
                return -1;
        fd = fd_open_directory(oci_store_fd(store), "digests");
        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot make the removal of %s/digests/" NAME " last", oci_store_path(store));
        return 0;
}
