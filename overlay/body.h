/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_BODY_H
#define BRYO_OVERLAY_BODY_H

#include "overlay/node.h"

/*
 * Bodies of regular files: where each range of bytes is. What no extent covers
 * is zeros. A lower body is read straight from its record; changing copies the
 * record's extents, never bytes. Internal to overlay/; callers hold the lock.
 */

/* How many extents, in memory or in the record. */
int overlay_body_count(struct overlay_tree *tree, const struct overlay_node *node, uint32_t *ret);

/* Walks the extents in order; valid until the body changes. */
struct body_cursor {
        const struct overlay_node *node;
        struct extent_place place; /* owned */
        uint32_t next, end;        /* else: extents of the index */
        uint64_t size;
};
/* To the first extent that ends behind `offset`. 0 or -errno. */
int overlay_body_seek(struct overlay_tree *tree, const struct overlay_node *node, uint64_t offset,
                      struct body_cursor *ret);
/* 1 and the extent, 0 at the end, or -errno. */
int overlay_body_next(struct overlay_tree *tree, struct body_cursor *cursor, struct body_extent *ret);
/* Copies the record's extents into memory. */
int overlay_body_own(struct overlay_tree *tree, struct overlay_node *node);

/* The rest needs an owned body. */

/* Puts `with` (its offset and length say where), or with NULL a hole, in place of what was there. The size is not
 * touched. */
void overlay_body_replace(struct overlay_tree *tree, struct overlay_node *node, uint64_t offset, uint64_t length,
                          const struct body_extent *with);
/* Sets the size and drops what is behind it. */
void overlay_body_truncate(struct overlay_tree *tree, struct overlay_node *node, uint64_t size);
/* Marks what is owned in the range as shared: it may no longer be overwritten in place. */
void overlay_body_mark_shared(struct overlay_node *node, uint64_t offset, uint64_t length);
/* Gives all owned ranges back. */
void overlay_body_free(struct overlay_tree *tree, struct overlay_node *node);

/* Bytes that are not holes. */
int overlay_body_allocated(struct overlay_tree *tree, struct overlay_node *node, uint64_t *ret);

#endif
