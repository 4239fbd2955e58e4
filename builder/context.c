/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context directory of the host as a source. Every file is reached component
 * by component below the directory's descriptor, never through a link that
 * leads out of it, and files belong to 0:0 whoever owns them on the host, so
 * that a laptop and a CI machine share step keys.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/source.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "common/path.h"
#include "common/rooted.h"
#include "dockerfile/ignore.h"

#define CHUNK ((size_t)1 << 18)

struct context {
        struct builder_source base; /* first: a struct builder_source * is a struct context * */
        char *directory;            /* as given, for messages; owned */
        int root;
        struct dockerfile_ignore *ignore; /* NULL: nothing is excluded */
        char *ignore_name;
        pthread_mutex_t lock; /* guards digests: stages share the context */
        struct map *digests;  /* path -> struct sha256_digest of what the step key saw */
        const struct log *log;
};

static struct context *self(struct builder_source *s)
{
        return (struct context *)(void *)s;
}

/* /proc/self/fd/N opens and names what an O_PATH descriptor refers to, whatever happened to its path since. */
static char *proc_path(const struct builder_item *item)
{
        return memory_printf("/proc/self/fd/%d", item->fd);
}

static int take_stat(struct context *c, struct builder_item *item, struct error *err)
{
        struct stat st;

        if (fstat(item->fd, &st) < 0)
                return error_errno(err, errno, "cannot look at %s/%s", c->directory, item->path);
        item->device = st.st_dev;
        item->attr = (struct overlay_attr){
                .ino = st.st_ino,
                .mode = st.st_mode,
                .nlink = (uint32_t)st.st_nlink,
                .rdev = st.st_rdev,
                .size = S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size,
                .mtime = st.st_mtim,
                .ctime = st.st_ctim,
        };
        return 0;
}

static bool is_ignored(const struct context *c, const char *path)
{
        return c->ignore && dockerfile_ignore_matches(c->ignore, path, NULL);
}

/* A directory that is itself excluded is still there when something below it is brought back by a `!` pattern. */
static bool is_left_out(const struct context *c, const char *path, mode_t mode)
{
        return is_ignored(c, path) && !(S_ISDIR(mode) && dockerfile_ignore_may_contain(c->ignore, path));
}

static int find(struct builder_source *s, const char *path, struct builder_item *ret, struct error *err)
{
        struct context *c = self(s);
        struct rooted found = ROOTED_INIT;
        CLEANUP_FREE char *clean = path_clean(path);

        if (rooted_resolve(c->root, path, 0, &found, err) < 0)
                return -1;
        ret->fd = found.fd;
        ret->path = found.path;
        if (take_stat(c, ret, err) < 0)
                return -1;
        if (is_left_out(c, ret->path, ret->attr.mode) || is_left_out(c, clean, ret->attr.mode))
                return error_set(err, ENOENT, "%s is excluded from the context", path);
        return 0;
}

