/* SPDX-License-Identifier: Apache-2.0 */
/* Text of images on the user's terminal. */
#include "cmd/text.h"

#include <string.h>

#include "oci/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

static bool is_control(const unsigned char *p, size_t length)
{
        if (length == 1)
                return *p < 0x20 || *p == 0x7f;
        return length == 2 && p[0] == 0xc2 && p[1] < 0xa0; /* U+0080 to U+009F */
}

void cmd_text_append_visible(struct buffer *to, const char *text)
{
        size_t left = strlen(text);

        while (left > 0) {
                size_t length = oci_utf8_length(text, left);

                if (*text == '\t' || *text == '\n' || *text == '\r') {
                        buffer_append_char(to, ' ');
                } else if (length == 0 || is_control((const unsigned char *)text, length)) {
                        length = length ? length : 1;
                        for (size_t i = 0; i < length; i++)
                                buffer_printf(to, "\\x%02x", (unsigned char)text[i]);
                } else {
                        buffer_append(to, text, length);
                }
                text += length;
                left -= length;
        }
}

static bool is_continuation(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80;
}

size_t cmd_text_width(const char *text)
{
        size_t width = 0;

        for (; *text; text++)
                width += !is_continuation(*text);
        return width;
}

void cmd_text_append_cut(struct buffer *to, const char *text, size_t width)
{
        const char *end = text;

        if (cmd_text_width(text) <= width) {
                buffer_append_string(to, text);
                return;
        }
        for (size_t shown = 0; shown < width; end++)
                shown += !is_continuation(*end);
        /* `end` is behind the first byte of the character that gives way to the ellipsis */
        buffer_append(to, text, (size_t)(end - 1 - text));
        buffer_append_string(to, ELLIPSIS);
}
