/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a context were hashed to. */
#include "builder/digest_cache.h"

#include <errno.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"

#define MAGIC "bryo-digests 1\n"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#define ZFS_MAGIC      0x2fc12fc1
#define BCACHEFS_MAGIC 0xca451a4e

/* In nanoseconds: see the header. */
#define TICK        ((int64_t)50 * 1000 * 1000)
#define WHOLE       ((int64_t)2 * 1000 * 1000 * 1000)
#define OTHER_CLOCK ((int64_t)3600 * 1000 * 1000 * 1000)

/* A save that is not due anyway must spare at least this much reading. */
#define MANY_FILES 128
#define MANY_BYTES ((uint64_t)1 << 20)
/* Entries of files that this build has not seen are kept up to so many, and so many times those it has seen. */
#define UNSEEN_KEPT  100000
#define UNSEEN_RATIO 4
#define MAX_ENTRIES  ((uint64_t)4 << 20)

struct header {
        char magic[16];
        uint64_t count;
        struct sha256_digest sum;
};

enum entry_flags { ENTRY_PLAIN = 1 };

struct entry {
        uint64_t device;
        uint64_t inode;
        uint64_t size;
        int64_t mtime_sec;
        int64_t ctime_sec;
        uint32_t mtime_nsec;
        uint32_t ctime_nsec;
        uint32_t flags;
        uint32_t reserved; /* 0 */
        struct sha256_digest digest;
};

_Static_assert(sizeof(struct entry) == 88, "the file holds this struct as it is");

struct builder_digest_cache {
        struct oci_store *store; /* borrowed */
        const struct log *log;
        char *name;            /* of the object; owned */
        uint64_t device;       /* of the directory */
        bool local;            /* ... which this machine's clock stamps */
        struct buffer bytes;   /* the object as it was loaded */
        const struct entry *entries; /* in `bytes`, sorted; never changed */
        size_t count;
        unsigned char *seen; /* for each of them: this build has met the file */
        pthread_mutex_t lock; /* guards all below */
        struct map *added;    /* device and inode -> struct entry */
        uint64_t added_bytes; /* sum of their sizes */
        struct entry **list;  /* the same entries; borrowed from `added` */
        size_t list_count, list_cap;
};

/* --- the file ---------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
        const struct entry *x = a;
        const struct entry *y = b;

        if (x->device != y->device)
                return x->device < y->device ? -1 : 1;
        return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static bool is_sound(const struct buffer *bytes)
{
        const struct header *h = (const void *)bytes->data;
        struct sha256_digest sum;

        if (bytes->size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || h->count > MAX_ENTRIES ||
            bytes->size != sizeof(*h) + h->count * sizeof(struct entry))
                return false;
        sha256_of(bytes->data + sizeof(*h), bytes->size - sizeof(*h), &sum);
        return sha256_equal(&sum, &h->sum);
}

/* Reads the object; what is missing or damaged is empty. */
static void load(struct builder_digest_cache *c, struct buffer *ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_open_object(c->store, OCI_STORE_DIGESTS, c->name, &fd, &size, &err) < 0) {
                if (err.code != ENOENT)
                        log_print(c->log, LOG_INFO, "%s", err.message);
                return;
        }
        if (size <= sizeof(struct header) + MAX_ENTRIES * sizeof(struct entry) &&
            fd_pread_all(fd, buffer_reserve(ret, (size_t)size), (size_t)size, 0) == 0)
                ret->size = (size_t)size;
        if (is_sound(ret))
                return;
        log_print(c->log, LOG_INFO, "the remembered digests of the context (%s) are damaged: its files are read again", c->name);
        buffer_clear(ret);
}

static bool is_stamped_here(int fd)
{
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return false;
        switch ((unsigned long)fs.f_type) {
        case EXT4_SUPER_MAGIC:
        case XFS_SUPER_MAGIC:
        case BTRFS_SUPER_MAGIC:
        case F2FS_SUPER_MAGIC:
        case TMPFS_MAGIC:
        case OVERLAYFS_SUPER_MAGIC:
        case ZFS_MAGIC:
        case BCACHEFS_MAGIC:
                return true;
        default:
                return false;
        }
}

struct builder_digest_cache *builder_digest_cache_open(struct oci_store *store, int root, const struct log *log)
{
        struct builder_digest_cache *c = memory_zalloc(1, sizeof(*c));
        struct stat st = { .st_dev = 0 };

