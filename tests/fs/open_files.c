/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are open while their names go: reading, writing, and coming back. O_TMPFILE. */
#include <sys/mman.h>

#include "tests/fs/probe.h"

static void check_bytes(int fd, const char *text)
{
        char bytes[64] = "";

        CHECK_INT(pread(fd, bytes, sizeof bytes - 1, 0), strlen(text));
        CHECK_STR(bytes, text);
}

static nlink_t links_of(int fd)
{
        struct stat st = {0};

        CHECK_ERROR(fstat(fd, &st), 0);
        return st.st_nlink;
}

/* What a program does with a file that has no name any more. */
static void use_unlinked(const char *path)
{
        int fd = probe_open(path, O_RDWR, 0);
        struct stat before = probe_stat(path), after = {0};

        CHECK_ERROR(unlink(path), 0);
        CHECK_INT(links_of(fd), 0);
        check_bytes(fd, "bytes");
        CHECK_INT(pwrite(fd, "more", 4, 5), 4);
        check_bytes(fd, "bytesmore");
        CHECK_ERROR(ftruncate(fd, 7), 0);
        CHECK_ERROR(fchmod(fd, 0600), 0);
        CHECK_ERROR(fstat(fd, &after), 0);
        CHECK_INT(after.st_size, 7);
        CHECK_INT(after.st_ino, before.st_ino);
        CHECK_INT(after.st_mode, S_IFREG | 0600);
        probe_put(path, "other");
        CHECK(probe_stat(path).st_ino != before.st_ino);
        check_bytes(fd, "bytesmo");
        CHECK_ERROR(unlink(path), 0);
        CHECK_ERROR(close(fd), 0);
}

static void unlinked_below(void)
{
        probe_put("lower", "bytes");
}

static void unlinked_live(void)
{
        probe_put("upper", "bytes");
        use_unlinked("upper");
        use_unlinked("lower");
}

static void nothing_verify(void)
{
        CHECK_STR(probe_list("."), "");
}

/* --- a new name through /proc/self/fd --- */

static const char *descriptor_path(int fd)
{
        static char path[64];

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        return path;
}

static void relink_below(void)
{
        probe_put("lower", "bytes");
        CHECK_ERROR(link("lower", "kept"), 0);
        probe_put("last", "bytes");
}

static void relink_live(void)
{
        int fd = probe_open("lower", O_RDWR, 0);

        CHECK_ERROR(unlink("lower"), 0);
        CHECK_ERROR(linkat(AT_FDCWD, descriptor_path(fd), AT_FDCWD, "again", AT_SYMLINK_FOLLOW), 0);
        CHECK_INT(links_of(fd), 2);
        close(fd);
        /* the last name is gone: linkat(2) says ENOENT, on every file system */
        fd = probe_open("last", O_RDWR, 0);
        CHECK_ERROR(unlink("last"), 0);
        CHECK_ERROR(linkat(AT_FDCWD, descriptor_path(fd), AT_FDCWD, "back", AT_SYMLINK_FOLLOW), ENOENT);
        close(fd);
}

static void relink_verify(void)
{
        CHECK_STR(probe_list("."), "again kept ");
        CHECK_INT(probe_stat("again").st_ino, probe_stat("kept").st_ino);
        CHECK_INT(probe_stat("again").st_nlink, 2);
        CHECK_STR(probe_get("again"), "bytes");
}

/* --- opened again through /proc/self/fd, as shells and compilers do --- */

static void reopen_live(void)
{
        int fd, again;

        probe_put("f", "bytes");
        fd = probe_open("f", O_RDONLY, 0);
        CHECK_ERROR(unlink("f"), 0);
        again = probe_open(descriptor_path(fd), O_RDWR, 0);
        CHECK_INT(pwrite(again, "BYTES", 5, 0), 5);
        check_bytes(fd, "BYTES");
        close(again);
        close(fd);
}

/* --- a name that is replaced under the reader --- */

static void replaced_below(void)
{
        probe_put("lower", "old");
}

static void replaced_live(void)
{
        int fd = probe_open("lower", O_RDONLY, 0);

        probe_put("new", "new");
        CHECK_ERROR(rename("new", "lower"), 0);
        check_bytes(fd, "old");
        CHECK_INT(links_of(fd), 0);
        close(fd);
}

static void replaced_verify(void)
{
        CHECK_STR(probe_list("."), "lower ");
        CHECK_STR(probe_get("lower"), "new");
}

/* --- a mapping outlives the name and the descriptor --- */

static void mapped_below(void)
{
        probe_put("lower", "bytes");
}

static void mapped_live(void)
{
        int fd = probe_open("lower", O_RDWR, 0);
        char *map = mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        CHECK(map != MAP_FAILED);
        CHECK_ERROR(close(fd), 0);
        CHECK_ERROR(unlink("lower"), 0);
        CHECK(memcmp(map, "bytes", 5) == 0);
        map[0] = 'B';
        CHECK_ERROR(msync(map, 5, MS_SYNC), 0);
        CHECK_ERROR(munmap(map, 5), 0);
}

/* --- O_TMPFILE --- */

/* A kernel older than 6.6 says EOPNOTSUPP (fs/fuse/dir.c, fuse_tmpfile), upon which programs make a named file. */
static int open_tmpfile(const char *dir, int flags)
{
        int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0666);

        if (fd < 0)
                CHECK_ERROR(-1, EOPNOTSUPP);
        return fd;
}

static void tmpfile_live(void)
{
        int fd = open_tmpfile(".", 0), closed;

        if (fd < 0) {
                probe_put("named", "secret");
                return;
        }
        CHECK_INT(write(fd, "secret", 6), 6);
        CHECK_INT(links_of(fd), 0);
        CHECK_STR(probe_list("."), "");
        CHECK_ERROR(linkat(AT_FDCWD, descriptor_path(fd), AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
        CHECK_INT(links_of(fd), 1);
        CHECK_ERROR(fchmod(fd, 0604), 0);
        CHECK_ERROR(fchmod(fd, 0644), 0);
        CHECK_ERROR(close(fd), 0);
        fd = open_tmpfile(".", O_EXCL);
        CHECK_ERROR(linkat(AT_FDCWD, descriptor_path(fd), AT_FDCWD, "never", AT_SYMLINK_FOLLOW), ENOENT);
        CHECK_ERROR(close(fd), 0);
        closed = open_tmpfile(".", 0);
        CHECK_INT(write(closed, "forgotten", 9), 9);
        CHECK_ERROR(close(closed), 0);
        CHECK_ERROR(open("named", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), ENOTDIR);
}

static void tmpfile_verify(void)
{
        CHECK_STR(probe_list("."), "named ");
        CHECK_STR(probe_get("named"), "secret");
        CHECK_INT(probe_stat("named").st_nlink, 1);
        CHECK_INT(probe_stat("named").st_mode, S_IFREG | 0644);
}

static const struct probe probes[] = {
        {"unlinked-files-live-on", unlinked_below, NULL, unlinked_live, nothing_verify},
        {"relink-through-proc", relink_below, NULL, relink_live, relink_verify},
        {"reopen-through-proc", NULL, NULL, reopen_live, nothing_verify},
        {"replaced-while-open", replaced_below, NULL, replaced_live, replaced_verify},
        {"mapped-after-unlink", mapped_below, NULL, mapped_live, nothing_verify},
        {"tmpfile", NULL, NULL, tmpfile_live, tmpfile_verify},
};
PROBE_TOPIC(probe_open_files, "open-files", probes);
