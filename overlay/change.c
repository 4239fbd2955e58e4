/* SPDX-License-Identifier: Apache-2.0 */
/* Changing names and attributes: the rules of the file system, without anybody's calling convention. */
#include "overlay/change.h"

#include <assert.h>
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "overlay/body.h"
#include "overlay/names.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

int overlay_change_check_name(const char *name, size_t size)
{
        if (size > INDEX_NAME_MAX)
                return -ENAMETOOLONG;
        return overlay_name_is_valid(name, size) ? 0 : -EINVAL;
}

/* The directory can take and lose names. */
static int check_parent(const struct overlay_tree *tree, const struct overlay_node *parent)
{
        if (!overlay_node_is_dir(parent))
                return -ENOTDIR;
        return overlay_node_is_dead(tree, parent) ? -ENOENT : 0;
}

/* The dentry of a name that is free: the marker, or a new one. */
static struct overlay_dentry *free_dentry(struct overlay_tree *tree, struct overlay_node *parent, const char *name,
                                          size_t size)
{
        struct overlay_dentry *dentry = overlay_names_find(tree, parent, name, size);

        return dentry != NULL ? dentry : overlay_names_add(tree, parent, name, size, 0);
}

static void count_subdir(struct overlay_node *parent, const struct overlay_node *node, int by)
{
        if (overlay_node_is_dir(node))
                parent->u.dir->subdirs += by;
}

/* Names change in the directory. What a layer tar says about a directory's times stays, whatever its entries do. */
static void touch_parent(const struct overlay_tree *tree, struct overlay_node *parent)
{
        if (!tree->options.layer)
                overlay_node_touch(parent, true);
        overlay_node_mark_below(parent);
}

int overlay_change_add(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                       struct overlay_node *node, bool quiet)
{
        struct overlay_node *old;
        int rc = check_parent(tree, parent);

        if (rc == 0)
                rc = overlay_change_check_name(name, size);
        if (rc < 0)
                return rc;
        rc = overlay_node_child(tree, parent, name, size, &old);
        if (rc == 0) {
                overlay_node_settle(tree, old);
                return -EEXIST;
        }
        if (rc != -ENOENT)
                return rc;
        if (!overlay_node_is_dir(node) && node->nlink >= INT32_MAX)
                return -EMLINK;
        rc = quiet ? 0 : overlay_node_change(tree, parent);
        if (rc == 0 && !quiet)
                rc = overlay_node_change(tree, node);
        if (rc < 0)
                return rc;
        overlay_names_bind(free_dentry(tree, parent, name, size), node);
        node->nlink++;
        count_subdir(parent, node, 1);
        if (!quiet)
                touch_parent(tree, parent);
        return 0;
}

int overlay_change_is_empty(struct overlay_tree *tree, struct overlay_node *node)
{
        int rc;

        if (node->u.dir->fresh_live > 0)
                return 0;
        rc = overlay_view_prepare(tree, node);
        for (uint32_t i = 0; rc == 0 && i < overlay_view_size(node); i++) {
                const struct overlay_dentry *dentry;
                struct view_entry entry;

                rc = overlay_view_at(tree, node, i, &entry);
                if (rc <= 0)
                        continue;
                dentry = overlay_names_find(tree, node, entry.name.name, entry.name.size);
                if (dentry == NULL || dentry->node != NULL)
                        return 0;
                rc = 0;
        }
        return rc < 0 ? rc : 1;
}

static int check_removable(struct overlay_tree *tree, struct overlay_node *node, enum overlay_remove kind)
{
        int rc;

        if (!overlay_node_is_dir(node))
                return kind == OVERLAY_REMOVE_DIR ? -ENOTDIR : 0;
        if (kind == OVERLAY_REMOVE_FILE)
                return -EISDIR;
        rc = overlay_change_is_empty(tree, node);
        if (rc < 0)
                return rc;
        return rc == 1 ? 0 : -ENOTEMPTY;
}

/* Takes the name from its node; the dentry stays, unbound. Nothing can fail here. */
static struct overlay_node *take_name(struct overlay_dentry *dentry)
{
        struct overlay_node *node = overlay_names_unbind(dentry);

