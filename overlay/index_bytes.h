/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_INDEX_BYTES_H
#define BRYO_OVERLAY_INDEX_BYTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/*
 * The bytes of an index file, read where they are looked at: a private copy
 * that fills piece by piece. Internal to overlay/.
 *
 * Why not mmap(2): a page of a mapping that the disk cannot give, or that
 * somebody cut off, is a SIGBUS, which only a handler of the whole process
 * could turn into an error; and bytes that were checked could change
 * afterwards. A piece that was read stays as it was, a read that fails is an
 * ordinary error, and all file systems are alike. What it costs is in doc/index.md.
 *
 * May be used from any thread.
 */
struct index_loader;

/* A power of two; a read of this size costs about what its page faults would. */
#define INDEX_PIECE_SIZE ((uint64_t)1 << 16)

/* Only for the inline function below. */
struct index_bytes {
        const uint8_t *at; /* `size` bytes of address space */
        uint64_t size;
        atomic_uchar *have;          /* by piece, and one more; NULL when nothing is missing */
        struct index_loader *loader; /* of what is missing; NULL when nothing is */
};

/*
 * The bytes of `*fd`, a regular file of `size` bytes. Small files are read at
 * once, also larger ones when the process has few descriptors left; for others
 * the descriptor is taken.
 */
int overlay_index_bytes_open(struct index_bytes *bytes, int *fd, uint64_t size, const char *label, struct error *err);
/* Harmless on zeros. */
void overlay_index_bytes_close(struct index_bytes *bytes);
/* Reads what is missing of a range; false when that failed. */
bool overlay_index_bytes_fill(const struct index_bytes *bytes, uint64_t offset, uint64_t size);
/* errno of the first read that failed (ENODATA: the file has become shorter); 0 when none did. */
int overlay_index_bytes_failure(const struct index_bytes *bytes);

/* A range, which must be inside; NULL when it could not be read. */
static inline const void *overlay_index_bytes_at(const struct index_bytes *bytes, uint64_t offset, uint64_t size)
{
        if (bytes->have == NULL)
                return bytes->at + offset;
        if (offset % INDEX_PIECE_SIZE + size <= INDEX_PIECE_SIZE &&
            atomic_load_explicit(&bytes->have[offset / INDEX_PIECE_SIZE], memory_order_acquire) != 0)
                return bytes->at + offset;
        return overlay_index_bytes_fill(bytes, offset, size) ? bytes->at + offset : NULL;
}

#endif
