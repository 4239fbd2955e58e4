/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the process that uses the mount and the one that serves it, and the report of both. */
#include "tests/model/channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

union control {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
};

bool channel_send(int socket, enum message message, int fd)
{
        char byte = (char)message;
        struct iovec iov = {&byte, 1};
        union control control = {.bytes = {0}};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

        if (fd >= 0) {
                struct cmsghdr *cmsg;

                msg.msg_control = control.bytes;
                msg.msg_controllen = sizeof(control.bytes);
                cmsg = CMSG_FIRSTHDR(&msg);
                cmsg->cmsg_level = SOL_SOCKET;
                cmsg->cmsg_type = SCM_RIGHTS;
                cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
                memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
        }
        return sendmsg(socket, &msg, MSG_NOSIGNAL) == 1;
}

bool channel_receive(int socket, enum message *ret, int *ret_fd)
{
        char byte;
        struct iovec iov = {&byte, 1};
        union control control;
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
        struct cmsghdr *cmsg;

        if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
                return false;
        *ret = (enum message)byte;
        cmsg = CMSG_FIRSTHDR(&msg);
        if (ret_fd) {
                *ret_fd = -1;
                if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
                        memcpy(ret_fd, CMSG_DATA(cmsg), sizeof(*ret_fd));
        }
        return true;
}

void report_fail(struct report *report, size_t op, const char *format, ...)
{
        va_list ap;

        if (report->failed)
                return;
        report->failed = true;
        report->op = op;
        va_start(ap, format);
        vsnprintf(report->text, sizeof(report->text), format, ap);
        va_end(ap);
}
