/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: named immutable byte containers, and the pool that shares them and bounds how many are open. */
#include "overlay/source.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/read_ahead.h"

#define DEFAULT_MAX_OPEN 32
#define FIRST_BUCKETS    64

struct range {
        uint64_t from, size;
};

struct overlay_source {
        struct overlay_pool *pool;
        char *name;
        _Atomic uint64_t size;
        /* the rest is guarded by pool->lock */
        struct overlay_source *next; /* same bucket */
        unsigned refs;
        int fd;         /* -1 while closed */
        unsigned users; /* reads under way on fd */
        bool pinned;
        struct overlay_read_ahead ahead;
        struct overlay_source *older, *newer; /* open, not pinned: least recently used first */
};

struct overlay_pool {
        struct overlay_pool_options options;
        pthread_mutex_t lock;
        struct overlay_source **buckets;
        size_t bucket_count; /* a power of two */
        size_t count;
        unsigned open_count; /* descriptors that are open and not pinned */
        struct overlay_source *oldest, *newest;
        dev_t device;                  /* of the source that was opened last: they lie in one store */
        bool knows_device, asks_ahead; /* whether it helps there, once somebody had to know */
};

int overlay_source_name_is_valid(const char *name, size_t length)
{
        size_t start = 0;

        if (length == 0 || length > OVERLAY_SOURCE_NAME_MAX)
                return 0;
        for (size_t i = 0; i <= length; i++) {
                if (i == length || name[i] == '/') {
                        size_t part = i - start;

                        if (part == 0 || (part == 1 && name[start] == '.') ||
                            (part == 2 && name[start] == '.' && name[start + 1] == '.'))
                                return 0;
                        start = i + 1;
                } else if (!isascii((unsigned char)name[i]) ||
                           (!isalnum((unsigned char)name[i]) && strchr("-._+", name[i]) == NULL) || name[i] == '\0') {
                        return 0;
                }
        }
        return 1;
}

struct overlay_pool *overlay_pool_new(const struct overlay_pool_options *options)
{
        struct overlay_pool *pool = memory_zalloc(1, sizeof(*pool));

        pool->options = *options;
        if (pool->options.max_open == 0)
                pool->options.max_open = DEFAULT_MAX_OPEN;
        pthread_mutex_init(&pool->lock, NULL);
        pool->bucket_count = FIRST_BUCKETS;
        pool->buckets = memory_zalloc(pool->bucket_count, sizeof(*pool->buckets));
        return pool;
}

void overlay_pool_free(struct overlay_pool *pool)
{
        if (pool == NULL)
                return;
        assert(pool->count == 0);
        pthread_mutex_destroy(&pool->lock);
        free(pool->buckets);
        free(pool);
}

/* FNV-1a: names are digests of the store, nobody outside chooses them to collide. */
static size_t hash_name(const char *name)
{
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (; *name != '\0'; name++)
                h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
        return (size_t)(h ^ (h >> 32));
}

static void grow_buckets(struct overlay_pool *pool)
{
        size_t count = pool->bucket_count * 2;
        struct overlay_source **buckets = memory_zalloc(count, sizeof(*buckets));

        for (size_t i = 0; i < pool->bucket_count; i++) {
                struct overlay_source *source, *next;

                for (source = pool->buckets[i]; source != NULL; source = next) {
                        size_t at = hash_name(source->name) & (count - 1);

                        next = source->next;
                        source->next = buckets[at];
                        buckets[at] = source;
                }
        }
        free(pool->buckets);
        pool->buckets = buckets;
        pool->bucket_count = count;
}

int overlay_pool_ensure(struct overlay_pool *pool, const char *name, uint64_t size, struct overlay_source **ret,
                        struct error *err)
{
        struct overlay_source *source;
        size_t at;

