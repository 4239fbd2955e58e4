/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of regular files: extents are looked up under the lock, bytes move outside of it. */
#include "overlay/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/data.h"
#include "overlay/reserve.h"

/* So many extents are looked up at one go; a read over more goes round again. */
#define READ_PIECES 16
/* Pages that large files share with others (FICLONE) must begin on a block of the disk. */
#define ALIGN_FROM ((uint64_t)1 << 16)
#define COPY_CHUNK ((size_t)1 << 17)

struct read_plan {
        struct {
                struct overlay_source *source; /* NULL: zeros */
                uint64_t source_offset;
                size_t length;
        } pieces[READ_PIECES];
        int count;
        size_t size; /* sum of the lengths */
};

/* The lock is held. */
static int plan_read(struct overlay_tree *tree, const struct overlay_node *node, uint64_t offset, size_t size,
                     struct read_plan *plan)
{
        uint64_t at = offset, end;
        struct body_cursor cursor;
        struct body_extent extent;
        int rc;

        plan->count = 0;
        plan->size = 0;
        if (offset >= node->size)
                return 0;
        end = node->size - offset < size ? node->size : offset + size;
        rc = overlay_body_seek(tree, node, offset, &cursor);
        if (rc == 0)
                rc = overlay_body_next(tree, &cursor, &extent);
        while (rc >= 0 && at < end && plan->count < READ_PIECES) {
                uint64_t stop = end;

                if (rc == 0)
                        extent = (struct body_extent){.offset = end};
                plan->pieces[plan->count].source = NULL;
                if (extent.offset > at || rc == 0) { /* a hole */
                        stop = extent.offset < end ? extent.offset : end;
                } else if (extent.offset + extent.length > at) {
                        if (extent.offset + extent.length < end)
                                stop = extent.offset + extent.length;
                        plan->pieces[plan->count].source = tree->sources[extent.source];
                        plan->pieces[plan->count].source_offset = extent.source_offset + (at - extent.offset);
                        rc = overlay_body_next(tree, &cursor, &extent);
                } else { /* not sorted */
                        return overlay_tree_damaged(tree, node->layer, "the extents of inode", node->record);
                }
                plan->pieces[plan->count++].length = (size_t)(stop - at);
                at = stop;
        }
        plan->size = (size_t)(at - offset);
        return rc < 0 ? rc : 0;
}

static int run_read(struct overlay_tree *tree, struct overlay_node *node, const struct read_plan *plan, char *bytes)
{
        for (int i = 0; i < plan->count; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (plan->pieces[i].source == NULL) {
                        memset(bytes, 0, plan->pieces[i].length);
                } else if (overlay_source_read(plan->pieces[i].source, bytes, plan->pieces[i].length,
                                               plan->pieces[i].source_offset, &err) < 0) {
                        struct overlay_ref ref = {tree, node};
                        CLEANUP_FREE char *path = overlay_node_path(&ref);
                        int rc = -err.code;

                        error_wrap(&err, "cannot read %s", path);
                        overlay_tree_lock(tree);
                        overlay_tree_latch(tree, &err);
                        overlay_tree_unlock(tree);
                        return rc;
                }
                bytes += plan->pieces[i].length;
        }
        return 0;
}

ssize_t overlay_file_read(struct overlay_tree *tree, struct overlay_node *node, void *bytes, size_t size,
                          uint64_t offset)
{
        size_t done = 0;

        if (size > SSIZE_MAX)
                size = SSIZE_MAX;
        while (done < size) {
                struct read_plan plan;
                int rc;

                overlay_tree_lock(tree);
                if (done == 0)
                        overlay_tree_observe(tree, OVERLAY_OBSERVED_READ, node->ino, NULL, 0);
                rc = plan_read(tree, node, offset + done, size - done, &plan);
                overlay_tree_unlock(tree);
                if (rc == 0)
                        rc = run_read(tree, node, &plan, (char *)bytes + done);
                if (rc < 0)
                        return done > 0 ? (ssize_t)done : rc;
                if (plan.size == 0)
                        break;
                done += plan.size;
        }
        return (ssize_t)done;
}

/* --- writing --- */