        if (fstat(root, &st) < 0)
                log_print(log, LOG_INFO, "cannot look at the context: %s", strerror(errno));
        c->store = store;
        c->log = log;
        c->name = memory_printf("%llx-%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        c->device = st.st_dev;
        c->local = is_stamped_here(root);
        c->added = map_new(free);
        pthread_mutex_init(&c->lock, NULL);
        load(c, &c->bytes);
        if (c->bytes.size > 0) {
                c->count = (size_t)((const struct header *)(const void *)c->bytes.data)->count;
                c->entries = (const void *)(c->bytes.data + sizeof(struct header));
                c->seen = memory_zalloc(c->count, 1);
        }
        return c;
}

void builder_digest_cache_free(struct builder_digest_cache *c)
{
        if (c == NULL)
                return;
        map_free(c->added);
        pthread_mutex_destroy(&c->lock);
        buffer_free(&c->bytes);
        free(c->seen);
        free(c->list);
        free(c->name);
        free(c);
}

/* --- finding ------------------------------------------------------------------------ */

static struct entry describe(const struct stat *st)
{
        return (struct entry){
                .device = st->st_dev,
                .inode = st->st_ino,
                .size = (uint64_t)st->st_size,
                .mtime_sec = st->st_mtim.tv_sec,
                .ctime_sec = st->st_ctim.tv_sec,
                .mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
                .ctime_nsec = (uint32_t)st->st_ctim.tv_nsec,
        };
}

static bool is_same_file(const struct entry *a, const struct entry *b)
{
        return a->size == b->size && a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec &&
               a->ctime_sec == b->ctime_sec && a->ctime_nsec == b->ctime_nsec;
}

static const struct entry *find_added(struct builder_digest_cache *c, const struct entry *wanted)
{
        const struct entry *found;

        pthread_mutex_lock(&c->lock);
        found = map_find(c->added, wanted, 2 * sizeof(uint64_t));
        pthread_mutex_unlock(&c->lock);
        return found;
}

bool builder_digest_cache_find(struct builder_digest_cache *c, const struct stat *st, struct builder_known_file *ret)
{
        const struct entry wanted = describe(st);
        const struct entry *found = NULL;

        if (c->count > 0)
                found = bsearch(&wanted, c->entries, c->count, sizeof(wanted), compare_entries);
        if (found)
                __atomic_store_n(&c->seen[found - c->entries], 1, __ATOMIC_RELAXED);
        if (!found || !is_same_file(found, &wanted))
                found = find_added(c, &wanted);
        if (!found || !is_same_file(found, &wanted))
                return false;
        ret->digest = found->digest;
        ret->plain = (found->flags & ENTRY_PLAIN) != 0;
        return true;
}

/* --- remembering ---------------------------------------------------------------------- */

static bool is_settled(const struct builder_digest_cache *c, const struct stat *st, const struct timespec *begun)
{
        int64_t age = (begun->tv_sec - st->st_ctim.tv_sec) * INT64_C(1000000000) + begun->tv_nsec - st->st_ctim.tv_nsec;

        if (begun->tv_sec - st->st_ctim.tv_sec > 2 * 3600)
                return true;
        if (!c->local || st->st_dev != c->device)
                return age > OTHER_CLOCK;
        return age > (st->st_ctim.tv_nsec == 0 ? WHOLE : TICK);
}

void builder_digest_cache_add(struct builder_digest_cache *c, const struct stat *st, const struct timespec *begun,
                              const struct builder_known_file *known)
{
        struct entry *entry;

        if (!is_settled(c, st, begun))
                return;
        entry = memory_alloc(sizeof(*entry));
        *entry = describe(st);
        entry->flags = known->plain ? ENTRY_PLAIN : 0;
        entry->digest = known->digest;
        pthread_mutex_lock(&c->lock);
        if (map_find(c->added, entry, 2 * sizeof(uint64_t))) {
                free(entry); /* a second thread, or a second name; a file that changed meanwhile is for the next build */
        } else {
                map_set(c->added, entry, 2 * sizeof(uint64_t), entry);
                memory_grow(&c->list, &c->list_cap, c->list_count + 1, sizeof(*c->list));
                c->list[c->list_count++] = entry;
                c->added_bytes += entry->size;
        }
        pthread_mutex_unlock(&c->lock);
}

/* The entries of the object that stay: not those of files that were hashed anew, and not more than is sensible. */
static void keep_old(struct builder_digest_cache *c, struct buffer *ret)
{
        size_t seen = c->list_count;
        bool drop;

        for (size_t i = 0; i < c->count; i++)
                seen += c->seen[i];
        drop = c->count > UNSEEN_KEPT && c->count > UNSEEN_RATIO * seen;
        for (size_t i = 0; i < c->count; i++)
                if ((c->seen[i] || !drop) && !map_find(c->added, &c->entries[i], 2 * sizeof(uint64_t)))
                        buffer_append(ret, &c->entries[i], sizeof(c->entries[i]));
}

int builder_digest_cache_save(struct builder_digest_cache *c, bool worth, struct error *err)
{
        struct header header = { .magic = MAGIC };
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;

        if (c->list_count == 0 || (!worth && c->list_count < MANY_FILES && c->added_bytes < MANY_BYTES))
                return 0;
        buffer_append(&out, &header, sizeof(header));
        keep_old(c, &out);
        for (size_t i = 0; i < c->list_count; i++)
                buffer_append(&out, c->list[i], sizeof(*c->list[i]));
        header.count = (out.size - sizeof(header)) / sizeof(struct entry);
        if (header.count > MAX_ENTRIES)
                return 0;
        qsort(out.data + sizeof(header), (size_t)header.count, sizeof(struct entry), compare_entries);
        sha256_of(out.data + sizeof(header), out.size - sizeof(header), &header.sum);
        memcpy(out.data, &header, sizeof(header));
        return oci_store_save(c->store, OCI_STORE_DIGESTS, c->name, out.data, out.size, err);
}
