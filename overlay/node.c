/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: made from lower records on demand, kept while somebody looks or something changed, freed again. */
#include "overlay/node.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/names.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

bool overlay_node_is_dir(const struct overlay_node *node)
{
        return S_ISDIR(node->mode);
}

bool overlay_node_is_file(const struct overlay_node *node)
{
        return S_ISREG(node->mode);
}

bool overlay_node_is_dead(const struct overlay_tree *tree, const struct overlay_node *node)
{
        return node->names == NULL && node != tree->root;
}

/* --- the number table --- */

static size_t bucket_of(const struct overlay_tree *tree, uint64_t ino)
{
        /* numbers are dense and given by us: the low bits are the best hash there is */
        return (size_t)ino & tree->ino_mask;
}

struct overlay_node *overlay_node_by_ino(const struct overlay_tree *tree, uint64_t ino)
{
        struct overlay_node *node = tree->inos[bucket_of(tree, ino)];

        while (node != NULL && node->ino != ino)
                node = node->ino_next;
        return node;
}

static void grow_inos(struct overlay_tree *tree)
{
        size_t old = tree->ino_mask + 1;
        struct overlay_node **inos = memory_zalloc(old * 2, sizeof(struct overlay_node *));

        tree->ino_mask = old * 2 - 1;
        for (size_t i = 0; i < old; i++) {
                struct overlay_node *node, *next;

                for (node = tree->inos[i]; node != NULL; node = next) {
                        next = node->ino_next;
                        node->ino_next = inos[bucket_of(tree, node->ino)];
                        inos[bucket_of(tree, node->ino)] = node;
                }
        }
        free(tree->inos);
        tree->inos = inos;
}

void overlay_node_number(struct overlay_tree *tree, struct overlay_node *node)
{
        size_t at;

        if (tree->ino_used > tree->ino_mask)
                grow_inos(tree);
        at = bucket_of(tree, node->ino);
        node->ino_next = tree->inos[at];
        tree->inos[at] = node;
        tree->ino_used++;
}

static void leave_ino(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_node **at = &tree->inos[bucket_of(tree, node->ino)];

        while (*at != node)
                at = &(*at)->ino_next;
        *at = node->ino_next;
        tree->ino_used--;
}

/* --- making --- */

struct overlay_dir *overlay_node_new_dir(void)
{
        struct overlay_dir *dir = memory_zalloc(1, sizeof(*dir));

        dir->parts = &dir->one_part;
        dir->merged = true; /* of no parts: nothing to merge */
        return dir;
}

struct overlay_node *overlay_node_new(struct overlay_tree *tree, mode_t mode, uint32_t uid, uint32_t gid)
{
        struct overlay_node *node = memory_zalloc(1, sizeof(*node));

        node->ino = tree->next_ino++;
        node->mode = mode;
        node->uid = uid;
        node->gid = gid;
        node->layer = OVERLAY_NO_LAYER;
        node->flags = NODE_NEW | NODE_CHANGED | NODE_XATTRS | NODE_NAMED;
        if (S_ISDIR(mode)) {
                node->flags |= NODE_BELOW;
                node->u.dir = overlay_node_new_dir();
        } else if (S_ISREG(mode)) {
                node->flags |= NODE_BODY;
        }
        overlay_time_now(&node->mtime_sec, &node->mtime_nsec);
        node->atime_sec = node->ctime_sec = node->mtime_sec;
        node->atime_nsec = node->ctime_nsec = node->mtime_nsec;
        overlay_node_number(tree, node);
        return node;
}

int overlay_node_child(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                       struct overlay_node **ret)
{
        struct overlay_dentry *dentry;
        struct view_entry entry;
        int rc;

        if (!overlay_node_is_dir(parent))
                return -ENOTDIR;
        if (size > INDEX_NAME_MAX)
                return -ENAMETOOLONG;
        dentry = overlay_names_find(tree, parent, name, size);
        if (dentry != NULL) {
                *ret = dentry->node;
                rc = dentry->node != NULL ? 0 : -ENOENT;
        } else {
                rc = overlay_view_find(tree, parent, name, size, &entry);
                if (rc == 0)
                        rc = -ENOENT;
                else if (rc > 0)
                        rc = overlay_node_load(tree, parent, &entry, ret);
        }
        if (tree->options.observer != NULL && (rc == 0 || rc == -ENOENT)) {
                CLEANUP_FREE char *text = memory_strndup(name, size);

                overlay_tree_observe(tree, OVERLAY_OBSERVED_LOOKUP, parent->ino, text, rc == 0 ? (*ret)->ino : 0);
        }
        return rc;
}

/* --- keeping and freeing --- */

void overlay_node_pin(struct overlay_node *node)
{
        node->pins++;
}

void overlay_node_unpin(struct overlay_tree *tree, struct overlay_node *node)
{
        assert(node->pins > 0);
        node->pins--;
        overlay_node_settle(tree, node);
}

static void free_dir(struct overlay_tree *tree, struct overlay_dir *dir)
{
        while (dir->children != NULL)
                overlay_names_drop(tree, dir->children);
        if (dir->parts != &dir->one_part)
                free(dir->parts);
        free(dir->places);
        free(dir->fresh);
        free(dir);
}

