/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on bytes: reading, writing, cutting, and telling the disk about it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

/* No operation may let a file grow beyond what the comparison reads. */
static off_t offset_of(uint64_t arg)
{
        return (off_t)(arg % (SIDE_FILE_MAX - 80000));
}

static size_t size_of(uint64_t arg)
{
        return arg % 80000;
}

int64_t op_pread(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FREE char *bytes = memory_alloc(size_of(a[2]) + 1);
        int64_t n = side_result(pread(side_slot(s, a[0]), bytes, size_of(a[2]), offset_of(a[1])));

        if (n > 0)
                result_bytes(r, "read", bytes, (size_t)n);
        return n;
}

int64_t op_pwrite(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FREE char *bytes = memory_alloc(size_of(a[2]) + 1);

        (void)r;
        side_fill(bytes, size_of(a[2]), a[3]);
        return side_result(pwrite(side_slot(s, a[0]), bytes, size_of(a[2]), offset_of(a[1])));
}

/* At the descriptor's position, which must stay within what a file may have. */
int64_t op_write(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FREE char *bytes = memory_alloc(size_of(a[1]) + 1);
        int fd = side_slot(s, a[0]);
        int64_t n;

        if (lseek(fd, 0, SEEK_CUR) + (off_t)size_of(a[1]) > SIDE_FILE_MAX && lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        if (lseek(fd, 0, SEEK_END) + (off_t)size_of(a[1]) > SIDE_FILE_MAX && lseek(fd, 0, SEEK_SET) == 0 &&
            fcntl(fd, F_GETFL) & O_APPEND && ftruncate(fd, 0) < 0)
                return -errno;
        side_fill(bytes, size_of(a[1]), a[2]);
        n = side_result(write(fd, bytes, size_of(a[1])));
        if (n > 0)
                result_note(r, "position %lld", (long long)lseek(fd, 0, SEEK_CUR));
        return n;
}

int64_t op_read(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FREE char *bytes = memory_alloc(size_of(a[1]) + 1);
        int64_t n = side_result(read(side_slot(s, a[0]), bytes, size_of(a[1])));

        if (n > 0)
                result_bytes(r, "read", bytes, (size_t)n);
        return n;
}

int64_t op_append(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
        char bytes[600];

        (void)s;
        (void)r;
        if (fd < 0)
                return -errno;
        if (lseek(fd, 0, SEEK_END) > SIDE_FILE_MAX - (off_t)sizeof(bytes))
                return side_result(ftruncate(fd, 0));
        side_fill(bytes, sizeof(bytes), a[1]);
        return side_result(write(fd, bytes, 1 + a[1] % (sizeof(bytes) - 1)));
}

int64_t op_writev(struct side *s, const uint64_t *a, struct result *r)
{
        char one[1000], two[5000];
        struct iovec parts[] = {{one, a[2] % sizeof(one)}, {NULL, 0}, {two, a[2] % sizeof(two)}};

        (void)r;
        side_fill(one, sizeof(one), a[2]);
        side_fill(two, sizeof(two), a[2] + 1);
        return side_result(pwritev(side_slot(s, a[0]), parts, ARRAY_SIZE(parts), offset_of(a[1])));
}

int64_t op_readv(struct side *s, const uint64_t *a, struct result *r)
{
        char one[1000] = "", two[5000] = "";
        struct iovec parts[] = {{one, sizeof(one)}, {two, sizeof(two)}};
        int64_t n = side_result(preadv(side_slot(s, a[0]), parts, ARRAY_SIZE(parts), offset_of(a[1])));

        if (n > 0) {
                result_bytes(r, "first", one, sizeof(one));
                result_bytes(r, "second", two, sizeof(two));
        }
        return n;
}

/* open, write, close: the commonest life of a file */
int64_t op_write_path(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FREE char *bytes = memory_alloc(size_of(a[2]) + 1);
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);

        (void)s;
        (void)r;
        if (fd < 0)
                return -errno;
        side_fill(bytes, size_of(a[2]), a[3]);
        return side_result(pwrite(fd, bytes, size_of(a[2]), offset_of(a[1])));
}

