/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_SUGGEST_H
#define BRYO_DOCKERFILE_SUGGEST_H

#include <stddef.h>

/*
 * The candidate a mistyped `word` most likely means, or NULL when none is near:
 * the smallest number of inserted, dropped, replaced or swapped neighbouring
 * letters, at most a third of the word (at least 1, at most 3), case ignored. Words of
 * more than 64 bytes have none.
 */
const char *dockerfile_suggest(const char *word, const char *const *candidates, size_t count);

#endif
