/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_STREAM_H
#define BRYO_OCI_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "oci/layer_reader.h"

/*
 * The bytes of a tar, whatever it is packed in. Internal to this room.
 *
 * In copying mode every uncompressed byte is digested and written to `out_fd` as it passes, and the input is digested
 * as well. In scanning mode a plain regular file is read with pread where it is looked at, and skipping costs nothing.
 */
struct oci_stream;

/* Where the packed bytes come from. */
struct oci_stream_input {
        int fd;      /* borrowed */
        bool ranged; /* `size` bytes at `offset` of a file; else everything from the current position on */
        uint64_t offset;
        uint64_t size;
        const struct oci_layer_feed *feed; /* instead: a file that grows while it is read. Borrowed; NULL: none */
};

/* Opens a stream. `out_fd` -1: nothing is written. `copy`: copying mode. A range in scanning mode is not supported
 * (asserted). */
int oci_stream_open(const struct oci_stream_input *input, int out_fd, bool copy, struct oci_stream **ret,
                    struct error *err);
void oci_stream_close(struct oci_stream *s);
void oci_stream_cleanup(struct oci_stream **s);
#define CLEANUP_STREAM __attribute__((cleanup(oci_stream_cleanup)))

/* Uncompressed bytes consumed so far. */
uint64_t oci_stream_offset(const struct oci_stream *s);
/* Fills `bytes` unless the end comes first; *ret_size says how much there was. */
int oci_stream_read(struct oci_stream *s, void *bytes, size_t size, size_t *ret_size, struct error *err);
/* Passes over `size` bytes; ENODATA when the end comes first. */
int oci_stream_skip(struct oci_stream *s, uint64_t size, struct error *err);
/* Copying mode: consumes the rest, both of the tar and of the input, and tells digests and sizes (not entry_count). */
int oci_stream_finish(struct oci_stream *s, struct oci_layer_info *ret, struct error *err);

#endif
