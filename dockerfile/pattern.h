/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_PATTERN_H
#define BRYO_DOCKERFILE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/*
 * A compiled path pattern: what glob.h and ignore.h share. It runs as a set of
 * states over the path, one character at a time, so that the time is at most
 * path length x pattern length whatever the pattern is.
 */
struct dockerfile_pattern;

/* Pieces of a pattern at most, after runs of "**" followed by '/' are made one. */
#define DOCKERFILE_PATTERN_MAX 4096

enum dockerfile_pattern_kind {
        DOCKERFILE_PATTERN_GLOB, /* Go's filepath.Match */
        DOCKERFILE_PATTERN_DEEP, /* the same, and "**" crosses '/' (moby/patternmatcher) */
};

int dockerfile_pattern_parse(const char *text, enum dockerfile_pattern_kind kind, struct dockerfile_pattern **ret,
                             struct error *err);
void dockerfile_pattern_free(struct dockerfile_pattern *p);

/* True if the whole path matches; with `or_parent` also if one of its parent directories does. */
bool dockerfile_pattern_matches(const struct dockerfile_pattern *p, const char *path, bool or_parent);
/* True if some path below directory `dir` ("" is the top) can match. */
bool dockerfile_pattern_may_contain(const struct dockerfile_pattern *p, const char *dir);

#endif
