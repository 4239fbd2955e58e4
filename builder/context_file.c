/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context directory as a source: reading its files. What was found by name is
 * opened by that name again, without following a link, and only believed if it is
 * the same inode: swapping files for links, FIFOs or other files while a build goes on
 * leads to a copy of what was there or to an error, never out of the context.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/context.h"
#include "common/fd.h"
#include "common/memory.h"

#define CHUNK ((size_t)1 << 18)

/* "/proc/self/fd/N" of an O_PATH descriptor, "/proc/self/fd/N/NAME" of a name in such a directory. */
#define PROC_PATH_SIZE (NAME_MAX + 40)

static const char *base_name(const struct builder_item *item)
{
        const char *slash = strrchr(item->path, '/');

        return slash ? slash + 1 : item->path;
}

static void proc_path(const struct builder_item *item, char ret[PROC_PATH_SIZE])
{
        if (item->fd >= 0)
                (void)snprintf(ret, PROC_PATH_SIZE, "/proc/self/fd/%d", item->fd);
        else
                (void)snprintf(ret, PROC_PATH_SIZE, "/proc/self/fd/%d/%s", item->parent, base_name(item));
}

static int changed(struct context *c, const struct builder_item *item, struct error *err)
{
        return error_set(err, ESTALE, "%s/%s changed while it was being copied", c->directory, item->path);
}

int builder_context_read_link(struct builder_source *s, const struct builder_item *item, struct buffer *ret,
                              struct error *err)
{
        char *room;
        ssize_t n;

        if (item->target) {
                buffer_append_string(ret, item->target);
                return 0;
        }
        room = buffer_reserve(ret, PATH_MAX);
        n = item->fd >= 0 ? readlinkat(item->fd, "", room, PATH_MAX)
                          : readlinkat(item->parent, base_name(item), room, PATH_MAX);
        if (n < 0)
                return error_errno(err, errno, "cannot read the link %s/%s", builder_context_of(s)->directory, item->path);
        ret->size += (size_t)n;
        ret->data[ret->size] = '\0';
        return 0;
}

/* --- extended attributes ----------------------------------------------------------- */

/* What a context's file may bring along; the rest belongs to the host (labels, measurements, other systems' ACLs). */
static bool takes_xattr(const char *name)
{
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0;
}

/* Both follow /proc's link of a descriptor, but no link of the context: lgetxattr and llistxattr look at the last name. */
static ssize_t list_xattrs(const struct builder_item *item, const char *path, char *bytes, size_t size)
{
        return item->fd >= 0 ? listxattr(path, bytes, size) : llistxattr(path, bytes, size);
}

static int one_xattr(const struct builder_item *item, const char *path, const char *name, builder_xattr_function *each,
                     void *context, struct error *err)
{
        CLEANUP_BUFFER struct buffer value = BUFFER_INIT;
        char *room = buffer_reserve(&value, XATTR_SIZE_MAX);
        ssize_t n = item->fd >= 0 ? getxattr(path, name, room, XATTR_SIZE_MAX) : lgetxattr(path, name, room, XATTR_SIZE_MAX);

        if (n < 0)
                return error_errno(err, errno, "cannot read the extended attribute %s", name);
        return each(context, name, value.data, (size_t)n, err);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those of an item that has some. The room is large, so it is not taken for the many files that have none. */
static int visit_xattrs(struct context *c, const struct builder_item *item, const char *path, builder_xattr_function *each,
                        void *context, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_FREE char *bytes = memory_alloc(XATTR_LIST_MAX);
        ssize_t n = list_xattrs(item, path, bytes, XATTR_LIST_MAX);

        if (n < 0)
                return error_errno(err, errno, "cannot list the extended attributes of %s/%s", c->directory, item->path);
        for (ssize_t at = 0; at < n; at += (ssize_t)strlen(bytes + at) + 1)
                if (takes_xattr(bytes + at))
                        strv_add(&names, bytes + at);
        if (names.count > 1)
                qsort(names.items, names.count, sizeof(*names.items), compare_names);
        for (size_t i = 0; i < names.count; i++)
                if (one_xattr(item, path, names.items[i], each, context, err) < 0)
                        return error_wrap(err, "%s/%s", c->directory, item->path);
        return 0;
}

int builder_context_each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                               void *context, struct error *err)
{
        struct context *c = builder_context_of(s);
        char path[PROC_PATH_SIZE];
        ssize_t n;

        /* Linux allows neither user.* nor capabilities on a link (xattr(7)) */
        if (S_ISLNK(item->attr.mode) || (item->known && item->file.plain))
                return 0;
        proc_path(item, path);
        n = list_xattrs(item, path, NULL, 0);
        if (n < 0 && errno != ENOTSUP && errno != EACCES)
                return error_errno(err, errno, "cannot list the extended attributes of %s/%s", c->directory, item->path);
        return n > 0 ? visit_xattrs(c, item, path, each, context, err) : 0;
}

