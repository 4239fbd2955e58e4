/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing, truncating and appending over bytes of several layers. */
#include <stdlib.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

#define PIECE 10000

static const char *piece(char byte, size_t size)
{
        char *bytes = memory_zalloc(size + 1, 1);

        memset(bytes, byte, size);
        return bytes;
}

static void write_at(const char *path, char byte, size_t size, off_t offset)
{
        int fd = probe_open(path, O_WRONLY | O_CREAT, 0644);

        CHECK_INT(pwrite(fd, piece(byte, size), size, offset), size);
        CHECK_ERROR(close(fd), 0);
}

/* The file is runs of bytes: "a10000 b20 ..." in `expected`, each a byte and how often; '0' stands for NUL. */
static void check_runs(const char *path, const char *expected)
{
        struct stat st = probe_stat(path);
        char *bytes = memory_zalloc((size_t)st.st_size + 1, 1), *found = memory_zalloc(4096, 1), *end = found;
        int fd = probe_open(path, O_RDONLY, 0);
        off_t i = 0;

        CHECK_INT(read(fd, bytes, (size_t)st.st_size + 1), st.st_size);
        CHECK_ERROR(close(fd), 0);
        while (i < st.st_size && end < found + 4000) {
                off_t begin = i;

                while (i < st.st_size && bytes[i] == bytes[begin])
                        i++;
                end += sprintf(end, "%c%lld ", bytes[begin] == '\0' ? '0' : bytes[begin], (long long)(i - begin));
        }
        CHECK_STR(found, expected);
        free(bytes);
        free(found);
}

/* --- one file, its bytes from every layer --- */

static void layers_below(void)
{
        write_at("f", 'a', 10 * PIECE, 0);
        write_at("g", 'a', 10 * PIECE, 0);
        write_at("h", 'a', 10 * PIECE, 0);
}

static void layers_middle(void)
{
        write_at("f", 'm', PIECE, 2 * PIECE);
        write_at("f", 'm', PIECE, 10 * PIECE);
        write_at("g", 'm', PIECE, 9 * PIECE + 1);
        write_at("h", 'm', 3, 7);
}

static void layers_live(void)
{
        check_runs("f", "a20000 m10000 a70000 m10000 ");
        write_at("f", 'u', PIECE, PIECE + 5000);
        write_at("f", 'u', 1, 11 * PIECE - 1);
        write_at("f", 'v', 100, PIECE + 6000);
        write_at("h", 'u', PIECE, 10 * PIECE + 1000);
        CHECK_ERROR(truncate("g", 9 * PIECE + 100), 0);
        write_at("g", 'u', 10, 9 * PIECE + 50);
}

static void layers_verify(void)
{
        check_runs("f", "a15000 u1000 v100 u8900 m5000 a70000 m9999 u1 ");
        check_runs("g", "a90001 m49 u10 m40 ");
        check_runs("h", "a7 m3 a99990 01000 u10000 ");
}

/* --- truncated down and up: what was cut never comes back --- */

static void truncate_below(void)
{
        write_at("down", 'a', 3 * PIECE, 0);
        write_at("up", 'a', PIECE, 0);
        write_at("both", 'a', 3 * PIECE, 0);
        write_at("open", 'a', PIECE, 0);
        write_at("linked", 'a', PIECE, 0);
        CHECK_ERROR(link("linked", "link"), 0);
}

static void truncate_middle(void)
{
        write_at("both", 'm', PIECE, PIECE);
        CHECK_ERROR(truncate("down", 2 * PIECE), 0);
}

static void truncate_live(void)
{
        int fd;

        CHECK_ERROR(truncate("down", 100), 0);
        CHECK_ERROR(truncate("down", 200), 0);
        CHECK_ERROR(truncate("up", 2 * PIECE), 0);
        CHECK_ERROR(truncate("both", 2 * PIECE - 1), 0);
        CHECK_ERROR(truncate("both", 4 * PIECE), 0);
        write_at("both", 'u', 1, 2 * PIECE + 10);
        CHECK_ERROR(truncate("both", 3 * PIECE), 0);
        /* `> file` */
        fd = probe_open("open", O_WRONLY | O_TRUNC, 0);
        CHECK_INT(probe_stat("open").st_size, 0);
        CHECK_INT(write(fd, "new", 3), 3);
        CHECK_ERROR(close(fd), 0);
        probe_put("link", "both");
        probe_put("upper", "first");
        probe_put("upper", "2nd");
        CHECK_ERROR(truncate("missing", 0), ENOENT);
        CHECK_ERROR(truncate(".", 0), EISDIR);
        CHECK_ERROR(truncate("up", -1), EINVAL);
}

static void truncate_verify(void)
{
        check_runs("down", "a100 0100 ");
        check_runs("up", "a10000 010000 ");
        check_runs("both", "a10000 m9999 011 u1 09989 ");
        CHECK_STR(probe_get("open"), "new");
        CHECK_STR(probe_get("linked"), "both");
        CHECK_INT(probe_stat("linked").st_nlink, 2);
        CHECK_STR(probe_get("upper"), "2nd");
}

/* --- O_APPEND from many writers: every record whole, none lost --- */

#define WRITERS 4
#define RECORDS 250
#define RECORD  37

static void append_below(void)
{
        probe_put("log", "begin\n");
}

