/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream: its blocks wait in a line, from the one that is being filled to the oldest that is not written out. The
 * threads of the pool (oci/compress_pool.h) pack them, this thread writes out whichever is oldest as soon as it is packed; so the
 * order of the output is that of the input whoever packed what.
 */
#include "oci/compress.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/compress_block.h"
#include "oci/compress_pool.h"

/*
 * libdeflate's levels are not zlib's: 2 packs a little tighter than what podman and BuildKit push (klauspost's
 * gzip at its default), in half of their processor time. bench/README.md has the figures.
 */
#define GZIP_LEVEL 2
/* What zstd(1) uses. */
#define ZSTD_LEVEL 3

struct oci_compressor {
        struct oci_compress_options options; /* level filled in */
        oci_write_function *write;
        void *context;
        struct oci_compress_pool *pool, *own; /* `own` is the pool, if it is not borrowed */
        struct oci_compress_block *filling;   /* NULL before the first byte, and while one is waited for */
        struct oci_compress_block *oldest, *youngest; /* handed in and not written out */
};

/* ---- options ------------------------------------------------------------------------- */

static const struct {
        const char *name;
        enum oci_compression compression;
} names[] = {
        {"none", OCI_COMPRESSION_NONE},   {"gzip", OCI_COMPRESSION_GZIP}, {"zstd", OCI_COMPRESSION_ZSTD},
        {"bzip2", OCI_COMPRESSION_BZIP2}, {"xz", OCI_COMPRESSION_XZ},     {"uncompressed", OCI_COMPRESSION_NONE},
};

int oci_compression_parse(const char *text, enum oci_compression *ret, struct error *err)
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                enum oci_compression c = names[i].compression;

                /* bzip2 and xz are read where tars are unpacked, but no layer's media type says them */
                if (strcmp(names[i].name, text) != 0 || c == OCI_COMPRESSION_BZIP2 || c == OCI_COMPRESSION_XZ)
                        continue;
                *ret = c;
                return 0;
        }
        return error_set(err, EINVAL, "the compressions are gzip, zstd and none, not %s", text);
}

const char *oci_compression_name(enum oci_compression c)
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (names[i].compression == c)
                        return names[i].name;
        abort();
}

int oci_compress_check(const struct oci_compress_options *o, struct error *err)
{
        bool gzip = o->compression == OCI_COMPRESSION_GZIP;
        int last = gzip ? 9 : 22;

        if (o->level == OCI_COMPRESS_LEVEL_DEFAULT)
                return 0;
        if (o->compression == OCI_COMPRESSION_NONE && o->level == 0)
                return 0;
        if (o->compression == OCI_COMPRESSION_NONE)
                return error_set(err, EINVAL, "layers that are not compressed have no compression level %d", o->level);
        if (o->level < 0 || o->level > last)
                return error_set(err, EINVAL, "the levels of %s are 0 to %d, not %d",
                                 oci_compression_name(o->compression), last, o->level);
        return 0;
}

int oci_compress_level(const struct oci_compress_options *o)
{
        switch (o->compression) {
        case OCI_COMPRESSION_GZIP:
                return o->level == OCI_COMPRESS_LEVEL_DEFAULT ? GZIP_LEVEL : o->level;
        case OCI_COMPRESSION_ZSTD:
                return o->level == OCI_COMPRESS_LEVEL_DEFAULT || o->level == 0 ? ZSTD_LEVEL : o->level;
        case OCI_COMPRESSION_NONE:
        case OCI_COMPRESSION_BZIP2:
        case OCI_COMPRESSION_XZ:
        default:
                return 0;
        }
}

/* ---- streams ------------------------------------------------------------------------- */

int oci_compressor_new(const struct oci_compress_options *o, oci_write_function *write, void *context,
                       struct oci_compressor **ret, struct error *err)
{
        struct oci_compressor *c;

