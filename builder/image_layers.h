/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_IMAGE_LAYERS_H
#define BRYO_BUILDER_IMAGE_LAYERS_H

#include "builder/workshop.h"
#include "oci/image.h"

/* What becomes of an image's layers between its arrival (import, load) and its first name. */

/*
 * Gives each layer its index and opens the stack once, so that an image whose
 * layers do not fit together (a hard link to nothing) is refused when it comes
 * and not when it is used. The record is changed in memory only.
 */
int builder_image_index(struct builder_workshop *w, struct oci_image *image, struct error *err);

/* Makes what one layer needs last over a power cut: its bodies, its index, its compressed form. */
int builder_image_sync_layer(struct builder_workshop *w, const struct oci_image_layer *layer, struct error *err);
/* Makes all that the image needs last over a power cut: bodies, indexes, compressed layers, record and config. */
int builder_image_sync(struct builder_workshop *w, const struct oci_image *image, struct error *err);

#endif
