/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of every request that is served, as a table, and the check of a message against it. */
#include "overlay/session_request.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/fuse.h>

#include "common/memory.h"
#include "overlay/session_init.h"

struct shape {
        bool served;
        uint8_t names;     /* strings behind the argument */
        uint16_t argument; /* bytes of the fixed argument */
};

static const struct shape shapes[] = {
        [FUSE_LOOKUP] = {true, 1, 0},
        [FUSE_FORGET] = {true, 0, sizeof(struct fuse_forget_in)},
        [FUSE_GETATTR] = {true, 0, sizeof(struct fuse_getattr_in)},
        [FUSE_SETATTR] = {true, 0, sizeof(struct fuse_setattr_in)},
        [FUSE_READLINK] = {true, 0, 0},
        [FUSE_SYMLINK] = {true, 2, 0},
        [FUSE_MKNOD] = {true, 1, sizeof(struct fuse_mknod_in)},
        [FUSE_MKDIR] = {true, 1, sizeof(struct fuse_mkdir_in)},
        [FUSE_UNLINK] = {true, 1, 0},
        [FUSE_RMDIR] = {true, 1, 0},
        [FUSE_RENAME] = {true, 2, sizeof(struct fuse_rename_in)},
        [FUSE_LINK] = {true, 1, sizeof(struct fuse_link_in)},
        [FUSE_OPEN] = {true, 0, sizeof(struct fuse_open_in)},
        [FUSE_READ] = {true, 0, sizeof(struct fuse_read_in)},
        [FUSE_WRITE] = {true, 0, sizeof(struct fuse_write_in)},
        [FUSE_STATFS] = {true, 0, 0},
        [FUSE_RELEASE] = {true, 0, sizeof(struct fuse_release_in)},
        [FUSE_SETXATTR] = {true, 1, 0}, /* in two forms */
        [FUSE_GETXATTR] = {true, 1, sizeof(struct fuse_getxattr_in)},
        [FUSE_LISTXATTR] = {true, 0, sizeof(struct fuse_getxattr_in)},
        [FUSE_REMOVEXATTR] = {true, 1, 0},
        [FUSE_OPENDIR] = {true, 0, sizeof(struct fuse_open_in)},
        [FUSE_READDIR] = {true, 0, sizeof(struct fuse_read_in)},
        [FUSE_RELEASEDIR] = {true, 0, sizeof(struct fuse_release_in)},
        [FUSE_BATCH_FORGET] = {true, 0, sizeof(struct fuse_batch_forget_in)},
        [FUSE_FALLOCATE] = {true, 0, sizeof(struct fuse_fallocate_in)},
        [FUSE_READDIRPLUS] = {true, 0, sizeof(struct fuse_read_in)},
        [FUSE_RENAME2] = {true, 2, sizeof(struct fuse_rename2_in)},
        [FUSE_LSEEK] = {true, 0, sizeof(struct fuse_lseek_in)},
        [FUSE_COPY_FILE_RANGE] = {true, 0, sizeof(struct fuse_copy_file_range_in)},
        [FUSE_TMPFILE] = {true, 1, sizeof(struct fuse_create_in)},
};

/* Does what follows argument and names, `rest` bytes, have the size the argument says? */
static int check_payload(uint32_t opcode, const char *argument, size_t rest)
{
        if (opcode == FUSE_WRITE) {
                struct fuse_write_in in;

                memcpy(&in, argument, sizeof in);
                return in.size == rest && in.offset <= INT64_MAX && in.size <= INT64_MAX - in.offset ? 0 : EINVAL;
        }
        if (opcode == FUSE_SETXATTR) {
                uint32_t length; /* the first field, in either form */

                memcpy(&length, argument, sizeof length);
                return length == rest ? 0 : EINVAL;
        }
        if (opcode == FUSE_BATCH_FORGET) {
                struct fuse_batch_forget_in in;

                memcpy(&in, argument, sizeof in);
                return in.count <= rest / sizeof(struct fuse_forget_one) ? 0 : EINVAL;
        }
        if (opcode == FUSE_READ || opcode == FUSE_READDIR || opcode == FUSE_READDIRPLUS) {
                struct fuse_read_in in;

                memcpy(&in, argument, sizeof in);
                return in.size <= OVERLAY_SESSION_MAX_WRITE ? 0 : EINVAL;
        }
        return 0;
}

int overlay_session_request_check(const void *message, size_t size, size_t setxattr_size)
{
        struct fuse_in_header header;
        const char *argument, *next;
        const struct shape *shape;
        size_t fixed, rest;
        int i;

        if (size < sizeof header)
                return EPROTO;
        memcpy(&header, message, sizeof header);
        if (header.len != size || header.unique == 0)
                return EPROTO;
        if (header.opcode >= ARRAY_SIZE(shapes) || !shapes[header.opcode].served)
                return ENOSYS;
        shape = &shapes[header.opcode];
        argument = (const char *)message + sizeof header;
        rest = size - sizeof header;
        fixed = header.opcode == FUSE_SETXATTR ? setxattr_size : shape->argument;
        if (rest < fixed)
                return EINVAL;
        next = argument + fixed;
        rest -= fixed;
        for (i = 0; i < shape->names; i++) {
                size_t length = strnlen(next, rest);

                if (length == rest || length == 0 || length >= PATH_MAX)
                        return EINVAL;
                next += length + 1;
                rest -= length + 1;
        }
        return check_payload(header.opcode, argument, rest);
}
