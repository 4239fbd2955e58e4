/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_HANDLERS_H
#define BRYO_OVERLAY_HANDLERS_H

#include <stdint.h>

/*
 * From FUSE requests to operations of the tree. A handler translates
 * arguments, calls one operation of tree_ops.h, and replies exactly once; what
 * an operation means is decided there. Handlers find their session in the
 * request's user data. They run on any serving thread, several at a time.
 */
struct fuse_lowlevel_ops;
struct fuse_in_header;
struct fuse_create_in;
struct fuse_setxattr_in;
struct fuse_entry_out;
struct overlay_tree;

extern const struct fuse_lowlevel_ops overlay_handlers;

/*
 * Two requests do not pass through libfuse: of SETXATTR, 3.14.0 and its neighbours disagree
 * about the layout, and all drop the flag that tells to clear sgid; TMPFILE they do not
 * know. These return 0 or a negated errno, and the session replies.
 */
int overlay_handlers_setxattr(struct overlay_tree *tree, uint64_t ino, const char *name, const void *value,
                              const struct fuse_setxattr_in *in);
int overlay_handlers_tmpfile(struct overlay_tree *tree, const struct fuse_in_header *header,
                             const struct fuse_create_in *in, struct fuse_entry_out *ret);

#endif
