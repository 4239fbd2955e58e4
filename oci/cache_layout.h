/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CACHE_LAYOUT_H
#define BRYO_OCI_CACHE_LAYOUT_H

#include <stdbool.h>

#include "common/error.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * An OCI image layout (image-spec image-layout.md) as a place where step caches lie, one under each tag. Unlike an
 * archive it is written again and again: manifests of other tags stay, and blobs that no manifest names any more are
 * removed. What is read from one comes from outside: see oci/layout.h.
 */
struct oci_cache_layout;

/*
 * Opens the directory. To write, it is made if it is not there (with its parents), and locked until it is closed, so
 * that two exports do not remove each other's blobs. To read, ENOENT when it is not there.
 */
int oci_cache_layout_open(struct oci_store *s, const char *path, bool write, struct oci_cache_layout **ret,
                          struct error *err);
void oci_cache_layout_close(struct oci_cache_layout *l);

/*
 * The manifest under a tag (NULL: latest, or the only one), or with a digest; of an index the one for this machine.
 * *ret is NULL when there is none; the caller frees it.
 */
int oci_cache_layout_load(struct oci_cache_layout *l, const char *tag, const struct sha256_digest *digest,
                          struct oci_manifest **ret, struct error *err);
/* A blob of the descriptor's size; whether the bytes have its digest is the reader's to check. ENOENT: not there. */
int oci_cache_layout_blob(struct oci_cache_layout *l, const struct oci_descriptor *d, int *ret_fd, struct error *err);

/* Copies a blob in (from byte 0 of `fd`), unless it is there. */
int oci_cache_layout_put(struct oci_cache_layout *l, const struct oci_descriptor *d, int fd, struct error *err);
/* Lets the tag name this manifest, whose blobs were put, and removes the blobs that nothing names any more. */
int oci_cache_layout_commit(struct oci_cache_layout *l, const char *tag, const void *manifest, size_t size,
                            struct error *err);

#endif
