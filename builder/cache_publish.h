/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_PUBLISH_H
#define BRYO_BUILDER_CACHE_PUBLISH_H

#include "builder/cache_mount.h"
#include "builder/cache_record.h"

/* One state of a cache mount, opened as a tree, and how it becomes the next one. Internal to builder/cache_*. */
struct builder_cache_state {
        struct builder_workshop *workshop; /* borrowed */
        char *name;                        /* of its record; owned */
        char *id;                          /* as given; owned */
        struct builder_chain base;         /* what a new one begins with */
        struct builder_upper upper;
        struct overlay_tree *tree;
};

/*
 * Opens the newest state. A damaged one is told in the log and begun anew: a
 * cache is never a reason to fail. After a failure builder_cache_state_close is still due.
 */
int builder_cache_state_open(struct builder_cache_state *s, struct builder_workshop *workshop,
                             const struct builder_cache_spec *spec, const char *name, struct error *err);
/* Seals what changed and lays it on what is the newest state by now. The tree is used up. */
int builder_cache_state_publish(struct builder_cache_state *s, struct error *err);
/* A recorded state with nothing below it, as one layer. */
int builder_cache_flatten(struct builder_workshop *w, const struct builder_cache_record *record,
                          struct builder_layer *ret, struct error *err);
void builder_cache_state_close(struct builder_cache_state *s);

#endif
