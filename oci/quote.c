/* SPDX-License-Identifier: Apache-2.0 */
/* Makes hostile text fit for a message: names of layers, tags and JSON keys come from outside. */
#include "oci/quote.h"

#include <string.h>

#include "common/buffer.h"

#define QUOTE_MAX 128

char *oci_quote_bytes(const void *bytes, size_t size)
{
        const unsigned char *p = bytes;
        struct buffer b = BUFFER_INIT;
        size_t shown = size > QUOTE_MAX ? QUOTE_MAX : size;

        buffer_append_char(&b, '"');
        for (size_t i = 0; i < shown; i++) {
                if (p[i] == '"' || p[i] == '\\')
                        buffer_printf(&b, "\\%c", p[i]);
                else if (p[i] < 0x20 || p[i] > 0x7e)
                        buffer_printf(&b, "\\x%02x", p[i]);
                else
                        buffer_append_char(&b, (char)p[i]);
        }
        buffer_append_string(&b, shown < size ? "...\"" : "\"");
        return buffer_steal(&b);
}

char *oci_quote(const char *text)
{
        return oci_quote_bytes(text, strnlen(text, QUOTE_MAX + 1));
}
