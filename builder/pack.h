/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PACK_H
#define BRYO_BUILDER_PACK_H

#include "builder/workshop.h"
#include "oci/pack.h"

/*
 * Packing images of the store (oci/pack.h says what that is), where the tars of layers built here come out of their
 * indexes.
 */

/* For oci_pack_options.stream; valid as long as the workshop. May be used by several threads. */
struct oci_layer_stream builder_pack_stream(struct builder_workshop *w);

/*
 * The descriptor of the manifest that an archive or a registry would hold, which compresses what was not yet; `ret` is
 * empty and the caller clears it. `options` NULL: OCI_PACK_DEFAULT; their stream is filled in.
 */
int builder_pack_describe(struct oci_store *store, const struct log *log, const struct sha256_digest *image,
                          const struct oci_pack_options *options, struct oci_descriptor *ret, struct error *err);

#endif
