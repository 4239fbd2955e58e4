/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_NAMES_H
#define BRYO_OVERLAY_NAMES_H

#include "overlay/node.h"

/*
 * The table of dentries: one for the whole tree, keyed by parent and name
 * with a secret, because a RUN chooses its names. Internal to overlay/.
 */

void overlay_names_init(struct overlay_tree *tree);
struct overlay_dentry *overlay_names_find(const struct overlay_tree *tree, const struct overlay_node *parent,
                                          const char *name, size_t size);
/* A new dentry, bound to nothing. `flags` as of enum overlay_dentry_flags. The name must not be in the table. */
struct overlay_dentry *overlay_names_add(struct overlay_tree *tree, struct overlay_node *parent, const char *name,
                                         size_t size, unsigned flags);
/* The dentry gets the node, which gets a name. It must have none. */
void overlay_names_bind(struct overlay_dentry *dentry, struct overlay_node *node);
/* The node loses this name; the dentry keeps its place in readdir until it is bound again or dropped. Returns the node.
 */
struct overlay_node *overlay_names_unbind(struct overlay_dentry *dentry);
/* After unbind: leaves a marker where one is needed, else frees the dentry. */
void overlay_names_retire(struct overlay_tree *tree, struct overlay_dentry *dentry);
/* Frees the dentry, unbinding it if bound. */
void overlay_names_drop(struct overlay_tree *tree, struct overlay_dentry *dentry);
/* Index of the first fresh name with a seq greater than `seq`. */
size_t overlay_names_fresh_after(const struct overlay_dir *dir, uint64_t seq);

#endif
