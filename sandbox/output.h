/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_OUTPUT_H
#define BRYO_SANDBOX_OUTPUT_H

#include "common/error.h"

/* What a command writes: one pipe for stdout, one for stderr. */
struct sandbox_output {
        int read_fds[2];  /* the caller's; close-on-exec, blocking */
        int write_fds[2]; /* for stdout_fd and stderr_fd of a command; the caller's, to be closed once it was started */
};

#define SANDBOX_OUTPUT_INIT                                                                                            \
        {                                                                                                              \
                {-1, -1},                                                                                              \
                {                                                                                                      \
                        -1, -1                                                                                         \
                }                                                                                                      \
        }

/*
 * Makes the pump between the commands of a stage and the pipes that a process which also serves the command's file
 * system can read safely. It must not read the command's own pipes: a process that writes to a pipe from a file of that
 * file system (splice, sendfile, or a plain write from mapped memory) holds the pipe's lock while it waits for the
 * file, and a reader waits for that lock where no signal reaches it. If the reader's process is then killed, the
 * serving threads die, the reader does not, the descriptor of the file system stays open through it, and both sides
 * wait for ever. (Measured: only an abort through fusectl ends it.)
 *
 * So the pump is a thread that shares no descriptor table with the rest of the process; it reads
 * the command's pipes and copies to others. On failure nothing is left behind.
 */
struct sandbox_pump;
int sandbox_pump_open(struct sandbox_pump **ret, struct error *err);
/* The thread ends when the command's pipes have, if there are any, or when nobody reads any more. NULL is harmless. */
void sandbox_pump_close(struct sandbox_pump *pump);

/*
 * Makes pipes for one command; those of the command before must have ended, or be closed. Read both ends as data comes:
 * while one is full, the other stands still too. On failure nothing is left behind.
 */
int sandbox_output_open(struct sandbox_pump *pump, struct sandbox_output *ret, struct error *err);

/* Closes what is still open (not -1) and sets it to -1. */
void sandbox_output_close(struct sandbox_output *output);

#endif
