/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_HELPER_H
#define BRYO_SANDBOX_HELPER_H

#include <sys/types.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * A program of the host that is run for its effect (newuidmap): no input, no
 * output but what it says on stderr. Started with posix_spawn, so that nothing
 * of this threaded program runs between fork and exec.
 */
struct sandbox_helper {
        pid_t pid; /* 0: not started */
        int messages;
};

#define SANDBOX_HELPER_INIT { 0, -1 }

/* Where `name` is: PATH, then the usual directories. A heap string, or NULL. */
char *sandbox_helper_find(const char *name);

/* `argv[0]` is the path of the program. Its environment is PATH alone, and the C locale. */
int sandbox_helper_start(struct sandbox_helper *helper, char *const *argv, struct error *err);

/*
 * Waits for its end. Succeeds when it exited with 0; an exit status, a signal, or
 * lost track of it are failures whose message ends with what it said.
 * A helper that was not started is a success.
 */
int sandbox_helper_finish(struct sandbox_helper *helper, const char *name, struct error *err);

#endif
