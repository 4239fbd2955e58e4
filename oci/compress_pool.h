/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_COMPRESS_POOL_H
#define BRYO_OCI_COMPRESS_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "oci/compress.h"

/* The threads behind compressors (oci/compress.h), and the blocks they pack. Internal to this room. */
struct oci_compress_block {
        char *in, *out; /* room for a block of any compression */
        size_t in_size, out_size;
        struct error err;                   /* after packing: why there is no `out` */
        struct oci_compress_block *younger; /* the next one of its stream: the stream's alone */
        struct oci_compress_block *next;    /* in the pool's lists; this and the rest are the pool's */
        enum oci_compression compression;
        int level;
        bool packed;
};

/* An empty block. NULL when all are in use and `wait` is not set: only who has none may wait, or all would wait for all. */
struct oci_compress_block *compress_pool_take(struct oci_compress_pool *p, bool wait);
void compress_pool_give(struct oci_compress_pool *p, struct oci_compress_block *b);
/* Has it packed by some thread; where no thread can be had, by this one at once. */
void compress_pool_submit(struct oci_compress_pool *p, struct oci_compress_block *b, enum oci_compression compression, int level);
bool compress_pool_is_packed(struct oci_compress_pool *p, const struct oci_compress_block *b);
void compress_pool_wait(struct oci_compress_pool *p, const struct oci_compress_block *b);
/* Packs here and now a block that is not handed in. */
void compress_pool_pack(struct oci_compress_block *b, enum oci_compression compression, int level);

#endif
