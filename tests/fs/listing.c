/* SPDX-License-Identifier: Apache-2.0 */
/* Long directories while names come and go: every name that stays is read exactly once. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

#define LOWER 10000 /* names that a layer brings; this step adds the rest */
#define MANY  100000

/* The seven digits are the name's number. One in three ("t...") comes and goes while the directory is read. */
static void make_names(int begin, int end, char kind)
{
        char name[16];

        for (int i = begin; i < end; i++) {
                snprintf(name, sizeof name, "%c%07d", kind, i);
                CHECK_ERROR(mknod(name, S_IFREG | 0600, 0), 0);
        }
}

static int total(void)
{
        return probe_is_root() ? MANY : LOWER + 1000;
}

static void many_below(void)
{
        probe_mkdir("many");
        CHECK_ERROR(chdir("many"), 0);
        make_names(0, LOWER, 's');
}

/* Until it is killed: makes, removes and renames names, lower ones too; never an "s" name. */
static void disturb(void)
{
        char name[16], other[16];

        for (int i = 0;; i = (i + 1) % 5000) {
                snprintf(name, sizeof name, "t%07d", i);
                snprintf(other, sizeof other, "u%07d", i);
                if (mknod(name, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
                        _exit(1);
                if (i % 2 == 0 && rename(name, other) < 0)
                        _exit(1);
                if (i % 3 == 0 && unlink(i % 2 == 0 ? other : name) < 0)
                        _exit(1);
                usleep(50);
        }
}

/* Reads the directory to its end, counting "s" names; others must be of the disturbing kind, and once. */
static void read_all(DIR *dir)
{
        unsigned char *seen = memory_zalloc((size_t)total(), 1);
        int repeated = 0, lost = 0, dots = 0;

        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
                const char *name = entry->d_name;
                int n = name[0] == 's' ? atoi(name + 1) : -1;

                dots += name[0] == '.';
                CHECK(name[0] == '.' || name[0] == 's' || name[0] == 't' || name[0] == 'u');
                if (n >= 0 && n < total())
                        repeated += seen[n]++ > 0;
        }
        for (int i = 0; i < total(); i++)
                lost += !seen[i];
        CHECK_INT(dots, 2);
        CHECK_INT(repeated, 0);
        CHECK_INT(lost, 0);
        free(seen);
}

static void many_live(void)
{
        pid_t other;
        int status = 0;
        DIR *dir;

        CHECK_ERROR(chdir("many"), 0);
        make_names(LOWER, total(), 's');
        dir = opendir(".");
        other = fork();
        if (other == 0)
                disturb();
        for (int round = 0; round < 2; round++) {
                read_all(dir);
                rewinddir(dir);
        }
        CHECK_ERROR(kill(other, 0), 0);
        CHECK_ERROR(kill(other, SIGKILL), 0);
        CHECK_INT(waitpid(other, &status, 0), other);
        CHECK_INT(WIFSIGNALED(status) ? WTERMSIG(status) : -1, SIGKILL);
        closedir(dir);
        /* leave a layer of moderate size: the names that are not lower ones, all that disturbed, and some lower ones go
         */
        dir = opendir(".");
        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
                if (entry->d_name[0] != '.' && (entry->d_name[0] != 's' || atoi(entry->d_name + 1) >= LOWER - 1000))
                        CHECK_ERROR(unlink(entry->d_name), 0);
        closedir(dir);
        CHECK_ERROR(chdir(".."), 0);
}

static void many_verify(void)
{
        struct dirent **entries;
        int count = scandir("many", &entries, NULL, alphasort);
        char name[16];

        CHECK_INT(count, 2 + LOWER - 1000);
        for (int i = 0; i < count - 2; i++) {
                snprintf(name, sizeof name, "s%07d", i);
                CHECK_STR(entries[i + 2]->d_name, name);
        }
}

/* --- telldir and seekdir while names come and go --- */

#define PLACES 200
#define LAID   1500 /* names that a layer brings */
#define IN_ALL 2000 /* with those of this step */

static void places_below(void)
{
        make_names(0, LAID, 's');
}

static void places_live(void)
{
        static char names[PLACES][16];
        long places[PLACES];
        DIR *dir = opendir(".");
        const struct dirent *entry;

        make_names(LAID, IN_ALL, 's');
        for (int i = 0; i < 300; i++)
                CHECK(readdir(dir) != NULL);
        for (int i = 0; i < PLACES; i++) {
                for (int skip = 0; skip < 7; skip++)
                        CHECK(readdir(dir) != NULL);
                places[i] = telldir(dir);
                entry = readdir(dir);
                CHECK(entry != NULL);
                snprintf(names[i], sizeof names[i], "%.15s", entry != NULL ? entry->d_name : "");
        }
        make_names(0, 1000, 't');
        /* a place of which the name went leads to the one behind it; the others lead where they led */
        for (int i = 0; i < PLACES; i += 5)
                CHECK_ERROR(unlink(names[i]), 0);
        for (int i = PLACES - 1; i >= 0; i--) {
                seekdir(dir, places[i]);
                entry = readdir(dir);
                CHECK(entry != NULL);
                if (i % 5 == 0)
                        CHECK(entry == NULL || strcmp(entry->d_name, names[i]) != 0);
                else
                        CHECK_STR(entry != NULL ? entry->d_name : "(the end)", names[i]);
        }
        closedir(dir);
}

/* --- whole trees are removed while they are listed, as rm -r does --- */

static void emptied_live(void)
{
        int removed = 0;
        DIR *dir = opendir(".");

        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
                if (entry->d_name[0] != '.') {
                        CHECK_ERROR(unlink(entry->d_name), 0);
                        removed++;
                }
        CHECK_INT(removed, LAID);
        rewinddir(dir);
        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
                CHECK(entry->d_name[0] == '.');
        closedir(dir);
}

static void emptied_verify(void)
{
        CHECK_STR(probe_list("."), "");
}

/* --- a reader that renames what it reads comes to an end (what is new is not read again and again) --- */

static void renaming_live(void)
{
        int renamed = 0;
        DIR *dir = opendir(".");

        make_names(LAID, IN_ALL, 's');
        for (const struct dirent *entry; renamed <= 3 * IN_ALL && (entry = readdir(dir)) != NULL;)
                if (entry->d_name[0] != '.') {
                        char other[300];

                        snprintf(other, sizeof other, "%s.", entry->d_name);
                        CHECK_ERROR(rename(entry->d_name, other), 0);
                        renamed++;
                }
        CHECK(renamed >= IN_ALL && renamed <= 2 * IN_ALL);
        closedir(dir);
}

static void renaming_verify(void)
{
        int seen = 0;
        DIR *dir = opendir(".");

        for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
                seen += entry->d_name[0] == 's';
        CHECK_INT(seen, IN_ALL);
        closedir(dir);
}

/* --- a reader that stands behind a name which goes, while another one reads all --- */

static void count_all(int expected)
{
        int seen = 0;
        DIR *dir = opendir(".");

        while (readdir(dir) != NULL)
                seen++;
        CHECK_INT(seen, expected + 2);
        closedir(dir);
}

static void two_readers_live(void)
{
        int seen = 0;
        DIR *dir = opendir(".");

        make_names(LAID, IN_ALL, 's');
        for (int removed = 0; removed < 20; removed++) {
                const struct dirent *entry = NULL;

                for (int i = 0; i < 50; i++) {
                        entry = readdir(dir);
                        CHECK(entry != NULL);
                        seen++;
                }
                /* the kernel read ahead of the program: take away a few around the place */
                CHECK_ERROR(unlink(entry->d_name), 0);
                count_all(IN_ALL - removed - 1);
                count_all(IN_ALL - removed - 1);
        }
        while (readdir(dir) != NULL)
                seen++;
        CHECK_INT(seen, IN_ALL + 2);
        closedir(dir);
}

static const struct probe probes[] = {
        {"complete-while-names-come-and-go", many_below, NULL, many_live, many_verify},
        {"telldir-and-seekdir", places_below, NULL, places_live, NULL},
        {"removed-while-listed", places_below, NULL, emptied_live, emptied_verify},
        {"renamed-while-listed", places_below, NULL, renaming_live, renaming_verify},
        {"two-readers", places_below, NULL, two_readers_live, NULL},
};
PROBE_TOPIC(probe_listing, "listing", probes);
