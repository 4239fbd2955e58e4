/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs' command lines have in common: the help, the number of words, --format. */
#include "cmd/arguments.h"

#include <string.h>

int cmd_arguments_parse(const struct option_table *table, char *const *argv, size_t min, size_t max,
                        struct strv *ret_words, bool *ret_done, struct error *err)
{
        if (options_parse(table, argv, ret_words, ret_done, err) < 0)
                return -1;
        if (*ret_done) {
                options_print_help(table);
                return 0;
        }
        if (ret_words->count < min)
                return error_set(err, OPTIONS_EUSAGE, "%s: usage: %s",
                                 ret_words->count == 0 ? "nothing to work on was named" : "too few words",
                                 table->usage);
        if (ret_words->count > max)
                return error_set(err, OPTIONS_EUSAGE, "\"%s\" is one word too many: usage: %s", ret_words->items[max],
                                 table->usage);
        return 0;
}

int cmd_arguments_parse_format(const char *format, bool *ret_json, struct error *err)
{
        *ret_json = format && strcmp(format, "json") == 0;
        if (format && !*ret_json && strcmp(format, "table") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--format %s: only json and table are built (no templates)",
                                 format);
        return 0;
}
