/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_DATA_H
#define BRYO_OVERLAY_DATA_H

#include "overlay/node.h"

/*
 * The data file of a tree: written at its tail only, except that a body may
 * overwrite what it alone owns. What dies is given back by punching holes, a
 * chunk at a time, once nothing in the chunk lives. Internal to overlay/;
 * callers hold the lock.
 */

/* Makes the file at first use. 0 or -errno, latched. */
int overlay_data_ensure(struct overlay_tree *tree);
/* Reserves bytes at the tail; they count as live. With `align`, on a page boundary (so that extents of other files can
 * be shared). */
uint64_t overlay_data_allocate(struct overlay_tree *tree, uint64_t length, bool align);
/* The bytes are dead. */
void overlay_data_release(struct overlay_tree *tree, uint64_t offset, uint64_t length);
/*
 * What collected, if it is worth punching by now, else NULL. To punch is a transaction of the disk's file system, 0.4
 * to 0.8 ms whatever the size, so it waits for the dead bytes to be many, or the disk full: a database makes and
 * removes a journal of some KB for each commit. The ranges are the caller's.
 */
struct tree_range *overlay_data_take_punches(struct overlay_tree *tree, size_t *ret_count);
/* Punches them and frees the list; without the lock. Both are called by unlock. */
void overlay_data_punch(struct overlay_tree *tree, struct tree_range *ranges, size_t count);
/*
 * At seal: `live` (sorted by this) is all that bodies still point at. Punches every gap of at
 * least a block, cuts the dead end off, and returns the sum of the live bytes (overlaps once).
 */
int overlay_data_trim(struct overlay_tree *tree, struct tree_range *live, size_t count, uint64_t *ret_used,
                      struct error *err);
void overlay_data_close(struct overlay_tree *tree);

#endif