        count_subdir(dentry->parent, node, -1);
        if (!overlay_node_is_dir(node))
                node->nlink--;
        overlay_node_touch(node, false);
        return node;
}

static void give_name(struct overlay_dentry *dentry, struct overlay_node *node)
{
        overlay_names_bind(dentry, node);
        count_subdir(dentry->parent, node, 1);
        if (!overlay_node_is_dir(node))
                node->nlink++;
}

int overlay_change_remove(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          enum overlay_remove kind)
{
        struct overlay_dentry *dentry;
        struct overlay_node *node;
        int rc = check_parent(tree, parent);

        if (rc == 0)
                rc = overlay_node_child(tree, parent, name, size, &node);
        if (rc < 0)
                return rc;
        overlay_node_pin(node);
        rc = check_removable(tree, node, kind);
        if (rc == 0)
                rc = overlay_node_change(tree, parent);
        if (rc == 0)
                rc = overlay_node_change(tree, node);
        if (rc == 0) {
                dentry = overlay_names_find(tree, parent, name, size);
                (void)take_name(dentry);
                overlay_names_retire(tree, dentry);
                touch_parent(tree, parent);
        }
        overlay_node_unpin(tree, node);
        return rc;
}

/* --- rename --- */

struct renaming {
        struct overlay_node *parent, *new_parent;
        struct overlay_node *node;   /* pinned */
        struct overlay_node *target; /* pinned; NULL when the new name is free */
};

/* `dir` is `node` or lies below it. */
static bool lies_in(const struct overlay_node *dir, const struct overlay_node *node)
{
        while (dir != NULL && dir != node)
                dir = dir->names != NULL ? dir->names->parent : NULL;
        return dir == node;
}

/* In the order of the kernel's own checks (fs/namei.c, do_renameat2 and vfs_rename). */
static int check_rename(struct overlay_tree *tree, const struct renaming *r, unsigned flags)
{
        bool exchange = (flags & RENAME_EXCHANGE) != 0;

        if (r->target != NULL && (flags & RENAME_NOREPLACE) != 0)
                return -EEXIST;
        if (r->target == NULL && exchange)
                return -ENOENT;
        if (overlay_node_is_dir(r->node) && lies_in(r->new_parent, r->node))
                return -EINVAL;
        if (r->target == NULL)
                return 0;
        if (overlay_node_is_dir(r->target) && lies_in(r->parent, r->target))
                return exchange ? -EINVAL : -ENOTEMPTY;
        if (exchange || r->node == r->target)
                return 0;
        return check_removable(tree, r->target,
                               overlay_node_is_dir(r->node) ? OVERLAY_REMOVE_DIR : OVERLAY_REMOVE_FILE);
}

static int prepare_rename(struct overlay_tree *tree, const struct renaming *r)
{
        int rc = overlay_node_change(tree, r->parent);

        if (rc == 0)
                rc = overlay_node_change(tree, r->new_parent);
        if (rc == 0)
                rc = overlay_node_change(tree, r->node);
        if (rc == 0 && r->target != NULL)
                rc = overlay_node_change(tree, r->target);
        return rc;
}

/* The names change hands. A moved node has to be looked for at its new place. */
static void swap_names(struct overlay_tree *tree, struct overlay_dentry *from, struct overlay_dentry *to, bool exchange)
{
        struct overlay_node *node = take_name(from), *target = to->node != NULL ? take_name(to) : NULL;

        give_name(to, node);
        if (overlay_node_is_dir(node))
                overlay_links_moved(tree, node);
        if (exchange)
                give_name(from, target);
        if (exchange && overlay_node_is_dir(target))
                overlay_links_moved(tree, target);
        touch_parent(tree, from->parent);
        touch_parent(tree, to->parent);
        if (!exchange)
                overlay_names_retire(tree, from);
}

static int find_target(struct overlay_tree *tree, struct renaming *r, const char *name, size_t size)
{
        int rc = overlay_change_check_name(name, size);

        if (rc == 0)
                rc = overlay_node_child(tree, r->new_parent, name, size, &r->target);
        if (rc == 0)
                overlay_node_pin(r->target);
        else
                r->target = NULL;
        return rc == -ENOENT ? 0 : rc;
}

