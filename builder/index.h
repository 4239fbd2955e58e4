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

/*
 * The index that an image of the store is of, and the images that it lists: *ret_count of them, in its order; 0 when
 * the image is of none, or not all of them are here. `ret` is its bytes as they came or were made. The caller frees
 * *ret_images.
 */
int builder_index_find(struct oci_store *store, const struct sha256_digest *image, struct sha256_digest **ret_images,
                       size_t *ret_count, struct builder_index *ret, struct error *err);
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