/* --- bytes ------------------------------------------------------------------------- */

/* A FIFO in the place of the file does not block, a terminal does not become ours. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int open_file(struct context *c, const struct builder_item *item, int *ret_fd, struct stat *ret_st,
                     struct error *err)
{
        CLEANUP_FD int fd = -1;
        char path[PROC_PATH_SIZE];

        proc_path(item, path);
        fd = item->fd >= 0 ? open(path, OPEN_FLAGS) : openat(item->parent, base_name(item), OPEN_FLAGS | O_NOFOLLOW);
        if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
                return changed(c, item, err);
        if (fd < 0 || fstat(fd, ret_st) < 0)
                return error_errno(err, errno, "cannot read %s/%s", c->directory, item->path);
        if (!S_ISREG(ret_st->st_mode) || ret_st->st_dev != item->device || ret_st->st_ino != item->attr.ino)
                return changed(c, item, err);
        *ret_fd = fd_steal(&fd);
        return 0;
}

int builder_context_open_file(struct builder_source *s, const struct builder_item *item, int *ret_fd, struct error *err)
{
        struct stat st;

        return open_file(builder_context_of(s), item, ret_fd, &st, err);
}

static bool looks_same(const struct stat *a, const struct stat *b)
{
        return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
               a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
               a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Tells the cache of a file that was read whole, if nothing moved meanwhile. */
static void remember(struct context *c, int fd, const struct stat *before, const struct timespec *begun,
                     struct builder_known_file *known)
{
        struct stat after;

        known->plain = flistxattr(fd, NULL, 0) == 0;
        if (c->cache && fstat(fd, &after) == 0 && looks_same(before, &after))
                builder_digest_cache_add(c->cache, &after, begun, known);
}

/* The digest of `size` bytes. A small file is in `chunk` afterwards: it has room for BUILDER_AHEAD_MAX, or all of it. */
static int hash_bytes(struct context *c, const struct builder_item *item, int fd, char *chunk, uint64_t size,
                      struct sha256_digest *ret, struct error *err)
{
        struct sha256 hash;
        uint64_t done = 0;

        sha256_init(&hash);
        while (done < size) {
                char *to = size <= BUILDER_AHEAD_MAX ? chunk + done : chunk;
                ssize_t n = read(fd, to, size <= BUILDER_AHEAD_MAX ? (size_t)(size - done) : CHUNK);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s/%s", c->directory, item->path);
                if (n == 0)
                        return changed(c, item, err);
                sha256_update(&hash, to, (size_t)n);
                done += (uint64_t)n;
        }
        sha256_final(&hash, ret);
        return 0;
}

int builder_context_hash(struct context *c, const struct builder_item *item, struct builder_known_file *ret,
                         struct error *err)
{
        CLEANUP_FREE char *chunk = NULL;
        CLEANUP_FD int fd = -1;
        struct timespec begun;
        struct stat st;
        uint64_t size;

        clock_gettime(CLOCK_REALTIME, &begun);
        if (open_file(c, item, &fd, &st, err) < 0)
                return -1;
        size = (uint64_t)st.st_size;
        chunk = memory_alloc(size <= BUILDER_AHEAD_MAX ? (size_t)size : CHUNK);
        if (hash_bytes(c, item, fd, chunk, size, &ret->digest, err) < 0)
                return -1;
        remember(c, fd, &st, &begun, ret);
        if (c->ahead && size <= BUILDER_AHEAD_MAX)
                builder_context_ahead_add(c->ahead, &ret->digest, chunk, size);
        return 0;
}

int builder_context_digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret,
                           struct error *err)
{
        struct context *c = builder_context_of(s);
        struct builder_known_file known;

        if (!item->known && builder_context_hash(c, item, &known, err) < 0)
                return -1;
        *ret = item->known ? item->file.digest : known.digest;
        /* what is known and listed is remembered with its directory */
        if (c->seen && !(item->known && item->listed))
                builder_context_seen_set_digest(c->seen, item->path, ret);
        return 0;
}

static void observe(void *context, const void *bytes, size_t count)
{
        sha256_update(context, bytes, count);
}

