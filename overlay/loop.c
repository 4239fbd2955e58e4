/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: serving threads, and when which of them serves. loop.h says
 * why there are two modes; every number of the policy is below.
 *
 * Shared state is one word, `state` (the mode, and whether the loop ended): threads that
 * have nothing to do sleep on it as a futex. No lock is held while serving:
 * an idle-class thread may be off its CPU for long, at any instruction.
 */
#include "overlay/loop.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/loop_client.h"
#include "overlay/loop_thread.h"

/* Serving threads at one time, unless the caller says otherwise: more only compete for the tree's lock. */
#define THREADS_MAX 8
/* Room in CPU masks; larger machines are served without pinning. */
#define CPUS_MAX 8192

/* Requests of one thread in a row before its CPU is looked up: the first time, then each time (2.9 us a look). */
#define LOOK_FIRST 4
#define LOOK_EVERY 8
/* Failed look-ups in a row before following is given up. A short-lived client may be gone at any one of them. */
#define LOOK_FAILURES 64

/* Clients compete when the requesting thread changes this often in a window of requests. */
#define MIX_WINDOW  128
#define MIX_CHANGES 24
/* They no longer do when less than one request in so many comes from another thread than the one before. */
#define CALM_RATIO 12
/* How long that is watched: at first, and at most when parallel mode was re-entered soon after it was left. */
#define CALM_WINDOW_MS     20
#define CALM_WINDOW_MAX_MS 1000
#define REENTRY_MS         300

/* The monitor's tick: it costs the client a migration now and then, so as rare as a stall is bearable. */
#define TICK_MS 4
/* Ticks with a request waiting and nothing served before parallel mode takes over. */
#define STALL_TICKS 3
/* Ticks without any request before the monitor sleeps until the next one. */
#define IDLE_TICKS 8

enum state { STATE_QUIET, STATE_PARALLEL, STATE_ENDED };

enum role {
        ROLE_ALWAYS, /* serves in any mode: policies SINGLE and PER_CPU */
        ROLE_QUIET,
        ROLE_PARALLEL
};

/* What the quiet thread knows of its client. */
struct follower {
        struct overlay_loop_client client;
        unsigned run;      /* requests of the last thread since it was last looked at */
        bool looked;       /* it was looked at before */
        unsigned failures; /* look-ups that failed, in a row */
        int cpu;           /* where this thread put itself; -1: anywhere */
        uint64_t window_counted, window_changes;
};

struct worker {
        struct overlay_loop *loop;
        struct overlay_session *session; /* owned; set and closed under `lock` */
        enum role role;
        int cpu; /* pinned to it; -1: not */
        bool started;
        pthread_t thread;
        /* written by the thread alone (relaxed), read by the monitor */
        unsigned busy;
        uint64_t served;
        uint64_t counted; /* of these, requests with a known client thread ... */
        uint64_t changes; /* ... and how many came from another one than the request before */
        uint32_t last_tid;
        struct follower follower; /* of the quiet one */
};

struct overlay_loop {
        const struct log *log;
        int state;  /* enum state, a futex */
        int broken; /* errno of the first reply that the kernel refused; 0: none */
        int result; /* errno the connection ended with; ENODEV is the good end. Set once, before state becomes ENDED */

        pthread_mutex_t lock; /* sessions and threads come and go under it; never taken while serving */
        struct worker workers[THREADS_MAX + 1];
        unsigned worker_count;
        unsigned parallel_first; /* workers from here on are the parallel ones */

        bool has_monitor;
        pthread_t monitor;
        int wake_fd;    /* eventfd: something for the monitor to look at now; -1 without a monitor */
        unsigned wish;  /* the quiet thread asks for parallel mode */
        unsigned unfit; /* the quiet thread cannot do its part: parallel mode for good */

        cpu_set_t *cpus; /* CPUs this process may use */
        unsigned cpu_count;

        uint64_t migrations, parallel_phases, stalls;    /* relaxed */
        struct overlay_session_counters closed_counters; /* of sessions that are closed; under `lock` */
};

