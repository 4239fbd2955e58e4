/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LOOP_STATE_H
#define BRYO_OVERLAY_LOOP_STATE_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "overlay/loop.h"
#include "overlay/loop_client.h"

/*
 * What the parts of the loop share: loop.c (threads come and go), loop_serve.c (what a serving thread
 * does) and loop_watch.c (the monitor).
 *
 * One word, `state`, says who serves; threads that have nothing to do sleep on it as a futex.
 * No lock is held while serving: an idle-class thread may be off its CPU for long, at any instruction.
 */

/* Serving threads at one time, unless the caller says otherwise: more only compete for the tree's lock. */
#define OVERLAY_LOOP_THREADS_MAX 8
/*
 * With more CPUs than this the parallel threads share an open file: a request wakes all that wait on one of their own,
 * and what that costs is measured for two.
 */
#define OVERLAY_LOOP_PINNED_MAX 4
/* Room in CPU masks; larger machines are served without pinning. */
#define OVERLAY_LOOP_CPUS_MAX  8192
#define OVERLAY_LOOP_CPUS_SIZE CPU_ALLOC_SIZE(OVERLAY_LOOP_CPUS_MAX)

enum loop_state { STATE_QUIET, STATE_ORDINARY, STATE_PARALLEL, STATE_ENDED };

enum loop_role {
        ROLE_ALWAYS,   /* in any state: policies SINGLE and PER_CPU */
        ROLE_QUIET,    /* idle class, in the quiet state */
        ROLE_ORDINARY, /* alone in the ordinary state, and one of the parallel ones unless these are pinned */
        ROLE_PARALLEL
};

/* What a thread that serves alone knows of its client. */
struct loop_follower {
        struct overlay_loop_client client;
        unsigned run;      /* requests of the last thread since it was last looked at */
        unsigned every;    /* look after so many: more and more, as long as it stays where it is */
        unsigned spared;   /* looks that were not necessary, in a row */
        unsigned failures; /* look-ups that failed, in a row */
        long preempted;    /* how often this thread was, when that was last asked */
        int cpu;           /* where this thread put itself; -1: anywhere */
        uint64_t window_counted, window_changes;
};

struct loop_worker {
        struct overlay_loop *loop;
        struct overlay_session *session; /* owned; set and closed under `lock` */
        enum loop_role role;
        int cpu; /* pinned to it; -1: not */
        bool started;
        bool batch; /* of class SCHED_BATCH; the thread's own */
        pthread_t thread;
        /* written by the thread alone (relaxed), read by the monitor */
        pid_t tid;       /* 0: not running yet */
        uint32_t client; /* whose request is served; 0: unknown */
        unsigned busy; /* from receiving a request until it is back for the next: also while `client` already runs on */
        uint64_t served;
        uint64_t counted;  /* of these, requests with a known client thread ... */
        uint64_t changes;  /* ... and how many came from another one than the request before */
        uint32_t last_tid; /* the last known client thread */
        struct loop_follower follower;
};

struct overlay_loop {
        const struct log *log;
        struct overlay_crowd *crowd;     /* borrowed, or `own_crowd` */
        struct overlay_crowd *own_crowd; /* owned; NULL: the caller has one */
        int state;                       /* enum loop_state, a futex */
        int broken;                      /* errno of the first reply that the kernel refused; 0: none */
        int result; /* errno the connection ended with; ENODEV is the good end. Set once, before state becomes ENDED */

        /* sessions and threads come and go under it; while serving taken only to move the monitor */
        pthread_mutex_t lock;
        struct loop_worker workers[OVERLAY_LOOP_THREADS_MAX + 2];
        unsigned worker_count;

        bool has_monitor;
        pthread_t monitor;
        int wake_fd;      /* eventfd: something for the monitor to look at now; -1 without a monitor */
        unsigned wish;    /* a thread that serves alone asks for the parallel state */
        unsigned pinned;  /* the parallel threads are: one on each CPU, with open files of their own */
        unsigned crowded; /* these are to be ordinary ones, because others keep the machine busy */
        unsigned unfit;   /* the quiet thread cannot do its part: the ordinary state in its place, for good */

        cpu_set_t *cpus; /* CPUs this process may use */
        unsigned cpu_count;

        uint64_t looks, migrations, ordinary_phases, parallel_phases, stalls; /* relaxed */
        struct overlay_session_counters closed_counters; /* of sessions that are closed; under `lock` */
};

static inline uint64_t loop_load(const uint64_t *counter)
{
        return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* For counters with one writer. */
static inline void loop_add(uint64_t *counter, uint64_t n)
{
        __atomic_store_n(counter, loop_load(counter) + n, __ATOMIC_RELAXED);
}

static inline int loop_state(const struct overlay_loop *loop)
{
        return __atomic_load_n(&loop->state, __ATOMIC_SEQ_CST);
}

/* --- loop.c --- */

/* Starts workers first, ..., last - 1; those that cannot be had are left out with a log line. Returns how many run. */
unsigned overlay_loop_start_workers(struct overlay_loop *loop, unsigned first, unsigned last);
/* Moves on to `to` unless the loop ended meanwhile. */
void overlay_loop_change_state(struct overlay_loop *loop, int from, int to);
void overlay_loop_wake_monitor(struct overlay_loop *loop);
/* CLOCK_MONOTONIC in ms, as the crowd takes it. */
int64_t overlay_loop_now_ms(void);
/* The first `reason` counts. */
void overlay_loop_end(struct overlay_loop *loop, int reason);

/* --- the bodies of threads --- */

void *overlay_loop_serve(void *worker); /* loop_serve.c */
void *overlay_loop_watch(void *loop);   /* loop_watch.c */

#endif
