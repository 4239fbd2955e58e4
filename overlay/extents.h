/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_EXTENTS_H
#define BRYO_OVERLAY_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The extents of one body: sorted by offset, not overlapping. Internal to
 * overlay/; callers hold the tree's lock.
 *
 * One extent, which is what nearly every file has, lies in the node itself.
 * More are in leaves of up to 128, with one sorted table of the leaves: what an
 * insertion moves is a leaf, and once in a leafful of them the table. (A plain array
 * moved all of them: a file of a gigabyte that is written in random blocks has a
 * quarter of a million.)
 */
enum overlay_extent_flags {
        EXTENT_OWNED = 1,  /* in this tree's data file, written by this step */
        EXTENT_SHARED = 2, /* another body may point at it too: never overwritten, never punched */
};

struct body_extent {
        uint64_t offset;
        uint64_t length;
        uint64_t source_offset;
        uint32_t source; /* number in tree->sources */
        uint32_t flags;
};

struct extent_leaf;

struct extent_branch {
        uint64_t offset; /* of the leaf's first extent */
        struct extent_leaf *leaf;
};

/* Zeros are an empty one. */
struct body_extents {
        union {
                struct body_extent one;
                struct {
                        struct extent_branch *branches; /* sorted; no leaf is empty */
                        uint32_t branch_count, branch_cap;
                        uint64_t length; /* sum over all extents */
                } many;
        } u;
        uint32_t count;
        bool is_many;
};

/* Where an extent is, until the next splice. */
struct extent_place {
        uint32_t leaf;
        uint32_t item;
};

/* The first extent that ends behind `offset`; the end when there is none. */
struct extent_place overlay_extents_find(const struct body_extents *extents, uint64_t offset);
/* NULL at the end. Only the flags may be changed through it. */
struct body_extent *overlay_extents_at(const struct body_extents *extents, struct extent_place place);
struct extent_place overlay_extents_next(const struct body_extents *extents, struct extent_place place);
/* False, and nothing changed, at the first. */
bool overlay_extents_previous(const struct body_extents *extents, struct extent_place *place);
/* Puts `run` in place of `removed` extents that begin at `place`. The order is the caller's to keep. */
void overlay_extents_splice(struct body_extents *extents, struct extent_place place, uint32_t removed,
                            const struct body_extent *run, uint32_t count);
/* Sum of all lengths. */
uint64_t overlay_extents_length(const struct body_extents *extents);
/* Leaves an empty one. */
void overlay_extents_clear(struct body_extents *extents);

#endif
