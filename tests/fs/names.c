/* SPDX-License-Identifier: Apache-2.0 */
/* What a name, a link target and a path may be. */
#include <dirent.h>
#include <limits.h>

#include "tests/fs/probe.h"

#define NAME_BYTES 255
#define DEPTH      20 /* directories of 255 bytes: 5,120 bytes of path */

static const char *name_of(char byte, size_t size)
{
        char *name = memory_zalloc(size + 1, 1);

        memset(name, byte, size);
        return name;
}

/* --- the longest name --- */

static void longest_below(void)
{
        probe_put(name_of('l', NAME_BYTES), "lower");
        probe_mkdir(name_of('d', NAME_BYTES));
}

static void longest_live(void)
{
        CHECK_ERROR(open(name_of('x', NAME_BYTES + 1), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), ENAMETOOLONG);
        CHECK_ERROR(mkdir(name_of('x', NAME_BYTES + 1), 0700), ENAMETOOLONG);
        CHECK_ERROR(rename(name_of('l', NAME_BYTES), name_of('x', NAME_BYTES + 1)), ENAMETOOLONG);
        CHECK_ERROR(access(name_of('x', NAME_BYTES + 1), F_OK), ENAMETOOLONG);
        probe_append(name_of('l', NAME_BYTES), ", changed");
        CHECK_ERROR(link(name_of('l', NAME_BYTES), name_of('h', NAME_BYTES)), 0);
        CHECK_ERROR(rename(name_of('d', NAME_BYTES), name_of('e', NAME_BYTES)), 0);
        CHECK_ERROR(symlink(name_of('h', NAME_BYTES), name_of('s', NAME_BYTES)), 0);
        CHECK_INT(pathconf(".", _PC_NAME_MAX), NAME_BYTES);
}

static void longest_verify(void)
{
        CHECK_STR(probe_get(name_of('s', NAME_BYTES)), "lower, changed");
        CHECK_INT(probe_stat(name_of('h', NAME_BYTES)).st_nlink, 2);
        CHECK(S_ISDIR(probe_stat(name_of('e', NAME_BYTES)).st_mode));
        CHECK_INT(strlen(probe_list(".")), 4 * (NAME_BYTES + 1));
}

/* --- every byte but '/' and NUL --- */

/* A name with `byte` in the middle; "a" and "b" keep "." and ".wh." away. */
static const char *name_with(int byte)
{
        char *name = memory_zalloc(4, 1);

        name[0] = 'a';
        name[1] = (char)byte;
        name[2] = 'b';
        return name;
}

static void bytes_below(void)
{
        for (int byte = 1; byte < 256; byte += 2)
                if (byte != '/')
                        probe_put(name_with(byte), "lower");
}

static void bytes_live(void)
{
        for (int byte = 2; byte < 256; byte += 2)
                probe_put(name_with(byte), "upper");
        for (int byte = 1; byte < 256; byte += 4)
                if (byte != '/')
                        probe_append(name_with(byte), "!");
        probe_put("\xff\xfe\xfd", "no UTF-8");
        probe_put(" \n\t ", "blanks");
        probe_put("...", "dots");
        probe_put("\xed\xa0\x80", "a surrogate");
        probe_put("\xc3\xa9", "composed");
        probe_put("e\xcc\x81", "decomposed");
        probe_put("README", "capitals");
        probe_put("readme", "small");
        probe_put("-rf", "an option");
        probe_put("*", "a star");
}

static void bytes_verify(void)
{
        int seen = 0;
        DIR *dir = opendir(".");

        CHECK(dir != NULL);
        for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
                seen++;
        CHECK_INT(seen, 2 + 254 + 10);
        if (dir != NULL)
                closedir(dir);
        for (int byte = 1; byte < 256; byte++)
                if (byte != '/')
                        CHECK_STR(probe_get(name_with(byte)), byte % 2 == 0   ? "upper"
                                                              : byte % 4 == 1 ? "lower!"
                                                                              : "lower");
        CHECK_STR(probe_get("\xff\xfe\xfd"), "no UTF-8");
        CHECK_STR(probe_get(" \n\t "), "blanks");
        CHECK_STR(probe_get("..."), "dots");
        CHECK_STR(probe_get("\xed\xa0\x80"), "a surrogate");
        CHECK_STR(probe_get("\xc3\xa9"), "composed");
        CHECK_STR(probe_get("e\xcc\x81"), "decomposed");
        CHECK_STR(probe_get("README"), "capitals");
        CHECK_STR(probe_get("readme"), "small");
}

/* --- symlinks --- */

static const char *target(size_t size)
{
        char *text = memory_zalloc(size + 1, 1);

        for (size_t i = 0; i < size; i++)
                text[i] = (char)(i % 64 == 63 ? '/' : 'a' + i % 26);
        return text;
}

