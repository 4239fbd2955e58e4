/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_INDEX_H
#define BRYO_BUILDER_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/push.h"
#include "builder/workshop.h"
#include "common/buffer.h"
#include "common/strv.h"
#include "oci/manifest.h"
#include "oci/pack.h"

/*
 * An image for several platforms: an index, and an image of the store for each. The store keeps it as it keeps one that
 * was pulled: each record names the index (oci/image.h, "list"), whose bytes are a blob, and a tag names one of the
 * images; builder_image_find_local finds the others by the index.
 */
struct builder_index_options {
        struct builder_workshop *workshop;
        const struct sha256_digest *images;   /* their IDs, in the order of the index */
        const struct oci_pack_options *packs; /* how each is packed; stream and log are filled in */
        size_t count;
        const struct oci_labels *annotations; /* of the index; NULL: none */
        bool keep_tags;                       /* as of builder_push_options */
};

struct builder_index {
        struct oci_descriptor descriptor;
        struct buffer bytes;
};

#define BUILDER_INDEX_INIT                                                                                             \
        {                                                                                                              \
                .bytes = BUFFER_INIT                                                                                   \
        }

/* Packs all images (their layers are compressed now, and kept) and lists them. */
int builder_index_make(const struct builder_index_options *o, struct builder_index *ret, struct error *err);
void builder_index_clear(struct builder_index *x);
#define CLEANUP_BUILDER_INDEX __attribute__((cleanup(builder_index_clear)))

/*
 * The store has it, durable, and the names (full references) name its image for this machine, or the first if none runs
 * here.
 */
int builder_index_keep(const struct builder_index_options *o, const struct builder_index *x, const struct strv *names,
                       struct error *err);

/* An index that the store knows, and what it has of it. */
struct builder_index_kept {
        struct builder_index index;   /* its bytes as they came or were made */
        struct sha256_digest *images; /* the IDs of those that are here, in its order */
        size_t count;
        size_t missing;      /* images that are not here */
        size_t attestations; /* of BuildKit, about the images; a pull does not bring them */
};

#define BUILDER_INDEX_KEPT_INIT                                                                                        \
        {                                                                                                              \
                .index = BUILDER_INDEX_INIT                                                                            \
        }

/* The index that an image of the store is of; no images when it is of none. `ret` is to be empty, and is cleared by the caller
 * also after a failure. */
int builder_index_find(struct oci_store *store, const struct sha256_digest *image, struct builder_index_kept *ret,
                       struct error *err);
void builder_index_kept_clear(struct builder_index_kept *k);
#define CLEANUP_BUILDER_INDEX_KEPT __attribute__((cleanup(builder_index_kept_clear)))
/*
 * True if a push or save of the name takes the index: when all its images are here, unless it is an index of one image for the
 * sake of the attestations, without which the manifest says as much.
 */
bool builder_index_goes_whole(const struct builder_index_kept *k);
/* Says what of it does not go out with a push or save: images, attestations. */
void builder_index_tell(const struct builder_index_kept *k, const char *name, const struct log *log);
/*
 * As builder_index_make, but it is `old` again if its images still go out with the manifests it lists; else the
 * annotations of `old` are those of the new one.
 */
int builder_index_remake(const struct builder_index_options *o, const struct builder_index *old,
                         struct builder_index *ret, struct error *err);

/*
 * Brings the images to the registries of the destinations, each under its digest, and then the index: under the tags,
 * or with `by_digest` under its digest as well. A tag never stands for an index whose images are missing.
 */
int builder_index_push(const struct builder_index_options *o, const struct builder_index *x,
                       const struct strv *destinations, bool by_digest, const struct builder_push_watch *watch,
                       struct error *err);

#endif
