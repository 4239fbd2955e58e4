/* SPDX-License-Identifier: Apache-2.0 */
/* Hard links across layers, copy-up, seal and reload, and the link counts of directories. */
#include "tests/fs/probe.h"

static void check_group(const char *const names[], size_t count, nlink_t links, const char *text)
{
        struct stat first = probe_stat(names[0]);

        for (size_t i = 0; i < count; i++) {
                struct stat st = probe_stat(names[i]);

                CHECK_INT(st.st_nlink, links);
                CHECK_INT(st.st_ino, first.st_ino);
                CHECK_STR(probe_get(names[i]), text);
        }
}

#define CHECK_GROUP(links, text, ...)                                                                                  \
        do {                                                                                                           \
                const char *const names_[] = {__VA_ARGS__};                                                            \
                check_group(names_, ARRAY_SIZE(names_), links, text);                                                  \
        } while (0)

/* --- new files --- */

static void new_file_live(void)
{
        probe_put("a", "one");
        CHECK_ERROR(link("a", "b"), 0);
        CHECK_ERROR(link("b", "c"), 0);
        CHECK_ERROR(link("c", "d"), 0);
        CHECK_INT(probe_stat("a").st_nlink, 4);
        probe_append("c", " two");
        CHECK_ERROR(chmod("b", 0640), 0);
        CHECK_ERROR(unlink("a"), 0);
}

static void new_file_verify(void)
{
        CHECK_GROUP(3, "one two", "b", "c", "d");
        CHECK_INT(probe_stat("d").st_mode, S_IFREG | 0640);
        CHECK(!probe_exists("a"));
}

/* --- a file of the lowest layer, with names in each layer --- */

static void lower_file_below(void)
{
        probe_put("f", "low");
        CHECK_ERROR(link("f", "g"), 0);
        CHECK_ERROR(link("f", "gone"), 0);
}

static void lower_file_middle(void)
{
        CHECK_INT(probe_stat("f").st_nlink, 3);
        CHECK_ERROR(link("g", "h"), 0);
        CHECK_INT(probe_stat("f").st_nlink, 4);
}

static void lower_file_live(void)
{
        CHECK_GROUP(4, "low", "f", "g", "h", "gone");
        CHECK_ERROR(link("f", "i"), 0);
        CHECK_GROUP(5, "low", "f", "g", "h", "gone", "i");
        CHECK_ERROR(unlink("gone"), 0);
}

static void lower_file_verify(void)
{
        CHECK_GROUP(4, "low", "f", "g", "h", "i");
}

/* --- copy-up by one name is copy-up of all --- */

static void copy_up_below(void)
{
        probe_put("f", "low");
        CHECK_ERROR(link("f", "g"), 0);
        CHECK_ERROR(link("f", "renamed"), 0);
}

static void copy_up_live(void)
{
        struct stat before = probe_stat("g");
        int fd = probe_open("g", O_RDONLY, 0);
        char bytes[8];

        probe_append("f", "er");
        CHECK_INT(pread(fd, bytes, sizeof bytes, 0), 5);
        CHECK(memcmp(bytes, "lower", 5) == 0);
        close(fd);
        CHECK_INT(probe_stat("f").st_ino, before.st_ino);
        CHECK_GROUP(3, "lower", "f", "g", "renamed");
        CHECK_ERROR(rename("renamed", "moved"), 0);
        CHECK_ERROR(truncate("moved", 3), 0);
        CHECK_ERROR(chmod("g", 0600), 0);
}

static void copy_up_verify(void)
{
        CHECK_GROUP(3, "low", "f", "g", "moved");
        CHECK_INT(probe_stat("moved").st_mode & 07777, 0600);
}

/* --- names in several directories, which are renamed and removed --- */

static void directories_below(void)
{
        probe_mkdir("one");
        probe_mkdir("two");
        probe_mkdir("doomed");
        probe_put("one/f", "far");
        CHECK_ERROR(link("one/f", "two/f"), 0);
        CHECK_ERROR(link("one/f", "doomed/f"), 0);
}

static void directories_live(void)
{
        CHECK_ERROR(rename("one", "three"), 0);
        CHECK_ERROR(link("three/f", "two/g"), 0);
        CHECK_ERROR(unlink("doomed/f"), 0);
        CHECK_ERROR(rmdir("doomed"), 0);
        CHECK_ERROR(rename("two/f", "three/h"), 0);
}

static void directories_verify(void)
{
        CHECK_GROUP(3, "far", "three/f", "three/h", "two/g");
        CHECK_STR(probe_list("two"), "g ");
        CHECK(!probe_exists("one") && !probe_exists("doomed"));
}

