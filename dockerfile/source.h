/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_SOURCE_H
#define BRYO_DOCKERFILE_SOURCE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"
#include "dockerfile/place.h"

/* A file's text cut into lines: what the parser reads and what messages quote. */
struct dockerfile_source {
        char *name;
        char *text; /* without a byte order mark; NUL behind it */
        size_t size;
        size_t *starts; /* where each line starts; one more than line_count */
        unsigned line_count;
        unsigned *firsts; /* the first line of each instruction that was read, in order: what an excerpt begins with */
        size_t first_count;
        size_t first_cap;
};

/* Copies the text. Refuses what cannot be a Dockerfile: too big, UTF-16, NUL bytes, a line that is too long. */
int dockerfile_source_new(const char *text, size_t size, const char *name, struct dockerfile_source **ret,
                          struct error *err);
void dockerfile_source_free(struct dockerfile_source *s);

/* Line `line` (from 1) without its line end: a pointer into the text and its size. */
const char *dockerfile_source_line(const struct dockerfile_source *s, unsigned line, size_t *ret_size);
/* The same with its line end. */
const char *dockerfile_source_raw_line(const struct dockerfile_source *s, unsigned line, size_t *ret_size);

/* An instruction begins in this line: to be told before it is read, so that its errors show it from here on. */
void dockerfile_source_begin(struct dockerfile_source *s, unsigned line);

/* See dockerfile_error and dockerfile_excerpt. */
int dockerfile_source_error(const struct dockerfile_source *s, const struct dockerfile_place *place, struct error *err,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));
int dockerfile_source_verror(const struct dockerfile_source *s, const struct dockerfile_place *place, struct error *err,
                             const char *format, va_list ap) __attribute__((format(printf, 4, 0)));
void dockerfile_source_excerpt(const struct dockerfile_source *s, unsigned first, unsigned last, struct buffer *ret);

#endif
