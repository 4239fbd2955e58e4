/* SPDX-License-Identifier: Apache-2.0 */
/* The files of an image, opened to be read. */
#include "builder/export_tree.h"

#include "builder/state.h"

int builder_export_with_tree(const struct builder_export_options *o,
                             int (*use)(void *context, struct overlay_tree *tree, struct error *err), void *context,
                             struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_STATE struct builder_state state = BUILDER_STATE_INIT;
        CLEANUP_UPPER struct builder_upper upper = { 0 };
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;

        if (builder_workshop_open(&w, o->store, o->log, err) < 0 || builder_state_load(&state, &w, &o->image, err) < 0 ||
            builder_chain_open(&state.chain, &w, NULL, &upper, &tree, err) < 0)
                return -1;
        return use(context, tree, err);
}