/* --- symlinks and FIFOs have hard links as well --- */

static void others_below(void)
{
        CHECK_ERROR(symlink("nowhere", "s"), 0);
        CHECK_ERROR(mkfifo("p", 0600), 0);
}

static void others_live(void)
{
        CHECK_ERROR(link("s", "t"), 0);
        CHECK_ERROR(link("p", "q"), 0);
        CHECK_ERROR(linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW), ENOENT);
}

static void others_verify(void)
{
        CHECK_INT(probe_stat("t").st_ino, probe_stat("s").st_ino);
        CHECK_INT(probe_stat("t").st_mode, S_IFLNK | 0777);
        CHECK_INT(probe_stat("s").st_nlink, 2);
        CHECK_INT(probe_stat("q").st_ino, probe_stat("p").st_ino);
        CHECK_INT(probe_stat("p").st_nlink, 2);
        CHECK(S_ISFIFO(probe_stat("q").st_mode));
}

/* --- what link refuses --- */

static void errors_below(void)
{
        probe_put("f", "");
        probe_put("g", "");
        probe_mkdir("d");
}

static void errors_live(void)
{
        char longer[258] = "";

        memset(longer, 'n', 256);
        CHECK_ERROR(link("d", "e"), EPERM);
        CHECK_ERROR(link("f", "g"), EEXIST);
        CHECK_ERROR(link("f", "d"), EEXIST);
        CHECK_ERROR(link("missing", "e"), ENOENT);
        CHECK_ERROR(link("f", "missing/e"), ENOENT);
        CHECK_ERROR(link("f", "g/e"), ENOTDIR);
        CHECK_ERROR(link("f", longer), ENAMETOOLONG);
        CHECK_ERROR(link("f", "/dev/shm/e"), EXDEV);
}

static void errors_verify(void)
{
        CHECK_INT(probe_stat("f").st_nlink, 1);
        CHECK_STR(probe_list("."), "d f g ");
}

/* --- a directory counts itself, its name and each subdirectory --- */

static void counts_below(void)
{
        probe_mkdir("lower");
        probe_mkdir("lower/a");
        probe_mkdir("merged");
        probe_mkdir("merged/a");
        probe_put("merged/file", "");
        probe_mkdir("opaque");
        probe_mkdir("opaque/a");
        probe_mkdir("opaque/b");
}

static void counts_middle(void)
{
        probe_mkdir("merged/b");
        CHECK_ERROR(rmdir("opaque/a"), 0);
        CHECK_ERROR(rmdir("opaque/b"), 0);
        CHECK_ERROR(rmdir("opaque"), 0);
        probe_mkdir("opaque");
        CHECK_INT(probe_stat("opaque").st_nlink, 2);
        probe_mkdir("opaque/new");
}

static void counts_live(void)
{
        CHECK_INT(probe_stat("lower").st_nlink, 3);
        CHECK_INT(probe_stat("merged").st_nlink, 4);
        CHECK_INT(probe_stat("opaque").st_nlink, 3);
        probe_mkdir("merged/c");
        CHECK_INT(probe_stat("merged").st_nlink, 5);
        CHECK_ERROR(rmdir("merged/a"), 0);
        probe_put("merged/more", "");
        CHECK_ERROR(rename("merged/b", "lower/b"), 0);
        CHECK_ERROR(rename("lower/a", "lower/z"), 0);
        CHECK_ERROR(rename("opaque/new", "upper"), 0);
}

static void counts_verify(void)
{
        CHECK_INT(probe_stat("lower").st_nlink, 4);
        CHECK_INT(probe_stat("merged").st_nlink, 3);
        CHECK_INT(probe_stat("opaque").st_nlink, 2);
        CHECK_INT(probe_stat("upper").st_nlink, 2);
        CHECK_INT(probe_stat(".").st_nlink, 6);
}

static const struct probe probes[] = {
        {"names-of-a-new-file", NULL, NULL, new_file_live, new_file_verify},
        {"names-of-a-lower-file", lower_file_below, lower_file_middle, lower_file_live, lower_file_verify},
        {"copy-up-keeps-the-group", copy_up_below, NULL, copy_up_live, copy_up_verify},
        {"names-in-several-directories", directories_below, NULL, directories_live, directories_verify},
        {"links-of-symlinks-and-fifos", others_below, NULL, others_live, others_verify},
        {"what-link-refuses", errors_below, NULL, errors_live, errors_verify},
        {"link-counts-of-directories", counts_below, counts_middle, counts_live, counts_verify},
};
PROBE_TOPIC(probe_links, "links", probes);
