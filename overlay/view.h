/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_VIEW_H
#define BRYO_OVERLAY_VIEW_H

#include "overlay/node.h"

/*
 * The lower names of a directory, in the order of their bytes; internal to
 * overlay/. Where one layer has the directory this is that layer's own range of dirents;
 * else the ranges are merged once, at first need.
 */
struct view_entry {
        uint32_t layer;
        uint32_t dirent;
        struct index_dirent name;
};

/* Merges if it was not done yet; after it, dir->subdirs is the full count. 0 or -errno. */
int overlay_view_prepare(struct overlay_tree *tree, struct overlay_node *dir);
/* After prepare: how many places there are; some may be whiteouts. */
uint32_t overlay_view_size(const struct overlay_node *dir);
/* 1 with the entry, 0 when the place has nothing to show (a whiteout), or -errno. */
int overlay_view_at(struct overlay_tree *tree, struct overlay_node *dir, uint32_t place, struct view_entry *ret);
/* 1, 0 or -errno. */
int overlay_view_find(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size,
                      struct view_entry *ret);

#endif
