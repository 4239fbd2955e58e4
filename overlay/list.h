/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LIST_H
#define BRYO_OVERLAY_LIST_H

#include "overlay/node.h"

/* All names of a directory, collected. Internal to overlay/. */

struct overlay_listed {
        char *name; /* owned */
        size_t size;
        uint64_t ino;
        mode_t kind;
};

struct overlay_names_list {
        struct overlay_listed *items;
        size_t count, cap;
};

/* Adds all names that show. The lock is held. 0 or -errno; the list is to be freed in any case. */
int overlay_list_collect(struct overlay_tree *tree, struct overlay_node *dir, struct overlay_names_list *list);
void overlay_list_sort(struct overlay_names_list *list);
void overlay_list_free(struct overlay_names_list *list);

/*
 * One step through a directory, in readdir's order: fresh names, the youngest
 * first, then places of the view. `*position` begins at 0 and is moved behind what is
 * returned; it stays good while names come and go, and what comes is never in front of it. The entry is `dentry` with a node, or, for a
 * lower name that is not in memory, `entry`. 1, 0 at the end, or -errno.
 */
struct view_entry;
int overlay_list_next(struct overlay_tree *tree, struct overlay_node *dir, uint64_t *position,
                      struct overlay_dentry **ret_dentry, struct view_entry *ret_entry);

#endif