struct write_piece {
        uint64_t data_offset;
        uint64_t length;
        bool fresh; /* not part of the body yet */
};

static bool is_exclusive(const struct body_extent *extent)
{
        return (extent->flags & (EXTENT_OWNED | EXTENT_SHARED)) == EXTENT_OWNED;
}

/* The next piece of a write: the rest of an owned extent, or fresh space up to the next one. The lock is held. */
static int plan_write(struct overlay_tree *tree, struct overlay_node *node, uint64_t offset, uint64_t size,
                      struct write_piece *piece)
{
        struct body_cursor cursor;
        struct body_extent extent;
        int rc = overlay_node_change(tree, node);

        if (rc == 0)
                rc = overlay_body_own(tree, node);
        if (rc == 0)
                rc = overlay_data_ensure(tree);
        if (rc == 0)
                rc = overlay_body_seek(tree, node, offset, &cursor);
        if (rc < 0)
                return rc;
        *piece = (struct write_piece){.length = size, .fresh = true};
        while (overlay_body_next(tree, &cursor, &extent) > 0) { /* owned: cannot fail */
                if (extent.offset >= offset + size)
                        break;
                if (!is_exclusive(&extent))
                        continue;
                if (extent.offset > offset) {
                        piece->length = extent.offset - offset;
                        break;
                }
                if (extent.offset + extent.length - offset < size)
                        piece->length = extent.offset + extent.length - offset;
                piece->data_offset = extent.source_offset + (offset - extent.offset);
                piece->fresh = false;
                return 0;
        }
        rc = overlay_reserve_ensure(tree, piece->length);
        if (rc == 0)
                piece->data_offset = overlay_data_allocate(tree, piece->length, piece->length >= ALIGN_FROM);
        return rc;
}

/* From a descriptor: by sharing blocks where the kernel can, else through memory. Bytes, 0 at the end, or -1 with
 * errno. */
static ssize_t feed_from_fd(int in, int out, uint64_t offset, size_t size)
{
        CLEANUP_FREE char *chunk = NULL;
        off_t out_offset = (off_t)offset;
        ssize_t n;

        do
                n = copy_file_range(in, NULL, out, &out_offset, size, 0);
        while (n < 0 && errno == EINTR);
        if (n > 0)
                return n;
        if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM &&
            errno != ETXTBSY)
                return -1;
        /* 0 may also be a file of /proc, whose size is 0 but which has bytes */
        chunk = memory_alloc(COPY_CHUNK);
        do
                n = read(in, chunk, size < COPY_CHUNK ? size : COPY_CHUNK);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n;
        return fd_pwrite_all(out, chunk, (size_t)n, (off_t)offset) < 0 ? -1 : n;
}

/* Moves the bytes of one piece; returns how many (fewer only at the end of a descriptor) or -errno. */
static int64_t move_piece(struct overlay_tree *tree, struct overlay_feed *feed, const struct write_piece *piece)
{
        uint64_t done = 0;

        if (feed->bytes != NULL) {
                if (fd_pwrite_all(tree->data.fd, feed->bytes, (size_t)piece->length, (off_t)piece->data_offset) < 0)
                        return -errno;
                feed->bytes += piece->length;
                return (int64_t)piece->length;
        }
        while (done < piece->length) {
                ssize_t n = feed_from_fd(feed->fd, tree->data.fd, piece->data_offset + done,
                                         (size_t)(piece->length - done));

                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                done += (uint64_t)n;
        }
        return (int64_t)done;
}

/* The bytes are there: they become part of the body. The lock is held. */
static void commit_piece(struct overlay_tree *tree, struct overlay_node *node, const struct write_piece *piece,
                         uint64_t offset, uint64_t done)
{
        if (piece->fresh && done < piece->length)
                overlay_data_release(tree, piece->data_offset + done, piece->length - done);
        if (piece->fresh && done > 0) {
                struct body_extent extent = {offset, done, piece->data_offset, tree->data.source, EXTENT_OWNED};

                overlay_body_replace(tree, node, offset, done, &extent);
        }
        if (done > 0 && offset + done > node->size)
                node->size = offset + done;
        overlay_node_touch(node, true);
}

