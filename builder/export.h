/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EXPORT_H
#define BRYO_BUILDER_EXPORT_H

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/store.h"

/* The files of an image as one tree, without its layers: `--output type=tar` and `type=local`. */
struct builder_export_options {
        struct oci_store *store;
        const struct log *log; /* may be NULL */
        struct sha256_digest image;
        const char *directory; /* in a tar: that its files are put into; NULL: the root. Borrowed */
};

/*
 * A tar of everything, in the canonical form of a layer (doc/layer.md), with
 * the owners of the image. Sockets are left out. Several images have a directory
 * each, and come in the order of these names.
 */
int builder_export_tar(const struct builder_export_options *images, size_t count, int fd, struct error *err);

/*
 * Into the directory `path`, which is made if missing; files that are there
 * are replaced, others stay, directories are merged. Everything belongs to the
 * caller; modes and times are the image's, without set-user-ID and
 * set-group-ID (they would lend the caller's rights). Links in the destination
 * are never followed. Devices and sockets are left out, with a line in the log.
 * A failure leaves what was written before it.
 */
int builder_export_directory(const struct builder_export_options *o, const char *path, struct error *err);

#endif
