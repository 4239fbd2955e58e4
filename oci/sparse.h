/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_SPARSE_H
#define BRYO_OCI_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "oci/entry.h"

/*
 * The data regions of a sparse member, in any of GNU tar's four forms ("Storing Sparse Files" in its manual), turned
 * into extents. Internal to this room. Regions must ascend, not overlap, lie inside the file, and be backed by
 * exactly the stored bytes.
 */
struct oci_sparse {
        struct oci_extent *extents; /* owned */
        size_t count;
        size_t cap;
};

/* Adds one region of a file of `file_size` bytes; `source` of the extents is filled by oci_sparse_place. */
int oci_sparse_add(struct oci_sparse *s, int64_t offset, int64_t length, uint64_t file_size, struct error *err);
/* Adds the regions of a text of numbers, alternately offset and length, each ended by `separator` or the end (versions
 * 0.0, 0.1 and 1.0). */
int oci_sparse_add_text(struct oci_sparse *s, const char *text, char separator, uint64_t file_size, struct error *err);
/* Gives the extents their place: `stored` bytes from `source` on. Drops empty regions. */
int oci_sparse_place(struct oci_sparse *s, uint64_t source, uint64_t stored, struct error *err);
void oci_sparse_clear(struct oci_sparse *s);
void oci_sparse_free(struct oci_sparse *s);

#endif
