/* SPDX-License-Identifier: Apache-2.0 */
/* What a name, a link target and a path may be. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

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

/* --- paths: the kernel takes 4,095 bytes and a NUL --- */

/* The absolute path of `size` bytes whose names below the working directory are of 255 p, the last one shorter. */
static const char *long_path(size_t size)
{
        char *path = memory_zalloc(size + 1, 1);
        size_t begin;

        CHECK(getcwd(path, size) != NULL);
        begin = strlen(path);
        for (size_t i = begin; i < size; i++)
                path[i] = (i - begin) % (NAME_BYTES + 1) == 0 ? '/' : 'p';
        return path;
}

/* Makes what is above the last name. */
static void make_parents(const char *path)
{
        char *parent = memory_dup(path, strlen(path) + 1);

        for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(parent, 0755) < 0)
                        CHECK_INT(errno, EEXIST);
                *slash = '/';
        }
        free(parent);
}

static void paths_below(void)
{
        const char *path = long_path(PATH_MAX - 1);

        make_parents(path);
        probe_put(path, "lower");
}

static void paths_live(void)
{
        CHECK_ERROR(access(long_path(PATH_MAX), F_OK), ENAMETOOLONG);
        CHECK_ERROR(mkdir(long_path(PATH_MAX), 0700), ENAMETOOLONG);
        probe_append(long_path(PATH_MAX - 1), ", changed");
        probe_put(long_path(PATH_MAX - 2), "upper");
        CHECK_ERROR(link(long_path(PATH_MAX - 2), long_path(PATH_MAX - 3)), 0);
        /* deeper than any path reaches, as configure scripts try it; a layer cannot hold that (doc/layer.md) */
        probe_mkdir("deep");
        CHECK_ERROR(chdir("deep"), 0);
        for (int i = 0; i < DEPTH; i++) {
                probe_mkdir(name_of('p', NAME_BYTES));
                CHECK_ERROR(chdir(name_of('p', NAME_BYTES)), 0);
        }
        probe_put("bottom", "deep");
        CHECK_STR(probe_get("bottom"), "deep");
        CHECK(getcwd(NULL, 0) != NULL);
        CHECK_ERROR(unlink("bottom"), 0);
        for (int i = 0; i < DEPTH; i++) {
                CHECK_ERROR(chdir(".."), 0);
                CHECK_ERROR(rmdir(name_of('p', NAME_BYTES)), 0);
        }
        CHECK_ERROR(chdir(".."), 0);
        CHECK_ERROR(rmdir("deep"), 0);
}

static void paths_verify(void)
{
        CHECK_STR(probe_get(long_path(PATH_MAX - 1)), "lower, changed");
        CHECK_STR(probe_get(long_path(PATH_MAX - 3)), "upper");
        CHECK_INT(probe_stat(long_path(PATH_MAX - 2)).st_nlink, 2);
        CHECK(!probe_exists("deep"));
}

static const struct probe probes[] = {
        {"names-of-255-bytes", longest_below, NULL, longest_live, longest_verify},
        {"any-byte", bytes_below, NULL, bytes_live, bytes_verify},
        {"symlinks", symlinks_below, NULL, symlinks_live, symlinks_verify},
        {"paths-of-4096-bytes", paths_below, NULL, paths_live, paths_verify},
};
PROBE_TOPIC(probe_names, "names", probes);
