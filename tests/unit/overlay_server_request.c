/* SPDX-License-Identifier: Apache-2.0 */
/* Messages taken apart without a kernel: what is accepted as a request, and what INIT settles. */
#include <errno.h>
#include <stddef.h>

#include <linux/fuse.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "overlay/session_init.h"
#include "overlay/session_request.h"
#include "tests/unit/check.h"

static size_t setxattr_size = sizeof(struct fuse_setxattr_in);

/* A message with header.len right. */
static int check(uint32_t opcode, const void *body, size_t size)
{
        CLEANUP_BUFFER struct buffer message = BUFFER_INIT;
        struct fuse_in_header header = {
                .len = (uint32_t)(sizeof header + size), .opcode = opcode, .unique = 2, .nodeid = 1};
        CLEANUP_FREE char *exact = NULL;

        buffer_append(&message, &header, sizeof header);
        buffer_append(&message, body, size);
        /* in a block of exactly that size, so that sanitizers see a read beyond it */
        exact = memory_dup(message.data, message.size);
        return overlay_session_request_check(exact, message.size, setxattr_size);
}

static void test_names(void)
{
        static const struct {
                uint32_t opcode;
                const char *bytes;
                size_t size;
                int expected;
        } table[] = {
                {FUSE_LOOKUP, "name", 5, 0},
                {FUSE_LOOKUP, "name", 4, EINVAL},
                {FUSE_LOOKUP, "", 0, EINVAL},
                {FUSE_LOOKUP, "", 1, EINVAL},
                {FUSE_SYMLINK, "name\0target", 12, 0},
                {FUSE_SYMLINK, "name\0target", 11, EINVAL},
                {FUSE_SYMLINK, "name\0", 5, EINVAL},
                {FUSE_RENAME, "dddddddda\0b", 12, 0},
                {FUSE_RENAME, "dddddddda\0b", 11, EINVAL},
                {FUSE_RENAME, "ddddddd", 7, EINVAL},
                {FUSE_RENAME2,
                 "ddddddddffffpppp"
                 "a\0b",
                 20, 0},
                {FUSE_MKDIR, "mmmmuuuudir", 12, 0},
                {FUSE_MKDIR, "mmmmuuu", 7, EINVAL},
                {FUSE_STATFS, "", 0, 0},
                {FUSE_READLINK, "", 0, 0},
        };
        CLEANUP_FREE char *longest = memory_zalloc(1, 4097);
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++) {
                int r = check(table[i].opcode, table[i].bytes, table[i].size);

                if (r != table[i].expected)
                        printf("# row %zu\n", i);
                CHECK_INT(r, table[i].expected);
        }
        memset(longest, 'n', 4096);
        CHECK_INT(check(FUSE_LOOKUP, longest, 4097), EINVAL);
        CHECK_INT(check(FUSE_LOOKUP, longest + 1, 4096), 0);
}

