/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor: who serves when. loop.h describes the three states; every number of
 * the policy is here, except for how a client is followed (loop_serve.c) and what starving is (loop_load.c).
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "overlay/crowd.h"
#include "overlay/loop_load.h"
#include "overlay/loop_state.h"
#include "overlay/loop_thread.h"

/* Clients no longer compete when less than one request in so many comes from another thread than the one before. */
#define CALM_RATIO 12
/* How long that is watched: at first, and at most when the parallel state was re-entered soon after it was left. */
#define CALM_WINDOW_MS     20
#define CALM_WINDOW_MAX_MS 1000
#define REENTRY_MS         300

/* The monitor's tick: it costs the client a migration now and then, so as rare as a stall is bearable. */
#define TICK_MS 4
/* Ticks with a request waiting and nothing served before the ordinary thread takes over, whatever the reason. */
#define STALL_TICKS 3
/* Ticks without any request before the monitor sleeps until the next one. */
#define IDLE_TICKS 8

/* After not one ordinary thread could be had. */
#define RETRY_MS 100

struct watch {
        struct overlay_loop *loop;
        struct overlay_loop_load load;     /* of the quiet thread */
        bool no_load;                      /* it cannot be had */
        struct overlay_loop_client client; /* of the ordinary thread */
        int ordinary_cpu;                  /* where the ordinary thread was put; -1: anywhere */
        uint64_t served;                   /* at the last tick */
        unsigned stuck;                    /* ticks in a row that nothing was served though something waits */
        unsigned idle;                     /* ticks in a row without a request */
        int64_t retry_at;                  /* ms: not before that into the ordinary state */
        /* of the parallel state */
        int64_t window_begin, window_ms, left_at; /* ms */
        uint64_t window_counted, window_changes;  /* sums when the window began */
};

static int64_t twice(int64_t ms, int64_t least, int64_t most)
{
        return 2 * ms < least ? least : 2 * ms > most ? most : 2 * ms;
}

static bool is_unfit(const struct overlay_loop *loop)
{
        return __atomic_load_n(&loop->unfit, __ATOMIC_SEQ_CST) != 0;
}

/* True once for each wish. */
static bool take_wish(struct overlay_loop *loop)
{
        return __atomic_exchange_n(&loop->wish, 0, __ATOMIC_SEQ_CST) != 0;
}

static void sum_requests(const struct overlay_loop *loop, uint64_t *ret_served, uint64_t *ret_counted,
                         uint64_t *ret_changes)
{
        unsigned i;

        *ret_served = *ret_counted = *ret_changes = 0;
        for (i = 0; i < loop->worker_count; i++) {
                *ret_served += loop_load(&loop->workers[i].served);
                *ret_counted += loop_load(&loop->workers[i].counted);
                *ret_changes += loop_load(&loop->workers[i].changes);
        }
}

/* Until `ms` passed (-1: for ever), somebody called overlay_loop_wake_monitor, or, if `requests`, a request waits. */
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

/*
 * Does something wait for the quiet thread? In the kernel's queue, or read and not answered. Whether it is answered
 * cannot be asked; but a client that was answered runs on, and usually so at once, in the place of the idle-class
 * thread that woke it up. Then nobody waits, though that thread is still in the middle of its system call.
 */
static bool request_waits(struct watch *watch)
{
        const struct loop_worker *quiet = &watch->loop->workers[0];
        struct pollfd poll_fd = {.fd = overlay_session_fd(quiet->session), .events = POLLIN};
        uint32_t client;

        if (poll(&poll_fd, 1, 0) > 0)
                return true;
        if (!__atomic_load_n(&quiet->busy, __ATOMIC_RELAXED))
                return false;
        client = __atomic_load_n(&quiet->client, __ATOMIC_RELAXED);
        return client == 0 || overlay_loop_client_runs(client) != 1;
}

/* --- into a state ------------------------------------------------------------------- */

/* The quiet thread of a mount that began crowded is made when it is needed: an idle-class thread has to run to end. */
static void enter_quiet(struct watch *watch, int from)
{
        uint64_t counted, changes;

        if (overlay_loop_start_workers(watch->loop, 0, 1) == 0) {
                __atomic_store_n(&watch->loop->unfit, 1, __ATOMIC_SEQ_CST);
                return;
        }
        sum_requests(watch->loop, &watch->served, &counted, &changes);
        watch->stuck = watch->idle = 0;
        overlay_loop_load_restart(&watch->load);
        take_wish(watch->loop);
        overlay_loop_change_state(watch->loop, from, STATE_QUIET);
}

/* So that the quiet thread gets to finish what it holds, and the monitor to run. */
static void unpin_quiet(struct overlay_loop *loop)
{
        int r = 0;

        if (loop->workers[0].started)
                r = pthread_setaffinity_np(loop->workers[0].thread, OVERLAY_LOOP_CPUS_SIZE, loop->cpus);
        if (r == 0)
                r = pthread_setaffinity_np(loop->monitor, OVERLAY_LOOP_CPUS_SIZE, loop->cpus);
        if (r != 0)
                log_print(loop->log, LOG_DEBUG, "FUSE server: cannot unpin a thread: %s", strerror(r));
}

