/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_ARCHIVE_H
#define BRYO_BUILDER_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "oci/archive.h"
#include "oci/manifest.h"
#include "oci/store.h"

/* Images out of the store and into it, as OCI archives and directories (oci/archive.h says what these hold). */

struct builder_save_options {
        struct oci_store *store;
        const struct log *log;     /* may be NULL */
        const struct strv *images; /* names and IDs; one image under several names is written once, with all of them */
        const char *directory;     /* writes a directory; NULL: a tar to `fd` */
        int fd;                    /* borrowed */
        bool docker;               /* for `docker load`, too */
        const struct oci_pack_options *packs; /* for an index of the first `combine` images: how each is packed, stream and log are filled in */
        size_t combine;                       /* 0: no index; else all further `images` are names of these */
        const struct oci_labels *index_annotations, *index_descriptor_annotations; /* of that index; may be NULL */
        const struct oci_pack_options *pack; /* stream and log are filled in; NULL: OCI_PACK_DEFAULT, or for docker: uncompressed */
        /* Called once all images were found and before anything is written; gives `fd` if it was -1. May be NULL. */
        int (*begin)(void *context, int *ret_fd, struct error *err);
        void *context;
};

/* The layers built here are streamed out of their indexes. A failure leaves an incomplete archive behind. */
int builder_archive_save(const struct builder_save_options *o, struct error *err);

struct builder_load_options {
        struct oci_store *store;
        const struct log *log; /* may be NULL */
        const char *path;      /* an archive or a directory; NULL: the tar on `fd` */
        int fd;                /* borrowed; a pipe is fine */
        const char *what;      /* how `fd` is called in messages */
        struct oci_platform *const *platforms; /* of an index, the images for these; the first gets the names. Borrowed */
        size_t platform_count;                 /* 0: all that the archive has; this machine's gets the names, if there is one */
};

/*
 * Takes every image over, indexes its layers, makes it durable and moves the names to it that the archive says. The
 * images before one that fails stay loaded. The caller frees with oci_archive_loaded_free.
 */
int builder_archive_load(const struct builder_load_options *o, struct oci_archive_loaded **ret, size_t *ret_count,
                         struct error *err);

#endif
