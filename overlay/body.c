/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: the extents of each file, in the record of a lower layer or in memory. */
#include "overlay/body.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "overlay/data.h"

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

/* An extent of the lower record; its source is still the index's number. */
static int read_lower(struct overlay_tree *tree, const struct body_cursor *cursor, uint32_t i,
                      struct overlay_extent *ret)
{
        const struct overlay_node *node = cursor->node;

        if (overlay_index_read_extent(overlay_tree_index(tree, node->layer), i, ret) &&
            ret->offset + ret->length <= cursor->size)
                return 0;
        return overlay_tree_damaged(tree, node->layer, "an extent of inode", node->record);
}

int overlay_body_seek(struct overlay_tree *tree, const struct overlay_node *node, uint64_t offset,
                      struct body_cursor *ret)
{
        struct index_inode inode;
        uint32_t high;
        int rc;

        *ret = (struct body_cursor){.node = node};
        if ((node->flags & NODE_BODY) != 0) {
                ret->place = overlay_extents_find(&node->u.body, offset);
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        ret->size = inode.size;
        ret->next = inode.first;
        ret->end = high = inode.first + inode.count;
        while (ret->next < high) {
                uint32_t middle = ret->next + (high - ret->next) / 2;
                struct overlay_extent extent;

                rc = read_lower(tree, ret, middle, &extent);
                if (rc < 0)
                        return rc;
                if (extent.offset + extent.length > offset)
                        high = middle;
                else
                        ret->next = middle + 1;
        }
        return 0;
}

int overlay_body_next(struct overlay_tree *tree, struct body_cursor *cursor, struct body_extent *ret)
{
        struct overlay_extent lower;
        int rc;

        if ((cursor->node->flags & NODE_BODY) != 0) {
                const struct body_extent *extent = overlay_extents_at(&cursor->node->u.body, cursor->place);

                if (extent == NULL)
                        return 0;
                *ret = *extent;
                cursor->place = overlay_extents_next(&cursor->node->u.body, cursor->place);
                return 1;
        }
        if (cursor->next == cursor->end)
                return 0;
        rc = read_lower(tree, cursor, cursor->next, &lower);
        if (rc < 0)
                return rc;
        cursor->next++;
        *ret = (struct body_extent){lower.offset, lower.length, lower.source_offset, 0, 0};
        rc = overlay_tree_layer_source(tree, cursor->node->layer, lower.source, &ret->source);
        return rc < 0 ? rc : 1;
}

/* The place behind all extents. */
static struct extent_place end_of(const struct body_extents *body)
{
        return overlay_extents_find(body, UINT64_MAX);
}

int overlay_body_own(struct overlay_tree *tree, struct overlay_node *node)
{
        struct body_extents body = {.count = 0};
        struct body_cursor cursor;
        struct body_extent extent;
        uint64_t end = 0;
        int rc;

        if ((node->flags & NODE_BODY) != 0)
                return 0;
        rc = overlay_body_seek(tree, node, 0, &cursor);
        while (rc == 0) {
                rc = overlay_body_next(tree, &cursor, &extent);
                if (rc <= 0)
                        break;
                rc = extent.offset < end ? overlay_tree_damaged(tree, node->layer, "the extents of inode", node->record)
                                         : 0;
                end = extent.offset + extent.length;
                if (rc == 0)
                        overlay_extents_splice(&body, end_of(&body), 0, &extent, 1);
        }
        if (rc < 0) {
                overlay_extents_clear(&body);
                return rc;
        }
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

void overlay_body_replace(struct overlay_tree *tree, struct overlay_node *node, uint64_t offset, uint64_t length,
                          const struct body_extent *with)
{
        struct body_extents *body = &node->u.body;
        struct extent_place first = overlay_extents_find(body, offset), last = first;
        const struct body_extent *at = overlay_extents_at(body, first);
        struct body_extent run[5], left = {.length = 0}, right = {.length = 0};
        uint64_t end = offset + length;
        uint32_t removed = 0, count = 0;

        assert((node->flags & NODE_BODY) != 0);
        if (length == 0)
                return;
        if (at != NULL && at->offset < offset) {
                left = *at;
                left.length = offset - left.offset;
        }
        for (; at != NULL && at->offset < end; at = overlay_extents_at(body, last)) {
                release(tree, at, offset, end);
                right = *at;
                removed++;
                last = overlay_extents_next(body, last);
        }
        /* neighbours take part, so that what continues them melts into them */
        if (overlay_extents_previous(body, &first)) {
                push(run, &count, overlay_extents_at(body, first));
                removed++;
        }
        if (left.length > 0)
                push(run, &count, &left);
        if (with != NULL)
                push(run, &count, with);
        if (right.length > 0 && right.offset + right.length > end) {
                uint64_t cut = end - right.offset;

                right.offset += cut;
                right.source_offset += cut;
                right.length -= cut;
                push(run, &count, &right);
        }
        if (at != NULL) {
                push(run, &count, at);
                removed++;
        }
        overlay_extents_splice(body, first, removed, run, count);
}

void overlay_body_truncate(struct overlay_tree *tree, struct overlay_node *node, uint64_t size)
{
        if (size < node->size)
                overlay_body_replace(tree, node, size, node->size - size, NULL);
        node->size = size;
}

void overlay_body_mark_shared(struct overlay_node *node, uint64_t offset, uint64_t length)
{
        struct extent_place place = overlay_extents_find(&node->u.body, offset);
        uint64_t end = offset + length;
        struct body_extent *at;

        /* whole extents, also where the range begins inside: rare, and only costs a later write some space */
        for (; (at = overlay_extents_at(&node->u.body, place)) != NULL && at->offset < end;
             place = overlay_extents_next(&node->u.body, place))
                if ((at->flags & EXTENT_OWNED) != 0)
                        at->flags |= EXTENT_SHARED;
}

void overlay_body_free(struct overlay_tree *tree, struct overlay_node *node)
{
        struct body_extents *body = &node->u.body;
        struct extent_place place = {0, 0};
        const struct body_extent *at;

        for (; !tree->closing && (at = overlay_extents_at(body, place)) != NULL;
             place = overlay_extents_next(body, place))
                release(tree, at, at->offset, at->offset + at->length);
        overlay_extents_clear(body);
}

int overlay_body_allocated(struct overlay_tree *tree, struct overlay_node *node, uint64_t *ret)
{
        struct body_cursor cursor;
        uint64_t sum = 0;
        int rc;

        if ((node->flags & NODE_BODY) != 0) {
                *ret = overlay_extents_length(&node->u.body);
                return 0;
        }
        if ((node->flags & NODE_SUMMED) == 0) {
                rc = overlay_body_seek(tree, node, 0, &cursor);
                if (rc < 0)
                        return rc;
                for (uint32_t i = cursor.next; i < cursor.end; i++) {
                        struct overlay_extent extent;

                        rc = read_lower(tree, &cursor, i, &extent);
                        if (rc < 0)
                                return rc;
                        sum += extent.length;
                }
                node->u.allocated = sum;
                node->flags |= NODE_SUMMED;
        }
        *ret = node->u.allocated;
        return 0;
}