static void check_target(const char *path, const char *expected)
{
        char *text = memory_zalloc(PATH_MAX + 1, 1);

        CHECK_INT(readlink(path, text, PATH_MAX), strlen(expected));
        CHECK_STR(text, expected);
        CHECK_INT(probe_stat(path).st_size, strlen(expected));
}

static void symlinks_below(void)
{
        CHECK_ERROR(symlink(target(PATH_MAX - 1), "lower"), 0);
        CHECK_ERROR(symlink("loop", "loop"), 0);
        probe_mkdir("dir");
        probe_put("dir/file", "found");
        CHECK_ERROR(symlink("../dir/file", "dir/up"), 0);
        CHECK_ERROR(symlink("dir", "to-dir"), 0);
}

static void symlinks_live(void)
{
        char *text = memory_zalloc(8, 1);

        CHECK_ERROR(symlink(target(PATH_MAX), "x"), ENAMETOOLONG);
        CHECK_ERROR(symlink("", "x"), ENOENT);
        CHECK_ERROR(symlink("new", "lower"), EEXIST);
        CHECK_ERROR(symlink(target(PATH_MAX - 1), "upper"), 0);
        CHECK_ERROR(symlink("\xff\x01 \n", "odd"), 0);
        CHECK_INT(readlink("lower", text, 3), 3);
        CHECK_STR(text, "abc");
        CHECK_ERROR(readlink("dir", text, 3), EINVAL);
        CHECK_ERROR(access("loop", F_OK), ELOOP);
        CHECK_ERROR(open("to-dir", O_RDONLY | O_NOFOLLOW | O_CLOEXEC), ELOOP);
        CHECK_ERROR(unlink("to-dir/"), ENOTDIR);
        CHECK_ERROR(rename("dir", "moved"), 0);
        CHECK_ERROR(symlink("moved", "dir"), 0);
        CHECK_ERROR(chmod("to-dir", 0750), 0);
        CHECK_ERROR(mkdir("to-dir/made", 0700), 0);
}

static void symlinks_verify(void)
{
        check_target("lower", target(PATH_MAX - 1));
        check_target("upper", target(PATH_MAX - 1));
        check_target("odd", "\xff\x01 \n");
        CHECK_STR(probe_get("to-dir/up"), "found");
        CHECK_INT(probe_stat("moved").st_mode, S_IFDIR | 0750);
        CHECK(probe_exists("moved/made"));
}

/* --- paths --- */

/* Goes into a directory of 255 bytes, DEPTH times, making it first if asked. */
static void descend(bool make)
{
        for (int i = 0; i < DEPTH; i++) {
                if (make)
                        probe_mkdir(name_of('p', NAME_BYTES));
                CHECK_ERROR(chdir(name_of('p', NAME_BYTES)), 0);
        }
}

/* "pp...p/pp...p/..." of exactly `size` bytes, the last one shorter. */
static const char *long_path(size_t size)
{
        char *path = memory_zalloc(size + 1, 1);

        for (size_t i = 0; i < size; i++)
                path[i] = i % (NAME_BYTES + 1) == NAME_BYTES ? '/' : 'p';
        return path;
}

static void paths_below(void)
{
        descend(true);
        probe_put("bottom", "lower");
}

static void paths_live(void)
{
        const char *longest = long_path(PATH_MAX - 2);
        int fd;

        /* 4,094 bytes and the NUL; the last name has 254 */
        fd = probe_open(longest, O_WRONLY | O_CREAT | O_EXCL, 0600);
        CHECK_INT(write(fd, "long", 4), 4);
        CHECK_ERROR(close(fd), 0);
        CHECK_ERROR(access(long_path(PATH_MAX - 1), F_OK), 0); /* 15 whole names: a directory that is there */
        CHECK_ERROR(access(long_path(PATH_MAX), F_OK), ENAMETOOLONG);
        descend(false);
        probe_append("bottom", ", changed");
}

static void paths_verify(void)
{
        if (probe_phase() == PROBE_LIVE)
                for (int i = 0; i < DEPTH; i++)
                        CHECK_ERROR(chdir(".."), 0);
        CHECK_STR(probe_get(long_path(PATH_MAX - 2)), "long");
        descend(false);
        CHECK_STR(probe_get("bottom"), "lower, changed");
}

static const struct probe probes[] = {
        {"names-of-255-bytes", longest_below, NULL, longest_live, longest_verify},
        {"any-byte", bytes_below, NULL, bytes_live, bytes_verify},
        {"symlinks", symlinks_below, NULL, symlinks_live, symlinks_verify},
        {"paths-of-4096-bytes", paths_below, NULL, paths_live, paths_verify},
};
PROBE_TOPIC(probe_names, "names", probes);
