/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_PLACE_H
#define BRYO_BUILDER_CACHE_PLACE_H

#include "builder/cache_options.h"
#include "builder/workshop.h"
#include "oci/manifest.h"

/*
 * Where a step cache travels to and comes from: a directory or a registry. Blobs by descriptor, and one manifest. The
 * bytes of a blob are checked against its digest by whoever reads them through builder_cache_place_layer or _load.
 */
struct builder_cache_place;

/* "the cache in DIR", for messages. Registries are asked through the workshop's client. */
char *builder_cache_place_title(const struct builder_cache_place_options *o);

/* `write`: blobs and a manifest will be put. To read a place that is not there is ENOENT. */
int builder_cache_place_open(const struct builder_cache_place_options *o, struct builder_workshop *w, bool write,
                             struct builder_cache_place **ret, struct error *err);
void builder_cache_place_close(struct builder_cache_place *p);
/* "registry/repository" of a place at a registry, for the origins of its layers; NULL for a directory. The caller frees it. */
char *builder_cache_place_origin(const struct builder_cache_place *p);

/* *ret is NULL when there is no manifest yet; the caller frees it. */
int builder_cache_place_manifest(struct builder_cache_place *p, struct oci_manifest **ret, struct error *err);
/* Appends a small blob, checked. */
int builder_cache_place_load(struct builder_cache_place *p, const struct oci_descriptor *d, size_t limit,
                             struct buffer *ret, struct error *err);
/*
 * Brings a layer into the store as its uncompressed tar, under its diff ID; of a registry also the blob, as a pull does: so a
 * push sends the layer on as it is. EBADMSG when blob or tar are not what descriptor, diff ID and size say: what is wrong gets no
 * final name.
 */
int builder_cache_place_layer(struct builder_cache_place *p, const struct oci_descriptor *d,
                              const struct sha256_digest *diff_id, uint64_t size, struct error *err);
/* A nameless file in the store's scratch, for writing and reading. */
int builder_cache_scratch(struct builder_workshop *w, int *ret_fd, struct error *err);

/* *ret: the place has the blob already. */
int builder_cache_place_has(struct builder_cache_place *p, const struct oci_descriptor *d, bool *ret,
                            struct error *err);
/* Puts a blob, from byte 0 of `fd`. */
int builder_cache_place_put(struct builder_cache_place *p, const struct oci_descriptor *d, int fd, struct error *err);
/* Lets the place's tag name this manifest. */
int builder_cache_place_commit(struct builder_cache_place *p, const void *manifest, size_t size, struct error *err);

#endif