        if (!overlay_source_name_is_valid(name, strlen(name)) || size > INT64_MAX)
                return error_set(err, EINVAL, "bad source \"%.128s\" of %" PRIu64 " bytes", name, size);
        pthread_mutex_lock(&pool->lock);
        at = hash_name(name) & (pool->bucket_count - 1);
        for (source = pool->buckets[at]; source != NULL; source = source->next)
                if (strcmp(source->name, name) == 0)
                        break;
        if (source == NULL) {
                if (pool->count >= pool->bucket_count) {
                        grow_buckets(pool);
                        at = hash_name(name) & (pool->bucket_count - 1);
                }
                source = memory_zalloc(1, sizeof(*source));
                source->pool = pool;
                source->name = memory_strdup(name);
                source->fd = -1;
                source->next = pool->buckets[at];
                pool->buckets[at] = source;
                pool->count++;
        }
        source->refs++;
        if (size > source->size)
                source->size = size;
        pthread_mutex_unlock(&pool->lock);
        *ret = source;
        return 0;
}

struct overlay_source *overlay_source_ref(struct overlay_source *source)
{
        pthread_mutex_lock(&source->pool->lock);
        source->refs++;
        pthread_mutex_unlock(&source->pool->lock);
        return source;
}

static void unlist(struct overlay_source *source)
{
        struct overlay_pool *pool = source->pool;

        *(source->older != NULL ? &source->older->newer : &pool->oldest) = source->newer;
        *(source->newer != NULL ? &source->newer->older : &pool->newest) = source->older;
        source->older = source->newer = NULL;
}

static void enlist(struct overlay_source *source)
{
        struct overlay_pool *pool = source->pool;

        source->older = pool->newest;
        source->newer = NULL;
        *(pool->newest != NULL ? &pool->newest->newer : &pool->oldest) = source;
        pool->newest = source;
}

/* pool->lock held */
static void close_source(struct overlay_source *source)
{
        if (source->fd < 0)
                return;
        if (!source->pinned) {
                unlist(source);
                source->pool->open_count--;
        }
        source->fd = fd_close(source->fd);
}

/* Closes idle descriptors until there is room for one more; when all are in use the limit is exceeded by as many
 * threads as read. */
static void make_room(struct overlay_pool *pool)
{
        struct overlay_source *source = pool->oldest, *newer;

        for (; source != NULL && pool->open_count >= pool->options.max_open; source = newer) {
                newer = source->newer;
                if (source->users == 0)
                        close_source(source);
        }
}

struct overlay_source *overlay_source_unref(struct overlay_source *source)
{
        struct overlay_pool *pool;
        struct overlay_source **at;

        if (source == NULL)
                return NULL;
        pool = source->pool;
        pthread_mutex_lock(&pool->lock);
        assert(source->refs > 0);
        if (--source->refs == 0) {
                at = &pool->buckets[hash_name(source->name) & (pool->bucket_count - 1)];
                while (*at != source)
                        at = &(*at)->next;
                *at = source->next;
                pool->count--;
                close_source(source);
                free(source->name);
                free(source);
        }
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

const char *overlay_source_name(const struct overlay_source *source)
{
        return source->name;
}

uint64_t overlay_source_size(const struct overlay_source *source)
{
        return source->size;
}

void overlay_source_grow(struct overlay_source *source, uint64_t size)
{
        uint64_t old = source->size;

        while (size > old && !atomic_compare_exchange_weak(&source->size, &old, size))
                ;
}

void overlay_source_cut(struct overlay_source *source, uint64_t size)
{
        source->size = size;
}

static int open_source(struct overlay_source *source, int *ret_fd, struct error *err)
{
        struct overlay_pool *pool = source->pool;
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (pool->options.open(pool->options.context, source->name, &fd, err) < 0)
                return error_wrap(err, "cannot open source %s", source->name);
        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot stat source %s", source->name);
        if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < source->size)
                return error_set(err, EIO, "source %s is damaged: it has %jd bytes and should have %" PRIu64,
                                 source->name, (intmax_t)st.st_size, (uint64_t)source->size);
        pool->device = st.st_dev;
        *ret_fd = fd_steal(&fd);
        return 0;
}

