/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_LAYOUT_H
#define BRYO_OCI_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * The files of an image archive, found by name, whether they lie in a directory or in a tar. Internal to this room. No
 * name from inside an archive ever reaches the file system: of a tar only the map of its members is asked, of a
 * directory only the names that the image-layout spec fixes. Symlinks are not followed.
 */
#define OCI_LAYOUT_FILE    "oci-layout"
#define OCI_LAYOUT_INDEX   "index.json"
#define OCI_LAYOUT_DOCKER  "manifest.json"
#define OCI_LAYOUT_VERSION "{\"imageLayoutVersion\":\"1.0.0\"}"

struct oci_layout;

/* A part of a file. */
struct oci_range {
        int fd; /* owned if `owned` */
        bool owned;
        uint64_t offset;
        uint64_t size;
};

/* Opens a directory or tar by path. */
int oci_layout_open(struct oci_store *s, const char *path, struct oci_layout **ret, struct error *err);
/* A tar from a descriptor (borrowed); one that is packed or no regular file is unpacked into the store's scratch.
 * `what` names it. */
int oci_layout_open_fd(struct oci_store *s, int fd, const char *what, struct oci_layout **ret, struct error *err);
void oci_layout_close(struct oci_layout *l);
void oci_layout_cleanup(struct oci_layout **l);
#define CLEANUP_LAYOUT __attribute__((cleanup(oci_layout_cleanup)))

/* What it was opened as, for messages. */
const char *oci_layout_name(const struct oci_layout *l);
bool oci_layout_has(const struct oci_layout *l, const char *name);
/* Finds one file; ENOENT when it is not there. Release with oci_range_close. */
int oci_layout_find(const struct oci_layout *l, const char *name, struct oci_range *ret, struct error *err);
/* The blob of a digest, whose size must be that of the descriptor. */
int oci_layout_find_blob(const struct oci_layout *l, const struct oci_descriptor *d, struct oci_range *ret,
                         struct error *err);
/* Appends a whole file of at most `limit` bytes. */
int oci_layout_load(const struct oci_layout *l, const char *name, size_t limit, struct buffer *ret, struct error *err);
/* Appends a whole blob, checked against the descriptor's digest and size. */
int oci_layout_load_blob(const struct oci_layout *l, const struct oci_descriptor *d, size_t limit, struct buffer *ret,
                         struct error *err);
void oci_range_close(struct oci_range *r);
#define CLEANUP_RANGE __attribute__((cleanup(oci_range_close)))

#endif
