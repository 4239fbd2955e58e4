/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_IMPORT_H
#define BRYO_BUILDER_CACHE_IMPORT_H

#include "builder/cache_options.h"
#include "builder/record.h"

/*
 * The step caches that --cache-from names. Nothing is read before the store's own cache has missed; then the list of
 * steps of each, and of a step's bytes nothing before somebody needs them: a layer that was hit is `lazy` (chain.h)
 * until a step executes on it or the image needs it.
 *
 * A place that cannot be read, or a layer that is not what it should be, is told in the log and is a miss, unless the
 * place is strict. All functions may be called from any thread; NULL for the import is fine and finds nothing.
 */
struct builder_cache_import;

/* Reads nothing yet. Both are borrowed. NULL when no place is named. */
struct builder_cache_import *builder_cache_import_new(const struct builder_cache_options *o,
                                                      struct builder_workshop *w);
void builder_cache_import_free(struct builder_cache_import *import);

/* Fails only for a strict place. The record is the caller's; it is not in the store yet. */
int builder_cache_import_find(struct builder_cache_import *import, const struct sha256_digest *key,
                              struct builder_record *ret, bool *ret_found, struct error *err);
/*
 * Brings a lazy layer into the store, with the records of its steps; *ret_index is borrowed until the import is freed.
 * After a failure no step with this layer is found any more.
 */
int builder_cache_import_layer(struct builder_cache_import *import, const struct sha256_digest *diff_id,
                               const char **ret_index, struct error *err);
/* True if a layer of a place that is not strict has failed since the last call: building again will do without it. */
bool builder_cache_import_has_broken(struct builder_cache_import *import);

/* Brings the directory of a cache mount into the store, if it is to be had and the store has none of that name. */
int builder_cache_import_mount(struct builder_cache_import *import, const char *name, struct error *err);

#endif
