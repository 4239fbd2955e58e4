/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_ARCHIVE_H
#define BRYO_OCI_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/image.h"
#include "oci/layer_writer.h"
#include "oci/manifest.h"
#include "oci/pack.h"
#include "oci/store.h"

/*
 * OCI image layouts (image-spec image-layout.md), as a directory or in a tar
 * ("OCI archive"), and loading of `docker save` archives.
 */

/* One image to save, under any number of names. */
struct oci_archive_item {
        const struct oci_image *image;
        const struct strv *names; /* full references (name:tag); may be empty */
        const struct oci_pack_options *pack; /* of this one; NULL: those of all */
};

struct oci_archive_save_options {
        struct oci_pack_options pack; /* without `elsewhere` */
        bool docker;                  /* add manifest.json, so that `docker load` takes it */
        bool combine; /* the images become one, of an index (oci_index_combine), under all of their names */
        const struct oci_labels *index_annotations;            /* of that index; may be NULL */
        const struct oci_labels *index_descriptor_annotations; /* wherever its descriptor is written; may be NULL */
};

/*
 * Save as a tar to `out_fd` (a pipe is fine) or into the directory `path` (made if missing; must be
 * empty). Each image is packed (oci/pack.h): the blobs of its manifest are what is written. Bytes depend only on the
 * images, names and options. Annotations: io.containerd.image.name = full name, org.opencontainers.image.ref.name = tag. After a failure
 * what was written is useless; the directory's files stay.
 */
int oci_archive_save_tar(struct oci_store *s, const struct oci_archive_item *items, size_t count,
                         const struct oci_archive_save_options *options, int out_fd, struct error *err);
int oci_archive_save_directory(struct oci_store *s, const struct oci_archive_item *items, size_t count,
                               const struct oci_archive_save_options *options, const char *path, struct error *err);

/* One image that was loaded: its record is saved (indexes not made yet: layers[].index is NULL unless known before). */
struct oci_archive_loaded {
        struct sha256_digest image; /* config digest */
        struct strv names;          /* full references the archive gave it; may be empty. No tag has been moved. */
};

/* One image of a layout, as "oci-layout://DIR:TAG@DIGEST" names it. */
struct oci_archive_choice {
        const char *tag; /* of its ref.name annotation, or behind the colon of a full name; NULL: any */
        bool has_digest;
        struct sha256_digest digest; /* of its manifest or index */
};

struct oci_archive_load_options {
        const struct oci_platform *platform; /* for indexes; NULL: this machine */
        bool every; /* of an index all images that are there, not only that one, which gets the names; else the first
                       does */
        struct oci_platform *const *only;    /* with `every`: for these platforms alone; of each there must be one */
        size_t only_count;                   /* 0: for any */
        bool keep_compressed;                /* keep the compressed blobs beside the tars */
        const struct log *log;               /* may be NULL */
        const struct oci_archive_choice *choice; /* of a layout: this image only, ENOENT if it is not there; NULL: all */
};

/*
 * Loads every image of an archive or layout: `path` is a directory, a tar (plain or compressed), or a docker archive;
 * the fd variant reads a tar from a descriptor (pipe or file). Every blob is checked against its descriptor's digest
 * and size, every layer against its diff ID. Raw manifests and configs become blobs, layers become uncompressed tars
 * named by diff ID. Names that are not valid references are logged and left out. Nothing is tagged: the caller does,
 * for the names it wants. On failure blobs may stay in the store; no image record is left by an image that failed.
 */
int oci_archive_load(struct oci_store *s, const char *path, const struct oci_archive_load_options *options,
                     struct oci_archive_loaded **ret, size_t *ret_count, struct error *err);
int oci_archive_load_fd(struct oci_store *s, int fd, const char *what, const struct oci_archive_load_options *options,
                        struct oci_archive_loaded **ret, size_t *ret_count, struct error *err);
void oci_archive_loaded_free(struct oci_archive_loaded *loaded, size_t count);

#endif
