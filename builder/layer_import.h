/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LAYER_IMPORT_H
#define BRYO_BUILDER_LAYER_IMPORT_H

#include "builder/chain.h"
#include "oci/image.h"
#include "oci/layer_reader.h"

/*
 * Gives a layer whose uncompressed tar lies in the store as a blob its index.
 * Nothing is unpacked: the tar is the source of the bodies. A layer that has
 * its index is left alone.
 */
int builder_layer_import(struct builder_workshop *w, struct oci_image_layer *layer, struct error *err);

/*
 * The same for a packed layer that is still arriving, in one pass: its tar goes into the store under layer->diff_id, its
 * index is made meanwhile, and `layer` gets index, size and writer. EBADMSG when the tar has another digest. A failure
 * leaves nothing under a final name.
 */
int builder_layer_receive(struct builder_workshop *w, const struct oci_layer_feed *feed, struct oci_image_layer *layer,
                          struct error *err);

#endif
