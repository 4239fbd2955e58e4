/* SPDX-License-Identifier: Apache-2.0 */
/* FUSE operations on bytes, xattrs and directories' contents. */
#include <errno.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/acl.h"
#include "overlay/change.h"
#include "overlay/file.h"
#include "overlay/list.h"
#include "overlay/ops.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

static int check_file(const struct overlay_node *node)
{
        if (overlay_node_is_dir(node))
                return -EISDIR;
        return overlay_node_is_file(node) ? 0 : -EINVAL;
}

ssize_t overlay_ops_read_sz(struct overlay_tree *tree, uint64_t ino, void *bytes, size_t size, uint64_t offset)
{
        struct overlay_node *node;
        ssize_t n = overlay_ops_hold(tree, ino, &node);

        if (n < 0)
                return n;
        n = check_file(node);
        if (n == 0)
                n = overlay_file_read(tree, node, bytes, size, offset);
        overlay_ops_drop(tree, node);
        return n;
}

static int kill_priv(struct overlay_tree *tree, struct overlay_node *node)
{
        int rc;

        overlay_tree_lock(tree);
        rc = overlay_change_kill_priv(tree, node);
        overlay_tree_unlock(tree);
        return rc;
}

ssize_t overlay_ops_write_sz(struct overlay_tree *tree, uint64_t ino, const void *bytes, size_t size, uint64_t offset,
                             unsigned flags)
{
        struct overlay_feed feed = {.bytes = bytes, .fd = -1};
        struct overlay_node *node;
        ssize_t n = overlay_ops_hold(tree, ino, &node);

        if (n < 0)
                return n;
        n = check_file(node);
        if (n == 0 && (flags & OVERLAY_WRITE_KEEP_PRIV) == 0)
                n = kill_priv(tree, node);
        if (n == 0)
                n = overlay_file_write(tree, node, &feed, size, offset);
        overlay_ops_drop(tree, node);
        return n;
}

int overlay_ops_fsync(struct overlay_tree *tree, uint64_t ino)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        return overlay_ops_end(tree, node, -tree->failure_errno);
}

