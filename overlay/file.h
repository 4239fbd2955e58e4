/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_FILE_H
#define BRYO_OVERLAY_FILE_H

#include <sys/types.h>

#include "overlay/node.h"

/*
 * Reading and writing the bytes of a regular file. Internal to overlay/.
 * Callers hold a pin on the node and NOT the lock: each function takes it for
 * the extents and lets it go for the bytes. Failures that a program cannot see (or
 * whose cause it cannot name) are latched in the tree.
 */

/* Bytes read, 0 at the end, or -errno. */
ssize_t overlay_file_read(struct overlay_tree *tree, struct overlay_node *node, void *bytes, size_t size,
                          uint64_t offset);

/* Where the bytes of a write come from. */
struct overlay_feed {
        const char *bytes; /* NULL: from `fd`, at its file position */
        int fd;
};

/*
 * Writes `size` bytes at `offset`, in place where the step owns the range,
 * else at the tail of the data file. From a descriptor it may be short: at its
 * end. mtime and ctime become now. Bytes written or -errno (latched).
 */
ssize_t overlay_file_write(struct overlay_tree *tree, struct overlay_node *node, struct overlay_feed *feed, size_t size,
                           uint64_t offset);

/* fallocate(2) and lseek(2), as in tree_ops.h. */
int overlay_file_allocate(struct overlay_tree *tree, struct overlay_node *node, int mode, uint64_t offset,
                          uint64_t length);
int overlay_file_seek(struct overlay_tree *tree, struct overlay_node *node, int64_t offset, int whence, int64_t *ret);
/* Shares extents of `in` with `out`, of the same tree. Bytes shared or -errno. */
ssize_t overlay_file_copy(struct overlay_tree *tree, struct overlay_node *in, uint64_t in_offset,
                          struct overlay_node *out, uint64_t out_offset, uint64_t size);
/* Lets a range be a range of a source; the lock is held here. */
int overlay_file_extend(struct overlay_tree *tree, struct overlay_node *node, const struct body_extent *extent);

#endif