static void latch_write(struct overlay_tree *tree, struct overlay_node *node, int code)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_ref ref = {tree, node};
        CLEANUP_FREE char *path = overlay_node_path(&ref);

        error_errno(&err, code, "cannot write %s to the store's disk", path);
        overlay_tree_lock(tree);
        if (tree->failure_errno == 0)
                tree->failure_errno = code;
        overlay_tree_latch(tree, &err);
        overlay_tree_unlock(tree);
}

ssize_t overlay_file_write(struct overlay_tree *tree, struct overlay_node *node, struct overlay_feed *feed, size_t size,
                           uint64_t offset)
{
        size_t total = 0;

        if (offset > INT64_MAX || size > INT64_MAX - offset)
                return -EFBIG;
        while (total < size) {
                struct write_piece piece;
                int64_t done;
                int rc;

                overlay_tree_lock(tree);
                rc = tree->sealed ? -EROFS : plan_write(tree, node, offset + total, size - total, &piece);
                overlay_tree_unlock(tree);
                if (rc < 0) {
                        latch_write(tree, node, -rc);
                        return rc;
                }
                done = move_piece(tree, feed, &piece);
                overlay_tree_lock(tree);
                commit_piece(tree, node, &piece, offset + total, done > 0 ? (uint64_t)done : 0);
                overlay_tree_unlock(tree);
                if (done < 0) {
                        latch_write(tree, node, (int)-done);
                        return (ssize_t)done;
                }
                total += (size_t)done;
                if ((uint64_t)done < piece.length)
                        break;
        }
        return (ssize_t)total;
}

/* --- shapes --- */

int overlay_file_allocate(struct overlay_tree *tree, struct overlay_node *node, int mode, uint64_t offset,
                          uint64_t length)
{
        bool keep = (mode & FALLOC_FL_KEEP_SIZE) != 0;
        uint64_t end;
        int rc;

        if (length == 0)
                return -EINVAL;
        if (offset > INT64_MAX || length > INT64_MAX - offset)
                return -EFBIG;
        end = offset + length;
        switch (mode & ~FALLOC_FL_KEEP_SIZE) {
        case 0:
        case FALLOC_FL_ZERO_RANGE:
                break;
        case FALLOC_FL_PUNCH_HOLE:
                if (keep)
                        break;
                return -EOPNOTSUPP;
        default:
                return -EOPNOTSUPP;
        }
        overlay_tree_lock(tree);
        rc = overlay_node_change(tree, node);
        if (rc == 0 && (mode & FALLOC_FL_PUNCH_HOLE) == 0 && end > node->size)
                rc = overlay_reserve_fits(tree, end - (offset > node->size ? offset : node->size));
        if (rc == 0)
                rc = overlay_body_own(tree, node);
        if (rc == 0) {
                if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0 && offset < node->size)
                        overlay_body_replace(tree, node, offset, (end < node->size ? end : node->size) - offset, NULL);
                if (!keep && end > node->size)
                        node->size = end;
                overlay_node_touch(node, true);
        }
        overlay_tree_unlock(tree);
        return rc;
}

/* The lock is held. */
static int seek(struct overlay_tree *tree, struct overlay_node *node, uint64_t offset, int whence, uint64_t *ret)
{
        struct body_cursor cursor;
        struct body_extent extent;
        int rc;

        if (offset >= node->size)
                return -ENXIO;
        rc = overlay_body_seek(tree, node, offset, &cursor);
        while (rc == 0) {
                rc = overlay_body_next(tree, &cursor, &extent);
                if (rc <= 0)
                        break;
                rc = 0;
                if (whence == SEEK_DATA) {
                        *ret = extent.offset > offset ? extent.offset : offset;
                        return 0;
                }
                if (extent.offset > offset)
                        break;
                offset = extent.offset + extent.length;
        }
        if (rc == 0 && whence == SEEK_DATA)
                return -ENXIO;
        *ret = offset < node->size ? offset : node->size;
        return rc;
}