static void append_records(int writer)
{
        int fd = probe_open("log", O_WRONLY | O_APPEND, 0);
        char record[RECORD + 1];

        for (int i = 0; i < RECORDS; i++) {
                snprintf(record, sizeof record, "%d %05d %*s\n", writer, i, RECORD - 9, "record");
                if (write(fd, record, RECORD) != RECORD)
                        _exit(1);
        }
        _exit(close(fd) == 0 ? 0 : 1);
}

static void append_live(void)
{
        for (int writer = 0; writer < WRITERS; writer++)
                if (fork() == 0)
                        append_records(writer);
        for (int writer = 0; writer < WRITERS; writer++) {
                int status = -1;

                CHECK(wait(&status) > 0);
                CHECK_INT(status, 0);
        }
}

static void append_verify(void)
{
        FILE *log = fopen("log", "re");
        int next[WRITERS] = {0}, writer, number;
        char line[100];

        CHECK(log != NULL && fgets(line, sizeof line, log) != NULL);
        CHECK_STR(line, "begin\n");
        while (log != NULL && fgets(line, sizeof line, log) != NULL) {
                CHECK_INT(strlen(line), RECORD);
                CHECK_INT(sscanf(line, "%d %d record", &writer, &number), 2);
                CHECK(writer >= 0 && writer < WRITERS);
                if (writer >= 0 && writer < WRITERS)
                        CHECK_INT(number, next[writer]++);
        }
        for (writer = 0; writer < WRITERS; writer++)
                CHECK_INT(next[writer], RECORDS);
        if (log != NULL)
                fclose(log);
}

/* --- many small pieces, scattered, vectored and overlapping --- */

static void pieces_below(void)
{
        write_at("f", 'a', 5 * PIECE, 0);
}

static void pieces_live(void)
{
        int fd = probe_open("f", O_RDWR, 0);
        char b[] = "bb", c[] = "cc", x[3] = "", y[3] = "";
        const struct iovec out[] = {{b, 2}, {c, 2}}, in[] = {{x, 2}, {y, 2}};

        for (int i = 4999; i >= 0; i--)
                CHECK_INT(pwrite(fd, "u", 1, 10 * (i * 7 % 5000)), 1);
        CHECK_INT(pwritev(fd, out, 2, 1), 4);
        CHECK_INT(preadv(fd, in, 2, 1), 4);
        CHECK_STR(x, "bb");
        CHECK_STR(y, "cc");
        CHECK_INT(pwrite(fd, "", 0, 100 * PIECE), 0);
        CHECK_ERROR(pwrite(fd, "x", 1, -1), EINVAL);
        CHECK_ERROR(close(fd), 0);
}

static void pieces_verify(void)
{
        char *bytes = memory_zalloc(5 * PIECE, 1);
        int fd = probe_open("f", O_RDONLY, 0), wrong = 0;

        CHECK_INT(probe_stat("f").st_size, 5 * PIECE);
        CHECK_INT(read(fd, bytes, 5 * PIECE), 5 * PIECE);
        CHECK(memcmp(bytes, "ubbccaaaaau", 11) == 0);
        for (int i = 10; i < 5 * PIECE; i++)
                wrong += bytes[i] != (i % 10 == 0 ? 'u' : 'a');
        CHECK_INT(wrong, 0);
        close(fd);
        free(bytes);
}

/* --- O_DIRECT and O_SYNC --- */

static void direct_below(void)
{
        write_at("f", 'a', 16384, 0);
}

static void direct_live(void)
{
        char *page = aligned_alloc(4096, 8192);
        int fd = open("f", O_RDWR | O_DIRECT | O_CLOEXEC), sync;

        CHECK(fd >= 0);
        CHECK_INT(pread(fd, page, 8192, 4096), 8192);
        CHECK_INT(page[8191], 'a');
        memset(page, 'd', 8192);
        CHECK_INT(pwrite(fd, page, 8192, 4096), 8192);
        check_runs("f", "a4096 d8192 a4096 ");
        /* direct and cached writes see each other */
        write_at("f", 'c', 10, 4096);
        CHECK_INT(pread(fd, page, 4096, 4096), 4096);
        CHECK_INT(page[9], 'c');
        CHECK_INT(page[10], 'd');
        CHECK_ERROR(fsync(fd), 0);
        CHECK_ERROR(close(fd), 0);
        sync = probe_open("f", O_WRONLY | O_DSYNC | O_APPEND, 0);
        CHECK_INT(write(sync, "s", 1), 1);
        CHECK_ERROR(fdatasync(sync), 0);
        CHECK_ERROR(syncfs(sync), 0);
        CHECK_ERROR(close(sync), 0);
        free(page);
}

static void direct_verify(void)
{
        check_runs("f", "a4096 c10 d8182 a4096 s1 ");
}

static const struct probe probes[] = {
        {"bytes-of-several-layers", layers_below, layers_middle, layers_live, layers_verify},
        {"truncate-down-and-up", truncate_below, truncate_middle, truncate_live, truncate_verify},
        {"append-from-many-writers", append_below, NULL, append_live, append_verify},
        {"scattered-pieces", pieces_below, NULL, pieces_live, pieces_verify},
        {"direct-and-synchronous", direct_below, NULL, direct_live, direct_verify},
};
PROBE_TOPIC(probe_bytes, "bytes", probes);
