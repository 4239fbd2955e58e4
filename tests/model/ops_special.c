/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on sockets, FIFOs and what watches a directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

static int64_t with_address(const uint64_t *a, int (*call)(int, const struct sockaddr *, socklen_t))
{
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct path_text path;

        if (fd < 0)
                return -errno;
        if (strlen(arg_path(a[0], &path)) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path.text, strlen(path.text));
        return side_result(call(fd, (const struct sockaddr *)&address, sizeof(address)));
}

int64_t op_bind(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return with_address(a, bind);
}

/* ECONNREFUSED for a socket that nobody listens on, and for what is none. */
int64_t op_connect(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return with_address(a, connect);
}

/* Two descriptions of one FIFO: what goes in at one comes out at the other. */
int64_t op_fifo(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int in = -1;
        CLEANUP_FD int out = -1;
        char bytes[10];
        struct stat st;
        ssize_t n;

        (void)s;
        if (stat(arg_path(a[0], &path), &st) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode))
                return -EINVAL;
        in = open(path.text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        out = open(path.text, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (in < 0 || out < 0)
                return -errno;
        result_note(r, "wrote %lld", (long long)side_result(write(out, "through", 7)));
        n = read(in, bytes, sizeof(bytes));
        if (n > 0)
                result_bytes(r, "read", bytes, (size_t)n);
        return side_result(n);
}

/* What a watcher of a directory is told while a file is made, written, renamed and removed in it. */
int64_t op_watch(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FD int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        char from[PATH_MAX + 8], to[PATH_MAX + 8];
        struct path_text path;
        union {
                struct inotify_event event;
                char bytes[4096];
        } room;
        ssize_t n;
        int fd;

        (void)s;
        if (watch < 0 || inotify_add_watch(watch, arg_path(a[0], &path),
                                           IN_CREATE | IN_MOVE | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
                return -errno;
        snprintf(from, sizeof(from), "%s/~one", path.text);
        snprintf(to, sizeof(to), "%s/~two", path.text);
        fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        (void)!write(fd, "x", 1);
        (void)fd_close(fd);
        (void)rename(from, to);
        (void)unlink(to);
        n = read(watch, &room, sizeof(room));
        for (ssize_t at = 0; at < n;) {
                struct inotify_event event;

                memcpy(&event, room.bytes + at, sizeof(event));
                result_note(r, "%x %.10s", event.mask, room.bytes + at + sizeof(event));
                at += (ssize_t)(sizeof(event) + event.len);
        }
        return 0;
}