int overlay_file_seek(struct overlay_tree *tree, struct overlay_node *node, int64_t offset, int whence, int64_t *ret)
{
        uint64_t found = 0;
        int rc;

        if (whence != SEEK_DATA && whence != SEEK_HOLE)
                return -EINVAL;
        if (offset < 0)
                return -ENXIO;
        overlay_tree_lock(tree);
        rc = seek(tree, node, (uint64_t)offset, whence, &found);
        overlay_tree_unlock(tree);
        *ret = (int64_t)found;
        return rc;
}

int overlay_file_extend(struct overlay_tree *tree, struct overlay_node *node, const struct body_extent *extent)
{
        int rc = overlay_node_change(tree, node);

        if (rc == 0)
                rc = overlay_body_own(tree, node);
        if (rc < 0)
                return rc;
        overlay_body_replace(tree, node, extent->offset, extent->length, extent);
        if (extent->offset + extent->length > node->size)
                node->size = extent->offset + extent->length;
        return 0;
}

struct pieces {
        struct body_extent *items;
        size_t count, cap;
};

/* What a range of `in` consists of, moved to `out_offset`. The lock is held. */
static int collect(struct overlay_tree *tree, const struct overlay_node *in, uint64_t in_offset, uint64_t out_offset,
                   uint64_t size, struct pieces *pieces)
{
        uint64_t in_end = in_offset + size;
        struct body_cursor cursor;
        struct body_extent e;
        int rc = overlay_body_seek(tree, in, in_offset, &cursor);

        while (rc == 0) {
                uint64_t begin, end;

                rc = overlay_body_next(tree, &cursor, &e);
                if (rc <= 0)
                        break;
                rc = 0;
                if (e.offset >= in_end)
                        break;
                begin = e.offset > in_offset ? e.offset : in_offset;
                end = e.offset + e.length < in_end ? e.offset + e.length : in_end;
                if (begin >= end)
                        return overlay_tree_damaged(tree, in->layer, "the extents of inode", in->record);
                if ((e.flags & EXTENT_OWNED) != 0)
                        e.flags |= EXTENT_SHARED;
                memory_grow(&pieces->items, &pieces->cap, pieces->count + 1, sizeof(*pieces->items));
                pieces->items[pieces->count++] =
                        (struct body_extent){out_offset + (begin - in_offset), end - begin,
                                             e.source_offset + (begin - e.offset), e.source, e.flags};
        }
        return rc;
}

/* The lock is held, the ranges are inside and do not overlap. */
static int share(struct overlay_tree *tree, struct overlay_node *in, uint64_t in_offset, struct overlay_node *out,
                 uint64_t out_offset, uint64_t size)
{
        struct pieces pieces = {0};
        int rc = collect(tree, in, in_offset, out_offset, size, &pieces);

        if (rc == 0)
                rc = overlay_node_change(tree, out);
        if (rc == 0)
                rc = overlay_body_own(tree, out);
        if (rc == 0) {
                if ((in->flags & NODE_BODY) != 0)
                        overlay_body_mark_shared(in, in_offset, size);
                overlay_body_replace(tree, out, out_offset, size, NULL);
                for (size_t p = 0; p < pieces.count; p++)
                        overlay_body_replace(tree, out, pieces.items[p].offset, pieces.items[p].length,
                                             &pieces.items[p]);
                if (out_offset + size > out->size)
                        out->size = out_offset + size;
                overlay_node_touch(out, true);
        }
        free(pieces.items);
        return rc;
}

ssize_t overlay_file_copy(struct overlay_tree *tree, struct overlay_node *in, uint64_t in_offset,
                          struct overlay_node *out, uint64_t out_offset, uint64_t size)
{
        int rc = 0;

        if (size > SSIZE_MAX)
                size = SSIZE_MAX;
        overlay_tree_lock(tree);
        if (in_offset >= in->size)
                size = 0;
        else if (size > in->size - in_offset)
                size = in->size - in_offset;
        if (out_offset > INT64_MAX || size > INT64_MAX - out_offset)
                rc = -EFBIG;
        else if (in == out && in_offset < out_offset + size && out_offset < in_offset + size)
                rc = -EINVAL;
        if (rc == 0 && size > 0)
                rc = share(tree, in, in_offset, out, out_offset, size);
        overlay_tree_unlock(tree);
        return rc < 0 ? rc : (ssize_t)size;
}
