/* SPDX-License-Identifier: Apache-2.0 */
/* One inode number for one file, the same everywhere and for as long as the stage lives. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "tests/fs/probe.h"

#define MANY 300

static const char *numbered(const char *kind, int n)
{
        char *name = NULL;

        CHECK(asprintf(&name, "%s%d", kind, n) > 0);
        return name;
}

static void many_below(void)
{
        for (int i = 0; i < MANY; i++)
                probe_put(numbered("lower", i), "");
        probe_mkdir("merged");
        probe_mkdir("merged/a");
        probe_put("merged/hard", "");
        CHECK_ERROR(link("merged/hard", "hard"), 0);
}

static void many_middle(void)
{
        for (int i = 0; i < MANY; i++)
                probe_put(numbered("middle", i), "");
        probe_put("merged/b", "");
        CHECK_ERROR(link("hard", "merged/harder"), 0);
}

/* --- one number for stat and readdir, and no number twice --- */

struct seen {
        ino_t *inos;
        size_t count, cap;
        dev_t dev;
};

static int compare(const void *a, const void *b)
{
        ino_t x = *(const ino_t *)a, y = *(const ino_t *)b;

        return x < y ? -1 : x > y;
}

static void look_at(struct seen *seen, const char *dir)
{
        DIR *stream = opendir(dir);

        CHECK(stream != NULL);
        for (const struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
                char *path = NULL;
                struct stat st;

                CHECK(asprintf(&path, "%s/%s", dir, entry->d_name) > 0);
                st = probe_stat(path);
                CHECK_INT(entry->d_ino, st.st_ino);
                CHECK_INT(entry->d_type, IFTODT(st.st_mode));
                CHECK_INT(st.st_dev, seen->dev);
                CHECK(st.st_ino != 0);
                if (st.st_nlink == 1) {
                        memory_grow(&seen->inos, &seen->cap, seen->count + 1, sizeof *seen->inos);
                        seen->inos[seen->count++] = st.st_ino;
                }
                free(path);
        }
        if (stream != NULL)
                closedir(stream);
}

static void unique_live(void)
{
        for (int i = 0; i < MANY; i++)
                probe_put(numbered("upper", i), "");
        for (int i = 0; i < MANY; i += 3)
                probe_append(numbered("lower", i), "changed");
}

static void unique_verify(void)
{
        struct seen seen = {.dev = probe_stat("/").st_dev};

        look_at(&seen, ".");
        look_at(&seen, "merged");
        CHECK_INT(seen.count, 3 * MANY + 1);
        qsort(seen.inos, seen.count, sizeof *seen.inos, compare);
        for (size_t i = 1; i < seen.count; i++)
                CHECK(seen.inos[i - 1] != seen.inos[i]);
        CHECK_INT(probe_stat("hard").st_ino, probe_stat("merged/harder").st_ino);
        CHECK_INT(probe_stat("/bin").st_dev, seen.dev);
        CHECK_INT(major(seen.dev), 0);
}

/* --- kept over all that may happen to a file --- */

static const char *const changes[] = {"append", "truncate", "mode",     "time",   "rename",
                                      "move",   "link",     "exchange", "replace"};

static void stable_below(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
                probe_put(changes[i], "lower");
        probe_put("victim", "lower");
        probe_mkdir("dir");
        probe_put("dir/in", "lower");
}

static void change(size_t which)
{
        const struct timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
        const char *name = changes[which];

        switch (which) {
        case 0:
                probe_append(name, "more");
                break;
        case 1:
                CHECK_ERROR(truncate(name, 1), 0);
                break;
        case 2:
                CHECK_ERROR(chmod(name, 0600), 0);
                break;
        case 3:
                CHECK_ERROR(utimensat(AT_FDCWD, name, times, 0), 0);
                break;
        case 4:
                CHECK_ERROR(rename(name, "renamed"), 0);
                CHECK_ERROR(rename("renamed", name), 0);
                break;
        case 5:
                CHECK_ERROR(rename(name, "dir/moved"), 0);
                CHECK_ERROR(link("dir/moved", name), 0);
                break;
        case 6:
                CHECK_ERROR(link(name, "linked"), 0);
                break;
        case 7:
                CHECK_ERROR(renameat2(AT_FDCWD, name, AT_FDCWD, "victim", RENAME_EXCHANGE), 0);
                CHECK_ERROR(renameat2(AT_FDCWD, name, AT_FDCWD, "victim", RENAME_EXCHANGE), 0);
                break;
        default:
                probe_put(name, "all new");
                break;
        }
}

static void stable_live(void)
{
        ino_t before;

        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                before = probe_stat(changes[i]).st_ino;
                change(i);
                CHECK_INT(probe_stat(changes[i]).st_ino, before);
        }
        before = probe_stat("dir/in").st_ino;
        CHECK_ERROR(rename("dir", "other"), 0);
        CHECK_INT(probe_stat("other/in").st_ino, before);
}

/* --- kept when the stage is mounted again, in a later RUN --- */

static void remount_live(void)
{
        stable_live();
        probe_put("new", "upper");
        probe_keep("number-of-new", probe_stat("new").st_ino);
        probe_keep("number-of-append", probe_stat("append").st_ino);
        probe_keep("number-of-untouched", probe_stat("victim").st_ino);
        probe_keep("number-of-directory", probe_stat("other").st_ino);
        probe_keep("number-of-root", probe_stat("/").st_ino);
}

static void remount_verify(void)
{
        if (probe_phase() == PROBE_RELOADED)
                return; /* another store: other trees, other numbers */
        CHECK_INT(probe_stat("new").st_ino, probe_kept("number-of-new"));
        CHECK_INT(probe_stat("append").st_ino, probe_kept("number-of-append"));
        CHECK_INT(probe_stat("victim").st_ino, probe_kept("number-of-untouched"));
        CHECK_INT(probe_stat("other").st_ino, probe_kept("number-of-directory"));
        CHECK_INT(probe_stat("/").st_ino, probe_kept("number-of-root"));
}

/* --- a number is not given to another file while the first is open --- */

static void reuse_live(void)
{
        int fds[50];
        struct stat st = {0};

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
                fds[i] = probe_open("f", O_RDWR | O_CREAT | O_EXCL, 0600);
                CHECK_ERROR(unlink("f"), 0);
                CHECK_ERROR(fstat(fds[i], &st), 0);
                for (size_t j = 0; j < i; j++) {
                        struct stat other = {0};

                        CHECK_ERROR(fstat(fds[j], &other), 0);
                        CHECK(st.st_ino != other.st_ino);
                }
        }
}

static const struct probe probes[] = {
        {"unique-and-equal-in-readdir", many_below, many_middle, unique_live, unique_verify},
        {"stable-over-changes", stable_below, NULL, stable_live, NULL},
        {"stable-over-remount", stable_below, NULL, remount_live, remount_verify},
        {"not-reused-while-open", NULL, NULL, reuse_live, NULL},
};
PROBE_TOPIC(probe_identity, "identity", probes);
