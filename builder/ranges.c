/* SPDX-License-Identifier: Apache-2.0 */
/* Live ranges of a file, and giving the rest of it back to the file system. */
#include "builder/ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

/* struct stat counts blocks in these, whatever st_blksize says (stat(3type)). */
#define STAT_BLOCK 512

void builder_ranges_add(struct builder_ranges *r, uint64_t offset, uint64_t length)
{
        uint64_t end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
        struct builder_range *last = r->count > 0 ? &r->items[r->count - 1] : NULL;

        if (length == 0)
                return;
        /* bodies mostly come in the order of their bytes: this keeps a whole layer to few ranges */
        if (last && offset >= last->begin && offset <= last->end) {
                last->end = end > last->end ? end : last->end;
                return;
        }
        memory_grow(&r->items, &r->cap, r->count + 1, sizeof(*r->items));
        r->items[r->count++] = (struct builder_range){offset, end};
}

static int compare_begin(const void *left, const void *right)
{
        const struct builder_range *a = left;
        const struct builder_range *b = right;

        return (a->begin > b->begin) - (a->begin < b->begin);
}

void builder_ranges_merge(struct builder_ranges *r)
{
        size_t kept = 0;

        if (r->count == 0)
                return;
        qsort(r->items, r->count, sizeof(*r->items), compare_begin);
        for (size_t i = 1; i < r->count; i++) {
                struct builder_range *last = &r->items[kept];

                if (r->items[i].begin <= last->end)
                        last->end = r->items[i].end > last->end ? r->items[i].end : last->end;
                else
                        r->items[++kept] = r->items[i];
        }
        r->count = kept + 1;
}

void builder_ranges_free(struct builder_ranges *r)
{
        free(r->items);
        *r = (struct builder_ranges)BUILDER_RANGES_INIT;
}

/* --- punching -------------------------------------------------------------- */

static uint64_t round_up(uint64_t n, uint64_t block)
{
        return n > UINT64_MAX - block ? UINT64_MAX / block * block : (n + block - 1) / block * block;
}

/* The whole blocks between two live ranges. */
static struct builder_range dead_blocks(uint64_t begin, uint64_t end, uint64_t block)
{
        struct builder_range dead = {round_up(begin, block), end / block * block};

        if (dead.end < dead.begin)
                dead.end = dead.begin;
        return dead;
}

static int punch_range(int fd, const struct builder_range *dead, const char *what, struct builder_punched *ret,
                       struct error *err)
{
        off_t data = lseek(fd, (off_t)dead->begin, SEEK_DATA);

        /* nothing allocated in it any more: an earlier prune was here */
        if ((data < 0 && errno == ENXIO) || (data >= 0 && (uint64_t)data >= dead->end))
                return 0;
        ret->dead += dead->end - dead->begin;
        if (ret->refused)
                return 0;
        if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)dead->begin,
                      (off_t)(dead->end - dead->begin)) == 0)
                return 0;
        if (errno != EOPNOTSUPP && errno != ENOSYS)
                return error_errno(err, errno, "cannot give back the unused parts of %s", what);
        ret->refused = errno;
        return 0;
}

int builder_ranges_punch(struct builder_ranges *live, int fd, const char *what, struct builder_punched *ret,
                         struct error *err)
{
        uint64_t at = 0;
        uint64_t block;
        uint64_t last;
        struct stat st;

        *ret = (struct builder_punched){0};
        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot examine %s", what);
        block = st.st_blksize > STAT_BLOCK ? (uint64_t)st.st_blksize : STAT_BLOCK;
        /* behind the last range everything goes, the started block at the end of the file with it */
        last = round_up((uint64_t)st.st_size, block);
        builder_ranges_merge(live);
        for (size_t i = 0; i <= live->count; i++) {
                uint64_t end = i < live->count && live->items[i].begin < last ? live->items[i].begin : last;
                struct builder_range dead = dead_blocks(at, end, block);

                if (dead.begin < dead.end && punch_range(fd, &dead, what, ret, err) < 0)
                        return -1;
                if (i < live->count)
                        at = live->items[i].end;
        }
        return 0;
}
