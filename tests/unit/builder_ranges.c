/* SPDX-License-Identifier: Apache-2.0 */
/* Live ranges: merging, and what of a file survives punching. */
#define BLOCKS 16

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/ranges.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static char *describe(const struct builder_ranges *r)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < r->count; i++)
                buffer_printf(&text, "%" PRIu64 "-%" PRIu64 " ", r->items[i].begin, r->items[i].end);
        return buffer_steal(&text);
}

static void test_merge(void)
{
        static const struct {
                uint64_t pairs[12]; /* offset, length; ends with length 0 after the first */
                const char *merged;
        } rows[] = {
                {{0}, ""},
                {{5, 3}, "5-8 "},
                {{0, 4, 4, 4}, "0-8 "},
                {{4, 4, 0, 4}, "0-8 "},
                {{0, 4, 5, 4}, "0-4 5-9 "},
                {{0, 10, 2, 3, 20, 1}, "0-10 20-21 "},
                {{20, 1, 2, 3, 0, 10, 9, 11}, "0-21 "},
                {{7, 2, 7, 5, 7, 1}, "7-12 "},
                {{UINT64_MAX - 1, 100, 3, 1}, "3-4 18446744073709551614-18446744073709551615 "},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct builder_ranges r = BUILDER_RANGES_INIT;
                CLEANUP_FREE char *text = NULL;

                for (size_t k = 0; rows[i].pairs[k + 1] > 0; k += 2)
                        builder_ranges_add(&r, rows[i].pairs[k], rows[i].pairs[k + 1]);
                builder_ranges_merge(&r);
                text = describe(&r);
                CHECK_STR(text, rows[i].merged);
                builder_ranges_free(&r);
        }
}

/* A file of BLOCKS blocks and a started one, with every byte 'x'. */
static int make_file(size_t block, size_t *ret_size)
{
        char name[] = "/var/tmp/bryo-ranges.XXXXXX";
        CLEANUP_FREE char *bytes = NULL;
        int fd = mkostemp(name, O_CLOEXEC);

        *ret_size = block * BLOCKS + 100;
        bytes = memory_alloc(*ret_size);
        memset(bytes, 'x', *ret_size);
        if (fd < 0 || unlink(name) < 0 || fd_write_all(fd, bytes, *ret_size) < 0 || fsync(fd) < 0)
                CHECK_SKIP("cannot write to /var/tmp");
        return fd;
}

/* One letter a block: x whole, 0 zeros, m both. */
static char *read_blocks(int fd, size_t block, size_t size)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *bytes = memory_alloc(size);

        if (fd_pread_all(fd, bytes, size, 0) < 0)
                return memory_strdup("cannot be read");
        for (size_t at = 0; at < size; at += block) {
                size_t end = at + block < size ? at + block : size;
                size_t zeros = 0;

                for (size_t i = at; i < end; i++)
                        zeros += bytes[i] == '\0';
                buffer_append_char(&text, zeros == 0 ? 'x' : zeros == end - at ? '0' : 'm');
        }
        return buffer_steal(&text);
}

static void punch(const uint64_t *pairs, size_t count, size_t unit, const char *expected, uint64_t expected_dead)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_ranges live = BUILDER_RANGES_INIT;
        struct builder_punched punched;
        CLEANUP_FREE char *seen = NULL;
        struct stat before, after;
        CLEANUP_FD int fd = -1;
        size_t size;

        fd = make_file(unit, &size);
        CHECK_INT(fstat(fd, &before), 0);
        for (size_t i = 0; i < count; i += 2)
                builder_ranges_add(&live, pairs[i], pairs[i + 1]);
        CHECK_OK(builder_ranges_punch(&live, fd, "the file", &punched, &err));
        if (punched.refused)
                CHECK_SKIP("/var/tmp takes no holes");
        seen = read_blocks(fd, unit, size);
        CHECK_STR(seen, expected);
        CHECK_INT(punched.dead, expected_dead);
        CHECK_INT(fstat(fd, &after), 0);
        CHECK_INT(after.st_size, before.st_size);
        CHECK_INT((before.st_blocks - after.st_blocks) * 512, punched.dead);
        /* a second time there is nothing left to give back */
        CHECK_OK(builder_ranges_punch(&live, fd, "the file", &punched, &err));
        CHECK_INT(punched.dead, 0);
        builder_ranges_free(&live);
}

static void test_punch(void)
{
        struct stat st;
        uint64_t b;

        CHECK_INT(stat("/var/tmp", &st), 0);
        b = (uint64_t)st.st_blksize;
        {
                /* started blocks stay whole */
                const uint64_t pairs[] = {b + 1, 1, 4 * b - 1, 2, 8 * b, 2 * b};

                punch(pairs, ARRAY_SIZE(pairs), b, "0x0xx000xx0000000", 12 * b);
        }
        {
                const uint64_t pairs[] = {0, 16 * b + 100};

                punch(pairs, ARRAY_SIZE(pairs), b, "xxxxxxxxxxxxxxxxx", 0);
        }
        {
                /* only the tail */
                const uint64_t pairs[] = {16 * b + 50, 1};

                punch(pairs, ARRAY_SIZE(pairs), b, "0000000000000000x", 16 * b);
        }
        {
                /* live bytes that an index claims behind the end hurt nothing */
                const uint64_t pairs[] = {0, 1, 1000 * b, 5};

                punch(pairs, ARRAY_SIZE(pairs), b, "x0000000000000000", 16 * b);
        }
        punch(NULL, 0, b, "00000000000000000", 17 * b);
}

int main(void)
{
        CHECK_RUN(test_merge);
        CHECK_RUN(test_punch);
        return CHECK_END();
}
