/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_INDENT_H
#define BRYO_CMD_INDENT_H

#include "common/buffer.h"

/* Appends compact, well-formed JSON with line breaks and four blanks for each depth, as docker inspect prints it.
 * What a terminal obeys is escaped. */
void cmd_indent_format(const char *json, struct buffer *ret);

#endif
