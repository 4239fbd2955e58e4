/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BASES_H
#define BRYO_BUILDER_BASES_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/workshop.h"
#include "common/strv.h"
#include "oci/config.h"
#include "oci/platform.h"

/*
 * The images that a build stands on: what FROM, COPY --from and RUN --mount from= name. Each is looked for in the store
 * and asked for at its registry, as the policy says, once for each name and platform; who comes second waits for the
 * first. What an image is (its config) is known before its layers are there: the plan needs only the former.
 *
 * An image of the store serves a name when it has it as a tag, or as one of the names that registries.conf makes of it,
 * and is for the platform. One image of an index stands for its siblings: the tag names the one that was pulled last,
 * and FROM --platform finds the others by the index they came from.
 */
enum builder_pull_policy {
        BUILDER_PULL_MISSING, /* what the store does not have */
        BUILDER_PULL_ALWAYS,  /* the registry is asked for every name; what has not changed is not fetched */
        BUILDER_PULL_NEVER,
};

struct builder_bases;

/* What is told of a pull; the callbacks may be called from any thread, and each may be NULL. */
struct builder_bases_watch {
        unsigned (*begin)(void *context, const char *title); /* returns a number for the others */
        void (*transfer)(void *context, unsigned step, const char *name, uint64_t done, uint64_t total);
        void (*end)(void *context, unsigned step, const struct error *err); /* `err` NULL: it was done */
        bool (*is_cancelled)(void *context);
        void *context;
};

/* The workshop must have a registry client unless the policy is NEVER. Both are borrowed. */
struct builder_bases *builder_bases_new(struct builder_workshop *w, enum builder_pull_policy policy,
                                        const struct builder_bases_watch *watch);
void builder_bases_free(struct builder_bases *b);

struct builder_base {
        const char *text;                    /* a reference; for an image of the store also its ID */
        const struct oci_platform *platform; /* that is asked for; NULL: this machine's, or what there is */
        unsigned step;                       /* of the watch, which shows the layers; 0: a pull begins one of its own */
};

/* Its config; the caller frees *ret. The registry is asked for a few KB at most. */
int builder_bases_config(struct builder_bases *b, const struct builder_base *base, struct oci_config **ret,
                         struct error *err);
/* Its ID; record and layers are in the store. */
int builder_bases_image(struct builder_bases *b, const struct builder_base *base, struct sha256_digest *ret,
                        struct error *err);
/* True when builder_bases_image would have to fetch layers; an error counts as none. */
bool builder_bases_is_elsewhere(struct builder_bases *b, const struct builder_base *base);
/* The config, if that takes no network; ENOENT: it would. */
int builder_bases_peek(struct builder_bases *b, const struct builder_base *base, struct oci_config **ret,
                       struct error *err);

#endif
