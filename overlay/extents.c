/* SPDX-License-Identifier: Apache-2.0 */
/* Extents in leaves: a sorted sequence that is cheap to change in the middle. */
#include "overlay/extents.h"

#include <assert.h>
#include <string.h>

#include "common/memory.h"

/* 4 KiB in a leaf: moving half of one costs less than finding it does. */
#define LEAF_MAX   128
#define LEAF_FIRST 4

struct extent_leaf {
        uint32_t count, cap;
        struct body_extent items[];
};

static struct extent_leaf *leaf_of(const struct body_extents *extents, uint32_t leaf)
{
        return extents->u.many.branches[leaf].leaf;
}

struct body_extent *overlay_extents_at(const struct body_extents *extents, struct extent_place place)
{
        if (!extents->is_many)
                return place.item < extents->count ? (struct body_extent *)(uintptr_t)&extents->u.one : NULL;
        if (place.leaf >= extents->u.many.branch_count)
                return NULL;
        return &leaf_of(extents, place.leaf)->items[place.item];
}

struct extent_place overlay_extents_next(const struct body_extents *extents, struct extent_place place)
{
        place.item++;
        if (extents->is_many && place.item == leaf_of(extents, place.leaf)->count)
                place = (struct extent_place){place.leaf + 1, 0};
        return place;
}

bool overlay_extents_previous(const struct body_extents *extents, struct extent_place *place)
{
        if (place->item > 0) {
                place->item--;
                return true;
        }
        if (place->leaf == 0)
                return false;
        place->leaf--;
        place->item = leaf_of(extents, place->leaf)->count - 1;
        return true;
}

struct extent_place overlay_extents_find(const struct body_extents *extents, uint64_t offset)
{
        uint32_t low = 0, high;
        const struct extent_leaf *leaf;
        struct extent_place place = {0, 0};

        if (!extents->is_many) {
                const struct body_extent *one = &extents->u.one;

                place.item = extents->count > 0 && one->offset + one->length <= offset;
                return place;
        }
        /* the last leaf that begins at or before the offset */
        high = extents->u.many.branch_count;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (extents->u.many.branches[middle].offset > offset)
                        high = middle;
                else
                        low = middle + 1;
        }
        if (low == 0)
                return place;
        place.leaf = low - 1;
        leaf = leaf_of(extents, place.leaf);
        for (low = 0, high = leaf->count; low < high;) {
                uint32_t middle = low + (high - low) / 2;

                if (leaf->items[middle].offset + leaf->items[middle].length > offset)
                        high = middle;
                else
                        low = middle + 1;
        }
        place.item = low;
        return low < leaf->count ? place : (struct extent_place){place.leaf + 1, 0};
}

uint64_t overlay_extents_length(const struct body_extents *extents)
{
        if (extents->is_many)
                return extents->u.many.length;
        return extents->count > 0 ? extents->u.one.length : 0;
}

void overlay_extents_clear(struct body_extents *extents)
{
        if (extents->is_many) {
                for (uint32_t i = 0; i < extents->u.many.branch_count; i++)
                        free(leaf_of(extents, i));
                free(extents->u.many.branches);
        }
        *extents = (struct body_extents){.count = 0};
}

/* --- leaves --- */

static void fit_leaf(struct body_extents *extents, uint32_t at, uint32_t need)
{
        struct extent_branch *branch = &extents->u.many.branches[at];
        uint32_t cap = branch->leaf->cap;

        if (need <= cap)
                return;
        while (cap < need)
                cap *= 2;
        branch->leaf = memory_realloc(branch->leaf, 1, sizeof(*branch->leaf) + cap * sizeof(struct body_extent));
        branch->leaf->cap = cap;
}

