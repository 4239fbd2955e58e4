/* SPDX-License-Identifier: Apache-2.0 */
/* FUSE operations on names and attributes: numbers in, errno out. */
#include "overlay/ops.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/acl.h"
#include "overlay/change.h"
#include "overlay/path.h"
#include "overlay/reserve.h"
#include "overlay/xattrs.h"

int overlay_ops_begin(struct overlay_tree *tree, uint64_t ino, struct overlay_node **ret)
{
        overlay_tree_lock(tree);
        *ret = overlay_node_by_ino(tree, ino);
        if (*ret == NULL) {
                overlay_tree_unlock(tree);
                return -ESTALE;
        }
        overlay_node_pin(*ret);
        return 0;
}

int overlay_ops_end(struct overlay_tree *tree, struct overlay_node *node, int rc)
{
        overlay_node_unpin(tree, node);
        overlay_tree_unlock(tree);
        return rc;
}

int overlay_ops_hold(struct overlay_tree *tree, uint64_t ino, struct overlay_node **ret)
{
        int rc = overlay_ops_begin(tree, ino, ret);

        if (rc == 0)
                overlay_tree_unlock(tree);
        return rc;
}

void overlay_ops_drop(struct overlay_tree *tree, struct overlay_node *node)
{
        overlay_tree_lock(tree);
        (void)overlay_ops_end(tree, node, 0);
}

int overlay_ops_entry(struct overlay_tree *tree, struct overlay_node *node, struct overlay_attr *ret)
{
        int rc = overlay_node_attr(tree, node, ret);

        if (rc == 0)
                node->nlookup++;
        else
                overlay_node_settle(tree, node);
        return rc;
}

bool overlay_ops_attach(struct overlay_tree *tree)
{
        bool open;

        overlay_tree_lock(tree);
        open = !tree->sealed;
        tree->sessions += open;
        overlay_tree_unlock(tree);
        return open;
}

/* Drops what the kernel held. Settling frees nodes, also others in the same bucket: begin the bucket again after each.
 */
static void forget_all(struct overlay_tree *tree)
{
        for (size_t i = 0; i <= tree->ino_mask; i++) {
                struct overlay_node *node = tree->inos[i];

                while (node != NULL) {
                        if (node->nlookup == 0) {
                                node = node->ino_next;
                                continue;
                        }
                        node->nlookup = 0;
                        overlay_node_settle(tree, node);
                        node = tree->inos[i];
                }
        }
}

void overlay_ops_detach(struct overlay_tree *tree)
{
        overlay_tree_lock(tree);
        assert(tree->sessions > 0);
        if (--tree->sessions == 0)
                forget_all(tree);
        overlay_tree_unlock(tree);
}

static int lookup(struct overlay_tree *tree, struct overlay_node *parent, const char *name, struct overlay_node **ret)
{
        if (!overlay_node_is_dir(parent))
                return -ENOTDIR;
        if (strcmp(name, ".") == 0) {
                *ret = parent;
                return 0;
        }
        if (strcmp(name, "..") == 0) {
                *ret = parent->names != NULL ? parent->names->parent : tree->root;
                return 0;
        }
        return overlay_node_child(tree, parent, name, strlen(name), ret);
}

int overlay_ops_lookup(struct overlay_tree *tree, uint64_t parent, const char *name, struct overlay_attr *ret)
{
        struct overlay_node *dir, *node;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        rc = lookup(tree, dir, name, &node);
        if (rc == 0)
                rc = overlay_ops_entry(tree, node, ret);
        return overlay_ops_end(tree, dir, rc);
}

void overlay_ops_forget(struct overlay_tree *tree, uint64_t ino, uint64_t count)
{
        struct overlay_node *node;

        if (overlay_ops_begin(tree, ino, &node) < 0)
                return;
        node->nlookup -= count < node->nlookup ? count : node->nlookup;
        (void)overlay_ops_end(tree, node, 0);
}

int overlay_ops_getattr(struct overlay_tree *tree, uint64_t ino, struct overlay_attr *ret)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        return overlay_ops_end(tree, node, overlay_node_attr(tree, node, ret));
}

static int set_attributes(struct overlay_tree *tree, struct overlay_node *node, const struct overlay_change *change,
                          bool kill_priv)
{
        int rc = overlay_node_change(tree, node);

        /* before: a mode that is set in the same breath is to last */
        if (rc == 0 && kill_priv && (change->set & (OVERLAY_SET_SIZE | OVERLAY_SET_UID | OVERLAY_SET_GID)) != 0)
                rc = overlay_change_kill_priv(tree, node);
        if (rc == 0)
                rc = overlay_change_attr(tree, node, change);
        if (rc == 0 && (change->set & OVERLAY_SET_MODE) != 0)
                rc = overlay_acl_follow_mode(tree, node);
        return rc;
}

int overlay_ops_setattr(struct overlay_tree *tree, uint64_t ino, const struct overlay_change *change, bool kill_priv,
                        struct overlay_attr *ret)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = set_attributes(tree, node, change, kill_priv);
        if (rc == 0)
                rc = overlay_node_attr(tree, node, ret);
        return overlay_ops_end(tree, node, rc);
}

int overlay_ops_readlink(struct overlay_tree *tree, uint64_t ino, char **ret)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = S_ISLNK(node->mode) ? overlay_node_target(tree, node, ret) : -EINVAL;
        return overlay_ops_end(tree, node, rc);
}

