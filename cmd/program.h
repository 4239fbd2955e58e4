/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRAM_H
#define BRYO_CMD_PROGRAM_H

#include <stdbool.h>

/*
 * The name that bryo was called by, a link called docker, podman or buildah among them: where these programs differ
 * from each other in what they do without being told, each gets its own.
 */

/* `path`: argv[0], which must last. */
void cmd_program_set(const char *path);
bool cmd_program_is(const char *name);

#endif
