/* SPDX-License-Identifier: Apache-2.0 */
#include "common/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

char *buffer_reserve(struct buffer *b, size_t size)
{
        memory_grow(&b->data, &b->cap, b->size + size + 1, 1);
        b->data[b->size] = '\0';
        return b->data + b->size;
}

void buffer_append(struct buffer *b, const void *bytes, size_t size)
{
        char *to = buffer_reserve(b, size);

        if (size > 0)
                memcpy(to, bytes, size);
        b->size += size;
        b->data[b->size] = '\0';
}

void buffer_append_char(struct buffer *b, char c)
{
        buffer_append(b, &c, 1);
}

void buffer_append_string(struct buffer *b, const char *s)
{
        buffer_append(b, s, strlen(s));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
        CLEANUP_FREE char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        va_end(ap);
        buffer_append_string(b, text);
}

void buffer_clear(struct buffer *b)
{
        b->size = 0;
        if (b->data)
                b->data[0] = '\0';
}

void buffer_truncate(struct buffer *b, size_t size)
{
        b->size = size;
        if (b->data)
                b->data[size] = '\0';
}

char *buffer_steal(struct buffer *b)
{
        char *data;

        (void)buffer_reserve(b, 0);
        data = STEAL(b->data);
        b->size = b->cap = 0;
        return data;
}

const char *buffer_text(const struct buffer *b)
{
        return b->data ? b->data : "";
}

void buffer_free(struct buffer *b)
{
        free(b->data);
        *b = (struct buffer)BUFFER_INIT;
}
