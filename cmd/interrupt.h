/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_INTERRUPT_H
#define BRYO_CMD_INTERRUPT_H

/*
 * Time for a last word before SIGINT, SIGTERM, SIGHUP or SIGQUIT ends the process: with a
 * screen that is drawn in place, the shell's prompt should not come out in
 * the middle of it. The signals keep their effect, and the process its exit status: whoever
 * opened this has one second for cmd_interrupt_obey, then the signal is
 * obeyed all the same, as it is at once when a second one comes.
 */

/* Catches those of the signals that are not ignored. Returns an eventfd that becomes readable when one comes. One at a
 * time. */
int cmd_interrupt_open(void);
/* The signal that came, or 0. */
int cmd_interrupt_pending(void);
/* Ends the process by the signal that came. */
void cmd_interrupt_obey(void) __attribute__((noreturn));
/* The signals work as before. The descriptor stays the caller's to close. */
void cmd_interrupt_close(void);

#endif
