/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRESS_H
#define BRYO_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "builder/progress.h"
#include "common/log.h"

/*
 * Prints a build as plain lines:
 *
 *     #3 [build 2/4] RUN make
 *     #3 0.412 cc -c a.c
 *     #3 DONE 1.2s
 *
 * Bytes of a command that a terminal would obey (but for colours) are shown
 * escaped, so that a build cannot type into, retitle or forge lines of the
 * user's terminal.
 */
struct cmd_progress;

/* `quiet` prints nothing but warnings. `out` is where, borrowed; NULL: stderr. */
struct cmd_progress *cmd_progress_new(bool quiet, FILE *out);
void cmd_progress_free(struct cmd_progress *p);
/* The callbacks for the builder and for the rooms' log; valid as long as `p`. */
struct builder_progress cmd_progress_callbacks(struct cmd_progress *p);
struct log cmd_progress_log(struct cmd_progress *p);

#endif
