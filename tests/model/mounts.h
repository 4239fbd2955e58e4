/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_MOUNTS_H
#define BRYO_TESTS_MODEL_MOUNTS_H

#include <stdbool.h>

#include "tests/model/channel.h"

/*
 * Where the two sides are mounted. Both are four levels deep in one read-only tmpfs, so that a symlink with too many
 * ".." leaves both in the same way and changes nothing out there.
 */
struct mounts {
        char plain[200];
        char other[200];
};

/* User and mount namespace with the server's id maps, tmpfs mounts; false (and the report says why) when that cannot
 * be. */
bool mounts_prepare(const char *directory, int socket, struct mounts *ret, struct report *report);
/* Mounts FUSE and has the server serve it. */
bool mounts_attach(const struct mounts *mounts, int socket, struct report *report);
bool mounts_detach(const struct mounts *mounts, struct report *report);
/* Sends a message and waits for the answer. */
bool mounts_ask(int socket, enum message message, int fd, struct report *report);

#endif
