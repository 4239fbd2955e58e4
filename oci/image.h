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
 *     {"version":1,"created":"...","manifest":{descriptor},"list":{descriptor},"layers":[
 *       {"diffId":"sha256:...","size":N,"index":"NAME","writer":1},
 *       {"diffId":"sha256:...","size":N,"index":"NAME","blob":{descriptor},"origins":["docker.io/library/debian"]}]}
 */
struct oci_image_layer {
        struct sha256_digest diff_id;
        uint64_t size;   /* of the uncompressed tar */
        char *index;     /* name in OCI_STORE_INDEXES; NULL while nobody has made it */
        unsigned writer; /* 0: the tar is the blob named by diff_id; else the OCI_LAYER_WRITER_VERSION that makes it
                            from the index */
        struct oci_descriptor *blob; /* owned; the form this layer has in a manifest: what it was pulled or pushed as. The
                                        blob itself need not be here, and it is the tar when its digest is the diff ID.
                                        NULL: none yet */
        struct strv origins;         /* "registry/repository" of which it is known that they have `blob`; newest first */
};

struct oci_image {
        struct sha256_digest id;
        char *created;                  /* RFC 3339 as in the config, or NULL */
        struct oci_image_layer *layers; /* lowest first; count and diff IDs equal the config's */
        size_t layer_count;
        struct oci_descriptor
                *manifest; /* owned; the manifest as it came from outside or went there (its bytes are a blob), or NULL */
        struct oci_descriptor *list; /* owned; the index or manifest list it was chosen from (a blob, too), or NULL */
};

struct oci_image *oci_image_new(const struct sha256_digest *id);
void oci_image_free(struct oci_image *i);
void oci_image_cleanup(struct oci_image **i);
#define CLEANUP_IMAGE __attribute__((cleanup(oci_image_cleanup)))
/* Appends an empty layer and returns it, valid until the next add. */
struct oci_image_layer *oci_image_add_layer(struct oci_image *i);
/* Puts a repository ("docker.io/library/debian") first among the layer's origins; the oldest beyond OCI_LIMIT_ORIGINS go.
 * True when something changed. */
bool oci_image_layer_add_origin(struct oci_image_layer *l, const char *repository);
/* Replaces `blob` by a copy of `d`, and drops the origins when that is another blob. */
void oci_image_layer_set_blob(struct oci_image_layer *l, const struct oci_descriptor *d);
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
 * What a user typed -> image: a reference (with @digest: config, manifest or list digest of an image here), or an image ID,
 * "sha256:" and/or a prefix of its hex; localhost/NAME is also NAME, as podman says it. A tag wins over an ID that looks like it. ENOENT: "no such image: x"; EINVAL
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
        bool has_digest;             /* it came from a registry or went to one */
        struct sha256_digest digest; /* what the registry calls it: its index, or its manifest */
        char *created; /* RFC 3339 or NULL */
        int64_t created_seconds;
        uint64_t size;
};
/* Newest first, then by name. A record that cannot be read is logged and left out. */
int oci_image_list(struct oci_store *s, struct oci_image_row **ret, size_t *ret_count, struct error *err);
void oci_image_rows_free(struct oci_image_row *rows, size_t count);

#endif
