/* SPDX-License-Identifier: Apache-2.0 */
/* Holes, where the data is, fallocate(2), and files larger than any disk. */
#include <stdlib.h>

#include "tests/fs/probe.h"

#define KIB  1024L
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE 4096

static void write_at(const char *path, const char *text, off_t offset)
{
        int fd = probe_open(path, O_WRONLY | O_CREAT, 0644);

        CHECK_INT(pwrite(fd, text, strlen(text), offset), strlen(text));
        CHECK_ERROR(close(fd), 0);
}

static void check_at(const char *path, const char *text, off_t offset)
{
        char bytes[64] = "";
        int fd = probe_open(path, O_RDONLY, 0);

        CHECK_INT(pread(fd, bytes, strlen(text), offset), strlen(text));
        CHECK_STR(bytes, text);
        CHECK_ERROR(close(fd), 0);
}

/* --- SEEK_HOLE and SEEK_DATA --- */

static void check_seek(int fd, off_t from, off_t data, off_t hole)
{
        CHECK_INT(lseek(fd, from, SEEK_DATA), data);
        CHECK_INT(lseek(fd, from, SEEK_HOLE), hole);
}

static void seek_below(void)
{
        write_at("lower", "data", MIB);
        CHECK_ERROR(truncate("lower", 4 * MIB), 0);
}

static void seek_live(void)
{
        int fd = probe_open("upper", O_RDWR | O_CREAT, 0600);

        CHECK_INT(pwrite(fd, "data", 4, MIB), 4);
        CHECK_ERROR(ftruncate(fd, 4 * MIB), 0);
        /* what is written passes through the page cache, and comes out in whole pages */
        check_seek(fd, 0, MIB, 0);
        check_seek(fd, MIB, MIB, MIB + PAGE);
        check_seek(fd, MIB + PAGE, -1, MIB + PAGE);
        CHECK_INT(pwrite(fd, "more", 4, 3 * MIB), 4);
        check_seek(fd, 2 * MIB, 3 * MIB, 2 * MIB);
        check_seek(fd, 3 * MIB, 3 * MIB, 3 * MIB + PAGE);
        CHECK_ERROR(lseek(fd, 3 * MIB + PAGE, SEEK_DATA), ENXIO);
        CHECK_ERROR(lseek(fd, 4 * MIB, SEEK_HOLE), ENXIO);
        CHECK_ERROR(lseek(fd, 4 * MIB, SEEK_DATA), ENXIO);
        CHECK_ERROR(lseek(fd, -1, SEEK_DATA), ENXIO);
        CHECK_INT(lseek(fd, -4, SEEK_END), 4 * MIB - 4);
        CHECK_ERROR(lseek(fd, -1, SEEK_SET), EINVAL);
        CHECK(probe_stat("upper").st_blocks < 64);
        CHECK_ERROR(close(fd), 0);
        write_at("lower", "more", 3 * MIB);
}

/* A layer has zeros where holes were (doc/layer.md), so in a reloaded one all is data, as lseek(2) allows. */
static void check_sparse(const char *path)
{
        int fd = probe_open(path, O_RDONLY, 0);

        CHECK_INT(probe_stat(path).st_size, 4 * MIB);
        check_at(path, "data", MIB);
        check_at(path, "more", 3 * MIB);
        check_at(path, "", 2 * MIB);
        CHECK_INT(lseek(fd, MIB, SEEK_DATA), MIB);
        CHECK_INT(lseek(fd, 3 * MIB, SEEK_DATA), 3 * MIB);
        CHECK(lseek(fd, MIB, SEEK_HOLE) > MIB);
        CHECK_ERROR(lseek(fd, 4 * MIB, SEEK_DATA), ENXIO);
        CHECK_ERROR(close(fd), 0);
}

static void seek_verify(void)
{
        int fd = probe_open("upper", O_RDONLY, 0);

        check_sparse("lower");
        check_sparse("upper");
        if (probe_phase() != PROBE_RELOADED)
                check_seek(fd, 0, MIB, 0);
        CHECK_ERROR(close(fd), 0);
}

/* --- fallocate --- */

static void allocate_below(void)
{
        write_at("punched", "0123456789", 0);
        write_at("zeroed", "0123456789", 0);
        write_at("grown", "0123456789", 0);
        write_at("kept", "0123456789", 0);
}