int overlay_change_rename(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          struct overlay_node *new_parent, const char *new_name, size_t new_size, unsigned flags)
{
        struct renaming r = {.parent = parent, .new_parent = new_parent};
        int rc = check_parent(tree, parent);

        if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0 ||
            flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
                return -EINVAL;
        if (rc == 0)
                rc = check_parent(tree, new_parent);
        if (rc == 0)
                rc = overlay_node_child(tree, parent, name, size, &r.node);
        if (rc < 0)
                return rc;
        overlay_node_pin(r.node);
        rc = find_target(tree, &r, new_name, new_size);
        if (rc == 0)
                rc = check_rename(tree, &r, flags);
        /* rename(2): two names of one inode stay as they are */
        if (rc == 0 && r.node != r.target) {
                rc = prepare_rename(tree, &r);
                if (rc == 0)
                        swap_names(tree, overlay_names_find(tree, parent, name, size),
                                   free_dentry(tree, new_parent, new_name, new_size), (flags & RENAME_EXCHANGE) != 0);
        }
        if (r.target != NULL)
                overlay_node_unpin(tree, r.target);
        overlay_node_unpin(tree, r.node);
        return rc;
}

/* --- attributes --- */

int overlay_change_kill_priv(struct overlay_tree *tree, struct overlay_node *node)
{
        mode_t mode = node->mode & ~(mode_t)S_ISUID;
        const void *value;
        size_t size;
        int rc, found;

        if (overlay_node_is_dir(node))
                return 0;
        if ((mode & S_IXGRP) != 0)
                mode &= ~(mode_t)S_ISGID;
        found = overlay_xattrs_get(tree, node, "security.capability", &value, &size);
        if (found < 0 && found != -ENODATA)
                return found;
        if (mode == node->mode && found == -ENODATA)
                return 0; /* nearly every write */
        rc = overlay_node_change(tree, node);
        if (rc == 0 && found == 0)
                rc = overlay_xattrs_set(tree, node, "security.capability", NULL, 0, 0);
        if (rc == 0)
                node->mode = mode;
        return rc;
}

static int change_size(struct overlay_tree *tree, struct overlay_node *node, uint64_t size)
{
        int rc;

        if (overlay_node_is_dir(node))
                return -EISDIR;
        if (!overlay_node_is_file(node))
                return -EINVAL;
        if (size > INT64_MAX)
                return -EFBIG;
        rc = overlay_body_own(tree, node);
        if (rc == 0)
                overlay_body_truncate(tree, node, size);
        return rc;
}

int overlay_change_attr(struct overlay_tree *tree, struct overlay_node *node, const struct overlay_change *change)
{
        /* a size that stays as it is changes no mtime, in the kernel's eyes: it would not ask for the new one */
        bool resized;
        int rc = overlay_node_change(tree, node);

        resized = rc == 0 && (change->set & OVERLAY_SET_SIZE) != 0 && change->size != node->size;
        if (rc == 0 && (change->set & OVERLAY_SET_SIZE) != 0)
                rc = change_size(tree, node, change->size);
        if (rc < 0)
                return rc;
        overlay_node_touch(node, resized);
        if ((change->set & OVERLAY_SET_MODE) != 0)
                node->mode = (node->mode & S_IFMT) | (change->mode & 07777);
        if ((change->set & OVERLAY_SET_UID) != 0)
                node->uid = change->uid;
        if ((change->set & OVERLAY_SET_GID) != 0)
                node->gid = change->gid;
        if ((change->set & OVERLAY_SET_ATIME) != 0) {
                node->atime_sec = change->atime.tv_sec;
                node->atime_nsec = (uint32_t)change->atime.tv_nsec;
        }
        if ((change->set & OVERLAY_SET_MTIME) != 0) {
                node->mtime_sec = change->mtime.tv_sec;
                node->mtime_nsec = (uint32_t)change->mtime.tv_nsec;
        }
        if ((change->set & OVERLAY_SET_CTIME) != 0) {
                node->ctime_sec = change->ctime.tv_sec;
                node->ctime_nsec = (uint32_t)change->ctime.tv_nsec;
        }
        node->flags &= ~(uint32_t)NODE_IMPLICIT;
        return 0;
}
