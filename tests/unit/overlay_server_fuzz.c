/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw FUSE requests from a generator that plays the kernel: mostly well formed, often
 * absurd, sometimes damaged. Whatever comes, each request gets exactly one reply (a FORGET none),
 * with its number and its length right, and nothing is touched that should not
 * be (sanitizers). BRYO_FUZZ_SEED repeats a run, BRYO_FUZZ_SECONDS makes it longer than 2 s.
 */
#include <sys/socket.h>
#include <time.h>

#include <linux/fuse.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "overlay/session.h"
#include "overlay/tree_ops.h"
#include "tests/unit/overlay_server_tree.h"

/* Larger answers do not fit into one message of the socket that stands for the device. */
/* OPEN for execve (linux/fs.h): the program's bytes would be pushed to this end, where nobody takes them meanwhile. */
#define FMODE_EXEC 0x20
#define READ_MAX 65536

static uint64_t random_state;

static uint64_t rnd(void)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state;
}

static uint64_t pick_number(void)
{
        static const uint64_t table[] = {
                0,
                1,
                2,
                3,
                7,
                100,
                511,
                512,
                4095,
                4096,
                4097,
                65535,
                65536,
                1u << 20,
                UINT32_MAX,
                1ull << 32,
                INT64_MAX - 4096,
                INT64_MAX - 1,
                INT64_MAX,
                1ull << 63,
                UINT64_MAX,
        };

        return rnd() % 4 == 0 ? rnd() : table[rnd() % ARRAY_SIZE(table)];
}

static uint32_t pick_small(void)
{
        return (uint32_t)(rnd() % 8 == 0 ? pick_number() : rnd() % 5000);
}

/* Nodes that replies brought lately, the root always among them; some have gone since. */
static uint64_t known[24];

static uint64_t pick_node(void)
{
        return rnd() % 32 == 0 ? pick_number() : known[rnd() % ARRAY_SIZE(known)];
}

static void learn_node(uint32_t opcode, const char *payload)
{
        uint64_t node;

        if (opcode != FUSE_LOOKUP && opcode != FUSE_MKNOD && opcode != FUSE_MKDIR && opcode != FUSE_SYMLINK &&
            opcode != FUSE_LINK && opcode != FUSE_TMPFILE)
                return;
        memcpy(&node, payload, sizeof node); /* the first field of fuse_entry_out */
        if (node != 0)
                known[1 + rnd() % (ARRAY_SIZE(known) - 1)] = node;
}

static void add_name(struct buffer *b)
{
        static const char *const table[] = {"a",
                                            "b",
                                            "c",
                                            "d",
                                            "e",
                                            "f",
                                            ".",
                                            "..",
                                            "a/b",
                                            "user.x",
                                            "user.y",
                                            "system.posix_acl_access",
                                            "system.posix_acl_default",
                                            "security.capability"};
        char name[600];

        if (rnd() % 16 == 0) {
                size_t length = 250 + rnd() % 300;

                memset(name, 'l', length);
                name[length] = '\0';
                buffer_append(b, name, length + 1);
                return;
        }
        buffer_append_string(b, table[rnd() % ARRAY_SIZE(table)]);
        buffer_append_char(b, '\0');
}

static const uint32_t opcodes[] = {
        FUSE_LOOKUP,      FUSE_LOOKUP,      FUSE_FORGET,    FUSE_GETATTR,         FUSE_SETATTR,
        FUSE_SETATTR,     FUSE_READLINK,    FUSE_SYMLINK,   FUSE_MKNOD,           FUSE_MKNOD,
        FUSE_MKDIR,       FUSE_UNLINK,      FUSE_RMDIR,     FUSE_RENAME,          FUSE_LINK,
        FUSE_OPEN,        FUSE_READ,        FUSE_READ,      FUSE_WRITE,           FUSE_WRITE,
        FUSE_STATFS,      FUSE_RELEASE,     FUSE_FSYNC,     FUSE_SETXATTR,        FUSE_GETXATTR,
        FUSE_LISTXATTR,   FUSE_REMOVEXATTR, FUSE_FLUSH,     FUSE_OPENDIR,         FUSE_READDIR,
        FUSE_RELEASEDIR,  FUSE_CREATE,      FUSE_INTERRUPT, FUSE_BATCH_FORGET,    FUSE_FALLOCATE,
        FUSE_READDIRPLUS, FUSE_RENAME2,     FUSE_LSEEK,     FUSE_COPY_FILE_RANGE, FUSE_TMPFILE,
        FUSE_IOCTL,       FUSE_INIT,
};

static void add_setattr(struct buffer *b)
{
        struct fuse_setattr_in in = {.valid = (uint32_t)rnd() & 0xffff,
                                     .size = pick_number(),
                                     .atime = pick_number(),
                                     .mtime = pick_number(),
                                     .ctime = pick_number(),
                                     .mtimensec = (uint32_t)rnd() % 1000000000,
                                     .mode = (uint32_t)rnd() & 07777,
                                     .uid = (uint32_t)rnd(),
                                     .gid = (uint32_t)rnd()};

        buffer_append(b, &in, sizeof in);
}

