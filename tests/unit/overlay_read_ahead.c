/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk is asked for when a source is read in order, and that it is asked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "overlay/read_ahead.h"
#include "overlay/source.h"
#include "tests/unit/check.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

/* In place of the C library's: what was asked for. */
static unsigned asked;
static uint64_t asked_from, asked_until;

int posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
        (void)fd;
        if (advice != POSIX_FADV_WILLNEED)
                return 0;
        if (asked++ == 0)
                asked_from = (uint64_t)offset;
        asked_until = (uint64_t)(offset + length);
        return 0;
}

/* In place of the real one (--wrap): what the device is like. */
static bool helps = true;
bool __real_overlay_read_ahead_helps(dev_t device);
bool __wrap_overlay_read_ahead_helps(dev_t device);

bool __wrap_overlay_read_ahead_helps(dev_t device)
{
        (void)device;
        return helps;
}

/* Reads [from, until) in pieces; returns how often the disk is asked. What it is asked for follows on without a gap. */
static unsigned read_in_order(struct overlay_read_ahead *ahead, uint64_t from, uint64_t until, uint64_t piece, uint64_t end)
{
        unsigned count = 0;

        for (uint64_t at = from; at < until; at += piece) {
                uint64_t before = ahead->asked, start = 0, size = overlay_read_ahead_note(ahead, at, piece, end, &start);

                if (size == 0)
                        continue;
                count++;
                CHECK_INT(start, before > at + piece ? before : at + piece);
                CHECK(start + size <= end);
                CHECK(start + size - (at + piece) <= 2 * MIB);
                CHECK(start + size == end || size >= MIB);
        }
        return count;
}

static void test_in_order(void)
{
        struct overlay_read_ahead ahead = {0};
        uint64_t from;

        CHECK_INT(overlay_read_ahead_note(&ahead, 0, 128 * KIB, 64 * MIB, &from), 0);
        CHECK_INT(overlay_read_ahead_note(&ahead, 128 * KIB, 128 * KIB, 64 * MIB, &from), 2 * MIB);
        CHECK_INT(from, 256 * KIB);
        CHECK_INT(overlay_read_ahead_note(&ahead, 256 * KIB, 128 * KIB, 64 * MIB, &from), 0);
        /* one MiB each from here on */
        CHECK_INT(read_in_order(&ahead, 384 * KIB, 33 * MIB, 128 * KIB, 64 * MIB), 32);
        /* never past the end */
        CHECK(read_in_order(&ahead, 33 * MIB, 64 * MIB, 128 * KIB, 64 * MIB) <= 31);
        CHECK_INT(ahead.asked, 64 * MIB);
}

static void test_bodies_of_a_tar(void)
{
        struct overlay_read_ahead ahead = {0};
        unsigned count = 0;
        uint64_t from;

        for (uint64_t at = 512; at < 8 * MIB; at += 16 * KIB)
                count += overlay_read_ahead_note(&ahead, at, 15 * KIB, 64 * MIB, &from) > 0;
        CHECK(count >= 7 && count <= 9);
}

static void test_here_and_there(void)
{
        struct overlay_read_ahead ahead = {0};
        uint64_t from;

        /* two readers in turns, one that goes backwards, one that leaps */
        for (uint64_t i = 0; i < 100; i++) {
                CHECK_INT(overlay_read_ahead_note(&ahead, i * 128 * KIB, 128 * KIB, 64 * MIB, &from), 0);
                CHECK_INT(overlay_read_ahead_note(&ahead, 32 * MIB + i * 128 * KIB, 128 * KIB, 64 * MIB, &from), 0);
        }
        for (uint64_t i = 100; i-- > 0;)
                CHECK_INT(overlay_read_ahead_note(&ahead, i * 128 * KIB, 128 * KIB, 64 * MIB, &from), 0);
        for (uint64_t i = 0; i < 100; i++)
                CHECK_INT(overlay_read_ahead_note(&ahead, i * 256 * KIB, 128 * KIB, 64 * MIB, &from), 0);
        /* and in order again */
        CHECK(read_in_order(&ahead, 0, 8 * MIB, 128 * KIB, 64 * MIB) > 0);
}

/* --- a source ------------------------------------------------------------------------- */

static int open_file(void *context, const char *name, int *ret_fd, struct error *err)
{
        (void)name;
        *ret_fd = open(context, O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? error_errno(err, errno, "cannot open") : 0;
}

static unsigned read_source(struct overlay_source *source)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *bytes = memory_alloc(128 * KIB);

        asked = 0;
        for (uint64_t at = 0; at < 4 * MIB; at += 128 * KIB)
                CHECK_OK(overlay_source_read(source, bytes, 128 * KIB, at, &err));
        return asked;
}

static void test_source(void)
{
        char path[] = "/tmp/bryo-read-ahead-XXXXXX";
        struct overlay_pool_options options = {.open = open_file, .context = path};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = mkstemp(path);
        struct overlay_pool *pool = overlay_pool_new(&options);
        struct overlay_source *source = NULL;

        CHECK_INT(ftruncate(fd, (off_t)(8 * MIB)), 0);
        CHECK_OK(overlay_pool_ensure(pool, "data/1", 8 * MIB, &source, &err));
        CHECK(read_source(source) >= 4 && asked <= 5);
        CHECK_INT(asked_from, 256 * KIB);
        CHECK(asked_until > 4 * MIB && asked_until <= 6 * MIB);
        /* what this process writes itself is not on the disk yet */
        CHECK_OK(overlay_source_pin(source, fd, &err));
        CHECK_INT(read_source(source), 0);
        overlay_source_unpin(source);
        overlay_source_unref(source);
        overlay_pool_free(pool);

        /* a device on which the kernel does better by itself */
        helps = false;
        pool = overlay_pool_new(&options);
        CHECK_OK(overlay_pool_ensure(pool, "data/1", 8 * MIB, &source, &err));
        CHECK_INT(read_source(source), 0);
        overlay_source_unref(source);
        overlay_pool_free(pool);
        CHECK_INT(unlink(path), 0);
}

/* Any device here that the kernel tells something of. */
static void test_device(void)
{
        DIR *dir = opendir("/sys/class/bdi");
        struct dirent *entry;
        unsigned numbers[2];

        CHECK(__real_overlay_read_ahead_helps(makedev(4095, 1)));
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
                CLEANUP_FREE char *path = memory_printf("/sys/class/bdi/%s/read_ahead_kb", entry->d_name);
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (sscanf(entry->d_name, "%u:%u", &numbers[0], &numbers[1]) != 2)
                        continue;
                CHECK_OK(fd_read_file(AT_FDCWD, path, 1 << 16, false, &text, &err));
                CHECK_INT(__real_overlay_read_ahead_helps(makedev(numbers[0], numbers[1])),
                          strtoul(buffer_text(&text), NULL, 10) < 1024);
        }
        if (dir != NULL)
                closedir(dir);
}

int main(void)
{
        CHECK_RUN(test_in_order);
        CHECK_RUN(test_bodies_of_a_tar);
        CHECK_RUN(test_here_and_there);
        CHECK_RUN(test_source);
        CHECK_RUN(test_device);
        return CHECK_END();
}