int overlay_ops_fallocate(struct overlay_tree *tree, uint64_t ino, int mode, uint64_t offset, uint64_t length)
{
        struct overlay_node *node;
        int rc = overlay_ops_hold(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = check_file(node);
        if (rc == 0)
                rc = kill_priv(tree, node);
        if (rc == 0)
                rc = overlay_file_allocate(tree, node, mode, offset, length);
        overlay_ops_drop(tree, node);
        return rc;
}

int overlay_ops_lseek(struct overlay_tree *tree, uint64_t ino, int64_t offset, int whence, int64_t *ret)
{
        struct overlay_node *node;
        int rc = overlay_ops_hold(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = check_file(node);
        if (rc == 0)
                rc = overlay_file_seek(tree, node, offset, whence, ret);
        overlay_ops_drop(tree, node);
        return rc;
}

ssize_t overlay_ops_copy_sz(struct overlay_tree *tree, uint64_t in, uint64_t in_offset, uint64_t out,
                            uint64_t out_offset, uint64_t size)
{
        struct overlay_node *from, *to;
        ssize_t n = overlay_ops_hold(tree, in, &from);

        if (n < 0)
                return n;
        n = overlay_ops_hold(tree, out, &to);
        if (n == 0) {
                n = check_file(from);
                if (n == 0)
                        n = check_file(to);
                if (n == 0)
                        n = kill_priv(tree, to);
                if (n == 0)
                        n = overlay_file_copy(tree, from, in_offset, to, out_offset, size);
                overlay_ops_drop(tree, to);
        }
        overlay_ops_drop(tree, from);
        return n;
}

/* --- xattrs --- */

static bool is_acl(const char *name)
{
        return strcmp(name, ACL_ACCESS) == 0 || strcmp(name, ACL_DEFAULT) == 0;
}

/* Answered as the kernel's own file systems do (xattr_resolve_name() in fs/xattr.c); FUSE leaves it to the server. */
static int check_xattr_name(const char *name)
{
        static const char *const prefixes[] = {"user.", "security.", "trusted."};

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
                        return name[strlen(prefixes[i])] != '\0' ? 0 : -EINVAL;
        return is_acl(name) ? 0 : -EOPNOTSUPP;
}

/* Layers bring any name. One that is there is read and removed; only when it is not, its namespace matters. */
static int missing_xattr(const char *name, int rc)
{
        int wrong = rc == -ENODATA ? check_xattr_name(name) : 0;

        return wrong < 0 ? wrong : rc;
}

int overlay_ops_setxattr(struct overlay_tree *tree, uint64_t ino, const char *name, const void *value, size_t size,
                         int flags)
{
        struct overlay_node *node;
        int rc = check_xattr_name(name);

        if (rc == 0)
                rc = overlay_ops_begin(tree, ino, &node);
        if (rc < 0)
                return rc;
        rc = overlay_node_change(tree, node);
        if (rc == 0 && is_acl(name))
                rc = overlay_acl_set(tree, node, name, value, size, flags);
        else if (rc == 0)
                rc = overlay_xattrs_set(tree, node, name, size > 0 ? value : "", size, flags);
        if (rc == 0)
                overlay_node_touch(node, false);
        return overlay_ops_end(tree, node, rc);
}

ssize_t overlay_ops_getxattr_sz(struct overlay_tree *tree, uint64_t ino, const char *name, void *value, size_t size)
{
        struct overlay_node *node;
        const void *found = NULL;
        size_t found_size = 0;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = missing_xattr(name, overlay_xattrs_get(tree, node, name, &found, &found_size));
        if (rc == 0 && size > 0 && found_size > size)
                rc = -ERANGE;
        if (rc == 0 && size > 0 && found_size > 0)
                memcpy(value, found, found_size);
        rc = overlay_ops_end(tree, node, rc);
        return rc < 0 ? rc : (ssize_t)found_size;
}

ssize_t overlay_ops_listxattr_sz(struct overlay_tree *tree, uint64_t ino, char *list, size_t size)
{
        struct xattr_cursor cursor;
        struct overlay_node *node;
        const void *bytes = NULL;
        size_t bytes_size = 0, total = 0;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = overlay_xattrs_of(tree, node, &bytes, &bytes_size);
        if (rc == 0) {
                overlay_xattrs_begin(&cursor, bytes, bytes_size);
                while ((rc = overlay_xattrs_next(&cursor)) > 0) {
                        if (size > 0 && total + cursor.name_size + 1 <= size)
                                memcpy(list + total, cursor.name, cursor.name_size + 1);
                        total += cursor.name_size + 1;
                }
                if (rc < 0)
                        rc = overlay_tree_damaged(tree, node->layer, "the xattrs of inode", node->record);
        }
        if (rc == 0 && size > 0 && total > size)
                rc = -ERANGE;
        rc = overlay_ops_end(tree, node, rc);
        return rc < 0 ? rc : (ssize_t)total;
}

int overlay_ops_removexattr(struct overlay_tree *tree, uint64_t ino, const char *name)
{
        struct overlay_node *node;
        int rc = overlay_ops_begin(tree, ino, &node);

        if (rc < 0)
                return rc;
        rc = overlay_node_change(tree, node);
        if (rc == 0)
                rc = missing_xattr(name, overlay_xattrs_set(tree, node, name, NULL, 0, 0));
        if (rc == 0)
                overlay_node_touch(node, false);
        /* no ACL is the same as an empty one (simple_set_acl, ext4_set_acl) */
        if (rc == -ENODATA && is_acl(name))
                rc = 0;
        return overlay_ops_end(tree, node, rc);
}

int overlay_ops_statfs(struct overlay_tree *tree, struct statvfs *ret)
{
        memset(ret, 0, sizeof(*ret));
        if (tree->options.statfs_fd >= 0 && fstatvfs(tree->options.statfs_fd, ret) < 0)
                return -errno;
        ret->f_namemax = INDEX_NAME_MAX;
        return 0;
}

/* --- readdir --- */

/* "." and ".." are at 0 and 1; what the list calls position p is offset p + 2. */
#define DOTS 2

struct reading {
        struct overlay_tree *tree;
        struct overlay_node *dir;
        bool plus;
        bool (*add)(void *context, const struct overlay_dirent *entry);
        void *context;
};

static int add_dot(const struct reading *r, uint64_t which, bool *taken)
{
        const struct overlay_node *node = r->dir;
        struct overlay_dirent entry = {.name = which == 0 ? "." : "..", .size = which + 1, .next = which + 1};

        if (which == 1 && r->dir->names != NULL)
                node = r->dir->names->parent;
        entry.attr.ino = node->ino;
        entry.attr.mode = node->mode;
        *taken = r->add(r->context, &entry);
        return 0;
}

static int add_loaded(const struct reading *r, const char *name, size_t size, struct overlay_node *node, uint64_t next,
                      bool *taken)
{
        struct overlay_dirent entry = {.name = name, .size = size, .next = next};
        int rc = 0;

        overlay_node_pin(node);
        if (r->plus) {
                rc = overlay_node_attr(r->tree, node, &entry.attr);
        } else {
                entry.attr.ino = node->ino;
                entry.attr.mode = node->mode;
        }
        if (rc == 0)
                *taken = r->add(r->context, &entry);
        if (rc == 0 && *taken && r->plus)
                node->nlookup++;
        overlay_node_unpin(r->tree, node);
        return rc;
}

static int add_lower(const struct reading *r, const struct view_entry *view, uint64_t next, bool *taken)
{
        struct overlay_dirent entry = {.size = view->name.size, .next = next};
        char name[INDEX_NAME_MAX + 1];
        struct overlay_node *node;
        int rc;

        memcpy(name, view->name.name, view->name.size);
        name[view->name.size] = '\0';
        if (r->plus || view->name.kind == INDEX_KIND_HARDLINK) {
                rc = overlay_node_load(r->tree, r->dir, view, &node);
                return rc < 0 ? rc : add_loaded(r, name, view->name.size, node, next, taken);
        }
        entry.name = name;
        entry.attr.mode = (mode_t)view->name.kind << 12;
        rc = overlay_node_entry_ino(r->tree, r->dir, view, &entry.attr.ino);
        if (rc == 0)
                *taken = r->add(r->context, &entry);
        return rc;
}

static int read_names(const struct reading *r, uint64_t offset)
{
        uint64_t position = offset < DOTS ? 0 : offset - DOTS;
        bool any = false, taken = true;
        int rc = 0;

        for (uint64_t which = offset; which < DOTS && taken; which++) {
                (void)add_dot(r, which, &taken);
                any = any || taken;
        }
        while (taken) {
                struct overlay_dentry *dentry = NULL;
                struct view_entry view;

                rc = overlay_list_next(r->tree, r->dir, &position, &dentry, &view);
                if (rc <= 0)
                        break;
                if (dentry != NULL)
                        rc = add_loaded(r, dentry->name, dentry->size, dentry->node, position + DOTS, &taken);
                else
                        rc = add_lower(r, &view, position + DOTS, &taken);
                if (rc < 0)
                        break;
                any = any || taken;
        }
        /* what was taken must not be lost: the error comes again, first, on the next call */
        return any ? 0 : rc;
}

int overlay_ops_readdir(struct overlay_tree *tree, uint64_t ino, uint64_t offset, bool plus,
                        bool (*add)(void *context, const struct overlay_dirent *entry), void *context)
{
        struct reading r = {.tree = tree, .plus = plus, .add = add, .context = context};
        int rc = overlay_ops_begin(tree, ino, &r.dir);

        if (rc < 0)
                return rc;
        rc = overlay_node_is_dir(r.dir) ? read_names(&r, offset) : -ENOTDIR;
        return overlay_ops_end(tree, r.dir, rc);
}
