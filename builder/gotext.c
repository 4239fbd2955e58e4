/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Go prints them, for history lines. */
#include "builder/gotext.h"

#include "common/memory.h"

void builder_gotext_quote(struct buffer *b, const char *text)
{
        buffer_append_char(b, '"');
        for (const char *p = text; *p; p++) {
                unsigned char c = (unsigned char)*p;

                if (c == '"' || c == '\\')
                        buffer_printf(b, "\\%c", c);
                else if (c == '\n')
                        buffer_append_string(b, "\\n");
                else if (c == '\t')
                        buffer_append_string(b, "\\t");
                else if (c == '\r')
                        buffer_append_string(b, "\\r");
                else if (c < 0x20 || c == 0x7f)
                        buffer_printf(b, "\\x%02x", c);
                else
                        buffer_append_char(b, (char)c);
        }
        buffer_append_char(b, '"');
}

void builder_gotext_list(struct buffer *b, const struct strv *words, bool quoted)
{
        buffer_append_char(b, '[');
        for (size_t i = 0; i < words->count; i++) {
                if (i > 0)
                        buffer_append_char(b, ' ');
                if (quoted)
                        builder_gotext_quote(b, words->items[i]);
                else
                        buffer_append_string(b, words->items[i]);
        }
        buffer_append_char(b, ']');
}

/* `value` units of which `scale` make one, without zeros at the end: 1500 of 1000 is "1.5". */
static void append_decimal(struct buffer *b, int64_t value, int64_t scale)
{
        buffer_printf(b, "%lld", (long long)(value / scale));
        value %= scale;
        if (value > 0)
                buffer_append_char(b, '.');
        while (value > 0) {
                scale /= 10;
                buffer_append_char(b, (char)('0' + value / scale));
                value %= scale;
        }
}

void builder_gotext_duration(struct buffer *b, int64_t nanoseconds)
{
        static const struct {
                int64_t scale;
                const char *unit;
        } small[] = { { 1, "ns" }, { 1000, "\u00b5s" }, { 1000000, "ms" } };
        const int64_t second = 1000000000;

        if (nanoseconds == 0) {
                buffer_append_string(b, "0s");
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(small) && nanoseconds < second; i++) {
                if (nanoseconds >= small[i].scale * 1000)
                        continue;
                append_decimal(b, nanoseconds, small[i].scale);
                buffer_append_string(b, small[i].unit);
                return;
        }
        if (nanoseconds >= 3600 * second)
                buffer_printf(b, "%lldh", (long long)(nanoseconds / (3600 * second)));
        if (nanoseconds >= 60 * second)
                buffer_printf(b, "%lldm", (long long)(nanoseconds / (60 * second) % 60));
        append_decimal(b, nanoseconds % (60 * second), second);
        buffer_append_char(b, 's');
}
