/* SPDX-License-Identifier: Apache-2.0 */
/* Whole trees of several layers that move: what is below them, what is made in them, what takes their place. */
#include <stdlib.h>
#include <sys/syscall.h>

#include <linux/fs.h>

#include "tests/fs/probe.h"

static int rename_flags(const char *from, const char *to, unsigned flags)
{
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

/* A directory with a file at each of three depths, in two layers. */
static void deep_below(void)
{
        probe_mkdir("d");
        probe_mkdir("d/sub");
        probe_mkdir("d/sub/deep");
        probe_put("d/a", "a");
        probe_put("d/sub/b", "b");
        probe_put("d/sub/deep/c", "c");
}

static void deep_middle(void)
{
        probe_put("d/sub/deep/middle", "m");
        CHECK_ERROR(unlink("d/sub/b"), 0);
}

static void check_deep(const char *sub)
{
        CHECK_ERROR(chdir(sub), 0);
        CHECK_STR(probe_get("a"), "a");
        CHECK_STR(probe_list("sub"), "deep ");
        CHECK_STR(probe_get("sub/deep/c"), "c");
        CHECK_STR(probe_get("sub/deep/middle"), "m");
        CHECK_ERROR(chdir(".."), 0);
}

/* --- moved, changed, and moved back --- */

static void there_and_back_live(void)
{
        CHECK_ERROR(rename("d", "e"), 0);
        check_deep("e");
        CHECK_ERROR(rename("e/sub", "e/other"), 0);
        probe_put("e/other/deep/new", "n");
        CHECK_ERROR(unlink("e/other/deep/c"), 0);
        CHECK_ERROR(rename("e/other", "e/sub"), 0);
        CHECK_ERROR(rename("e", "d"), 0);
}

static void there_and_back_verify(void)
{
        CHECK_STR(probe_list("."), "d ");
        CHECK_STR(probe_list("d"), "a sub ");
        CHECK_STR(probe_list("d/sub"), "deep ");
        CHECK_STR(probe_list("d/sub/deep"), "middle new ");
        CHECK_STR(probe_get("d/sub/deep/new"), "n");
        CHECK_STR(probe_get("d/sub/deep/middle"), "m");
}

/* --- the old place is free, and what is made there is empty --- */

static void old_place_live(void)
{
        CHECK_ERROR(rename("d", "moved"), 0);
        CHECK(!probe_exists("d/sub/deep/c"));
        probe_mkdir("d");
        CHECK_STR(probe_list("d"), "");
        probe_mkdir("d/sub");
        CHECK_ERROR(rename("moved/sub/deep", "d/sub/deep"), 0);
        probe_mkdir("moved/sub/deep");
}

static void old_place_verify(void)
{
        CHECK_STR(probe_list("d"), "sub ");
        CHECK_STR(probe_list("d/sub/deep"), "c middle ");
        CHECK_STR(probe_list("moved"), "a sub ");
        CHECK_STR(probe_list("moved/sub"), "deep ");
        CHECK_STR(probe_list("moved/sub/deep"), "");
}

/* --- two trees change places by three renames, and by one --- */

static void swap_below(void)
{
        deep_below();
        probe_mkdir("other");
        probe_put("other/x", "x");
        probe_put("file", "f");
}

static void swap_live(void)
{
        CHECK_ERROR(rename("d", "t"), 0);
        CHECK_ERROR(rename("other", "d"), 0);
        CHECK_ERROR(rename("t", "other"), 0);
        check_deep("other");
        CHECK_ERROR(rename_flags("other", "d/x", RENAME_EXCHANGE), 0);
        CHECK_ERROR(rename_flags("d/x/sub", "file", RENAME_EXCHANGE), 0);
}

static void swap_verify(void)
{
        CHECK_STR(probe_get("other"), "x");
        CHECK_STR(probe_list("d"), "x ");
        CHECK_STR(probe_list("d/x"), "a sub ");
        CHECK_STR(probe_get("d/x/sub"), "f");
        CHECK_STR(probe_list("file"), "deep ");
        CHECK_STR(probe_get("file/deep/c"), "c");
}

/* --- what rename refuses --- */

static void refused_below(void)
{
        deep_below();
        probe_put("file", "f");
}

static void refused_live(void)
{
        char longer[258] = "";

        memset(longer, 'n', 256);
        CHECK_ERROR(rename("d", "d/sub/own"), EINVAL);
        CHECK_ERROR(rename("d", "d/sub"), EINVAL);
        CHECK_ERROR(rename("d/sub/deep", "d"), ENOTEMPTY);
        CHECK_ERROR(rename_flags("d", "d/sub/deep", RENAME_EXCHANGE), EINVAL);
        CHECK_ERROR(rename_flags("d/sub/deep", "d", RENAME_EXCHANGE), EINVAL);
        CHECK_ERROR(rename_flags("file", "x", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
        CHECK_ERROR(rename("missing", "x"), ENOENT);
        CHECK_ERROR(rename("file", "missing/x"), ENOENT);
        CHECK_ERROR(rename("file/x", "x"), ENOTDIR);
        CHECK_ERROR(rename("file", "file/x"), ENOTDIR);
        CHECK_ERROR(rename("file", longer), ENAMETOOLONG);
        CHECK_ERROR(rename("file", "x/"), ENOTDIR);
        CHECK_ERROR(rename("d/.", "x"), EBUSY);
        CHECK_ERROR(rename("d", "d/sub/.."), EBUSY);
        CHECK_ERROR(rename("file", "/proc/x"), EXDEV);
        CHECK(rename_flags("file", "x", RENAME_WHITEOUT) == -1 && (errno == EINVAL || errno == EPERM));
}

static void refused_verify(void)
{
        CHECK_STR(probe_list("."), "d file ");
        CHECK_STR(probe_list("d"), "a sub ");
}

/* --- two names of one inode: rename does nothing --- */

static void same_below(void)
{
        probe_put("f", "f");
        CHECK_ERROR(link("f", "g"), 0);
}

static void same_live(void)
{
        CHECK_ERROR(rename("f", "g"), 0);
        CHECK_ERROR(rename("f", "f"), 0);
        CHECK_ERROR(rename_flags("f", "g", RENAME_EXCHANGE), 0);
        CHECK_ERROR(rename_flags("f", "g", RENAME_NOREPLACE), EEXIST);
}

static void same_verify(void)
{
        CHECK_STR(probe_list("."), "f g ");
        CHECK_INT(probe_stat("f").st_nlink, 2);
}

/* --- whoever stands in a directory, or has a file in it open, moves along --- */

static void along_live(void)
{
        char cwd[200], *end;
        int fd, dir;

        fd = probe_open("d/sub/deep/c", O_RDWR, 0);
        dir = probe_open("d/sub", O_RDONLY | O_DIRECTORY, 0);
        CHECK_ERROR(chdir("d/sub/deep"), 0);
        CHECK_ERROR(rename("../../../d", "../../../e"), 0);
        CHECK(getcwd(cwd, sizeof cwd) != NULL);
        end = cwd + strlen(cwd) - strlen("/e/sub/deep");
        CHECK_STR(end, "/e/sub/deep");
        CHECK_INT(pwrite(fd, "C", 1, 0), 1);
        CHECK_INT(probe_stat("../../..").st_ino, probe_stat("../../../e/..").st_ino);
        CHECK_ERROR(rename("../../sub", "../../../up"), 0);
        CHECK_ERROR(unlinkat(dir, "deep/middle", 0), 0);
        CHECK_ERROR(fchdir(dir), 0);
        CHECK_INT(probe_stat("..").st_ino, probe_stat("../e/..").st_ino);
        close(fd);
        close(dir);
        CHECK_ERROR(chdir(".."), 0);
}

static void along_verify(void)
{
        CHECK_STR(probe_list("."), "e up ");
        CHECK_STR(probe_list("e"), "a ");
        CHECK_STR(probe_list("up/deep"), "c ");
        CHECK_STR(probe_get("up/deep/c"), "C");
}

/* --- removed as rm -r does, and laid again with other things --- */

static void again_live(void)
{
        CHECK_INT(system("rm -r d && mkdir -p d/sub && echo new > d/sub/b && mkdir d/a && : > d/a/x"), 0);
}

static void again_verify(void)
{
        CHECK_STR(probe_list("d"), "a sub ");
        CHECK_STR(probe_list("d/a"), "x ");
        CHECK_STR(probe_list("d/sub"), "b ");
        CHECK_STR(probe_get("d/sub/b"), "new\n");
}

static const struct probe probes[] = {
        {"there-and-back", deep_below, deep_middle, there_and_back_live, there_and_back_verify},
        {"the-old-place-is-empty", deep_below, deep_middle, old_place_live, old_place_verify},
        {"trees-change-places", swap_below, deep_middle, swap_live, swap_verify},
        {"what-rename-refuses", refused_below, NULL, refused_live, refused_verify},
        {"names-of-one-inode", same_below, NULL, same_live, same_verify},
        {"open-files-move-along", deep_below, deep_middle, along_live, along_verify},
        {"removed-and-laid-again", deep_below, deep_middle, again_live, again_verify},
};
PROBE_TOPIC(probe_trees, "trees", probes);
