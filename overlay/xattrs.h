/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_XATTRS_H
#define BRYO_OVERLAY_XATTRS_H

#include <sys/types.h>

#include "overlay/node.h"

/*
 * Extended attributes: one run of bytes in the form the index has them, so
 * that reading a lower node's needs no copy. Internal to overlay/.
 */

/* One step through a blob. */
struct xattr_cursor {
        const unsigned char *at;
        size_t left;
        const char *name; /* NUL-terminated */
        uint32_t name_size;
        const void *value;
        uint32_t size;
};

void overlay_xattrs_begin(struct xattr_cursor *cursor, const void *bytes, size_t size);
/* 1 with the next one, 0 at the end, -1 when the bytes are not well-formed. */
int overlay_xattrs_next(struct xattr_cursor *cursor);
/* The names and values of a whole blob; false when it is not well-formed. Heap array, pointing into the blob. */
bool overlay_xattrs_decode(const void *bytes, size_t size, struct overlay_xattr **ret, size_t *ret_count);

/* The blob of a node, its own or its record's; it is well formed. 0 or -errno. */
int overlay_xattrs_of(struct overlay_tree *tree, const struct overlay_node *node, const void **ret, size_t *ret_size);
/* 0, -ENODATA or -errno. */
int overlay_xattrs_get(struct overlay_tree *tree, const struct overlay_node *node, const char *name, const void **ret,
                       size_t *ret_size);
/*
 * Sets (or with `value` NULL removes) one; no rule but sizes and XATTR_CREATE and
 * XATTR_REPLACE in `flags`. -EEXIST, -ENODATA, -ERANGE, -E2BIG, -ENOSPC.
 * Does not mark the node as changed nor touch ctime.
 */
int overlay_xattrs_set(struct overlay_tree *tree, struct overlay_node *node, const char *name, const void *value,
                       size_t size, int flags);
/* Takes all of a blob. */
void overlay_xattrs_replace(struct overlay_node *node, const void *bytes, size_t size);

#endif
