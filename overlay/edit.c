/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's side of a tree: making, removing and changing nodes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/change.h"
#include "overlay/data.h"
#include "overlay/edit.h"
#include "overlay/file.h"
#include "overlay/list.h"
#include "overlay/path.h"
#include "overlay/report.h"
#include "overlay/xattrs.h"

static int check_make(const struct overlay_make *make)
{
        switch (make->mode & S_IFMT) {
        case S_IFREG:
        case S_IFDIR:
        case S_IFIFO:
        case S_IFCHR:
        case S_IFBLK:
        case S_IFSOCK:
                return 0;
        case S_IFLNK:
                if (make->target == NULL || make->target[0] == '\0')
                        return -ENOENT;
                return strlen(make->target) <= INDEX_TARGET_MAX ? 0 : -ENAMETOOLONG;
        default:
                return -EINVAL;
        }
}

static void set_make_attributes(struct overlay_node *node, const struct overlay_make *make)
{
        node->mode = make->mode & (S_IFMT | 07777);
        node->uid = make->uid;
        node->gid = make->gid;
        if (make->mtime != NULL) {
                node->mtime_sec = make->mtime->tv_sec;
                node->mtime_nsec = (uint32_t)make->mtime->tv_nsec;
        }
}

struct overlay_node *overlay_edit_new(struct overlay_tree *tree, const struct overlay_make *make)
{
        struct overlay_node *node = overlay_node_new(tree, make->mode & S_IFMT, 0, 0);

        set_make_attributes(node, make);
        if (S_ISLNK(make->mode)) {
                node->u.target = memory_strdup(make->target);
                node->size = strlen(make->target);
        } else if (S_ISCHR(make->mode) || S_ISBLK(make->mode)) {
                node->u.rdev = make->rdev;
        }
        return node;
}

static int remove_tree(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size);

/* Layer mode: what is there gives way, except a directory to a directory. 1: that one stays, is `*ret`. */
int overlay_edit_give_way(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                          bool dir, struct overlay_node **ret)
{
        int rc = overlay_node_child(tree, parent, name, size, ret);

        if (rc == -ENOENT)
                return 0;
        if (rc < 0)
                return rc;
        if (dir && overlay_node_is_dir(*ret))
                return 1;
        return remove_tree(tree, parent, name, size);
}

int overlay_edit_make(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                      const struct overlay_make *make, struct overlay_node **ret)
{
        int rc = check_make(make);

        if (rc == 0)
                rc = overlay_change_check_name(name, size);
        if (rc == 0 && tree->options.layer)
                rc = overlay_edit_give_way(tree, parent, name, size, S_ISDIR(make->mode), ret);
        if (rc == 1) {
                set_make_attributes(*ret, make);
                (*ret)->flags &= ~(uint32_t)NODE_IMPLICIT;
                overlay_xattrs_replace(*ret, NULL, 0);
                overlay_node_pin(*ret);
                return 0;
        }
        if (rc < 0)
                return rc;
        *ret = overlay_edit_new(tree, make);
        overlay_node_pin(*ret);
        rc = overlay_change_add(tree, parent, name, size, *ret, false);
        if (rc < 0)
                overlay_node_unpin(tree, *ret);
        return rc;
}

int overlay_node_make(const struct overlay_ref *dir, const char *name, const struct overlay_make *make,
                      struct overlay_ref *ret, struct error *err)
{
        struct overlay_node *node = NULL;
        int rc;

        overlay_tree_lock(dir->tree);
        rc = overlay_edit_make(dir->tree, dir->node, name, strlen(name), make, &node);
        if (rc == 0 && ret == NULL)
                overlay_node_unpin(dir->tree, node);
        overlay_tree_unlock(dir->tree);
        if (rc < 0)
                return overlay_report(dir->tree, rc, "make", dir->node, name, err);
        if (ret != NULL)
                *ret = (struct overlay_ref){dir->tree, node};
        return 0;
}

int overlay_node_link(const struct overlay_ref *ref, const struct overlay_ref *dir, const char *name, struct error *err)
{
        struct overlay_tree *tree = dir->tree;
        struct overlay_node *old = NULL;
        int rc = 0;

        overlay_tree_lock(tree);
        if (overlay_node_is_dir(ref->node))
                rc = -EPERM;
        else if (tree->options.layer)
                rc = overlay_change_check_name(name, strlen(name));
        if (rc == 0 && tree->options.layer) {
                /* a link to itself, twice in a tar, must not remove the only name */
                if (overlay_node_child(tree, dir->node, name, strlen(name), &old) == 0 && old == ref->node)
                        rc = 1;
                else
                        rc = overlay_edit_give_way(tree, dir->node, name, strlen(name), false, &old);
        }
        if (rc == 0)
                rc = overlay_change_add(tree, dir->node, name, strlen(name), ref->node, false);
        if (rc == 0)
                overlay_node_touch(ref->node, false);
        overlay_tree_unlock(tree);
        return overlay_report(tree, rc, "link", dir->node, name, err);
}

