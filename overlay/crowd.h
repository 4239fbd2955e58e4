/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_CROWD_H
#define BRYO_OVERLAY_CROWD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How busy the machine is, as far as it matters to the servers of mounts: may they use an idle-class thread (loop.h),
 * or would it starve? The object outlives the mounts: a RUN of ten milliseconds is over before starving can be told
 * from bad luck, and what one mount paid for finding out the next need not pay again.
 *
 * Two things are known. The kernel tells how many threads of the machine could run at this moment (/proc/loadavg, the
 * fourth number): that costs 20 us and no starving, but where /proc is another's view, or the competitors are many for
 * one CPU only, it says nothing. And an idle-class thread that was seen to starve: then there is none for a while,
 * longer each time.
 *
 * All calls may come from any thread.
 */
struct overlay_crowd;

/* `loadavg` is the file that counts threads, "/proc/loadavg", or NULL: they are not counted. It is borrowed. */
struct overlay_crowd *overlay_crowd_new(const char *loadavg);
/* Accepts NULL. */
void overlay_crowd_free(struct overlay_crowd *crowd);

/* For how many ms, from `now_ms` of CLOCK_MONOTONIC, no idle-class thread should serve; then ask again. 0: it may. */
int64_t overlay_crowd_left(struct overlay_crowd *crowd, int64_t now_ms);
/* An idle-class thread starved at `now_ms`. */
void overlay_crowd_note(struct overlay_crowd *crowd, int64_t now_ms);

/* --- shown for its test --- */

/* Do so many runnable threads, the caller among them, keep `cpus` busy? `loadavg` is the file's text; one that is not
 * understood is no crowd. */
bool overlay_crowd_is_full(const char *loadavg, unsigned cpus);

#endif
