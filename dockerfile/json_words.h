/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_JSON_WORDS_H
#define BRYO_DOCKERFILE_JSON_WORDS_H

#include "dockerfile/words.h"

enum dockerfile_json {
        DOCKERFILE_JSON_NOT,     /* not a JSON array: the shell form */
        DOCKERFILE_JSON_WORDS,   /* an array of strings, added to the words */
        DOCKERFILE_JSON_STRANGE, /* a JSON array, but not of strings */
        DOCKERFILE_JSON_NUL,     /* an array of strings, one with a NUL character in it */
};

/* Reads the exec form: only a text that begins with '[' and is valid JSON as a whole. */
enum dockerfile_json dockerfile_json_words(struct dockerfile_words *w, const struct dockerfile_line *l,
                                           struct dockerfile_range r);

/* The string at `key` of the JSON object that the text is as a whole, or NULL; a heap string. */
char *dockerfile_json_find(const char *text, size_t size, const char *key);

#endif
