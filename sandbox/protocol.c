/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames between the processes of a sandbox, both directions. The receiving
 * side trusts nothing it has not checked: a RUN's command cannot reach these
 * sockets, but a bug on one side must not become a write past a buffer on the
 * other.
 */
#include "sandbox/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sends what is left of header and payload; descriptors ride on the first byte. */
static int send_vector(int socket, struct iovec *iov, const int *fds, size_t fd_count)
{
        union {
                char bytes[CMSG_SPACE(SANDBOX_FRAME_FDS * sizeof(int))];
                struct cmsghdr align;
        } control;
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

        if (fd_count > 0) {
                struct cmsghdr *cmsg;

                memset(&control, 0, sizeof(control));
                msg.msg_control = control.bytes;
                msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
                cmsg = CMSG_FIRSTHDR(&msg);
                cmsg->cmsg_level = SOL_SOCKET;
                cmsg->cmsg_type = SCM_RIGHTS;
                cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
                memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
        }
        while (msg.msg_iovlen > 0) {
                ssize_t n = sendmsg(socket, &msg, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                msg.msg_control = NULL;
                msg.msg_controllen = 0;
                while (msg.msg_iovlen > 0 && (size_t)n >= msg.msg_iov->iov_len) {
                        n -= (ssize_t)msg.msg_iov->iov_len;
                        msg.msg_iov++;
                        msg.msg_iovlen--;
                }
                if (msg.msg_iovlen > 0) {
                        msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
                        msg.msg_iov->iov_len -= (size_t)n;
                }
        }
        return 0;
}

int sandbox_frame_send(int socket, enum sandbox_frame_type type, const struct sandbox_pack *pack, const int *fds,
                       size_t fd_count)
{
        struct sandbox_frame_header header = {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, (uint16_t)type, 0,
                                              (uint32_t)fd_count};
        struct iovec iov[2] = {{&header, sizeof(header)}, {NULL, 0}};

        if (fd_count > SANDBOX_FRAME_FDS) {
                errno = EINVAL;
                return -1;
        }
        if (pack != NULL && pack->failed) {
                errno = pack->failed;
                return -1;
        }
        if (pack != NULL) {
                header.size = (uint32_t)pack->size;
                iov[1] = (struct iovec){pack->data, pack->size};
        }
        return send_vector(socket, iov, fds, fd_count);
}

/* Takes the descriptors of a message into the frame; those that do not fit are closed. Returns false if any was lost.
 */
static bool take_fds(struct msghdr *msg, struct sandbox_frame *ret)
{
        bool complete = !(msg->msg_flags & MSG_CTRUNC);

        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
                size_t count;

                if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
                        continue;
                count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
                        if (ret->fd_count < SANDBOX_FRAME_FDS) {
                                ret->fds[ret->fd_count++] = fd;
                        } else {
                                (void)close(fd);
                                complete = false;
                        }
                }
        }
        return complete;
}

/* Reads `size` bytes; 1, 0 at end of file before the first of them, -1. */
static int receive_bytes(int socket, void *bytes, size_t size, struct sandbox_frame *ret)
{
        size_t done = 0;

        while (done < size) {
                union {
                        char bytes[CMSG_SPACE(SANDBOX_FRAME_FDS * sizeof(int))];
                        struct cmsghdr align;
                } control;
                struct iovec iov = {(char *)bytes + done, size - done};
                struct msghdr msg = {.msg_iov = &iov,
                                     .msg_iovlen = 1,
                                     .msg_control = control.bytes,
                                     .msg_controllen = sizeof(control.bytes)};
                /* close-on-exec at once: another thread of the builder may be between here and an exec */
                ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == ECONNRESET && done == 0)
                        return 0; /* the peer died with our words unread: the same as end of file */
                if (n < 0)
                        return -1;
                if (n == 0 && done == 0)
                        return 0;
                if (n == 0 || !take_fds(&msg, ret)) {
                        errno = EPROTO;
                        return -1;
                }
                done += (size_t)n;
        }
        return 1;
}

int sandbox_frame_receive(int socket, struct sandbox_frame *ret)
{
        struct sandbox_frame_header header;
        int got = receive_bytes(socket, &header, sizeof(header), ret);

        if (got <= 0)
                return got;
        if (header.magic != SANDBOX_FRAME_MAGIC || header.version != SANDBOX_FRAME_VERSION ||
            header.type < SANDBOX_FRAME_CONFIG || header.type > SANDBOX_FRAME_FAILED ||
            header.size > SANDBOX_FRAME_MAX || header.fds != ret->fd_count)
                goto malformed;
        ret->type = (enum sandbox_frame_type)header.type;
        ret->size = header.size;
        if (header.size == 0)
                return 1;
        ret->payload = malloc(header.size);
        if (ret->payload == NULL)
                return -1;
        got = receive_bytes(socket, ret->payload, header.size, ret);
        if (got < 0)
                return -1;
        if (got == 0 || ret->fd_count != header.fds)
                goto malformed;
        return 1;
malformed:
        errno = EPROTO;
        return -1;
}

void sandbox_frame_clear(struct sandbox_frame *frame)
{
        int saved = errno;

        free(frame->payload);
        for (size_t i = 0; i < SANDBOX_FRAME_FDS; i++)
                if (frame->fds[i] >= 0)
                        (void)close(frame->fds[i]);
        *frame = (struct sandbox_frame)SANDBOX_FRAME_INIT;
        errno = saved;
}