/* pool->lock held, and a source was opened. */
static bool asks_ahead(struct overlay_pool *pool)
{
        if (!pool->knows_device)
                pool->asks_ahead = overlay_read_ahead_helps(pool->device);
        pool->knows_device = true;
        return pool->asks_ahead;
}

/* What to ask the disk for now that `range` is going to be read. pool->lock held. */
static struct range note_read(struct overlay_source *source, struct range range)
{
        struct range ahead = {0, 0};

        if (source->pinned)
                return ahead; /* this process has just written it: it is in the page cache */
        ahead.size = overlay_read_ahead_note(&source->ahead, range.from, range.size, source->size, &ahead.from);
        if (ahead.size > 0 && !asks_ahead(source->pool))
                ahead.size = 0;
        return ahead;
}

/* The descriptor to read `range` from, which stays open until release_source; what to ask the disk for now. */
static int acquire_source(struct overlay_source *source, struct range range, int *ret_fd, struct range *ret_ahead,
                          struct error *err)
{
        struct overlay_pool *pool = source->pool;
        int rc = 0;

        pthread_mutex_lock(&pool->lock);
        if (source->fd < 0) {
                make_room(pool);
                rc = open_source(source, &source->fd, err);
                if (rc == 0) {
                        pool->open_count++;
                        enlist(source);
                }
        } else if (!source->pinned && pool->newest != source) {
                unlist(source);
                enlist(source);
        }
        if (rc == 0) {
                source->users++;
                *ret_fd = source->fd;
                *ret_ahead = note_read(source, range);
        }
        pthread_mutex_unlock(&pool->lock);
        return rc;
}

static void release_source(struct overlay_source *source)
{
        pthread_mutex_lock(&source->pool->lock);
        source->users--;
        pthread_mutex_unlock(&source->pool->lock);
}

int overlay_source_read(struct overlay_source *source, void *bytes, size_t size, uint64_t offset, struct error *err)
{
        struct range range = {offset, size}, ahead = {0, 0};
        int fd = -1, rc, code;

        if (offset > source->size || size > source->size - offset)
                return error_set(err, EIO,
                                 "cannot read source %s: %zu bytes at %" PRIu64 " are past its end (%" PRIu64 ")",
                                 source->name, size, offset, (uint64_t)source->size);
        if (acquire_source(source, range, &fd, &ahead, err) < 0) {
                /* a program that reads the file can make nothing of ENOENT */
                err->code = err->code == EMFILE || err->code == ENFILE ? err->code : EIO;
                return -1;
        }
        /* refused where a file system has none of it, which costs time */
        if (ahead.size > 0)
                (void)posix_fadvise(fd, (off_t)ahead.from, (off_t)ahead.size, POSIX_FADV_WILLNEED);
        rc = fd_pread_all(fd, bytes, size, (off_t)offset);
        code = errno;
        release_source(source);
        if (rc == 0)
                return 0;
        if (code == ENODATA)
                return error_set(err, EIO, "cannot read source %s: it ends before %" PRIu64, source->name,
                                 offset + size);
        error_errno(err, code, "cannot read source %s at %" PRIu64, source->name, offset);
        err->code = EIO;
        return -1;
}

int overlay_source_pin(struct overlay_source *source, int fd, struct error *err)
{
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        if (copy < 0)
                return error_errno(err, errno, "cannot duplicate the descriptor of source %s", source->name);
        pthread_mutex_lock(&source->pool->lock);
        assert(source->users == 0);
        close_source(source);
        source->fd = copy;
        source->pinned = true;
        pthread_mutex_unlock(&source->pool->lock);
        return 0;
}

void overlay_source_unpin(struct overlay_source *source)
{
        pthread_mutex_lock(&source->pool->lock);
        assert(source->pinned && source->users == 0);
        close_source(source);
        source->pinned = false;
        pthread_mutex_unlock(&source->pool->lock);
}