static void add_mknod(struct buffer *b)
{
        static const uint32_t kinds[] = {S_IFREG, S_IFREG, S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, S_IFDIR, 0};
        struct fuse_mknod_in in = {.mode = kinds[rnd() % ARRAY_SIZE(kinds)] | ((uint32_t)rnd() & 07777),
                                   .rdev = (uint32_t)rnd(),
                                   .umask = (uint32_t)rnd() & 0777};

        buffer_append(b, &in, sizeof in);
        add_name(b);
}

static void add_write(struct buffer *b)
{
        struct fuse_write_in in = {.offset = rnd() % 2 ? pick_small() : pick_number(),
                                   .size = pick_small() % 5000,
                                   .write_flags = (uint32_t)rnd() & 7};

        buffer_append(b, &in, sizeof in);
        memset(buffer_reserve(b, in.size), 'w', in.size);
        b->size += in.size;
}

static void add_read(struct buffer *b)
{
        struct fuse_read_in in = {.offset = rnd() % 2 ? pick_small() : pick_number(), .size = pick_small()};

        buffer_append(b, &in, sizeof in);
}

static void add_setxattr(struct buffer *b)
{
        struct fuse_setxattr_in in = {
                .size = pick_small() % 200, .flags = (uint32_t)rnd() % 4, .setxattr_flags = (uint32_t)rnd() % 2};

        buffer_append(b, &in, sizeof in);
        add_name(b);
        memset(buffer_reserve(b, in.size), rnd() % 2 ? 2 : (int)rnd(), in.size);
        b->size += in.size;
}

static void add_forgets(struct buffer *b)
{
        struct fuse_batch_forget_in in = {.count = (uint32_t)rnd() % 5};
        uint32_t i;

        buffer_append(b, &in, sizeof in);
        for (i = 0; i < in.count; i++) {
                struct fuse_forget_one one = {.nodeid = pick_node(), .nlookup = rnd() % 3};

                buffer_append(b, &one, sizeof one);
        }
}

/* Arguments of the other opcodes: numbers where numbers belong. */
static void add_numbers(struct buffer *b, size_t count)
{
        while (count-- > 0) {
                uint64_t n = rnd() % 2 ? pick_node() : pick_number();

                buffer_append(b, &n, sizeof n);
        }
}

static void add_body(struct buffer *b, uint32_t opcode)
{
        switch (opcode) {
        case FUSE_LOOKUP:
        case FUSE_UNLINK:
        case FUSE_RMDIR:
        case FUSE_REMOVEXATTR:
                add_name(b);
                break;
        case FUSE_SYMLINK:
                add_name(b);
                add_name(b);
                break;
        case FUSE_MKDIR:
        case FUSE_GETXATTR:
        case FUSE_LINK:
                add_numbers(b, 1);
                add_name(b);
                break;
        case FUSE_RENAME:
                add_numbers(b, 1);
                add_name(b);
                add_name(b);
                break;
        case FUSE_RENAME2:
                add_numbers(b, 2);
                add_name(b);
                add_name(b);
                break;
        case FUSE_CREATE:
        case FUSE_TMPFILE:
                add_numbers(b, 2);
                add_name(b);
                break;
        case FUSE_SETATTR:
                add_setattr(b);
                break;
        case FUSE_MKNOD:
                add_mknod(b);
                break;
        case FUSE_READ:
        case FUSE_READDIR:
        case FUSE_READDIRPLUS:
                add_read(b);
                break;
        case FUSE_WRITE:
                add_write(b);
                break;
        case FUSE_SETXATTR:
                add_setxattr(b);
                break;
        case FUSE_BATCH_FORGET:
                add_forgets(b);
                break;
        case FUSE_FORGET:
        case FUSE_OPEN:
        case FUSE_OPENDIR:
        case FUSE_LISTXATTR:
                add_numbers(b, 1);
                break;
        default:
                add_numbers(b, 7); /* COPY_FILE_RANGE, the longest of the others */
                break;
        }
}

/* A whole message in `b`; returns its opcode. */
static uint32_t generate(struct buffer *b, uint64_t unique)
{
        struct fuse_in_header header = {.opcode = opcodes[rnd() % ARRAY_SIZE(opcodes)],
                                        .unique = unique,
                                        .nodeid = pick_node(),
                                        .uid = (uint32_t)rnd() % 3,
                                        .gid = (uint32_t)rnd() % 3,
                                        .pid = 1};

        buffer_clear(b);
        buffer_append(b, &header, sizeof header);
        add_body(b, header.opcode);
        if (rnd() % 8 == 0 && b->size > sizeof header) { /* damage: a byte, or the end is missing */
                if (rnd() % 2)
                        b->data[sizeof header + rnd() % (b->size - sizeof header)] = (char)rnd();
                else
                        b->size = sizeof header + rnd() % (b->size - sizeof header);
        }
        if ((header.opcode == FUSE_READ || header.opcode == FUSE_READDIR || header.opcode == FUSE_READDIRPLUS) &&
            b->size >= sizeof header + sizeof(struct fuse_read_in)) {
                struct fuse_read_in in;

                memcpy(&in, b->data + sizeof header, sizeof in);
                if (in.size > READ_MAX && in.size <= 1u << 20)
                        in.size = READ_MAX;
                memcpy(b->data + sizeof header, &in, sizeof in);
        }
        if (header.opcode == FUSE_OPEN && b->size > sizeof header)
                b->data[sizeof header] &= (char)~FMODE_EXEC;
        header.len = (uint32_t)b->size;
        memcpy(b->data, &header, sizeof header);
        return header.opcode;
}

