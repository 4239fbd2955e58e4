/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_EDIT_H
#define BRYO_OVERLAY_EDIT_H

#include "overlay/node.h"

/* Making nodes, for the other files of the builder's side. Internal to overlay/; the lock is held. */

/* A node as asked, without a name and not pinned. `make` was checked. */
struct overlay_node *overlay_edit_new(struct overlay_tree *tree, const struct overlay_make *make);
/* With a name, and pinned for the caller. In layer mode what is there gives way. 0 or -errno. */
int overlay_edit_make(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                      const struct overlay_make *make, struct overlay_node **ret);
/* Layer mode: the name becomes free; for `dir` an existing directory may stay: 1, and `*ret` is it. 0 or -errno. */
int overlay_edit_give_way(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          bool dir, struct overlay_node **ret);

#endif
