/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_COMMIT_H
#define BRYO_BUILDER_COMMIT_H

#include "builder/state.h"

/*
 * Makes an image of a finished state: computes the diff IDs that nobody knew
 * yet, writes config and image record, makes all of it durable, and moves the
 * tags, each step only when the one before is on disk. An image that is there already costs no write and no fsync.
 * `names` are full references without digest.
 */
int builder_commit(struct builder_workshop *w, struct builder_state *state, const struct strv *names,
                   struct sha256_digest *ret_image, struct error *err);
/* The first part of it: all layers are in the store with their diff IDs, and durable. */
int builder_commit_layers(struct builder_workshop *w, struct builder_state *state, struct error *err);
/* Syncs every data file that the index points at: COPY --from and flattening share extents of what other steps wrote. */
int builder_commit_sources(struct builder_workshop *w, const char *index_name, struct error *err);
/* A lazy layer (chain.h) is needed now: it comes into the store. */
int builder_commit_bring(struct builder_workshop *w, struct builder_layer *layer, struct error *err);

#endif
