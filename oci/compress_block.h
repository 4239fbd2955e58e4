/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_COMPRESS_BLOCK_H
#define BRYO_OCI_COMPRESS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "oci/layer_reader.h"

/*
 * One block of bytes to gzip members (libdeflate) or one zstd frame (libzstd). Internal to this room. A packer belongs
 * to one thread; the same bytes at the same level always give the same result.
 */
struct oci_block_packer;

/* `compression` is GZIP or ZSTD, `level` one of its own (gzip 0-9, zstd 1-22). Out of memory aborts. */
struct oci_block_packer *oci_block_packer_new(enum oci_compression compression, int level);
void oci_block_packer_free(struct oci_block_packer *p);
/* True if it was made with these. */
bool oci_block_packer_is(const struct oci_block_packer *p, enum oci_compression compression, int level);
/* Input bytes of a block; part of the format, as it were: another size gives other bytes. */
size_t oci_block_size(enum oci_compression compression);
/* The most that a block of that size becomes. */
size_t oci_block_bound(enum oci_compression compression);
/* `ret` has room for oci_block_bound bytes. */
int oci_block_pack(struct oci_block_packer *p, const void *bytes, size_t size, void *ret, size_t *ret_size,
                   struct error *err);

#endif
