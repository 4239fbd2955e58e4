/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_SIBLINGS_H
#define BRYO_BUILDER_SIBLINGS_H

#include <stdbool.h>

/*
 * Builds of one command that run side by side, one for each platform (builder_build_options.siblings). They share how
 * many stages run at a time, and are given up together. What two of them would both execute, one does: the other waits
 * for its record (lock_wait.h), as two commands would.
 */
struct builder_siblings;
struct builder_job;

/* `jobs` stages at a time; 0: as builder_build_options.jobs. */
struct builder_siblings *builder_siblings_new(unsigned jobs);
/* All builds have returned. */
void builder_siblings_free(struct builder_siblings *s);
/* One of them failed: what the others execute is killed, and they fail. From any thread. */
void builder_siblings_cancel(struct builder_siblings *s);

/* For schedule.c; NULL is a build without siblings. */
bool builder_siblings_are_cancelled(const struct builder_siblings *s);
/* From join to leave the job's stages may be killed. */
void builder_siblings_join(struct builder_siblings *s, struct builder_job *job);
void builder_siblings_leave(struct builder_siblings *s, struct builder_job *job);
/* Waits until one more stage may run; give must follow. Whoever has a turn waits for nobody without one. */
void builder_siblings_take_turn(struct builder_siblings *s);
void builder_siblings_give_turn(struct builder_siblings *s);

/*
 * For cache_export.c: one writes the step cache at a time, from begin to end. True when another one has done so before,
 * to the places that all of them write to. False without siblings.
 */
bool builder_siblings_begin_export(struct builder_siblings *s);
void builder_siblings_end_export(struct builder_siblings *s);

#endif
