/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_PACK_H
#define BRYO_OCI_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "oci/compressed.h"
#include "oci/image.h"
#include "oci/labels.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * How an image looks outside the store: the manifest, and for each layer the blob that it names. Push, save, --output
 * and whoever asks for the manifest's digest all pack, so all of them say the same digest.
 *
 * - An image that came from outside goes out with the manifest it came with, byte for byte, as long as nothing is asked
 *   for that this manifest is not, and its blobs are to be had.
 * - In any other manifest, a layer that came from outside keeps the descriptor it came with (its media type translated
 *   to the manifest's family), unless `force` asks for another compression.
 * - A layer of ours, or one that came without a descriptor, is compressed as the options say; the blob is made now and
 *   kept (oci/compressed.h).
 *   Several layers at a time, by threads that all share.
 * - One family in an image: OCI's media types, or with `docker_types` Docker's schema 2, which has no zstd.
 */
struct oci_pack_options {
        struct oci_compress_options compress; /* of layers of ours; zeroed is NONE */
        bool force;        /* layers that came from outside in another compression are compressed again, too */
        bool docker_types; /* Docker's media types; EINVAL with a zstd layer */
        bool oci_types;    /* not even the image's own manifest may have Docker's */
        bool elsewhere;    /* a layer that came from outside may be named though its blob is not here: the caller
                              finds it where it came from. Else it is compressed again, which the log says */
        const struct oci_labels *annotations; /* of the manifest; may be NULL. EINVAL with `docker_types` */
        const struct oci_labels *descriptor_annotations; /* of the manifest's descriptor, wherever that is written; may be NULL */
        struct oci_layer_stream stream; /* used by several threads at once */
        const struct oci_compressed_watch *watch; /* of blobs that are made; from several threads; may be NULL */
        const struct log *log; /* may be NULL */
};

/* What everybody does who is not told otherwise. */
#define OCI_PACK_DEFAULT                                                                                               \
        {                                                                                                              \
                .compress = { OCI_COMPRESSION_GZIP, OCI_COMPRESS_LEVEL_DEFAULT, 0, NULL }                              \
        }

enum oci_packed_place {
        OCI_PACKED_BLOB,      /* in the store, under the descriptor's digest */
        OCI_PACKED_TAR,       /* the layer's tar: oci_layer_stream_tar gives it */
        OCI_PACKED_ELSEWHERE, /* not here */
};

struct oci_packed {
        struct oci_manifest *manifest;
        struct buffer bytes;              /* of the manifest */
        struct oci_descriptor descriptor; /* of the manifest, with the config's platform */
        enum oci_packed_place *places;    /* one for each layer of the manifest and of the image */
};

/*
 * Packs. The caller holds the shared gate until it has read the blobs, and frees with oci_packed_free; `ret` is set on
 * success only. The config is the blob `image->id` of the store. ENOENT names a layer whose bytes are not to be had.
 */
int oci_image_pack(struct oci_store *s, const struct oci_image *image, const struct oci_pack_options *o,
                   struct oci_packed **ret, struct error *err);
/*
 * Lists packed images in an index of their family, in their order. Appends its bytes to `ret_bytes`, which is empty; the
 * caller clears the descriptor.
 */
void oci_index_combine(struct oci_packed *const *packed, size_t count, const struct oci_labels *annotations, struct buffer *ret_bytes,
                       struct oci_descriptor *ret);
/* NULL is fine. */
void oci_packed_free(struct oci_packed *p);
void oci_packed_cleanup(struct oci_packed **p);
#define CLEANUP_PACKED __attribute__((cleanup(oci_packed_cleanup)))

#endif
