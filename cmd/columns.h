/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_COLUMNS_H
#define BRYO_CMD_COLUMNS_H

#include <stddef.h>

#include "common/buffer.h"

/*
 * How many columns of a terminal text takes: none for combining characters,
 * two for wide ones, as wcwidth(3) of a UTF-8 locale says, whatever locale
 * the user has. Text is what cmd_text_append_output made.
 */
struct cmd_columns;

/* Where the C library has no UTF-8 locale, every character that is not ASCII is shown as "?". Never NULL. */
struct cmd_columns *cmd_columns_new(void);
void cmd_columns_free(struct cmd_columns *c);
/*
 * Appends as much of the text as fits into `width` columns and returns how
 * many it took; text that is cut ends in "…". Tabs become a blank. A sequence
 * of characters that terminals draw narrower than its parts counts in full,
 * so that a line is never wider than it is thought to be.
 */
size_t cmd_columns_append(const struct cmd_columns *c, struct buffer *to, const char *text, size_t width);

#endif
