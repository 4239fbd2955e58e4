/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_UTF8_H
#define BRYO_DOCKERFILE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code points of a text that is usually, not certainly, UTF-8. */

/* A byte that is not part of valid UTF-8 reads as this plus the byte: never equal to a character, and nothing is lost.
 */
#define DOCKERFILE_UTF8_BAD 0xDC00u

/* The code point at `s` (size >= 1) and how many bytes it takes (1 to 4). */
size_t dockerfile_utf8_next(const char *s, size_t size, uint32_t *ret);

/* White space as Unicode defines it (Go's unicode.IsSpace), which is what BuildKit trims. */
bool dockerfile_utf8_is_space(uint32_t c);

/* Letters of the scripts people write in: what may be in a variable's name beside digits and '_'. */
bool dockerfile_utf8_is_letter(uint32_t c);

/* True for characters that could drive a terminal or reorder its text: C0, DEL, C1, bidirectional controls, bad bytes.
 */
bool dockerfile_utf8_is_unsafe(uint32_t c);

/* The range without white space at its ends. */
void dockerfile_utf8_trim(const char *text, size_t *start, size_t *end);

#endif