void overlay_node_destroy(struct overlay_tree *tree, struct overlay_node *node)
{
        while (node->names != NULL)
                overlay_names_drop(tree, node->names);
        if (overlay_node_is_dir(node))
                free_dir(tree, node->u.dir);
        else if (overlay_node_is_file(node) && (node->flags & NODE_BODY) != 0)
                overlay_body_free(tree, node);
        else if ((node->flags & NODE_NEW) != 0 && (S_ISLNK(node->mode) || (node->flags & NODE_HARDLINK) != 0))
                free(node->u.target);
        free(node->xattrs);
        leave_ino(tree, node);
        free(node);
}

static bool is_needed(const struct overlay_tree *tree, const struct overlay_node *node)
{
        if (node->nlookup > 0 || node->pins > 0)
                return true;
        if (overlay_node_is_dead(tree, node))
                return false;
        if ((node->flags & (NODE_CHANGED | NODE_BODY | NODE_NEW | NODE_BELOW)) != 0)
                return true;
        return overlay_node_is_dir(node) && node->u.dir->children != NULL;
}

void overlay_node_settle(struct overlay_tree *tree, struct overlay_node *node)
{
        while (!tree->closing && !is_needed(tree, node)) {
                struct overlay_node *parent = NULL;

                /* all but the last name go one by one, each with what it kept; a directory has one name, so this does
                 * not nest */
                while (node->names != NULL) {
                        struct overlay_node *other = node->names->parent;

                        overlay_names_drop(tree, node->names);
                        if (node->names != NULL)
                                overlay_node_settle(tree, other);
                        else
                                parent = other;
                }
                overlay_node_destroy(tree, node);
                if (parent == NULL)
                        return;
                node = parent;
        }
}

/* --- changing --- */

void overlay_node_mark_below(struct overlay_node *dir)
{
        while (dir != NULL && (dir->flags & NODE_BELOW) == 0) {
                dir->flags |= NODE_BELOW;
                dir = dir->names != NULL ? dir->names->parent : NULL;
        }
}

/* What happened to a stub's child or to itself makes it, and the stubs above it, real. */
static void make_real(struct overlay_node *node)
{
        while (node != NULL && (node->flags & NODE_STUB) != 0) {
                node->flags &= ~(uint32_t)NODE_STUB;
                if (node->names == NULL)
                        return;
                overlay_node_mark_below(node->names->parent);
                node = node->names->parent;
        }
}

int overlay_node_change(struct overlay_tree *tree, struct overlay_node *node)
{
        if ((node->flags & NODE_STUB) != 0)
                make_real(node);
        if ((node->flags & NODE_CHANGED) != 0)
                return 0;
        if (!overlay_node_is_dir(node) && (node->flags & NODE_NAMED) == 0) {
                int rc = overlay_links_name(tree, node);

                if (rc < 0)
                        return rc;
        }
        node->flags |= NODE_CHANGED;
        for (struct overlay_dentry *name = node->names; name != NULL; name = name->node_next)
                overlay_node_mark_below(name->parent);
        return 0;
}

void overlay_node_touch(struct overlay_node *node, bool mtime)
{
        overlay_time_now(&node->ctime_sec, &node->ctime_nsec);
        if (mtime) {
                node->mtime_sec = node->ctime_sec;
                node->mtime_nsec = node->ctime_nsec;
        }
}

/* --- reading --- */

int overlay_node_record(struct overlay_tree *tree, const struct overlay_node *node, struct index_inode *ret)
{
        assert(node->layer != OVERLAY_NO_LAYER);
        if (!overlay_index_read_inode(overlay_tree_index(tree, node->layer), node->record, ret))
                return overlay_tree_damaged(tree, node->layer, "inode", node->record);
        return 0;
}

int overlay_node_target(struct overlay_tree *tree, const struct overlay_node *node, char **ret)
{
        struct index_inode inode;
        int rc;

        if ((node->flags & NODE_NEW) != 0) {
                *ret = memory_strdup(node->u.target);
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        *ret = memory_strndup(overlay_index_string(overlay_tree_index(tree, node->layer), inode.first, inode.count),
                              inode.count);
        return 0;
}

int overlay_node_attr(struct overlay_tree *tree, struct overlay_node *node, struct overlay_attr *ret)
{
        uint64_t allocated = 0;
        int rc = 0;

        overlay_tree_observe(tree, OVERLAY_OBSERVED_ATTR, node->ino, NULL, 0);
        *ret = (struct overlay_attr){
                .ino = node->ino,
                .mode = node->mode,
                .uid = node->uid,
                .gid = node->gid,
                .nlink = node->nlink,
                .size = node->size,
                .atime = {.tv_sec = node->atime_sec, .tv_nsec = node->atime_nsec},
                .mtime = {.tv_sec = node->mtime_sec, .tv_nsec = node->mtime_nsec},
                .ctime = {.tv_sec = node->ctime_sec, .tv_nsec = node->ctime_nsec},
        };
        if (overlay_node_is_dir(node)) {
                rc = overlay_view_prepare(tree, node);
                ret->nlink = overlay_node_is_dead(tree, node) ? 0 : (uint32_t)(2 + node->u.dir->subdirs);
        } else if (overlay_node_is_file(node)) {
                rc = overlay_body_allocated(tree, node, &allocated);
                ret->allocated = allocated;
        } else if (S_ISCHR(node->mode) || S_ISBLK(node->mode)) {
                ret->rdev = node->u.rdev;
        }
        return rc;
}
