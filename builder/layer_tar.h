/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LAYER_TAR_H
#define BRYO_BUILDER_LAYER_TAR_H

#include "builder/chain.h"
#include "oci/layer_writer.h"

/*
 * A layer of ours as a tar: its index walked in canonical order, the bodies
 * read from their sources. The tar is never stored: the same index gives the
 * same bytes (doc/layer.md).
 */

/* Streams the tar into `write`. `index` NULL is the empty layer. */
int builder_layer_tar_stream(struct builder_workshop *w, const char *index, oci_write_function *write, void *context,
                             struct error *err);
/* Computes diff_id, size and writer of a layer that has none yet. */
int builder_layer_tar_digest(struct builder_workshop *w, struct builder_layer *layer, struct error *err);

#endif
