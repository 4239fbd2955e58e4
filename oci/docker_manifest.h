/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_DOCKER_MANIFEST_H
#define BRYO_OCI_DOCKER_MANIFEST_H

#include "common/buffer.h"
#include "oci/archive.h"

/*
 * manifest.json of a `docker save` archive (moby, image/tarexport): which
 * config and which layer tars make each image, and its names as docker prints
 * them. docker since 25 writes it beside an OCI layout and points into blobs/,
 * as this does; older ones load that, too. All of
 * them find out by themselves what a layer is compressed with. `packed` has the manifest of each item.
 */
void oci_docker_manifest_format(const struct oci_archive_item *items, struct oci_packed *const *packed, size_t count,
                                struct buffer *ret);

#endif
