/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CACHE_CONFIG_H
#define BRYO_OCI_CACHE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/sha256.h"
#include "oci/json.h"

/*
 * What a step cache says of itself when it travels. It is the config of an image manifest whose layers are the bytes,
 * so that every registry takes it; or a member of an image's config, whose layers they are then (doc/cache.md shows
 * it):
 *
 *     {"version":1,
 *      "steps":[{"keys":["HEX",...],"identity":"HEX","created":[SEC,NSEC],"made":SEC,"title":"RUN ...",
 *                "layer":{"number":N,"diffId":"sha256:...","size":N}}],
 *      "mounts":[{"name":"HEX","id":"...","layer":{...}}]}
 *
 * A step without a layer changed nothing. `number` counts the manifest's (or the image's) layers from 0; several steps
 * may name one. It comes from outside: everything here is checked, and a document that breaks a rule is refused as a
 * whole.
 */
#define OCI_TYPE_CACHE_CONFIG "application/vnd.bryo.cache.config.v1+json"
/* The member of an image's config. */
#define OCI_CACHE_INLINE "bryo.cache.v1"

/* BuildKit's member of the same purpose: dropped from what is built on such an image. */
#define OCI_CACHE_INLINE_BUILDKIT "moby.buildkit.cache.v0"

/* Keys of one step: its definition's and its content's. */
#define OCI_CACHE_KEYS 4

struct oci_cache_layer {
        size_t number;
        struct sha256_digest diff_id;
        uint64_t size; /* of the uncompressed tar */
};

struct oci_cache_step {
        struct sha256_digest keys[OCI_CACHE_KEYS]; /* the last is the one the record is kept under */
        size_t key_count;                          /* at least 1 */
        struct sha256_digest identity;
        int64_t created; /* the time of its history entry */
        int32_t created_ns;
        int64_t made; /* when it was executed; seconds */
        char *title;  /* one line without control characters */
        bool has_layer;
        struct oci_cache_layer layer;
};

/* The directory of a RUN --mount=type=cache, whole. */
struct oci_cache_mount {
        char name[SHA256_HEX_SIZE + 1]; /* in OCI_STORE_CACHES */
        char *id;                       /* as records have it: printable */
        struct oci_cache_layer layer;
};

struct oci_cache_config {
        struct oci_cache_step *steps;
        size_t step_count, step_cap;
        struct oci_cache_mount *mounts;
        size_t mount_count, mount_cap;
};

#define OCI_CACHE_CONFIG_INIT                                                                                          \
        {                                                                                                              \
                .steps = NULL                                                                                          \
        }

/* Append an empty one, valid until the next add; what its fields point at becomes the config's. */
struct oci_cache_step *oci_cache_config_add_step(struct oci_cache_config *c);
struct oci_cache_mount *oci_cache_config_add_mount(struct oci_cache_config *c);
void oci_cache_config_free(struct oci_cache_config *c);
#define CLEANUP_CACHE_CONFIG __attribute__((cleanup(oci_cache_config_free)))

void oci_cache_config_format(const struct oci_cache_config *c, struct buffer *ret);
/*
 * Reads one; `layer_count` is how many layers there are to name. EINVAL names `what` and the member that is wrong; a
 * version that is not known is ENOTSUP. After a failure `ret` is still to be freed.
 */
int oci_cache_config_parse(const char *what, const void *bytes, size_t size, size_t layer_count,
                           struct oci_cache_config *ret, struct error *err);

#endif
