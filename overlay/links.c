/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard links of lower layers. A lower inode with several names is one node:
 * its link count is the number of its names that still show through the
 * layers above, and before it changes all of them become dentries, so that a
 * sealed layer can carry every name of an inode that it carries at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/map.h"
#include "common/memory.h"
#include "overlay/names.h"
#include "overlay/node.h"
#include "overlay/view.h"

static int compare_bound(const struct tree_bound *b, uint32_t layer, uint32_t record)
{
        if (b->layer != layer)
                return b->layer < layer ? -1 : 1;
        return b->record < record ? -1 : b->record > record;
}

const struct tree_bound *overlay_links_bound(const struct overlay_tree *tree, uint32_t layer, uint32_t record)
{
        size_t low = 0, high = tree->bound_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int c = compare_bound(&tree->bound[middle], layer, record);

                if (c == 0)
                        return &tree->bound[middle];
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* Index of the first unresolved link that leads to this record; those that do are contiguous. */
static size_t first_by_target(const struct overlay_tree *tree, uint32_t layer, uint32_t record)
{
        size_t low = 0, high = tree->bound_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct tree_bound *b = &tree->bound_by_target[middle];

                if (b->target_layer < layer || (b->target_layer == layer && b->target_record < record))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool leads_to(const struct overlay_tree *tree, size_t at, uint32_t layer, uint32_t record)
{
        return at < tree->bound_count && tree->bound_by_target[at].target_layer == layer &&
               tree->bound_by_target[at].target_record == record;
}

bool overlay_links_several(const struct overlay_tree *tree, uint32_t layer, uint32_t record,
                           const struct index_inode *inode)
{
        return inode->nlink > 1 || leads_to(tree, first_by_target(tree, layer, record), layer, record);
}

static bool has_part(const struct overlay_node *node, uint32_t layer, uint32_t inode)
{
        const struct overlay_dir *dir = node->u.dir;

        for (uint32_t p = 0; p < dir->part_count; p++)
                if (dir->parts[p].layer == layer)
                        return dir->parts[p].inode == inode;
        return false;
}

/* The way from a layer's directory up to its root, as numbers, top of the stack is the child of the root. */
static int climb(struct overlay_tree *tree, uint32_t layer, uint32_t dir, uint32_t **ret, size_t *ret_count)
{
        CLEANUP_FREE uint32_t *way = NULL;
        size_t count = 0, cap = 0;

        while (dir != 0) {
                struct index_inode inode;

                if (count >= INDEX_DEPTH_MAX ||
                    !overlay_index_read_inode(overlay_tree_index(tree, layer), dir, &inode) || !S_ISDIR(inode.mode))
                        return overlay_tree_damaged(tree, layer, "directory", dir);
                memory_grow(&way, &cap, count + 1, sizeof(*way));
                way[count++] = dir;
                dir = inode.parent;
        }
        *ret = STEAL(way);
        *ret_count = count;
        return 0;
}

/* The key of a layer's directory in the map of those that were moved. */
struct moved_key {
        uint32_t layer, inode;
};

void overlay_links_moved(struct overlay_tree *tree, const struct overlay_node *node)
{
        const struct overlay_dir *dir = node->u.dir;

        for (uint32_t p = 0; p < dir->part_count; p++) {
                const struct moved_key key = {dir->parts[p].layer, dir->parts[p].inode};

                if (tree->moved == NULL)
                        tree->moved = map_new(NULL);
                map_set(tree->moved, &key, sizeof(key), (void *)(uintptr_t)node->ino);
        }
}

/*
 * Where to begin looking for a layer's directory: at the lowest directory of
 * its way that was moved, because what was above it then may be gone, else at
 * the root. 1 with what is left of the way, 0 when it does not show.
 */
static int find_start(struct overlay_tree *tree, uint32_t layer, const uint32_t *way, size_t *count,
                      struct overlay_node **ret)
{
        for (size_t i = 0; tree->moved != NULL && i < *count; i++) {
                const struct moved_key key = {layer, way[i]};
                uint64_t ino = (uintptr_t)map_find(tree->moved, &key, sizeof(key));

                if (ino == 0)
                        continue;
                *ret = overlay_node_by_ino(tree, ino);
                *count = i;
                return *ret != NULL && !overlay_node_is_dead(tree, *ret) && has_part(*ret, layer, way[i]);
        }
        *ret = tree->root;
        return has_part(tree->root, layer, 0);
}

/* The directory that `entry` of `parent`'s view names, if it is still there. 1 (not pinned), 0, or -errno. */
static int find_dir_now(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                        uint32_t layer, uint32_t inode, struct overlay_node **ret)
{
        struct overlay_dentry *dentry = overlay_names_find(tree, parent, entry->name.name, entry->name.size);
        int rc;

        if (dentry == NULL) {
                rc = overlay_node_load(tree, parent, entry, ret);
                return rc < 0 ? rc : 1;
        }
        *ret = dentry->node;
        return *ret != NULL && overlay_node_is_dir(*ret) && has_part(*ret, layer, inode);
}

/*
 * The node of a layer's directory. 1 with the node pinned, 0 when it does not
 * show (hidden by a layer above, or removed), or -errno.
 */
static int find_dir(struct overlay_tree *tree, uint32_t layer, uint32_t inode, struct overlay_node **ret)
{
        CLEANUP_FREE uint32_t *way = NULL;
        struct overlay_node *node = NULL;
        size_t count = 0;
        int rc = climb(tree, layer, inode, &way, &count);

        if (rc == 0)
                rc = find_start(tree, layer, way, &count, &node);
        if (rc != 1)
                return rc;
        overlay_node_pin(node);
        while (rc == 1 && count-- > 0) {
                struct overlay_node *next = NULL;
                struct index_inode record;
                struct index_dirent name;
                struct view_entry entry;

                if (!overlay_index_read_inode(overlay_tree_index(tree, layer), way[count], &record) ||
                    !overlay_index_read_dirent(overlay_tree_index(tree, layer), record.dirent, &name)) {
                        rc = overlay_tree_damaged(tree, layer, "directory", way[count]);
                        break;
                }
                rc = overlay_view_find(tree, node, name.name, name.size, &entry);
                if (rc == 1 && entry.name.kind != S_IFDIR >> 12)
                        rc = 0;
                if (rc == 1)
                        rc = find_dir_now(tree, node, &entry, layer, way[count], &next);
                if (rc != 1)
                        break;
                overlay_node_pin(next);
                overlay_node_unpin(tree, node);
                node = next;
                rc = has_part(node, layer, way[count]);
        }
        if (rc == 1)
                *ret = node;
        else
                overlay_node_unpin(tree, node);
        return rc;
}

/* One name of the inode: counts it, and gives it a dentry if asked. */
static int visit_name(struct overlay_tree *tree, struct overlay_node *node, uint32_t layer, uint32_t dir,
                      uint32_t dirent, bool give, uint32_t *count)
{
        struct overlay_node *parent = NULL;
        struct overlay_dentry *dentry;
        struct index_dirent name;
        struct view_entry entry;
        int rc;

        if (!overlay_index_read_dirent(overlay_tree_index(tree, layer), dirent, &name) ||
            !overlay_name_is_valid(name.name, name.size))
                return overlay_tree_damaged(tree, layer, "name", dirent);
        rc = find_dir(tree, layer, dir, &parent);
        if (rc != 1)
                return rc;
        rc = overlay_view_find(tree, parent, name.name, name.size, &entry);
        if (rc == 1 && entry.layer == layer && entry.dirent == dirent) {
                dentry = overlay_names_find(tree, parent, name.name, name.size);
                if (dentry == NULL && give)
                        overlay_names_bind(overlay_names_add(tree, parent, name.name, name.size, DENTRY_LOWER), node);
                if (dentry == NULL || dentry->node == node)
                        ++*count;
        }
        overlay_node_unpin(tree, parent);
        return rc < 0 ? rc : 0;
}

static int visit_record(struct overlay_tree *tree, struct overlay_node *node, uint32_t layer, uint32_t record,
                        bool give, uint32_t *count)
{
        const struct overlay_index *index = overlay_tree_index(tree, layer);
        struct index_inode inode;
        uint32_t dir, dirent;
        int rc = 0;

        if (!overlay_index_read_inode(index, record, &inode))
                return overlay_tree_damaged(tree, layer, "inode", record);
        for (uint32_t i = 0; rc == 0 && i < inode.nlink; i++) {
                struct index_dirent name;

                if (!overlay_index_read_name(index, &inode, i, &dir, &dirent) ||
                    !overlay_index_read_dirent(index, dirent, &name) || name.inode != record)
                        return overlay_tree_damaged(tree, layer, "a link of inode", record);
                rc = visit_name(tree, node, layer, dir, dirent, give, count);
        }
        return rc;
}

static int visit(struct overlay_tree *tree, struct overlay_node *node, bool give, uint32_t *ret)
{
        uint32_t count = 0;
        int rc;

        overlay_node_pin(node);
        rc = visit_record(tree, node, node->layer, node->record, give, &count);
        for (size_t i = first_by_target(tree, node->layer, node->record);
             rc == 0 && leads_to(tree, i, node->layer, node->record); i++)
                rc = visit_record(tree, node, tree->bound_by_target[i].layer, tree->bound_by_target[i].record, give,
                                  &count);
        node->pins--;
        *ret = count;
        return rc;
}

int overlay_links_count(struct overlay_tree *tree, struct overlay_node *node, uint32_t *ret)
{
        uint32_t count;
        int rc = visit(tree, node, false, &count);

        if (rc == 0 && count == 0) /* it was found by a name, so that name must be among its links */
                return overlay_tree_damaged(tree, node->layer, "the links of inode", node->record);
        *ret = count;
        return rc;
}

int overlay_links_name(struct overlay_tree *tree, struct overlay_node *node)
{
        uint32_t count;
        int rc = visit(tree, node, true, &count);

        if (rc < 0)
                return rc;
        node->nlink = count;
        node->flags |= NODE_NAMED;
        return 0;
}
