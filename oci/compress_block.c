/* SPDX-License-Identifier: Apache-2.0 */
/* The two compressors behind one call: a block becomes gzip members or a zstd frame. */
#include "oci/compress_block.h"

#include <assert.h>
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "common/memory.h"
#include "oci/noise.h"

/* Deflate looks back 32 KiB, so a block of 1 MiB loses next to nothing; more would only cost memory. */
#define GZIP_BLOCK ((size_t)1 << 20)
/* libzstd's window at its default level is 2 MiB; a frame that is twice as long finds most of what one long frame does.
 */
#define ZSTD_BLOCK ((size_t)4 << 20)
/* Noise for as long as deflate looks back: what comes after it finds nothing to refer to, so cutting there loses nothing. */
#define STORED_MIN ((size_t)32 << 10)

struct oci_block_packer {
        enum oci_compression compression;
        int level;
        struct libdeflate_compressor *gzip, *store; /* `store` is one of level 0 */
        struct oci_noise noise;
        ZSTD_CCtx *zstd;
};

size_t oci_block_size(enum oci_compression compression)
{
        return compression == OCI_COMPRESSION_GZIP ? GZIP_BLOCK : ZSTD_BLOCK;
}

/* Of gzip as if each piece were a member of its own. */
size_t oci_block_bound(enum oci_compression compression)
{
        return compression == OCI_COMPRESSION_GZIP
                       ? GZIP_BLOCK / OCI_NOISE_PIECE * libdeflate_gzip_compress_bound(NULL, OCI_NOISE_PIECE)
                       : ZSTD_compressBound(ZSTD_BLOCK);
}

/* Both libraries say NULL for want of memory alone, which ends the program here as everywhere (common/memory.h). */
static void *check_memory(void *p)
{
        if (p == NULL)
                abort();
        return p;
}

/*
 * The tables of level 3 (libzstd's clevels.h: 2^17 and 2^16 entries) are larger than the cache that a processor has for itself,
 * and all processors compress: of half the size they are 15 to 45 % faster, for up to 1.6 % more bytes (bench/README.md).
 */
static void set_zstd(ZSTD_CCtx *c, int level)
{
        bool failed = ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level));

        if (level == 3)
                failed = failed || ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, 16)) ||
                         ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_chainLog, 15));
        if (failed) /* the level was checked before, and there is no other way */
                abort();
}

struct oci_block_packer *oci_block_packer_new(enum oci_compression compression, int level)
{
        struct oci_block_packer *p = memory_zalloc(1, sizeof(*p));

        p->compression = compression;
        p->level = level;
        if (compression == OCI_COMPRESSION_GZIP) {
                p->gzip = check_memory(libdeflate_alloc_compressor(level));
                p->store = check_memory(libdeflate_alloc_compressor(0));
                return p;
        }
        assert(compression == OCI_COMPRESSION_ZSTD);
        p->zstd = check_memory(ZSTD_createCCtx());
        set_zstd(p->zstd, level);
        return p;
}

void oci_block_packer_free(struct oci_block_packer *p)
{
        if (p == NULL)
                return;
        if (p->gzip != NULL)
                libdeflate_free_compressor(p->gzip);
        if (p->store != NULL)
                libdeflate_free_compressor(p->store);
        (void)ZSTD_freeCCtx(p->zstd);
        free(p);
}

bool oci_block_packer_is(const struct oci_block_packer *p, enum oci_compression compression, int level)
{
        return p->compression == compression && p->level == level;
}

/* ---- gzip ------------------------------------------------------------------------------ */

/* A block that becomes members. */
struct members {
        struct oci_block_packer *packer;
        const char *bytes;
        size_t done; /* of the bytes */
        char *ret;
        size_t size, room; /* of `ret` */
};

static int add_member(struct members *m, struct libdeflate_compressor *c, size_t end, struct error *err)
{
        size_t n = libdeflate_gzip_compress(c, m->bytes + m->done, end - m->done, m->ret + m->size, m->room - m->size);

        if (n == 0)
                return error_set(err, EIO, "libdeflate did not fit a block into its own bound");
        m->done = end;
        m->size += n;
        return 0;
}

/* Noise from `begin` to `end`, if it is long enough, and what lies before it. */
static int add_noise(struct members *m, size_t begin, size_t end, struct error *err)
{
        if (end - begin < STORED_MIN)
                return 0;
        if (begin > m->done && add_member(m, m->packer->gzip, begin, err) < 0)
                return -1;
        return add_member(m, m->packer->store, end, err);
}

/*
 * Deflate takes as long over bytes that it cannot make smaller as over others, and layers are full of packed files:
 * these are stored.
 */
static int pack_gzip(struct members *m, size_t size, struct error *err)
{
        size_t begin = 0; /* of the noise that ends at `at` */
        size_t at = 0;

        oci_noise_reset(&m->packer->noise);
        for (; size - at >= OCI_NOISE_PIECE; at += OCI_NOISE_PIECE) {
                if (oci_noise_has(&m->packer->noise, m->bytes + at))
                        continue;
                if (add_noise(m, begin, at, err) < 0)
                        return -1;
                begin = at + OCI_NOISE_PIECE;
        }
        if (add_noise(m, begin, at, err) < 0)
                return -1;
        return m->done < size || m->size == 0 ? add_member(m, m->packer->gzip, size, err) : 0;
}

int oci_block_pack(struct oci_block_packer *p, const void *bytes, size_t size, void *ret, size_t *ret_size,
                   struct error *err)
{
        size_t room = oci_block_bound(p->compression);

        if (p->gzip != NULL) {
                struct members m = {.packer = p, .bytes = bytes, .ret = ret, .room = room};

                if (pack_gzip(&m, size, err) < 0)
                        return -1;
                *ret_size = m.size;
                return 0;
        }
        *ret_size = ZSTD_compress2(p->zstd, ret, room, bytes, size);
        if (ZSTD_isError(*ret_size))
                return error_set(err, EIO, "libzstd cannot compress a block: %s", ZSTD_getErrorName(*ret_size));
        return 0;
}
