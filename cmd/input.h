/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_INPUT_H
#define BRYO_CMD_INPUT_H

#include "common/error.h"

/*
 * Opens the archive that a verb reads: a file, or standard input for "-",
 * which must not be a terminal. *ret_what is how messages call it, borrowed from `path` or static.
 */
int cmd_input_open(const char *path, int *ret_fd, const char **ret_what, struct error *err);

#endif
