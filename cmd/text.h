/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_TEXT_H
#define BRYO_CMD_TEXT_H

#include <stddef.h>

#include "common/buffer.h"

/*
 * Appends text that an image brought along so that it stays on its line and a terminal obeys
 * none of it: tabs and line breaks become blanks, other control characters
 * and bytes that are no UTF-8 are shown as \xNN.
 */
void cmd_text_append_visible(struct buffer *to, const char *text);
/*
 * Appends a line that a program wrote: colours (SGR) are dropped, other controls are shown as ^X, what is invisible or turns
 * the order of characters as \u202e, bytes that are no UTF-8 as \x9b; tabs stay. NULs are bytes like others.
 */
void cmd_text_append_output(struct buffer *to, const char *bytes, size_t size);
/* The same for a message of several lines: newlines stay. */
void cmd_text_append_message(struct buffer *to, const char *text);
/* Appends JSON that came from outside: what a terminal obeys stands in it as \uXXXX, so that it is the same document. */
void cmd_text_append_json(struct buffer *to, const char *json, size_t size);
/* Columns that well-formed text takes, one for each character. */
size_t cmd_text_width(const char *text);
/* Appends at most `width` characters; what is cut off ends in "…", as docker does it. */
void cmd_text_append_cut(struct buffer *to, const char *text, size_t width);

#endif
