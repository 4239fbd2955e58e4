/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded, versioned messages between a process and a child of it. */
#include "oci/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

#define HEAD_SIZE  4u
#define FIELD_HEAD 5u
#define FDS_MAX    4u

void oci_frame_begin(struct buffer *b, unsigned type)
{
        const char head[HEAD_SIZE] = {'B', 'F', OCI_FRAME_VERSION, (char)type};

        buffer_append(b, head, sizeof(head));
}

void oci_frame_bytes(struct buffer *b, unsigned tag, const void *bytes, size_t size)
{
        buffer_append_char(b, (char)tag);
        for (unsigned i = 0; i < 4; i++)
                buffer_append_char(b, (char)(size >> (8 * i)));
        buffer_append(b, bytes, size);
}

void oci_frame_text(struct buffer *b, unsigned tag, const char *text)
{
        oci_frame_bytes(b, tag, text, strlen(text));
}

void oci_frame_number(struct buffer *b, unsigned tag, uint64_t number)
{
        char bytes[8];

        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(number >> (8 * i));
        oci_frame_bytes(b, tag, bytes, sizeof(bytes));
}

static uint64_t read_number(const char *bytes, size_t size)
{
        uint64_t number = 0;

        for (size_t i = size; i-- > 0;)
                number = number << 8 | (unsigned char)bytes[i];
        return number;
}

bool oci_frame_next(const struct buffer *b, size_t *at, struct oci_frame_field *ret)
{
        size_t size;

        if (*at == 0)
                *at = HEAD_SIZE;
        if (b->size - *at < FIELD_HEAD)
                return false;
        size = (size_t)read_number(b->data + *at + 1, 4);
        if (size > b->size - *at - FIELD_HEAD)
                return false;
        *ret = (struct oci_frame_field){
                .tag = (unsigned char)b->data[*at], .bytes = b->data + *at + FIELD_HEAD, .size = size};
        if (size == 8)
                ret->number = read_number(ret->bytes, 8);
        *at += FIELD_HEAD + size;
        return true;
}

int oci_frame_check(const struct buffer *b, unsigned tag_max, unsigned *ret_type, struct error *err)
{
        struct oci_frame_field field;
        size_t at = 0;

        if (b->size < HEAD_SIZE || b->data[0] != 'B' || b->data[1] != 'F')
                return error_set(err, EPROTO, "a message of a child process is no frame");
        if (b->data[2] != OCI_FRAME_VERSION)
                return error_set(err, EPROTO, "a message of a child process has version %d instead of %d", b->data[2],
                                 OCI_FRAME_VERSION);
        while (oci_frame_next(b, &at, &field))
                if (field.tag == 0 || field.tag >= tag_max)
                        return error_set(err, EPROTO, "a message of a child process has a bad field");
        if (at != b->size && b->size != HEAD_SIZE)
                return error_set(err, EPROTO, "a message of a child process is cut off");
        *ret_type = (unsigned char)b->data[3];
        return 0;
}

int oci_frame_send(int socket, const struct buffer *b, const int *fds, size_t count, struct error *err)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
        } control;
        struct iovec io = {.iov_base = b->data, .iov_len = b->size};
        struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
        struct cmsghdr *c;
        ssize_t n;

        if (b->size > OCI_FRAME_MAX || count > FDS_MAX)
                return error_set(err, EMSGSIZE, "a message to a child process would have %zu bytes: the limit is %u",
                                 b->size, OCI_FRAME_MAX);
        memset(&control, 0, sizeof(control));
        if (count > 0) {
                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(count * sizeof(int));
                c = CMSG_FIRSTHDR(&message);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(count * sizeof(int));
                memcpy(CMSG_DATA(c), fds, count * sizeof(int));
        }
        do
                n = sendmsg(socket, &message, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return error_errno(err, errno, "cannot send a message of a child process");
        return 0;
}

static void take_descriptors(struct msghdr *message, int *fds, size_t max)
{
        size_t taken = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (taken < max)
                                fds[taken++] = fd;
                        else
                                (void)fd_close(fd);
                }
        }
}

int oci_frame_receive(int socket, bool nowait, struct buffer *b, int *fds, size_t max, struct error *err)
{
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
        } control;
        struct iovec io = {.iov_base = buffer_reserve(b, OCI_FRAME_MAX + 1), .iov_len = OCI_FRAME_MAX};
        struct msghdr message = {
                .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
        ssize_t n;

        for (size_t i = 0; i < max; i++)
                fds[i] = -1;
        do
                n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (nowait ? MSG_DONTWAIT : 0));
        while (n < 0 && errno == EINTR);
        if (n < 0 && errno == ECONNRESET)
                n = 0;
        if (n < 0)
                return error_errno(err, errno, "cannot receive a message of a child process");
        take_descriptors(&message, fds, max);
        b->size = (size_t)n;
        if (n > 0)
                b->data[n] = '\0';
        if (message.msg_flags & MSG_TRUNC) {
                for (size_t i = 0; i < max; i++)
                        fds[i] = fd_close(fds[i]);
                return error_set(err, EPROTO, "a message of a child process is larger than %u bytes", OCI_FRAME_MAX);
        }
        return 0;
}

/* --- errors ------------------------------------------------------------------- */

void oci_frame_failure(struct buffer *b, unsigned code_tag, unsigned message_tag, const struct error *failure)
{
        CLEANUP_FREE char *message = memory_strndup(failure->message, OCI_FRAME_TEXT_MAX);

        oci_frame_number(b, code_tag, (uint64_t)failure->code);
        oci_frame_text(b, message_tag, message);
}

int oci_frame_take_failure(const struct buffer *b, unsigned code_tag, unsigned message_tag, const char *what,
                           struct error *err)
{
        CLEANUP_FREE char *message = NULL;
        struct oci_frame_field field;
        int code = EIO;
        size_t at = 0;

        while (oci_frame_next(b, &at, &field)) {
                if (field.tag == code_tag && field.number > 0 && field.number < 4096)
                        code = (int)field.number;
                else if (field.tag == message_tag && !message)
                        message = memory_strndup(field.bytes, field.size);
        }
        if (!message)
                return error_set(err, code, "%s failed without a word", what);
        return error_set(err, code, "%s", message);
}
