/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LOCK_WAIT_H
#define BRYO_BUILDER_LOCK_WAIT_H

#include "builder/job.h"

/* One attempt at a lock: 0 when it is had, EWOULDBLOCK in `err` while somebody else has it. */
typedef int builder_lock_function(void *context, struct error *err);

/*
 * Tries again and again, so that a build that was cancelled meanwhile ends (ECANCELED): flock(2) itself would wait
 * for ever. `waiting` is told in the log once, when the first attempt finds the lock taken.
 */
int builder_lock_wait(struct builder_job *job, builder_lock_function *attempt, void *context, const char *waiting,
                      struct error *err);

#endif
