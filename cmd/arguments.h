/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_ARGUMENTS_H
#define BRYO_CMD_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"

/* The flag that every verb with a store has; `target` is a const char **. */
#define CMD_ROOT_ROW(target)                                                                                           \
        {                                                                                                              \
                "root", 0, OPTION_TEXT, (target), "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)"      \
        }

/* No upper limit of words. */
#define CMD_ARGUMENTS_MANY SIZE_MAX

/*
 * Reads the command line of a verb that takes `min` to `max` words. *ret_done
 * is set when only the help was wanted, which has then been printed. A wrong number of words is an
 * error that shows the usage.
 */
int cmd_arguments_parse(const struct option_table *table, char *const *argv, size_t min, size_t max,
                        struct strv *ret_words, bool *ret_done, struct error *err);

/* What --format asks for: NULL and "table" are false, "json" is true, the rest is refused. */
int cmd_arguments_parse_format(const char *format, bool *ret_json, struct error *err);

#endif
