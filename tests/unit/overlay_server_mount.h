/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_OVERLAY_SERVER_MOUNT_H
#define BRYO_TESTS_UNIT_OVERLAY_SERVER_MOUNT_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "overlay/server.h"
#include "overlay/tree.h"
#include "tests/unit/check.h"
#include "tests/unit/plain_fork.h"

/*
 * A mount for tests, made as the sandbox makes it: a forked client makes a user
 * and a mount namespace, mounts FUSE on a directory, and hands the descriptor
 * up; the test serves it. Then `body` runs in the client with the mount as
 * its working directory, and what it returns (0 is good; CHECKs in it
 * count by themselves) comes back through the exit status.
 */
struct mount_client {
        pid_t pid;
        int socket;  /* to the client */
        int fuse_fd; /* to be served */
};

/* A step of the set-up failed in a way that means "not possible here": exit status of the client. */
#define MOUNT_IMPOSSIBLE 77

__attribute__((unused, noreturn, format(printf, 2, 3))) static void mount_die(int status, const char *format, ...)
{
        int error = errno;
        va_list args;

        printf("# client: ");
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        printf(": %s\n", strerror(error));
        fflush(stdout);
        _exit(status);
}

__attribute__((unused)) static void mount_write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
                mount_die(MOUNT_IMPOSSIBLE, "%s", path);
        close(fd);
}

__attribute__((unused)) static void mount_send_fd(int socket, int fd)
{
        char byte = 'f';
        struct iovec iov = {.iov_base = &byte, .iov_len = 1};
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control = {.bytes = {0}};
        struct msghdr msg = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
        if (sendmsg(socket, &msg, MSG_NOSIGNAL) != 1)
                mount_die(1, "sendmsg");
}

/* -1 when the other side ended without sending one. */
__attribute__((unused)) static int mount_receive_fd(int socket)
{
        char byte;
        struct iovec iov = {.iov_base = &byte, .iov_len = 1};
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr align;
        } control;
        struct msghdr msg = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        struct cmsghdr *cmsg;
        int fd;

        if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
                return -1;
        cmsg = CMSG_FIRSTHDR(&msg);
        if (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)
                return -1;
        memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
        return fd;
}

/* In the client: namespaces, mount, descriptor up; returns when the server said go. */
__attribute__((unused)) static void mount_setup_client(int socket, const char *where, uid_t outer_uid, gid_t outer_gid)
{
        char text[200], byte;
        int fd;

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                mount_die(MOUNT_IMPOSSIBLE, "unshare(CLONE_NEWUSER | CLONE_NEWNS)");
        if (outer_uid == 0) {
                /* many ids, which only root may map without newuidmap: asked of the parent */
                if (write(socket, "m", 1) != 1 || read(socket, &byte, 1) != 1)
                        mount_die(MOUNT_IMPOSSIBLE, "id maps");
        } else {
                mount_write_file("/proc/self/setgroups", "deny");
                snprintf(text, sizeof text, "0 %u 1", (unsigned)outer_uid);
                mount_write_file("/proc/self/uid_map", text);
                snprintf(text, sizeof text, "0 %u 1", (unsigned)outer_gid);
                mount_write_file("/proc/self/gid_map", text);
                if (write(socket, "n", 1) != 1)
                        mount_die(1, "socket");
        }
        if (setgid(0) < 0 || setuid(0) < 0)
                mount_die(1, "setuid");
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                mount_die(MOUNT_IMPOSSIBLE, "making mounts private");
        fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        if (fd < 0)
                mount_die(MOUNT_IMPOSSIBLE, "/dev/fuse");
        snprintf(text, sizeof text, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd);
        if (mount("bryo", where, "fuse", MS_NODEV, text) < 0)
                mount_die(MOUNT_IMPOSSIBLE, "mounting FUSE on %s", where);
        mount_send_fd(socket, fd);
        close(fd);
        if (read(socket, &byte, 1) != 1)
                _exit(1);
        if (chdir(where) < 0)
                mount_die(1, "chdir %s", where);
}

/* The parent's part of the id maps of a client of root: ids 0 to 65535, the first of them root itself. */
__attribute__((unused)) static void mount_map_ids(pid_t pid)
{
        char path[64];

        snprintf(path, sizeof path, "/proc/%d/uid_map", (int)pid);
        mount_write_file(path, "0 0 1\n1 300001 65535");
        snprintf(path, sizeof path, "/proc/%d/gid_map", (int)pid);
        mount_write_file(path, "0 0 1\n1 300001 65535");
}

/* Exits the whole test with 77 when mounts are not possible here. `body` NULL: the client waits to be killed. */
__attribute__((unused)) static struct mount_client mount_start(const char *where, int (*body)(void *context),
                                                               void *context)
{
        struct mount_client client = {.pid = -1};
        uid_t uid = geteuid();
        gid_t gid = getegid();
        int pair[2], status;
        char byte;

        fflush(stdout);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                abort();
        client.pid = plain_fork();
        if (client.pid < 0)
                abort();
        if (client.pid == 0) {
                int result;

                close(pair[0]);
                mount_setup_client(pair[1], where, uid, gid);
                check_failures_ = 0;
                result = body(context);
                fflush(stdout);
                _exit(result != 0 || check_failures_ != 0);
        }
        close(pair[1]);
        client.socket = pair[0];
        if (read(client.socket, &byte, 1) == 1 && byte == 'm') {
                mount_map_ids(client.pid);
                if (write(client.socket, "m", 1) != 1)
                        abort();
        }
        client.fuse_fd = mount_receive_fd(client.socket);
        if (client.fuse_fd < 0) {
                waitpid(client.pid, &status, 0);
                if (WIFEXITED(status) && WEXITSTATUS(status) == MOUNT_IMPOSSIBLE)
                        CHECK_SKIP("no FUSE mount inside a user namespace here (see the line above)");
                abort();
        }
        return client;
}

/* The mount is served: let `body` run. */
__attribute__((unused)) static void mount_go(struct mount_client *client)
{
        if (write(client->socket, "g", 1) != 1)
                abort();
}

/* The client's exit status: 0 is good, 256 + n for a signal. */
__attribute__((unused)) static int mount_finish(struct mount_client *client)
{
        int status;

        if (waitpid(client->pid, &status, 0) < 0)
                abort();
        close(client->socket);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* All of it: mounts, serves `tree` with `opts`, runs `body`, waits. `counters` may be NULL. */
__attribute__((unused)) static void mount_run(struct overlay_tree *tree, const char *where,
                                              const struct overlay_server_options *opts, int (*body)(void *context),
                                              void *context, struct overlay_server_counters *counters)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct mount_client client = mount_start(where, body, context);

        CHECK_OK(overlay_server_start(tree, client.fuse_fd, opts, &server, &err));
        if (server == NULL) {
                close(client.socket);
                return;
        }
        mount_go(&client);
        CHECK_OK(overlay_server_wait(server, &err));
        CHECK_INT(mount_finish(&client), 0);
        if (counters != NULL)
                overlay_server_get_counters(server, counters);
}

#endif
