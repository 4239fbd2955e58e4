/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_VALUES_H
#define BRYO_CMD_BUILD_VALUES_H

#include "builder/build.h"
#include "cmd/build_flags.h"
#include "cmd/build_output.h"

/*
 * What the flags of `bryo build` mean: texts become numbers, names get their
 * values from the environment, files are read. Nothing here touches the store.
 */
struct build_values {
        struct strv build_args; /* NAME=VALUE */
        struct strv no_cache_stages;
        struct builder_amendments amendments;
        struct builder_cache_options cache;
        struct oci_registry_options registry; /* borrows from the flags, and `names` */
        struct strv names;                    /* of images of the command line that registries are asked for */
        enum builder_pull_policy pull;
        struct oci_platform **platforms; /* what is built for, normal, each once; none: this machine */
        struct strv platform_names;      /* as many */
        unsigned jobs;
        bool epoch_given;
        bool has_epoch;
        int64_t epoch;
        bool keep_times;
        enum builder_squash squash;
};

#define CLEANUP_BUILD_VALUES __attribute__((cleanup(build_values_free)))

/* Warnings about values that are not carried out are added to f->warnings. `outputs` have a say in times. */
int build_values_read(struct build_flags *f, const struct build_outputs *outputs, struct build_values *ret,
                      struct error *err);
void build_values_free(struct build_values *v);

#endif
