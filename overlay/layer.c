/* SPDX-License-Identifier: Apache-2.0 */
/* Layer mode: a layer tar is imported entry by entry, whatever order it comes in. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/change.h"
#include "overlay/edit.h"
#include "overlay/names.h"
#include "overlay/node.h"
#include "overlay/report.h"

/* A directory that the tar does not have itself; the layers below may say what its attributes are. */
static int ensure_implicit(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                           struct overlay_node **ret)
{
        static const struct timespec epoch;
        const struct overlay_make make = {.mode = S_IFDIR | 0755, .mtime = &epoch};
        int rc = overlay_edit_give_way(tree, parent, name, size, true, ret);

        if (rc != 0)
                return rc < 0 ? rc : 0;
        rc = overlay_edit_make(tree, parent, name, size, &make, ret);
        if (rc == 0) {
                (*ret)->pins--; /* it is kept by being new */
                (*ret)->flags |= NODE_IMPLICIT;
        }
        return rc;
}

/* The next component of a path: false at the end. Skips "." and empty ones. */
static bool next_component(const char **path, const char **ret, size_t *ret_size)
{
        do {
                *path += strspn(*path, "/");
                *ret = *path;
                *ret_size = strcspn(*path, "/");
                *path += *ret_size;
        } while (*ret_size == 1 && **ret == '.');
        return *ret_size > 0;
}

/* Walks all but the last component. On the way missing directories are made, if `make`. */
static int walk_literally(struct overlay_tree *tree, const char *path, bool make, struct overlay_node **ret_dir,
                          const char **ret_name, size_t *ret_size)
{
        struct overlay_node *dir = tree->root;
        const char *name = path, *next;
        size_t size = 0, next_size;

        if (!next_component(&path, &name, &size))
                size = 0;
        while (size > 0 && next_component(&path, &next, &next_size)) {
                int rc = overlay_change_check_name(name, size);

                if (rc == 0 && make)
                        rc = ensure_implicit(tree, dir, name, size, &dir);
                else if (rc == 0)
                        rc = overlay_node_child(tree, dir, name, size, &dir);
                if (rc < 0)
                        return rc;
                name = next;
                size = next_size;
        }
        *ret_dir = dir;
        *ret_name = name;
        *ret_size = size;
        return size > 0 ? overlay_change_check_name(name, size) : 0;
}

int overlay_layer_parent(struct overlay_tree *tree, const char *path, struct overlay_ref *ret_dir, char **ret_name,
                         struct error *err)
{
        struct overlay_node *dir;
        const char *name;
        size_t size;
        int rc = tree->options.layer && path[0] != '\0' ? 0 : -EINVAL;

        overlay_tree_lock(tree);
        if (rc == 0)
                rc = walk_literally(tree, path, true, &dir, &name, &size);
        if (rc == 0)
                overlay_node_pin(dir);
        overlay_tree_unlock(tree);
        if (rc < 0)
                return error_set(err, -rc, "the layer has an entry with a bad path \"%.512s\": %s", path,
                                 strerror(-rc));
        *ret_dir = (struct overlay_ref){tree, dir};
        *ret_name = memory_strndup(name, size);
        return 0;
}

int overlay_layer_set_root(struct overlay_tree *tree, const struct overlay_make *make, struct error *err)
{
        struct overlay_change change = {
                .set = OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID | OVERLAY_SET_MTIME,
                .mode = make->mode,
                .uid = make->uid,
                .gid = make->gid,
        };
        int rc = tree->options.layer && S_ISDIR(make->mode) ? 0 : -EINVAL;

        if (make->mtime != NULL)
                change.mtime = *make->mtime;
        overlay_tree_lock(tree);
        if (rc == 0)
                rc = overlay_change_attr(tree, tree->root, &change);
        overlay_tree_unlock(tree);
        return overlay_report(tree, rc, "set the attributes of", tree->root, NULL, err);
}

