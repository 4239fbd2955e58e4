/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over a real socketpair: what was packed comes out, and what is no frame is refused. */
#include "sandbox/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/unit/check.h"

static int pair[2];

static void open_pair(void)
{
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                abort();
}

static void close_pair(void)
{
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static int count_fds(void)
{
        int count = 0;

        for (int fd = 0; fd < 256; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

static void test_round_trip(void)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        struct sandbox_unpack unpack;
        int fds[2] = {open("/dev/null", O_RDONLY), open("/dev/zero", O_RDONLY)};

        open_pair();
        sandbox_pack_u32(&pack, 0);
        sandbox_pack_u32(&pack, UINT32_MAX);
        sandbox_pack_string(&pack, "");
        sandbox_pack_string(&pack, "moss");
        CHECK_INT(sandbox_frame_send(pair[0], SANDBOX_FRAME_RUN, &pack, fds, 2), 0);
        CHECK_INT(sandbox_frame_receive(pair[1], &frame), 1);
        CHECK_INT(frame.type, SANDBOX_FRAME_RUN);
        CHECK_INT(frame.fd_count, 2);
        CHECK_INT(fcntl(frame.fds[0], F_GETFD), FD_CLOEXEC);
        CHECK_INT(fcntl(frame.fds[1], F_GETFD), FD_CLOEXEC);
        sandbox_unpack_start(&unpack, &frame);
        CHECK_INT(sandbox_unpack_u32(&unpack), 0);
        CHECK_INT(sandbox_unpack_u32(&unpack), UINT32_MAX);
        CHECK_STR(sandbox_unpack_string(&unpack), "");
        CHECK(!sandbox_unpack_is_complete(&unpack));
        CHECK_STR(sandbox_unpack_string(&unpack), "moss");
        CHECK(sandbox_unpack_is_complete(&unpack));
        CHECK_INT(sandbox_unpack_u32(&unpack), 0);
        CHECK(!sandbox_unpack_is_complete(&unpack));
        sandbox_frame_clear(&frame);
        sandbox_pack_clear(&pack);
        (void)close(pair[0]);
        CHECK_INT(sandbox_frame_receive(pair[1], &frame), 0);
        (void)close(pair[1]);
        (void)close(fds[0]);
        (void)close(fds[1]);
}

struct raw {
        const char *name;
        struct sandbox_frame_header header;
        size_t sent; /* bytes of payload really sent */
        int fds;     /* descriptors really sent */
        bool cut;    /* only half of the header */
};

static void send_raw(const struct raw *raw)
{
        static char payload[64];
        char control[CMSG_SPACE(8 * sizeof(int))] = {0};
        struct iovec iov = {(void *)&raw->header, raw->cut ? sizeof(raw->header) / 2 : sizeof(raw->header)};
        struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

        if (raw->fds > 0) {
                struct cmsghdr *cmsg = (struct cmsghdr *)(void *)control;

                msg.msg_control = control;
                msg.msg_controllen = CMSG_SPACE((size_t)raw->fds * sizeof(int));
                cmsg->cmsg_level = SOL_SOCKET;
                cmsg->cmsg_type = SCM_RIGHTS;
                cmsg->cmsg_len = CMSG_LEN((size_t)raw->fds * sizeof(int));
                for (int i = 0; i < raw->fds; i++)
                        memcpy(CMSG_DATA(cmsg) + (size_t)i * sizeof(int), &(int){1}, sizeof(int));
        }
        CHECK_INT(sendmsg(pair[0], &msg, 0), iov.iov_len);
        if (raw->sent > 0)
                CHECK_INT(write(pair[0], payload, raw->sent), raw->sent);
}

static void test_malformed(void)
{
        static const struct raw cases[] = {
                {"magic", {1, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, 0}, 0, 0, false},
                {"version", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION + 1, SANDBOX_FRAME_RUN, 0, 0}, 0, 0, false},
                {"type 0", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, 0, 0, 0}, 0, 0, false},
                {"type", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_FAILED + 1, 0, 0}, 0, 0, false},
                {"size",
                 {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, SANDBOX_FRAME_MAX + 1, 0},
                 16,
                 0,
                 false},
                {"short", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 32, 0}, 16, 0, false},
                {"no payload", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 32, 0}, 0, 0, false},
                {"cut", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, 0}, 0, 0, true},
                {"fds promised", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, 1}, 0, 0, false},
                {"fds smuggled", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, 0}, 0, 2, false},
                {"many fds", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, 3}, 0, 8, false},
                {"fds", {SANDBOX_FRAME_MAGIC, SANDBOX_FRAME_VERSION, SANDBOX_FRAME_RUN, 0, UINT32_MAX}, 0, 3, false},
        };
        int before = count_fds();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct sandbox_frame frame = SANDBOX_FRAME_INIT;
                int got;

                open_pair();
                send_raw(&cases[i]);
                (void)shutdown(pair[0], SHUT_WR);
                errno = 0;
                got = sandbox_frame_receive(pair[1], &frame);
                if (got != -1 || errno != EPROTO)
                        printf("# %s: %d, %s\n", cases[i].name, got, strerror(errno));
                CHECK(got == -1 && errno == EPROTO);
                sandbox_frame_clear(&frame);
                close_pair();
                CHECK_INT(count_fds(), before);
        }
}

