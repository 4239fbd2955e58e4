/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a directory with what they are, read from the records of the layers where nothing else is known of them.
 */
#include "overlay/children.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/list.h"
#include "overlay/names.h"
#include "overlay/report.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

/* So many are collected under one hold of the lock, and shown without it. */
#define BATCH 64

/* What one child points to. */
struct holding {
        char name[INDEX_NAME_MAX + 1];
        struct overlay_piece one;     /* the pieces of nearly every file */
        struct overlay_piece *pieces; /* of others; owned, as the rest */
        struct overlay_xattr *xattrs;
        void *xattr_bytes;
        char *target;
};

struct batch {
        struct overlay_child children[BATCH];
        struct holding holdings[BATCH];
        size_t count;
};

static void empty_batch(struct batch *b)
{
        for (size_t i = 0; i < b->count; i++) {
                free(b->holdings[i].pieces);
                free(b->holdings[i].xattrs);
                free(b->holdings[i].xattr_bytes);
                free(b->holdings[i].target);
        }
        b->count = 0;
}

static struct overlay_child *begin_child(struct batch *b, const char *name, size_t size)
{
        struct overlay_child *child = &b->children[b->count];
        struct holding *h = &b->holdings[b->count++];

        memcpy(h->name, name, size);
        h->name[size] = '\0';
        h->pieces = NULL;
        h->xattrs = NULL;
        h->xattr_bytes = NULL;
        h->target = NULL;
        *child = (struct overlay_child){.name = h->name};
        return child;
}

static struct holding *last_holding(struct batch *b)
{
        return &b->holdings[b->count - 1];
}

static struct overlay_piece *room_for_pieces(struct batch *b, struct overlay_child *child, uint32_t count)
{
        struct holding *h = last_holding(b);

        child->piece_count = count;
        if (count <= 1)
                child->pieces = &h->one;
        else
                child->pieces = h->pieces = memory_zalloc(count, sizeof(*h->pieces));
        return count <= 1 ? &h->one : h->pieces;
}

/* False when the bytes are not well formed. */
static bool take_xattrs(struct batch *b, struct overlay_child *child, const void *bytes, size_t size)
{
        struct holding *h = last_holding(b);

        if (size == 0)
                return true;
        h->xattr_bytes = memory_dup(bytes, size);
        if (!overlay_xattrs_decode(h->xattr_bytes, size, &h->xattrs, &child->xattr_count))
                return false;
        child->xattrs = h->xattrs;
        return true;
}

/* --- of a node ------------------------------------------------------------------ */

static int take_node_pieces(struct overlay_tree *tree, struct batch *b, struct overlay_child *child,
                            struct overlay_node *node)
{
        struct body_cursor cursor;
        struct body_extent extent;
        struct overlay_piece *pieces;
        uint32_t count = 0, i = 0;
        int rc = overlay_body_count(tree, node, &count);

        if (rc == 0)
                rc = overlay_body_seek(tree, node, 0, &cursor);
        if (rc < 0)
                return rc;
        pieces = room_for_pieces(b, child, count);
        while (i < count && (rc = overlay_body_next(tree, &cursor, &extent)) > 0)
                pieces[i++] = (struct overlay_piece){extent.offset, extent.length, tree->sources[extent.source],
                                                     extent.source_offset};
        /* whoever sees these may let another body share them: they must not change any more */
        if ((node->flags & NODE_BODY) != 0)
                overlay_body_mark_shared(node, 0, node->size);
        return rc < 0 ? rc : 0;
}

static int take_node(struct overlay_tree *tree, struct batch *b, struct overlay_child *child, struct overlay_node *node)
{
        const void *xattrs = NULL;
        size_t size = 0;
        int rc = overlay_node_attr(tree, node, &child->attr);

        if (rc == 0)
                rc = overlay_xattrs_of(tree, node, &xattrs, &size);
        if (rc < 0)
                return rc;
        if (!take_xattrs(b, child, xattrs, size))
                return overlay_tree_damaged(tree, node->layer, "the xattrs of inode", node->record);
        if (S_ISLNK(node->mode)) {
                rc = overlay_node_target(tree, node, &last_holding(b)->target);
                child->target = last_holding(b)->target;
        } else if (overlay_node_is_file(node)) {
                rc = take_node_pieces(tree, b, child, node);
        }
        return rc;
}

