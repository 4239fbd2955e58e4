/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SEAL_H
#define BRYO_OVERLAY_SEAL_H

#include "overlay/index_write.h"
#include "overlay/node.h"

/*
 * Sealing in two passes; internal to overlay/. The first (seal_mark.c) decides
 * what goes into the index and sets NODE_EMIT and NODE_EMIT_PATH. The second (seal_emit.c)
 * writes it, directory by directory, so that the dirents of one are contiguous.
 *
 * A directory is "in place" when the layers below have the same directory at
 * the same path: only its changes are written. Any other directory, new or
 * moved, is written with all that is in it.
 */

/* 0 or -errno. `ret_root_changed`: more than the root's times. */
int overlay_seal_mark(struct overlay_tree *tree, bool *ret_root_changed);
/* The name's node is the one that the layers below have under this very name. 1, 0 or -errno. */
int overlay_seal_is_home(struct overlay_tree *tree, struct overlay_dentry *dentry);
/* Does not go into layers: sockets, which a tar cannot hold, and stubs. */
bool overlay_seal_is_left_out(const struct overlay_node *node);

struct overlay_emission {
        struct tree_range *live; /* owned: ranges of the data file */
        size_t live_count, live_cap;
        uint32_t *source_numbers; /* owned, by number in tree->sources: number in the index + 1, 0: not used */
        uint64_t *source_used;    /* owned, by number in tree->sources */
        uint32_t *source_order;   /* owned: numbers in tree->sources, by number in the index */
        uint32_t source_count;
        size_t source_room; /* of the three tables */
};

/* Writes all tables but SOURCES. Counts into `result`. 0 or -errno. */
int overlay_seal_emit(struct overlay_tree *tree, struct overlay_index_writer *writer, bool root_changed,
                      struct overlay_emission *emission, struct overlay_seal_result *result);

#endif
