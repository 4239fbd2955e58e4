/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_PLATFORMS_H
#define BRYO_CMD_BUILD_PLATFORMS_H

#include "builder/build.h"
#include "builder/index.h"
#include "cmd/build_output.h"
#include "cmd/build_values.h"

/*
 * --platform with several: one build for each, in one process and on one step cache, so that what is pinned to
 * $BUILDPLATFORM is executed once; then an index of them, which is stored, written and pushed as one image.
 */
struct build_platforms {
        struct sha256_digest *images; /* in the order of --platform; a platform that gave an image again is left out */
        struct strv names;            /* of the platforms, as many */
        size_t count;
        unsigned steps; /* that were shown */
        bool executed;  /* some step did not hit */
        bool has_index; /* somebody asks for one */
        struct builder_index index;
};

#define BUILD_PLATFORMS_INIT                                                                                           \
        {                                                                                                              \
                .images = NULL                                                                                         \
        }

/* What cannot be done for several platforms at once. Usage errors. */
int build_platforms_check(const struct build_flags *f, const struct build_values *v, const struct build_outputs *outputs,
                          struct error *err);

/* Builds them all, under no name. `o` is what one platform needs; the warnings are those of the first. */
int build_platforms_make(const struct builder_build_options *o, const struct build_values *v,
                         struct build_platforms *ret, struct error *err);
void build_platforms_free(struct build_platforms *p);
#define CLEANUP_BUILD_PLATFORMS __attribute__((cleanup(build_platforms_free)))

/*
 * To the store under their names, if an output is an image or there are names, and to all outputs. `product` is about
 * the first image. `wanted`: the index is asked for, whatever the outputs are.
 */
int build_platforms_deliver(struct build_platforms *p, const struct build_outputs *outputs,
                            const struct build_product *product, bool wanted, struct error *err);

#endif
