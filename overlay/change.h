/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_CHANGE_H
#define BRYO_OVERLAY_CHANGE_H

#include "overlay/node.h"

/*
 * The changes that both the builder's functions and the FUSE operations are
 * made of. Internal to overlay/; callers hold the lock and a pin on the nodes
 * they pass. 0 or -errno; a failed call changed nothing.
 */

/* A name that can be made: -EINVAL, -ENAMETOOLONG. */
int overlay_change_check_name(const char *name, size_t size);

/*
 * Gives a node its first or a further name. The name must be free (-EEXIST).
 * With `quiet` the parent does not change: not its times, and seal is not told.
 */
int overlay_change_add(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                       struct overlay_node *node, bool quiet);
enum overlay_remove {
        OVERLAY_REMOVE_ANY,
        OVERLAY_REMOVE_FILE, /* unlink: -EISDIR */
        OVERLAY_REMOVE_DIR   /* rmdir: -ENOTDIR */
};
int overlay_change_remove(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          enum overlay_remove kind);
/* As renameat2(2); `flags` 0, RENAME_NOREPLACE or RENAME_EXCHANGE. */
int overlay_change_rename(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          struct overlay_node *new_parent, const char *new_name, size_t new_size, unsigned flags);
/* Nothing shows in the directory. 1, 0 or -errno. */
int overlay_change_is_empty(struct overlay_tree *tree, struct overlay_node *dir);

/* Exactly `change->set`, and ctime. The size only of regular files (-EISDIR, -EINVAL). */
int overlay_change_attr(struct overlay_tree *tree, struct overlay_node *node, const struct overlay_change *change);
/* Clears suid, sgid where the group may execute, and security.capability, as a write by anybody does. */
int overlay_change_kill_priv(struct overlay_tree *tree, struct overlay_node *node);

#endif
