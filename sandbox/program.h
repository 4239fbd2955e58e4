/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_PROGRAM_H
#define BRYO_SANDBOX_PROGRAM_H

#include <sys/types.h>

#include "common/error.h"
#include "sandbox/sandbox.h"

/* Where bryo-init expects its socket; 0, 1 and 2 are /dev/null, nothing else is open. */
#define SANDBOX_PROGRAM_SOCKET 3

/*
 * Runs the embedded bryo-init with an empty environment, in a session of its own
 * (a Ctrl-C on the terminal is for bryo alone), from a sealed memfd; where memfds
 * may not execute (vm.memfd_noexec, SELinux) from an unlinked private file in
 * `options->scratch_dir`, with a log line. `*ret` is the child to wait for.
 */
int sandbox_program_start(const struct sandbox_options *options, int socket, pid_t *ret, struct error *err);

#endif
