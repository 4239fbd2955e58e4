/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_SHELL_PATTERN_H
#define BRYO_DOCKERFILE_SHELL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * Patterns of ${v#p}, ${v%p} and ${v/p/r}: '*', '?' and '\' in front of '*',
 * '?', '\', '}' and '/'; no brackets. `work` counts down with every comparison;
 * when it reaches 0 the call fails, so that a hostile pattern costs a bounded
 * time whatever it looks like.
 */

/* Appends `value` without the shortest (or longest) start, or end, that matches. */
int dockerfile_shell_trim(const char *pattern, const char *value, bool at_end, bool longest, size_t *work,
                          struct buffer *ret, struct error *err);

/* Appends `value` with the first match (or all), longest from the left, replaced by the literal `by`; stops early when
 * `ret` grows past `limit`. */
int dockerfile_shell_replace(const char *pattern, const char *value, const char *by, bool all, size_t limit,
                             size_t *work, struct buffer *ret, struct error *err);

#endif
