/* SPDX-License-Identifier: Apache-2.0 */
/* FIFOs, sockets, inotify, and what statfs says. */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

/* --- FIFOs --- */

static void fifo_below(void)
{
        CHECK_ERROR(mkfifo("lower", 0600), 0);
        CHECK_ERROR(mkfifo("renamed", 0640), 0);
}

static void talk_through_fifo(const char *path)
{
        char text[16] = "";
        int fd;

        CHECK_ERROR(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC), ENXIO);
        if (fork() == 0) {
                fd = probe_open(path, O_WRONLY, 0);
                _exit(write(fd, "hello", 5) == 5 ? 0 : 1);
        }
        fd = probe_open(path, O_RDONLY, 0);
        CHECK_INT(read(fd, text, sizeof text), 5);
        CHECK_STR(text, "hello");
        CHECK_INT(read(fd, text, sizeof text), 0);
        CHECK_ERROR(lseek(fd, 0, SEEK_SET), ESPIPE);
        CHECK_ERROR(close(fd), 0);
        CHECK(wait(NULL) > 0);
}

static void fifo_live(void)
{
        CHECK_ERROR(mkfifo("upper", 0600), 0);
        CHECK_ERROR(rename("renamed", "moved"), 0);
        CHECK_ERROR(truncate("upper", 0), EINVAL);
}

static void fifo_verify(void)
{
        talk_through_fifo("lower");
        talk_through_fifo("upper");
        talk_through_fifo("moved");
        CHECK_INT(probe_stat("moved").st_mode, S_IFIFO | 0640);
        CHECK_INT(probe_stat("upper").st_size, 0);
}

/* --- sockets: they last as long as the RUN; no layer has them (doc/layer.md), and a step is what its layer is --- */

static struct sockaddr_un address_of(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        return address;
}

static int try_connect(const char *path)
{
        struct sockaddr_un address = address_of(path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

        rc = connect(fd, (const struct sockaddr *)&address, sizeof address);
        if (rc < 0) {
                int error = errno;

                close(fd);
                errno = error;
                return -1;
        }
        return fd;
}

static void socket_live(void)
{
        struct sockaddr_un address = address_of("socket");
        int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client, peer;
        char text[16] = "";

        CHECK_ERROR(bind(server, (const struct sockaddr *)&address, sizeof address), 0);
        CHECK_ERROR(
                bind(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (const struct sockaddr *)&address, sizeof address),
                EADDRINUSE);
        CHECK_ERROR(listen(server, 1), 0);
        CHECK_ERROR(chmod("socket", 0600), 0);
        client = try_connect("socket");
        CHECK(client >= 0);
        peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
        CHECK_INT(write(client, "hello", 5), 5);
        CHECK_INT(read(peer, text, sizeof text), 5);
        CHECK_STR(text, "hello");
        CHECK_ERROR(rename("socket", "renamed"), 0);
        CHECK_ERROR(close(try_connect("renamed")), 0);
        CHECK_ERROR(open("renamed", O_RDWR | O_CLOEXEC), ENXIO);
        CHECK_ERROR(close(server), 0);
}

static void socket_verify(void)
{
        if (probe_phase() != PROBE_LIVE) {
                CHECK_STR(probe_list("."), "");
                return;
        }
        CHECK_INT(probe_stat("renamed").st_mode, S_IFSOCK | 0600);
        CHECK_ERROR(try_connect("renamed"), ECONNREFUSED);
}

/* --- inotify --- */

static void inotify_below(void)
{
        probe_put("lower", "");
        probe_mkdir("dir");
}

static void expect_event(int fd, uint32_t mask, const char *name)
{
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        union {
                struct inotify_event event;
                char bytes[sizeof(struct inotify_event) + 256];
        } buffer;

        /* one at a time: the room is for one with a name */
        if (poll(&poll_fd, 1, 5000) != 1 || read(fd, &buffer, sizeof(struct inotify_event) + 16) <= 0) {
                CHECK_STR("no event", name);
                return;
        }
        CHECK_INT(buffer.event.mask & IN_ALL_EVENTS, mask);
        CHECK_STR(buffer.event.len > 0 ? buffer.event.name : "", name);
}

static void inotify_live(void)
{
        const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB;
        int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        CHECK(inotify_add_watch(fd, "dir", mask) >= 0);
        CHECK_ERROR(mknod("dir/new", S_IFREG | 0600, 0), 0);
        expect_event(fd, IN_CREATE, "new");
        probe_append("dir/new", "x");
        expect_event(fd, IN_MODIFY, "new");
        CHECK_ERROR(chmod("dir/new", 0644), 0);
        expect_event(fd, IN_ATTRIB, "new");
        CHECK_ERROR(rename("lower", "dir/came"), 0);
        expect_event(fd, IN_MOVED_TO, "came");
        CHECK_ERROR(rename("dir/came", "went"), 0);
        expect_event(fd, IN_MOVED_FROM, "came");
        CHECK_ERROR(unlink("dir/new"), 0);
        expect_event(fd, IN_DELETE, "new");
        CHECK_ERROR(close(fd), 0);
}

/* --- statfs: of the disk that the store is on (the test that runs this compares) --- */

static void statfs_live(void)
{
        struct statvfs vfs = {0}, after = {0};
        struct statfs fs = {0};
        int fd;

        CHECK_ERROR(statvfs(".", &vfs), 0);
        CHECK_ERROR(statfs("/", &fs), 0);
        CHECK_INT(fs.f_type, 0x65735546); /* FUSE_SUPER_MAGIC */
        CHECK_INT(vfs.f_namemax, 255);
        CHECK(vfs.f_blocks > 0 && vfs.f_bfree <= vfs.f_blocks && vfs.f_bavail <= vfs.f_bfree);
        CHECK_INT(fs.f_blocks * (unsigned long)fs.f_frsize, vfs.f_blocks * vfs.f_frsize);
        fd = probe_open("f", O_RDONLY | O_CREAT, 0600);
        CHECK_ERROR(fstatvfs(fd, &after), 0);
        CHECK_INT(after.f_blocks * after.f_frsize, vfs.f_blocks * vfs.f_frsize);
        CHECK_ERROR(close(fd), 0);
}

static const struct probe probes[] = {
        {"fifos", fifo_below, NULL, fifo_live, fifo_verify},
        {"sockets", NULL, NULL, socket_live, socket_verify},
        {"inotify", inotify_below, NULL, inotify_live, NULL},
        {"statfs", NULL, NULL, statfs_live, NULL},
};
PROBE_TOPIC(probe_special, "special", probes);
