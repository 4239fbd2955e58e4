/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_SCHEDULE_H
#define BRYO_BUILDER_SCHEDULE_H

#include "builder/job.h"

/*
 * Runs every stage that the target needs, each after those it stands on, up to
 * one for each CPU (at least four) at a time. The first stage that fails stops the others at once (their commands
 * are killed); its error is the build's. What had finished stays in the cache.
 */
int builder_schedule_run(struct builder_job *job, struct error *err);

/* Ends what the stages are executing; nothing new begins. Theirs are the errors of a build that was given up. From any thread. */
void builder_schedule_cancel(struct builder_job *job);
/* How many stages run at a time when `jobs` is asked for; 0: nothing is. */
size_t builder_schedule_limit(unsigned jobs);

/* One stage from FROM to its last instruction (build.c). */
int builder_stage_run(struct builder_job *job, size_t index, struct error *err);

#endif