static char *child_path(const struct builder_item *dir, const char *name)
{
        return dir->path[0] ? memory_printf("%s/%s", dir->path, name) : memory_strdup(name);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static mode_t kind_of(int dir_fd, const struct dirent *entry)
{
        struct stat st;

        if (entry->d_type != DT_UNKNOWN)
                return DTTOIF(entry->d_type);
        return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

static bool is_taken(struct context *c, const struct builder_item *dir, int dir_fd, const struct dirent *entry)
{
        CLEANUP_FREE char *path = NULL;
        mode_t kind;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                return false;
        path = child_path(dir, entry->d_name);
        if (!c->ignore && entry->d_type != DT_UNKNOWN && entry->d_type != DT_SOCK)
                return true;
        kind = kind_of(dir_fd, entry);
        if (is_left_out(c, path, kind))
                return false;
        if (S_ISSOCK(kind)) {
                log_print(c->log, LOG_INFO, "%s/%s is a socket: left out", c->directory, path);
                return false;
        }
        return true;
}

static int list(struct builder_source *s, const struct builder_item *dir, struct strv *ret, struct error *err)
{
        struct context *c = self(s);
        int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (stream == NULL) {
                (void)error_errno(err, errno, "cannot list %s/%s", c->directory, dir->path);
                fd_close(fd);
                return -1;
        }
        while (errno = 0, (entry = readdir(stream)))
                if (is_taken(c, dir, fd, entry))
                        strv_add(ret, entry->d_name);
        if (errno != 0)
                (void)error_errno(err, errno, "cannot list %s/%s", c->directory, dir->path);
        closedir(stream);
        if (error_is_set(err))
                return -1;
        if (ret->count > 1)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
        return 0;
}

static int child(struct builder_source *s, const struct builder_item *dir, const char *name, struct builder_item *ret,
                 struct error *err)
{
        struct context *c = self(s);

        ret->path = child_path(dir, name);
        ret->fd = openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (ret->fd < 0)
                return error_errno(err, errno, "cannot open %s/%s", c->directory, ret->path);
        return take_stat(c, ret, err);
}

static int read_link(struct builder_source *s, const struct builder_item *item, struct buffer *ret, struct error *err)
{
        char *room = buffer_reserve(ret, PATH_MAX);
        ssize_t n = readlinkat(item->fd, "", room, PATH_MAX);

        if (n < 0)
                return error_errno(err, errno, "cannot read the link %s/%s", self(s)->directory, item->path);
        ret->size += (size_t)n;
        ret->data[ret->size] = '\0';
        return 0;
}

/* What a context's file may bring along; the rest belongs to the host (labels, measurements, other systems' ACLs). */
static bool takes_xattr(const char *name)
{
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0;
}

static int one_xattr(const char *path, const char *name, builder_xattr_function *each, void *context, struct error *err)
{
        CLEANUP_BUFFER struct buffer value = BUFFER_INIT;
        ssize_t n = getxattr(path, name, buffer_reserve(&value, XATTR_SIZE_MAX), XATTR_SIZE_MAX);

        if (n < 0)
                return error_errno(err, errno, "cannot read the extended attribute %s", name);
        return each(context, name, value.data, (size_t)n, err);
}

static int each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                      void *context, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_FREE char *path = NULL;
        char bytes[XATTR_LIST_MAX];
        ssize_t n;

        if (S_ISLNK(item->attr.mode))
                return 0; /* Linux allows neither user.* nor capabilities on a link (xattr(7)) */
        path = proc_path(item);
        n = listxattr(path, bytes, sizeof(bytes));
        if (n < 0 && errno != ENOTSUP && errno != EACCES)
                return error_errno(err, errno, "cannot list the extended attributes of %s/%s", self(s)->directory,
                                   item->path);
        for (ssize_t at = 0; at < n; at += (ssize_t)strlen(bytes + at) + 1)
                if (takes_xattr(bytes + at))
                        strv_add(&names, bytes + at);
        if (names.count > 1)
                qsort(names.items, names.count, sizeof(*names.items), compare_names);
        for (size_t i = 0; i < names.count; i++)
                if (one_xattr(path, names.items[i], each, context, err) < 0)
                        return error_wrap(err, "%s/%s", self(s)->directory, item->path);
        return 0;
}

int builder_context_open_file(struct builder_source *s, const struct builder_item *item, int *ret_fd, struct error *err)
{
        CLEANUP_FREE char *path = proc_path(item);

        *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (*ret_fd < 0)
                return error_errno(err, errno, "cannot read %s/%s", self(s)->directory, item->path);
        return 0;
}

static int digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret, struct error *err)
{
        struct context *c = self(s);
        CLEANUP_FREE char *chunk = memory_alloc(CHUNK);
        CLEANUP_FD int fd = -1;
        struct sha256 hash;
        ssize_t n;

        if (builder_context_open_file(s, item, &fd, err) < 0)
                return -1;
        sha256_init(&hash);
        while ((n = read(fd, chunk, CHUNK)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s/%s", c->directory, item->path);
                sha256_update(&hash, chunk, (size_t)n);
        }
        sha256_final(&hash, ret);
        pthread_mutex_lock(&c->lock);
        map_set(c->digests, item->path, strlen(item->path), memory_dup(ret, sizeof(*ret)));
        pthread_mutex_unlock(&c->lock);
        return 0;
}

static void observe(void *context, const void *bytes, size_t count)
{
        sha256_update(context, bytes, count);
}

static bool find_digest(struct context *c, const char *path, struct sha256_digest *ret)
{
        const struct sha256_digest *found;

        pthread_mutex_lock(&c->lock);
        found = map_find(c->digests, path, strlen(path));
        if (found)
                *ret = *found;
        pthread_mutex_unlock(&c->lock);
        return found != NULL;
}

/* Copies the bytes while hashing them again: what lands in the layer is what the step's key was made of. */
static int fill(struct context *c, const struct builder_item *item, const struct overlay_ref *file, struct error *err)
{
        struct sha256_digest expected, actual;
        bool known = find_digest(c, item->path, &expected);
        CLEANUP_FD int fd = -1;
        struct sha256 hash;
        uint64_t copied;

        if (builder_context_open_file(&c->base, item, &fd, err) < 0)
                return -1;
        sha256_init(&hash);
        if (overlay_node_append_fd(file, fd, UINT64_MAX, observe, &hash, &copied, err) < 0)
                return error_wrap(err, "cannot copy %s/%s", c->directory, item->path);
        sha256_final(&hash, &actual);
        if (known && !sha256_equal(&expected, &actual))
                return error_set(err, ESTALE, "%s/%s changed while it was being copied", c->directory, item->path);
        return 0;
}

static int place(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                 const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;
        const struct timespec *mtime = graft->mtime ? graft->mtime : &item->attr.mtime;
        struct overlay_make make = { .mode = item->attr.mode, .rdev = item->attr.rdev, .mtime = mtime };
        const struct overlay_change change = { .set = OVERLAY_SET_MTIME, .mtime = *mtime };

        if (graft->mode != (mode_t)-1)
                make.mode = (item->attr.mode & S_IFMT) | graft->mode;
        if (graft->owner) {
                make.uid = graft->owner->uid;
                make.gid = graft->owner->gid;
        }
        if (S_ISLNK(make.mode) && read_link(s, item, &target, err) < 0)
                return -1;
        make.target = buffer_text(&target);
        if (overlay_node_make(dir, name, &make, ret, err) < 0)
                return -1;
        if (S_ISREG(make.mode) && (fill(self(s), item, ret, err) < 0 || overlay_node_set(ret, &change, err) < 0))
                return -1;
        return builder_item_copy_xattrs(s, item, ret, err);
}

static char *explain_missing(struct builder_source *s, const char *path)
{
        struct context *c = self(s);
        CLEANUP_FREE char *clean = path_clean(path);
        unsigned line = 0;

        if (c->ignore && dockerfile_ignore_matches(c->ignore, clean, &line))
                return memory_printf("%s excludes it in line %u", c->ignore_name, line);
        return memory_printf("it is not in the context %s", c->directory);
}

static void context_free(struct builder_source *s)
{
        struct context *c = self(s);

        dockerfile_ignore_free(c->ignore);
        map_free(c->digests);
        pthread_mutex_destroy(&c->lock);
        fd_close(c->root);
        free(c->directory);
        free(c->ignore_name);
        free(c);
}

static const struct builder_source_ops context_ops = {
        .find = find,
        .list = list,
        .child = child,
        .read_link = read_link,
        .each_xattr = each_xattr,
        .digest = digest,
        .place = place,
        .explain_missing = explain_missing,
        .free = context_free,
};

int builder_context_open(const char *directory, const struct log *log, struct builder_source **ret, struct error *err)
{
        struct context *c;
        int root = fd_open_directory(AT_FDCWD, directory);

        if (root < 0)
                return error_errno(err, errno, "cannot open the context %s", directory);
        c = memory_zalloc(1, sizeof(*c));
        c->base.ops = &context_ops;
        c->directory = memory_strdup(directory);
        c->root = root;
        c->digests = map_new(free);
        pthread_mutex_init(&c->lock, NULL);
        c->log = log;
        *ret = &c->base;
        return 0;
}

int builder_context_set_ignore(struct builder_source *s, const char *text, size_t size, const char *name,
                               struct error *err)
{
        struct context *c = self(s);

        if (dockerfile_ignore_parse(text, size, name, &c->ignore, err) < 0)
                return -1;
        c->ignore_name = memory_strdup(name);
        if (dockerfile_ignore_count(c->ignore) == 0) {
                dockerfile_ignore_free(c->ignore);
                c->ignore = NULL;
        }
        return 0;
}

int builder_context_read(struct builder_source *s, const char *path, size_t limit, struct buffer *ret, struct error *err)
{
        struct context *c = self(s);
        CLEANUP_ROOTED struct rooted found = ROOTED_INIT;
        CLEANUP_FREE char *proc = NULL;

        if (rooted_resolve(c->root, path, 0, &found, err) < 0)
                return -1;
        proc = memory_printf("/proc/self/fd/%d", found.fd);
        if (fd_read_file(AT_FDCWD, proc, limit, false, ret, err) < 0)
                return error_wrap(err, "%s/%s", c->directory, path);
        return 0;
}
