/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of several layers: what shows in them, what does not, and when they can go. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/xattr.h>

#include "tests/fs/probe.h"

/* --- the view is the union, without whiteouts or marks --- */

static void view_below(void)
{
        probe_mkdir("merged");
        probe_put("merged/low", "low");
        probe_put("merged/replaced", "low");
        probe_put("merged/removed", "low");
        probe_put("merged/removed-live", "low");
        probe_mkdir("merged/dir-to-file");
        probe_put("merged/file-to-dir", "low");
        probe_mkdir("opaque");
        probe_put("opaque/low", "low");
        probe_mkdir("opaque/sub");
        probe_mkdir("opaque-live");
        probe_put("opaque-live/low", "low");
}

static void view_middle(void)
{
        probe_put("merged/replaced", "middle");
        probe_put("merged/middle", "middle");
        CHECK_ERROR(unlink("merged/removed"), 0);
        CHECK_ERROR(rmdir("merged/dir-to-file"), 0);
        probe_put("merged/dir-to-file", "middle");
        CHECK_ERROR(unlink("merged/file-to-dir"), 0);
        probe_mkdir("merged/file-to-dir");
        CHECK_INT(system("rm -r opaque"), 0);
        probe_mkdir("opaque");
        probe_put("opaque/middle", "middle");
}

static void view_live(void)
{
        CHECK_STR(probe_list("merged"), "dir-to-file file-to-dir low middle removed-live replaced ");
        CHECK_STR(probe_list("opaque"), "middle ");
        probe_put("merged/live", "live");
        CHECK_ERROR(unlink("merged/removed-live"), 0);
        CHECK_ERROR(unlink("opaque-live/low"), 0);
        CHECK_ERROR(rmdir("opaque-live"), 0);
        CHECK_ERROR(mkdir("opaque-live", 0700), 0);
        probe_put("opaque-live/live", "live");
        probe_mkdir("opaque/sub");
}

static void check_nothing_shows(const char *dir)
{
        static const char *const hidden[] = {".wh..wh..opq", ".wh.removed", ".wh.low", ".wh..wh.plnk", ".wh..wh.aufs"};
        char list[256];

        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
                char *path = NULL;

                CHECK(asprintf(&path, "%s/%s", dir, hidden[i]) > 0);
                CHECK(!probe_exists(path));
                free(path);
        }
        CHECK_INT(listxattr(dir, list, sizeof list), 0);
}

static void view_verify(void)
{
        CHECK_STR(probe_list("merged"), "dir-to-file file-to-dir live low middle replaced ");
        CHECK_STR(probe_get("merged/replaced"), "middle");
        CHECK_STR(probe_get("merged/dir-to-file"), "middle");
        CHECK_STR(probe_list("merged/file-to-dir"), "");
        CHECK(!probe_exists("merged/removed") && !probe_exists("merged/removed-live"));
        CHECK_STR(probe_list("opaque"), "middle sub ");
        CHECK_STR(probe_list("opaque/sub"), "");
        CHECK_STR(probe_list("opaque-live"), "live ");
        CHECK_INT(probe_stat("opaque-live").st_mode, S_IFDIR | 0700);
        check_nothing_shows("merged");
        check_nothing_shows("opaque");
        check_nothing_shows("opaque-live");
}

/* --- a name that was removed can be anything again --- */

static void again_below(void)
{
        probe_put("file", "low");
        probe_put("link", "low");
        probe_put("dir", "low");
        probe_put("fifo", "low");
        probe_put("twice", "low");
}

static void again_live(void)
{
        CHECK_ERROR(unlink("file"), 0);
        CHECK_ERROR(unlink("link"), 0);
        CHECK_ERROR(unlink("dir"), 0);
        CHECK_ERROR(unlink("fifo"), 0);
        CHECK_ERROR(unlink("twice"), 0);
        CHECK_ERROR(unlink("twice"), ENOENT);
        CHECK_ERROR(open("file", O_RDONLY | O_CLOEXEC), ENOENT);
        probe_put("file", "new");
        CHECK_ERROR(symlink("file", "link"), 0);
        probe_mkdir("dir");
        CHECK_ERROR(mkfifo("fifo", 0600), 0);
        probe_put("twice", "new");
        CHECK_ERROR(unlink("twice"), 0);
}

static void again_verify(void)
{
        CHECK_STR(probe_list("."), "dir fifo file link ");
        CHECK_STR(probe_get("link"), "new");
        CHECK(S_ISDIR(probe_stat("dir").st_mode));
        CHECK(S_ISFIFO(probe_stat("fifo").st_mode));
        CHECK(!probe_exists("twice"));
}

