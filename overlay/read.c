/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's side of a tree: references, paths, and reading. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/file.h"
#include "overlay/list.h"
#include "overlay/path.h"
#include "overlay/report.h"
#include "overlay/xattrs.h"

void overlay_ref_release(struct overlay_ref *ref)
{
        if (ref->node != NULL) {
                overlay_tree_lock(ref->tree);
                overlay_node_unpin(ref->tree, ref->node);
                overlay_tree_unlock(ref->tree);
        }
        *ref = (struct overlay_ref)OVERLAY_REF_INIT;
}

void overlay_ref_copy(const struct overlay_ref *ref, struct overlay_ref *ret)
{
        overlay_tree_lock(ref->tree);
        overlay_node_pin(ref->node);
        overlay_tree_unlock(ref->tree);
        *ret = *ref;
}

bool overlay_ref_is_same(const struct overlay_ref *a, const struct overlay_ref *b)
{
        return a->tree == b->tree && a->node == b->node;
}

void overlay_tree_root(struct overlay_tree *tree, struct overlay_ref *ret)
{
        const struct overlay_ref root = {tree, tree->root};

        overlay_ref_copy(&root, ret);
}

static int walk_error(int rc, const char *path, struct overlay_tree *tree, struct error *err)
{
        if ((rc == -EBADMSG || rc == -EIO) && error_is_set(&tree->failure))
                return error_set(err, -rc, "cannot resolve %s: %s", path, tree->failure.message);
        return error_errno(err, -rc, "cannot resolve %s", path);
}

int overlay_tree_resolve(struct overlay_tree *tree, const struct overlay_ref *at, const char *path, unsigned flags,
                         struct overlay_ref *ret, struct error *err)
{
        struct path_walk walk = {0};
        int rc;

        overlay_tree_lock(tree);
        rc = overlay_path_walk(tree, at != NULL ? at->node : tree->root, path, (flags & OVERLAY_RESOLVE_NOFOLLOW) == 0,
                               PATH_FAIL, &walk);
        if (rc == 0)
                overlay_node_unpin(tree, walk.dir);
        else
                walk_error(rc, path, tree, err);
        overlay_tree_unlock(tree);
        if (rc < 0)
                return -1;
        *ret = (struct overlay_ref){tree, walk.node};
        return 0;
}

int overlay_tree_resolve_parent(struct overlay_tree *tree, const struct overlay_ref *at, const char *path,
                                struct overlay_ref *ret_dir, char **ret_name, struct error *err)
{
        CLEANUP_FREE char *bare = memory_strdup(path);
        struct path_walk walk = {0};
        size_t size = strlen(bare);
        int rc;

        /* "link/" would follow the link */
        while (size > 1 && bare[size - 1] == '/')
                bare[--size] = '\0';
        overlay_tree_lock(tree);
        rc = overlay_path_walk(tree, at != NULL ? at->node : tree->root, bare, false, PATH_LAST_MISSING, &walk);
        if (rc == 0 && walk.node != NULL)
                overlay_node_unpin(tree, walk.node);
        if (rc < 0)
                walk_error(rc, path, tree, err);
        overlay_tree_unlock(tree);
        if (rc < 0)
                return -1;
        *ret_dir = (struct overlay_ref){tree, walk.dir};
        *ret_name = memory_strdup(walk.name);
        return 0;
}

int overlay_node_lookup(const struct overlay_ref *dir, const char *name, struct overlay_ref *ret, struct error *err)
{
        struct overlay_node *node = NULL;
        size_t size = strlen(name);
        int rc = size <= INDEX_NAME_MAX && !overlay_name_is_valid(name, size) ? -EINVAL : 0;

        overlay_tree_lock(dir->tree);
        if (rc == 0)
                rc = overlay_node_child(dir->tree, dir->node, name, size, &node);
        if (rc == 0)
                overlay_node_pin(node);
        overlay_tree_unlock(dir->tree);
        if (rc < 0)
                return overlay_report(dir->tree, rc, "find", dir->node, name, err);
        *ret = (struct overlay_ref){dir->tree, node};
        return 0;
}

int overlay_node_parent(const struct overlay_ref *dir, struct overlay_ref *ret, struct error *err)
{
        struct overlay_node *node = NULL;
        int rc = 0;

        overlay_tree_lock(dir->tree);
        if (!overlay_node_is_dir(dir->node))
                rc = -ENOTDIR;
        else if (dir->node == dir->tree->root)
                node = dir->node;
        else if (dir->node->names != NULL)
                node = dir->node->names->parent;
        else
                rc = -ENOENT;
        if (node != NULL)
                overlay_node_pin(node);
        overlay_tree_unlock(dir->tree);
        if (rc < 0)
                return overlay_report(dir->tree, rc, "find the parent of", dir->node, NULL, err);
        *ret = (struct overlay_ref){dir->tree, node};
        return 0;
}

char *overlay_node_path(const struct overlay_ref *ref)
{
        char *path;

        overlay_tree_lock(ref->tree);
        path = overlay_path_of(ref->tree, ref->node);
        overlay_tree_unlock(ref->tree);
        return path;
}

int overlay_node_stat(const struct overlay_ref *ref, struct overlay_attr *ret, struct error *err)
{
        int rc;

        overlay_tree_lock(ref->tree);
        rc = overlay_node_attr(ref->tree, ref->node, ret);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "stat", ref->node, NULL, err);
}

