/* SPDX-License-Identifier: Apache-2.0 */
/* Mount points for a RUN that nobody made: there while it runs, and not in what it leaves behind. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/change.h"
#include "overlay/names.h"
#include "overlay/path.h"

static int add_stub(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size, mode_t mode,
                    struct overlay_node **ret)
{
        struct overlay_node *node = overlay_node_new(tree, mode, 0, 0);
        int rc;

        node->flags = (node->flags & ~(uint32_t)NODE_BELOW) | NODE_STUB;
        overlay_node_pin(node);
        rc = overlay_change_add(tree, dir, name, size, node, true);
        if (rc < 0) {
                overlay_node_unpin(tree, node);
                return rc;
        }
        memory_grow(&tree->stubs, &tree->stub_cap, tree->stub_count + 1, sizeof(*tree->stubs));
        tree->stubs[tree->stub_count++].node = node; /* with the pin */
        *ret = node;
        return 0;
}

static int make_stub_dir(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size,
                         void *context, struct overlay_node **ret)
{
        (void)context;
        return add_stub(tree, dir, name, size, S_IFDIR | 0755, ret);
}

/* The lock is held. On success walk->dir and walk->node are pinned. */
static int walk_to_stub(struct overlay_tree *tree, const char *path, bool directory, struct path_walk *walk)
{
        int rc = overlay_path_walk(tree, tree->root, path, true, directory ? PATH_FAIL : PATH_LAST_MISSING, walk);

        if (rc < 0)
                return rc;
        if (walk->node == NULL) {
                rc = walk->directory
                             ? -EISDIR
                             : add_stub(tree, walk->dir, walk->name, strlen(walk->name), S_IFREG | 0644, &walk->node);
                if (rc == 0)
                        overlay_node_pin(walk->node);
        } else if (directory && !overlay_node_is_dir(walk->node)) {
                rc = -ENOTDIR;
        } else if (!directory && overlay_node_is_dir(walk->node)) {
                rc = -EISDIR;
        }
        if (rc < 0) {
                overlay_node_unpin(tree, walk->dir);
                if (walk->node != NULL)
                        overlay_node_unpin(tree, walk->node);
        }
        return rc;
}

/* A node may have several names: the path is the one that was walked. */
static char *walked_path(const struct overlay_tree *tree, const struct path_walk *walk)
{
        CLEANUP_FREE char *dir = overlay_path_of(tree, walk->dir);

        if (walk->name[0] == '\0')
                return STEAL(dir);
        return memory_printf("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, walk->name);
}

int overlay_tree_stub(struct overlay_tree *tree, const char *path, bool directory, char **ret_path, struct error *err)
{
        struct path_walk walk = {.make = make_stub_dir, .make_last = directory};
        int rc;

        overlay_tree_lock(tree);
        rc = walk_to_stub(tree, path, directory, &walk);
        if (rc == 0) {
                if (ret_path != NULL)
                        *ret_path = walked_path(tree, &walk);
                overlay_node_unpin(tree, walk.node);
                overlay_node_unpin(tree, walk.dir);
        }
        overlay_tree_unlock(tree);
        if (rc == -EISDIR)
                return error_set(err, EISDIR,
                                 "cannot make the mount point %s: it is a directory, and a file is to be mounted",
                                 path);
        if (rc == -ENOTDIR)
                return error_set(err, ENOTDIR,
                                 "cannot make the mount point %s: it, or something above it, is no directory", path);
        if (rc < 0)
                return error_errno(err, -rc, "cannot make the mount point %s", path);
        return 0;
}

/* Takes a stub's name away again, as if it had never been: no time changes. */
static void remove_stub(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_dentry *dentry = node->names;
        struct overlay_node *parent = dentry->parent;

        (void)overlay_names_unbind(dentry);
        if (overlay_node_is_dir(node))
                parent->u.dir->subdirs--;
        else
                node->nlink--;
        overlay_names_retire(tree, dentry);
        overlay_node_settle(tree, parent);
}

void overlay_tree_unstub(struct overlay_tree *tree)
{
        overlay_tree_lock(tree);
        /* made parents first, so removed children first */
        while (tree->stub_count > 0) {
                struct overlay_node *node = tree->stubs[--tree->stub_count].node;

                if ((node->flags & NODE_STUB) != 0 && node->names != NULL &&
                    (!overlay_node_is_dir(node) || node->u.dir->fresh_live == 0))
                        remove_stub(tree, node);
                overlay_node_unpin(tree, node);
        }
        overlay_tree_unlock(tree);
}
