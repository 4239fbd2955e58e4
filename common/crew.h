/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_CREW_H
#define BRYO_COMMON_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* A few threads that go through a list of like tasks: the layers of an image, pulled, packed or pushed. */
struct crew;

/* Task `number` of the list. */
typedef int crew_function(struct crew *crew, void *context, size_t number, struct error *err);

/*
 * Runs tasks 0 to count - 1, begun in that order, at most `limit` at a time; the caller's thread is one of the workers,
 * and threads that cannot be had only make it slower. After a failure no task begins any more; the first error counts.
 */
int crew_run(size_t count, size_t limit, crew_function *function, void *context, struct error *err);
/* True once a task failed: whoever is in the middle of one may give up (any error will do). */
bool crew_is_over(struct crew *crew);

#endif