/* Sends one request and looks at what comes back. False when that is wrong. */
static bool exchange(struct overlay_session *session, int kernel, const struct buffer *b, uint32_t opcode,
                     uint64_t unique, unsigned *errors)
{
        static char reply[READ_MAX + 4096];
        struct fuse_out_header out = {0};
        bool silent = opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET;
        bool received;
        ssize_t n;

        if (send(kernel, b->data, b->size, 0) != (ssize_t)b->size)
                return false;
        if (overlay_session_receive(session, &received) != 0 || !received || overlay_session_handle(session) != 0)
                return false;
        overlay_session_ensure_thread(session); /* as the loop does for LSEEK */
        n = recv(kernel, reply, sizeof reply, MSG_DONTWAIT);
        if (opcode ==
            FUSE_LSEEK) { /* from another thread: perhaps a notification, which has no number, then the reply */
                do {
                        if (n < 0)
                                n = recv(kernel, reply, sizeof reply, 0);
                        memcpy(&out, reply, sizeof out);
                } while (out.unique == 0 && (n = -1));
        }
        if (silent)
                return n < 0 && errno == EAGAIN;
        if (n < (ssize_t)sizeof out)
                return false;
        memcpy(&out, reply, sizeof out);
        if (out.len != n || out.unique != unique || out.error > 0 || out.error < -4095 ||
            (out.error != 0 && n != sizeof out))
                return false;
        if (out.error < 0 && -out.error < 200)
                errors[-out.error]++;
        if (out.error == 0 && n > (ssize_t)sizeof out + 8)
                learn_node(opcode, reply + sizeof out);
        return recv(kernel, reply, sizeof reply, MSG_DONTWAIT) < 0; /* only one */
}

static void send_init(int kernel)
{
        struct {
                struct fuse_in_header header;
                struct fuse_init_in in;
        } message = {.header = {.len = sizeof message, .opcode = FUSE_INIT, .unique = 2},
                     .in = {.major = 7, .minor = 45, .max_readahead = 131072, .flags = UINT32_MAX}};

        CHECK_INT(send(kernel, &message, sizeof message, 0), sizeof message);
}

static double now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* One tree, some thousand requests. */
static bool run_once(uint64_t seed, unsigned count, unsigned *errors)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        struct overlay_session *session = NULL;
        struct server_tree st = {0};
        int pair[2], room = 4 << 20;
        char reply[256];
        uint64_t unique = 4;
        bool good = true;
        size_t i;

        server_tree_make(&st);
        CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        send_init(pair[0]);
        CHECK(overlay_ops_attach(st.tree));
        CHECK_OK(overlay_session_open(st.tree, pair[1], &session, &err));
        if (session == NULL)
                return false;
        CHECK(recv(pair[0], reply, sizeof reply, 0) > 0);
        random_state = seed;
        for (i = 0; i < ARRAY_SIZE(known); i++)
                known[i] = 1;
        while (good && count-- > 0) {
                uint32_t opcode = generate(&b, unique);

                good = exchange(session, pair[0], &b, opcode, unique, errors);
                if (!good)
                        printf("# seed %llu: request %llu, opcode %u, %zu bytes: no, more than one, or a wrong reply\n",
                               (unsigned long long)seed, (unsigned long long)(unique / 2 - 2), opcode, b.size);
                unique += 2;
        }
        overlay_session_close(session);
        overlay_ops_detach(st.tree);
        close(pair[0]);
        server_tree_drop(&st);
        return good;
}

static void test_requests_from_a_generator(void)
{
        const char *seed_text = getenv("BRYO_FUZZ_SEED"), *seconds = getenv("BRYO_FUZZ_SECONDS");
        uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : 20261121, first = seed;
        double end = now() + (seconds ? atof(seconds) : 2);
        unsigned errors[200] = {0};
        int i;

        do
                CHECK(run_once(seed, 4000, errors));
        while (seed_text == NULL && check_failures_ == 0 && seed++ < UINT64_MAX && now() < end);
        printf("# seeds %llu to %llu; errors:", (unsigned long long)first, (unsigned long long)seed);
        for (i = 0; i < 200; i++)
                if (errors[i] > 0)
                        printf(" %s=%u", strerrorname_np(i), errors[i]);
        printf("\n");
}

int main(void)
{
        CHECK_RUN(test_requests_from_a_generator);
        return CHECK_END();
}
