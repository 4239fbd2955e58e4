/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for locks that other builds hold. */
#include "builder/lock_wait.h"

#include <errno.h>
#include <time.h>

#define FIRST_PAUSE_NS   1000000
#define LONGEST_PAUSE_NS 100000000

int builder_lock_wait(struct builder_job *job, builder_lock_function *attempt, void *context, const char *waiting,
                      struct error *err)
{
        struct timespec pause = {0, FIRST_PAUSE_NS};
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
                        log_print(job->workshop.log, LOG_INFO, "%s", waiting);
                told = true;
                (void)nanosleep(&pause, NULL);
                pause.tv_nsec = pause.tv_nsec * 2 < LONGEST_PAUSE_NS ? pause.tv_nsec * 2 : LONGEST_PAUSE_NS;
        }
}
