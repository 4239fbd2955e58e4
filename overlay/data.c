/* SPDX-License-Identifier: Apache-2.0 */
/* The data file: space at the tail, holes where bodies died. */
#include "overlay/data.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/reserve.h"

/* Small enough that a few survivors hold little, large enough that 10 GiB need a table of 640 KiB. */
#define CHUNK_SIZE ((uint64_t)1 << 16)
#define BLOCK_SIZE ((uint64_t)4096)
/* As much may be dead and not given back. */
#define PUNCH_BATCH ((uint64_t)1 << 20)

int overlay_data_ensure(struct overlay_tree *tree)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct tree_data *data = &tree->data;
        struct overlay_source *source = NULL;
        size_t old_count;
        int rc;

        if (data->fd >= 0)
                return 0;
        if (tree->options.create_data == NULL)
                return -EROFS;
        if (tree->options.create_data(tree->options.context, &data->fd, data->name, &err) < 0) {
                data->fd = -1;
                rc = -err.code;
                error_wrap(&err, "cannot make the step's data file");
                overlay_tree_latch(tree, &err);
                return rc;
        }
        if (overlay_pool_ensure(tree->options.pool, data->name, 0, &source, &err) < 0 ||
            overlay_source_pin(source, data->fd, &err) < 0) {
                rc = -err.code;
                overlay_source_unref(source);
                data->fd = fd_close(data->fd);
                overlay_tree_latch(tree, &err);
                return rc;
        }
        old_count = tree->source_count;
        data->source = overlay_tree_source(tree, source);
        overlay_source_unref(source);
        if (data->source == old_count)
                return 0;
        error_set(&err, EEXIST, "cannot make the step's data file: a layer has a source called %s", data->name);
        overlay_source_unpin(tree->sources[data->source]);
        data->fd = fd_close(data->fd);
        overlay_tree_latch(tree, &err);
        return -EEXIST;
}

static void queue_punch(struct tree_data *data, uint64_t first, uint64_t end)
{
        struct tree_range *last = data->punch_count > 0 ? &data->punches[data->punch_count - 1] : NULL;

        if (data->no_punch || first >= end)
                return;
        data->punch_bytes += (end - first) * CHUNK_SIZE;
        if (last != NULL && last->offset + last->length == first * CHUNK_SIZE) {
                last->length += (end - first) * CHUNK_SIZE;
                return;
        }
        memory_grow(&data->punches, &data->punch_cap, data->punch_count + 1, sizeof(*data->punches));
        data->punches[data->punch_count++] = (struct tree_range){first * CHUNK_SIZE, (end - first) * CHUNK_SIZE};
}

