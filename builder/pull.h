/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PULL_H
#define BRYO_BUILDER_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/workshop.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "oci/registry.h"

/*
 * An image of a registry becomes one of the store, in two steps: what it is (manifest and config, a few KB) and its
 * layers. A layer is decompressed, digested and indexed while it arrives, several at a time. What the store has
 * already, whole or in part, is not fetched again.
 *
 * Nothing gets a final name before its digest and size were checked. A pull that fails or is killed leaves its layers
 * that are whole, the parts of the others in OCI_STORE_PARTIAL, and no image.
 */
struct builder_pull;

/* How whoever waits looks on. Called from several threads, one call at a time; each may be NULL. */
struct builder_pull_watch {
        /* `name` is a layer's digest; the last call for it has done == total. */
        void (*transfer)(void *context, const char *name, uint64_t done, uint64_t total);
        bool (*is_cancelled)(void *context);
        void *context;
};

struct builder_pull_options {
        struct builder_workshop *workshop; /* borrowed, as all here, until the pull is freed */
        struct oci_registry *registry;
        const struct oci_reference *ref;     /* full */
        const struct oci_platform *platform; /* for an index; NULL: this machine */
        bool platform_asked;                 /* and an image that is not one is refused */
};

/*
 * Asks what the reference names. ENOENT: the registry does not have it. Schema 1, artifacts that are no images, layers
 * of unknown kinds, foreign layers and platforms that are not there are refused, each in one sentence.
 */
int builder_pull_open(const struct builder_pull_options *o, struct builder_pull **ret, struct error *err);
void builder_pull_free(struct builder_pull *p);
void builder_pull_cleanup(struct builder_pull **p);
#define CLEANUP_PULL __attribute__((cleanup(builder_pull_cleanup)))

/* What it is. Borrowed. */
const struct sha256_digest *builder_pull_id(const struct builder_pull *p);
const struct oci_config *builder_pull_config(const struct builder_pull *p);
/* The digest that the reference stands for: of the index, or else of the manifest. */
const struct sha256_digest *builder_pull_digest(const struct builder_pull *p);

/* Its manifest, the raw config, and the raw index that it was chosen from (empty when there was none). */
const struct oci_manifest *builder_pull_manifest(const struct builder_pull *p);
const struct buffer *builder_pull_raw_config(const struct builder_pull *p);
const struct buffer *builder_pull_raw_list(const struct builder_pull *p);

/*
 * Fetches the layers and makes the image's record; everything is durable then. *ret_bytes (may be NULL) is what came
 * from the registry. No tag is moved.
 */
int builder_pull_fetch(struct builder_pull *p, const struct builder_pull_watch *watch, uint64_t *ret_bytes,
                       struct error *err);

#endif
