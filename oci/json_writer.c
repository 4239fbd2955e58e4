/* SPDX-License-Identifier: Apache-2.0 */
/* JSON output with pinned bytes: yajl's generator neither escapes as Go does nor keeps number texts. */
#include "oci/json_writer.h"

#include <string.h>

#include "oci/utf8.h"

/* Appends one ASCII character. */
static void append_ascii(struct buffer *out, unsigned char c)
{
        static const char *const shorts = "\"\"\\\\\bb\ff\nn\rr\tt";

        for (const char *s = shorts; *s; s += 2) {
                if ((unsigned char)s[0] == c) {
                        buffer_append_char(out, '\\');
                        buffer_append_char(out, s[1]);
                        return;
                }
        }
        if (c < 0x20 || c == '<' || c == '>' || c == '&')
                buffer_printf(out, "\\u%04x", c);
        else
                buffer_append_char(out, (char)c);
}

void oci_json_append_quoted(struct buffer *out, const char *value)
{
        const unsigned char *p = (const unsigned char *)value;
        const unsigned char *end = p + strlen(value);

        buffer_append_char(out, '"');
        while (p < end) {
                size_t n;

                if (*p < 0x80) {
                        append_ascii(out, *p++);
                        continue;
                }
                n = oci_utf8_length(p, (size_t)(end - p));
                if (n == 0) {
                        buffer_append_string(out, "\\ufffd");
                        n = 1;
                } else if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8) {
                        buffer_append_string(out, p[2] == 0xa8 ? "\\u2028" : "\\u2029");
                } else {
                        buffer_append(out, p, n);
                }
                p += n;
        }
        buffer_append_char(out, '"');
}

/* What stands in front of every value. */
static void begin_value(struct oci_json_writer *w, const char *key)
{
        if (w->comma)
                buffer_append_char(w->out, ',');
        w->comma = true;
        if (key != NULL) {
                oci_json_append_quoted(w->out, key);
                buffer_append_char(w->out, ':');
        }
}

static void open_bracket(struct oci_json_writer *w, const char *key, char bracket)
{
        begin_value(w, key);
        buffer_append_char(w->out, bracket);
        w->comma = false;
}

static void close_bracket(struct oci_json_writer *w, char bracket)
{
        buffer_append_char(w->out, bracket);
        w->comma = true;
}

void oci_json_begin_object(struct oci_json_writer *w, const char *key)
{
        open_bracket(w, key, '{');
}

void oci_json_end_object(struct oci_json_writer *w)
{
        close_bracket(w, '}');
}

void oci_json_begin_array(struct oci_json_writer *w, const char *key)
{
        open_bracket(w, key, '[');
}

void oci_json_end_array(struct oci_json_writer *w)
{
        close_bracket(w, ']');
}

void oci_json_add_string(struct oci_json_writer *w, const char *key, const char *value)
{
        begin_value(w, key);
        oci_json_append_quoted(w->out, value);
}

void oci_json_add_string_if(struct oci_json_writer *w, const char *key, const char *value)
{
        if (value != NULL && *value != '\0')
                oci_json_add_string(w, key, value);
}

void oci_json_add_int(struct oci_json_writer *w, const char *key, int64_t value)
{
        begin_value(w, key);
        buffer_printf(w->out, "%lld", (long long)value);
}

void oci_json_add_bool(struct oci_json_writer *w, const char *key, bool value)
{
        begin_value(w, key);
        buffer_append_string(w->out, value ? "true" : "false");
}

void oci_json_add_null(struct oci_json_writer *w, const char *key)
{
        begin_value(w, key);
        buffer_append_string(w->out, "null");
}

void oci_json_add_raw(struct oci_json_writer *w, const char *key, const char *json)
{
        begin_value(w, key);
        buffer_append_string(w->out, json);
}
