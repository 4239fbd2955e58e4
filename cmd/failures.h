/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_FAILURES_H
#define BRYO_CMD_FAILURES_H

#include "common/buffer.h"
#include "common/error.h"

/*
 * The failures of a verb that goes on with its other words after one of them
 * failed: each is a line of the one error that the verb ends with.
 */
struct cmd_failures {
        struct buffer lines;
        int code; /* of the first one; 0: none */
};

/* Takes the error over and leaves it empty. */
void cmd_failures_add(struct cmd_failures *f, struct error *err);
/* 0 when nothing failed; else -1 with all lines in `err`. Frees. */
int cmd_failures_end(struct cmd_failures *f, struct error *err);

#endif
