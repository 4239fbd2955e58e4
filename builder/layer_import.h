/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LAYER_IMPORT_H
#define BRYO_BUILDER_LAYER_IMPORT_H

#include "builder/chain.h"
#include "oci/image.h"

/*
 * Gives a layer whose uncompressed tar lies in the store as a blob its index.
 * Nothing is unpacked: the tar is the source of the bodies. A layer that has
 * its index is left alone.
 */
int builder_layer_import(struct builder_workshop *w, struct oci_image_layer *layer, struct error *err);

#endif
