/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a serving thread does: takes its turn, answers a request, and, if it serves alone,
 * stays on its client's CPU. loop.h says why.
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/memory.h"
#include "overlay/loop_state.h"
#include "overlay/loop_thread.h"

/*
 * Requests of one thread in a row before its CPU is looked up: the first time, and at most. A look costs 3 to 6 us,
 * half a round trip; a client that stayed where it was is looked at half as often each time.
 */
#define LOOK_FIRST 4
#define LOOK_MOST  16
/* Looks that may be spared in a row because the client is here by all appearances (is_preempted). */
#define SPARE_MOST 15
/* Failed look-ups in a row before following is given up. A short-lived client may be gone at any one of them. */
#define LOOK_FAILURES 64

/* Clients compete when the requesting thread changes this often in a window of requests. */
#define MIX_WINDOW  128
#define MIX_CHANGES 24

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
                return overlay_session_pid(session) != 0; /* 0: writeback */
        }
}

/*
 * Is the client of this request outside of execve(2)? Some kernels guard /proc/TID/stat with the lock that execve(2)
 * holds while it replaces the address space and closes descriptors (begin_new_exec() in fs/exec.c). Of a client the
 * only requests from there are those that closing and unmapping a file sends (FLUSH, WRITE, and SETATTR for its times).
 * During any other one the client waits for its answer with that lock free, and so do all threads of its process.
 */
static bool may_look(const struct overlay_session *session)
{
        switch (overlay_session_opcode(session)) {
        case FUSE_SETATTR:
        case FUSE_WRITE:
        case FUSE_FLUSH:
        case FUSE_FSYNC:
                return false;
        default:
                return true;
        }
}

/*
 * An idle-class thread that answers a client of its own CPU is preempted by it, each time; one that answers across CPUs
 * is not. So the scheduler's count says where the client is, for a tenth of what a look costs. Another task of that CPU
 * preempts, too: now and then it must be a look.
 */
static bool is_preempted(struct loop_follower *follower, unsigned requests)
{
        struct rusage usage;
        long before = follower->preempted;

        if (getrusage(RUSAGE_THREAD, &usage) < 0)
                return false;
        follower->preempted = usage.ru_nivcsw;
        return usage.ru_nivcsw - before >= (long)(requests - requests / 4);
}

/* Everything but `cpu`: the monitor must not wake up where client and server take turns. */
static void keep_monitor_off(struct overlay_loop *loop, int cpu)
{
        cpu_set_t *others = CPU_ALLOC(OVERLAY_LOOP_CPUS_MAX);
        int r;

        if (others == NULL)
                return;
        memcpy(others, loop->cpus, OVERLAY_LOOP_CPUS_SIZE);
        CPU_CLR_S((size_t)cpu, OVERLAY_LOOP_CPUS_SIZE, others);
        /* refused: a CPU was taken away from this process meanwhile; the monitor then disturbs a little more */
        pthread_mutex_lock(&loop->lock); /* at the end of the mount the monitor goes first */
        r = loop->has_monitor ? pthread_setaffinity_np(loop->monitor, OVERLAY_LOOP_CPUS_SIZE, others) : 0;
        pthread_mutex_unlock(&loop->lock);
        if (r != 0)
                log_print(loop->log, LOG_DEBUG, "FUSE server: cannot move the monitor: %s", strerror(r));
        CPU_FREE(others);
}

/* For good: one of what quiet mode needs is not to be had here. */
static void give_up_quiet(struct overlay_loop *loop, const char *what, int error)
{
        log_print(loop->log, LOG_INFO, "FUSE server: %s: %s; serving with an ordinary thread (slower for one client)",
                  what, strerror(error));
        __atomic_store_n(&loop->unfit, 1, __ATOMIC_SEQ_CST);
        overlay_loop_wake_monitor(loop);
}

/*
 * For the quiet thread alone, while its client waits for the answer: then it is where it went to sleep, and the answer
 * wakes it up from there. Should a look wait for the client all the same, the monitor makes a standstill of that, and
 * the ordinary thread serves on; so that one never looks itself.
 */
