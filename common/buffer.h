/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_BUFFER_H
#define BRYO_COMMON_BUFFER_H

#include <stddef.h>

/*
 * A growing run of bytes. `data` always has a NUL behind `size` bytes once
 * anything was appended, so text can be used as a C string.
 * `CLEANUP_BUFFER struct buffer b = BUFFER_INIT;`
 */
struct buffer {
        char *data; /* owned; NULL while empty and never appended to */
        size_t size;
        size_t cap;
};

#define BUFFER_INIT { NULL, 0, 0 }

void buffer_append(struct buffer *b, const void *bytes, size_t size);
void buffer_append_char(struct buffer *b, char c);
void buffer_append_string(struct buffer *b, const char *s);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for `size` more bytes and returns where they go; the caller adds to `b->size` what it wrote. */
char *buffer_reserve(struct buffer *b, size_t size);
/* Keeps the memory, forgets the bytes. */
void buffer_clear(struct buffer *b);
/* Keeps the first `size` bytes, which are there. */
void buffer_truncate(struct buffer *b, size_t size);
/* Hands the bytes over as a heap string (never NULL) and leaves the buffer empty. */
char *buffer_steal(struct buffer *b);
/* The text, "" when empty; valid until the next change. */
const char *buffer_text(const struct buffer *b);
void buffer_free(struct buffer *b);

#define CLEANUP_BUFFER __attribute__((cleanup(buffer_free)))

#endif
