/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_WORDS_H
#define BRYO_DOCKERFILE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "dockerfile/line.h"

/* A growing list of words. */
struct dockerfile_words {
        struct dockerfile_word *items;
        size_t count;
        size_t cap;
};

/* Adds bytes start..end of the line. */
void dockerfile_words_add(struct dockerfile_words *w, const struct dockerfile_line *l, size_t start, size_t end);
/* Adds a word whose text is not in the line as it is (JSON): takes `text`, which stands at start..end. */
void dockerfile_words_take(struct dockerfile_words *w, const struct dockerfile_line *l, char *text, size_t start,
                           size_t end);
/* Splits at runs of blanks; quotes mean nothing (FROM, COPY, EXPOSE, ...). */
void dockerfile_words_split(struct dockerfile_words *w, const struct dockerfile_line *l, struct dockerfile_range r);
/* Splits at white space outside quotes; quotes and escapes stay in the words (ENV, LABEL, ARG). */
void dockerfile_words_split_quoted(struct dockerfile_words *w, const struct dockerfile_line *l,
                                   struct dockerfile_range r, char escape);
void dockerfile_words_free(struct dockerfile_words *w);

/* The next run of non-blanks in r, which shrinks by it; false at the end. */
bool dockerfile_words_next(const struct dockerfile_line *l, struct dockerfile_range *r, struct dockerfile_range *ret);

#endif
