/* SPDX-License-Identifier: Apache-2.0 */
/* The name that bryo was called by. Set once, before anything else runs. */
#include "cmd/program.h"

#include <string.h>

static const char *program = "bryo";

void cmd_program_set(const char *path)
{
        const char *slash = strrchr(path, '/');

        program = slash ? slash + 1 : path;
}

bool cmd_program_is(const char *name)
{
        return strcmp(program, name) == 0;
}