static int add_node(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size, struct batch *b)
{
        struct overlay_node *node = NULL;
        int rc = overlay_node_child(tree, dir, name, size, &node);

        if (rc < 0)
                return rc;
        overlay_node_pin(node);
        rc = take_node(tree, b, begin_child(b, name, size), node);
        overlay_node_unpin(tree, node);
        return rc;
}

/* --- of a record ------------------------------------------------------------------ */

static int take_record_pieces(struct overlay_tree *tree, struct batch *b, struct overlay_child *child, uint32_t layer,
                              const struct index_inode *inode)
{
        struct overlay_piece *pieces = room_for_pieces(b, child, inode->count);
        uint64_t end = 0;

        for (uint32_t i = 0; i < inode->count; i++) {
                struct overlay_extent extent;
                uint32_t source;
                int rc;

                if (!overlay_index_read_extent(overlay_tree_index(tree, layer), inode->first + i, &extent) ||
                    extent.offset < end || extent.offset + extent.length > inode->size)
                        return overlay_tree_damaged(tree, layer, "an extent", inode->first + i);
                rc = overlay_tree_layer_source(tree, layer, extent.source, &source);
                if (rc < 0)
                        return rc;
                end = extent.offset + extent.length;
                child->attr.allocated += extent.length;
                pieces[i] = (struct overlay_piece){extent.offset, extent.length, tree->sources[source],
                                                   extent.source_offset};
        }
        return 0;
}

static void take_attr(struct overlay_child *child, uint64_t ino, const struct index_inode *i)
{
        const struct timespec mtime = {.tv_sec = i->mtime_sec, .tv_nsec = i->mtime_nsec};

        child->attr = (struct overlay_attr){
                .ino = ino,
                .mode = i->mode,
                .uid = i->uid,
                .gid = i->gid,
                .nlink = 1,
                .size = S_ISREG(i->mode)   ? i->size
                        : S_ISLNK(i->mode) ? i->count
                                           : 0,
                .rdev = S_ISCHR(i->mode) || S_ISBLK(i->mode) ? i->rdev : 0,
                .atime = mtime,
                .mtime = mtime,
                .ctime = mtime,
        };
}

/* A file of one layer that has one name and is not in memory. 1 when it is not such a file, 0 or -errno. */
static int add_record(struct overlay_tree *tree, const struct view_entry *entry, struct batch *b)
{
        const struct overlay_index *index = overlay_tree_index(tree, entry->layer);
        struct overlay_child *child;
        struct index_inode inode;
        uint64_t ino;

        if (tree->options.observer != NULL || entry->name.kind == INDEX_KIND_HARDLINK ||
            entry->name.kind == S_IFDIR >> 12)
                return 1;
        if (!overlay_index_read_inode(index, entry->name.inode, &inode) || inode.mode >> 12 != entry->name.kind ||
            overlay_links_several(tree, entry->layer, entry->name.inode, &inode))
                return 1; /* damage included: the way over a node says what is wrong */
        ino = overlay_record_ino(tree, entry->layer, entry->name.inode, inode.ino);
        if (overlay_node_by_ino(tree, ino) != NULL)
                return 1;
        child = begin_child(b, entry->name.name, entry->name.size);
        take_attr(child, ino, &inode);
        if (!take_xattrs(b, child, overlay_index_string(index, inode.xattrs, inode.xattrs_size), inode.xattrs_size))
                return overlay_tree_damaged(tree, entry->layer, "the xattrs of inode", entry->name.inode);
        if (S_ISREG(inode.mode))
                return take_record_pieces(tree, b, child, entry->layer, &inode);
        if (S_ISLNK(inode.mode))
                child->target = last_holding(b)->target =
                        memory_strndup(overlay_index_string(index, inode.first, inode.count), inode.count);
        return 0;
}

