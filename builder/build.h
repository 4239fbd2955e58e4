/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BUILD_H
#define BRYO_BUILDER_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/progress.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/store.h"

/* `bryo build`: a Dockerfile and a context become an image of the store. */
struct builder_build_options {
        struct oci_store *store;                 /* borrowed */
        const struct log *log;                   /* may be NULL */
        const struct builder_progress *progress; /* all three callbacks set */
        const char *context;                     /* a directory */
        const char *file;                        /* the Dockerfile, "-" for standard input; NULL: Dockerfile, dockerfile or Containerfile in the context */
        const char *target;                      /* stage name or index; NULL: the last */
        const struct strv *tags;                 /* references as typed */
        const struct strv *build_args;           /* NAME=VALUE */
        const struct strv *labels;               /* NAME=VALUE, applied last */
        bool no_cache;                           /* every step is executed */
        bool has_epoch;                          /* SOURCE_DATE_EPOCH was given: no later time gets into the image */
        int64_t epoch;
};

struct builder_build_result {
        struct sha256_digest image; /* the config's digest: the image ID */
};

/*
 * Builds what the target needs and tags it. Steps that were executed stay in
 * the cache whatever happens later; the image record and the tags appear only
 * at the end, in that order, and only when everything succeeded.
 */
int builder_build(const struct builder_build_options *options, struct builder_build_result *ret, struct error *err);

#endif
