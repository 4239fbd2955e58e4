/* SPDX-License-Identifier: Apache-2.0 */
/* JSON for eyes. */
#include "cmd/indent.h"

#include <stdbool.h>

#include "cmd/text.h"

static void break_line(struct buffer *ret, int depth)
{
        buffer_printf(ret, "\n%*s", 4 * depth, "");
}

/* Copies a string with its quotes; returns what is behind it. */
static const char *copy_string(const char *p, struct buffer *ret)
{
        const char *begin = p++;

        while (*p && *p != '"')
                p += *p == '\\' && p[1] ? 2 : 1;
        p += *p == '"';
        cmd_text_append_json(ret, begin, (size_t)(p - begin));
        return p;
}

void cmd_indent_format(const char *json, struct buffer *ret)
{
        int depth = 0;

        for (const char *p = json; *p;) {
                bool opens = *p == '{' || *p == '[';
                bool closes = *p == '}' || *p == ']';

                if (*p == '"') {
                        p = copy_string(p, ret);
                        continue;
                }
                if (opens && (p[1] == '}' || p[1] == ']')) {
                        buffer_append(ret, p, 2);
                        p += 2;
                        continue;
                }
                if (closes)
                        break_line(ret, --depth);
                buffer_append_char(ret, *p);
                if (opens)
                        break_line(ret, ++depth);
                else if (*p == ',')
                        break_line(ret, depth);
                else if (*p == ':')
                        buffer_append_char(ret, ' ');
                p++;
        }
        buffer_append_char(ret, '\n');
}
