/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing, first pass: what really differs from the layers below, and the directories on the way to it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/list.h"
#include "overlay/names.h"
#include "overlay/seal.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

struct marker {
        struct overlay_tree *tree;
        struct {
                struct overlay_node *dir; /* pinned */
                bool in_place;
        } * stack;
        size_t count, cap;
};

bool overlay_seal_is_left_out(const struct overlay_node *node)
{
        return S_ISSOCK(node->mode) || (node->flags & NODE_STUB) != 0;
}

static void push(struct marker *m, struct overlay_node *dir, bool in_place)
{
        memory_grow(&m->stack, &m->cap, m->count + 1, sizeof(*m->stack));
        m->stack[m->count].dir = dir;
        m->stack[m->count++].in_place = in_place;
        overlay_node_pin(dir);
}

static void mark_path(struct overlay_node *dir)
{
        while (dir != NULL && (dir->flags & NODE_EMIT_PATH) == 0) {
                dir->flags |= NODE_EMIT_PATH;
                dir = dir->names != NULL ? dir->names->parent : NULL;
        }
}

/* The node goes into the index, under all its names. */
static void mark_node(struct overlay_node *node)
{
        node->flags |= NODE_EMIT;
        for (struct overlay_dentry *name = node->names; name != NULL; name = name->node_next)
                mark_path(name->parent);
}

int overlay_seal_is_home(struct overlay_tree *tree, struct overlay_dentry *dentry)
{
        struct view_entry entry;
        uint64_t ino = 0;
        int rc;

        if ((dentry->flags & DENTRY_LOWER) == 0)
                return 0;
        rc = overlay_view_find(tree, dentry->parent, dentry->name, dentry->size, &entry);
        if (rc <= 0)
                return rc;
        if ((entry.name.kind == S_IFDIR >> 12) != overlay_node_is_dir(dentry->node))
                return 0;
        rc = overlay_node_entry_ino(tree, dentry->parent, &entry, &ino);
        return rc < 0 ? rc : ino == dentry->node->ino;
}

static int same_xattrs(const struct overlay_tree *tree, const struct overlay_node *node,
                       const struct index_inode *record)
{
        uint32_t size = node->xattrs != NULL ? node->xattrs->size : 0;

        if ((node->flags & NODE_XATTRS) == 0)
                return 1;
        if (size != record->xattrs_size)
                return 0;
        return size == 0 ||
               memcmp(node->xattrs->bytes,
                      overlay_index_string(overlay_tree_index(tree, node->layer), record->xattrs, size), size) == 0;
}

static bool same_owner(const struct overlay_node *node, const struct index_inode *record)
{
        return node->mode == record->mode && node->uid == record->uid && node->gid == record->gid;
}

/* The body in memory is the record's, extent by extent. 1, 0 or -errno. */
static int same_body(struct overlay_tree *tree, struct overlay_node *node, const struct index_inode *record)
{
        struct overlay_node lower = {.layer = node->layer, .record = node->record, .mode = node->mode};
        struct body_cursor below, here;
        int rc;

        if (!overlay_node_is_file(node) || (node->flags & NODE_BODY) == 0)
                return 1;
        if (node->size != record->size || node->u.body.count != record->count)
                return 0;
        rc = overlay_body_seek(tree, &lower, 0, &below);
        if (rc == 0)
                rc = overlay_body_seek(tree, node, 0, &here);
        while (rc == 0) {
                struct body_extent a, b;

                rc = overlay_body_next(tree, &below, &a);
                if (rc <= 0)
                        return rc < 0 ? rc : 1;
                rc = overlay_body_next(tree, &here, &b);
                if (rc < 0)
                        break;
                rc = 0;
                if (a.offset != b.offset || a.length != b.length || a.source != b.source ||
                    a.source_offset != b.source_offset)
                        return 0;
        }
        return rc;
}

/* All names that the layers below give it, and no others. 1, 0 or -errno. */
static int same_names(struct overlay_tree *tree, struct overlay_node *node)
{
        int rc = 1;

        if (node->nlink != node->lower_nlink)
                return 0;
        for (struct overlay_dentry *name = node->names; rc == 1 && name != NULL; name = name->node_next)
                rc = overlay_seal_is_home(tree, name);
        return rc;
}

