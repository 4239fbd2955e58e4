/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_GLOB_H
#define BRYO_DOCKERFILE_GLOB_H

#include <stdbool.h>

#include "common/error.h"

/*
 * The wildcards of COPY and ADD: Go's filepath.Match, which matches whole
 * paths; '*' and '?' never match '/', '*' does match a leading dot, '\' escapes, there is no '**'. Time is at most path length x pattern length.
 */

/* True if the text has an unescaped '*', '?' or '['. */
bool dockerfile_glob_is(const char *text);

/* The text with '\x' reduced to 'x': the path a pattern without wildcards means. Heap string. */
char *dockerfile_glob_unescape(const char *text);

struct dockerfile_glob;

/* Compiles; fails (EINVAL) on an unclosed or empty [...], a '\' at the end, or a pattern of more than 4096 pieces. */
int dockerfile_glob_parse(const char *pattern, struct dockerfile_glob **ret, struct error *err);
/* Like it, but '**' matches across '/' as in .dockerignore (COPY --parents). */
int dockerfile_glob_parse_deep(const char *pattern, struct dockerfile_glob **ret, struct error *err);
void dockerfile_glob_free(struct dockerfile_glob *g);

bool dockerfile_glob_matches(const struct dockerfile_glob *g, const char *path);
/* True if some path below the directory `dir` ("" is the top) can match: a walk may skip the others. */
bool dockerfile_glob_may_contain(const struct dockerfile_glob *g, const char *dir);

#endif
