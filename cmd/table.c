/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the listing verbs. */
#include "cmd/table.h"

#include <assert.h>
#include <stdlib.h>

#include "cmd/text.h"
#include "common/memory.h"

/* text/tabwriter as docker's formatter sets it up */
#define MIN_WIDTH 10
#define PADDING   3

void cmd_table_add(struct cmd_table *t, const char *cell)
{
        CLEANUP_BUFFER struct buffer visible = BUFFER_INIT;

        cmd_text_append_visible(&visible, cell);
        strv_take(&t->cells, buffer_steal(&visible));
}

void cmd_table_format(const struct cmd_table *t, struct buffer *ret)
{
        size_t *widths = memory_zalloc(t->columns, sizeof(*widths));

        assert(t->cells.count % t->columns == 0);
        for (size_t i = 0; i < t->cells.count; i++) {
                size_t width = cmd_text_width(t->cells.items[i]) + PADDING;
                size_t *column = &widths[i % t->columns];

                width = width < MIN_WIDTH ? MIN_WIDTH : width;
                *column = width > *column ? width : *column;
        }
        for (size_t i = 0; i < t->cells.count; i++) {
                size_t column = i % t->columns;

                buffer_append_string(ret, t->cells.items[i]);
                if (column + 1 < t->columns)
                        buffer_printf(ret, "%*s", (int)(widths[column] - cmd_text_width(t->cells.items[i])), "");
                else
                        buffer_append_char(ret, '\n');
        }
        free(widths);
}

void cmd_table_free(struct cmd_table *t)
{
        strv_free(&t->cells);
}
