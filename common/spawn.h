/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_SPAWN_H
#define BRYO_COMMON_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Starting another program from a process with threads (posix_spawn(3)). Its
 * standard input is /dev/null, no signal is blocked or ignored in it, and of
 * the caller's descriptors it has what is not close-on-exec and those named here.
 */
struct spawn_descriptor {
        int from; /* must lie above every `to`, or be 0 (/dev/null): spawn_pipe gives such ones */
        int to;
};

struct spawn {
        const char *program; /* a path, or with `search` a name that is looked up in the caller's $PATH */
        bool search;
        char *const *argv;
        char *const *env;
        const struct spawn_descriptor *descriptors; /* in order */
        size_t count;
};

/* Returns 0, or an errno as posix_spawn(3) does; *ret is then not set. */
int spawn_start(const struct spawn *s, pid_t *ret);

/*
 * A close-on-exec pipe whose writing end lies above the standard descriptors
 * even where these were closed. -1 with errno; *ret_read may then be open all the same.
 */
int spawn_pipe(int *ret_read, int *ret_write);

#endif