/* An empty leaf; it must be filled at once. */
static void add_leaf(struct body_extents *extents, uint32_t at)
{
        uint32_t count = extents->u.many.branch_count;
        struct extent_leaf *leaf = memory_alloc(sizeof(*leaf) + LEAF_FIRST * sizeof(struct body_extent));

        leaf->count = 0;
        leaf->cap = LEAF_FIRST;
        if (count == extents->u.many.branch_cap) {
                extents->u.many.branch_cap = count > 0 ? count * 2 : 1;
                extents->u.many.branches = memory_realloc(extents->u.many.branches, extents->u.many.branch_cap,
                                                          sizeof(struct extent_branch));
        }
        memmove(&extents->u.many.branches[at + 1], &extents->u.many.branches[at],
                (count - at) * sizeof(struct extent_branch));
        extents->u.many.branches[at].leaf = leaf;
        extents->u.many.branch_count++;
}

static void drop_leaves(struct body_extents *extents, uint32_t first, uint32_t end)
{
        if (first == end)
                return;
        for (uint32_t i = first; i < end; i++)
                free(leaf_of(extents, i));
        memmove(&extents->u.many.branches[first], &extents->u.many.branches[end],
                (extents->u.many.branch_count - end) * sizeof(struct extent_branch));
        extents->u.many.branch_count -= end - first;
}

/* Puts `run` in place of items of one leaf that has room for it and does not get empty. */
static void splice_leaf(struct body_extents *extents, struct extent_place place, uint32_t removed,
                        const struct body_extent *run, uint32_t count)
{
        struct extent_leaf *leaf;

        fit_leaf(extents, place.leaf, leaf_of(extents, place.leaf)->count - removed + count);
        leaf = leaf_of(extents, place.leaf);
        assert(place.item + removed <= leaf->count && leaf->count - removed + count > 0);
        memmove(&leaf->items[place.item + count], &leaf->items[place.item + removed],
                (leaf->count - removed - place.item) * sizeof(*run));
        if (count > 0)
                memcpy(&leaf->items[place.item], run, count * sizeof(*run));
        leaf->count += count - removed;
        extents->u.many.branches[place.leaf].offset = leaf->items[0].offset;
}

/* Moves items from `item` on to a new leaf behind; where that is none, the new leaf is for the caller to fill. */
static void split_leaf(struct body_extents *extents, struct extent_place place)
{
        struct extent_leaf *leaf = leaf_of(extents, place.leaf);
        uint32_t moved = leaf->count - place.item;

        add_leaf(extents, place.leaf + 1);
        if (moved == 0)
                return;
        splice_leaf(extents, (struct extent_place){place.leaf + 1, 0}, 0, &leaf->items[place.item], moved);
        leaf->count = place.item;
}

static bool join_leaves(struct body_extents *extents, uint32_t left)
{
        struct extent_leaf *right;

        if (left + 1 >= extents->u.many.branch_count)
                return false;
        right = leaf_of(extents, left + 1);
        if (leaf_of(extents, left)->count + right->count > LEAF_MAX / 2)
                return false;
        splice_leaf(extents, (struct extent_place){left, leaf_of(extents, left)->count}, 0, right->items, right->count);
        drop_leaves(extents, left + 1, left + 2);
        return true;
}

/* A leaf that lost items joins a neighbour when both are poor: else punching would leave a leaf for each extent. */
static void tidy(struct body_extents *extents, uint32_t leaf)
{
        if (leaf >= extents->u.many.branch_count || leaf_of(extents, leaf)->count >= LEAF_MAX / 4)
                return;
        if (!join_leaves(extents, leaf) && leaf > 0)
                (void)join_leaves(extents, leaf - 1);
}

/* --- splicing --- */

static void make_many(struct body_extents *extents)
{
        struct body_extent one = extents->u.one;

        memset(&extents->u, 0, sizeof(extents->u));
        extents->is_many = true;
        if (extents->count == 0)
                return;
        add_leaf(extents, 0);
        splice_leaf(extents, (struct extent_place){0, 0}, 0, &one, 1);
        extents->u.many.length = one.length;
}

