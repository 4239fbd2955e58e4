/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: a sorted list of extents for each file, in the record of a lower layer or in memory. */
#include "overlay/body.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/memory.h"
#include "overlay/data.h"

static struct body_extent *items_of(struct overlay_body *body)
{
        return body->is_array ? body->u.many.items : &body->u.one;
}

static const struct body_extent *const_items_of(const struct overlay_body *body)
{
        return body->is_array ? body->u.many.items : &body->u.one;
}

int overlay_body_count(struct overlay_tree *tree, const struct overlay_node *node, uint32_t *ret)
{
        struct index_inode inode;
        int rc;

        if ((node->flags & NODE_BODY) != 0) {
                *ret = node->u.body.count;
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        *ret = rc == 0 ? inode.count : 0;
        return rc;
}

static int get_lower(struct overlay_tree *tree, const struct overlay_node *node, const struct index_inode *inode,
                     uint32_t i, struct body_extent *ret)
{
        struct overlay_extent extent;

        if (i >= inode->count ||
            !overlay_index_read_extent(overlay_tree_index(tree, node->layer), inode->first + i, &extent) ||
            extent.offset + extent.length > inode->size)
                return overlay_tree_damaged(tree, node->layer, "an extent of inode", node->record);
        *ret = (struct body_extent){extent.offset, extent.length, extent.source_offset, 0, 0};
        return overlay_tree_layer_source(tree, node->layer, extent.source, &ret->source);
}

int overlay_body_get(struct overlay_tree *tree, const struct overlay_node *node, uint32_t i, struct body_extent *ret)
{
        struct index_inode inode;
        int rc;

        if ((node->flags & NODE_BODY) != 0) {
                assert(i < node->u.body.count);
                *ret = const_items_of(&node->u.body)[i];
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        return rc < 0 ? rc : get_lower(tree, node, &inode, i, ret);
}

static uint32_t find_owned(const struct overlay_body *body, uint64_t offset)
{
        const struct body_extent *items = const_items_of(body);
        uint32_t low = 0, high = body->count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (items[middle].offset + items[middle].length > offset)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

int overlay_body_find(struct overlay_tree *tree, const struct overlay_node *node, uint64_t offset, uint32_t *ret)
{
        struct index_inode inode;
        uint32_t low = 0, high;
        int rc;

        if ((node->flags & NODE_BODY) != 0) {
                *ret = find_owned(&node->u.body, offset);
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        high = inode.count;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                struct body_extent extent;

                rc = get_lower(tree, node, &inode, middle, &extent);
                if (rc < 0)
                        return rc;
                if (extent.offset + extent.length > offset)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret = low;
        return 0;
}

static void reserve(struct overlay_body *body, uint32_t need)
{
        struct body_extent one = body->u.one;
        uint32_t cap;

        if (!body->is_array && need <= 1)
                return;
        if (!body->is_array) {
                body->u.many.items = memory_alloc(4 * sizeof(one));
                body->u.many.items[0] = one;
                body->u.many.cap = 4;
                body->is_array = true;
        }
        if (need <= body->u.many.cap)
                return;
        cap = body->u.many.cap;
        while (cap < need)
                cap = cap > UINT32_MAX / 2 ? UINT32_MAX : cap * 2;
        body->u.many.items = memory_realloc(body->u.many.items, cap, sizeof(one));
        body->u.many.cap = cap;
}

int overlay_body_own(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_body body = {.count = 0};
        struct index_inode inode;
        uint64_t end = 0;
        int rc;

        if ((node->flags & NODE_BODY) != 0)
                return 0;
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        reserve(&body, inode.count);
        for (uint32_t i = 0; rc == 0 && i < inode.count; i++) {
                struct body_extent *extent = &items_of(&body)[i];

                rc = get_lower(tree, node, &inode, i, extent);
                if (rc == 0 && extent->offset < end)
                        rc = overlay_tree_damaged(tree, node->layer, "the extents of inode", node->record);
                end = rc == 0 ? extent->offset + extent->length : 0;
        }
        if (rc < 0) {
                if (body.is_array)
                        free(body.u.many.items);
                return rc;
        }
        body.count = inode.count;
        node->u.body = body;
        node->flags |= NODE_BODY;
        return 0;
}

static bool is_exclusive(const struct body_extent *extent)
{
        return (extent->flags & (EXTENT_OWNED | EXTENT_SHARED)) == EXTENT_OWNED;
}

static void release(struct overlay_tree *tree, const struct body_extent *extent, uint64_t begin, uint64_t end)
{
        if (begin < extent->offset)
                begin = extent->offset;
        if (end > extent->offset + extent->length)
                end = extent->offset + extent->length;
        if (begin < end && is_exclusive(extent))
                overlay_data_release(tree, extent->source_offset + (begin - extent->offset), end - begin);
}

static bool continues(const struct body_extent *a, const struct body_extent *b)
{
        return a->source == b->source && a->flags == b->flags && a->offset + a->length == b->offset &&
               a->source_offset + a->length == b->source_offset;
}

/* Adds to a small run, melting it into the last one where it continues that. */
static void push(struct body_extent *run, uint32_t *count, const struct body_extent *extent)
{
        if (*count > 0 && continues(&run[*count - 1], extent))
                run[*count - 1].length += extent->length;
        else
                run[(*count)++] = *extent;
}

static void splice(struct overlay_body *body, uint32_t first, uint32_t last, const struct body_extent *run,
                   uint32_t count)
{
        uint32_t total = body->count - (last - first) + count;
        struct body_extent *items;

        reserve(body, total);
        items = items_of(body);
        if (body->count > last)
                memmove(&items[first + count], &items[last], (body->count - last) * sizeof(*items));
        if (count > 0)
                memcpy(&items[first], run, count * sizeof(*items));
        body->count = total;
}

void overlay_body_replace(struct overlay_tree *tree, struct overlay_node *node, uint64_t offset, uint64_t length,
                          const struct body_extent *with)
{
        struct overlay_body *body = &node->u.body;
        const struct body_extent *items = items_of(body);
        uint64_t end = offset + length;
        struct body_extent run[5];
        uint32_t first = find_owned(body, offset), last = first, count = 0;

        assert((node->flags & NODE_BODY) != 0);
        if (length == 0)
                return;
        while (last < body->count && items[last].offset < end)
                release(tree, &items[last++], offset, end);
        /* neighbours take part, so that what continues them melts into them */
        if (first > 0)
                push(run, &count, &items[first - 1]);
        if (first < last && items[first].offset < offset) {
                struct body_extent left = items[first];

                left.length = offset - left.offset;
                push(run, &count, &left);
        }
        if (with != NULL)
                push(run, &count, with);
        if (first < last && items[last - 1].offset + items[last - 1].length > end) {
                struct body_extent right = items[last - 1];
                uint64_t cut = end - right.offset;

                right.offset += cut;
                right.source_offset += cut;
                right.length -= cut;
                push(run, &count, &right);
        }
        if (last < body->count) {
                push(run, &count, &items[last]);
                last++;
        }
        splice(body, first > 0 ? first - 1 : 0, last, run, count);
}

void overlay_body_truncate(struct overlay_tree *tree, struct overlay_node *node, uint64_t size)
{
        if (size < node->size)
                overlay_body_replace(tree, node, size, node->size - size, NULL);
        node->size = size;
}

void overlay_body_mark_shared(struct overlay_node *node, uint64_t offset, uint64_t length)
{
        struct overlay_body *body = &node->u.body;
        uint64_t end = offset + length;

        /* whole extents, also where the range begins inside: rare, and only costs a later write some space */
        for (uint32_t i = find_owned(body, offset); i < body->count && items_of(body)[i].offset < end; i++)
                if ((items_of(body)[i].flags & EXTENT_OWNED) != 0)
                        items_of(body)[i].flags |= EXTENT_SHARED;
}

void overlay_body_free(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_body *body = &node->u.body;
        const struct body_extent *items = items_of(body);

        if (!tree->closing)
                for (uint32_t i = 0; i < body->count; i++)
                        release(tree, &items[i], items[i].offset, items[i].offset + items[i].length);
        if (body->is_array)
                free(body->u.many.items);
        *body = (struct overlay_body){.count = 0};
}

int overlay_body_allocated(struct overlay_tree *tree, const struct overlay_node *node, uint64_t *ret)
{
        struct index_inode inode;
        uint64_t sum = 0;
        uint32_t count;
        int rc = 0;

        if ((node->flags & NODE_BODY) == 0) {
                rc = overlay_node_record(tree, node, &inode);
                if (rc < 0)
                        return rc;
        }
        count = (node->flags & NODE_BODY) != 0 ? node->u.body.count : inode.count;
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
                struct overlay_extent lower;

                if ((node->flags & NODE_BODY) != 0) {
                        sum += const_items_of(&node->u.body)[i].length;
                        continue;
                }
                if (!overlay_index_read_extent(overlay_tree_index(tree, node->layer), inode.first + i, &lower))
                        rc = overlay_tree_damaged(tree, node->layer, "an extent of inode", node->record);
                else
                        sum += lower.length;
        }
        *ret = sum;
        return rc;
}
