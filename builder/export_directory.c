/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree into a directory of the host. The walk goes depth first, so a stack
 * of directory descriptors is all that is needed; every name is taken relative
 * to its directory's descriptor and never followed, so that no link of the
 * image or of the destination leads out. A directory's mode and time are set
 * when everything below it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/export.h"
#include "builder/export_tree.h"
#include "builder/tree_walk.h"
#include "common/fd.h"
#include "common/memory.h"

struct level {
        int fd;
        mode_t mode;
        struct timespec mtime;
};

struct copy {
        const struct builder_export_options *options;
        const char *path;     /* the destination, for messages */
        struct level *levels; /* the directories that are open: [0] the destination */
        size_t count;
        size_t cap;
        char *chunk;
};

static int fail(const struct copy *c, const struct builder_walk_entry *entry, struct error *err)
{
        return error_errno(err, errno, "cannot write %s/%s", c->path, entry->path);
}

static int set_times(int dirfd, const char *name, const struct timespec *mtime)
{
        const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, *mtime };

        return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW);
}

/* Closes the directories below `depth`, each finished with its mode and time. */
static int close_levels(struct copy *c, size_t depth, struct error *err)
{
        int result = 0;

        while (c->count > depth) {
                struct level *l = &c->levels[--c->count];
                const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, l->mtime };

                /* The destination itself is the caller's: only what lies in it is the image's. */
                if (result == 0 && c->count > 0 && (fchmod(l->fd, l->mode) < 0 || futimens(l->fd, times) < 0))
                        result = error_errno(err, errno, "cannot finish a directory of %s", c->path);
                l->fd = fd_close(l->fd);
        }
        return result;
}

static void push_level(struct copy *c, int fd, const struct overlay_attr *attr)
{
        memory_grow(&c->levels, &c->cap, c->count + 1, sizeof(*c->levels));
        c->levels[c->count++] = (struct level){ fd, attr->mode & 01777, attr->mtime };
}

static int enter_directory(struct copy *c, const struct builder_walk_entry *entry, int parent, struct error *err)
{
        int fd;

        if (mkdirat(parent, entry->name, 0700) < 0) {
                struct stat st;

                if (errno != EEXIST || fstatat(parent, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return fail(c, entry, err);
                if (!S_ISDIR(st.st_mode) && (unlinkat(parent, entry->name, 0) < 0 || mkdirat(parent, entry->name, 0700) < 0))
                        return fail(c, entry, err);
        }
        fd = openat(parent, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return fail(c, entry, err);
        push_level(c, fd, &entry->attr);
        /* Until it is finished its owner must be able to write into it. */
        return fchmod(fd, (entry->attr.mode & 01777) | 0700) < 0 ? fail(c, entry, err) : 0;
}

static int write_body(struct copy *c, const struct builder_walk_entry *entry, int fd, struct error *err)
{
        uint64_t offset = 0;
        size_t n;

        do {
                if (overlay_node_read(&entry->ref, c->chunk, BUILDER_EXPORT_CHUNK, offset, &n, err) < 0)
                        return -1;
                if (fd_write_all(fd, c->chunk, n) < 0)
                        return fail(c, entry, err);
                offset += n;
        } while (n > 0);
        return 0;
}

static int write_file(struct copy *c, const struct builder_walk_entry *entry, int parent, struct error *err)
{
        CLEANUP_FD int fd = openat(parent, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return fail(c, entry, err);
        if (write_body(c, entry, fd, err) < 0)
                return -1;
        if (fchmod(fd, entry->attr.mode & 01777) < 0 || set_times(parent, entry->name, &entry->attr.mtime) < 0 ||
            close(fd_steal(&fd)) < 0)
                return fail(c, entry, err);
        return 0;
}

static int write_symlink(struct copy *c, const struct builder_walk_entry *entry, int parent, struct error *err)
{
        CLEANUP_FREE char *target = NULL;

        if (overlay_node_readlink(&entry->ref, &target, err) < 0)
                return -1;
        if (symlinkat(target, parent, entry->name) < 0 || set_times(parent, entry->name, &entry->attr.mtime) < 0)
                return fail(c, entry, err);
        return 0;
}

/* The other name of the same inode was written before; its directories are the image's own, so no link can be met. */
static int write_link(struct copy *c, const struct builder_walk_entry *entry, int parent, struct error *err)
{
        CLEANUP_FREE char *first = memory_strdup(entry->link);
        CLEANUP_FD int dir = openat(c->levels[0].fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char *rest = first;
        char *slash;

        while (dir >= 0 && (slash = strchr(rest, '/')) != NULL) {
                int next;

                *slash = '\0';
                next = openat(dir, rest, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                (void)fd_close(dir);
                dir = next;
                rest = slash + 1;
        }
        return dir < 0 || linkat(dir, rest, parent, entry->name, 0) < 0 ? fail(c, entry, err) : 0;
}

static int write_other(struct copy *c, const struct builder_walk_entry *entry, int parent, struct error *err)
{
        if (!S_ISFIFO(entry->attr.mode)) {
                log_print(c->options->log, LOG_WARNING, "%s/%s is left out: it is a %s", c->path, entry->path,
                          S_ISSOCK(entry->attr.mode) ? "socket" : "device");
                return 0;
        }
        if (mkfifoat(parent, entry->name, entry->attr.mode & 0777) < 0 || set_times(parent, entry->name, &entry->attr.mtime) < 0)
                return fail(c, entry, err);
        return 0;
}

static int visit(void *context, const struct builder_walk_entry *entry, struct error *err)
{
        struct copy *c = context;
        int parent;

        if (entry->depth == 0)
                return 0;
        if (close_levels(c, entry->depth, err) < 0)
                return -1;
        parent = c->levels[c->count - 1].fd;
        if (S_ISDIR(entry->attr.mode))
                return enter_directory(c, entry, parent, err);
        if (unlinkat(parent, entry->name, 0) < 0 && errno != ENOENT)
                return fail(c, entry, err);
        if (entry->link && (S_ISREG(entry->attr.mode) || S_ISLNK(entry->attr.mode)))
                return write_link(c, entry, parent, err);
        if (S_ISREG(entry->attr.mode))
                return write_file(c, entry, parent, err);
        if (S_ISLNK(entry->attr.mode))
                return write_symlink(c, entry, parent, err);
        return write_other(c, entry, parent, err);
}

static int copy_tree(void *context, struct overlay_tree *tree, struct error *err)
{
        struct copy *c = context;
        CLEANUP_ERROR struct error second = ERROR_INIT;
        int result = builder_tree_walk(tree, visit, c, err);

        if (close_levels(c, 0, result < 0 ? &second : err) < 0)
                result = -1;
        return result;
}

int builder_export_directory(const struct builder_export_options *o, const char *path, struct error *err)
{
        struct copy c = { .options = o, .path = path };
        const struct overlay_attr root = { .mode = S_IFDIR | 0755 };
        int result;
        int fd;

        if (mkdir(path, 0777) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make directory %s", path);
        fd = fd_open_directory(AT_FDCWD, path);
        if (fd < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        push_level(&c, fd, &root);
        c.chunk = memory_alloc(BUILDER_EXPORT_CHUNK);
        result = builder_export_with_tree(o, copy_tree, &c, err);
        while (c.count > 0)
                (void)fd_close(c.levels[--c.count].fd); /* open only when the tree could not be */
        free(c.levels);
        free(c.chunk);
        return result;
}
