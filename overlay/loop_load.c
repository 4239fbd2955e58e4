/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a serving thread starves. */
#include "overlay/loop_load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"

/*
 * A window long enough that the sampled share is known to 0.13 (one sigma). The difference of the two shares was 0.08
 * for healthy threads in the mean and 0.5 to 0.8 for starving ones, so a healthy one is 2.5 sigmas from being taken for
 * the other, and then costs no more than a short time without the idle class.
 */
#define WINDOW_TICKS 16
/* Starved: a request waited and the thread did not run for more than this part of the window ... */
#define UNSERVED_PERCENT 40
/* ... and it was runnable for this part of it. */
#define DELAYED_PERCENT 25

int overlay_loop_load_open(struct overlay_loop_load *load, pid_t tid)
{
        char path[64];

        snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", (int)tid);
        load->fd = open(path, O_RDONLY | O_CLOEXEC);
        return load->fd < 0 ? -errno : 0;
}

void overlay_loop_load_close(struct overlay_loop_load *load)
{
        load->fd = fd_close(load->fd);
}

int overlay_loop_load_read(const struct overlay_loop_load *load, struct overlay_loop_sample *ret)
{
        struct timespec ts;
        char text[80];
        ssize_t n = pread(load->fd, text, sizeof text - 1, 0);

        if (n < 0)
                return -errno;
        text[n] = '\0';
        if (sscanf(text, "%" SCNu64 " %" SCNu64, &ret->ran, &ret->delayed) != 2)
                return -EPROTO;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        ret->now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
        return 0;
}

void overlay_loop_load_restart(struct overlay_loop_load *load)
{
        load->begun = false;
}

bool overlay_loop_load_note(struct overlay_loop_load *load, const struct overlay_loop_sample *sample, bool waits)
{
        uint64_t elapsed, ran, delayed, waited;

        if (!load->begun) {
                load->begun = true;
                load->begin = *sample;
                load->ticks = load->waiting = 0;
                return false;
        }
        load->waiting += waits;
        if (++load->ticks < WINDOW_TICKS)
                return false;
        load->begun = false;
        elapsed = sample->now - load->begin.now;
        ran = sample->ran - load->begin.ran;
        delayed = sample->delayed - load->begin.delayed;
        waited = elapsed / WINDOW_TICKS * load->waiting;
        return waited > ran && (waited - ran) * 100 > elapsed * UNSERVED_PERCENT &&
               delayed * 100 > elapsed * DELAYED_PERCENT;
}
