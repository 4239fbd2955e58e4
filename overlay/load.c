/* SPDX-License-Identifier: Apache-2.0 */
/* From the records of the layers to nodes: which layers have a part in a directory, and where a name leads. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/names.h"
#include "overlay/node.h"
#include "overlay/view.h"

uint64_t overlay_record_ino(const struct overlay_tree *tree, uint32_t layer, uint32_t record, uint64_t own)
{
        const struct tree_layer *l = &tree->layers[layer];

        if (record == 0)
                return 1;
        if (l->has_numbers && own >= 2 && own < l->ino_next)
                return own;
        return l->ino_base + record;
}

/* What a lower record says, in a new node that is not in the table yet. */
static struct overlay_node *node_of_record(uint64_t ino, uint32_t layer, uint32_t record, const struct index_inode *i)
{
        struct overlay_node *node = memory_zalloc(1, sizeof(*node));

        node->ino = ino;
        node->layer = layer;
        node->record = record;
        node->mode = i->mode;
        node->uid = i->uid;
        node->gid = i->gid;
        node->nlink = 1;
        node->atime_sec = node->mtime_sec = node->ctime_sec = i->mtime_sec;
        node->atime_nsec = node->mtime_nsec = node->ctime_nsec = i->mtime_nsec;
        if (S_ISREG(i->mode))
                node->size = i->size;
        else if (S_ISLNK(i->mode))
                node->size = i->count;
        else if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
                node->u.rdev = i->rdev;
        return node;
}

/* The parts of a directory while they are found. */
struct parts {
        struct dir_part *items;
        size_t count, cap;
        uint32_t attr_layer, attr_record; /* where attributes come from: the topmost part that is no mere implication */
        struct index_inode attr;
        bool has_attr;
        uint64_t ino; /* the topmost number that holds, else that made from the lowest part */
        bool has_ino;
};

/* Returns 1 when nothing below shows through, else 0. */
static int add_part(struct overlay_tree *tree, struct parts *parts, uint32_t layer, uint32_t record,
                    const struct index_inode *i)
{
        const struct tree_layer *l = &tree->layers[layer];

        memory_grow(&parts->items, &parts->cap, parts->count + 1, sizeof(*parts->items));
        parts->items[parts->count++] = (struct dir_part){layer, record, i->first, i->count};
        if (!parts->has_attr) {
                parts->attr_layer = layer;
                parts->attr_record = record;
                parts->attr = *i;
                parts->has_attr = (i->flags & INDEX_IMPLICIT) == 0;
        }
        if (!parts->has_ino) {
                parts->ino = overlay_record_ino(tree, layer, record, i->ino);
                parts->has_ino = l->has_numbers && i->ino != 0 && parts->ino == i->ino;
        }
        return (i->flags & INDEX_OPAQUE) != 0;
}

/* Which layers have a part in the directory that `entry` of `parent` names. 0 or -errno; the caller frees parts->items.
 */
static int find_parts(struct overlay_tree *tree, const struct overlay_node *parent, const struct view_entry *entry,
                      struct parts *parts)
{
        const struct overlay_dir *dir = parent->u.dir;

        for (uint32_t p = 0; p < dir->part_count; p++) {
                const struct dir_part *part = &dir->parts[p];
                const struct overlay_index *index = overlay_tree_index(tree, part->layer);
                struct index_dirent name;
                struct index_inode inode;
                uint32_t dirent = 0;
                int rc;

                if (part->layer > entry->layer)
                        continue;
                rc = overlay_index_find(index, part->first, part->count, entry->name.name, entry->name.size, &dirent,
                                        &name);
                if (rc < 0)
                        return overlay_tree_damaged(tree, part->layer, "a name of directory", part->inode);
                if (rc == 0)
                        continue;
                if (name.kind != S_IFDIR >> 12)
                        break;
                if (!overlay_index_read_inode(index, name.inode, &inode) || !S_ISDIR(inode.mode) ||
                    (inode.flags & INDEX_HARDLINK) != 0 || inode.parent != part->inode || inode.dirent != dirent)
                        return overlay_tree_damaged(tree, part->layer, "directory", name.inode);
                if (add_part(tree, parts, part->layer, name.inode, &inode))
                        break;
        }
        /* the entry itself is a directory, so at least its own layer was found, unless names are out of order */
        return parts->count > 0 ? 0 : overlay_tree_damaged(tree, entry->layer, "name", entry->dirent);
}

static void take_parts(struct overlay_node *node, struct parts *parts)
{
        struct overlay_dir *dir = overlay_node_new_dir();

        dir->part_count = (uint32_t)parts->count;
        if (parts->count == 1) {
                dir->one_part = parts->items[0];
                free(parts->items);
        } else {
                dir->parts = memory_realloc(parts->items, parts->count, sizeof(*parts->items));
        }
        parts->items = NULL;
        node->u.dir = dir;
}

/* With one part the count of the record is that of the view; else the merge counts. */
static void count_subdirs(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_dir *dir = node->u.dir;
        struct index_inode i;

        dir->merged = dir->part_count == 1;
        if (dir->merged &&
            overlay_index_read_inode(overlay_tree_index(tree, dir->parts[0].layer), dir->parts[0].inode, &i))
                dir->subdirs = i.subdirs;
}