        assert(o->compression == OCI_COMPRESSION_GZIP || o->compression == OCI_COMPRESSION_ZSTD);
        if (oci_compress_check(o, err) < 0)
                return -1;
        c = memory_zalloc(1, sizeof(*c));
        c->options = *o;
        c->options.level = oci_compress_level(o);
        c->write = write;
        c->context = context;
        c->own = o->pool ? NULL : oci_compress_pool_new(o->threads);
        c->pool = o->pool ? o->pool : c->own;
        *ret = c;
        return 0;
}

/* Takes the oldest block out of the line, packed. */
static struct oci_compress_block *take_oldest(struct oci_compressor *c)
{
        struct oci_compress_block *b = c->oldest;

        compress_pool_wait(c->pool, b);
        c->oldest = b->younger;
        if (!c->oldest)
                c->youngest = NULL;
        return b;
}

/* Writes a packed block out; it is given back, or filled next. */
static int write_out(struct oci_compressor *c, struct oci_compress_block *b, struct error *err)
{
        int result = -1;

        if (error_is_set(&b->err))
                (void)error_move(err, &b->err);
        else
                result = c->write(c->context, b->out, b->out_size, err);
        b->in_size = 0;
        if (result == 0 && !c->filling)
                c->filling = b;
        else
                compress_pool_give(c->pool, b);
        return result;
}

/* A block to fill: a free one, or the oldest of the own line, else whoever has more gives one back. */
static int ensure_filling(struct oci_compressor *c, struct error *err)
{
        if (!c->filling)
                c->filling = compress_pool_take(c->pool, !c->oldest);
        return c->filling ? 0 : write_out(c, take_oldest(c), err);
}

/* What is packed already need not wait in memory. */
static int write_ready(struct oci_compressor *c, struct error *err)
{
        while (c->oldest && compress_pool_is_packed(c->pool, c->oldest))
                if (write_out(c, take_oldest(c), err) < 0)
                        return -1;
        return 0;
}

static int submit(struct oci_compressor *c, struct error *err)
{
        struct oci_compress_block *b = STEAL(c->filling);

        b->younger = NULL;
        if (c->youngest)
                c->youngest->younger = b;
        else
                c->oldest = b;
        c->youngest = b;
        compress_pool_submit(c->pool, b, c->options.compression, c->options.level);
        return write_ready(c, err);
}

int oci_compressor_write(void *context, const void *bytes, size_t size, struct error *err)
{
        struct oci_compressor *c = context;
        const size_t block = oci_block_size(c->options.compression);
        const char *at = bytes;

        while (size > 0) {
                size_t n;

                if (ensure_filling(c, err) < 0)
                        return -1;
                n = block - c->filling->in_size < size ? block - c->filling->in_size : size;
                if (n == 0) { /* handed over only when more comes: the last block is never empty */
                        if (submit(c, err) < 0)
                                return -1;
                        continue;
                }
                memcpy(c->filling->in + c->filling->in_size, at, n);
                c->filling->in_size += n;
                at += n;
                size -= n;
        }
        return 0;
}

int oci_compressor_finish(struct oci_compressor *c, struct error *err)
{
        if (ensure_filling(c, err) < 0)
                return -1;
        if (!c->oldest) {
                struct oci_compress_block *b = STEAL(c->filling);

                compress_pool_pack(b, c->options.compression, c->options.level);
                return write_out(c, b, err);
        }
        if (submit(c, err) < 0)
                return -1;
        while (c->oldest)
                if (write_out(c, take_oldest(c), err) < 0)
                        return -1;
        return 0;
}

void oci_compressor_free(struct oci_compressor *c)
{
        if (c == NULL)
                return;
        while (c->oldest)
                compress_pool_give(c->pool, take_oldest(c));
        if (c->filling)
                compress_pool_give(c->pool, c->filling);
        oci_compress_pool_free(c->own);
        free(c);
}

void oci_compressor_cleanup(struct oci_compressor **c)
{
        oci_compressor_free(*c);
        *c = NULL;
}
