/* SPDX-License-Identifier: Apache-2.0 */
/* bryo version, bryo --version */
#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/verbs.h"

int cmd_version(char *const *argv, struct error *err)
{
        const struct option_table table = {.usage = "bryo version", .about = "Prints bryo's version."};
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        if (!done)
                puts("bryo " PACKAGE_VERSION);
        return 0;
}