bool builder_context_keyed_digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret)
{
        const struct context *c = builder_context_of(s);
        const struct sha256_digest *found = NULL;

        if (item->listed && item->known)
                found = &item->file.digest;
        else if (c->seen)
                found = builder_context_seen_digest(c->seen, item->path);
        if (found)
                *ret = *found;
        return found != NULL;
}

/* Exactly what the file has now: asking for more would reserve room that must be given back. */
static int append_file(struct context *c, const struct builder_item *item, int fd, uint64_t size,
                       const struct overlay_ref *file, struct sha256 *hash, struct error *err)
{
        uint64_t copied;

        if (overlay_node_append_fd(file, fd, size, hash ? observe : NULL, hash, &copied, err) < 0)
                return error_wrap(err, "cannot copy %s/%s", c->directory, item->path);
        return copied == size ? 0 : changed(c, item, err);
}

/* The bytes that the key was made of may be in the store, or laid ahead: then the file is not even opened. */
static int share(struct context *c, const struct builder_item *item, const struct overlay_ref *file, bool *ret_done,
                 struct error *err)
{
        struct sha256_digest digest;

        *ret_done = false;
        if (!builder_context_keyed_digest(&c->base, item, &digest))
                return 0;
        if (c->bodies && builder_body_table_share(c->bodies, &digest, item->attr.size, file, ret_done, err) < 0)
                return -1;
        if (*ret_done || !c->ahead)
                return 0;
        return builder_context_ahead_share(c->ahead, &digest, item->attr.size, file, ret_done, err);
}

/*
 * Copies the bytes; what lands in the layer is what the step's key was made of.
 * They are hashed on the way, unless the cache knows the file: then it is enough that
 * the file looks the same when they have been copied.
 */
static int copy_bytes(struct context *c, const struct builder_item *item, const struct overlay_ref *file, struct error *err)
{
        struct sha256_digest expected, actual;
        bool keyed = builder_context_keyed_digest(&c->base, item, &expected);
        CLEANUP_FD int fd = -1;
        struct builder_known_file known;
        struct stat before, after;
        struct sha256 hash;

        if (open_file(c, item, &fd, &before, err) < 0)
                return -1;
        if (keyed && c->cache && builder_digest_cache_find(c->cache, &before, &known)) {
                if (!sha256_equal(&expected, &known.digest))
                        return changed(c, item, err);
                if (append_file(c, item, fd, (uint64_t)before.st_size, file, NULL, err) < 0)
                        return -1;
                if (fstat(fd, &after) < 0)
                        return error_errno(err, errno, "cannot look at %s/%s", c->directory, item->path);
                return looks_same(&before, &after) ? 0 : changed(c, item, err);
        }
        sha256_init(&hash);
        if (append_file(c, item, fd, (uint64_t)before.st_size, file, &hash, err) < 0)
                return -1;
        sha256_final(&hash, &actual);
        return keyed && !sha256_equal(&expected, &actual) ? changed(c, item, err) : 0;
}

int builder_context_fill(struct context *c, const struct builder_item *item, const struct overlay_ref *file,
                         const struct timespec *mtime, struct error *err)
{
        const struct overlay_change change = { .set = OVERLAY_SET_MTIME, .mtime = *mtime };

        if (copy_bytes(c, item, file, err) < 0 || overlay_node_set(file, &change, err) < 0)
                return -1;
        return builder_item_copy_xattrs(&c->base, item, file, err);
}

int builder_context_place(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                          const char *name, const struct overlay_graft *graft, struct overlay_ref *ret,
                          struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;
        const struct timespec *mtime = graft->mtime ? graft->mtime : &item->attr.mtime;
        struct overlay_make make = { .mode = item->attr.mode, .rdev = item->attr.rdev, .mtime = mtime };
        bool done = false;

        if (graft->mode != (mode_t)-1)
                make.mode = (item->attr.mode & S_IFMT) | graft->mode;
        if (graft->owner) {
                make.uid = graft->owner->uid;
                make.gid = graft->owner->gid;
        }
        if (S_ISLNK(make.mode) && builder_context_read_link(s, item, &target, err) < 0)
                return -1;
        make.target = buffer_text(&target);
        if (overlay_node_make(dir, name, &make, ret, err) < 0 ||
            (S_ISREG(make.mode) && share(builder_context_of(s), item, ret, &done, err) < 0))
                return -1;
        if (!S_ISREG(make.mode) || done)
                return builder_item_copy_xattrs(s, item, ret, err);
        if (!item->batch)
                return builder_context_fill(builder_context_of(s), item, ret, mtime, err);
        builder_context_fill_later(item, ret, mtime);
        return 0;
}
