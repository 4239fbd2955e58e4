/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_TERMINAL_H
#define BRYO_CMD_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "common/error.h"
#include "sandbox/sandbox.h"

/*
 * The user's side of `bryo run`: passes signals on to the command and, with a
 * terminal, bytes both ways, the user's terminal in raw mode meanwhile.
 */
struct cmd_terminal {
        bool interactive;      /* pass standard input on to the container's terminal */
        int signal_fd;
        bool raw;              /* `saved` is to be restored */
        struct termios saved;
};

/* Blocks the signals that are passed on and opens a descriptor that tells them; before any thread starts. */
int cmd_terminal_open(struct cmd_terminal *t, bool interactive, struct error *err);
/* For builder_container_options.attend; `context` is the struct cmd_terminal. Takes `tty_fd`. */
int cmd_terminal_attend(void *context, struct sandbox_stage *stage, int tty_fd, struct error *err);
/* The size of the terminal on standard input; 0 and 0 if there is none. */
void cmd_terminal_size(unsigned short *ret_rows, unsigned short *ret_columns);
/* Restores the user's terminal. */
void cmd_terminal_close(struct cmd_terminal *t);

#endif