uint64_t overlay_data_allocate(struct overlay_tree *tree, uint64_t length, bool align)
{
        struct tree_data *data = &tree->data;
        uint64_t old_chunk = data->tail / CHUNK_SIZE, offset, end, need;

        if (align)
                data->tail = (data->tail + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
        offset = data->tail;
        end = offset + length;
        need = end / CHUNK_SIZE + 1;
        if (need > data->live_count) {
                size_t cap = data->live_count;

                memory_grow(&data->live, &cap, need, sizeof(*data->live));
                memset(data->live + data->live_count, 0, (cap - data->live_count) * sizeof(*data->live));
                data->live_count = cap;
        }
        for (uint64_t at = offset; at < end;) {
                uint64_t stop = (at / CHUNK_SIZE + 1) * CHUNK_SIZE;

                if (stop > end)
                        stop = end;
                data->live[at / CHUNK_SIZE] += (uint32_t)(stop - at);
                at = stop;
        }
        data->live_bytes += length;
        data->tail = end;
        overlay_source_grow(tree->sources[data->source], end);
        /* what died while the tail was in its chunk could not be punched then */
        if (end / CHUNK_SIZE > old_chunk && data->live[old_chunk] == 0)
                queue_punch(data, old_chunk, old_chunk + 1);
        return offset;
}

void overlay_data_release(struct overlay_tree *tree, uint64_t offset, uint64_t length)
{
        struct tree_data *data = &tree->data;
        uint64_t end = offset + length, dead_first = 0, dead_end = 0;

        assert(end <= data->tail);
        for (uint64_t at = offset; at < end;) {
                uint64_t chunk = at / CHUNK_SIZE, stop = (chunk + 1) * CHUNK_SIZE;

                if (stop > end)
                        stop = end;
                assert(data->live[chunk] >= stop - at);
                data->live[chunk] -= (uint32_t)(stop - at);
                at = stop;
                if (data->live[chunk] > 0 || (chunk + 1) * CHUNK_SIZE > data->tail)
                        continue;
                if (dead_end != chunk) {
                        queue_punch(data, dead_first, dead_end);
                        dead_first = chunk;
                }
                dead_end = chunk + 1;
        }
        queue_punch(data, dead_first, dead_end);
        data->live_bytes -= length;
        overlay_reserve_trim(tree);
}

static int punch(int fd, uint64_t offset, uint64_t length)
{
        int rc;

        do
                rc = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
        while (rc < 0 && errno == EINTR);
        return rc;
}

struct tree_range *overlay_data_take_punches(struct overlay_tree *tree, size_t *ret_count)
{
        struct tree_data *data = &tree->data;

        if (data->punch_bytes < PUNCH_BATCH && data->full == 0)
                return NULL;
        *ret_count = data->punch_count;
        data->punch_count = data->punch_cap = 0;
        data->punch_bytes = 0;
        return STEAL(data->punches);
}

void overlay_data_punch(struct overlay_tree *tree, struct tree_range *ranges, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (punch(tree->data.fd, ranges[i].offset, ranges[i].length) == 0) {
                        __atomic_fetch_add(&tree->data.punched, ranges[i].length, __ATOMIC_RELAXED);
                        continue;
                }
                /* space is held until the file goes; nothing is wrong with the bytes */
                log_print(tree->options.log, LOG_INFO, "cannot punch holes into %s, deleted files keep their space: %s",
                          tree->data.name, strerror(errno));
                overlay_tree_lock(tree);
                tree->data.no_punch = true;
                overlay_tree_unlock(tree);
                break;
        }
        free(ranges);
}

static int compare_ranges(const void *a, const void *b)
{
        const struct tree_range *x = a, *y = b;

        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int overlay_data_trim(struct overlay_tree *tree, struct tree_range *live, size_t count, uint64_t *ret_used,
                      struct error *err)
{
        struct tree_data *data = &tree->data;
        uint64_t end = 0, used = 0;

        if (count > 0)
                qsort(live, count, sizeof(*live), compare_ranges);
        for (size_t i = 0; i < count; i++) {
                uint64_t first = (end + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
                uint64_t last = live[i].offset & ~(BLOCK_SIZE - 1), stop = live[i].offset + live[i].length;

                if (last > first && !data->no_punch && punch(data->fd, first, last - first) < 0) {
                        log_print(tree->options.log, LOG_INFO,
                                  "cannot punch holes into %s, what died in it keeps its space: %s", data->name,
                                  strerror(errno));
                        data->no_punch = true;
                }
                if (stop <= end)
                        continue;
                used += stop - (live[i].offset > end ? live[i].offset : end);
                end = stop;
        }
        *ret_used = used;
        data->tail = end;
        data->punch_count = 0; /* all of it lay in the gaps */
        data->punch_bytes = 0;
        if (data->fd < 0)
                return 0;
        overlay_source_cut(tree->sources[data->source], end);
        if (ftruncate(data->fd, (off_t)end) < 0)
                return error_errno(err, errno, "cannot cut %s", data->name);
        if (end > 0 && fd_settle(data->fd) < 0)
                return error_errno(err, errno, "cannot write %s to the store's disk", data->name);
        return 0;
}

void overlay_data_close(struct overlay_tree *tree)
{
        struct tree_data *data = &tree->data;

        if (data->fd >= 0)
                overlay_source_unpin(tree->sources[data->source]);
        data->fd = fd_close(data->fd);
        free(data->live);
        free(data->punches);
}
