/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LAZY_BASE_H
#define BRYO_BUILDER_LAZY_BASE_H

#include "builder/job.h"

/*
 * The layers of a base image that is at a registry. A build with --cache-from may find every step, and then needs of an
 * intermediate stage's base only what identifies it: the diff IDs in its config, a few KB. Its layers are pulled when
 * something is executed on them, or the image needs them.
 */
struct builder_lazy_base;

/*
 * A stage's state on an image of which only the config was fetched. *ret_done is false, and nothing done, when the
 * image is better had as a whole: it is in the store, or no step can be found elsewhere. `platform` is borrowed until
 * the job is closed.
 */
int builder_lazy_base_load(struct builder_job *job, const char *text, const struct oci_platform *platform,
                           struct builder_state *ret, bool *ret_done, struct error *err);
/* The layer as it is in the store, pulled with its image at the first call; borrowed until the job is closed. From any
 * thread. */
int builder_lazy_base_layer(struct builder_lazy_base *base, const struct sha256_digest *diff_id,
                            const struct builder_layer **ret, struct error *err);
void builder_lazy_bases_free(struct builder_job *job);

#endif
