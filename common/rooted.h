/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_ROOTED_H
#define BRYO_COMMON_ROOTED_H

#include "common/error.h"

/*
 * The one way from a path that a user or an image wrote to a host file below a
 * directory: a symlink's target is looked up inside the root, and `..` stops at the
 * root, so nothing outside the root can be reached, also while somebody swaps
 * directories for links (path_resolution(7), openat2(2) RESOLVE_IN_ROOT; where that
 * system call cannot be had, every component is opened by itself).
 */
struct rooted {
        int fd;     /* O_PATH descriptor of what was found; owned */
        char *path; /* where it really is, relative to the root, without links, "" for the root; owned */
};

#define ROOTED_INIT { -1, NULL }

/* Do not follow the last component if it is a symlink: `fd` is then the link. */
#define ROOTED_NOFOLLOW 1u

/* Finds `path` below `root_fd`. On failure err->code is the errno (ENOENT, ENOTDIR, ELOOP, EACCES) and the message names `path`. */
int rooted_resolve(int root_fd, const char *path, unsigned flags, struct rooted *ret, struct error *err);
void rooted_free(struct rooted *r);

#define CLEANUP_ROOTED __attribute__((cleanup(rooted_free)))

#endif