/* --- the directory ------------------------------------------------------------------ */

/* What the layers show, from the place on, until the batch is full. 0 or -errno. */
static int fill(struct overlay_tree *tree, struct overlay_node *dir, uint32_t *place, struct batch *b)
{
        uint32_t places = overlay_view_size(dir);

        while (*place < places && b->count < BATCH) {
                struct overlay_dentry *dentry = NULL;
                struct view_entry entry;
                int rc = overlay_view_at(tree, dir, (*place)++, &entry);

                if (rc < 0)
                        return rc;
                if (rc == 0)
                        continue;
                if (dir->u.dir->children != NULL)
                        dentry = overlay_names_find(tree, dir, entry.name.name, entry.name.size);
                if (dentry != NULL && dentry->node == NULL)
                        continue; /* deleted */
                rc = dentry == NULL ? add_record(tree, &entry, b) : 1;
                if (rc == 1)
                        rc = add_node(tree, dir, entry.name.name, entry.name.size, b);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

static int show(struct batch *b, overlay_child_function *visit, void *context, struct error *err)
{
        int result = 0;

        for (size_t i = 0; i < b->count && result == 0; i++)
                result = visit(context, &b->children[i], err);
        empty_batch(b);
        return result;
}

static int each_lower(const struct overlay_ref *dir, struct batch *b, overlay_child_function *visit, void *context,
                      struct error *err)
{
        uint32_t place = 0;
        int result = 0;
        int rc;

        do {
                overlay_tree_lock(dir->tree);
                rc = fill(dir->tree, dir->node, &place, b);
                overlay_tree_unlock(dir->tree);
                if (rc < 0)
                        return overlay_report(dir->tree, rc, "read the directory", dir->node, NULL, err);
                if (b->count == 0)
                        return 0;
                result = show(b, visit, context, err);
        } while (result == 0);
        return result;
}

/* Names that this tree gave have no place among those of the layers: all are sorted first. */
static int each_listed(const struct overlay_ref *dir, struct batch *b, overlay_child_function *visit, void *context,
                       struct error *err)
{
        struct overlay_names_list names = {0};
        size_t at = 0;
        int result = 0;
        int rc;

        overlay_tree_lock(dir->tree);
        rc = overlay_list_collect(dir->tree, dir->node, &names);
        overlay_tree_unlock(dir->tree);
        overlay_list_sort(&names);
        while (rc == 0 && result == 0 && at < names.count) {
                overlay_tree_lock(dir->tree);
                while (rc == 0 && at < names.count && b->count < BATCH) {
                        rc = add_node(dir->tree, dir->node, names.items[at].name, names.items[at].size, b);
                        at++;
                }
                overlay_tree_unlock(dir->tree);
                if (rc == 0)
                        result = show(b, visit, context, err);
        }
        overlay_list_free(&names);
        return rc < 0 ? overlay_report(dir->tree, rc, "read the directory", dir->node, NULL, err) : result;
}

int overlay_node_each_child(const struct overlay_ref *dir, overlay_child_function *visit, void *context,
                            struct error *err)
{
        struct overlay_tree *tree = dir->tree;
        struct batch *b = memory_alloc(sizeof(*b));
        bool fresh = false;
        int result;
        int rc;

        b->count = 0;
        overlay_tree_lock(tree);
        rc = overlay_node_is_dir(dir->node) ? overlay_view_prepare(tree, dir->node) : -ENOTDIR;
        if (rc == 0) {
                overlay_tree_observe(tree, OVERLAY_OBSERVED_READDIR, dir->node->ino, NULL, 0);
                fresh = dir->node->u.dir->fresh_live > 0;
        }
        overlay_tree_unlock(tree);
        if (rc < 0)
                result = overlay_report(tree, rc, "read the directory", dir->node, NULL, err);
        else
                result = (fresh ? each_listed : each_lower)(dir, b, visit, context, err);
        empty_batch(b);
        free(b);
        return result;
}
