/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_TREE_WALK_H
#define BRYO_BUILDER_TREE_WALK_H

#include "common/buffer.h"
#include "common/error.h"
#include "overlay/tree.h"

/* One name of a tree: what an archive or a copy of it needs to know. */
struct builder_walk_entry {
        const char *path;         /* relative, raw bytes; "" is the root */
        const char *name;         /* the last component; "" for the root */
        size_t depth;             /* 0 for the root, 1 for what lies in it */
        struct overlay_ref ref;   /* borrowed */
        struct overlay_attr attr;
        const char *link;         /* the path that this inode was visited by before, or NULL */
};

typedef int builder_walk_function(void *context, const struct builder_walk_entry *entry, struct error *err);

/*
 * Visits every name of the tree: a directory before what lies in it, names in
 * order of their bytes, so that two walks of one tree are equal. Stops when
 * `visit` returns -1. The tree must not be changed meanwhile.
 */
int builder_tree_walk(struct overlay_tree *tree, builder_walk_function *visit, void *context, struct error *err);

#endif
