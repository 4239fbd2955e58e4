/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread between the pipes of a stage's commands and the builder. All it may touch is in
 * its private descriptor table, into which pipes come over a socket; should it wait for ever behind the lock of a
 * command's pipe, nothing else of the process is held back by it.
 */
#include "sandbox/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "sandbox/protocol.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* What the thread has. */
struct pump {
        int socket; /* where pipes come from; a number that is open in the thread's own table once `ready` was posted */
        int failed; /* errno of setting up the thread; read by the opener after `ready` */
        sem_t ready;        /* the opener waits for it, then the pump belongs to the thread alone */
        int from[2], to[2]; /* of the command that runs; -1: ended */
        char bytes[65536];
};

struct sandbox_pump {
        int socket; /* the other end of it */
};

/* Above every descriptor that bryo can have open. */
static unsigned int table_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 1u << 20)
                return 1u << 20;
        return (unsigned int)limit.rlim_cur;
}

static void close_gap(unsigned int first, unsigned int last)
{
        if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
                return;
        if (last == ~0u)
                last = table_limit();
        for (unsigned int fd = first; fd <= last; fd++) /* before Linux 5.9, or behind an old seccomp profile */
                (void)close((int)fd);
}

/* Copies one piece; false when this stream has ended, on either side. */
static bool copy_piece(struct pump *pump, int i)
{
        ssize_t n = read(pump->from[i], pump->bytes, sizeof(pump->bytes));

        if (n < 0)
                return errno == EINTR;
        return n > 0 && fd_write_all(pump->to[i], pump->bytes, (size_t)n) == 0;
}

static void copy_streams(struct pump *pump)
{
        while (pump->from[0] >= 0 || pump->from[1] >= 0) {
                struct pollfd polls[2] = {{pump->from[0], POLLIN, 0}, {pump->from[1], POLLIN, 0}};

                if (poll(polls, 2, -1) < 0 && errno != EINTR)
                        return;
                for (int i = 0; i < 2; i++) {
                        if (!polls[i].revents || copy_piece(pump, i))
                                continue;
                        pump->from[i] = fd_close(pump->from[i]);
                        pump->to[i] = fd_close(pump->to[i]);
                }
        }
}

/* The next command's pipes; false when there will be none. */
static bool receive_pipes(struct pump *pump)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        bool came = sandbox_frame_receive(pump->socket, &frame) == 1 && frame.type == SANDBOX_FRAME_OUTPUT &&
                    frame.fd_count == 4;

        for (int i = 0; came && i < 2; i++) {
                pump->from[i] = fd_steal(&frame.fds[i]);
                pump->to[i] = fd_steal(&frame.fds[2 + i]);
        }
        sandbox_frame_clear(&frame);
        return came;
}

static void *run_pump(void *argument)
{
        struct pump *pump = argument;

        pump->failed = unshare(CLONE_FILES) < 0 ? errno : 0;
        if (pump->failed) {
                (void)sem_post(&pump->ready);
                return NULL; /* the opener cleans up */
        }
        if (pump->socket > 0)
                close_gap(0, (unsigned int)pump->socket - 1);
        close_gap((unsigned int)pump->socket + 1, ~0u);
        (void)sem_post(&pump->ready);
        while (receive_pipes(pump)) {
                copy_streams(pump);
                for (int i = 0; i < 2; i++) {
                        pump->from[i] = fd_close(pump->from[i]);
                        pump->to[i] = fd_close(pump->to[i]);
                }
        }
        (void)fd_close(pump->socket);
        free(pump);
        return NULL;
}

/* Starts the thread with every signal blocked: signals are for the threads that expect them, and a broken pipe is an
 * errno. */
static int start_thread(struct pump *pump)
{
        pthread_attr_t attr;
        sigset_t all, old;
        pthread_t thread;
        int rc;

        sigfillset(&all);
        rc = pthread_attr_init(&attr);
        if (rc != 0)
                return rc;
        (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        (void)pthread_sigmask(SIG_SETMASK, &all, &old);
        rc = pthread_create(&thread, &attr, run_pump, pump);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
        (void)pthread_attr_destroy(&attr);
        if (rc != 0)
                return rc;
        while (sem_wait(&pump->ready) < 0)
                ; /* EINTR */
        return pump->failed;
}

int sandbox_pump_open(struct sandbox_pump **ret, struct error *err)
{
        struct pump *pump = memory_alloc(sizeof(*pump));
        int sockets[2] = {-1, -1}, rc = 0;

        pump->from[0] = pump->from[1] = pump->to[0] = pump->to[1] = -1;
        if (sem_init(&pump->ready, 0, 0) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                rc = errno;
        if (rc == 0) {
                pump->socket = sockets[1];
                rc = start_thread(pump);
                /* the thread has its own: here it would keep the thread from seeing the end */
                (void)close(sockets[1]);
        }
        if (rc == 0) {
                *ret = memory_zalloc(1, sizeof(**ret));
                (*ret)->socket = sockets[0];
                return 0;
        }
        (void)fd_close(sockets[0]);
        free(pump);
        return error_errno(err, rc, "cannot start a thread for the output of commands");
}

void sandbox_pump_close(struct sandbox_pump *pump)
{
        if (pump == NULL)
                return;
        (void)fd_close(pump->socket);
        free(pump);
}

/* The pump's ends go into `ret_pump`: two to read from, two to write to. */
static int open_pipes(int ret_pump[4], struct sandbox_output *ret)
{
        for (int i = 0; i < 2; i++) {
                int command[2], ours[2];

                if (pipe2(command, O_CLOEXEC) < 0)
                        return -1;
                ret_pump[i] = command[0];
                ret->write_fds[i] = command[1];
                if (pipe2(ours, O_CLOEXEC) < 0)
                        return -1;
                ret->read_fds[i] = ours[0];
                ret_pump[2 + i] = ours[1];
        }
        return 0;
}

int sandbox_output_open(struct sandbox_pump *pump, struct sandbox_output *ret, struct error *err)
{
        int ends[4] = {-1, -1, -1, -1}, rc;

        *ret = (struct sandbox_output)SANDBOX_OUTPUT_INIT;
        rc = open_pipes(ends, ret) < 0 || sandbox_frame_send(pump->socket, SANDBOX_FRAME_OUTPUT, NULL, ends, 4) < 0
                     ? errno
                     : 0;
        /* the thread has its own: here they would keep the command's pipes from breaking, and ours from ending */
        for (int i = 0; i < 4; i++)
                (void)fd_close(ends[i]);
        if (rc == 0)
                return 0;
        sandbox_output_close(ret);
        return error_errno(err, rc, "cannot make pipes for the output of a command");
}

void sandbox_output_close(struct sandbox_output *output)
{
        for (int i = 0; i < 2; i++) {
                output->read_fds[i] = fd_close(output->read_fds[i]);
                output->write_fds[i] = fd_close(output->write_fds[i]);
        }
}