int overlay_layer_whiteout(const struct overlay_ref *dir, const char *name, struct error *err)
{
        struct overlay_tree *tree = dir->tree;
        int rc = tree->options.layer ? overlay_change_check_name(name, strlen(name)) : -EINVAL;

        overlay_tree_lock(tree);
        if (rc == 0) {
                struct overlay_dentry *dentry = overlay_names_find(tree, dir->node, name, strlen(name));

                if (dentry == NULL)
                        dentry = overlay_names_add(tree, dir->node, name, strlen(name), 0);
                dentry->flags |= DENTRY_WHITEOUT;
                overlay_node_mark_below(dir->node);
        }
        overlay_tree_unlock(tree);
        return overlay_report(tree, rc, "whiteout", dir->node, name, err);
}

int overlay_layer_set_opaque(const struct overlay_ref *dir, struct error *err)
{
        int rc = dir->tree->options.layer && overlay_node_is_dir(dir->node) ? 0 : -EINVAL;

        overlay_tree_lock(dir->tree);
        if (rc == 0)
                dir->node->flags |= NODE_OPAQUE;
        overlay_tree_unlock(dir->tree);
        return overlay_report(dir->tree, rc, "mark as opaque", dir->node, NULL, err);
}

/* A node that stands for an inode of the layers below. */
static int make_unresolved(struct overlay_tree *tree, struct overlay_node *dir, const char *name, const char *target)
{
        struct overlay_node *old, *node;
        size_t size = strlen(name);
        int rc = strlen(target) <= INDEX_TARGET_MAX ? overlay_change_check_name(name, size) : -ENAMETOOLONG;

        if (rc == 0)
                rc = overlay_edit_give_way(tree, dir, name, size, false, &old);
        if (rc < 0)
                return rc;
        node = overlay_node_new(tree, S_IFREG, 0, 0);
        node->mode = 0;
        node->flags = (node->flags & ~(uint32_t)NODE_BODY) | NODE_HARDLINK;
        node->u.target = memory_strdup(target);
        overlay_node_pin(node);
        rc = overlay_change_add(tree, dir, name, size, node, false);
        overlay_node_unpin(tree, node);
        return rc;
}

/* The target as a clean path, without leading, doubled or trailing slashes and "." */
static char *clean_path(const char *path)
{
        char *clean = memory_alloc(strlen(path) + 1), *out = clean;
        const char *name;
        size_t size;

        while (next_component(&path, &name, &size)) {
                if (out != clean)
                        *out++ = '/';
                memcpy(out, name, size);
                out += size;
        }
        *out = '\0';
        return clean;
}

int overlay_layer_link(const struct overlay_ref *dir, const char *name, const char *target, struct error *err)
{
        CLEANUP_FREE char *clean = clean_path(target);
        struct overlay_tree *tree = dir->tree;
        struct overlay_node *parent, *node = NULL;
        const char *last;
        size_t size = 0;
        int rc = tree->options.layer ? 0 : -EINVAL;

        overlay_tree_lock(tree);
        if (rc == 0)
                rc = walk_literally(tree, clean, false, &parent, &last, &size);
        if (rc == 0 && size == 0)
                rc = -EPERM; /* the root */
        if (rc == 0)
                rc = overlay_node_child(tree, parent, last, size, &node);
        if (rc == 0 && overlay_node_is_dir(node))
                rc = -EPERM;
        if (rc == 0)
                overlay_node_pin(node);
        else if (rc == -ENOENT || rc == -ENOTDIR)
                rc = make_unresolved(tree, dir->node, name, clean);
        overlay_tree_unlock(tree);
        if (node != NULL && rc == 0) {
                struct overlay_ref ref = {tree, node};

                rc = overlay_node_link(&ref, dir, name, err);
                overlay_ref_release(&ref);
                return rc;
        }
        return overlay_report(tree, rc, "link", dir->node, name, err);
}
