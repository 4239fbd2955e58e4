/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread between a command's pipes and the builder. All it may touch is in
 * its private descriptor table; should it wait for ever behind the lock of a
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
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

struct pump {
        int from[2], to[2]; /* numbers; open in the thread's table only once `ready` was posted */
        int failed;         /* errno of setting up the thread; read by the opener after `ready` */
        sem_t ready;        /* the opener waits for it, then the pump belongs to the thread alone */
        char bytes[65536];
};

static bool is_ours(const struct pump *pump, int fd)
{
        return fd == pump->from[0] || fd == pump->from[1] || fd == pump->to[0] || fd == pump->to[1];
}

static void close_gap(unsigned int first, unsigned int last)
{
        if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
                return;
        for (unsigned int fd = first; fd <= last && fd < 1u << 20; fd++) /* before Linux 5.9 */
                (void)close((int)fd);
}

/* Closes all but the four descriptors of the pump: the gaps between them, in ascending order. */
static void close_others(const struct pump *pump, unsigned int limit)
{
        unsigned int first = 0;

        for (unsigned int fd = 0; fd < limit; fd++) {
                if (!is_ours(pump, (int)fd))
                        continue;
                if (fd > 0)
                        close_gap(first, fd - 1);
                first = fd + 1;
        }
        close_gap(first, limit);
}

/* Above every descriptor that can be open here: the table may have been filled under a higher limit, but not by bryo.
 */
static unsigned int table_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 1u << 20)
                return 1u << 20;
        return (unsigned int)limit.rlim_cur;
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

static void *run_pump(void *argument)
{
        struct pump *pump = argument;

        pump->failed = unshare(CLONE_FILES) < 0 ? errno : 0;
        if (pump->failed) {
                (void)sem_post(&pump->ready);
                return NULL; /* the opener cleans up */
        }
        close_others(pump, table_limit());
        (void)sem_post(&pump->ready);
        copy_streams(pump);
        for (int i = 0; i < 2; i++) {
                (void)fd_close(pump->from[i]);
                (void)fd_close(pump->to[i]);
        }
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

static int open_pipes(struct pump *pump, struct sandbox_output *ret)
{
        for (int i = 0; i < 2; i++) {
                int command[2], ours[2];

                if (pipe2(command, O_CLOEXEC) < 0)
                        return -1;
                pump->from[i] = command[0];
                ret->write_fds[i] = command[1];
                if (pipe2(ours, O_CLOEXEC) < 0)
                        return -1;
                ret->read_fds[i] = ours[0];
                pump->to[i] = ours[1];
        }
        return 0;
}

int sandbox_output_open(struct sandbox_output *ret, struct error *err)
{
        struct pump *pump = memory_alloc(sizeof(*pump));
        int from[2], to[2], rc = 0;

        *ret = (struct sandbox_output)SANDBOX_OUTPUT_INIT;
        pump->from[0] = pump->from[1] = pump->to[0] = pump->to[1] = -1;
        if (sem_init(&pump->ready, 0, 0) < 0 || open_pipes(pump, ret) < 0)
                rc = errno;
        for (int i = 0; i < 2; i++) {
                from[i] = pump->from[i];
                to[i] = pump->to[i];
        }
        if (rc == 0)
                rc = start_thread(pump);
        /* the thread has its own: here they would keep the command's pipes from breaking, and ours from ending */
        for (int i = 0; i < 2; i++) {
                (void)fd_close(from[i]);
                (void)fd_close(to[i]);
        }
        if (rc == 0)
                return 0;
        free(pump);
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