static void allocate_live(void)
{
        int fd = probe_open("punched", O_RDWR, 0);

        CHECK_ERROR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3), 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8, 100), 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096), EOPNOTSUPP);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, 4096), EOPNOTSUPP);
        CHECK_ERROR(fallocate(fd, 0, 0, 0), EINVAL);
        CHECK_ERROR(fallocate(fd, 0, -1, 1), EINVAL);
        CHECK_ERROR(fallocate(fd, 0, INT64_MAX - 1, 2), EFBIG);
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("zeroed", O_RDWR, 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_ZERO_RANGE, 8, 4), 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0, 1), 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 10, 100), 0);
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("grown", O_RDWR, 0);
        CHECK_ERROR(fallocate(fd, 0, 5, 10), 0);
        CHECK_ERROR(posix_fallocate(fd, 0, 20), 0);
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("kept", O_RDWR, 0);
        CHECK_ERROR(fallocate(fd, FALLOC_FL_KEEP_SIZE, 5, 1000), 0);
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("kept", O_RDONLY, 0);
        CHECK_ERROR(fallocate(fd, 0, 0, 100), EBADF);
        CHECK_ERROR(close(fd), 0);
}

static void check_all(const char *path, const char *bytes, size_t size)
{
        char *found = memory_zalloc(size + 1, 1);
        int fd = probe_open(path, O_RDONLY, 0);

        CHECK_INT(read(fd, found, size + 1), size);
        CHECK(memcmp(found, bytes, size) == 0);
        CHECK_ERROR(close(fd), 0);
        free(found);
}

static void allocate_verify(void)
{
        check_all("punched",
                  "01\0\0\0"
                  "567\0\0",
                  10);
        check_all("zeroed",
                  "\0"
                  "1234567\0\0\0\0",
                  12);
        check_all("grown", "0123456789\0\0\0\0\0\0\0\0\0\0", 20);
        check_all("kept", "0123456789", 10);
}

/* --- beyond 4 GiB --- */

static void large_below(void)
{
        write_at("f", "first", 0);
        write_at("f", "last", 4 * GIB + 10);
}

static void large_live(void)
{
        write_at("f", "middle", 4 * GIB - 3);
        write_at("f", "end", 5 * GIB);
        CHECK_ERROR(truncate("f", 5 * GIB + 1), 0);
}

static void large_verify(void)
{
        CHECK_INT(probe_stat("f").st_size, 5 * GIB + 1);
        check_at("f", "first", 0);
        check_at("f", "middle", 4 * GIB - 3);
        check_at("f", "last", 4 * GIB + 10);
        check_at("f", "e", 5 * GIB);
}

/* --- up to 2^63 - 1, which no layer can hold: gone when the step ends --- */

static void far_live(void)
{
        int fd = probe_open("f", O_RDWR | O_CREAT, 0600);
        char byte = 0;

        CHECK_INT(pwrite(fd, "x", 1, INT64_MAX - 1), 1);
        CHECK_INT(probe_stat("f").st_size, INT64_MAX);
        CHECK_INT(pread(fd, &byte, 1, INT64_MAX - 1), 1);
        CHECK_INT(byte, 'x');
        CHECK_INT(lseek(fd, 0, SEEK_DATA), INT64_MAX / PAGE * PAGE);
        CHECK_ERROR(pwrite(fd, "x", 1, INT64_MAX), EINVAL); /* the kernel, before any file system */
        CHECK_ERROR(lseek(fd, 1, SEEK_END), EINVAL);
        CHECK(probe_stat("f").st_blocks < 100);
        CHECK_ERROR(ftruncate(fd, 1), 0);
        CHECK_ERROR(ftruncate(fd, INT64_MAX), 0);
        CHECK_ERROR(ftruncate(fd, 3 * GIB), 0);
        CHECK_ERROR(ftruncate(fd, 5), 0);
        CHECK_ERROR(close(fd), 0);
}

static void far_verify(void)
{
        check_all("f", "\0\0\0\0\0", 5);
}

static const struct probe probes[] = {
        {"seek-hole-and-data", seek_below, NULL, seek_live, seek_verify},
        {"fallocate", allocate_below, NULL, allocate_live, allocate_verify},
        {"offsets-to-2^63-1", NULL, NULL, far_live, far_verify},
};
PROBE_TOPIC(probe_holes, "holes", probes);

/* Apart, because the layer of a file of 5 GiB is as large: it is sealed, but never saved. */
static const struct probe large_probes[] = {
        {"files-over-4-gib", large_below, NULL, large_live, large_verify},
};
PROBE_TOPIC(probe_large, "large", large_probes);
