/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LOOP_H
#define BRYO_OVERLAY_LOOP_H

#include "common/error.h"
#include "overlay/server.h"
#include "overlay/session.h"

/*
 * Which thread serves a FUSE connection, and where it runs.
 *
 * A request is a round trip of two context switches. With client and server on one CPU it
 * costs about 5 us, between two CPUs 10 to 100 (the other one must be woken); but a
 * server on its client's CPU makes two clients that could run side by side wait for
 * each other. So there are three states:
 *
 * - Quiet: one thread of scheduling class SCHED_IDLE serves, and moves to the CPU its
 *   client runs on. The class matters: a CPU that runs only idle-class threads counts as
 *   idle when the scheduler places the client it wakes up, so the client stays; an ordinary
 *   server chases its client from CPU to CPU (4032 moves in an unpacked tar, against 60).
 * - Ordinary: one ordinary thread serves, and follows too. For a machine that others keep busy: an
 *   idle-class thread gets next to nothing there (an untar took 30 s instead of 8, or never ended),
 *   and where no CPU is idle a client has no place to be chased to.
 * - Parallel: a thread pinned to each CPU, for clients that compete. All wait in poll(2) on open files of their own:
 *   a request wakes them all, and the one on the client's CPU, which the client is about to leave, is there first. They
 *   are of class SCHED_BATCH, which preempts nobody, so that those woken in vain disturb no client. (Beside unpinned
 *   ordinary threads, of which a request wakes the one that has waited longest, `make -j2` takes 0.82 of the time, npm
 *   0.72.) Where others keep the machine busy they are ordinary ones, which need not wait for the end of somebody's
 *   time slice. Without such files, or with many CPUs, ordinary threads share one.
 *
 * A mount that begins on a busy machine begins ordinary, and makes no idle-class thread until the machine has room for
 * one: it would have to be run even to end. How busy the machine is lasts longer than a mount: crowd.h.
 *
 * A further thread, the monitor, switches between them. The quiet and the ordinary thread are two because
 * an unprivileged thread cannot leave SCHED_IDLE (RLIMIT_NICE). Where the quiet state is not possible
 * (SCHED_IDLE or /proc refused) the ordinary one takes its place, and the log says so; with one
 * CPU, one ordinary thread is the best.
 */
struct overlay_loop;

/*
 * Starts serving. `first` is the session that answered INIT; it is taken, also on
 * failure. `opts` as for overlay_server_start, not NULL; its log is borrowed until free.
 */
int overlay_loop_start(struct overlay_session *first, const struct overlay_server_options *opts,
                       struct overlay_loop **ret, struct error *err);
/* Waits for the end of the mount and of all threads, and closes all descriptors. Fails if the end was another one. To
 * be called once. */
int overlay_loop_wait(struct overlay_loop *loop, struct error *err);
/* Makes all threads end soon and overlay_loop_wait fail with ECANCELED. From any thread, until free. */
void overlay_loop_abort(struct overlay_loop *loop);
void overlay_loop_get_counters(struct overlay_loop *loop, struct overlay_server_counters *ret);
/* After wait. Accepts NULL. */
void overlay_loop_free(struct overlay_loop *loop);

#endif