/* --- making --- */

static int check_create(const struct overlay_create *create)
{
        size_t size;

        switch (create->mode & S_IFMT) {
        case S_IFLNK:
                size = strlen(create->target);
                if (size == 0)
                        return -ENOENT;
                return size <= INDEX_TARGET_MAX ? 0 : -ENAMETOOLONG;
        case S_IFREG:
        case S_IFDIR:
        case S_IFIFO:
        case S_IFCHR:
        case S_IFBLK:
        case S_IFSOCK:
                return 0;
        default:
                return -EINVAL;
        }
}

/* A node without a name, pinned, as `parent` and the caller want it. */
static int create_node(struct overlay_tree *tree, const struct overlay_node *parent,
                       const struct overlay_create *create, struct overlay_node **ret)
{
        struct overlay_node *node;
        int rc = check_create(create);

        if (rc == 0 && S_ISREG(create->mode))
                rc = overlay_reserve_check(tree);
        if (rc < 0)
                return rc;
        node = overlay_node_new(tree, create->mode & (S_IFMT | 07777), create->uid, create->gid);
        overlay_node_pin(node);
        if (S_ISLNK(create->mode)) {
                node->u.target = memory_strdup(create->target);
                node->size = strlen(create->target);
        } else if (S_ISCHR(create->mode) || S_ISBLK(create->mode)) {
                node->u.rdev = create->rdev;
        }
        if ((parent->mode & S_ISGID) != 0) {
                node->gid = parent->gid;
                if (S_ISDIR(create->mode))
                        node->mode |= S_ISGID;
        }
        rc = overlay_acl_inherit(tree, parent, node, create->umask);
        if (rc < 0)
                overlay_node_unpin(tree, node);
        *ret = node;
        return rc;
}

int overlay_ops_make(struct overlay_tree *tree, uint64_t parent, const char *name, const struct overlay_create *create,
                     struct overlay_attr *ret)
{
        struct overlay_node *dir, *node = NULL;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        rc = overlay_node_is_dir(dir) ? create_node(tree, dir, create, &node) : -ENOTDIR;
        if (rc == 0) {
                rc = overlay_change_add(tree, dir, name, strlen(name), node, false);
                if (rc == 0)
                        rc = overlay_ops_entry(tree, node, ret);
                overlay_node_unpin(tree, node);
        }
        return overlay_ops_end(tree, dir, rc);
}

int overlay_ops_tmpfile(struct overlay_tree *tree, uint64_t parent, const struct overlay_create *create,
                        struct overlay_attr *ret)
{
        struct overlay_node *dir, *node = NULL;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        rc = !overlay_node_is_dir(dir) ? -ENOTDIR : !S_ISREG(create->mode) ? -EINVAL : 0;
        if (rc == 0)
                rc = create_node(tree, dir, create, &node);
        if (rc == 0) {
                rc = overlay_ops_entry(tree, node, ret);
                overlay_node_unpin(tree, node);
        }
        return overlay_ops_end(tree, dir, rc);
}

/* --- names --- */

int overlay_ops_link(struct overlay_tree *tree, uint64_t ino, uint64_t parent, const char *name,
                     struct overlay_attr *ret)
{
        struct overlay_node *dir, *node;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        node = overlay_node_by_ino(tree, ino);
        if (node == NULL)
                rc = -ESTALE;
        else if (overlay_node_is_dir(node))
                rc = -EPERM;
        if (rc == 0)
                rc = overlay_change_add(tree, dir, name, strlen(name), node, false);
        if (rc == 0) {
                overlay_node_touch(node, false);
                rc = overlay_ops_entry(tree, node, ret);
        }
        return overlay_ops_end(tree, dir, rc);
}

static int remove_name(struct overlay_tree *tree, uint64_t parent, const char *name, enum overlay_remove kind)
{
        struct overlay_node *dir;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        return overlay_ops_end(tree, dir, overlay_change_remove(tree, dir, name, strlen(name), kind));
}

int overlay_ops_unlink(struct overlay_tree *tree, uint64_t parent, const char *name)
{
        return remove_name(tree, parent, name, OVERLAY_REMOVE_FILE);
}

int overlay_ops_rmdir(struct overlay_tree *tree, uint64_t parent, const char *name)
{
        return remove_name(tree, parent, name, OVERLAY_REMOVE_DIR);
}

int overlay_ops_rename(struct overlay_tree *tree, uint64_t parent, const char *name, uint64_t new_parent,
                       const char *new_name, unsigned flags)
{
        struct overlay_node *dir, *new_dir;
        int rc = overlay_ops_begin(tree, parent, &dir);

        if (rc < 0)
                return rc;
        new_dir = overlay_node_by_ino(tree, new_parent);
        if (new_dir == NULL)
                return overlay_ops_end(tree, dir, -ESTALE);
        overlay_node_pin(new_dir);
        rc = overlay_change_rename(tree, dir, name, strlen(name), new_dir, new_name, strlen(new_name), flags);
        overlay_node_unpin(tree, new_dir);
        return overlay_ops_end(tree, dir, rc);
}

int overlay_ops_open(struct overlay_tree *tree, uint64_t ino)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        node->nlookup++; /* an open is one more reason to live, and ends with the session as lookups do */
        return overlay_ops_end(tree, node, 0);
}

void overlay_ops_release(struct overlay_tree *tree, uint64_t ino)
{
        overlay_ops_forget(tree, ino, 1);
}