int64_t op_truncate(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        struct stat st;

        (void)s;
        (void)r;
        /* the size it has: tmpfs changes the mtime if it has pages, FUSE's writeback cache never does (directories have
           sizes, too, each file system its own) */
        if (stat(arg_path(a[0], &path), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
            st.st_size == offset_of(a[1]))
                return 0;
        return side_result(truncate(arg_path(a[0], &path), offset_of(a[1])));
}

int64_t op_ftruncate(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec since = side_now();
        int64_t rc = side_result(ftruncate(side_slot(s, a[0]), offset_of(a[1])));

        if (rc == 0)
                side_note_ctime(r, side_slot(s, a[0]), NULL, since);
        return rc;
}

int64_t op_seek(struct side *s, const uint64_t *a, struct result *r)
{
        static const int whences[] = {SEEK_SET, SEEK_END, SEEK_CUR};
        struct stat st;

        (void)r;
        if (fstat(side_slot(s, a[0]), &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) /* a position in a directory is each file system's own */
                return -EISDIR;
        return side_result(
                lseek(side_slot(s, a[0]), a[2] & 4 ? -(off_t)a[1] : (off_t)offset_of(a[1]), whences[a[2] % 3]));
}

int64_t op_fsync(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fsync(side_slot(s, a[0])));
}

int64_t op_fdatasync(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fdatasync(side_slot(s, a[0])));
}

int64_t op_syncfs(struct side *s, const uint64_t *a, struct result *r)
{
        (void)a;
        (void)r;
        return side_result(syncfs(s->root));
}

int64_t op_sync_range(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(sync_file_range(side_slot(s, a[0]), offset_of(a[1]), (off_t)size_of(a[2]),
                                           SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
}

/* DONTNEED drops what is clean: the next read asks the server */
int64_t op_advise(struct side *s, const uint64_t *a, struct result *r)
{
        static const int advices[] = {POSIX_FADV_DONTNEED, POSIX_FADV_WILLNEED, POSIX_FADV_RANDOM,
                                      POSIX_FADV_SEQUENTIAL};

        (void)r;
        (void)fdatasync(side_slot(s, a[0]));
        return -posix_fadvise(side_slot(s, a[0]), 0, 0, advices[a[1] % ARRAY_SIZE(advices)]);
}

/* Around the page cache, aligned as every file system takes it. Refusing (EINVAL) is allowed; nothing was done then. */
int64_t op_direct(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_RDWR | O_DIRECT | O_CLOEXEC | O_NONBLOCK);
        char *bytes = NULL;
        int64_t rc;

        (void)s;
        if (fd < 0)
                return -errno;
        if (posix_memalign((void **)&bytes, 4096, 8192) != 0)
                abort();
        side_fill(bytes, 8192, a[2]);
        rc = side_result(pwrite(fd, bytes, 4096, offset_of(a[1]) / 4096 * 4096));
        result_note(r, "wrote %lld", (long long)rc);
        rc = side_result(pread(fd, bytes, 8192, offset_of(a[1]) / 4096 * 4096));
        if (rc > 0)
                result_bytes(r, "read", bytes, (size_t)rc);
        free(bytes);
        return rc;
}

/* Bytes far away, over 4 GiB and at the end of what an offset can say, that are taken back at once. */
int64_t op_far(struct side *s, const uint64_t *a, struct result *r)
{
        static const off_t places[] = {INT64_C(1) << 31, INT64_C(1) << 32, INT64_C(5000000001), INT64_MAX - 1};
        off_t place = places[a[1] % ARRAY_SIZE(places)];
        int fd = side_slot(s, a[0]);
        char byte = 'f';
        struct stat st;
        off_t size;

        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (fcntl(fd, F_GETFL) & O_APPEND))
                return -EBADF;
        size = st.st_size;
        if (pwrite(fd, &byte, 1, place) < 0)
                return -errno;
        result_note(r, "size %lld", (long long)lseek(fd, 0, SEEK_END));
        byte = 0;
        result_note(r, "read %lld: %d", (long long)pread(fd, &byte, 1, place), byte);
        result_note(r, "before it %lld: %d", (long long)pread(fd, &byte, 1, place - 1), byte);
        return side_result(ftruncate(fd, size));
}
