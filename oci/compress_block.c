/* SPDX-License-Identifier: Apache-2.0 */
/* The two compressors behind one call: a block becomes a gzip member or a zstd frame. */
#include "oci/compress_block.h"

#include <assert.h>
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "common/memory.h"

/* Deflate looks back 32 KiB, so a member of 1 MiB loses next to nothing; more would only cost memory. */
#define GZIP_BLOCK ((size_t)1 << 20)
/* libzstd's window at its default level is 2 MiB; a frame that is twice as long finds most of what one long frame does.
 */
#define ZSTD_BLOCK ((size_t)4 << 20)

struct oci_block_packer {
        enum oci_compression compression;
        struct libdeflate_compressor *gzip;
        ZSTD_CCtx *zstd;
};

size_t oci_block_size(enum oci_compression compression)
{
        return compression == OCI_COMPRESSION_GZIP ? GZIP_BLOCK : ZSTD_BLOCK;
}

size_t oci_block_bound(enum oci_compression compression)
{
        return compression == OCI_COMPRESSION_GZIP ? libdeflate_gzip_compress_bound(NULL, GZIP_BLOCK)
                                                   : ZSTD_compressBound(ZSTD_BLOCK);
}

/* Both libraries say NULL for want of memory alone, which ends the program here as everywhere (common/memory.h). */
static void *check_memory(void *p)
{
        if (p == NULL)
                abort();
        return p;
}

struct oci_block_packer *oci_block_packer_new(enum oci_compression compression, int level)
{
        struct oci_block_packer *p = memory_zalloc(1, sizeof(*p));

        p->compression = compression;
        if (compression == OCI_COMPRESSION_GZIP) {
                p->gzip = check_memory(libdeflate_alloc_compressor(level));
                return p;
        }
        assert(compression == OCI_COMPRESSION_ZSTD);
        p->zstd = check_memory(ZSTD_createCCtx());
        /* the level was checked before, and there is no other way for this to fail */
        if (ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, level)))
                abort();
        return p;
}

void oci_block_packer_free(struct oci_block_packer *p)
{
        if (p == NULL)
                return;
        if (p->gzip != NULL)
                libdeflate_free_compressor(p->gzip);
        (void)ZSTD_freeCCtx(p->zstd);
        free(p);
}

int oci_block_pack(struct oci_block_packer *p, const void *bytes, size_t size, void *ret, size_t *ret_size,
                   struct error *err)
{
        size_t room = oci_block_bound(p->compression);

        if (p->gzip != NULL) {
                *ret_size = libdeflate_gzip_compress(p->gzip, bytes, size, ret, room);
                return *ret_size > 0 ? 0 : error_set(err, EIO, "libdeflate did not fit a block into its own bound");
        }
        *ret_size = ZSTD_compress2(p->zstd, ret, room, bytes, size);
        if (ZSTD_isError(*ret_size))
                return error_set(err, EIO, "libzstd cannot compress a block: %s", ZSTD_getErrorName(*ret_size));
        return 0;
}