static void test_payloads(void)
{
        struct {
                struct fuse_write_in in;
                char bytes[10];
        } write = {.in = {.size = 10}};
        struct {
                struct fuse_batch_forget_in in;
                struct fuse_forget_one one[3];
        } forget = {.in = {.count = 3}};
        struct {
                struct fuse_setxattr_in in;
                char bytes[12];
        } setxattr = {.in = {.size = 5}, .bytes = "user.a\0value"};
        struct fuse_read_in read = {.size = OVERLAY_SESSION_MAX_WRITE};
        size_t write_size = offsetof(__typeof__(write), bytes) + 10,
               set_size = offsetof(__typeof__(setxattr), bytes) + 12;

        CHECK_INT(check(FUSE_WRITE, &write, write_size), 0);
        CHECK_INT(check(FUSE_WRITE, &write, write_size - 1), EINVAL);
        write.in.size = UINT32_MAX;
        CHECK_INT(check(FUSE_WRITE, &write, write_size), EINVAL);
        write.in.size = 10;
        write.in.offset = INT64_MAX - 10;
        CHECK_INT(check(FUSE_WRITE, &write, write_size), 0);
        write.in.offset = INT64_MAX - 9;
        CHECK_INT(check(FUSE_WRITE, &write, write_size), EINVAL);
        write.in.offset = UINT64_MAX;
        CHECK_INT(check(FUSE_WRITE, &write, write_size), EINVAL);

        CHECK_INT(check(FUSE_BATCH_FORGET, &forget, sizeof forget), 0);
        forget.in.count = 4;
        CHECK_INT(check(FUSE_BATCH_FORGET, &forget, sizeof forget), EINVAL);
        forget.in.count = UINT32_MAX;
        CHECK_INT(check(FUSE_BATCH_FORGET, &forget, sizeof forget), EINVAL);

        CHECK_INT(check(FUSE_SETXATTR, &setxattr, set_size), 0);
        CHECK_INT(check(FUSE_SETXATTR, &setxattr, set_size - 1), EINVAL);
        setxattr_size = FUSE_COMPAT_SETXATTR_IN_SIZE; /* Linux before 5.13 */
        CHECK_INT(check(FUSE_SETXATTR, "\5\0\0\0ffffuser.a\0value", 20), 0);
        CHECK_INT(check(FUSE_SETXATTR, "\5\0\0\0ffffuser.a\0value", 19), EINVAL);
        setxattr_size = sizeof(struct fuse_setxattr_in);
        setxattr.in.size = UINT32_MAX;
        CHECK_INT(check(FUSE_SETXATTR, &setxattr, set_size), EINVAL);

        CHECK_INT(check(FUSE_READ, &read, sizeof read), 0);
        read.size++;
        CHECK_INT(check(FUSE_READ, &read, sizeof read), EINVAL);
        CHECK_INT(check(FUSE_READDIRPLUS, &read, sizeof read), EINVAL);
}

static void test_opcodes_that_are_not_served(void)
{
        static const uint32_t table[] = {0,
                                         7,
                                         FUSE_FSYNC,
                                         FUSE_FLUSH,
                                         FUSE_INIT,
                                         FUSE_GETLK,
                                         FUSE_SETLK,
                                         FUSE_ACCESS,
                                         FUSE_CREATE,
                                         FUSE_INTERRUPT,
                                         FUSE_BMAP,
                                         FUSE_DESTROY,
                                         FUSE_IOCTL,
                                         FUSE_POLL,
                                         FUSE_NOTIFY_REPLY,
                                         FUSE_SETUPMAPPING,
                                         FUSE_SYNCFS,
                                         52,
                                         64,
                                         4096,
                                         CUSE_INIT_BSWAP_RESERVED,
                                         UINT32_MAX};
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++)
                CHECK_INT(check(table[i], "", 0), ENOSYS);
}

static void test_headers(void)
{
        struct fuse_in_header header = {.len = sizeof header, .opcode = FUSE_STATFS, .unique = 2};

        CHECK_INT(overlay_session_request_check(&header, sizeof header, setxattr_size), 0);
        CHECK_INT(overlay_session_request_check(&header, sizeof header - 1, setxattr_size), EPROTO);
        CHECK_INT(overlay_session_request_check(&header, 0, setxattr_size), EPROTO);
        header.len++;
        CHECK_INT(overlay_session_request_check(&header, sizeof header, setxattr_size), EPROTO);
        header.len--;
        header.unique = 0; /* a reply to it would be a notification */
        CHECK_INT(overlay_session_request_check(&header, sizeof header, setxattr_size), EPROTO);
}

/* --- INIT ---------------------------------------------------------------------- */

struct init_message {
        struct fuse_in_header header;
        struct fuse_init_in in;
};

static struct init_message init_message(uint32_t minor, uint32_t flags, uint32_t flags2)
{
        struct init_message m = {
                .header = {.len = sizeof m, .opcode = FUSE_INIT, .unique = 2},
                .in = {.major = 7, .minor = minor, .max_readahead = 131072, .flags = flags, .flags2 = flags2}};

