/* SPDX-License-Identifier: Apache-2.0 */
#include "common/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *p)
{
        if (p == NULL) {
                fputs("bryo: out of memory\n", stderr);
                abort();
        }
        return p;
}

void *memory_alloc(size_t size)
{
        return checked(malloc(size ? size : 1));
}

void *memory_zalloc(size_t count, size_t size)
{
        if (count == 0 || size == 0)
                count = size = 1;
        return checked(calloc(count, size));
}

void *memory_realloc(void *old, size_t count, size_t size)
{
        if (count == 0 || size == 0)
                count = size = 1;
        return checked(reallocarray(old, count, size));
}

char *memory_strdup(const char *s)
{
        return checked(strdup(s));
}

char *memory_strndup(const char *s, size_t n)
{
        return checked(strndup(s, n));
}

void *memory_dup(const void *bytes, size_t size)
{
        void *copy = memory_alloc(size);

        if (size > 0)
                memcpy(copy, bytes, size);
        return copy;
}

char *memory_printf(const char *format, ...)
{
        char *text = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        return checked(n < 0 ? NULL : text);
}

void memory_grow(void *items, size_t *cap, size_t need, size_t size)
{
        size_t grown = *cap ? *cap : 8;
        void *array;

        if (need <= *cap)
                return;
        while (grown < need) {
                if (grown > SIZE_MAX / 2)
                        checked(NULL);
                grown *= 2;
        }
        /* through memcpy: `items` points at a pointer of the caller's own type, which a void ** must not alias */
        memcpy(&array, items, sizeof(array));
        array = memory_realloc(array, grown, size);
        memcpy(items, &array, sizeof(array));
        *cap = grown;
}

void memory_cleanup_free(void *pointer_to_pointer)
{
        void *owned;

        memcpy(&owned, pointer_to_pointer, sizeof(owned));
        free(owned);
}
