/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_STEP_H
#define BRYO_BUILDER_STEP_H

#include "builder/job.h"

/*
 * One step through the cache: looked up by its keys, executed on a miss,
 * sealed, recorded, and put on top of the stage's chain.
 */
struct builder_step {
        const char *title;      /* the instruction on one line */
        const char *created_by; /* its line in the history */
        struct sha256_digest key;
        /*
         * A second, dearer key, tried when the first misses (NULL: none): the
         * content of what is copied from another stage. A hit is recorded under both.
         */
        int (*refine)(void *context, struct sha256_digest *ret, struct error *err);
        /* Changes the tree; `made` gets the names of data files it stored besides the tree's own. `number` is the step's in the progress. */
        int (*execute)(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err);
        void *context;
        unsigned number;        /* set by builder_step_take */
        bool by_key;            /* equal keys give equal files: the key is the identity (COPY), not what came out (RUN) */
        bool alone;             /* made on an empty tree, whatever the stage holds, and laid over it (COPY --link) */
};

int builder_step_take(const struct builder_site *site, const struct builder_step *step, struct error *err);

/* Begins a key: what every key of this step in this chain starts with; `alone`: in any chain. */
void builder_step_key_begin(const struct builder_site *site, const char *kind, bool alone, struct sha256 *hash);

#endif
