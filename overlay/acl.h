/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_ACL_H
#define BRYO_OVERLAY_ACL_H

#include "overlay/node.h"

/*
 * POSIX ACLs. With FUSE_POSIX_ACL the kernel enforces them, and leaves three
 * duties to the file system (fuse_common.h, FUSE_CAP_POSIX_ACL): keep the mode and
 * the access ACL in step, both ways, and inherit default ACLs. Rules: acl(5).
 * Internal to overlay/; the lock is held. 0 or -errno.
 */

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* Sets an ACL xattr (`value` well-formed, else -EINVAL) and what the mode then is. Default ACLs only on directories
 * (-EACCES). */
int overlay_acl_set(struct overlay_tree *tree, struct overlay_node *node, const char *name, const void *value,
                    size_t size, int flags);
/* The mode was changed: the access ACL follows. */
int overlay_acl_follow_mode(struct overlay_tree *tree, struct overlay_node *node);
/* A new node in `parent`: inherits its default ACL, or loses the bits of `umask`. */
int overlay_acl_inherit(struct overlay_tree *tree, const struct overlay_node *parent, struct overlay_node *node,
                        mode_t umask);

#endif
