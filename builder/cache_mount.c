/* SPDX-License-Identifier: Apache-2.0 */
/* Cache mounts: taking one, sharing it, giving it back. What is stored of it: cache_publish.c */
#include "builder/cache_mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache_publish.h"
#include "builder/lock_wait.h"
#include "builder/trees.h"
#include "common/fd.h"
#include "common/memory.h"

/* How many directories one private cache may become: more commands than that do not run at once. */
#define PRIVATE_MAX 64

struct builder_cache {
        struct builder_job *job;
        struct builder_cache_state state;
        struct builder_served *served;
        int lock_fd;    /* on the record, for as long as anybody here uses it; -1 where locks do not work */
        bool exclusive; /* nobody may join */
        bool discard;   /* readonly */
        unsigned users; /* guarded by the job's cache_lock, like the list */
        struct builder_cache *next;
};

/* --- names -------------------------------------------------------------------- */

static void find_name(const struct builder_cache_spec *spec, char ret[SHA256_HEX_SIZE + 1])
{
        struct sha256_digest digest;
        struct sha256 hash;

        sha256_init(&hash);
        sha256_field_string(&hash, "bryo cache mount 1");
        sha256_field_string(&hash, spec->space);
        sha256_field_string(&hash, spec->id);
        if (spec->from) {
                sha256_field_string(&hash, "from");
                sha256_field(&hash, spec->from->identity.bytes, sizeof(spec->from->identity.bytes));
        } else {
                const uint32_t numbers[] = {spec->mode, spec->uid, spec->gid};

                sha256_field_string(&hash, "empty");
                sha256_field(&hash, numbers, sizeof(numbers));
        }
        sha256_final(&hash, &digest);
        sha256_to_hex(&digest, ret);
}

int builder_cache_compare(const struct builder_cache_spec *a, const struct builder_cache_spec *b)
{
        char a_name[SHA256_HEX_SIZE + 1], b_name[SHA256_HEX_SIZE + 1];

        find_name(a, a_name);
        find_name(b, b_name);
        return strcmp(a_name, b_name);
}

/* --- locks -------------------------------------------------------------------- */

struct attempt {
        struct oci_store *store;
        const char *name;
        bool exclusive;
        int *ret_fd;
};

static int try_lock(void *context, struct error *err)
{
        const struct attempt *a = context;

        return oci_store_cache_lock(a->store, a->name, a->exclusive, false, a->ret_fd, err);
}

static int wait_for_lock(struct builder_job *job, const struct builder_cache_spec *spec, const char *name,
                         bool exclusive, int *ret_fd, struct error *err)
{
        CLEANUP_FREE char *waiting =
                memory_printf("waiting for the cache mount %s, which another command has locked", spec->id);
        struct attempt a = {job->workshop.store, name, exclusive, ret_fd};

        return builder_lock_wait(job, try_lock, &a, waiting, err);
}

/* The first of the private directories that nobody uses; its name is appended to. */
static int lock_private(struct builder_job *job, const struct builder_cache_spec *spec, char **name, int *ret_fd,
                        struct error *err)
{
        for (int i = 0; i < PRIVATE_MAX; i++) {
                CLEANUP_FREE char *numbered = i == 0 ? memory_strdup(*name) : memory_printf("%s-%d", *name, i);
                CLEANUP_ERROR struct error busy = ERROR_INIT;

                if (oci_store_cache_lock(job->workshop.store, numbered, true, false, ret_fd, &busy) == 0) {
                        free(*name);
                        *name = STEAL(numbered);
                        return 0;
                }
                if (busy.code != EWOULDBLOCK)
                        return error_move(err, &busy);
        }
        return wait_for_lock(job, spec, *name, true, ret_fd, err);
}

/* --- taking and giving back ----------------------------------------------------- */

static void cache_free(struct builder_cache *c)
{
        builder_cache_state_close(&c->state);
        c->lock_fd = fd_close(c->lock_fd);
        free(c);
}

/* The live one that a further command may share. The cache lock is held. */
static struct builder_cache *find_live(struct builder_job *job, const char *name)
{
        for (struct builder_cache *c = job->caches; c; c = c->next)
                if (!c->exclusive && strcmp(c->state.name, name) == 0)
                        return c;
        return NULL;
}

static int open_live(struct builder_job *job, const struct builder_cache_spec *spec, const char *name, int *lock_fd,
                     struct builder_cache **ret, struct error *err)
{
        struct builder_cache *c = memory_zalloc(1, sizeof(*c));

        c->job = job;
        c->lock_fd = fd_steal(lock_fd);
        c->exclusive = spec->sharing != DOCKERFILE_MOUNT_SHARED;
        c->discard = true;
        if (builder_cache_state_open(&c->state, &job->workshop, spec, name, err) < 0 ||
            builder_served_open(job, c->state.tree, &c->served, err) < 0) {
                cache_free(c);
                return -1;
        }
        c->next = job->caches;
        job->caches = c;
        *ret = c;
        return 0;
}

int builder_cache_acquire(struct builder_job *job, const struct builder_cache_spec *spec, struct builder_cache **ret,
                          struct error *err)
{
        CLEANUP_FREE char *name = memory_alloc(SHA256_HEX_SIZE + 1);
        CLEANUP_FD int lock_fd = -1;
        int result = 0;

        find_name(spec, name);
        if (spec->sharing == DOCKERFILE_MOUNT_PRIVATE)
                result = lock_private(job, spec, &name, &lock_fd, err);
        else
                result = wait_for_lock(job, spec, name, spec->sharing == DOCKERFILE_MOUNT_LOCKED, &lock_fd, err);
        if (result < 0)
                return -1;
        pthread_mutex_lock(&job->cache_lock);
        *ret = spec->sharing == DOCKERFILE_MOUNT_SHARED ? find_live(job, name) : NULL;
        if (!*ret)
                result = open_live(job, spec, name, &lock_fd, ret, err);
        if (result == 0) {
                if (!strv_has(&job->cache_names, name))
                        strv_add(&job->cache_names, name);
                (*ret)->users++;
                (*ret)->discard = (*ret)->discard && spec->readonly;
        }
        pthread_mutex_unlock(&job->cache_lock);
        return result;
}

int builder_cache_clone(struct builder_cache *cache, int *ret_fd, struct error *err)
{
        return builder_served_clone(cache->served, ret_fd, err);
}

/* False as long as others use it. */
static bool leave(struct builder_cache *c)
{
        struct builder_job *job = c->job;
        bool last;

        pthread_mutex_lock(&job->cache_lock);
        last = --c->users == 0;
        for (struct builder_cache **at = &job->caches; last && *at; at = &(*at)->next)
                if (*at == c) {
                        *at = c->next;
                        break;
                }
        pthread_mutex_unlock(&job->cache_lock);
        return last;
}

int builder_cache_release(struct builder_cache *c, struct error *err)
{
        int result;

        if (c == NULL || !leave(c))
                return 0;
        result = builder_served_close(c->served, err);
        if (result == 0 && !c->discard)
                result = builder_cache_state_publish(&c->state, err);
        cache_free(c);
        return result;
}
