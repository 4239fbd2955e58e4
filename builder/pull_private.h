/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PULL_PRIVATE_H
#define BRYO_BUILDER_PULL_PRIVATE_H

#include "builder/pull.h"
#include "common/buffer.h"
#include "oci/image.h"

/* What the files of a pull share; nobody else includes this. */
struct builder_pull {
        struct builder_pull_options options; /* `ref` is NULL: see below */
        struct oci_reference *ref;           /* of the repository, with what was asked for; owned */
        struct buffer list;                  /* the raw index; empty when there is none */
        struct buffer manifest;
        struct buffer config_bytes;
        struct oci_descriptor list_descriptor, manifest_descriptor; /* media type, digest and size */
        struct oci_manifest *parsed;
        struct oci_config *config;
        struct sha256_digest id;
};

/*
 * Has all layers of `image` (whose diff IDs are set) in the store, durable: taken from what is there or fetched.
 * Adds to *bytes what came from the registry.
 */
int builder_pull_layers(struct builder_pull *p, struct oci_image *image, const struct builder_pull_watch *watch,
                        uint64_t *bytes, struct error *err);

#endif
