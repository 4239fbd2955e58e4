/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_IGNORE_H
#define BRYO_DOCKERFILE_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/*
 * .dockerignore (moby/patternmatcher is the reference): which paths of a
 * context are left out. Also --exclude of COPY and ADD. A path is relative to
 * the context, without "./" and without a '/' at either end. Matching takes at
 * most time in proportion to path length x pattern length: nothing backtracks.
 */
struct dockerfile_ignore;

/* `name` is for messages (".dockerignore"). A bad pattern is an error that names file and line. */
int dockerfile_ignore_parse(const char *text, size_t size, const char *name, struct dockerfile_ignore **ret,
                            struct error *err);

/* The same from a list (--exclude): no comments, and "line" numbers count the patterns from 1. */
int dockerfile_ignore_new(const char *const *patterns, size_t count, struct dockerfile_ignore **ret, struct error *err);

/* Accepts NULL. */
void dockerfile_ignore_free(struct dockerfile_ignore *m);
void dockerfile_ignore_cleanup(struct dockerfile_ignore **m);
#define CLEANUP_IGNORE __attribute__((cleanup(dockerfile_ignore_cleanup)))

/* True if some pattern takes back ("!"). */
bool dockerfile_ignore_has_exceptions(const struct dockerfile_ignore *m);
/* True if a pattern leaves out whatever there is: "*", "**" or what means the same. */
bool dockerfile_ignore_is_everything(const struct dockerfile_ignore *m);

/* How many patterns there are: 0 means that nothing is ever excluded. */
size_t dockerfile_ignore_count(const struct dockerfile_ignore *m);

/*
 * True when `path` is left out: the last pattern wins that matches the path or
 * one of its parents. *ret_line (may be NULL) is the line of the pattern that
 * decided, 0 when none matched. The context itself ("" or ".") is never left
 * out. Safe to call from several threads.
 */
bool dockerfile_ignore_matches(const struct dockerfile_ignore *m, const char *path, unsigned *ret_line);

/* False when the directory `dir` is left out and no later "!" pattern can bring anything below it back: it need not be
 * read. */
bool dockerfile_ignore_may_contain(const struct dockerfile_ignore *m, const char *dir);

#endif