/* Removes any number; `place` stays where they were. */
static void remove_range(struct body_extents *extents, struct extent_place *place, uint32_t removed)
{
        uint32_t first = place->leaf, end;

        if (removed > 0 && place->item > 0) {
                struct extent_leaf *leaf = leaf_of(extents, first);
                uint32_t here = leaf->count - place->item < removed ? leaf->count - place->item : removed;

                splice_leaf(extents, *place, here, NULL, 0);
                removed -= here;
                if (place->item == leaf->count)
                        *place = (struct extent_place){++first, 0};
        }
        for (end = first; removed > 0 && leaf_of(extents, end)->count <= removed; end++)
                removed -= leaf_of(extents, end)->count;
        drop_leaves(extents, first, end);
        if (removed > 0)
                splice_leaf(extents, (struct extent_place){first, 0}, removed, NULL, 0);
}

static void insert_one(struct body_extents *extents, struct extent_place *place, const struct body_extent *extent)
{
        if (extents->u.many.branch_count == 0)
                add_leaf(extents, 0);
        else if (place->item == 0 && place->leaf > 0) /* the end of the leaf before it: there it may have room */
                *place = (struct extent_place){place->leaf - 1, leaf_of(extents, place->leaf - 1)->count};
        if (leaf_of(extents, place->leaf)->count == LEAF_MAX) {
                /* what grows at its end leaves full leaves behind */
                uint32_t cut = place->item == LEAF_MAX ? LEAF_MAX : LEAF_MAX / 2;

                split_leaf(extents, (struct extent_place){place->leaf, cut});
                if (place->item >= cut)
                        *place = (struct extent_place){place->leaf + 1, place->item - cut};
        }
        splice_leaf(extents, *place, 0, extent, 1);
        place->item++;
}

static bool fits_leaf(const struct body_extents *extents, struct extent_place place, uint32_t removed, uint32_t count)
{
        const struct extent_leaf *leaf;

        if (place.leaf >= extents->u.many.branch_count)
                return false;
        leaf = leaf_of(extents, place.leaf);
        return place.item + removed <= leaf->count && leaf->count - removed + count > 0 &&
               leaf->count - removed + count <= LEAF_MAX;
}

static void update_length(struct body_extents *extents, struct extent_place place, uint32_t removed,
                          const struct body_extent *run, uint32_t count)
{
        for (; removed > 0; removed--, place = overlay_extents_next(extents, place)) {
                const struct body_extent *at = overlay_extents_at(extents, place);

                assert(at != NULL);
                extents->u.many.length -= at->length;
        }
        for (uint32_t i = 0; i < count; i++)
                extents->u.many.length += run[i].length;
}

/* Back into the node when one is left, which is how most files end. */
static void make_one(struct body_extents *extents)
{
        struct body_extent one = leaf_of(extents, 0)->items[0];

        overlay_extents_clear(extents);
        extents->u.one = one;
        extents->count = 1;
}

void overlay_extents_splice(struct body_extents *extents, struct extent_place place, uint32_t removed,
                            const struct body_extent *run, uint32_t count)
{
        uint32_t total = extents->count - removed + count;

        if (!extents->is_many && total <= 1) {
                if (count > 0)
                        extents->u.one = run[0];
                extents->count = total;
                return;
        }
        if (!extents->is_many) {
                if (place.item == extents->count) /* the end, where leaves are counted */
                        place = (struct extent_place){extents->count, 0};
                make_many(extents);
        }
        update_length(extents, place, removed, run, count);
        extents->count = total;
        if (fits_leaf(extents, place, removed, count)) {
                splice_leaf(extents, place, removed, run, count);
        } else {
                remove_range(extents, &place, removed);
                for (uint32_t i = 0; i < count; i++)
                        insert_one(extents, &place, &run[i]);
        }
        if (removed > count)
                tidy(extents, place.leaf);
        if (total == 0)
                overlay_extents_clear(extents);
        else if (total == 1)
                make_one(extents);
}
