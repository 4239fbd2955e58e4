/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_OUTPUT_H
#define BRYO_CMD_BUILD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/store.h"

/*
 * --output as docker buildx build has it: "type=TYPE[,KEY=VALUE]...", a
 * directory (type=local) or "-" (a tar on standard output). Fields may be
 * quoted as in CSV.
 */
enum build_output_kind {
        BUILD_OUTPUT_IMAGE,     /* the store; what a build without --output does */
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
        struct strv names; /* further names of the image */
};

struct build_outputs {
        struct build_output *items;
        size_t count;
};

#define CLEANUP_BUILD_OUTPUTS __attribute__((cleanup(build_outputs_free)))

/* Sentences about attributes that are not carried out go to `warnings`. */
int build_outputs_parse(const struct strv *texts, struct build_outputs *ret, struct strv *warnings, struct error *err);
void build_outputs_free(struct build_outputs *o);

/* Every name that an output gives the image, added to `ret`. */
void build_outputs_names(const struct build_outputs *o, struct strv *ret);
/* True if one of them writes to standard output. */
bool build_outputs_use_stdout(const struct build_outputs *o);

/* Writes them one after the other. A file appears whole or not at all; a directory may be left half-written by a failure. */
int build_outputs_write(const struct build_outputs *o, struct oci_store *store, const struct log *log,
                        const struct sha256_digest *image, const struct strv *tags, struct error *err);

#endif
