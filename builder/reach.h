/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_REACH_H
#define BRYO_BUILDER_REACH_H

#include <stdbool.h>

#include "builder/ranges.h"
#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "oci/store.h"

/*
 * What must stay in the store: everything that can be reached from the tags,
 * and from the step records if these count. The caller holds the exclusive gate from
 * before this is made until the last removal.
 *
 *     tag -> image record -> config, manifest, compressed layers: whole blobs
 *                         -> layer tars that came from outside:   whole blobs
 *                         -> indexes -> ranges of data and blobs
 *     step record         -> index   -> ranges of data and blobs
 *     compressed record   -> a whole blob, if a tagged image has the layer
 *     download record     -> a whole data file
 *     cache mount         -> indexes -> ranges of data and blobs
 */
struct builder_reach;

/*
 * `roots` (enum builder_reach_roots, or-ed): with STEPS step records keep what they need; those that no build could use (damaged, their files gone, made in another
 * boot and never durable) are not counted. Fails, naming the image to remove, when something that a tagged image needs
 * cannot be read: what it points at is then unknown, and removing anything would be a guess.
 */
enum builder_reach_roots {
        BUILDER_REACH_STEPS = 1,
        BUILDER_REACH_CACHES = 2, /* the directories of RUN --mount=type=cache */
        BUILDER_REACH_COMPRESSED = 4, /* the compressed forms that were made of the layers of tagged images */
        BUILDER_REACH_IMAGES = 8, /* images without a name as well; one that cannot be read is not counted */
};

struct builder_reach_options {
        unsigned roots;
        int64_t since; /* steps, downloads and cache mounts that were last used before are not counted; oci_store_object.used */
        const struct log *log; /* may be NULL */
};

int builder_reach_mark(struct oci_store *store, const struct builder_reach_options *options, struct builder_reach **ret,
                       struct error *err);
void builder_reach_free(struct builder_reach *r);
void builder_reach_cleanup(struct builder_reach **r);
#define CLEANUP_REACH __attribute__((cleanup(builder_reach_cleanup)))

/* True when the object must stay as it is. Not for OCI_STORE_DATA and OCI_STORE_REFS. */
bool builder_reach_has(const struct builder_reach *r, enum oci_store_area area, const char *name);
/* The bytes that must stay of a source ("data/NAME", "blobs/HEX"), perhaps none; NULL when nothing points at it.
 * Borrowed. */
struct builder_ranges *builder_reach_find_source(const struct builder_reach *r, const char *source);
/* Full names of tags whose image is not there. */
const struct strv *builder_reach_dangling(const struct builder_reach *r);

#endif
