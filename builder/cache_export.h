/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_EXPORT_H
#define BRYO_BUILDER_CACHE_EXPORT_H

#include "builder/job.h"
#include "builder/record.h"

/*
 * The step cache of one build, written to the places that --cache-to names: for each step its keys and its layer, for
 * each cache mount one layer. Layers that a place has already are not made again.
 */

/* A step that a stage has taken, executed or hit. */
struct builder_note {
        struct sha256_digest keys[2]; /* the one looked up, and the one the record is kept under if that is another */
        size_t key_count;
        struct builder_record record;
};

/* Notes a step of the stage, if some place will ask. */
void builder_cache_note(const struct builder_site *site, const struct sha256_digest *key,
                        const struct builder_record *record);
void builder_cache_notes_free(struct builder_stage *stage);

/* type=inline: puts the list of the target's steps into the config of the image, before it is committed. */
int builder_cache_inline(struct builder_job *job, struct error *err);
/* What an image's config says of the cache is about that image, not about those built on it. */
void builder_cache_drop_inline(struct oci_config *config);
/* After the commit. Fails only for a strict place; other failures are told in the log. */
int builder_cache_export(struct builder_job *job, struct error *err);

#endif
