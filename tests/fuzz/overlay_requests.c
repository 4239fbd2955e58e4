/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target for the FUSE server: the bytes are what the kernel sends, so that each length, name and number of a
 * request is the fuzzer's. Each request gets exactly one reply (a FORGET none) with its number and its length right.
 *
 *     input   = request*
 *     request = opcode, node, size (2 bytes, little endian), uid, body[size]
 *
 * The header is made here, or the kernel's own check of it would be all that is fuzzed; a node is one of those that
 * replies brought, for what the kernel never got a number of it does not ask.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "overlay/session.h"
#include "overlay/tree.h"
#include "overlay/tree_ops.h"
#include "tests/fuzz/replay.h"

/* Larger answers do not fit into one message of the socket that stands for the device. */
/* OPEN for execve (linux/fs.h): the program's bytes would be pushed to this end, where nobody takes them meanwhile. */
#define FMODE_EXEC 0x20
#define READ_MAX     65536
#define REQUESTS_MAX 200
#define REQUEST_HEAD 5

struct kernel {
        int fd;
        struct overlay_session *session;
        uint64_t nodes[256]; /* what the replies brought; 0: the root */
        unsigned node_count;
        uint64_t unique;
};

static int data_file = -1; /* one for all trees: emptied for each */

static int open_source(void *context, const char *name, int *ret_fd, struct error *err)
{
        (void)context;
        (void)name;
        *ret_fd = fcntl(data_file, F_DUPFD_CLOEXEC, 3);
        return *ret_fd < 0 ? error_errno(err, errno, "cannot duplicate the data file") : 0;
}

static int create_data(void *context, int *ret_fd, char ret_name[OVERLAY_SOURCE_NAME_MAX + 1], struct error *err)
{
        strcpy(ret_name, "data");
        return open_source(context, ret_name, ret_fd, err);
}

static struct overlay_session *start(struct overlay_tree *tree, int pair[2])
{
        struct {
                struct fuse_in_header header;
                struct fuse_init_in in;
        } init = {.header = {.len = sizeof init, .opcode = FUSE_INIT, .unique = 2},
                  .in = {.major = 7, .minor = 45, .max_readahead = 131072, .flags = UINT32_MAX}};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_session *session = NULL;
        int room = 4 << 20;
        char reply[256];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                abort();
        (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        if (send(pair[0], &init, sizeof init, 0) != sizeof init || !overlay_ops_attach(tree) ||
            overlay_session_open(tree, pair[1], &session, &err) < 0 || recv(pair[0], reply, sizeof reply, 0) <= 0)
                abort();
        return session;
}

/* A whole message of what is left of the input; false at its end. */
static bool next_request(struct kernel *kernel, const uint8_t **data, size_t *size, struct buffer *ret)
{
        struct fuse_in_header header = {.unique = kernel->unique, .pid = 1};
        size_t body;

        if (*size < REQUEST_HEAD)
                return false;
        header.opcode = (*data)[0];
        header.nodeid = kernel->nodes[(*data)[1]] != 0 ? kernel->nodes[(*data)[1]] : 1;
        header.uid = header.gid = (*data)[4];
        body = (size_t)(*data)[2] | (size_t)(*data)[3] << 8;
        *data += REQUEST_HEAD;
        *size -= REQUEST_HEAD;
        if (body > *size)
                body = *size;
        header.len = (uint32_t)(sizeof header + body);
        buffer_clear(ret);
        buffer_append(ret, &header, sizeof header);
        buffer_append(ret, *data, body);
        *data += body;
        *size -= body;
        if ((header.opcode == FUSE_READ || header.opcode == FUSE_READDIR || header.opcode == FUSE_READDIRPLUS) &&
            body >= sizeof(struct fuse_read_in)) {
                struct fuse_read_in in;

                memcpy(&in, ret->data + sizeof header, sizeof in);
                if (in.size > READ_MAX)
                        in.size = READ_MAX;
                memcpy(ret->data + sizeof header, &in, sizeof in);
        }
        if (header.opcode == FUSE_OPEN && body >= sizeof(uint32_t))
                ret->data[sizeof header] &= (char)~FMODE_EXEC;
        return true;
}

/* The first number of a reply may be that of a node: later requests are about it. */
static void learn(struct kernel *kernel, const char *payload, size_t size)
{
        uint64_t node;

        if (size < sizeof node)
                return;
        memcpy(&node, payload, sizeof node);
        if (node != 0)
                kernel->nodes[++kernel->node_count % ARRAY_SIZE(kernel->nodes)] = node;
}

static void exchange(struct kernel *kernel, const struct buffer *message)
{
        static char reply[READ_MAX + 4096];
        const struct fuse_in_header *header = (const void *)message->data;
        struct fuse_out_header out = {0};
        bool received;
        ssize_t n;

        if (send(kernel->fd, message->data, message->size, 0) != (ssize_t)message->size)
                abort();
        assert(overlay_session_receive(kernel->session, &received) == 0 && received);
        assert(overlay_session_handle(kernel->session) == 0);
        overlay_session_ensure_thread(kernel->session); /* as the loop does for LSEEK */
        if (header->opcode == FUSE_FORGET || header->opcode == FUSE_BATCH_FORGET) {
                assert(recv(kernel->fd, reply, sizeof reply, MSG_DONTWAIT) < 0 && errno == EAGAIN);
                return;
        }
        do { /* LSEEK is answered by another thread, perhaps with a notification before: that has no number */
                do
                        n = recv(kernel->fd, reply, sizeof reply, header->opcode == FUSE_LSEEK ? 0 : MSG_DONTWAIT);
                while (n < 0 && errno == EINTR); /* libFuzzer's alarm */
                assert(n >= (ssize_t)sizeof out);
                memcpy(&out, reply, sizeof out);
        } while (out.unique == 0);
        assert(out.len == n && out.unique == header->unique && out.error <= 0 && out.error > -4096);
        assert(out.error == 0 || n == sizeof out);
        learn(kernel, reply + sizeof out, (size_t)n - sizeof out);
        assert(recv(kernel->fd, reply, sizeof reply, MSG_DONTWAIT) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct overlay_pool_options pool_options = {.open = open_source};
        struct overlay_tree_options options = {.create_data = create_data, .statfs_fd = -1};
        CLEANUP_BUFFER struct buffer message = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct kernel kernel = {.unique = 4};
        struct overlay_tree *tree = NULL;
        int pair[2];

        if (data_file < 0)
                data_file = memfd_create("data", MFD_CLOEXEC);
        if (data_file < 0 || ftruncate(data_file, 0) < 0)
                abort();
        options.pool = overlay_pool_new(&pool_options);
        if (overlay_tree_open(&options, &tree, &err) < 0)
                abort();
        kernel.session = start(tree, pair);
        kernel.fd = pair[0];
        for (int i = 0; i < REQUESTS_MAX && next_request(&kernel, &data, &size, &message); i++) {
                exchange(&kernel, &message);
                kernel.unique += 2;
        }
        overlay_session_close(kernel.session);
        overlay_ops_detach(tree);
        close(pair[0]);
        overlay_tree_close(tree);
        overlay_pool_free(options.pool);
        return 0;
}

REPLAY_MAIN("overlay_requests")
