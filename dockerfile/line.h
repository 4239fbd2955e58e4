/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_LINE_H
#define BRYO_DOCKERFILE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "dockerfile/place.h"
#include "dockerfile/source.h"

/* A logical line: physical lines joined by continuations, and where each of its bytes came from. */
struct dockerfile_line {
        struct buffer text;
        struct dockerfile_segment *segments;
        size_t segment_count;
        size_t segment_cap;
        unsigned first_line;
        unsigned last_line;      /* the last physical line read, heredocs not included */
        bool empty_continuation; /* blank lines were dropped inside */
};

/* A range of bytes of a logical line. */
struct dockerfile_range {
        size_t start;
        size_t end;
};

/*
 * Reads the logical line that starts at physical line `line` (not blank, not a
 * comment). Comment lines and blank lines inside continuations are dropped.
 */
void dockerfile_line_read(struct dockerfile_line *l, const struct dockerfile_source *s, unsigned line, char escape);
void dockerfile_line_free(struct dockerfile_line *l);

/* Where bytes start..end stand in the file; the width stops at a line's end. */
struct dockerfile_place dockerfile_line_place(const struct dockerfile_line *l, size_t start, size_t end);

/* True if the first character of the text that is not white space is '#'. */
bool dockerfile_line_is_comment(const char *text, size_t size);
bool dockerfile_line_is_blank(const char *text, size_t size);

#endif
