/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values of flags. */
#include "cmd/csv.h"

#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

/* Reads the field at *p and moves behind it. */
static int take_field(const char **p, const char *text, struct buffer *field, struct error *err)
{
        const char *at = *p;

        if (*at != '"') {
                size_t length = strcspn(at, ",");

                buffer_append(field, at, length);
                *p = at + length;
                return 0;
        }
        for (at++; *at; at++) {
                if (*at == '"' && at[1] != '"')
                        break;
                at += *at == '"';
                buffer_append_char(field, *at);
        }
        if (*at != '"' || (at[1] != ',' && at[1] != '\0'))
                return error_set(err, EINVAL, "%s: a quotation mark is not closed before a comma or the end", text);
        *p = at + 1;
        return 0;
}

int csv_split(const char *text, struct strv *ret, struct error *err)
{
        const char *p = text;

        for (;;) {
                CLEANUP_BUFFER struct buffer field = BUFFER_INIT;

                if (take_field(&p, text, &field, err) < 0)
                        return -1;
                strv_add(ret, buffer_text(&field));
                if (*p == '\0')
                        return 0;
                p++;
        }
}