/* Something that a layer can carry differs from the lower record. 1, 0 or -errno. */
static int is_changed(struct overlay_tree *tree, struct overlay_node *node)
{
        struct index_inode record;
        int rc;

        if ((node->flags & (NODE_CHANGED | NODE_NEW)) == 0)
                return 0;
        if (node->layer == OVERLAY_NO_LAYER)
                return 1;
        rc = overlay_node_record(tree, node, &record);
        if (rc < 0)
                return rc;
        if (!same_owner(node, &record) || node->mtime_sec != record.mtime_sec || !same_xattrs(tree, node, &record))
                return 1;
        if (overlay_node_is_dir(node))
                return 0;
        rc = same_names(tree, node);
        if (rc == 1)
                rc = same_body(tree, node, &record);
        return rc < 0 ? rc : !rc;
}

/* A name in a directory that is in place. */
static int mark_name(struct marker *m, struct overlay_dentry *dentry)
{
        struct overlay_node *node = dentry->node;
        int rc;

        if (node == NULL || overlay_seal_is_left_out(node)) {
                if (dentry->flags != 0) /* what the layers below have there must go */
                        mark_path(dentry->parent);
                return 0;
        }
        if (overlay_node_is_dir(node)) {
                rc = overlay_seal_is_home(m->tree, dentry);
                if (rc < 0)
                        return rc;
                if (rc == 0) {
                        mark_node(node);
                        push(m, node, false);
                        return 0;
                }
                if ((node->flags & NODE_BELOW) != 0)
                        push(m, node, true);
        }
        rc = is_changed(m->tree, node);
        if (rc == 1)
                mark_node(node);
        return rc < 0 ? rc : 0;
}

static int mark_changes(struct marker *m, struct overlay_node *dir)
{
        struct overlay_dentry *next;
        int rc = 0;

        for (struct overlay_dentry *dentry = dir->u.dir->children; rc == 0 && dentry != NULL; dentry = next) {
                next = dentry->next;
                rc = mark_name(m, dentry);
        }
        return rc;
}

/*
 * Everything in this directory is written anyway. What has to be found is
 * lower files with names elsewhere: those names come along, for a layer must
 * not hold half of a link group.
 */
static int mark_all(struct marker *m, struct overlay_node *dir)
{
        struct overlay_dentry *dentry;
        struct view_entry entry;
        uint64_t position = 0;
        int rc;

        while ((rc = overlay_list_next(m->tree, dir, &position, &dentry, &entry)) > 0) {
                struct overlay_node *node = dentry != NULL ? dentry->node : NULL;

                if (node == NULL)
                        rc = overlay_node_load(m->tree, dir, &entry, &node);
                if (rc < 0)
                        return rc;
                overlay_node_pin(node);
                if (overlay_node_is_dir(node) && !overlay_seal_is_left_out(node))
                        push(m, node, false);
                else if (!overlay_node_is_dir(node) && node->nlink > 1)
                        rc = overlay_node_change(m->tree, node);
                if (rc >= 0 && !overlay_node_is_dir(node) && node->nlink > 1)
                        mark_node(node);
                overlay_node_unpin(m->tree, node);
                if (rc < 0)
                        return rc;
        }
        return rc;
}

/* The root's times alone are not worth an entry: they would come with nearly every layer, and no other builder keeps
 * them. */
static int is_root_changed(struct overlay_tree *tree, bool *ret)
{
        struct overlay_node *root = tree->root;
        struct index_inode record;
        int rc;

        if (tree->options.layer) {
                *ret = (root->flags & NODE_IMPLICIT) == 0;
                return 0;
        }
        if (root->layer == OVERLAY_NO_LAYER) {
                *ret = root->mode != (S_IFDIR | 0755) || root->uid != 0 || root->gid != 0 || root->xattrs != NULL;
                return 0;
        }
        rc = overlay_node_record(tree, root, &record);
        if (rc == 0)
                *ret = !same_owner(root, &record) || !same_xattrs(tree, root, &record);
        return rc;
}

int overlay_seal_mark(struct overlay_tree *tree, bool *ret_root_changed)
{
        struct marker m = {.tree = tree};
        int rc = is_root_changed(tree, ret_root_changed);

        if (rc == 0)
                push(&m, tree->root, true);
        while (m.count > 0) {
                struct overlay_node *dir = m.stack[--m.count].dir;
                bool in_place = m.stack[m.count].in_place;

                if (rc == 0)
                        rc = in_place ? mark_changes(&m, dir) : mark_all(&m, dir);
                overlay_node_unpin(tree, dir);
        }
        free(m.stack);
        return rc;
}
