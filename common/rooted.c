/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path below a directory: by the kernel, which has a system call for it, or,
 * where that is missing or forbidden, by a walk that means the same.
 *
 * The walk takes one component at a time. `path` holds the real
 * names so far and `fd` the directory they lead to; `..` walks there again from
 * the root, which is rare and needs no stack of descriptors.
 */
#include "common/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"

/* As the kernel's own limit of links in one look-up (path_resolution(7)). */
#define MAX_LINKS 40

struct walk {
        int root;
        int fd;             /* O_PATH of the current place; owned */
        struct buffer path; /* real names, joined by '/' */
        char *pending;      /* what is still to walk; owned */
        int links;
};

static int open_component(int dir, const char *name)
{
        return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens walk->path again from the root, without following anything. */
static int reopen(struct walk *w)
{
        CLEANUP_FD int fd = openat(w->root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        CLEANUP_FREE char *names = memory_strdup(buffer_text(&w->path));
        char *save = NULL;

        if (fd < 0)
                return -1;
        for (char *name = strtok_r(names, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
                int next = open_component(fd, name);

                if (next < 0)
                        return -1;
                fd_close(fd);
                fd = next;
        }
        fd_close(w->fd);
        w->fd = fd_steal(&fd);
        return 0;
}

static int go_up(struct walk *w)
{
        char *slash = w->path.size ? strrchr(w->path.data, '/') : NULL;

        w->path.size = slash ? (size_t)(slash - w->path.data) : 0;
        if (w->path.data)
                w->path.data[w->path.size] = '\0';
        return reopen(w);
}

static int follow_link(struct walk *w, int link_fd, const char *rest)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);
        char *joined;

        if (n < 0)
                return -1;
        target[n] = '\0';
        if (++w->links > MAX_LINKS) {
                errno = ELOOP;
                return -1;
        }
        if (target[0] == '/') {
                buffer_clear(&w->path);
                if (reopen(w) < 0)
                        return -1;
        }
        joined = memory_printf("%s/%s", target, rest);
        free(w->pending);
        w->pending = joined;
        return 0;
}

static int go_down(struct walk *w, const char *name, const char *rest, unsigned flags)
{
        CLEANUP_FD int next = open_component(w->fd, name);
        bool last = rest[strspn(rest, "/")] == '\0';
        struct stat st;

        if (next < 0 || fstat(next, &st) < 0)
                return -1;
        if (S_ISLNK(st.st_mode) && !(last && rest[0] == '\0' && (flags & ROOTED_NOFOLLOW)))
                return follow_link(w, next, rest);
        if (!last && !S_ISDIR(st.st_mode)) {
                errno = ENOTDIR;
                return -1;
        }
        if (w->path.size > 0)
                buffer_append_char(&w->path, '/');
        buffer_append_string(&w->path, name);
        fd_close(w->fd);
        w->fd = fd_steal(&next);
        free(w->pending);
        w->pending = memory_strdup(rest);
        return 0;
}

/* One component; returns 1 while there is more, 0 at the end, -1 with errno. `rest` is copied before `pending` goes. */
static int step(struct walk *w, unsigned flags)
{
        const char *start = w->pending + strspn(w->pending, "/");
        size_t length = strcspn(start, "/");
        CLEANUP_FREE char *name = memory_strndup(start, length);
        CLEANUP_FREE char *rest = memory_strdup(start + length);
        int result = 0;

        if (length == 0)
                return 0;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
                if (name[1] == '.')
                        result = go_up(w);
                free(w->pending);
                w->pending = STEAL(rest);
        } else {
                result = go_down(w, name, rest, flags);
        }
        return result < 0 ? -1 : 1;
}

static int walk(int root_fd, const char *path, unsigned flags, struct rooted *ret)
{
        struct walk w = {root_fd, -1, BUFFER_INIT, memory_strdup(path), 0};
        int more = reopen(&w) < 0 ? -1 : 1;
        int saved;

        while (more > 0)
                more = step(&w, flags);
        saved = errno;
        free(w.pending);
        if (more < 0) {
                fd_close(w.fd);
                buffer_free(&w.path);
                errno = saved;
                return -1;
        }
        ret->fd = w.fd;
        ret->path = buffer_steal(&w.path);
        return 0;
}

/* --- by the kernel ---------------------------------------------------------------- */

/* Where a descriptor leads, as the kernel says; false when it does not, or not surely: a removed file has no name. */
static bool find_path(int fd, char ret[PATH_MAX])
{
        static const char removed[] = " (deleted)";
        char proc[40];
        ssize_t n;

        (void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
        n = readlink(proc, ret, PATH_MAX);
        if (n <= 0 || n >= PATH_MAX || ret[0] != '/')
                return false;
        ret[n] = '\0';
        return (size_t)n < sizeof(removed) || strcmp(ret + n - sizeof(removed) + 1, removed) != 0;
}

/* The part of `path` below `root`; NULL when it is not below it. */
static const char *below(const char *root, const char *path)
{
        size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

        if (strncmp(root, path, n) != 0 || (path[n] != '/' && path[n] != '\0'))
                return NULL;
        return path + n + strspn(path + n, "/");
}

/*
 * 1 when it is found, -1 with errno when it is surely not there, 0 when the walk has to say: openat2(2) is missing or
 * forbidden (containers of older engines), gave up because of renames, or the real name cannot be had without /proc.
 */
static int open_in_root(int root_fd, const char *path, unsigned flags, struct rooted *ret)
{
        struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        char root[PATH_MAX], found[PATH_MAX];
        CLEANUP_FD int fd = -1;
        const char *name;

        if (flags & ROOTED_NOFOLLOW)
                how.flags |= O_NOFOLLOW;
        fd = (int)syscall(SYS_openat2, root_fd, path[0] ? path : ".", &how, sizeof(how));
        if (fd < 0)
                return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES ? -1 : 0;
        if (!find_path(root_fd, root) || !find_path(fd, found) || !(name = below(root, found)))
                return 0;
        ret->path = memory_strdup(name);
        ret->fd = fd_steal(&fd);
        return 1;
}

int rooted_resolve(int root_fd, const char *path, unsigned flags, struct rooted *ret, struct error *err)
{
        int result = open_in_root(root_fd, path, flags, ret);

        if (result == 0)
                result = walk(root_fd, path, flags, ret);
        return result < 0 ? error_errno(err, errno, "cannot open %s", path) : 0;
}

void rooted_free(struct rooted *r)
{
        r->fd = fd_close(r->fd);
        free(r->path);
        r->path = NULL;
}
