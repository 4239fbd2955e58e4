/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a path below a directory one component at a time. `path` holds the real
 * names so far and `fd` the directory they lead to; `..` walks there again from
 * the root, which is rare and needs no stack of descriptors.
 */
#include "common/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"

/* As the kernel's own limit of links in one look-up (path_resolution(7)). */
#define MAX_LINKS 40

struct walk {
        int root;
        int fd;            /* O_PATH of the current place; owned */
        struct buffer path; /* real names, joined by '/' */
        char *pending;     /* what is still to walk; owned */
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

int rooted_resolve(int root_fd, const char *path, unsigned flags, struct rooted *ret, struct error *err)
{
        struct walk w = { root_fd, -1, BUFFER_INIT, memory_strdup(path), 0 };
        int more = reopen(&w) < 0 ? -1 : 1;
        int saved;

        while (more > 0)
                more = step(&w, flags);
        saved = errno;
        free(w.pending);
        if (more < 0) {
                fd_close(w.fd);
                buffer_free(&w.path);
                return error_errno(err, saved, "cannot open %s", path);
        }
        ret->fd = w.fd;
        ret->path = buffer_steal(&w.path);
        return 0;
}

void rooted_free(struct rooted *r)
{
        r->fd = fd_close(r->fd);
        free(r->path);
        r->path = NULL;
}
