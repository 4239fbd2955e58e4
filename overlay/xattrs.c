/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of a node, kept as one sorted run of bytes. */
#include "overlay/xattrs.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "common/buffer.h"
#include "common/memory.h"

#define PREFIX_SIZE 6 /* le16 name size, le32 value size */

void overlay_xattrs_begin(struct xattr_cursor *cursor, const void *bytes, size_t size)
{
        *cursor = (struct xattr_cursor){.at = bytes, .left = size};
}

int overlay_xattrs_next(struct xattr_cursor *cursor)
{
        uint16_t name_size;
        uint32_t size;

        if (cursor->left == 0)
                return 0;
        if (cursor->left < PREFIX_SIZE)
                return -1;
        memcpy(&name_size, cursor->at, sizeof(name_size));
        memcpy(&size, cursor->at + sizeof(name_size), sizeof(size));
        cursor->name_size = le16toh(name_size);
        cursor->size = le32toh(size);
        cursor->at += PREFIX_SIZE;
        cursor->left -= PREFIX_SIZE;
        if (cursor->name_size == 0 || cursor->name_size > INDEX_NAME_MAX || cursor->size > INDEX_XATTR_MAX ||
            (size_t)cursor->name_size + 1 + cursor->size > cursor->left)
                return -1;
        cursor->name = (const char *)cursor->at;
        if (memchr(cursor->name, '\0', cursor->name_size) != NULL || cursor->name[cursor->name_size] != '\0')
                return -1;
        cursor->value = cursor->at + cursor->name_size + 1;
        cursor->at += cursor->name_size + 1 + cursor->size;
        cursor->left -= cursor->name_size + 1 + cursor->size;
        return 1;
}

bool overlay_xattrs_decode(const void *bytes, size_t size, struct overlay_xattr **ret, size_t *ret_count)
{
        CLEANUP_FREE struct overlay_xattr *items = NULL;
        struct xattr_cursor cursor;
        size_t count = 0, cap = 0;
        int rc;

        overlay_xattrs_begin(&cursor, bytes, size);
        while ((rc = overlay_xattrs_next(&cursor)) > 0) {
                memory_grow(&items, &cap, count + 1, sizeof(*items));
                items[count++] = (struct overlay_xattr){cursor.name, cursor.value, cursor.size};
        }
        if (rc < 0)
                return false;
        *ret = STEAL(items);
        *ret_count = count;
        return true;
}

static int damaged(struct overlay_tree *tree, const struct overlay_node *node)
{
        return overlay_tree_damaged(tree, node->layer, "the xattrs of inode", node->record);
}

int overlay_xattrs_of(struct overlay_tree *tree, const struct overlay_node *node, const void **ret, size_t *ret_size)
{
        struct xattr_cursor cursor;
        struct index_inode inode;
        int rc;

        if ((node->flags & NODE_XATTRS) != 0) {
                *ret = node->xattrs != NULL ? node->xattrs->bytes : NULL;
                *ret_size = node->xattrs != NULL ? node->xattrs->size : 0;
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        *ret = overlay_index_string(overlay_tree_index(tree, node->layer), inode.xattrs, inode.xattrs_size);
        *ret_size = inode.xattrs_size;
        /* all of them now: they may be copied to a node of which no layer would be to blame */
        overlay_xattrs_begin(&cursor, *ret, *ret_size);
        do
                rc = overlay_xattrs_next(&cursor);
        while (rc > 0);
        return rc < 0 ? damaged(tree, node) : 0;
}

int overlay_xattrs_get(struct overlay_tree *tree, const struct overlay_node *node, const char *name, const void **ret,
                       size_t *ret_size)
{
        struct xattr_cursor cursor;
        const void *bytes;
        size_t size;
        int rc = overlay_xattrs_of(tree, node, &bytes, &size);

        if (rc < 0)
                return rc;
        overlay_xattrs_begin(&cursor, bytes, size);
        while ((rc = overlay_xattrs_next(&cursor)) > 0)
                if (strcmp(cursor.name, name) == 0) {
                        *ret = cursor.value;
                        *ret_size = cursor.size;
                        return 0;
                }
        return -ENODATA;
}

static void put(struct buffer *out, const char *name, size_t name_size, const void *value, size_t size)
{
        uint16_t le_name = htole16((uint16_t)name_size);
        uint32_t le_size = htole32((uint32_t)size);

        buffer_append(out, &le_name, sizeof(le_name));
        buffer_append(out, &le_size, sizeof(le_size));
        buffer_append(out, name, name_size + 1);
        buffer_append(out, value, size);
}

void overlay_xattrs_replace(struct overlay_node *node, const void *bytes, size_t size)
{
        struct overlay_xattrs *xattrs = NULL;

        if (size > 0) {
                xattrs = memory_alloc(sizeof(*xattrs) + size);
                xattrs->size = (uint32_t)size;
                memcpy(xattrs->bytes, bytes, size);
        }
        free(node->xattrs);
        node->xattrs = xattrs;
        node->flags |= NODE_XATTRS;
}

int overlay_xattrs_set(struct overlay_tree *tree, struct overlay_node *node, const char *name, const void *value,
                       size_t size, int flags)
{
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        size_t name_size = strlen(name), old_size;
        struct xattr_cursor cursor;
        bool found = false, put_it = value == NULL;
        const void *old;
        int rc;

        if (name_size == 0 || name_size > INDEX_NAME_MAX)
                return -ERANGE;
        if (size > INDEX_XATTR_MAX)
                return -E2BIG;
        rc = overlay_xattrs_of(tree, node, &old, &old_size);
        if (rc < 0)
                return rc;
        overlay_xattrs_begin(&cursor, old, old_size);
        while ((rc = overlay_xattrs_next(&cursor)) > 0) {
                int c = strcmp(cursor.name, name);

                if (c >= 0 && !put_it) {
                        put(&out, name, name_size, value, size);
                        put_it = true;
                }
                if (c == 0)
                        found = true;
                else
                        put(&out, cursor.name, cursor.name_size, cursor.value, cursor.size);
        }
        if (!put_it)
                put(&out, name, name_size, value, size);
        if (found && (flags & XATTR_CREATE) != 0)
                return -EEXIST;
        if (!found && ((flags & XATTR_REPLACE) != 0 || value == NULL))
                return -ENODATA;
        if (out.size > INDEX_XATTRS_MAX)
                return -ENOSPC;
        overlay_xattrs_replace(node, out.data, out.size);
        return 0;
}
