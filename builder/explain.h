/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EXPLAIN_H
#define BRYO_BUILDER_EXPLAIN_H

#include "builder/job.h"
#include "builder/record.h"
#include "builder/step.h"

/*
 * `bryo build --explain`: why each step was found in the cache or executed.
 *
 * One file of OCI_STORE_PARTS for each Dockerfile and context holds, of every
 * step, the parts of its key (parts.h) when it was last executed:
 *
 *     bryo-parts 1
 *     step 3 0 build RUN make
 *     5f2a90cc01d37e44 argument VERSION
 *     ...
 *
 * "step INDEX NTH STAGE TITLE": its place in the stage, which of those with
 * the same words it is, the stage's name. It is written once, at the end of a build that executed something, and not
 * synced; without it --explain knows less, and nothing else does.
 */
struct builder_explain;

struct builder_explain *builder_explain_new(void);
void builder_explain_free(struct builder_explain *e);

/* A step of the stage is looked up: from here on the others may be called for it. */
void builder_explain_visit(const struct builder_site *site, const struct builder_step *step);
/* With --explain: tells why the step is executed; the parts are those of its last key. */
void builder_explain_miss(const struct builder_site *site, const struct builder_step *step, unsigned number);
/* With --explain: tells what made it be found. */
void builder_explain_hit(const struct builder_site *site, const struct builder_step *step,
                         const struct builder_record *record, unsigned number);
/* It was executed: its parts are kept. */
void builder_explain_keep(const struct builder_site *site);
/* Writes what was kept. */
int builder_explain_save(struct builder_job *job, struct error *err);

#endif
