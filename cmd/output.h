/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_OUTPUT_H
#define BRYO_CMD_OUTPUT_H

#include "common/error.h"

/*
 * A file that a verb writes as a whole: it is written beside its place and
 * renamed, so that a failure leaves what was there before. What is there and is no regular file (a pipe, a device) is
 * written to as it is. `struct cmd_output o = CMD_OUTPUT_INIT;`
 */
struct cmd_output {
        const char *path; /* borrowed; NULL: standard output */
        char *temporary;  /* owned; NULL when written in place */
        int fd;
};

#define CMD_OUTPUT_INIT                                                                                                \
        {                                                                                                              \
                .fd = -1                                                                                               \
        }

/* `path` NULL or "-" is standard output, which must not be a terminal. */
int cmd_output_open(struct cmd_output *o, const char *path, struct error *err);
/* Gives the file its name. */
int cmd_output_commit(struct cmd_output *o, struct error *err);
/* Removes what was not committed. */
void cmd_output_close(struct cmd_output *o);
#define CLEANUP_OUTPUT __attribute__((cleanup(cmd_output_close)))

#endif
