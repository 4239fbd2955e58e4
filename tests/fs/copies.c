/* SPDX-License-Identifier: Apache-2.0 */
/* copy_file_range(2): between files of any layers, and without moving bytes. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include <linux/fs.h>

#include "tests/fs/probe.h"

#define PIECE  100000
#define MIB    ((size_t)1 << 20)
#define SHARED (4 * MIB)

static void fill(const char *path, char byte, size_t size)
{
        char *bytes = memory_zalloc(size, 1);
        int fd = probe_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

        memset(bytes, byte, size);
        CHECK_INT(write(fd, bytes, size), size);
        CHECK_ERROR(close(fd), 0);
        free(bytes);
}

static void copy(const char *from, off_t from_offset, const char *to, off_t to_offset, size_t size)
{
        int in = probe_open(from, O_RDONLY, 0), out = probe_open(to, O_RDWR | O_CREAT, 0644);

        while (size > 0) {
                ssize_t n = copy_file_range(in, &from_offset, out, &to_offset, size, 0);

                CHECK(n > 0);
                if (n <= 0)
                        break;
                size -= (size_t)n;
        }
        CHECK_ERROR(close(in), 0);
        CHECK_ERROR(close(out), 0);
}

static void check_bytes(const char *path, const char *order, size_t size)
{
        char *bytes = memory_zalloc(size + 1, 1);
        int fd = probe_open(path, O_RDONLY, 0);
        size_t wrong = 0;

        CHECK_INT(read(fd, bytes, size + 1), size);
        for (size_t i = 0; i < size; i++)
                wrong += bytes[i] != order[i / PIECE];
        CHECK_INT(wrong, 0);
        CHECK_ERROR(close(fd), 0);
        free(bytes);
}

/* --- from each kind of file to each --- */

static void layers_below(void)
{
        fill("low", 'l', 2 * PIECE);
        fill("into", 'i', 3 * PIECE);
}

static void layers_middle(void)
{
        fill("middle", 'm', 2 * PIECE);
}

static void layers_live(void)
{
        fill("upper", 'u', 2 * PIECE);
        copy("low", 0, "all", 0, PIECE);
        copy("middle", PIECE, "all", PIECE, PIECE);
        copy("upper", PIECE / 2, "all", 2 * PIECE, PIECE);
        copy("all", 0, "into", PIECE, PIECE);
        copy("into", 2 * PIECE, "upper", 2 * PIECE, PIECE);
        /* the copy is one: changing either leaves the other */
        fill("middle", 'x', PIECE);
        copy("all", 2 * PIECE, "later", 0, PIECE);
        copy("low", PIECE, "all", 2 * PIECE, PIECE);
}

static void layers_verify(void)
{
        check_bytes("low", "ll", 2 * PIECE);
        check_bytes("middle", "x", PIECE);
        check_bytes("all", "lml", 3 * PIECE);
        check_bytes("into", "ili", 3 * PIECE);
        check_bytes("upper", "uui", 3 * PIECE);
        check_bytes("later", "u", PIECE);
}

/* --- what it answers --- */

static void answers_below(void)
{
        probe_put("f", "0123456789");
}

static void answers_live(void)
{
        int fd = probe_open("f", O_RDWR, 0), out = probe_open("out", O_RDWR | O_CREAT, 0644), read_only, dir, append;
        off_t from = 8, to = 0;

        CHECK_INT(copy_file_range(fd, &from, out, &to, 100, 0), 2);
        CHECK_INT(from, 10);
        CHECK_INT(to, 2);
        CHECK_INT(copy_file_range(fd, &from, out, &to, 100, 0), 0);
        from = 0;
        to = 5;
        CHECK_ERROR(copy_file_range(fd, &from, fd, &to, 6, 0), EINVAL);
        CHECK_INT(copy_file_range(fd, &from, fd, &to, 5, 0), 5);
        read_only = probe_open("f", O_RDONLY, 0);
        CHECK_ERROR(copy_file_range(fd, NULL, read_only, NULL, 1, 0), EBADF);
        append = probe_open("out", O_WRONLY | O_APPEND, 0);
        CHECK_ERROR(copy_file_range(fd, NULL, append, NULL, 1, 0), EBADF);
        dir = probe_open(".", O_RDONLY | O_DIRECTORY, 0);
        CHECK_ERROR(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
        CHECK_ERROR(copy_file_range(fd, NULL, out, NULL, 1, 1), EINVAL);
        to = 3;
        CHECK_INT(sendfile(out, fd, &to, 3), 3);
        /* not offered: cp --reflink=auto then copies */
        CHECK(ioctl(out, FICLONE, fd) == -1 && (errno == EOPNOTSUPP || errno == ENOTTY));
}

static void answers_verify(void)
{
        CHECK_STR(probe_get("f"), "0123401234");
        CHECK_STR(probe_get("out"), "340");
}

/* --- extents are shared: 20 MiB of copies take no space; the test that runs this looks at the store's disk --- */

static void shared_below(void)
{
        char *bytes = memory_zalloc(MIB, 1);
        int fd = probe_open("low", O_WRONLY | O_CREAT, 0644);

        srandom(1);
        for (int i = 0; i < 4; i++) {
                for (size_t j = 0; j < MIB; j++)
                        bytes[j] = (char)random();
                CHECK_INT(write(fd, bytes, MIB), MIB);
        }
        CHECK_ERROR(close(fd), 0);
        free(bytes);
}

static void shared_live(void)
{
        copy("low", 0, "copies", 0, SHARED);
        copy("copies", 0, "copies", (off_t)SHARED, SHARED);
        copy("copies", 0, "more", 0, 2 * SHARED);
        copy("low", MIB / 2, "odd", 3, (SHARED - MIB));
}

static void shared_verify(void)
{
        char *low = memory_zalloc(4, MIB), *bytes = memory_zalloc(4, MIB);
        int fd = probe_open("low", O_RDONLY, 0);

        CHECK_INT(read(fd, low, SHARED), SHARED);
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("more", O_RDONLY, 0);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(read(fd, bytes, SHARED), SHARED);
                CHECK(memcmp(low, bytes, SHARED) == 0);
        }
        CHECK_ERROR(close(fd), 0);
        fd = probe_open("odd", O_RDONLY, 0);
        CHECK_INT(pread(fd, bytes, SHARED, 3), (SHARED - MIB));
        CHECK(memcmp(low + MIB / 2, bytes, (SHARED - MIB)) == 0);
        CHECK_ERROR(close(fd), 0);
        free(low);
        free(bytes);
}

static const struct probe probes[] = {
        {"between-files-of-any-layer", layers_below, layers_middle, layers_live, layers_verify},
        {"what-copy-file-range-answers", answers_below, NULL, answers_live, answers_verify},
        {"copies-share-extents", shared_below, NULL, shared_live, shared_verify},
};
PROBE_TOPIC(probe_copies, "copies", probes);
