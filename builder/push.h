/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PUSH_H
#define BRYO_BUILDER_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/workshop.h"
#include "common/strv.h"
#include "oci/manifest.h"
#include "oci/pack.h"
#include "oci/registry.h"

/*
 * An image of the store goes to registries. It is packed first (oci/pack.h), so that a pulled layer goes out under the
 * descriptor it came with and a layer of ours is compressed once. Then, for each repository: blobs that it lacks,
 * several at a time, mounted from another repository of the registry where that is known to have them; the manifest
 * last.
 *
 * What went where is remembered in the image's record, for the mounts of later pushes.
 */
struct builder_push_watch {
        /* `name` is a blob's digest; the last call for it has done == total. One call at a time; each may be NULL. */
        void (*transfer)(void *context, const char *name, uint64_t done, uint64_t total);
        bool (*is_cancelled)(void *context);
        void *context;
};

struct builder_push_options {
        struct builder_workshop *workshop; /* with its registry client; borrowed */
        const struct sha256_digest *image;
        const struct strv *destinations;        /* full references */
        bool by_digest;                         /* the manifest is put under its digest, and no tag is moved */
        bool keep_tags; /* a tag that the registry never moves stays where it is, with a warning instead of an error */
        const struct oci_pack_options *pack;    /* stream and log are filled in; NULL: OCI_PACK_DEFAULT */
        const struct builder_push_watch *watch; /* may be NULL */
};

struct builder_push_result {
        struct oci_descriptor manifest;  /* of what was pushed; the caller clears it */
        uint64_t bytes;                  /* that were uploaded */
        size_t uploaded, mounted, there; /* blobs, by what became of them */
        size_t current;                  /* destinations that had the image already: nothing was sent there */
};

/* A failure may leave blobs at the registry, and tags moved in the order of the destinations; never a tag without its
 * blobs. */
int builder_push(const struct builder_push_options *o, struct builder_push_result *ret, struct error *err);

/* The last step of a push: manifest or index `d` with its bytes, all of whose blobs are there. */
int builder_push_manifest(struct builder_workshop *w, const struct oci_reference *ref, const struct oci_descriptor *d,
                          const struct buffer *bytes, bool keep_tags, struct error *err);

#endif
