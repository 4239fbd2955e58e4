/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_DIRECTIVE_H
#define BRYO_DOCKERFILE_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "dockerfile/parser.h"

/* Pieces of "name = value", as offsets into a text. */
struct dockerfile_setting {
        size_t name, name_end;
        size_t value, value_end;
};

/* Reads text[start..end] as NAME = VALUE: a letter, letters and digits; a value of at least one character. */
bool dockerfile_setting_split(const char *text, size_t start, size_t end, struct dockerfile_setting *ret);
/* True if the name is this one, whatever its case. */
bool dockerfile_setting_is(const char *text, const struct dockerfile_setting *s, const char *name);

/*
 * Reads the comment in line `line` as a directive into d. *mode becomes false
 * when it is none: directives end with the first line that is not one.
 */
int dockerfile_directive_read(struct dockerfile *d, unsigned line, bool *mode, struct error *err);

#endif
