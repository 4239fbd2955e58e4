/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BODY_TABLE_H
#define BRYO_BUILDER_BODY_TABLE_H

#include <stdbool.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/store.h"
#include "overlay/tree.h"

/*
 * Which bytes lie where in the data files and layer tars of the store: by digest and size a
 * source and an offset, and the other way round. COPY lets a file that the store has
 * already share its bytes instead of reading and writing them again, and the content of
 * another stage need not be hashed again to make a key of it.
 *
 * Kept as the object OCI_STORE_DIGESTS/bodies, in this host's byte order:
 *
 *     16 bytes  "bryo-bodies 2\n"
 *     40 bytes  the boot in which it was written, padded with NUL
 *      8 bytes  number of entries
 *     32 bytes  SHA-256 of the entries
 *     entries   sorted by source and offset; struct entry of body_table.c
 *
 * It holds no more than what can be had again, and is believed only where it cannot be wrong: data files are not
 * synced when a step ends, so what a table of another boot says of them is dropped (a layer's tar was synced before its
 * image got a name); prune removes the table, durably, before it takes bytes away;
 * a source that is not in the store is not used. The shared gate keeps prune away while a table is open.
 * From any thread.
 */
struct builder_body_table;

/* Read at the first use. `store` and `pool` must outlive it. */
struct builder_body_table *builder_body_table_new(struct oci_store *store, struct overlay_pool *pool,
                                                  const struct log *log);
/* Accepts NULL. */
void builder_body_table_free(struct builder_body_table *t);

/* What it was made with; borrowed. */
struct oci_store *builder_body_table_store(const struct builder_body_table *t);
struct overlay_pool *builder_body_table_pool(const struct builder_body_table *t);

/* True if builder_body_table_share would find these bytes. */
bool builder_body_table_has(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size);
/* Gives the empty file `file` these bytes if the store has them: *ret_done. Its mtime is not touched. */
int builder_body_table_share(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size,
                             const struct overlay_ref *file, bool *ret_done, struct error *err);
/* The digest of a file's bytes, which are `size` and lie in `pieces`, if it is known. */
bool builder_body_table_find(struct builder_body_table *t, const struct overlay_piece *pieces, size_t count,
                             uint64_t size, struct sha256_digest *ret);
/* Remembers the digest of those bytes. Does nothing for bodies that are not one piece of a data file or a layer's tar.
 */
void builder_body_table_add(struct builder_body_table *t, const struct overlay_piece *pieces, size_t count,
                            uint64_t size, const struct sha256_digest *digest);
/* Writes what was learnt, if anything. Not synced. No other thread uses the table. */
int builder_body_table_save(struct builder_body_table *t, struct error *err);

/* Removes the table, durably; no table is fine. Before prune takes bytes away. */
int builder_body_table_drop(struct oci_store *store, struct error *err);

#endif
