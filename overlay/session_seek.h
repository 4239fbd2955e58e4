/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SESSION_SEEK_H
#define BRYO_OVERLAY_SESSION_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/fuse.h>

/*
 * Answers LSEEK (SEEK_DATA and SEEK_HOLE).
 *
 * With writeback caching the tree does not know of bytes that are still in the
 * kernel's page cache, and unlike for copy_file_range or fallocate the kernel does not write
 * them back before it asks (seen on Linux 6.1 and 6.18): a program that
 * writes into a hole and looks for data would be told that there is none. So the
 * kernel is first told to invalidate the file's pages (FUSE_NOTIFY_INVAL_INODE), which writes
 * dirty ones back. That call returns when those WRITEs are answered, hence it is
 * made on a thread of its own, never on one that serves.
 */
struct overlay_session_seek;
struct overlay_tree;

/* `fd`, the FUSE device, is borrowed until free, as is `tree`. There is no thread yet: most mounts need none. */
struct overlay_session_seek *overlay_session_seek_new(struct overlay_tree *tree, int fd);
/*
 * Hands a request over; the reply comes from the other thread, once somebody has started it. From any thread. The
 * kernel takes a reply only on the open file that the request was read from: `fd`, borrowed until stop.
 */
void overlay_session_seek_push(struct overlay_session_seek *seek, int fd, const struct fuse_in_header *header,
                               const struct fuse_lseek_in *in);
/* True when something was pushed and there is no thread. From any thread. */
bool overlay_session_seek_lacks_thread(const struct overlay_session_seek *seek);
/*
 * Starts the thread unless there is one, or the end has come. It inherits the scheduling class of the caller, who is
 * not of the idle class, then, which no ordinary user can leave. Where there is no thread to be had the requests fail
 * with ENOMEM.
 */
void overlay_session_seek_ensure_thread(struct overlay_session_seek *seek);
/*
 * Answers what was pushed, EINTR to what was not begun, and ends the thread. While this waits,
 * somebody must serve, or the connection must be dead. What is pushed afterwards gets EINTR.
 */
void overlay_session_seek_stop(struct overlay_session_seek *seek);
/* Stops. Accepts NULL. */
void overlay_session_seek_free(struct overlay_session_seek *seek);

#endif