/* False when not one ordinary thread can be had. */
static bool ensure_threads(struct overlay_loop *loop, unsigned last)
{
        if (overlay_loop_start_workers(loop, 1, last) > 0)
                return true;
        log_print(loop->log, LOG_WARNING, "FUSE server: no further thread can be had; one idle-class thread serves");
        return false;
}

static void enter_ordinary(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        int64_t now = overlay_loop_now_ms();

        if (!is_unfit(loop))
                overlay_crowd_note(loop->crowd, now);
        watch->retry_at = now + RETRY_MS;
        if (!ensure_threads(loop, 2))
                return;
        loop_add(&loop->ordinary_phases, 1);
        overlay_loop_change_state(loop, STATE_QUIET, STATE_ORDINARY);
        unpin_quiet(loop);
}

static void enter_parallel(struct watch *watch, int from)
{
        struct overlay_loop *loop = watch->loop;
        int64_t now = overlay_loop_now_ms();
        uint64_t served;

        if (!ensure_threads(loop, loop->worker_count))
                return;
        watch->window_ms = now - watch->left_at < REENTRY_MS
                                   ? twice(watch->window_ms, CALM_WINDOW_MS, CALM_WINDOW_MAX_MS)
                                   : CALM_WINDOW_MS;
        watch->window_begin = now;
        sum_requests(loop, &served, &watch->window_counted, &watch->window_changes);
        __atomic_store_n(&loop->crowded, overlay_crowd_left(loop->crowd, now) > 0, __ATOMIC_RELAXED);
        loop_add(&loop->parallel_phases, 1);
        overlay_loop_change_state(loop, from, STATE_PARALLEL);
        unpin_quiet(loop);
}

/* --- in a state ----------------------------------------------------------------------- */

/* Does the quiet thread get too little of its CPU? Once per tick. */
static bool starves(struct watch *watch, bool waits)
{
        struct overlay_loop *loop = watch->loop;
        pid_t tid = __atomic_load_n(&loop->workers[0].tid, __ATOMIC_RELAXED);
        struct overlay_loop_sample sample;
        int r = 0;

        if (watch->no_load || tid == 0)
                return false;
        if (watch->load.fd < 0)
                r = overlay_loop_load_open(&watch->load, tid);
        if (r == 0)
                r = overlay_loop_load_read(&watch->load, &sample);
        if (r < 0 && __atomic_load_n(&loop->result, __ATOMIC_SEQ_CST) != 0)
                return false; /* the thread just ended, with the mount: /proc knows it no more */
        if (r < 0) {
                watch->no_load = true;
                log_print(loop->log, LOG_INFO,
                          "FUSE server: /proc does not tell how long a thread waits for its CPU (%s); only standstills "
                          "are noticed",
                          strerror(-r));
                return false;
        }
        /* one that waits for a disk does not starve */
        return overlay_loop_load_note(&watch->load, &sample, waits && overlay_loop_client_runs((uint32_t)tid) != 0);
}

static void watch_quiet(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        bool sleeps = watch->idle >= IDLE_TICKS, waits, moved, stalled, starved;
        uint64_t served, counted, changes;

        doze(loop, sleeps ? -1 : TICK_MS, sleeps);
        if (sleeps) {
                watch->idle = 0;
                overlay_loop_load_restart(&watch->load);
        }
        sum_requests(loop, &served, &counted, &changes);
        moved = served != watch->served;
        watch->served = served;
        waits = request_waits(watch);
        watch->stuck = waits && !moved ? watch->stuck + 1 : 0;
        watch->idle = waits || moved ? 0 : watch->idle + 1;
        stalled = watch->stuck >= STALL_TICKS;
        starved = starves(watch, waits);
        if (is_unfit(loop) || ((stalled || starved) && overlay_loop_now_ms() >= watch->retry_at)) {
                loop_add(&loop->stalls, stalled);
                watch->stuck = 0;
                enter_ordinary(watch);
        } else if (take_wish(loop)) {
                enter_parallel(watch, STATE_QUIET);
        }
}

/* Puts the ordinary thread on the CPU `cpu`; -1: on any. */
static void place_ordinary(struct watch *watch, int cpu)
{
        struct overlay_loop *loop = watch->loop;
        const pthread_t thread = loop->workers[1].thread;
        int r = cpu >= 0 ? overlay_loop_thread_pin(thread, cpu)
                         : pthread_setaffinity_np(thread, OVERLAY_LOOP_CPUS_SIZE, loop->cpus);

        if (r != 0) {
                log_print(loop->log, LOG_DEBUG, "FUSE server: cannot move a thread: %s", strerror(r));
                return;
        }
        watch->ordinary_cpu = cpu;
        if (cpu >= 0)
                __atomic_fetch_add(&loop->migrations, 1, __ATOMIC_RELAXED);
}

