/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_OUTPUT_H
#define BRYO_CMD_BUILD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/annotations.h"
#include "cmd/build_flags.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/pack.h"
#include "oci/registry.h"
#include "oci/store.h"

/*
 * --output as docker buildx build has it: "type=TYPE[,KEY=VALUE]...", a
 * directory (type=local) or "-" (a tar on standard output). Fields may be
 * quoted as in CSV.
 */
enum build_output_kind {
        BUILD_OUTPUT_IMAGE,     /* the store; what a build without --output does. Or a registry as well */
        BUILD_OUTPUT_LOCAL,     /* the files, into a directory */
        BUILD_OUTPUT_TAR,       /* the files, as one tar */
        BUILD_OUTPUT_OCI,       /* an OCI archive, or with tar=false an OCI image layout */
        BUILD_OUTPUT_DOCKER,    /* an archive for `docker load` (and an OCI archive at once) */
        BUILD_OUTPUT_CACHEONLY, /* nothing: the steps are in the cache */
};

struct build_output {
        enum build_output_kind kind;
        char *dest;        /* NULL: standard output, or the store */
        bool directory;    /* OCI with tar=false */
        bool no_split;     /* LOCAL: the files of several platforms go into one directory */
        bool split;        /* LOCAL, TAR: those of one platform go into a directory of its name, too */
        struct strv names; /* further names of the image */
        struct oci_pack_options
                pack; /* how its manifest and layers look; annotations are below, stream and log are not set */
        struct cmd_annotations annotations; /* those of --annotation included */
        char *epoch;                        /* source-date-epoch, or NULL */
        bool keep_times;                    /* rewrite-timestamp=false */
        bool push;                          /* of an IMAGE: to the registries of `names`, or else of all tags */
        bool by_digest;                     /* push-by-digest: no tag, here or there */
        bool insecure;                      /* registry.insecure */
};

struct build_outputs {
        struct build_output *items; /* always one at least: without --output an IMAGE that only says how to pack */
        size_t count;
};

#define CLEANUP_BUILD_OUTPUTS __attribute__((cleanup(build_outputs_free)))

/*
 * Reads --output and what other flags say of every output: --annotation, --compression-format and its kin, --format.
 * Sentences about attributes that are not carried out go to f->warnings.
 */
int build_outputs_parse(struct build_flags *f, struct build_outputs *ret, struct error *err);
void build_outputs_free(struct build_outputs *o);

/* Every name that an output gives the image, added to `ret`. */
void build_outputs_names(const struct build_outputs *o, struct strv *ret);
/* True if one of them writes to standard output. */
bool build_outputs_use_stdout(const struct build_outputs *o);
/* The source-date-epoch of the outputs, or NULL; a usage error if two say different ones, for there is one image. */
int build_outputs_epoch(const struct build_outputs *o, const char **ret, struct error *err);
/* True if an output says rewrite-timestamp=false. */
bool build_outputs_keep_times(const struct build_outputs *o);

/*
 * How the image is packed for an output: `pack` with the annotations that are meant for the image's platform, which
 * `pack` borrows. The stream is not set. Usage errors for annotations that a single manifest cannot have.
 */
struct build_packing {
        struct oci_pack_options pack;
        struct oci_labels annotations;
        struct oci_labels descriptor_annotations;
};
int build_output_packing(const struct build_output *o, struct oci_store *store, const struct sha256_digest *image,
                         struct build_packing *ret, struct error *err);
void build_packing_free(struct build_packing *p);
#define CLEANUP_BUILD_PACKING __attribute__((cleanup(build_packing_free)))
/* What the directory of a platform is called: "linux_arm64". Heap text. */
char *build_output_directory(const char *platform);
/* The output whose manifest is the build's, for --metadata-file: the first that is pushed, else the first that writes one. */
const struct build_output *build_outputs_find_manifest(const struct build_outputs *o);

/* What a build made, and the means to bring it elsewhere. */
struct build_product {
        struct oci_store *store;
        const struct log *log;
        const struct sha256_digest *image;
        const struct strv *tags; /* every name the image was given, as typed */
        const struct oci_registry_options *registry;
        bool keep_tags; /* --push-ignore-immutable-tag-errors */
        struct cmd_progress *progress;
        unsigned steps; /* that the build has shown */
};

/* Writes and pushes them one after the other. A file appears whole or not at all; a directory may be left half-written by
 * a failure. */
int build_outputs_write(const struct build_outputs *o, const struct build_product *product, struct error *err);
/* The registries for a push to `destinations`, whose process is started; the caller frees it (build_push.c). */
struct oci_registry *build_output_registry(const struct build_output *o, const struct build_product *product,
                                           const struct strv *destinations);
/* Pushes an IMAGE (build_push.c). */
int build_output_push(const struct build_output *o, const struct build_product *product, struct error *err);

#endif
