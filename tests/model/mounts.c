/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces and mounts of a run, made as the sandbox makes them. */
#include "tests/model/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"

static bool impossible(struct report *report, const char *what)
{
        report->impossible = true;
        report_fail(report, 0, "%s: %s", what, strerror(errno));
        return false;
}

bool mounts_ask(int socket, enum message message, int fd, struct report *report)
{
        enum message answer;

        if (channel_send(socket, message, fd) && channel_receive(socket, &answer, NULL) && answer == MESSAGE_OK)
                return true;
        report_fail(report, report->op, "the server is gone");
        return false;
}

static bool make_place(const char *directory, const char *name, char ret[200])
{
        int n = snprintf(ret, 200, "%s/%s", directory, name);

        if (mkdir(ret, 0755) < 0)
                return false;
        for (int i = 0; i < 3; i++) {
                n += snprintf(ret + n, (size_t)(200 - n), "/r");
                if (mkdir(ret, 0755) < 0)
                        return false;
        }
        return true;
}

bool mounts_prepare(const char *directory, int socket, struct mounts *ret, struct report *report)
{
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return impossible(report, "unshare(CLONE_NEWUSER | CLONE_NEWNS)");
        if (!mounts_ask(socket, MESSAGE_MAP, -1, report))
                return false;
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return impossible(report, "becoming root of the namespace");
        umask(022);
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return impossible(report, "making mounts private");
        if (mount("outer", directory, "tmpfs", 0, "mode=755,size=1m") < 0)
                return impossible(report, "mounting a tmpfs");
        if (!make_place(directory, "plain", ret->plain) || !make_place(directory, "union", ret->other) ||
            mount("plain", ret->plain, "tmpfs", MS_NODEV, "mode=755,size=512m") < 0 ||
            mount(NULL, directory, NULL, MS_REMOUNT | MS_RDONLY, "mode=755,size=1m") < 0)
                return impossible(report, "mounting the plain side");
        if (setxattr(ret->plain, "user.try", "", 0, 0) < 0 || removexattr(ret->plain, "user.try") < 0)
                return impossible(report, "the tmpfs of this kernel has no user.* attributes (Linux 6.6)");
        return true;
}

bool mounts_attach(const struct mounts *mounts, int socket, struct report *report)
{
        CLEANUP_FD int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        char text[120];

        if (fd < 0)
                return impossible(report, "/dev/fuse");
        snprintf(text, sizeof(text), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd);
        if (mount("bryo", mounts->other, "fuse", MS_NODEV, text) < 0)
                return impossible(report, "mounting FUSE");
        return mounts_ask(socket, MESSAGE_SERVE, fd, report);
}

bool mounts_detach(const struct mounts *mounts, struct report *report)
{
        if (umount2(mounts->other, 0) == 0)
                return true;
        report_fail(report, report->op, "cannot unmount: %s", strerror(errno));
        return false;
}
