/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_LAYER_READER_H
#define BRYO_OCI_LAYER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/entry.h"

/*
 * Reads a layer (OCI image-spec layer.md): a tar, plain or compressed with gzip,
 * zstd, bzip2 or xz (found by content), entry by entry. Nothing is created
 * anywhere; a body is told by where it lies in the uncompressed tar.
 *
 * Names are bytes: no locale and no character set is ever consulted.
 * Paths are cleaned lexically as containerd does (archive/tar.go): "./a", "/a",
 * "a//b/", "../a" and "x/../../a" name what they would below a root. An entry for
 * the root itself must be a directory (CVE-2021-29136). A parent that is a
 * symlink is NOT resolved here: whoever applies the entries must do it inside the tree.
 *
 * Whiteouts: ".wh.NAME" becomes OCI_ENTRY_WHITEOUT of NAME, ".wh..wh..opq" OCI_ENTRY_OPAQUE of its
 * directory, whatever their order; both must be files (or hard links, as aufs made them).
 * ".wh.", ".wh..", ".wh..." and names below a ".wh." directory are refused; other
 * ".wh..wh." names (aufs's own files) are left out with a log line.
 *
 * Where tar readers disagree about a tar (CVE-2025-62518 and its family), it is refused: see
 * oci/tar_reader.h. Limits: oci/limits.h.
 */
struct oci_layer_options {
        const struct log *log; /* may be NULL */
        bool plain_names;      /* not a layer: names that start with ".wh." are ordinary files (ADD of a tar, import) */
};

struct oci_layer_reader;

/*
 * Opens a layer on `fd` (borrowed; read from its current position, which must be 0 when extents are to be
 * used with it). An uncompressed regular file is read header by header, its bodies are skipped.
 */
int oci_layer_reader_open(int fd, const struct oci_layer_options *options, struct oci_layer_reader **ret,
                          struct error *err);
/* The next entry, valid until the next call; *ret = NULL at the end. After an error the reader can only be closed. */
int oci_layer_reader_next(struct oci_layer_reader *r, const struct oci_entry **ret, struct error *err);
void oci_layer_reader_close(struct oci_layer_reader *r);

enum oci_compression {
        OCI_COMPRESSION_NONE,
        OCI_COMPRESSION_GZIP,
        OCI_COMPRESSION_ZSTD,
        OCI_COMPRESSION_BZIP2,
        OCI_COMPRESSION_XZ,
};

/* What passed through oci_layer_ingest. */
struct oci_layer_info {
        struct sha256_digest diff_id;     /* of the uncompressed tar, to its very last byte */
        uint64_t size;                    /* of the uncompressed tar */
        struct sha256_digest blob_digest; /* of the input as it came; equals diff_id if it was not compressed */
        uint64_t blob_size;
        enum oci_compression compression;
        uint64_t entry_count;
};

/* Called for each entry; a failure (with its error) ends the ingest. */
typedef int oci_entry_function(void *context, const struct oci_entry *e, struct error *err);

/*
 * Reads a whole layer from `in_fd` in one pass: the uncompressed bytes are written to `out_fd` (from its
 * current position; -1: nowhere) and digested, each entry goes to `entry` (NULL: none) with offsets that hold for
 * what was written, counted from 0. On failure the output is incomplete and the entries already told are void.
 */
int oci_layer_ingest(int in_fd, int out_fd, const struct oci_layer_options *options, oci_entry_function *entry,
                     void *context, struct oci_layer_info *ret, struct error *err);

/* The same for a layer that is a part of a file, without telling entries: `size` bytes at `offset`. */
int oci_layer_ingest_range(int in_fd, uint64_t offset, uint64_t size, int out_fd,
                           const struct oci_layer_options *options, struct oci_layer_info *ret, struct error *err);

/* A file that somebody else is still writing, from its beginning on. */
struct oci_layer_feed {
        int fd; /* borrowed; read with pread */
        /*
         * Waits until more than `offset` bytes are there, or it is known that no more will come, and says how many there
         * are: no more than `offset` is the end. A failure ends the ingest.
         */
        int (*wait)(void *context, uint64_t offset, uint64_t *ret_size, struct error *err);
        void *context;
};

/* oci_layer_ingest of such a file. blob_digest is not computed: who writes it checks that. */
int oci_layer_ingest_feed(const struct oci_layer_feed *feed, int out_fd, const struct oci_layer_options *options,
                          oci_entry_function *entry, void *context, struct oci_layer_info *ret, struct error *err);

/* What the first bytes of a file (512 or more, or all there are) are packed with; NONE also for what is no archive. */
enum oci_compression oci_layer_detect(const void *bytes, size_t size);
/* True when the first bytes of a file (give it 512 or more, or all there are) are a tar or a compressed stream as read
 * above: what ADD unpacks. A compressed file that holds no tar is found out only by reading it. */
bool oci_layer_is_archive(const void *bytes, size_t size);

#endif
