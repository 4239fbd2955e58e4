/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_MANIFEST_H
#define BRYO_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/labels.h"
#include "oci/platform.h"

/*
 * Image manifests and indexes: OCI image-spec manifest.md, image-index.md,
 * descriptor.md, and Docker's "Image Manifest V2, Schema 2" and manifest list.
 */
#define OCI_TYPE_INDEX           "application/vnd.oci.image.index.v1+json"
#define OCI_TYPE_MANIFEST        "application/vnd.oci.image.manifest.v1+json"
#define OCI_TYPE_CONFIG          "application/vnd.oci.image.config.v1+json"
#define OCI_TYPE_LAYER           "application/vnd.oci.image.layer.v1.tar"
#define OCI_TYPE_LAYER_GZIP      "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_TYPE_LAYER_ZSTD      "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_TYPE_DOCKER_INDEX    "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_TYPE_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define OCI_TYPE_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar.gzip"

#define OCI_ANNOTATION_REF_NAME   "org.opencontainers.image.ref.name"
#define OCI_ANNOTATION_IMAGE_NAME "io.containerd.image.name"

struct oci_descriptor {
        char *media_type;
        struct sha256_digest digest;
        uint64_t size;
        struct strv urls;
        struct oci_labels annotations;
        struct oci_platform *platform; /* owned; NULL when absent */
        char *artifact_type;
};

struct oci_manifest {
        char *media_type; /* never NULL after parse: the family is guessed from the config when absent */
        char *artifact_type;
        struct oci_descriptor config;
        struct oci_descriptor *layers; /* lowest first */
        size_t layer_count;
        struct oci_descriptor *subject; /* owned; NULL when absent */
        struct oci_labels annotations;
};

struct oci_index {
        char *media_type;
        struct oci_descriptor *manifests;
        size_t manifest_count;
        struct oci_labels annotations;
};

enum oci_document {
        OCI_DOCUMENT_MANIFEST,
        OCI_DOCUMENT_INDEX,
};

/*
 * Says which of the two `bytes` are. `media_type` is what the descriptor or the
 * Content-Type said, or NULL; a mediaType inside that says something else is refused,
 * and so are documents with both "manifests" and "layers" (CVE-2021-41190: one
 * blob read as either), schema 1 and unknown types, each by name.
 */
int oci_document_detect(const char *what, const void *bytes, size_t size, const char *media_type,
                        enum oci_document *ret, struct error *err);

/* Read one. `media_type` as above. Sizes below 0 or above OCI_LIMIT_TAR_SIZE, bad digests and missing members are
 * EINVAL. */
int oci_manifest_parse(const char *what, const void *bytes, size_t size, const char *media_type,
                       struct oci_manifest **ret, struct error *err);
int oci_index_parse(const char *what, const void *bytes, size_t size, const char *media_type, struct oci_index **ret,
                    struct error *err);

/* Append the exact bytes: schemaVersion, mediaType, artifactType, config, layers (or manifests), subject, annotations.
 */
void oci_manifest_format(const struct oci_manifest *m, struct buffer *ret);
void oci_index_format(const struct oci_index *x, struct buffer *ret);

/* Empty ones of the given media type, to be filled with the add functions. */
struct oci_manifest *oci_manifest_new(const char *media_type);
struct oci_index *oci_index_new(const char *media_type);
/* Append a deep copy of the descriptor. The returned pointer is valid until the next add. */
struct oci_descriptor *oci_manifest_add_layer(struct oci_manifest *m, const struct oci_descriptor *d);
struct oci_descriptor *oci_index_add_manifest(struct oci_index *x, const struct oci_descriptor *d);
void oci_manifest_free(struct oci_manifest *m);
void oci_manifest_cleanup(struct oci_manifest **m);
#define CLEANUP_MANIFEST __attribute__((cleanup(oci_manifest_cleanup)))
void oci_index_free(struct oci_index *x);
void oci_index_cleanup(struct oci_index **x);
#define CLEANUP_INDEX __attribute__((cleanup(oci_index_cleanup)))

/* Descriptors are plain values; these handle what they own. `to` must be empty (zeroed) or have been cleared. */
void oci_descriptor_copy(struct oci_descriptor *to, const struct oci_descriptor *from);
void oci_descriptor_clear(struct oci_descriptor *d);
/* A deep copy on the heap; clear and free it. */
struct oci_descriptor *oci_descriptor_dup(const struct oci_descriptor *from);
/* One descriptor as a member of a JSON document: for records that carry one (oci/image.c). */
void oci_descriptor_format(struct oci_json_writer *w, const char *key, const struct oci_descriptor *d);
/* `o` is the descriptor's value; *ret must be zeroed, and cleared also after a failure. */
int oci_descriptor_parse(const char *what, const struct oci_json *o, struct oci_descriptor *ret, struct error *err);

/* BuildKit's attestations stand in an index as a platform that nobody has (unknown/unknown), or say what they are. */
bool oci_index_is_attestation(const struct oci_descriptor *d);
/*
 * Chooses the manifest for a platform as containerd's platforms.Only does: same
 * os and architecture; the variant wanted or the next lower one (arm v8 v7 v6 v5,
 * amd64 v4 v3 v2 v1); an arm64 machine takes 32-bit arm last. Attestations
 * (unknown/unknown) are skipped; an only entry without a platform is taken. The first
 * of equals wins. ENOENT names what was wanted and lists what there is. *ret
 * points into the index.
 */
int oci_index_choose(const char *what, const struct oci_index *x, const struct oci_platform *want,
                     const struct oci_descriptor **ret, struct error *err);

#endif
