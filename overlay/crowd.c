/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers of a process know about how busy the machine is, from one mount to the next. */
#include "overlay/crowd.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

/*
 * How long no idle-class thread is tried after one starved: at first, and at most. It doubles when the next one starves
 * before it was allowed to serve for that long and RELAPSE_MS. A try costs a window of loop_load.c or a few ticks of
 * standstill, so a machine that stays busy unnoticed by the count of threads loses 1 % to them.
 */
#define HOLD_MS     100
#define HOLD_MAX_MS 6400
#define RELAPSE_MS  1000

/* A full machine is counted again after this time: one look is one moment. */
#define RECOUNT_MS 100

/* Beside the one who asks: a client, or the process that is about to become one. */
#define OWN_THREADS 2

struct overlay_crowd {
        pthread_mutex_t lock;
        const char *loadavg; /* borrowed; may be NULL */
        int64_t hold_ms;
        int64_t hold_until; /* CLOCK_MONOTONIC, ms */
        unsigned cpus;      /* of the machine: the count of threads is the machine's, too */
};

struct overlay_crowd *overlay_crowd_new(const char *loadavg)
{
        struct overlay_crowd *crowd = memory_zalloc(1, sizeof *crowd);
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        pthread_mutex_init(&crowd->lock, NULL);
        crowd->loadavg = loadavg;
        crowd->hold_until = INT64_MIN / 2;
        crowd->cpus = cpus > 0 ? (unsigned)cpus : 1;
        return crowd;
}

void overlay_crowd_free(struct overlay_crowd *crowd)
{
        if (crowd == NULL)
                return;
        pthread_mutex_destroy(&crowd->lock);
        free(crowd);
}

bool overlay_crowd_is_full(const char *loadavg, unsigned cpus)
{
        unsigned runnable;

        return sscanf(loadavg, "%*s %*s %*s %u/", &runnable) == 1 && runnable >= cpus + OWN_THREADS;
}

/* A machine that does not tell is taken for an empty one: starving is noticed all the same, only later. */
static bool machine_is_full(const struct overlay_crowd *crowd)
{
        CLEANUP_FD int fd = -1;
        char text[80];
        ssize_t n = -1;

        if (crowd->loadavg != NULL)
                fd = open(crowd->loadavg, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                n = read(fd, text, sizeof text - 1);
        if (n < 0)
                return false;
        text[n] = '\0';
        return overlay_crowd_is_full(text, crowd->cpus);
}

int64_t overlay_crowd_left(struct overlay_crowd *crowd, int64_t now_ms)
{
        int64_t left;

        pthread_mutex_lock(&crowd->lock);
        if (now_ms >= crowd->hold_until && machine_is_full(crowd))
                crowd->hold_until = now_ms + RECOUNT_MS;
        left = crowd->hold_until - now_ms;
        pthread_mutex_unlock(&crowd->lock);
        return left > 0 ? left : 0;
}

void overlay_crowd_note(struct overlay_crowd *crowd, int64_t now_ms)
{
        pthread_mutex_lock(&crowd->lock);
        if (now_ms >= crowd->hold_until) { /* else another mount's thread was first to say so */
                int64_t twice = 2 * crowd->hold_ms;

                if (now_ms - crowd->hold_until >= crowd->hold_ms + RELAPSE_MS || twice < HOLD_MS)
                        twice = HOLD_MS;
                crowd->hold_ms = twice > HOLD_MAX_MS ? HOLD_MAX_MS : twice;
                crowd->hold_until = now_ms + crowd->hold_ms;
        }
        pthread_mutex_unlock(&crowd->lock);
}
