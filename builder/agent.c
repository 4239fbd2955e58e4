/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxy between the sockets of a command and ssh agents. Nothing of the
 * agent's own socket is handed in: a command could else keep it, and say what it likes.
 *
 * A message is a length (4 bytes, big endian) and that many bytes, of which the first is its type. Requests go one
 * way, answers the other; a client that breaks the format is cut off.
 */
#include "builder/agent.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/strv.h"

#define AGENT_FAILURE            5
#define AGENT_REQUEST_IDENTITIES 11
#define AGENT_SIGN_REQUEST       13

#define MESSAGE_MAX     (256u << 10) /* as OpenSSH's own agent */
#define CONNECTIONS_MAX 64           /* at one time; further ones wait in the backlog */
#define WRITE_SECONDS   10           /* a peer that takes nothing for so long is cut off */

struct connection {
        int client, agent;
        struct buffer request; /* what came of the next request */
};

struct builder_agent {
        const struct log *log;
        struct strv paths;
        int *listeners; /* one for each path; -1 before start */
        int wake[2];    /* written to end the thread */
        bool started;
        pthread_t thread;
        struct connection connections[CONNECTIONS_MAX];
        size_t count;
};

struct builder_agent *builder_agent_new(const struct log *log)
{
        struct builder_agent *a = memory_zalloc(1, sizeof(*a));

        a->log = log;
        a->wake[0] = a->wake[1] = -1;
        return a;
}

void builder_agent_add(struct builder_agent *a, const char *path)
{
        strv_add(&a->paths, path);
}

/* --- connections ---------------------------------------------------------------- */