static int list(const struct overlay_ref *dir, bool sorted,
                int (*visit)(void *context, const struct overlay_name *name, struct error *err), void *context,
                struct error *err)
{
        struct overlay_names_list names = {0};
        int rc;

        overlay_tree_lock(dir->tree);
        rc = overlay_list_collect(dir->tree, dir->node, &names);
        overlay_tree_unlock(dir->tree);
        if (rc < 0) {
                overlay_list_free(&names);
                return overlay_report(dir->tree, rc, "list", dir->node, NULL, err);
        }
        if (sorted)
                overlay_list_sort(&names);
        for (size_t i = 0; rc == 0 && i < names.count; i++) {
                const struct overlay_name name = {
                        .name = names.items[i].name,
                        .size = names.items[i].size,
                        .ino = names.items[i].ino,
                        .kind = names.items[i].kind,
                };

                rc = visit(context, &name, err);
        }
        overlay_list_free(&names);
        return rc;
}

int overlay_node_list(const struct overlay_ref *dir,
                      int (*visit)(void *context, const struct overlay_name *name, struct error *err), void *context,
                      struct error *err)
{
        return list(dir, false, visit, context, err);
}

int overlay_node_list_sorted(const struct overlay_ref *dir,
                             int (*visit)(void *context, const struct overlay_name *name, struct error *err),
                             void *context, struct error *err)
{
        return list(dir, true, visit, context, err);
}

int overlay_node_readlink(const struct overlay_ref *ref, char **ret, struct error *err)
{
        int rc = -EINVAL;

        overlay_tree_lock(ref->tree);
        if (S_ISLNK(ref->node->mode))
                rc = overlay_node_target(ref->tree, ref->node, ret);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "read the link", ref->node, NULL, err);
}

int overlay_node_read(const struct overlay_ref *ref, void *bytes, size_t size, uint64_t offset, size_t *ret_size,
                      struct error *err)
{
        ssize_t n = overlay_node_is_file(ref->node) ? overlay_file_read(ref->tree, ref->node, bytes, size, offset)
                                                    : -EINVAL;

        if (n < 0)
                return overlay_report(ref->tree, (int)n, "read", ref->node, NULL, err);
        *ret_size = (size_t)n;
        return 0;
}

int overlay_node_read_all(const struct overlay_ref *ref, size_t limit, struct buffer *ret, struct error *err)
{
        struct overlay_attr attr;
        size_t n = 0;

        if (overlay_node_stat(ref, &attr, err) < 0)
                return -1;
        if (!S_ISREG(attr.mode))
                return overlay_report(ref->tree, -EINVAL, "read", ref->node, NULL, err);
        if (attr.size > limit)
                return overlay_report(ref->tree, -EFBIG, "read", ref->node, NULL, err);
        if (overlay_node_read(ref, buffer_reserve(ret, (size_t)attr.size + 1), (size_t)attr.size, 0, &n, err) < 0)
                return -1;
        ret->data[ret->size + n] = '\0';
        ret->size += n;
        return 0;
}

int overlay_node_pieces(const struct overlay_ref *ref, struct overlay_piece **ret, size_t *ret_count, struct error *err)
{
        CLEANUP_FREE struct overlay_piece *pieces = NULL;
        struct body_cursor cursor;
        struct body_extent e;
        uint32_t count = 0, taken = 0;
        int rc = -EINVAL;

        overlay_tree_lock(ref->tree);
        if (overlay_node_is_file(ref->node))
                rc = overlay_body_count(ref->tree, ref->node, &count);
        if (rc == 0)
                rc = overlay_body_seek(ref->tree, ref->node, 0, &cursor);
        if (rc == 0)
                pieces = memory_zalloc(count, sizeof(*pieces));
        while (rc == 0 && taken < count && (rc = overlay_body_next(ref->tree, &cursor, &e)) > 0) {
                pieces[taken++] =
                        (struct overlay_piece){e.offset, e.length, ref->tree->sources[e.source], e.source_offset};
                rc = 0;
        }
        overlay_tree_unlock(ref->tree);
        if (rc < 0)
                return overlay_report(ref->tree, rc, "read", ref->node, NULL, err);
        *ret = STEAL(pieces);
        *ret_count = count;
        return 0;
}

int overlay_node_get_xattr(const struct overlay_ref *ref, const char *name, struct buffer *ret, struct error *err)
{
        const void *value;
        size_t size;
        int rc;

        overlay_tree_lock(ref->tree);
        rc = overlay_xattrs_get(ref->tree, ref->node, name, &value, &size);
        if (rc == 0)
                buffer_append(ret, value, size);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "read an xattr of", ref->node, NULL, err);
}

int overlay_node_list_xattrs(const struct overlay_ref *ref, struct buffer *ret, struct error *err)
{
        struct xattr_cursor cursor;
        const void *bytes;
        size_t size;
        int rc;

        overlay_tree_lock(ref->tree);
        rc = overlay_xattrs_of(ref->tree, ref->node, &bytes, &size);
        if (rc == 0) {
                overlay_xattrs_begin(&cursor, bytes, size);
                while ((rc = overlay_xattrs_next(&cursor)) > 0)
                        buffer_append(ret, cursor.name, cursor.name_size + 1);
                if (rc < 0)
                        rc = overlay_tree_damaged(ref->tree, ref->node->layer, "the xattrs of inode",
                                                  ref->node->record);
        }
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "list the xattrs of", ref->node, NULL, err);
}