static void look_and_follow(struct loop_worker *worker, uint32_t tid)
{
        struct overlay_loop *loop = worker->loop;
        struct loop_follower *follower = &worker->follower;
        int cpu = overlay_loop_client_cpu(&follower->client, tid);
        int r = cpu;

        loop_add(&loop->looks, 1);
        follower->every = follower->every < LOOK_MOST ? 2 * follower->every : LOOK_MOST;
        follower->spared = 0;
        if (cpu >= 0 && cpu != follower->cpu) {
                follower->every = LOOK_FIRST;
                r = -overlay_loop_thread_pin(pthread_self(), cpu);
                if (r == 0) {
                        follower->cpu = cpu;
                        __atomic_fetch_add(&loop->migrations, 1, __ATOMIC_RELAXED);
                        keep_monitor_off(loop, cpu);
                }
        }
        if (r >= 0) {
                follower->failures = 0;
                return;
        }
        /* soon again: it may never work here */
        follower->every = LOOK_FIRST;
        follower->spared = SPARE_MOST;
        if (++follower->failures == LOOK_FAILURES)
                give_up_quiet(loop, "cannot follow the clients' CPU", -r);
}

static void follow(struct loop_worker *worker, uint32_t tid, bool changed)
{
        struct overlay_loop *loop = worker->loop;
        struct loop_follower *follower = &worker->follower;
        bool stays;

        if (changed) {
                follower->run = 0;
                follower->every = LOOK_FIRST;
                follower->spared = SPARE_MOST;
                follower->window_changes++;
        }
        if (++follower->window_counted == MIX_WINDOW) {
                if (follower->window_changes >= MIX_CHANGES) {
                        __atomic_store_n(&loop->wish, 1, __ATOMIC_SEQ_CST);
                        overlay_loop_wake_monitor(loop);
                }
                follower->window_counted = 0;
                follower->window_changes = 0;
        }
        if (++follower->run < follower->every || worker->role != ROLE_QUIET || !may_look(worker->session) ||
            __atomic_load_n(&loop->unfit, __ATOMIC_RELAXED))
                return;
        stays = is_preempted(follower, follower->run);
        follower->run = 0;
        if (!stays || ++follower->spared > SPARE_MOST)
                look_and_follow(worker, tid);
}

/* --- serving ----------------------------------------------------------------------- */

static bool has_turn(const struct overlay_loop *loop, enum loop_role role, int state)
{
        switch (role) {
        case ROLE_ALWAYS:
                return true;
        case ROLE_QUIET:
                return state == STATE_QUIET;
        case ROLE_ORDINARY:
                return state == STATE_ORDINARY ||
                       (state == STATE_PARALLEL && !__atomic_load_n(&loop->pinned, __ATOMIC_RELAXED));
        case ROLE_PARALLEL:
                return state == STATE_PARALLEL;
        }
        return false;
}

static bool serves_alone(enum loop_role role, int state)
{
        return (role == ROLE_QUIET && state == STATE_QUIET) || (role == ROLE_ORDINARY && state == STATE_ORDINARY);
}

/* Back to all CPUs. The idle-class thread may starve before it gets here: the monitor does it as well. */
static void stop_following(struct loop_worker *worker)
{
        struct overlay_loop *loop = worker->loop;

        if (worker->follower.cpu < 0)
                return;
        worker->follower.cpu = -1;
        if (sched_setaffinity(0, OVERLAY_LOOP_CPUS_SIZE, loop->cpus) < 0)
                log_print(loop->log, LOG_DEBUG, "FUSE server: cannot unpin a thread: %s", strerror(errno));
}