/* --- a directory goes when nothing shows in it --- */

static void remove_below(void)
{
        static const char *const dirs[] = {"lower", "merged", "hollow", "emptied"};

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
                char *path = NULL;

                probe_mkdir(dirs[i]);
                CHECK(asprintf(&path, "%s/f", dirs[i]) > 0);
                probe_put(path, "");
                free(path);
        }
}

static void remove_middle(void)
{
        probe_put("merged/g", "");
        CHECK_ERROR(unlink("hollow/f"), 0);
}

static void remove_live(void)
{
        CHECK_ERROR(rmdir("lower"), ENOTEMPTY);
        CHECK_ERROR(rmdir("merged"), ENOTEMPTY);
        CHECK_ERROR(unlink("merged/g"), 0);
        CHECK_ERROR(rmdir("merged"), ENOTEMPTY);
        CHECK_ERROR(rmdir("hollow"), 0);
        CHECK_ERROR(unlink("emptied/f"), 0);
        CHECK_ERROR(rmdir("emptied"), 0);
        CHECK_ERROR(rmdir("lower/f"), ENOTDIR);
        CHECK_ERROR(rmdir("lower/."), EINVAL);
        CHECK_ERROR(rmdir("lower/.."), ENOTEMPTY);
        CHECK_ERROR(rmdir("missing"), ENOENT);
        CHECK_ERROR(unlink("lower"), EISDIR);
        CHECK_ERROR(mkdir("lower", 0700), EEXIST);
        CHECK_ERROR(mkdir("lower/f/x", 0700), ENOTDIR);
}

static void remove_verify(void)
{
        CHECK_STR(probe_list("."), "lower merged ");
        CHECK_STR(probe_list("merged"), "f ");
}

/* --- removed while somebody is in it --- */

static void removed_below(void)
{
        probe_mkdir("lower");
        probe_put("lower/f", "");
}

static void live_in_removed(const char *path)
{
        int fd = probe_open(path, O_RDONLY | O_DIRECTORY, 0);
        struct stat st = {0};
        char cwd[200];
        DIR *stream = opendir(path);

        CHECK_ERROR(rmdir(path), 0);
        CHECK_ERROR(fstat(fd, &st), 0);
        CHECK_INT(st.st_nlink, 0);
        CHECK(stream != NULL && readdir(stream) == NULL);
        closedir(stream);
        CHECK_ERROR(openat(fd, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), ENOENT);
        CHECK_ERROR(mkdirat(fd, "x", 0700), ENOENT);
        CHECK_ERROR(renameat(AT_FDCWD, "file", fd, "x"), ENOENT);
        CHECK_ERROR(linkat(AT_FDCWD, "file", fd, "x", 0), ENOENT);
        CHECK_ERROR(faccessat(fd, "x", F_OK, 0), ENOENT);
        probe_mkdir(path);
        CHECK(probe_stat(path).st_ino != st.st_ino);
        CHECK_ERROR(fchdir(fd), 0);
        errno = 0;
        CHECK(getcwd(cwd, sizeof cwd) == NULL && errno == ENOENT);
        CHECK_ERROR(chdir(".."), 0);
        close(fd);
}

static void removed_live(void)
{
        probe_put("file", "");
        probe_mkdir("upper");
        CHECK_ERROR(unlink("lower/f"), 0);
        live_in_removed("upper");
        live_in_removed("lower");
}

static void removed_verify(void)
{
        CHECK_STR(probe_list("."), "file lower upper ");
        CHECK_STR(probe_list("lower"), "");
}

/* --- a lower tree is removed as a whole, in any depth --- */

static void deep_below(void)
{
        CHECK_INT(system("for i in 1 2 3 4 5 6 7 8 9; do mkdir -p deep/$i/a/b/c && : > deep/$i/a/b/c/f && ln -s f "
                         "deep/$i/a/l; done"),
                  0);
}

static void deep_live(void)
{
        CHECK_INT(system("rm -r deep && test ! -e deep && mkdir deep && : > deep/new"), 0);
}

static void deep_verify(void)
{
        CHECK_STR(probe_list("deep"), "new ");
}

static const struct probe probes[] = {
        {"the-view-is-the-union", view_below, view_middle, view_live, view_verify},
        {"removed-names-can-return", again_below, NULL, again_live, again_verify},
        {"rmdir", remove_below, remove_middle, remove_live, remove_verify},
        {"removed-while-open", removed_below, NULL, removed_live, removed_verify},
        {"lower-trees-are-removed", deep_below, NULL, deep_live, deep_verify},
};
PROBE_TOPIC(probe_dirs, "dirs", probes);
