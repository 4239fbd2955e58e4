/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve of the data file: it grows with what is written, and says when the disk is full before it matters. */
#include "overlay/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A step that writes little asks for nothing: its writes fail at once anyway, for the disk promises the blocks then. */
#define RESERVE_FROM ((uint64_t)1 << 20)
/* A quarter of what is live, but at most what the kernel holds back for one mount on a small machine (a hundredth of
 * the memory is its rule). */
#define RESERVE_MAX ((uint64_t)16 << 20)
/* At least this; with less left it is time to say no. What is asked for is twice that, or each write would ask again.
 */
#define RESERVE_LOW ((uint64_t)1 << 20)

static int allocate(int fd, uint64_t offset, uint64_t length)
{
        int rc;

        do
                rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
        while (rc < 0 && errno == EINTR);
        return rc < 0 ? -errno : 0;
}

static bool is_full(int rc)
{
        return rc == -ENOSPC || rc == -EDQUOT;
}

/* Blocks for `need` bytes behind the tail, and ahead of them as many of `ahead` as there are. */
static int extend(struct tree_data *data, uint64_t need, uint64_t ahead)
{
        uint64_t from = data->promised > data->tail ? data->promised : data->tail, end;
        int rc;

        if (ahead < 2 * RESERVE_LOW)
                ahead = 2 * RESERVE_LOW;
        for (;; ahead = ahead > RESERVE_LOW / 2 ? ahead / 2 : 0) {
                end = data->tail + need + ahead;
                rc = end > from ? allocate(data->fd, from, end - from) : 0;
                if (rc == 0 || !is_full(rc) || ahead == 0)
                        break;
                data->full = rc;
        }
        if (rc == 0) {
                data->promised = end > from ? end : from;
                if (data->promised - data->tail - need >= RESERVE_LOW)
                        data->full = 0;
        } else if (is_full(rc)) {
                data->full = rc;
        } else {
                data->no_reserve = true;
                data->full = 0;
        }
        return is_full(rc) ? rc : 0;
}

int overlay_reserve_ensure(struct overlay_tree *tree, uint64_t length)
{
        struct tree_data *data = &tree->data;
        uint64_t ahead = data->live_bytes / 4;

        if (data->no_reserve || data->tail + length < RESERVE_FROM)
                return 0;
        /* topped up in time; when that failed, only what is needed is asked for until somebody checks */
        if (data->tail + length + (data->full == 0 ? RESERVE_LOW : 0) <= data->promised)
                return 0;
        return extend(data, length, ahead < RESERVE_MAX ? ahead : RESERVE_MAX);
}

/* Only when it is far above what would be asked for again: a database makes and removes a journal for each commit. */
void overlay_reserve_trim(struct overlay_tree *tree)
{
        struct tree_data *data = &tree->data;
        uint64_t reserve = data->promised > data->tail ? data->promised - data->tail : 0;
        uint64_t wanted = data->live_bytes / 4 > RESERVE_LOW ? data->live_bytes / 4 : RESERVE_LOW;

        if (reserve / 2 <= wanted || ftruncate(data->fd, (off_t)data->tail) < 0)
                return;
        data->promised = data->tail;
}

int overlay_reserve_check(struct overlay_tree *tree)
{
        struct tree_data *data = &tree->data;

        if (tree->failure_errno != 0)
                return -tree->failure_errno;
        /* somebody may have made room since */
        if (data->full != 0)
                (void)extend(data, 0, RESERVE_LOW);
        return data->full;
}

int overlay_reserve_fits(struct overlay_tree *tree, uint64_t length)
{
        struct statvfs fs;

        if (tree->options.statfs_fd < 0 || fstatvfs(tree->options.statfs_fd, &fs) < 0 || fs.f_frsize == 0)
                return 0;
        return length / fs.f_frsize > fs.f_bavail ? -ENOSPC : 0;
}
