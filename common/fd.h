/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_FD_H
#define BRYO_COMMON_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buffer.h"
#include "common/error.h"

/* Closes `fd` if it is >= 0, keeps errno, returns -1: `fd = fd_close(fd);`. For descriptors whose close cannot lose data. */
int fd_close(int fd);
/* Takes a descriptor out of a variable, leaving -1. */
int fd_steal(int *fd);
void fd_cleanup(int *fd);
/* `CLEANUP_FD int fd = -1;` */
#define CLEANUP_FD __attribute__((cleanup(fd_cleanup)))

/* Write, read or pread all of `size` bytes, retrying short transfers and EINTR. Return 0, or -1 with errno; a read that meets the end early fails with ENODATA. */
int fd_write_all(int fd, const void *bytes, size_t size);
int fd_pwrite_all(int fd, const void *bytes, size_t size, off_t offset);
int fd_pread_all(int fd, void *bytes, size_t size, off_t offset);

/*
 * On a network file system, where write(2) only promises, waits until the server has what was written: that is when a
 * full disk or a quota shows there (nfs(5), "close-to-open"). Elsewhere nothing. 0, or -1 with errno.
 */
int fd_settle(int fd);

/*
 * Appends the whole file `path` (relative to `dirfd`) to `ret`. Only a regular
 * file of at most `limit` bytes is read: a FIFO, device or directory is refused
 * without blocking. The last component is not followed if it
 * is a symlink and `nofollow` is set. Errors name `path`.
 */
int fd_read_file(int dirfd, const char *path, size_t limit, bool nofollow, struct buffer *ret, struct error *err);

/* Opens a directory (O_DIRECTORY | O_CLOEXEC | O_RDONLY); -1 with errno. */
int fd_open_directory(int dirfd, const char *path);

#endif
