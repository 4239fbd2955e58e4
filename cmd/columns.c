/* SPDX-License-Identifier: Apache-2.0 */
/* Text measured in the columns of a terminal. */
#include "cmd/columns.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "common/memory.h"

#define ELLIPSIS "\xe2\x80\xa6"

struct cmd_columns {
        locale_t locale; /* 0: no UTF-8 */
};

struct cmd_columns *cmd_columns_new(void)
{
        static const char *const names[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8"};
        struct cmd_columns *c = memory_zalloc(1, sizeof(*c));

        for (size_t i = 0; i < ARRAY_SIZE(names) && !c->locale; i++)
                c->locale = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
        return c;
}

void cmd_columns_free(struct cmd_columns *c)
{
        if (c == NULL)
                return;
        if (c->locale)
                freelocale(c->locale);
        free(c);
}

/* The next character: its bytes, what is shown for it and the columns that takes. `size` > 0. */
static size_t next_character(const struct cmd_columns *c, const char *p, size_t size, const char **ret_shown,
                             size_t *ret_columns)
{
        mbstate_t state = {0};
        wchar_t wide = 0;
        size_t length = 1;
        int columns;

        *ret_shown = *p == '\t' ? " " : p;
        *ret_columns = 1;
        if ((unsigned char)*p < 0x80)
                return 1;
        if (c->locale)
                length = mbrtowc(&wide, p, size, &state);
        if (!c->locale || length == (size_t)-1 || length == (size_t)-2) {
                for (length = 1; length < size && ((unsigned char)p[length] & 0xc0) == 0x80; length++)
                        ;
                *ret_shown = "?";
                return length;
        }
        columns = wcwidth(wide);
        if (columns < 0) /* not in this library's Unicode, or not to be shown */
                *ret_shown = "?";
        else
                *ret_columns = wide == 0xfe0f ? 1 : (size_t)columns; /* it may make a narrow one wide */
        return length;
}

static size_t append(const struct cmd_columns *c, struct buffer *to, const char *text, size_t width)
{
        size_t left = strlen(text), columns = 0, keep_size = to->size, keep_columns = 0;

        while (left > 0) {
                const char *shown;
                size_t taken;
                size_t length = next_character(c, text, left, &shown, &taken);

                if (columns + taken > width) {
                        to->size = keep_size; /* back to where the ellipsis fits */
                        if (to->data)
                                to->data[to->size] = '\0';
                        if (width == 0)
                                return 0;
                        buffer_append_string(to, c->locale ? ELLIPSIS : "~");
                        return keep_columns + 1;
                }
                buffer_append(to, shown, shown == text ? length : 1);
                columns += taken;
                if (columns + 1 <= width) {
                        keep_size = to->size;
                        keep_columns = columns;
                }
                text += length;
                left -= length;
        }
        return columns;
}

size_t cmd_columns_append(const struct cmd_columns *c, struct buffer *to, const char *text, size_t width)
{
        locale_t before = c->locale ? uselocale(c->locale) : (locale_t)0;
        size_t columns = append(c, to, text, width);

        if (before)
                uselocale(before);
        return columns;
}
