/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for locks that other builds hold. */
#include "builder/lock_wait.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define SHORTEST_PAUSE_NS INT64_C(1000000)
#define LONGEST_PAUSE_NS  INT64_C(100000000)
/* A pause is this part of what was waited already: so much longer than necessary anybody waits, and no more. */
#define PART 16

/* Sleeps, and returns for how long. A lock that is waited for in the kernel could not be given up when the build is. */
static int64_t pause_after(int64_t waited)
{
        int64_t part = waited / PART < SHORTEST_PAUSE_NS ? SHORTEST_PAUSE_NS : waited / PART;
        const struct timespec pause = {0, (long)(part < LONGEST_PAUSE_NS ? part : LONGEST_PAUSE_NS)};

        (void)nanosleep(&pause, NULL);
        return pause.tv_nsec;
}

int builder_lock_wait(struct builder_job *job, builder_lock_function *attempt, void *context, const char *waiting,
                      struct error *err)
{
        int64_t waited = 0;
        bool told = false;

        for (;;) {
                CLEANUP_ERROR struct error busy = ERROR_INIT;

                if (attempt(context, &busy) == 0)
                        return 0;
                if (busy.code != EWOULDBLOCK)
                        return error_move(err, &busy);
                if (builder_job_is_cancelled(job))
                        return error_set(err, ECANCELED, "another stage failed");
                if (!told)
                        log_print(job->workshop.log, job->options->siblings ? LOG_DEBUG : LOG_INFO, "%s", waiting);
                told = true;
                waited += pause_after(waited);
        }
}