        return m;
}

static void test_init_takes_what_the_table_says(void)
{
        /* everything a 6.18 kernel offers, and more */
        struct init_message m = init_message(45, 0xffffffff, 0xffffffff);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fuse_init_out out = {.max_write = 1u << 30, .flags = 0xffffffff, .flags2 = 0xffffffff};
        uint64_t offered = 0, taken = 0;

        CHECK_OK(overlay_session_init_parse(&m, sizeof m, &offered, &taken, &err));
        CHECK_INT(offered, UINT64_MAX);
        CHECK(taken & FUSE_WRITEBACK_CACHE);
        CHECK(taken & FUSE_HANDLE_KILLPRIV_V2);
        CHECK(taken & FUSE_PARALLEL_DIROPS);
        CHECK(taken & FUSE_POSIX_ACL);
        CHECK(taken & FUSE_DONT_MASK);
        CHECK(taken & FUSE_SETXATTR_EXT);
        CHECK(!(taken & FUSE_ATOMIC_O_TRUNC));
        CHECK(!(taken & FUSE_HANDLE_KILLPRIV));
        CHECK(!(taken & FUSE_AUTO_INVAL_DATA));
        CHECK(!(taken & FUSE_ASYNC_READ));
        CHECK(!(taken & FUSE_READDIRPLUS_AUTO));
        CHECK_INT(taken >> 32, 0); /* unknown flags stay off */
        overlay_session_init_amend(&out, taken);
        CHECK_INT(out.flags, taken);
        CHECK_INT(out.flags2, 0);
        CHECK_INT(out.max_write, OVERLAY_SESSION_MAX_WRITE);
        CHECK(out.max_pages > 0);
}

static void test_init_takes_only_what_is_offered(void)
{
        struct init_message m =
                init_message(31, FUSE_ASYNC_DIO | FUSE_DO_READDIRPLUS | FUSE_ATOMIC_O_TRUNC, 0xffffffff);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        uint64_t offered = 0, taken = 0;

        /* a kernel of that time sends the short message, without flags2 */
        CHECK_OK(overlay_session_init_parse(&m, sizeof m.header + 16, &offered, &taken, &err));
        CHECK_INT(offered, FUSE_ASYNC_DIO | FUSE_DO_READDIRPLUS | FUSE_ATOMIC_O_TRUNC);
        CHECK_INT(taken, FUSE_ASYNC_DIO | FUSE_DO_READDIRPLUS);
}

static void test_init_that_is_refused(void)
{
        struct init_message m = init_message(26, 0, 0);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        uint64_t offered, taken;

        CHECK_INT(overlay_session_init_parse(&m, sizeof m, &offered, &taken, &err), -1);
        CHECK_HAS(err.message, "protocol 7.26");
        error_clear(&err);
        m = init_message(45, 0, 0);
        CHECK_INT(overlay_session_init_parse(&m, sizeof m.header + 15, &offered, &taken, &err), -1);
        CHECK_HAS(err.message, "bytes");
        error_clear(&err);
        m.header.opcode = FUSE_LOOKUP;
        CHECK_INT(overlay_session_init_parse(&m, sizeof m, &offered, &taken, &err), -1);
        CHECK_HAS(err.message, "not INIT");
        error_clear(&err);
        m = init_message(45, 0, 0);
        m.in.major = 8;
        CHECK_INT(overlay_session_init_parse(&m, sizeof m, &offered, &taken, &err), -1);
        CHECK_HAS(err.message, "protocol 8.45");
}

int main(void)
{
        CHECK_RUN(test_names);
        CHECK_RUN(test_payloads);
        CHECK_RUN(test_opcodes_that_are_not_served);
        CHECK_RUN(test_headers);
        CHECK_RUN(test_init_takes_what_the_table_says);
        CHECK_RUN(test_init_takes_only_what_is_offered);
        CHECK_RUN(test_init_that_is_refused);
        return CHECK_END();
}
