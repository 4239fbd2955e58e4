/* SPDX-License-Identifier: Apache-2.0 */
/* Text of images on the user's terminal. */
#include "cmd/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "oci/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* The number of a well-formed sequence. */
static uint32_t decode(const unsigned char *p, size_t length)
{
        uint32_t c = length == 1 ? p[0] : p[0] & (0xffu >> (length + 1));

        for (size_t i = 1; i < length; i++)
                c = c << 6 | (p[i] & 0x3f);
        return c;
}

/*
 * What a terminal obeys, and what changes or hides what is read without being seen: controls, line separators, the
 * bidirectional controls ("Trojan Source", CVE-2021-42574), the byte order mark, interlinear and tag characters. Joiners
 * (U+200C, U+200D) and variation selectors stay: languages and emoji need them.
 */
static bool is_unsafe(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
               (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
               (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c < 0xe0100);
}

void cmd_text_append_visible(struct buffer *to, const char *text)
{
        size_t left = strlen(text);

        while (left > 0) {
                size_t length = oci_utf8_length(text, left);

                if (*text == '\t' || *text == '\n' || *text == '\r') {
                        buffer_append_char(to, ' ');
                } else if (length == 0 || is_unsafe(decode((const unsigned char *)text, length))) {
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

void cmd_text_append_json(struct buffer *to, const char *json, size_t size)
{
        for (size_t at = 0, length; at < size; at += length) {
                uint32_t c;

                length = oci_utf8_length(json + at, size - at);
                c = length > 0 ? decode((const unsigned char *)json + at, length) : '?';
                if (length == 0) { /* the reader has refused these */
                        length = 1;
                        buffer_append_char(to, '?');
                } else if (c < 0x7f || !is_unsafe(c)) {
                        buffer_append(to, json + at, length);
                } else if (c < 0x10000) {
                        buffer_printf(to, "\\u%04x", c);
                } else {
                        buffer_printf(to, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
                }
        }
}

/* Length of a colour sequence ESC [ digits ; : ... m at `p` (ECMA-48, SGR), or 0. */
static size_t colour_length(const char *p, const char *end)
{
        const char *q = p + 2;

        if (end - p < 3 || p[0] != '\033' || p[1] != '[')
                return 0;
        while (q < end && ((*q >= '0' && *q <= '9') || *q == ';' || *q == ':'))
                q++;
        return q < end && *q == 'm' ? (size_t)(q + 1 - p) : 0;
}

/* One character at `p`, as it may be shown; returns how long it is. */
static size_t append_safe(struct buffer *to, const char *p, const char *end)
{
        size_t length = oci_utf8_length(p, (size_t)(end - p));
        uint32_t c;

        if (length == 0) {
                buffer_printf(to, "\\x%02x", (unsigned char)*p);
                return 1;
        }
        c = decode((const unsigned char *)p, length);
        if (!is_unsafe(c))
                buffer_append(to, p, length);
        else if (c < 0x80)
                buffer_printf(to, "^%c", (char)(c ^ 0x40));
        else
                buffer_printf(to, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        return length;
}

static void append_lines(struct buffer *to, const char *bytes, size_t size, bool newlines)
{
        const char *end = bytes + size;

        for (const char *p = bytes; p < end;) {
                const char *plain = p;
                size_t colour;

                while (p < end && (*p == '\t' || (*p == '\n' && newlines) || (*p >= 0x20 && *p < 0x7f)))
                        p++;
                buffer_append(to, plain, (size_t)(p - plain));
                if (p == end)
                        break;
                colour = colour_length(p, end);
                p += colour > 0 ? colour : append_safe(to, p, end);
        }
}

void cmd_text_append_output(struct buffer *to, const char *bytes, size_t size)
{
        append_lines(to, bytes, size, false);
}

void cmd_text_append_message(struct buffer *to, const char *text)
{
        append_lines(to, text, strlen(text), true);
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
