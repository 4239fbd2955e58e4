/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_TABLE_H
#define BRYO_CMD_TABLE_H

#include <stddef.h>

#include "common/buffer.h"
#include "common/strv.h"

/*
 * Columns as docker aligns them: three blanks between, at least ten wide, the
 * last one as long as it is. `CLEANUP_TABLE struct cmd_table t = { .columns = 5 };`,
 * then cells row by row, the header first.
 */
struct cmd_table {
        size_t columns;
        struct strv cells; /* fit for a terminal */
};

/* Appends a cell; what a terminal would obey in it is shown escaped. */
void cmd_table_add(struct cmd_table *t, const char *cell);
/* Appends the lines. The number of cells must be a multiple of the columns. */
void cmd_table_format(const struct cmd_table *t, struct buffer *ret);
void cmd_table_free(struct cmd_table *t);
#define CLEANUP_TABLE __attribute__((cleanup(cmd_table_free)))

#endif
