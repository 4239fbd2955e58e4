/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTEXT_AHEAD_H
#define BRYO_BUILDER_CONTEXT_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/body_table.h"
#include "common/strv.h"

/*
 * The bytes of small files, laid into a data file of the store while they are read for the key of a COPY, so that the copy
 * that follows opens none of them again and the disk has begun to write when it comes. Of one COPY; from any thread.
 *
 * Nothing is laid ahead that the store has already, and where that fails it is simply not done: the copy reads the file
 * again, and says what is wrong. When the step hits, the file goes with this object.
 */
struct builder_context_ahead;

/* Larger files are left to the copy, which shares their blocks with the context's where the disk can (FICLONE). */
#define BUILDER_AHEAD_MAX ((uint64_t)1 << 16)

/* `bodies` must outlive it. */
struct builder_context_ahead *builder_context_ahead_new(struct builder_body_table *bodies, const struct log *log);
/* Accepts NULL. What the copy took is the store's only after builder_context_ahead_keep. */
void builder_context_ahead_free(struct builder_context_ahead *a);
/* The whole content of a file, at most BUILDER_AHEAD_MAX bytes. */
void builder_context_ahead_add(struct builder_context_ahead *a, const struct sha256_digest *digest, const void *bytes,
                               uint64_t size);
/* Gives the empty `file` these bytes if they were added: *ret_done. */
int builder_context_ahead_share(struct builder_context_ahead *a, const struct sha256_digest *digest, uint64_t size,
                                const struct overlay_ref *file, bool *ret_done, struct error *err);
/* As the `keep` of source.h. After it nothing is added any more. */
int builder_context_ahead_keep(struct builder_context_ahead *a, struct strv *made, struct error *err);

#endif
