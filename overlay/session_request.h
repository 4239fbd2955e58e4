/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SESSION_REQUEST_H
#define BRYO_OVERLAY_SESSION_REQUEST_H

#include <stddef.h>

/*
 * Is this message a request that can be taken apart safely? libfuse trusts the
 * lengths and the terminating zeros of what it is given; the kernel is
 * trustworthy too, but a version mismatch must end in an error and not in a
 * read beyond the buffer.
 *
 * Grammar (host byte order, <linux/fuse.h>):
 *     request = fuse_in_header ARGUMENT? (NAME '\0'){0..2} PAYLOAD?
 * with header.len == size; NAME is 1 to 4095 bytes (names over 255 are the tree's
 * to refuse). `setxattr_size` is the size of SETXATTR's argument: that of fuse_setxattr_in where
 * FUSE_SETXATTR_EXT was taken, else FUSE_COMPAT_SETXATTR_IN_SIZE.
 *
 * Returns 0; ENOSYS for an opcode that is not served; EINVAL for a known one
 * that is malformed; EPROTO when there is not even a header to answer to.
 */
int overlay_session_request_check(const void *message, size_t size, size_t setxattr_size);

#endif