int overlay_node_remove(const struct overlay_ref *dir, const char *name, struct error *err)
{
        int rc;

        overlay_tree_lock(dir->tree);
        rc = overlay_change_remove(dir->tree, dir->node, name, strlen(name), OVERLAY_REMOVE_ANY);
        overlay_tree_unlock(dir->tree);
        return overlay_report(dir->tree, rc, "remove", dir->node, name, err);
}

struct removal {
        struct {
                struct overlay_node *dir; /* pinned */
                bool emptied;             /* its files are gone and its subdirectories lie above on the stack */
        } * stack;
        size_t count, cap;
};

static void push(struct removal *r, struct overlay_node *dir)
{
        memory_grow(&r->stack, &r->cap, r->count + 1, sizeof(*r->stack));
        r->stack[r->count].dir = dir;
        r->stack[r->count++].emptied = false;
        overlay_node_pin(dir);
}

/* Removes what is no directory, and pushes what is. */
static int remove_files(struct overlay_tree *tree, struct overlay_node *dir, struct removal *r)
{
        struct overlay_names_list names = {0};
        int rc = overlay_list_collect(tree, dir, &names);

        for (size_t i = 0; rc == 0 && i < names.count; i++) {
                struct overlay_listed *name = &names.items[i];
                struct overlay_node *node;

                if (!S_ISDIR(name->kind)) {
                        rc = overlay_change_remove(tree, dir, name->name, name->size, OVERLAY_REMOVE_ANY);
                        continue;
                }
                rc = overlay_node_child(tree, dir, name->name, name->size, &node);
                if (rc == 0)
                        push(r, node);
        }
        overlay_list_free(&names);
        return rc;
}

/* Removes all below `top`. */
static int remove_below(struct overlay_tree *tree, struct overlay_node *top)
{
        struct removal r = {0};
        int rc = 0;

        push(&r, top);
        while (r.count > 0) {
                struct overlay_node *dir = r.stack[r.count - 1].dir;

                if (rc == 0 && !r.stack[r.count - 1].emptied) {
                        r.stack[r.count - 1].emptied = true;
                        rc = remove_files(tree, dir, &r);
                        continue;
                }
                r.count--;
                if (rc == 0 && dir != top)
                        rc = overlay_change_remove(tree, dir->names->parent, dir->names->name, dir->names->size,
                                                   OVERLAY_REMOVE_DIR);
                overlay_node_unpin(tree, dir);
        }
        free(r.stack);
        return rc;
}

static int remove_tree(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size)
{
        struct overlay_node *node;
        int rc = overlay_node_child(tree, parent, name, size, &node);

        if (rc < 0)
                return rc;
        if (overlay_node_is_dir(node)) {
                overlay_node_pin(node);
                rc = remove_below(tree, node);
                overlay_node_unpin(tree, node);
        }
        return rc < 0 ? rc : overlay_change_remove(tree, parent, name, size, OVERLAY_REMOVE_ANY);
}

int overlay_node_remove_all(const struct overlay_ref *dir, const char *name, struct error *err)
{
        int rc;

        overlay_tree_lock(dir->tree);
        rc = remove_tree(dir->tree, dir->node, name, strlen(name));
        overlay_tree_unlock(dir->tree);
        return rc == -ENOENT ? 0 : overlay_report(dir->tree, rc, "remove", dir->node, name, err);
}

int overlay_node_rename(const struct overlay_ref *dir, const char *name, const struct overlay_ref *new_dir,
                        const char *new_name, struct error *err)
{
        int rc;

        overlay_tree_lock(dir->tree);
        rc = overlay_change_rename(dir->tree, dir->node, name, strlen(name), new_dir->node, new_name, strlen(new_name),
                                   0);
        overlay_tree_unlock(dir->tree);
        return overlay_report(dir->tree, rc, "rename", dir->node, name, err);
}

int overlay_node_set(const struct overlay_ref *ref, const struct overlay_change *change, struct error *err)
{
        int rc;

        overlay_tree_lock(ref->tree);
        rc = overlay_change_attr(ref->tree, ref->node, change);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "change", ref->node, NULL, err);
}

static int set_xattr(const struct overlay_ref *ref, const char *name, const void *value, size_t size)
{
        int rc = overlay_node_change(ref->tree, ref->node);

        if (rc == 0)
                rc = overlay_xattrs_set(ref->tree, ref->node, name, value, size, 0);
        if (rc == 0)
                overlay_node_touch(ref->node, false);
        return rc;
}

int overlay_node_set_xattr(const struct overlay_ref *ref, const char *name, const void *value, size_t size,
                           struct error *err)
{
        int rc;

        overlay_tree_lock(ref->tree);
        rc = set_xattr(ref, name, size > 0 ? value : "", size);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "set an xattr of", ref->node, NULL, err);
}

int overlay_node_remove_xattr(const struct overlay_ref *ref, const char *name, struct error *err)
{
        int rc;

        overlay_tree_lock(ref->tree);
        rc = set_xattr(ref, name, NULL, 0);
        overlay_tree_unlock(ref->tree);
        return overlay_report(ref->tree, rc, "remove an xattr of", ref->node, NULL, err);
}

/* --- bytes --- */

