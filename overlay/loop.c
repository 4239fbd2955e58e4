/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop's threads: which there will be, how they are started, and how all of it ends. */
#include "overlay/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/crowd.h"
#include "overlay/loop_state.h"
#include "overlay/loop_thread.h"

void overlay_loop_wake_monitor(struct overlay_loop *loop)
{
        uint64_t one = 1;

        if (loop->wake_fd >= 0 && write(loop->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
                log_print(loop->log, LOG_WARNING, "FUSE server: cannot wake the monitor: %s", strerror(errno));
}

void overlay_loop_change_state(struct overlay_loop *loop, int from, int to)
{
        if (__atomic_compare_exchange_n(&loop->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                syscall(SYS_futex, &loop->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

int64_t overlay_loop_now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the end ------------------------------------------------------------------- */

/* The monitor was kept off the client's CPU; whoever ends the mount waits for it, and another CPU is slow to wake up.
 */
static void fetch_monitor(struct overlay_loop *loop)
{
        const int cpu = sched_getcpu();

        pthread_mutex_lock(&loop->lock);
        if (loop->has_monitor)
                (void)overlay_loop_thread_pin(loop->monitor, cpu); /* else it wakes up where it is */
        pthread_mutex_unlock(&loop->lock);
}

/*
 * The first reason counts. With any other than ENODEV the kernel does not wake
 * the threads that wait in read(2), so they are cancelled there.
 */
void overlay_loop_end(struct overlay_loop *loop, int reason)
{
        int none = 0;
        unsigned i;

        if (!__atomic_compare_exchange_n(&loop->result, &none, reason, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return;
        if (reason == ECANCELED)
                overlay_session_drain(loop->workers[0].session); /* while all others still serve */
        __atomic_store_n(&loop->state, STATE_ENDED, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &loop->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
        fetch_monitor(loop);
        overlay_loop_wake_monitor(loop);
        if (reason == ENODEV)
                return;
        pthread_mutex_lock(&loop->lock);
        for (i = 0; i < loop->worker_count; i++)
                if (loop->workers[i].started)
                        pthread_cancel(loop->workers[i].thread);
        pthread_mutex_unlock(&loop->lock);
}

void overlay_loop_abort(struct overlay_loop *loop)
{
        overlay_loop_end(loop, ECANCELED);
}

/* --- starting threads ---------------------------------------------------------------- */

/* The `number`-th CPU this process may use. */
static int nth_cpu(const struct overlay_loop *loop, unsigned number)
{
        int cpu;

        for (cpu = 0; cpu < OVERLAY_LOOP_CPUS_MAX; cpu++)
                if (CPU_ISSET_S((size_t)cpu, OVERLAY_LOOP_CPUS_SIZE, loop->cpus) && number-- == 0)
                        return cpu;
        return -1;
}

static void add_worker(struct overlay_loop *loop, enum loop_role role, int cpu, struct overlay_session *session)
{
        struct loop_worker *worker = &loop->workers[loop->worker_count++];

        *worker = (struct loop_worker){.loop = loop, .session = session, .role = role, .cpu = cpu};
        worker->follower = (struct loop_follower){.client = OVERLAY_LOOP_CLIENT_INIT, .cpu = -1, .every = 1};
}

/* Where clones are not to be had, the parallel threads do without, and without their CPUs. */
static int ensure_session(struct overlay_loop *loop, struct loop_worker *worker, struct error *err)
{
        CLEANUP_ERROR struct error why = ERROR_INIT;
        const struct overlay_session *first = loop->workers[0].session;

        if (worker->session != NULL)
                return 0;
        if (worker->role == ROLE_PARALLEL && worker->cpu >= 0) {
                if (overlay_session_clone(first, &worker->session, &why) == 0)
                        return 0;
                log_print(loop->log, LOG_INFO, "FUSE server: parallel threads share an open file: %s", why.message);
                worker->cpu = -1;
                __atomic_store_n(&loop->pinned, 0, __ATOMIC_SEQ_CST);
        }
        return overlay_session_dup(first, &worker->session, err);
}

/* Makes descriptor and thread of a worker, if that was not done. Under `lock`. */
static int start_worker(struct overlay_loop *loop, struct loop_worker *worker, struct error *err)
{
        int r;

        if (worker->started || loop_state(loop) == STATE_ENDED)
                return 0;
        if (ensure_session(loop, worker, err) < 0)
                return -1;
        r = overlay_loop_thread_start(&worker->thread, overlay_loop_serve, worker);
        if (r != 0)
                return error_errno(err, r, "cannot start a thread for the FUSE mount");
        worker->started = true;
        return 0;
}

unsigned overlay_loop_start_workers(struct overlay_loop *loop, unsigned first, unsigned last)
{
        unsigned i, count = 0;

        pthread_mutex_lock(&loop->lock);
        for (i = first; i < last; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (start_worker(loop, &loop->workers[i], &err) == 0)
                        count++;
                else
                        log_print(loop->log, LOG_WARNING, "FUSE server: serving with fewer threads: %s", err.message);
        }
        pthread_mutex_unlock(&loop->lock);
        return count;
}

/* --- the interface ------------------------------------------------------------------------ */

static void plan_states(struct overlay_loop *loop, struct overlay_session *first, unsigned threads)
{
        unsigned i;

        loop->pinned = threads == loop->cpu_count && threads <= OVERLAY_LOOP_PINNED_MAX;
        add_worker(loop, ROLE_QUIET, -1, first);
        add_worker(loop, ROLE_ORDINARY, -1, NULL);
        for (i = loop->pinned ? 0 : 1; i < threads; i++)
                add_worker(loop, ROLE_PARALLEL, loop->pinned ? nth_cpu(loop, i) : -1, NULL);
}

/* Which workers there will be. */
static void plan(struct overlay_loop *loop, struct overlay_session *first, enum overlay_server_policy policy,
                 unsigned max_threads)
{
        unsigned threads, i;
        bool pin;

        threads = max_threads ? max_threads : OVERLAY_LOOP_THREADS_MAX;
        threads = threads < OVERLAY_LOOP_THREADS_MAX ? threads : OVERLAY_LOOP_THREADS_MAX;
        threads = threads < loop->cpu_count ? threads : loop->cpu_count;
        pin = threads == loop->cpu_count;
        if (policy == OVERLAY_SERVER_SINGLE || threads <= 1) {
                add_worker(loop, ROLE_ALWAYS, -1, first);
                return;
        }
        if (policy == OVERLAY_SERVER_AUTO) {
                plan_states(loop, first, threads);
                return;
        }
        for (i = 0; i < threads; i++)
                add_worker(loop, ROLE_ALWAYS, pin ? nth_cpu(loop, i) : -1, i == 0 ? first : NULL);
}

/* Quiet mode alone would starve when its CPU is busy: without a second descriptor one ordinary thread serves. */
static void check_dup(struct overlay_loop *loop)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (loop->workers[0].role != ROLE_QUIET ||
            overlay_session_dup(loop->workers[0].session, &loop->workers[1].session, &err) == 0)
                return;
        log_print(loop->log, LOG_INFO, "FUSE server: serving with one thread: %s", err.message);
        loop->workers[0].role = ROLE_ALWAYS;
        loop->worker_count = 1;
}

/* Under `lock`: the threads that need others to exist take it first. */
static int start_threads_locked(struct overlay_loop *loop, struct error *err)
{
        int r;

        if (loop->workers[0].role == ROLE_QUIET) {
                r = overlay_loop_thread_start(&loop->monitor, overlay_loop_watch, loop);
                if (r != 0)
                        return error_errno(err, r, "cannot start a thread for the FUSE mount");
                loop->has_monitor = true;
        }
        return start_worker(loop, &loop->workers[loop->state == STATE_ORDINARY ? 1 : 0], err);
}

static int start_threads(struct overlay_loop *loop, struct error *err)
{
        int r;

        if (loop->workers[0].role == ROLE_QUIET) {
                loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                if (loop->wake_fd < 0)
                        return error_errno(err, errno, "cannot serve the FUSE mount: eventfd");
        }
        pthread_mutex_lock(&loop->lock);
        r = start_threads_locked(loop, err);
        pthread_mutex_unlock(&loop->lock);
        if (r == 0 && loop->workers[0].role == ROLE_ALWAYS)
                overlay_loop_start_workers(loop, 1, loop->worker_count);
        return r;
}

/* Joins what was started and closes all descriptors. */
static void finish(struct overlay_loop *loop)
{
        bool has_monitor;
        unsigned i;

        /* A worker that has a last request to look at must not move a thread that is gone. */
        pthread_mutex_lock(&loop->lock);
        has_monitor = loop->has_monitor;
        loop->has_monitor = false;
        pthread_mutex_unlock(&loop->lock);
        if (has_monitor)
                pthread_join(loop->monitor, NULL); /* first: nobody else starts threads */
        for (i = 0; i < loop->worker_count; i++) {
                if (loop->workers[i].started)
                        pthread_join(loop->workers[i].thread, NULL);
                overlay_loop_client_close(&loop->workers[i].follower.client);
        }
        if (loop->workers[0].session != NULL)
                overlay_session_drain(loop->workers[0].session); /* it answers on the files of others */
        pthread_mutex_lock(&loop->lock);
        for (i = loop->worker_count; i-- > 0;) {
                struct loop_worker *worker = &loop->workers[i];

                worker->started = false;
                if (worker->session != NULL)
                        overlay_session_add_counters(worker->session, &loop->closed_counters);
                overlay_session_close(STEAL(worker->session));
        }
        pthread_mutex_unlock(&loop->lock);
}

/* Whoever begins on a busy machine begins with the ordinary thread. */
static bool is_crowded(struct overlay_loop *loop)
{
        return overlay_crowd_left(loop->crowd, overlay_loop_now_ms()) > 0;
}

int overlay_loop_start(struct overlay_session *first, const struct overlay_server_options *opts,
                       struct overlay_loop **ret, struct error *err)
{
        struct overlay_loop *loop = memory_zalloc(1, sizeof *loop);

        loop->log = opts->log;
        loop->wake_fd = -1;
        loop->crowd = opts->crowd != NULL ? opts->crowd : (loop->own_crowd = overlay_crowd_new(NULL));
        pthread_mutex_init(&loop->lock, NULL);
        loop->cpus = memory_zalloc(1, OVERLAY_LOOP_CPUS_SIZE);
        if (sched_getaffinity(0, OVERLAY_LOOP_CPUS_SIZE, loop->cpus) == 0)
                loop->cpu_count = (unsigned)CPU_COUNT_S(OVERLAY_LOOP_CPUS_SIZE, loop->cpus);
        plan(loop, first, opts->policy, opts->max_threads);
        check_dup(loop);
        loop->state = loop->workers[0].role == ROLE_QUIET && is_crowded(loop) ? STATE_ORDINARY : STATE_QUIET;
        if (start_threads(loop, err) < 0) {
                overlay_loop_end(loop, ECANCELED);
                finish(loop);
                overlay_loop_free(loop);
                return -1;
        }
        *ret = loop;
        return 0;
}

/* How it was served: what to look at first when a RUN was slow. */
static void log_counters(struct overlay_loop *loop)
{
        struct overlay_server_counters counters;
        uint64_t requests = 0;

        overlay_loop_get_counters(loop, &counters);
        for (size_t i = 0; i < sizeof counters.requests / sizeof counters.requests[0]; i++)
                requests += counters.requests[i];
        log_print(loop->log, LOG_DEBUG,
                  "FUSE server: %" PRIu64 " requests; moved %" PRIu64 " times, %" PRIu64 " ordinary and %" PRIu64
                  " parallel phases, %" PRIu64 " standstills",
                  requests, counters.migrations, counters.ordinary_phases, counters.parallel_phases, counters.stalls);
}

int overlay_loop_wait(struct overlay_loop *loop, struct error *err)
{
        finish(loop);
        log_counters(loop);
        switch (loop->result) {
        case ENODEV:
                if (loop->broken != 0)
                        return error_errno(err, loop->broken, "the kernel refused a reply of the FUSE server");
                return 0;
        case ECANCELED:
                return error_set(err, ECANCELED, "the FUSE mount was cut off");
        default:
                return error_errno(err, loop->result, "the FUSE connection broke");
        }
}

void overlay_loop_get_counters(struct overlay_loop *loop, struct overlay_server_counters *ret)
{
        struct overlay_session_counters sum;
        unsigned i;

        pthread_mutex_lock(&loop->lock);
        sum = loop->closed_counters;
        for (i = 0; i < loop->worker_count; i++)
                if (loop->workers[i].session != NULL)
                        overlay_session_add_counters(loop->workers[i].session, &sum);
        pthread_mutex_unlock(&loop->lock);
        memset(ret, 0, sizeof *ret);
        _Static_assert(sizeof ret->requests == sizeof sum.requests, "one table of opcodes");
        memcpy(ret->requests, sum.requests, sizeof ret->requests);
        ret->requests[0] = 0;
        ret->unknown_requests = sum.requests[0];
        ret->read_bytes = sum.read_bytes;
        ret->written_bytes = sum.written_bytes;
        ret->looks = loop_load(&loop->looks);
        ret->migrations = loop_load(&loop->migrations);
        ret->ordinary_phases = loop_load(&loop->ordinary_phases);
        ret->parallel_phases = loop_load(&loop->parallel_phases);
        ret->stalls = loop_load(&loop->stalls);
}

void overlay_loop_free(struct overlay_loop *loop)
{
        if (loop == NULL)
                return;
        loop->wake_fd = fd_close(loop->wake_fd);
        pthread_mutex_destroy(&loop->lock);
        overlay_crowd_free(loop->own_crowd);
        free(loop->cpus);
        free(loop);
}