static void test_unpack_malformed(void)
{
        static const struct {
                const char *bytes;
                size_t size;
        } cases[] = {
                {"", 0},
                {"\1\0\0", 3},
                {"\4\0\0\0moss", 8},         /* no NUL */
                {"\5\0\0\0moss", 9},         /* NUL too early */
                {"\3\0\0\0moss", 9},         /* NUL too late */
                {"\377\377\377\377moss", 9}, /* longer than what is there */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct sandbox_frame frame = SANDBOX_FRAME_INIT;
                struct sandbox_unpack unpack;

                frame.payload = memory_dup(
                        cases[i].bytes, cases[i].size); /* of exactly that size: a sanitizer sees every byte beyond */
                frame.size = cases[i].size;
                sandbox_unpack_start(&unpack, &frame);
                CHECK_STR(sandbox_unpack_string(&unpack), "");
                CHECK(!sandbox_unpack_is_complete(&unpack));
                CHECK_INT(sandbox_unpack_u32(&unpack), 0);
                CHECK_STR(sandbox_unpack_string(&unpack), "");
                sandbox_frame_clear(&frame);
        }
}

static void *send_large(void *pack)
{
        CHECK_INT(sandbox_frame_send(pair[0], SANDBOX_FRAME_RUN, pack, (int[]){1}, 1), 0);
        return NULL;
}

/* Larger than any socket buffer: sent and received in parts. */
static void test_large(void)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        struct sandbox_unpack unpack;
        char *text = memory_printf("%07000000d", 7);
        pthread_t thread;

        open_pair();
        sandbox_pack_string(&pack, text);
        CHECK_INT(pthread_create(&thread, NULL, send_large, &pack), 0);
        CHECK_INT(sandbox_frame_receive(pair[1], &frame), 1);
        CHECK_INT(pthread_join(thread, NULL), 0);
        sandbox_unpack_start(&unpack, &frame);
        CHECK(strcmp(sandbox_unpack_string(&unpack), text) == 0);
        CHECK_INT(frame.fd_count, 1);
        sandbox_frame_clear(&frame);
        /* over the limit: refused by the sender */
        sandbox_pack_string(&pack, text);
        errno = 0;
        CHECK_INT(sandbox_frame_send(pair[0], SANDBOX_FRAME_RUN, &pack, NULL, 0), -1);
        CHECK_INT(errno, E2BIG);
        sandbox_pack_clear(&pack);
        free(text);
        close_pair();
}

static void test_reports(void)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        char *text = memory_printf("%05000d", 1);
        const struct sandbox_report sent = {SANDBOX_STEP_EXEC, ENOENT, text, NULL};
        struct sandbox_report got;

        open_pair();
        CHECK_INT(sandbox_report_send(pair[0], SANDBOX_FRAME_FAILED, &sent), 0);
        CHECK_INT(sandbox_frame_receive(pair[1], &frame), 1);
        CHECK_INT(sandbox_report_unpack(&frame, &got), 0);
        CHECK_INT(got.step, SANDBOX_STEP_EXEC);
        CHECK_INT(got.code, ENOENT);
        CHECK_INT(strlen(got.object), SANDBOX_REPORT_MAX);
        CHECK_STR(got.detail, "");
        sandbox_frame_clear(&frame);
        for (uint32_t step = 0; step < 2; step++) {
                struct sandbox_pack pack = SANDBOX_PACK_INIT;

                sandbox_pack_u32(&pack, step ? SANDBOX_STEP_MAX : 0);
                sandbox_pack_u32(&pack, ENOENT);
                sandbox_pack_string(&pack, "");
                sandbox_pack_string(&pack, "");
                CHECK_INT(sandbox_frame_send(pair[0], SANDBOX_FRAME_FAILED, &pack, NULL, 0), 0);
                CHECK_INT(sandbox_frame_receive(pair[1], &frame), 1);
                CHECK_INT(sandbox_report_unpack(&frame, &got), -1);
                sandbox_frame_clear(&frame);
                sandbox_pack_clear(&pack);
        }
        close_pair();
        free(text);
}

int main(void)
{
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_malformed);
        CHECK_RUN(test_unpack_malformed);
        CHECK_RUN(test_large);
        CHECK_RUN(test_reports);
        return CHECK_END();
}
