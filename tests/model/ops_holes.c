/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on where bytes are: holes, reservations, and copies that need not move any. */
#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

static off_t offset_of(uint64_t arg)
{
        return (off_t)(arg % (SIDE_FILE_MAX - 80000));
}

int64_t op_fallocate(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fallocate(side_slot(s, a[0]), 0, offset_of(a[1]), (off_t)a[2]));
}

int64_t op_fallocate_keep(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fallocate(side_slot(s, a[0]), FALLOC_FL_KEEP_SIZE, offset_of(a[1]), (off_t)a[2]));
}

int64_t op_punch(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fallocate(side_slot(s, a[0]), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset_of(a[1]),
                                     (off_t)a[2]));
}

/* tmpfs has none: there a punched hole and, where the file grows, a longer file are the same. */
int64_t op_zero_range(struct side *s, const uint64_t *a, struct result *r)
{
        int fd = side_slot(s, a[0]), keep = a[3] & 1 ? FALLOC_FL_KEEP_SIZE : 0;
        off_t offset = offset_of(a[1]), size = (off_t)a[2];
        struct stat st;

        (void)r;
        if (s->is_union)
                return side_result(fallocate(fd, FALLOC_FL_ZERO_RANGE | keep, offset, size));
        if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size) < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!keep && st.st_size < offset + size)
                return side_result(ftruncate(fd, offset + size));
        return 0;
}

/* Neither side offers these: EOPNOTSUPP, never a wrong file. */
int64_t op_collapse(struct side *s, const uint64_t *a, struct result *r)
{
        static const int modes[] = {FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE};

        (void)r;
        return side_result(fallocate(side_slot(s, a[0]), modes[a[1] % ARRAY_SIZE(modes)], 4096, 4096));
}

/*
 * Where data begins and ends is each file system's own business, in whole pages or in bytes; compare.c checks that
 * holes are zeros. The same everywhere: where there is nothing any more, and that the end is a hole.
 */
static int64_t seek(struct side *s, const uint64_t *a, int whence)
{
        int fd = side_slot(s, a[0]);
        off_t at = offset_of(a[1]), place, found;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) /* a position in a directory is each file system's own */
                return -EISDIR;
        place = lseek(fd, 0, SEEK_CUR);
        found = side_result(lseek(fd, at, whence));
        /* which is nothing to compare later */
        if (lseek(fd, place, SEEK_SET) != place)
                return -errno;
        /* no data up to the end: a hole to one may be data to the other */
        if (found < 0)
                return whence == SEEK_DATA && found == -ENXIO && at < st.st_size ? 0 : found;
        return found < at || found > st.st_size ? -ERANGE : 0;
}

int64_t op_seek_data(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return seek(s, a, SEEK_DATA);
}

int64_t op_seek_hole(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return seek(s, a, SEEK_HOLE);
}

int64_t op_copy_range(struct side *s, const uint64_t *a, struct result *r)
{
        off_t in = offset_of(a[1]), out = offset_of(a[3]);

        (void)r;
        return side_result(copy_file_range(side_slot(s, a[0]), &in, side_slot(s, a[2]), &out, a[4] % 80000, 0));
}

int64_t op_sendfile(struct side *s, const uint64_t *a, struct result *r)
{
        off_t in = offset_of(a[1]);
        int out = side_slot(s, a[2]);

        (void)r;
        if (fcntl(out, F_GETFL) & O_APPEND || lseek(out, 0, SEEK_SET) < 0)
                return -EINVAL;
        return side_result(sendfile(out, side_slot(s, a[0]), &in, a[3] % 80000));
}

/* Through a pipe, a page or less. */
int64_t op_splice(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FD int in = -1;
        CLEANUP_FD int out = -1;
        off_t from = offset_of(a[1]), to = offset_of(a[3]);
        int64_t n;
        int pair[2];

        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        in = pair[0];
        out = pair[1];
        n = side_result(splice(side_slot(s, a[0]), &from, out, NULL, 4096, SPLICE_F_NONBLOCK));
        if (n <= 0)
                return n;
        result_note(r, "into the pipe %lld", (long long)n);
        return side_result(splice(in, NULL, side_slot(s, a[2]), &to, (size_t)n, SPLICE_F_NONBLOCK));
}

/* A new file that is mostly hole. */
int64_t op_sparse(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        char bytes[5000];

        (void)s;
        (void)r;
        if (fd < 0)
                return -errno;
        side_fill(bytes, sizeof(bytes), a[2]);
        if (ftruncate(fd, SIDE_FILE_MAX / 2) < 0)
                return -errno;
        return side_result(pwrite(fd, bytes, a[2] % sizeof(bytes), offset_of(a[1]) / 2));
}
