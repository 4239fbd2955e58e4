/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LOOP_LOAD_H
#define BRYO_OVERLAY_LOOP_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Does a serving thread starve? Watched from another thread, tick by tick.
 *
 * Being runnable without running (the scheduler's run delay) is not enough: a quiet thread
 * is preempted by the very client it answers, and waits for its CPU while that client
 * computes. It starves when requests wait and it does not run for them, though it could. So two
 * shares of a window of ticks are compared: that in which a request waited and the thread was runnable, sampled at
 * each tick, and that in which the thread ran. A healthy thread runs for most of that time;
 * what remains is the switch from client to server, about 0.1. A thread that waits for a disk is not runnable, and the
 * run delay must tell the same.
 */

/* What the kernel counts for a thread, in ns (sched-stats: /proc/PID/task/TID/schedstat). */
struct overlay_loop_sample {
        uint64_t now;
        uint64_t ran;
        uint64_t delayed; /* runnable, not running */
};

struct overlay_loop_load {
        int fd; /* of schedstat; -1: none */
        struct overlay_loop_sample begin;
        unsigned ticks;   /* since `begin`; the first only begins a window */
        unsigned waiting; /* of these, with a request that waited for a runnable thread */
        bool begun;
};

#define OVERLAY_LOOP_LOAD_INIT                                                                                         \
        {                                                                                                              \
                .fd = -1                                                                                               \
        }

/* Of a thread of this process. Returns 0 or a negated errno: such a kernel does not tell. */
int overlay_loop_load_open(struct overlay_loop_load *load, pid_t tid);
void overlay_loop_load_close(struct overlay_loop_load *load);
/* Returns 0 or a negated errno. */
int overlay_loop_load_read(const struct overlay_loop_load *load, struct overlay_loop_sample *ret);

/* Forgets the window under way: nobody looked for a while. */
void overlay_loop_load_restart(struct overlay_loop_load *load);
/* Adds a tick; `waits`: a request waits for the thread, which is runnable. True when it completes a window in which
 * the thread starved. */
bool overlay_loop_load_note(struct overlay_loop_load *load, const struct overlay_loop_sample *sample, bool waits);

#endif