/*
 * The ordinary thread goes where its client is, and it is this thread that looks: a look may wait for the client, which
 * may wait for the server (loop_serve.c).
 */
static void follow_ordinary(struct watch *watch)
{
        uint32_t tid = __atomic_load_n(&watch->loop->workers[1].last_tid, __ATOMIC_RELAXED);
        int cpu = tid == 0 ? -1 : overlay_loop_client_cpu(&watch->client, tid);

        if (cpu >= 0 && cpu != watch->ordinary_cpu && loop_state(watch->loop) == STATE_ORDINARY)
                place_ordinary(watch, cpu);
}

static void watch_ordinary(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        int64_t left = overlay_crowd_left(loop->crowd, overlay_loop_now_ms());
        uint64_t served = loop_load(&loop->workers[1].served);

        if (is_unfit(loop)) {
                doze(loop, -1, false);
        } else if (left > 0) {
                bool moved = served != watch->served;

                watch->served = served;
                if (moved)
                        follow_ordinary(watch);
                doze(loop, moved && left > TICK_MS ? TICK_MS : (int)left, false);
        }
        if (take_wish(loop))
                enter_parallel(watch, STATE_ORDINARY);
        else if (left == 0 && !is_unfit(loop))
                enter_quiet(watch, STATE_ORDINARY);
        if ((loop_state(loop) != STATE_ORDINARY || is_unfit(loop)) && watch->ordinary_cpu >= 0)
                place_ordinary(watch, -1);
}

/* Clients compete no more: back to one thread. */
static void leave_parallel(struct watch *watch, int64_t now)
{
        struct overlay_loop *loop = watch->loop;

        watch->left_at = now;
        if (!is_unfit(loop) && overlay_crowd_left(loop->crowd, now) == 0) {
                enter_quiet(watch, STATE_PARALLEL);
                return;
        }
        take_wish(loop);
        overlay_loop_change_state(loop, STATE_PARALLEL, STATE_ORDINARY);
}

static void watch_parallel(struct watch *watch)
{
        struct overlay_loop *loop = watch->loop;
        uint64_t served, counted, changes;
        int64_t now;

        doze(loop, CALM_WINDOW_MS, false);
        now = overlay_loop_now_ms();
        if (now - watch->window_begin < watch->window_ms)
                return;
        sum_requests(loop, &served, &counted, &changes);
        if (counted - watch->window_counted == 0 ||
            (counted - watch->window_counted >= CALM_RATIO &&
             (changes - watch->window_changes) * CALM_RATIO < counted - watch->window_counted)) {
                leave_parallel(watch, now);
        } else if (counted - watch->window_counted >= CALM_RATIO) {
                watch->window_begin = now;
                watch->window_counted = counted;
                watch->window_changes = changes;
        }
}

/* What the quiet thread may not start; on all CPUs, although this thread is kept off the client's. */
static void start_lacking(struct overlay_loop *loop)
{
        struct overlay_session *session = loop->workers[0].session;
        cpu_set_t *own;

        if (!overlay_session_lacks_thread(session))
                return;
        own = CPU_ALLOC(OVERLAY_LOOP_CPUS_MAX);
        if (own != NULL && sched_getaffinity(0, OVERLAY_LOOP_CPUS_SIZE, own) == 0 &&
            sched_setaffinity(0, OVERLAY_LOOP_CPUS_SIZE, loop->cpus) == 0) {
                overlay_session_ensure_thread(session);
                (void)sched_setaffinity(0, OVERLAY_LOOP_CPUS_SIZE, own);
        } else {
                overlay_session_ensure_thread(session);
        }
        CPU_FREE(own);
}

void *overlay_loop_watch(void *argument)
{
        struct watch watch = {.loop = argument,
                              .load = OVERLAY_LOOP_LOAD_INIT,
                              .client = OVERLAY_LOOP_CLIENT_INIT,
                              .ordinary_cpu = -1,
                              .window_ms = CALM_WINDOW_MS,
                              .left_at = INT64_MIN / 2};

        pthread_mutex_lock(&watch.loop->lock); /* until the first threads are there */
        pthread_mutex_unlock(&watch.loop->lock);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        pthread_setname_np(pthread_self(), "bryo-fuse-watch");
        for (;;) {
                start_lacking(watch.loop);
                switch (loop_state(watch.loop)) {
                case STATE_QUIET:
                        watch_quiet(&watch);
                        break;
                case STATE_ORDINARY:
                        watch_ordinary(&watch);
                        break;
                case STATE_PARALLEL:
                        watch_parallel(&watch);
                        break;
                default:
                        overlay_loop_load_close(&watch.load);
                        overlay_loop_client_close(&watch.client);
                        return NULL;
                }
        }
}