#define CPUS_SIZE CPU_ALLOC_SIZE(CPUS_MAX)

static uint64_t load(const uint64_t *counter)
{
        return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* For counters with one writer. */
static void add(uint64_t *counter, uint64_t n)
{
        __atomic_store_n(counter, load(counter) + n, __ATOMIC_RELAXED);
}

static int state_of(const struct overlay_loop *loop)
{
        return __atomic_load_n(&loop->state, __ATOMIC_SEQ_CST);
}

static void wake_monitor(struct overlay_loop *loop)
{
        uint64_t one = 1;

        if (loop->wake_fd >= 0 && write(loop->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
                log_print(loop->log, LOG_WARNING, "FUSE server: cannot wake the monitor: %s", strerror(errno));
}

/* Moves to `state` unless the loop ended; true when it did. */
static bool change_state(struct overlay_loop *loop, int from, int to)
{
        if (!__atomic_compare_exchange_n(&loop->state, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return false;
        syscall(SYS_futex, &loop->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
        return true;
}

/* --- the end ------------------------------------------------------------------- */

/*
 * The first reason counts. With any other than ENODEV the kernel does not wake
 * the threads that wait in read(2), so they are cancelled there.
 */
static void end(struct overlay_loop *loop, int reason)
{
        int none = 0;
        unsigned i;

        if (!__atomic_compare_exchange_n(&loop->result, &none, reason, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return;
        if (reason == ECANCELED)
                overlay_session_drain(loop->workers[0].session); /* while all others still serve */
        __atomic_store_n(&loop->state, STATE_ENDED, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &loop->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
        wake_monitor(loop);
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
        end(loop, ECANCELED);
}

/* --- following the client -------------------------------------------------------- */

static bool tells_where_client_is(const struct overlay_session *session)
{
        switch (overlay_session_opcode(session)) {
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_RELEASE:
        case FUSE_RELEASEDIR:
        case FUSE_INTERRUPT:
                return false; /* sent by whoever dropped the last reference, often the kernel itself */
        default:
                return overlay_session_pid(session) != 0; /* 0: writeback and read-ahead */
        }
}

/* Everything but `cpu`: the monitor must not wake up where client and server take turns. */
static void keep_monitor_off(struct overlay_loop *loop, int cpu)
{
        cpu_set_t *others = CPU_ALLOC(CPUS_MAX);
        int r;

        if (others == NULL)
                return;
        memcpy(others, loop->cpus, CPUS_SIZE);
        CPU_CLR_S((size_t)cpu, CPUS_SIZE, others);
        /* refused: a CPU was taken away from this process meanwhile; the monitor then disturbs a little more */
        r = pthread_setaffinity_np(loop->monitor, CPUS_SIZE, others);
        if (r != 0)
                log_print(loop->log, LOG_DEBUG, "FUSE server: cannot move the monitor: %s", strerror(r));
        CPU_FREE(others);
}

static int move_to(int cpu)
{
        cpu_set_t *one = CPU_ALLOC(CPUS_MAX);
        int r = 0;

        if (one == NULL)
                return -ENOMEM;
        CPU_ZERO_S(CPUS_SIZE, one);
        CPU_SET_S((size_t)cpu, CPUS_SIZE, one);
        if (sched_setaffinity(0, CPUS_SIZE, one) < 0)
                r = -errno;
        CPU_FREE(one);
        return r;
}

/* For good: one of what quiet mode needs is not to be had here. */
static void give_up_quiet(struct overlay_loop *loop, const char *what, int error)
{
        log_print(loop->log, LOG_INFO,
                  "FUSE server: %s: %s; serving with one thread for each CPU (slower for one client)", what,
                  strerror(error));
        __atomic_store_n(&loop->unfit, 1, __ATOMIC_SEQ_CST);
        wake_monitor(loop);
}

static void look_and_follow(struct worker *worker, uint32_t tid)
{
        struct overlay_loop *loop = worker->loop;
        struct follower *follower = &worker->follower;
        int cpu = overlay_loop_client_cpu(&follower->client, tid);
        int r = cpu;

        if (cpu >= 0 && cpu != follower->cpu) {
                r = move_to(cpu);
                if (r == 0) {
                        follower->cpu = cpu;
                        add(&loop->migrations, 1);
                        keep_monitor_off(loop, cpu);
                }
        }
        if (r >= 0)
                follower->failures = 0;
        else if (++follower->failures == LOOK_FAILURES)
                give_up_quiet(loop, "cannot follow the clients' CPU", -r);
}

static void follow(struct worker *worker, uint32_t tid, bool changed)
{
        struct follower *follower = &worker->follower;

        if (changed) {
                follower->run = 0;
                follower->looked = false;
                follower->window_changes++;
        }
        if (++follower->window_counted == MIX_WINDOW) {
                if (follower->window_changes >= MIX_CHANGES) {
                        __atomic_store_n(&worker->loop->wish, 1, __ATOMIC_SEQ_CST);
                        wake_monitor(worker->loop);
                }
                follower->window_counted = 0;
                follower->window_changes = 0;
        }
        if (++follower->run >= (follower->looked ? LOOK_EVERY : LOOK_FIRST)) {
                follower->run = 0;
                follower->looked = true;
                look_and_follow(worker, tid);
        }
}

/* --- serving ----------------------------------------------------------------------- */

/* Sleeps while it is other threads' turn. False when the loop ended. */
static bool await_turn(struct worker *worker)
{
        struct overlay_loop *loop = worker->loop;

        for (;;) {
                int state = state_of(loop);

                if (state == STATE_ENDED)
                        return false;
                if (worker->role == ROLE_ALWAYS || (worker->role == ROLE_QUIET) == (state == STATE_QUIET))
                        return true;
                worker->follower.cpu = -1; /* the monitor unpins it */
                syscall(SYS_futex, &loop->state, FUTEX_WAIT_PRIVATE, state, NULL, NULL, 0);
        }
}

static void note_request(struct worker *worker)
{
        uint32_t tid = overlay_session_pid(worker->session);
        bool changed = tid != worker->last_tid;

        if (!tells_where_client_is(worker->session))
                return;
        worker->last_tid = tid;
        add(&worker->counted, 1);
        add(&worker->changes, changed);
        if (worker->role == ROLE_QUIET)
                follow(worker, tid, changed);
}

static void become(struct worker *worker)
{
        const struct sched_param param = {0};

        pthread_setname_np(pthread_self(), worker->role == ROLE_QUIET ? "bryo-fuse-quiet" : "bryo-fuse");
        if (worker->role == ROLE_QUIET) {
                if (sched_setscheduler(0, SCHED_IDLE, &param) < 0)
                        give_up_quiet(worker->loop, "SCHED_IDLE is refused", errno);
        } else if (worker->cpu >= 0) {
                int r = move_to(worker->cpu);

                if (r < 0)
                        log_print(worker->loop->log, LOG_INFO, "FUSE server: cannot pin a thread to CPU %d: %s",
                                  worker->cpu, strerror(-r));
        }
}

/* A refused reply is a bug of this server: the step will fail for it, but serving goes on, so that nothing hangs. */
static void handle(struct worker *worker)
{
        int r = overlay_session_handle(worker->session), none = 0;

        if (r < 0)
                __atomic_compare_exchange_n(&worker->loop->broken, &none, -r, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
}

/*
 * A serving thread. Cancellation is on only inside overlay_session_receive: everything it holds belongs to the loop.
 * (No AddressSanitizer for the reason given there.)
 */
__attribute__((no_sanitize_address)) static void *serve(void *argument)
{
        struct worker *worker = argument;
        int r = 0;

        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        become(worker);
        while (r == 0 && await_turn(worker)) {
                r = overlay_session_receive(worker->session);
                if (r < 0)
                        break;
                __atomic_store_n(&worker->busy, 1, __ATOMIC_RELAXED);
                handle(worker);
                __atomic_store_n(&worker->busy, 0, __ATOMIC_RELAXED);
                add(&worker->served, 1);
                note_request(worker);
        }
        if (r < 0)
                end(worker->loop, -r);
        return NULL;
}

/* --- starting threads ---------------------------------------------------------------- */

/* The `number`-th CPU this process may use. */
static int nth_cpu(const struct overlay_loop *loop, unsigned number)
{
        int cpu;

        for (cpu = 0; cpu < CPUS_MAX; cpu++)
                if (CPU_ISSET_S((size_t)cpu, CPUS_SIZE, loop->cpus) && number-- == 0)
                        return cpu;
        return -1;
}

static void add_worker(struct overlay_loop *loop, enum role role, int cpu, struct overlay_session *session)
{
        struct worker *worker = &loop->workers[loop->worker_count++];

        *worker = (struct worker){.loop = loop, .session = session, .role = role, .cpu = cpu};
        worker->follower = (struct follower){.client = OVERLAY_LOOP_CLIENT_INIT, .cpu = -1};
}

/* Makes descriptor and thread of a worker, if that was not done. Under `lock`. */
static int start_worker(struct overlay_loop *loop, struct worker *worker, struct error *err)
{
        int r;

        if (worker->started || state_of(loop) == STATE_ENDED)
                return 0;
        if (worker->session == NULL && overlay_session_dup(loop->workers[0].session, &worker->session, err) < 0)
                return -1;
        r = overlay_loop_thread_start(&worker->thread, serve, worker);
        if (r != 0)
                return error_errno(err, r, "cannot start a thread for the FUSE mount");
        worker->started = true;
        return 0;
}

/* All workers from `first` on; those that cannot be had are left out with a log line. Returns how many there are. */
static unsigned start_workers(struct overlay_loop *loop, unsigned first)
{
        unsigned i, count = 0;

        pthread_mutex_lock(&loop->lock);
        for (i = first; i < loop->worker_count; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (start_worker(loop, &loop->workers[i], &err) == 0)
                        count++;
                else
                        log_print(loop->log, LOG_WARNING, "FUSE server: serving with fewer threads: %s", err.message);
        }
        pthread_mutex_unlock(&loop->lock);
        return count;
}

/* --- the monitor ------------------------------------------------------------------------ */

struct watch {
        struct overlay_loop *loop;
        uint64_t served; /* at the last tick */
        unsigned stuck;  /* ticks in a row that nothing was served though something waits */
        unsigned idle;   /* ticks in a row without a request */
        /* of parallel mode */
        int64_t window_begin, window_ms, left_at; /* ms */
        uint64_t window_counted, window_changes;  /* sums when the window began */
};

static int64_t now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void sum_requests(const struct overlay_loop *loop, uint64_t *ret_served, uint64_t *ret_counted,
                         uint64_t *ret_changes)
{
        unsigned i;

        *ret_served = *ret_counted = *ret_changes = 0;
        for (i = 0; i < loop->worker_count; i++) {
                *ret_served += load(&loop->workers[i].served);
                *ret_counted += load(&loop->workers[i].counted);
                *ret_changes += load(&loop->workers[i].changes);
        }
}

/* Until `ms` passed (-1: for ever), somebody called wake_monitor, or, if `requests`, a request waits. */
static void doze(struct overlay_loop *loop, int ms, bool requests)
{
        struct pollfd fds[2] = {
                {.fd = loop->wake_fd, .events = POLLIN},
                {.fd = overlay_session_fd(loop->workers[0].session), .events = POLLIN},
        };
        uint64_t drained;

        if (poll(fds, requests ? 2 : 1, ms) < 0)
                return; /* EINTR: a tick early */
        if (fds[0].revents != 0 && read(loop->wake_fd, &drained, sizeof drained) < 0)
                return; /* EAGAIN: drained already */
        if (requests && fds[1].revents & (POLLERR | POLLHUP))
                poll(fds, 1, TICK_MS); /* the mount is gone; a serving thread is about to find out */
}

/* Something waits for the quiet thread: in the kernel's queue, or read and not answered. */
static bool request_waits(const struct overlay_loop *loop)
{
        struct pollfd poll_fd = {.fd = overlay_session_fd(loop->workers[0].session), .events = POLLIN};

        return __atomic_load_n(&loop->workers[0].busy, __ATOMIC_RELAXED) || poll(&poll_fd, 1, 0) > 0;
}

static void enter_parallel(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        int64_t now = now_ms();
        uint64_t served;

        if (start_workers(loop, loop->parallel_first) == 0) {
                log_print(loop->log, LOG_WARNING,
                          "FUSE server: no further thread can be had; one idle-class thread serves alone");
                return;
        }
        watch->window_ms = now - watch->left_at < REENTRY_MS ? watch->window_ms * 2 : CALM_WINDOW_MS;
        if (watch->window_ms > CALM_WINDOW_MAX_MS)
                watch->window_ms = CALM_WINDOW_MAX_MS;
        watch->window_begin = now;
        sum_requests(loop, &served, &watch->window_counted, &watch->window_changes);
        add(&loop->parallel_phases, 1);
        change_state(loop, STATE_QUIET, STATE_PARALLEL);
        /* so that the quiet thread gets to finish what it holds, and the monitor to run */
        pthread_setaffinity_np(loop->workers[0].thread, CPUS_SIZE, loop->cpus);
        pthread_setaffinity_np(loop->monitor, CPUS_SIZE, loop->cpus);
}

static void watch_quiet(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        bool sleeps = watch->idle >= IDLE_TICKS, waits, moved;
        uint64_t served, counted, changes;

        doze(loop, sleeps ? -1 : TICK_MS, sleeps);
        if (sleeps)
                watch->idle = 0;
        sum_requests(loop, &served, &counted, &changes);
        moved = served != watch->served;
        watch->served = served;
        waits = request_waits(loop);
        watch->stuck = waits && !moved ? watch->stuck + 1 : 0;
        watch->idle = waits || moved ? 0 : watch->idle + 1;
        if (watch->stuck >= STALL_TICKS)
                add(&loop->stalls, 1);
        if (watch->stuck >= STALL_TICKS || __atomic_exchange_n(&loop->wish, 0, __ATOMIC_SEQ_CST) ||
            __atomic_load_n(&loop->unfit, __ATOMIC_SEQ_CST)) {
                watch->stuck = 0;
                enter_parallel(watch);
        }
}

static void watch_parallel(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        uint64_t served, counted, changes;
        int64_t now;

        if (__atomic_load_n(&loop->unfit, __ATOMIC_SEQ_CST)) {
                doze(loop, -1, false);
                return;
        }
        doze(loop, CALM_WINDOW_MS, false);
        now = now_ms();
        if (now - watch->window_begin < watch->window_ms)
                return;
        sum_requests(loop, &served, &counted, &changes);
        if (counted - watch->window_counted == 0 ||
            (counted - watch->window_counted >= CALM_RATIO &&
             (changes - watch->window_changes) * CALM_RATIO < counted - watch->window_counted)) {
                watch->left_at = now;
                watch->served = served;
                watch->idle = 0;
                __atomic_store_n(&loop->wish, 0, __ATOMIC_SEQ_CST);
                change_state(loop, STATE_PARALLEL, STATE_QUIET);
        } else if (counted - watch->window_counted >= CALM_RATIO) {
                watch->window_begin = now;
                watch->window_counted = counted;
                watch->window_changes = changes;
        }
}

static void *monitor(void *argument)
{
        struct watch watch = {.loop = argument, .window_ms = CALM_WINDOW_MS, .left_at = INT64_MIN / 2};

        pthread_mutex_lock(&watch.loop->lock); /* until the first threads are there */
        pthread_mutex_unlock(&watch.loop->lock);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        pthread_setname_np(pthread_self(), "bryo-fuse-watch");
        for (;;) {
                switch (state_of(watch.loop)) {
                case STATE_QUIET:
                        watch_quiet(&watch);
                        break;
                case STATE_PARALLEL:
                        watch_parallel(&watch);
                        break;
                default:
                        return NULL;
                }
        }
}

/* --- the interface ------------------------------------------------------------------------ */

/* Which workers there will be. */
static void plan(struct overlay_loop *loop, struct overlay_session *first, enum overlay_server_policy policy,
                 unsigned max_threads)
{
        unsigned threads, i;
        bool pin;

        threads = max_threads ? max_threads : THREADS_MAX;
        threads = threads < THREADS_MAX ? threads : THREADS_MAX;
        threads = threads < loop->cpu_count ? threads : loop->cpu_count;
        pin = threads == loop->cpu_count;
        if (policy == OVERLAY_SERVER_SINGLE || threads <= 1) {
                add_worker(loop, ROLE_ALWAYS, -1, first);
                return;
        }
        if (policy == OVERLAY_SERVER_AUTO) {
                add_worker(loop, ROLE_QUIET, -1, first);
                for (i = 0; i < threads; i++)
                        add_worker(loop, ROLE_PARALLEL, pin ? nth_cpu(loop, i) : -1, NULL);
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
                r = overlay_loop_thread_start(&loop->monitor, monitor, loop);
                if (r != 0)
                        return error_errno(err, r, "cannot start a thread for the FUSE mount");
                loop->has_monitor = true;
        }
        return start_worker(loop, &loop->workers[0], err);
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
                start_workers(loop, 1);
        return r;
}

/* Joins what was started and closes all descriptors. */
static void finish(struct overlay_loop *loop)
{
        unsigned i;

        if (loop->has_monitor)
                pthread_join(loop->monitor, NULL); /* first: nobody else starts threads */
        loop->has_monitor = false;
        for (i = 0; i < loop->worker_count; i++) {
                if (loop->workers[i].started)
                        pthread_join(loop->workers[i].thread, NULL);
                overlay_loop_client_close(&loop->workers[i].follower.client);
        }
        pthread_mutex_lock(&loop->lock);
        for (i = loop->worker_count; i-- > 0;) {
                struct worker *worker = &loop->workers[i];

                worker->started = false;
                if (worker->session != NULL)
                        overlay_session_add_counters(worker->session, &loop->closed_counters);
                overlay_session_close(STEAL(worker->session));
        }
        pthread_mutex_unlock(&loop->lock);
}

int overlay_loop_start(struct overlay_session *first, const struct overlay_server_options *opts,
                       struct overlay_loop **ret, struct error *err)
{
        struct overlay_loop *loop = memory_zalloc(1, sizeof *loop);

        loop->log = opts->log;
        loop->wake_fd = -1;
        loop->state = STATE_QUIET;
        loop->parallel_first = 1;
        pthread_mutex_init(&loop->lock, NULL);
        loop->cpus = memory_zalloc(1, CPUS_SIZE);
        if (sched_getaffinity(0, CPUS_SIZE, loop->cpus) == 0)
                loop->cpu_count = (unsigned)CPU_COUNT_S(CPUS_SIZE, loop->cpus);
        plan(loop, first, opts->policy, opts->max_threads);
        check_dup(loop);
        if (start_threads(loop, err) < 0) {
                end(loop, ECANCELED);
                finish(loop);
                overlay_loop_free(loop);
                return -1;
        }
        *ret = loop;
        return 0;
}

int overlay_loop_wait(struct overlay_loop *loop, struct error *err)
{
        finish(loop);
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
        ret->migrations = load(&loop->migrations);
        ret->parallel_phases = load(&loop->parallel_phases);
        ret->stalls = load(&loop->stalls);
}

void overlay_loop_free(struct overlay_loop *loop)
{
        if (loop == NULL)
                return;
        loop->wake_fd = fd_close(loop->wake_fd);
        pthread_mutex_destroy(&loop->lock);
        free(loop->cpus);
        free(loop);
}
