/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EXPORT_TREE_H
#define BRYO_BUILDER_EXPORT_TREE_H

#include "builder/export.h"
#include "overlay/tree.h"

#define BUILDER_EXPORT_CHUNK ((size_t)1 << 18)

/* Opens the image's tree for `use`, which only reads it. Internal to the exports. */
int builder_export_with_tree(const struct builder_export_options *o,
                             int (*use)(void *context, struct overlay_tree *tree, struct error *err), void *context,
                             struct error *err);

#endif
