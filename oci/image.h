/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_IMAGE_H
#define BRYO_OCI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/sha256.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * An image of the store: its config blob (whose digest is the image ID) and a
 * record images/HEX that says where the bytes of each layer are:
 *
 *     {"version":1,"created":"...","manifest":{descriptor},"layers":[
 *       {"diffId":"sha256:...","size":N,"index":"NAME","writer":1},
 *       {"diffId":"sha256:...","size":N,"index":"NAME","blob":{descriptor}}]}
 */
struct oci_image_layer {
        struct sha256_digest diff_id;
        uint64_t size;   /* of the uncompressed tar */
        char *index;     /* name in OCI_STORE_INDEXES; NULL while nobody has made it */
        unsigned writer; /* 0: the tar is the blob named by diff_id; else the OCI_LAYER_WRITER_VERSION that makes it
                            from the index */
        struct oci_descriptor *blob; /* owned; the compressed blob this layer came as, or NULL */
};

struct oci_image {
        struct sha256_digest id;
        char *created;                  /* RFC 3339 as in the config, or NULL */
        struct oci_image_layer *layers; /* lowest first; count and diff IDs equal the config's */
        size_t layer_count;
        struct oci_descriptor
                *manifest; /* owned; the manifest as it came from outside (its bytes are a blob), or NULL */
};

struct oci_image *oci_image_new(const struct sha256_digest *id);
void oci_image_free(struct oci_image *i);
void oci_image_cleanup(struct oci_image **i);
#define CLEANUP_IMAGE __attribute__((cleanup(oci_image_cleanup)))
/* Appends an empty layer and returns it, valid until the next add. */
struct oci_image_layer *oci_image_add_layer(struct oci_image *i);
/* The sum of the layers' tars: the SIZE column. */
uint64_t oci_image_size(const struct oci_image *i);

/* Loads the record; ENOENT when the store has no such image. */
int oci_image_load(struct oci_store *s, const struct sha256_digest *id, struct oci_image **ret, struct error *err);
/* Writes the record (nothing when unchanged). The config blob must be in the store. */
int oci_image_save(struct oci_store *s, const struct oci_image *i, struct error *err);
/* Makes record, config and raw manifest last over a power cut; the layers' files are the caller's to sync first. */
int oci_image_sync(struct oci_store *s, const struct oci_image *i, struct error *err);
/* Removes the record only: blobs and indexes go with prune. */
int oci_image_remove(struct oci_store *s, const struct sha256_digest *id, struct error *err);
/* The image's config, its digest checked. */
int oci_image_load_config(struct oci_store *s, const struct sha256_digest *id, struct oci_config **ret,
                          struct error *err);

/* Calls `each` for every image of the store, in the order of their IDs. A record that cannot be read is logged and left
 * out. */
typedef int oci_image_function(void *context, const struct oci_image *i, struct error *err);
int oci_image_each(struct oci_store *s, oci_image_function *each, void *context, struct error *err);

/*
 * What a user typed -> image: a reference (with @digest: config or manifest digest of an image here), or an image ID,
 * "sha256:" and/or a prefix of its hex. A tag wins over an ID that looks like it. ENOENT: "no such image: x"; EINVAL
 * for several matches or nonsense. *ret_name (may be NULL) gets the full name that matched, or NULL; the caller frees
 * it.
 */
int oci_image_resolve(struct oci_store *s, const char *text, struct sha256_digest *ret_id, char **ret_name,
                      struct error *err);

/* One row of `image ls`: an image under one of its names, or with none. */
struct oci_image_row {
        char *repository; /* familiar; NULL for an image without a name */
        char *tag;        /* NULL likewise */
        char *name;       /* full; NULL likewise */
        struct sha256_digest id;
        char *created; /* RFC 3339 or NULL */
        int64_t created_seconds;
        uint64_t size;
};
/* Newest first, then by name. A record that cannot be read is logged and left out. */
int oci_image_list(struct oci_store *s, struct oci_image_row **ret, size_t *ret_count, struct error *err);
void oci_image_rows_free(struct oci_image_row *rows, size_t count);

#endif
