/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_OPS_H
#define BRYO_OVERLAY_OPS_H

#include "overlay/node.h"
#include "overlay/tree_ops.h"

/* What the ops_*.c files share: from a number to a node and back. Internal to overlay/. */

/* Takes the lock and pins the node; 0 or -ESTALE (then the lock is not held). */
int overlay_ops_begin(struct overlay_tree *tree, uint64_t ino, struct overlay_node **ret);
/* Unpins and unlocks; returns rc. */
int overlay_ops_end(struct overlay_tree *tree, struct overlay_node *node, int rc);
/* The same, but the lock is free between: for what does its own locking. */
int overlay_ops_hold(struct overlay_tree *tree, uint64_t ino, struct overlay_node **ret);
void overlay_ops_drop(struct overlay_tree *tree, struct overlay_node *node);
/* Fills the reply for a node that the kernel gets to know by it. */
int overlay_ops_entry(struct overlay_tree *tree, struct overlay_node *node, struct overlay_attr *ret);

#endif