/* loop.h says when which class is the better one. A refusal costs time, nothing else. */
static void choose_class(struct loop_worker *worker)
{
        const struct sched_param param = {0};
        bool batch = !__atomic_load_n(&worker->loop->crowded, __ATOMIC_RELAXED);

        if (worker->role != ROLE_PARALLEL || worker->cpu < 0 || batch == worker->batch)
                return;
        worker->batch = batch;
        if (sched_setscheduler(0, batch ? SCHED_BATCH : SCHED_OTHER, &param) < 0)
                log_print(worker->loop->log, LOG_DEBUG, "FUSE server: cannot change a thread's class: %s",
                          strerror(errno));
}

/* Sleeps while it is other threads' turn. False when the loop ended. */
static bool await_turn(struct loop_worker *worker)
{
        struct overlay_loop *loop = worker->loop;

        for (;;) {
                int state = loop_state(loop);

                if (state == STATE_ENDED)
                        return false;
                if (!serves_alone(worker->role, state))
                        stop_following(worker);
                if (has_turn(loop, worker->role, state))
                        break;
                syscall(SYS_futex, &loop->state, FUTEX_WAIT_PRIVATE, state, NULL, NULL, 0);
        }
        choose_class(worker);
        return true;
}

static void note_request(struct loop_worker *worker)
{
        uint32_t tid = overlay_session_pid(worker->session);
        bool changed = tid != __atomic_load_n(&worker->last_tid, __ATOMIC_RELAXED);

        if (!tells_where_client_is(worker->session))
                return;
        __atomic_store_n(&worker->last_tid, tid, __ATOMIC_RELAXED);
        loop_add(&worker->counted, 1);
        loop_add(&worker->changes, changed);
        if (serves_alone(worker->role, loop_state(worker->loop)))
                follow(worker, tid, changed);
}

static void become(struct loop_worker *worker)
{
        const struct sched_param param = {0};

        __atomic_store_n(&worker->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELAXED);
        pthread_setname_np(pthread_self(), worker->role == ROLE_QUIET ? "bryo-fuse-quiet"
                                           : worker->cpu >= 0         ? "bryo-fuse-cpu"
                                                                      : "bryo-fuse");
        if (worker->role == ROLE_QUIET) {
                if (sched_setscheduler(0, SCHED_IDLE, &param) < 0)
                        give_up_quiet(worker->loop, "SCHED_IDLE is refused", errno);
        } else if (worker->cpu >= 0) {
                int r = overlay_loop_thread_pin(pthread_self(), worker->cpu);

                if (r != 0)
                        log_print(worker->loop->log, LOG_INFO, "FUSE server: cannot pin a thread to CPU %d: %s",
                                  worker->cpu, strerror(r));
        }
}

/* A refused reply is a bug of this server: the step will fail for it, but serving goes on, so that nothing hangs. */
static void handle(struct loop_worker *worker)
{
        int r = overlay_session_handle(worker->session), none = 0;

        if (r < 0)
                __atomic_compare_exchange_n(&worker->loop->broken, &none, -r, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST);
        if (!overlay_session_lacks_thread(worker->session))
                return;
        if (worker->role == ROLE_QUIET)
                overlay_loop_wake_monitor(worker->loop); /* a thread of this one's would be of the idle class, too */
        else
                overlay_session_ensure_thread(worker->session);
}

/*
 * A serving thread. Cancellation is on only inside overlay_session_receive: everything it holds belongs to the loop.
 * (No AddressSanitizer for the reason given there.)
 */
__attribute__((no_sanitize_address)) void *overlay_loop_serve(void *argument)
{
        struct loop_worker *worker = argument;
        bool received;
        int r = 0;

        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        become(worker);
        while (r == 0 && await_turn(worker)) {
                r = overlay_session_receive(worker->session, &received);
                if (r < 0 || !received)
                        continue;
                __atomic_store_n(&worker->client, overlay_session_pid(worker->session), __ATOMIC_RELAXED);
                __atomic_store_n(&worker->busy, 1, __ATOMIC_RELAXED);
                note_request(worker);
                handle(worker);
                __atomic_store_n(&worker->busy, 0, __ATOMIC_RELAXED);
                loop_add(&worker->served, 1);
        }
        if (r < 0)
                overlay_loop_end(worker->loop, -r);
        return NULL;
}
