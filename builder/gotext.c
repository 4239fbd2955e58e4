/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Go prints them, for history lines. */
#include "builder/gotext.h"

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
