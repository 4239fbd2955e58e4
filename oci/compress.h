/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_COMPRESS_H
#define BRYO_OCI_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "oci/layer_reader.h"
#include "oci/layer_writer.h"

/*
 * Compression of streams by several threads, with the same bytes for any number of them.
 *
 * The input is cut into blocks of a fixed size and each becomes gzip members (RFC 1952) or a zstd frame (RFC 8878) of
 * its own; what gzip cannot make smaller (oci/noise.h) is stored in members of its own. Both formats say that members and frames one after the other are one stream, and every reader of layers
 * takes them (estargz and zstd:chunked are made this way). Nothing depends on time, machine or user; the bytes do
 * depend on the versions of libdeflate and libzstd, as everybody's do.
 */
#define OCI_COMPRESS_LEVEL_DEFAULT (-1)

/*
 * Threads, and the blocks they work on, that several streams share: blocks are taken in the order in which they are
 * handed in, whosever they are. Threads are started as they are needed.
 */
struct oci_compress_pool;

/* `threads` 0: one for each CPU this process may use. */
struct oci_compress_pool *oci_compress_pool_new(unsigned threads);
/* Ends the threads. No compressor may use it any more. NULL is fine. */
void oci_compress_pool_free(struct oci_compress_pool *p);
void oci_compress_pool_cleanup(struct oci_compress_pool **p);
#define CLEANUP_COMPRESS_POOL __attribute__((cleanup(oci_compress_pool_cleanup)))

struct oci_compress_options {
        enum oci_compression compression; /* NONE, GZIP or ZSTD */
        int level;                        /* gzip 0-9, zstd 1-22, or OCI_COMPRESS_LEVEL_DEFAULT */
        unsigned threads;                 /* without a pool; 0: one for each CPU this process may use */
        struct oci_compress_pool *pool;   /* borrowed; NULL: threads of its own */
};

/* "none", "gzip", "zstd"; also "uncompressed" as BuildKit calls the first. EINVAL names the three. */
int oci_compression_parse(const char *text, enum oci_compression *ret, struct error *err);
/* The name, for messages and records. */
const char *oci_compression_name(enum oci_compression c);
/* EINVAL when the level is not one of the compression's; zstd's 0 means its default, as for zstd itself. */
int oci_compress_check(const struct oci_compress_options *o, struct error *err);
/* The level that is used: the default's number filled in. NONE: 0. */
int oci_compress_level(const struct oci_compress_options *o);

struct oci_compressor;

/*
 * Takes bytes through oci_compressor_write and gives the packed ones to `write`, on the caller's own thread and in
 * order. GZIP or ZSTD only, and options that oci_compress_check accepts. A stream of one block is packed by the
 * caller, so that small layers start no thread. Nothing is written before a thread packed it, and a caller that is ahead of the
 * threads waits for them: memory is bounded by the pool.
 */
int oci_compressor_new(const struct oci_compress_options *o, oci_write_function *write, void *context,
                       struct oci_compressor **ret, struct error *err);
/* An oci_write_function: `context` is the compressor. After a failure only free may follow. */
int oci_compressor_write(void *context, const void *bytes, size_t size, struct error *err);
/* Packs what is left and gives out everything. An empty input becomes one empty member or frame. */
int oci_compressor_finish(struct oci_compressor *c, struct error *err);
/* Ends the threads. NULL is fine. */
void oci_compressor_free(struct oci_compressor *c);
void oci_compressor_cleanup(struct oci_compressor **c);
#define CLEANUP_COMPRESSOR __attribute__((cleanup(oci_compressor_cleanup)))

#endif
