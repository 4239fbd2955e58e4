/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PRUNE_H
#define BRYO_BUILDER_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"
#include "oci/store.h"

/*
 * Gives space back. Tags stay, and everything that their images need. What
 * goes:
 *
 *  - images that no tag names,
 *  - step records that no build could use any more; with `all` every step record, so that the next build executes
 *    every step,
 *  - with `all` or `caches` the directories of RUN --mount=type=cache,
 *  - indexes, data files and blobs that nothing reaches then,
 *  - in data files of which something is needed, the blocks that are not. So it is with a layer tar that no image has
 * as a layer any more but whose bytes some body still uses.
 *
 * Nothing runs meanwhile: prune waits until it has the store's gate alone (told in the
 * log). What points goes before what is pointed at, and is on disk before that goes, so that a kill or a power
 * cut leaves a whole store.
 */
struct builder_prune_options {
        struct oci_store *store;
        const struct log *log; /* may be NULL */
        bool all;    /* step records, cache mounts and logs of builds go as well */
        bool caches; /* cache mounts go */
        /*
         * Of the steps, downloads and cache mounts (with `all` the logs of builds, too) only those go that were last used before
         * this time, which is noted to the day (oci_store_touch); steps and downloads also without `all`.
         */
        bool has_since;
        int64_t since; /* nanoseconds since 1970 */
        /*
         * Of those, the least recently used go until what is left takes no more than this, or nothing of them is left. What tags need may be
         * more.
         */
        bool has_max_size;
        uint64_t max_size; /* bytes on disk */
        bool keep_images;  /* images that no tag names stay, too */
        bool nowait;       /* fail with EWOULDBLOCK when somebody uses the store */
        bool idle;         /* the caller says that nobody does: go on where the file system has no locks */
};

struct builder_prune_result {
        uint64_t bytes; /* that the store takes less on disk than before */
        uint64_t held;  /* that nobody needs but this file system cannot give back (no holes) */
        size_t images;  /* removed; likewise below */
        size_t steps;
        size_t downloads; /* URLs of ADD that are asked for anew */
        size_t caches; /* cache mounts */
        size_t layers; /* indexes */
        size_t logs;   /* of builds */
        size_t files;  /* data files and blobs */
};

/*
 * A removal that fails does not end the others of its kind; the kinds that would come after it are left alone. The
 * first error is returned, and *ret says what was done all the same.
 */
int builder_prune(const struct builder_prune_options *o, struct builder_prune_result *ret, struct error *err);

#endif