static int load_dir(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                    struct overlay_node **ret)
{
        struct parts parts = {0};
        struct overlay_node *node;
        int rc = find_parts(tree, parent, entry, &parts);

        if (rc == 0 && overlay_node_by_ino(tree, parts.ino) != NULL)
                rc = overlay_tree_damaged(tree, entry->layer, "a second directory with inode number", parts.ino);
        if (rc < 0) {
                free(parts.items);
                return rc;
        }
        node = node_of_record(parts.ino, parts.attr_layer, parts.attr_record, &parts.attr);
        take_parts(node, &parts);
        count_subdirs(tree, node);
        overlay_node_number(tree, node);
        *ret = node;
        return 0;
}

/* The record that a name which is no directory leads to. */
static int find_record(struct overlay_tree *tree, const struct view_entry *entry, uint32_t *ret_layer,
                       uint32_t *ret_record, struct index_inode *ret)
{
        uint32_t layer = entry->layer, record = entry->name.inode;
        const struct tree_bound *bound = NULL;

        if (entry->name.kind == INDEX_KIND_HARDLINK) {
                bound = overlay_links_bound(tree, layer, record);
                if (bound == NULL)
                        return overlay_tree_damaged(tree, layer, "unresolved link", record);
                layer = bound->target_layer;
                record = bound->target_record;
        }
        if (!overlay_index_read_inode(overlay_tree_index(tree, layer), record, ret) || S_ISDIR(ret->mode) ||
            (ret->flags & INDEX_HARDLINK) != 0 || (bound == NULL && ret->mode >> 12 != entry->name.kind))
                return overlay_tree_damaged(tree, layer, "inode", record);
        *ret_layer = layer;
        *ret_record = record;
        return 0;
}

int overlay_node_entry_ino(struct overlay_tree *tree, const struct overlay_node *parent, const struct view_entry *entry,
                           uint64_t *ret)
{
        struct parts parts = {0};
        struct index_inode inode;
        uint32_t layer, record;
        int rc;

        if (entry->name.kind == S_IFDIR >> 12) {
                rc = find_parts(tree, parent, entry, &parts);
                free(parts.items);
                *ret = parts.ino;
                return rc;
        }
        rc = find_record(tree, entry, &layer, &record, &inode);
        if (rc == 0)
                *ret = overlay_record_ino(tree, layer, record, inode.ino);
        return rc;
}

static int load_other(struct overlay_tree *tree, const struct view_entry *entry, struct overlay_node **ret)
{
        struct overlay_node *node;
        struct index_inode inode;
        uint32_t layer, record;
        uint64_t ino;
        bool several;
        int rc = find_record(tree, entry, &layer, &record, &inode);

        if (rc < 0)
                return rc;
        several = overlay_links_several(tree, layer, record, &inode);
        if (!several && inode.dirent != entry->dirent)
                return overlay_tree_damaged(tree, layer, "inode", record);
        ino = overlay_record_ino(tree, layer, record, inode.ino);
        node = overlay_node_by_ino(tree, ino);
        if (node != NULL) {
                if (!several || node->layer != layer || node->record != record)
                        return overlay_tree_damaged(tree, layer, "a second file with inode number", ino);
                *ret = node;
                return 0;
        }
        node = node_of_record(ino, layer, record, &inode);
        overlay_node_number(tree, node);
        if (several) {
                rc = overlay_links_count(tree, node, &node->nlink);
                if (rc < 0) {
                        overlay_node_destroy(tree, node);
                        return rc;
                }
        } else {
                node->flags |= NODE_NAMED;
        }
        node->lower_nlink = node->nlink;
        *ret = node;
        return 0;
}

int overlay_node_load(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                      struct overlay_node **ret)
{
        struct overlay_dentry *dentry;
        int rc;

        /* counting links walks directories and settles them: this one must stay */
        overlay_node_pin(parent);
        if (entry->name.kind == S_IFDIR >> 12)
                rc = load_dir(tree, parent, entry, ret);
        else
                rc = load_other(tree, entry, ret);
        parent->pins--;
        if (rc < 0)
                return rc;
        dentry = overlay_names_add(tree, parent, entry->name.name, entry->name.size, DENTRY_LOWER);
        overlay_names_bind(dentry, *ret);
        return 0;
}

int overlay_node_load_root(struct overlay_tree *tree)
{
        struct overlay_node *root;
        struct parts parts = {.attr_layer = OVERLAY_NO_LAYER};

        for (uint32_t l = tree->layer_count; l-- > 0;) {
                struct index_inode i;

                if (!overlay_index_read_inode(overlay_tree_index(tree, l), 0, &i))
                        return overlay_tree_damaged(tree, l, "inode", 0);
                if (add_part(tree, &parts, l, 0, &i))
                        break;
        }
        if (parts.count == 0) {
                root = memory_zalloc(1, sizeof(*root));
                root->mode = S_IFDIR | 0755;
                root->layer = OVERLAY_NO_LAYER;
                root->flags = NODE_NEW | NODE_XATTRS | NODE_NAMED;
                root->u.dir = overlay_node_new_dir();
        } else {
                root = node_of_record(1, parts.attr_layer, parts.attr_record, &parts.attr);
                take_parts(root, &parts);
                count_subdirs(tree, root);
        }
        root->ino = 1;
        root->pins = 1;
        overlay_node_number(tree, root);
        tree->root = root;
        return 0;
}
