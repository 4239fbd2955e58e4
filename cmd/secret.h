/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_SECRET_H
#define BRYO_CMD_SECRET_H

#include <stdbool.h>

#include "common/error.h"

/* Texts that a user types for a login. */

/* Asks on the terminal of standard input, which must be one; with `hidden` nothing is shown of the answer. Heap text.
 */
int cmd_secret_ask(const char *question, bool hidden, char **ret, struct error *err);
/* All of standard input but for one line end: --password-stdin. EINVAL when that is nothing. Heap text. */
int cmd_secret_read(char **ret, struct error *err);
/* Overwrites and frees; NULL is fine. For CLEANUP_SECRET. */
void cmd_secret_cleanup(char **secret);
#define CLEANUP_SECRET __attribute__((cleanup(cmd_secret_cleanup)))

#endif