static int connect_agent(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (strlen(path) >= sizeof(address.sun_path)) {
                errno = ENAMETOOLONG;
                return -1;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return -1;
        return fd_steal(&fd);
}

static bool limit_writing(int fd)
{
        const struct timeval limit = { WRITE_SECONDS, 0 };

        return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

static void accept_one(struct builder_agent *a, size_t listener)
{
        CLEANUP_FD int client = accept4(a->listeners[listener], NULL, NULL, SOCK_CLOEXEC);
        CLEANUP_FD int agent = -1;

        if (client < 0)
                return; /* it went away again */
        agent = connect_agent(a->paths.items[listener]);
        if (agent < 0) {
                log_print(a->log, LOG_WARNING, "cannot connect to the ssh agent at %s: %s", a->paths.items[listener],
                          strerror(errno));
                return;
        }
        if (!limit_writing(client) || !limit_writing(agent))
                return;
        a->connections[a->count++] = (struct connection){ fd_steal(&client), fd_steal(&agent), BUFFER_INIT };
}

static void drop(struct builder_agent *a, size_t i)
{
        struct connection *c = &a->connections[i];

        c->client = fd_close(c->client);
        c->agent = fd_close(c->agent);
        buffer_free(&c->request);
        *c = a->connections[--a->count];
}

static bool send_all(int fd, const void *bytes, size_t size)
{
        const char *at = bytes;

        while (size > 0) {
                ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                at += n;
                size -= (size_t)n;
        }
        return true;
}

static bool is_allowed(unsigned char type)
{
        return type == AGENT_REQUEST_IDENTITIES || type == AGENT_SIGN_REQUEST;
}

/* Passes on, or answers, every whole request that has come. */
static bool handle_requests(struct connection *c)
{
        static const char refusal[] = { 0, 0, 0, 1, AGENT_FAILURE };
        size_t done = 0;
        uint32_t length;

        while (c->request.size - done >= sizeof(length)) {
                const char *message = c->request.data + done;

                memcpy(&length, message, sizeof(length));
                length = be32toh(length);
                if (length == 0 || length > MESSAGE_MAX)
                        return false;
                if (c->request.size - done - sizeof(length) < length)
                        break;
                if (is_allowed((unsigned char)message[sizeof(length)])) {
                        if (!send_all(c->agent, message, sizeof(length) + length))
                                return false;
                } else if (!send_all(c->client, refusal, sizeof(refusal))) {
                        return false;
                }
                done += sizeof(length) + length;
        }
        if (done > 0) {
                memmove(c->request.data, c->request.data + done, c->request.size - done);
                c->request.size -= done;
        }
        return true;
}

/* False when the connection is over. */
static bool read_client(struct connection *c)
{
        char bytes[4096];
        ssize_t n = recv(c->client, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        if (n == 0)
                return false;
        buffer_append(&c->request, bytes, (size_t)n);
        return handle_requests(c);
}

static bool read_agent(struct connection *c)
{
        char bytes[4096];
        ssize_t n = recv(c->agent, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        return n > 0 && send_all(c->client, bytes, (size_t)n);
}

/* --- the thread -------------------------------------------------------------------- */

static size_t fill_polls(const struct builder_agent *a, struct pollfd *polls)
{
        size_t n = 0;

        polls[n++] = (struct pollfd){ a->wake[0], POLLIN, 0 };
        for (size_t i = 0; i < a->paths.count; i++)
                polls[n++] = (struct pollfd){ a->count < CONNECTIONS_MAX ? a->listeners[i] : -1, POLLIN, 0 };
        for (size_t i = 0; i < a->count; i++) {
                polls[n++] = (struct pollfd){ a->connections[i].client, POLLIN, 0 };
                polls[n++] = (struct pollfd){ a->connections[i].agent, POLLIN, 0 };
        }
        return n;
}

static void handle(struct builder_agent *a, const struct pollfd *polls)
{
        const struct pollfd *connections = polls + 1 + a->paths.count;

        /* from the last one down: a dropped one is replaced by one that was looked at */
        for (size_t i = a->count; i-- > 0;) {
                struct connection *c = &a->connections[i];

                if ((connections[2 * i].revents && !read_client(c)) || (connections[2 * i + 1].revents && !read_agent(c)))
                        drop(a, i);
        }
        for (size_t i = 0; i < a->paths.count; i++)
                if (polls[1 + i].revents && a->count < CONNECTIONS_MAX)
                        accept_one(a, i);
}

static void *serve(void *context)
{
        struct builder_agent *a = context;
        struct pollfd *polls = memory_zalloc(1 + a->paths.count + 2 * CONNECTIONS_MAX, sizeof(*polls));

        for (;;) {
                size_t n = fill_polls(a, polls);

                if (poll(polls, n, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        log_print(a->log, LOG_WARNING, "the ssh agent is not forwarded any more: %s", strerror(errno));
                        break;
                }
                if (polls[0].revents)
                        break;
                handle(a, polls);
        }
        free(polls);
        return NULL;
}

int builder_agent_start(struct builder_agent *a, struct sandbox_stage *stage, struct error *err)
{
        int rc;

        a->listeners = memory_zalloc(a->paths.count, sizeof(*a->listeners));
        for (size_t i = 0; i < a->paths.count; i++)
                a->listeners[i] = sandbox_stage_take_listener(stage);
        if (pipe2(a->wake, O_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot make a pipe for the ssh agent");
        rc = pthread_create(&a->thread, NULL, serve, a);
        if (rc != 0)
                return error_errno(err, rc, "cannot start a thread for the ssh agent");
        a->started = true;
        return 0;
}

void builder_agent_free(struct builder_agent *a)
{
        if (a == NULL)
                return;
        a->wake[1] = fd_close(a->wake[1]); /* the thread sees the end of the pipe */
        if (a->started)
                (void)pthread_join(a->thread, NULL);
        a->wake[0] = fd_close(a->wake[0]);
        while (a->count > 0)
                drop(a, a->count - 1);
        for (size_t i = 0; a->listeners && i < a->paths.count; i++)
                (void)fd_close(a->listeners[i]);
        free(a->listeners);
        strv_free(&a->paths);
        free(a);
}
