/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BUILD_H
#define BRYO_BUILDER_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/bases.h"
#include "builder/cache_options.h"
#include "builder/squash.h"
#include "builder/progress.h"
#include "builder/run_options.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/fetch.h"
#include "oci/registry.h"
#include "oci/store.h"

struct builder_siblings;
struct dockerfile_warnings;

/* Changes of the image's config that come from flags (amend.h); NAME=VALUE, or a NAME where something is unset. */
struct builder_amendments {
        struct strv labels;       /* applied last */
        struct strv env;          /* at the start of every stage */
        struct strv unset_env;    /* of the finished image */
        struct strv unset_labels; /* of a base */
        bool drop_labels;         /* all labels of a base */
};

/* `bryo build`: a Dockerfile and a context become an image of the store. */
struct builder_build_options {
        struct oci_store *store;                 /* borrowed */
        const struct log *log;                   /* may be NULL */
        const struct builder_progress *progress; /* all three callbacks set */
        const char *context;                     /* a directory, -, or a URL (origin.h) */
        const char *file;                        /* the Dockerfile: a path, a URL, "-" for standard input; NULL: Dockerfile, dockerfile or Containerfile in the context */
        const char *target;                      /* stage name or index; NULL: the last */
        const struct oci_platform *platform;     /* what is built for, normal; NULL: this machine, and bases as they are */
        const char *platform_title;              /* how progress calls it when there are several; NULL: it does not */
        const struct strv *tags;                 /* references as typed */
        const struct strv *contexts;             /* NAME=VALUE of --build-context (named.h); NULL: none */
        const struct strv *build_args;           /* NAME=VALUE */
        const struct builder_amendments *amendments;
        const char *base;                        /* stands for what the first FROM names; NULL: what it names */
        const char *ignore_file;                 /* instead of the ignore files of context and Dockerfile; NULL: those */
        unsigned jobs;                           /* stages at a time; 0: one for each CPU, at least four */
        struct builder_siblings *siblings;       /* builds beside this one (siblings.h); NULL: none. Borrowed */
        struct oci_fetch_options fetch;          /* limits of HTTP; 0: the defaults */
        struct oci_registry_options registry;    /* how registries are talked to; its log is not looked at */
        enum builder_pull_policy pull;           /* of what FROM, COPY --from and RUN --mount name */
        const struct builder_run_options *run;   /* what the command line says about commands */
        const struct builder_cache_options *cache; /* caches outside the store, and how old steps may be */
        bool explain;                            /* the progress gets a note for each step, why it was found or executed */
        bool no_cache;                           /* every step is executed */
        const struct strv *no_cache_stages;      /* every step of these stages is executed (names in any case, or indexes) */
        bool epoch_given;                        /* the caller decides on the epoch; else build arguments and the Dockerfile may (epoch.h) */
        bool has_epoch;                          /* no later time gets into the image */
        int64_t epoch;
        bool keep_times;                         /* files keep their times in spite of the epoch, which then is the image's only */
        enum builder_squash squash;
        struct dockerfile_warnings *warnings;    /* gets what the checks say, whatever becomes of the build; the caller clears it */
};

struct builder_build_result {
        struct sha256_digest image; /* the config's digest: the image ID */
        bool executed;              /* some step was not found in the cache; set whatever became of the build */
        unsigned steps;             /* the number of the last step that was shown */
};

/*
 * Builds what the target needs and tags it. Steps that were executed stay in
 * the cache whatever happens later; the image record and the tags appear only
 * at the end, in that order, and only when everything succeeded.
 */
int builder_build(const struct builder_build_options *options, struct builder_build_result *ret, struct error *err);

#endif
