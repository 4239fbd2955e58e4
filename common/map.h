/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_MAP_H
#define BRYO_COMMON_MAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * A hash map from byte strings to pointers. Keys are copied; values belong to
 * the caller, unless `free_value` is given. The hash is keyed with a random
 * seed, so that names chosen by an image cannot make it slow.
 */
struct map;

struct map *map_new(void (*free_value)(void *value));
void map_free(struct map *m);
void map_cleanup(struct map **m);
/* The value, or NULL. */
void *map_find(const struct map *m, const void *key, size_t size);
/* Adds, or replaces (the old value is freed if the map frees values). `value` is not NULL. */
void map_set(struct map *m, const void *key, size_t size, void *value);
/* Calls back for every pair, in no order; the map must not change meanwhile. */
void map_each(const struct map *m, void (*each)(void *context, const void *key, size_t size, void *value), void *context);
size_t map_count(const struct map *m);

#define CLEANUP_MAP __attribute__((cleanup(map_cleanup)))

#endif
