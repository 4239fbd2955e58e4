/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SOURCE_H
#define BRYO_OVERLAY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"

/*
 * A source is an immutable byte container that bodies point into: an unpacked
 * layer tar, the data file of a sealed step, a plain file of the store. It is
 * known by a name which the indexes carry ("data/<hex>", "blobs/sha256/<hex>");
 * only the caller's `open` callback knows where that is on disk.
 *
 * A pool holds all sources of a process: one object for each name, opened at
 * first read, closed again when more than `max_open` are open (least recently
 * used first). Everything here may be called from any thread; the pool has a
 * lock of its own and holds it across no I/O but opening.
 */
struct overlay_pool;
struct overlay_source;

/* ASCII letters, digits, and "-._/+"; no leading or trailing '/', no empty, "." or ".." component. */
#define OVERLAY_SOURCE_NAME_MAX 128

struct overlay_pool_options {
        /* Opens the named source read-only, O_CLOEXEC. May be called from any thread. */
        int (*open)(void *context, const char *name, int *ret_fd, struct error *err);
        void *context;
        unsigned max_open;     /* 0 means 32: half of the smallest descriptor limit that is supported (64) */
        const struct log *log; /* may be NULL */
};

/* Never fails. The options are copied; `context` and `log` must outlive the pool. */
struct overlay_pool *overlay_pool_new(const struct overlay_pool_options *options);
/* Every source must have been dropped before. Accepts NULL. */
void overlay_pool_free(struct overlay_pool *pool);

/*
 * The source of that name, with a reference for the caller. It is not opened
 * here, so a missing file shows at the first read. `size` is the least size the
 * file must have (a shorter one is refused when it is opened); with a source
 * already known the greater size counts. Fails with EINVAL for a bad name.
 */
int overlay_pool_ensure(struct overlay_pool *pool, const char *name, uint64_t size, struct overlay_source **ret,
                        struct error *err);

struct overlay_source *overlay_source_ref(struct overlay_source *source);
/* Drops a reference; accepts NULL. Returns NULL. */
struct overlay_source *overlay_source_unref(struct overlay_source *source);
const char *overlay_source_name(const struct overlay_source *source);
uint64_t overlay_source_size(const struct overlay_source *source);

/*
 * Reads exactly `size` bytes at `offset`. A range past the end, or a file that
 * is shorter than it should be, fails with EIO; every error names the source.
 */
int overlay_source_read(struct overlay_source *source, void *bytes, size_t size, uint64_t offset, struct error *err);

/*
 * Gives the pool a descriptor for `source` instead of the callback's (it is
 * duplicated): for a data file that is still being written. It stays open, and
 * is not counted against max_open, until overlay_source_unpin.
 */
int overlay_source_pin(struct overlay_source *source, int fd, struct error *err);
void overlay_source_unpin(struct overlay_source *source);
/* A pinned source grew, or (cut) its dead end was cut off. */
void overlay_source_grow(struct overlay_source *source, uint64_t size);
void overlay_source_cut(struct overlay_source *source, uint64_t size);

/* True when `name` obeys the rule at OVERLAY_SOURCE_NAME_MAX. */
int overlay_source_name_is_valid(const char *name, size_t length);

#endif
