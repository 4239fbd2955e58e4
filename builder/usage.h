/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_USAGE_H
#define BRYO_BUILDER_USAGE_H

#include <stdint.h>

#include "builder/reach.h"
#include "common/error.h"
#include "oci/store.h"

/*
 * What the store takes on disk, and for what: `bryo system df`, and how prune
 * knows what to forget for a size. All numbers are bytes that are allocated, as du(1) counts them.
 */
struct builder_usage {
        uint64_t total;                   /* the whole directory, as du counts it: each inode once */
        uint64_t images;                  /* what tags need */
        uint64_t steps;                   /* what the step cache needs besides, its records too */
        uint64_t caches;                  /* what cache mounts need besides */
        uint64_t logs;                    /* of builds */
        uint64_t unused;                  /* what `bryo prune` would give back */
        size_t image_count, tagged_count; /* records; those with a name */
        size_t step_count, cache_count, log_count;
};

/* While something is built, what it has made so far may count as unused. */
int builder_usage_find(struct oci_store *store, struct builder_usage *ret, struct error *err);

/*
 * What the objects that are reached take, without directories and without the areas that nothing reaches: tags,
 * digests of contexts, parts of keys, logs. Merges the ranges of `r`.
 */
int builder_usage_of_reach(struct oci_store *store, const struct builder_reach *r, uint64_t *ret, struct error *err);
/* All objects, of every area. */
int builder_usage_of_objects(struct oci_store *store, uint64_t *ret, struct error *err);

#endif