static void pack_raw(struct sandbox_pack *pack, const void *bytes, size_t size)
{
        if (pack->failed || size == 0)
                return;
        if (size > SANDBOX_FRAME_MAX - pack->size) {
                pack->failed = E2BIG;
                return;
        }
        if (pack->size + size > pack->cap) {
                size_t cap = pack->cap ? pack->cap : 512;
                char *grown;

                while (cap < pack->size + size)
                        cap *= 2;
                grown = realloc(pack->data, cap);
                if (grown == NULL) {
                        pack->failed = ENOMEM;
                        return;
                }
                pack->data = grown;
                pack->cap = cap;
        }
        memcpy(pack->data + pack->size, bytes, size);
        pack->size += size;
}

void sandbox_pack_u32(struct sandbox_pack *pack, uint32_t value)
{
        pack_raw(pack, &value, sizeof(value));
}

void sandbox_pack_string(struct sandbox_pack *pack, const char *s)
{
        size_t length = strlen(s);

        if (length >= SANDBOX_FRAME_MAX) {
                pack->failed = pack->failed ? pack->failed : E2BIG;
                return;
        }
        sandbox_pack_u32(pack, (uint32_t)length);
        pack_raw(pack, s, length + 1);
}

void sandbox_pack_u64(struct sandbox_pack *pack, uint64_t value)
{
        pack_raw(pack, &value, sizeof(value));
}

void sandbox_pack_bytes(struct sandbox_pack *pack, const void *bytes, size_t size)
{
        if (size >= SANDBOX_FRAME_MAX) {
                pack->failed = pack->failed ? pack->failed : E2BIG;
                return;
        }
        sandbox_pack_u32(pack, (uint32_t)size);
        pack_raw(pack, bytes, size);
}

void sandbox_pack_clear(struct sandbox_pack *pack)
{
        free(pack->data);
        *pack = (struct sandbox_pack)SANDBOX_PACK_INIT;
}

void sandbox_unpack_start(struct sandbox_unpack *unpack, struct sandbox_frame *frame)
{
        *unpack = (struct sandbox_unpack){frame->payload, frame->size, false};
}

/* Copies a number out; leaves it as it is when it is not there. */
static void take_number(struct sandbox_unpack *unpack, void *ret, size_t size)
{
        if (unpack->failed || unpack->left < size) {
                unpack->failed = true;
                return;
        }
        memcpy(ret, unpack->data, size);
        unpack->data += size;
        unpack->left -= size;
}

uint32_t sandbox_unpack_u32(struct sandbox_unpack *unpack)
{
        uint32_t value = 0;

        take_number(unpack, &value, sizeof(value));
        return value;
}

uint64_t sandbox_unpack_u64(struct sandbox_unpack *unpack)
{
        uint64_t value = 0;

        take_number(unpack, &value, sizeof(value));
        return value;
}

const char *sandbox_unpack_string(struct sandbox_unpack *unpack)
{
        uint32_t length = sandbox_unpack_u32(unpack);
        const char *s = unpack->data;

        if (unpack->failed || length >= unpack->left || memchr(s, '\0', unpack->left) != s + length) {
                unpack->failed = true;
                return "";
        }
        unpack->data += length + 1;
        unpack->left -= length + 1;
        return s;
}

const void *sandbox_unpack_bytes(struct sandbox_unpack *unpack, size_t *ret_size)
{
        const void *bytes;

        *ret_size = sandbox_unpack_u32(unpack);
        bytes = unpack->data;
        if (unpack->failed || *ret_size > unpack->left) {
                unpack->failed = true;
                *ret_size = 0;
                return "";
        }
        unpack->data += *ret_size;
        unpack->left -= *ret_size;
        return bytes;
}

bool sandbox_unpack_is_complete(const struct sandbox_unpack *unpack)
{
        return !unpack->failed && unpack->left == 0;
}

static void pack_cut(struct sandbox_pack *pack, const char *s)
{
        char text[SANDBOX_REPORT_MAX + 1];
        size_t length = s == NULL ? 0 : strnlen(s, SANDBOX_REPORT_MAX);

        if (length > 0)
                memcpy(text, s, length);
        text[length] = '\0';
        sandbox_pack_string(pack, text);
}

int sandbox_report_send(int socket, enum sandbox_frame_type type, const struct sandbox_report *report)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        int rc;

        sandbox_pack_u32(&pack, (uint32_t)report->step);
        sandbox_pack_u32(&pack, (uint32_t)report->code);
        pack_cut(&pack, report->object);
        pack_cut(&pack, report->detail);
        rc = sandbox_frame_send(socket, type, &pack, NULL, 0);
        sandbox_pack_clear(&pack);
        return rc;
}

int sandbox_report_unpack(struct sandbox_frame *frame, struct sandbox_report *ret)
{
        struct sandbox_unpack unpack;
        uint32_t step, code;

        sandbox_unpack_start(&unpack, frame);
        step = sandbox_unpack_u32(&unpack);
        code = sandbox_unpack_u32(&unpack);
        ret->object = sandbox_unpack_string(&unpack);
        ret->detail = sandbox_unpack_string(&unpack);
        if (!sandbox_unpack_is_complete(&unpack) || step == 0 || step >= SANDBOX_STEP_MAX || code > 4095 ||
            strlen(ret->object) > SANDBOX_REPORT_MAX || strlen(ret->detail) > SANDBOX_REPORT_MAX) {
                errno = EPROTO;
                return -1;
        }
        ret->step = (enum sandbox_step)step;
        ret->code = (int)code;
        return 0;
}
