/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_CHILDREN_H
#define BRYO_OVERLAY_CHILDREN_H

#include "overlay/index.h"
#include "overlay/tree.h"

/*
 * A directory at a time, for those who copy or digest whole trees: what
 * overlay_node_list_sorted, lookup, stat, list_xattrs, readlink and pieces
 * say one by one, without a node in memory for each file of the layers.
 */

/* One name, with all that a copy or a digest of it needs. Valid, with everything it points to, during the visit. */
struct overlay_child {
        const char *name;
        struct overlay_attr attr;
        const char *target;                 /* of a symlink; else NULL */
        const struct overlay_xattr *xattrs; /* sorted by name */
        size_t xattr_count;
        const struct overlay_piece *pieces; /* of a regular file, sorted; the sources live as long as the tree */
        size_t piece_count;
};

typedef int overlay_child_function(void *context, const struct overlay_child *child, struct error *err);

/*
 * Visits the names of a directory in the order of their bytes, without "." and "..". Stops when `visit` returns -1.
 * `visit` may use this tree and others, but must not change this directory.
 */
int overlay_node_each_child(const struct overlay_ref *dir, overlay_child_function *visit, void *context,
                            struct error *err);

/* As overlay_node_graft, of a child that is no directory. `ret` may be NULL. */
int overlay_node_plant(const struct overlay_ref *dir, const char *name, const struct overlay_child *from,
                       const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err);

#endif