static int write_bytes(const struct overlay_ref *ref, const void *bytes, size_t size, uint64_t offset,
                       struct error *err)
{
        struct overlay_feed feed = {.bytes = bytes, .fd = -1};
        ssize_t n = overlay_node_is_file(ref->node) ? overlay_file_write(ref->tree, ref->node, &feed, size, offset)
                                                    : -EINVAL;

        return overlay_report(ref->tree, n < 0 ? (int)n : 0, "write", ref->node, NULL, err);
}

int overlay_node_write(const struct overlay_ref *ref, const void *bytes, size_t size, uint64_t offset,
                       struct error *err)
{
        return write_bytes(ref, bytes, size, offset, err);
}

int overlay_node_append(const struct overlay_ref *ref, const void *bytes, size_t size, struct error *err)
{
        return write_bytes(ref, bytes, size, ref->node->size, err);
}

static int append_observed(const struct overlay_ref *ref, int fd, uint64_t size,
                           void (*observe)(void *context, const void *bytes, size_t count), void *context,
                           uint64_t *ret_size, struct error *err)
{
        const size_t chunk_size = (size_t)1 << 18;
        CLEANUP_FREE char *chunk = memory_alloc(chunk_size);

        for (*ret_size = 0; *ret_size < size;) {
                size_t want = size - *ret_size < chunk_size ? (size_t)(size - *ret_size) : chunk_size;
                ssize_t n = read(fd, chunk, want);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read what is to become a file");
                if (n == 0)
                        break;
                observe(context, chunk, (size_t)n);
                if (overlay_node_append(ref, chunk, (size_t)n, err) < 0)
                        return -1;
                *ret_size += (uint64_t)n;
        }
        return 0;
}

int overlay_node_append_fd(const struct overlay_ref *ref, int fd, uint64_t size,
                           void (*observe)(void *context, const void *bytes, size_t count), void *context,
                           uint64_t *ret_size, struct error *err)
{
        const size_t step = (size_t)1 << 24;

        if (!overlay_node_is_file(ref->node))
                return overlay_report(ref->tree, -EINVAL, "write", ref->node, NULL, err);
        if (observe != NULL)
                return append_observed(ref, fd, size, observe, context, ret_size, err);
        for (*ret_size = 0; *ret_size < size;) {
                struct overlay_feed feed = {.fd = fd};
                size_t want = size - *ret_size < step ? (size_t)(size - *ret_size) : step;
                ssize_t n = overlay_file_write(ref->tree, ref->node, &feed, want, ref->node->size);

                if (n < 0)
                        return overlay_report(ref->tree, (int)n, "write", ref->node, NULL, err);
                *ret_size += (uint64_t)n;
                if ((size_t)n < want)
                        break;
        }
        return 0;
}

int overlay_node_extend(const struct overlay_ref *ref, uint64_t offset, uint64_t length, struct overlay_source *source,
                        uint64_t source_offset, struct error *err)
{
        int rc = 0;

        if (!overlay_node_is_file(ref->node) || offset > INT64_MAX || length > INT64_MAX - offset ||
            source_offset > overlay_source_size(source) || length > overlay_source_size(source) - source_offset)
                rc = -EINVAL;
        if (rc == 0 && length > 0) {
                struct body_extent extent = {offset, length, source_offset, 0, 0};

                overlay_tree_lock(ref->tree);
                extent.source = overlay_tree_source(ref->tree, source);
                rc = overlay_file_extend(ref->tree, ref->node, &extent);
                overlay_tree_unlock(ref->tree);
        }
        return overlay_report(ref->tree, rc, "extend", ref->node, NULL, err);
}

/* --- directories on the way --- */

struct ensuring {
        struct overlay_make make;
};

static int make_directory(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size,
                          void *context, struct overlay_node **ret)
{
        const struct ensuring *e = context;
        int rc = overlay_edit_make(tree, dir, name, size, &e->make, ret);

        if (rc == 0)
                (*ret)->pins--; /* it is kept by being new */
        return rc;
}

int overlay_tree_ensure_directory(struct overlay_tree *tree, const struct overlay_ref *at, const char *path,
                                  mode_t mode, struct overlay_owner owner, const struct timespec *mtime,
                                  struct overlay_ref *ret, struct error *err)
{
        struct ensuring e = {
                .make = {.mode = S_IFDIR | (mode & 07777), .uid = owner.uid, .gid = owner.gid, .mtime = mtime}};
        struct path_walk walk = {.make = make_directory, .context = &e, .make_last = true};
        int rc;

        overlay_tree_lock(tree);
        rc = overlay_path_walk(tree, at != NULL ? at->node : tree->root, path, true, PATH_FAIL, &walk);
        if (rc == 0) {
                overlay_node_unpin(tree, walk.dir);
                if (!overlay_node_is_dir(walk.node)) {
                        overlay_node_unpin(tree, walk.node);
                        rc = -ENOTDIR;
                }
        }
        overlay_tree_unlock(tree);
        if (rc < 0)
                return error_errno(err, -rc, "cannot make directory %s", path);
        *ret = (struct overlay_ref){tree, walk.node};
        return 0;
}
