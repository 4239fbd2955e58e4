/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_IMPORT_H
#define BRYO_BUILDER_IMPORT_H

#include <time.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * A tar of a root file system becomes an image of one layer. The tar itself,
 * uncompressed, is that layer: it is stored as it is and nothing is unpacked.
 * In a layer, names that start with ".wh." are no files but delete others, so
 * a root file system that has such names is refused.
 */
struct builder_import_options {
        struct oci_store *store;
        const struct log *log;               /* may be NULL */
        int fd;                              /* the tar, plain or compressed; a pipe is fine; borrowed */
        const char *what;                    /* how the tar is called in messages */
        const char *name;                    /* full reference without digest that the image gets */
        const char *message;                 /* the comment in its history */
        const struct oci_platform *platform; /* what it runs on; NULL: this machine */
        struct timespec created;
};

/*
 * The image is durable when its name moves to it. A failure leaves at most unnamed objects, which prune removes.
 */
int builder_import(const struct builder_import_options *o, struct sha256_digest *ret_image, struct error *err);

#endif
