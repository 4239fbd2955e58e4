/* SPDX-License-Identifier: Apache-2.0 */
/* Times: what sets them, how far they reach. Layers have whole seconds, and a sealed step has what its layer has. */
#include <sys/wait.h>
#include <time.h>

#include "tests/fs/probe.h"

static void set_mtime(const char *path, time_t seconds, long nanoseconds)
{
        const struct timespec times[2] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};

        CHECK_ERROR(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void check_mtime(const char *path, time_t seconds, long nanoseconds)
{
        struct stat st = probe_stat(path);

        CHECK_INT(st.st_mtim.tv_sec, seconds);
        CHECK_INT(st.st_mtim.tv_nsec, probe_phase() == PROBE_LIVE ? nanoseconds : 0);
}

/* --- nanoseconds; before 1970, after 2038, 2106 and 2446 --- */

static const struct {
        const char *name;
        time_t seconds;
        long nanoseconds;
} moments[] = {
        {"epoch", 0, 1},
        {"before-the-epoch", -1, 999999999},
        {"1901", -2147483649, 5},
        {"1600", -11676096000, 123},
        {"2038", 2147483648, 123456789},
        {"2106", 4294967296, 1},
        {"2500", 16725225600, 987654321},
        {"2920", 30000000000, 7},
};

static void reach_below(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moments); i += 2)
                probe_put(moments[i].name, "");
        probe_mkdir("dir");
        CHECK_ERROR(symlink("x", "link"), 0);
}

static void reach_live(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
                if (i % 2 != 0)
                        probe_put(moments[i].name, "");
                set_mtime(moments[i].name, moments[i].seconds, moments[i].nanoseconds);
        }
        set_mtime("dir", 4294967299, 3);
        set_mtime("link", -7, 8);
}

static void reach_verify(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
                check_mtime(moments[i].name, moments[i].seconds, moments[i].nanoseconds);
        check_mtime("dir", 4294967299, 3);
        check_mtime("link", -7, 8);
}

/* --- UTIME_NOW, UTIME_OMIT, and who may --- */

static void now_below(void)
{
        probe_put("f", "");
        set_mtime("f", 1000, 0);
        probe_put("g", "");
        set_mtime("g", 2000, 0);
}

static bool is_recent(const struct timespec *time)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return time->tv_sec <= now.tv_sec && now.tv_sec - time->tv_sec < 60;
}

static void now_live(void)
{
        const struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}},
                              wrong[2] = {{0, UTIME_NOW}, {0, 1000000000}}, only_access[2] = {{5, 0}, {0, UTIME_OMIT}};
        struct stat before = probe_stat("f"), after;

        CHECK_ERROR(utimensat(AT_FDCWD, "f", omit, 0), 0);
        after = probe_stat("f");
        CHECK_INT(after.st_mtime, 1000);
        CHECK_INT(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
        CHECK_INT(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
        CHECK_ERROR(utimensat(AT_FDCWD, "f", wrong, 0), EINVAL);
        CHECK_ERROR(utimensat(AT_FDCWD, "f", only_access, 0), 0);
        CHECK_INT(probe_stat("f").st_mtime, 1000);
        CHECK_INT(probe_stat("f").st_atime, 5);
        CHECK_ERROR(utimensat(AT_FDCWD, "f", now, 0), 0);
        after = probe_stat("f");
        CHECK(is_recent(&after.st_mtim) && is_recent(&after.st_ctim));
        probe_keep("time", (unsigned long long)after.st_mtime);
        set_mtime("g", 3000, 5);
        after = probe_stat("g");
        CHECK(is_recent(&after.st_ctim));
        CHECK_ERROR(utimensat(AT_FDCWD, "missing", now, 0), ENOENT);
}

static void now_verify(void)
{
        CHECK_INT(probe_stat("f").st_mtime, probe_kept("time"));
        check_mtime("g", 3000, 5);
}

/* --- access times: kept as they are set while the RUN lasts, moved by nothing else; layers have none --- */

static void access_below(void)
{
        probe_put("lower", "bytes");
        set_mtime("lower", 5000, 0);
}

static void access_live(void)
{
        const struct timespec times[2] = {{4294967296, 9}, {7, 8}};
        struct stat st;

        CHECK_INT(probe_stat("lower").st_atime, 5000);
        CHECK_ERROR(utimensat(AT_FDCWD, "lower", times, 0), 0);
        CHECK_INT(probe_stat("lower").st_atim.tv_sec, 4294967296);
        CHECK_INT(probe_stat("lower").st_atim.tv_nsec, 9);
        CHECK_STR(probe_get("lower"), "bytes");
        set_mtime("lower", 77, 0);
        CHECK_INT(probe_stat("lower").st_atim.tv_sec, 4294967296);
        probe_put("upper", "bytes");
        set_mtime("upper", 77, 0);
        st = probe_stat("upper");
        CHECK(is_recent(&st.st_atim));
}

static void access_verify(void)
{
        check_mtime("lower", 77, 0);
        if (probe_phase() != PROBE_LIVE)
                CHECK_INT(probe_stat("lower").st_atime, 77);
}

/* --- what changes which time --- */

struct moment {
        struct timespec mtime, ctime;
};

static struct moment moment_of(const char *path)
{
        struct stat st = probe_stat(path);

        return (struct moment){st.st_mtim, st.st_ctim};
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
        return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/*
 * Until a file that changes now gets a time after `then`. The clock of files only ticks, late on a busy machine, and since
 * Linux 6.13 a file's time may lie before the next tick: as late as the finest time that any file was given.
 */
static void wait_until_after(const struct timespec *then)
{
        struct timespec now;

        do {
                usleep(1000);
                clock_gettime(CLOCK_REALTIME_COARSE, &now);
        } while (!is_later(&now, then));
}

/* `call` must move (or leave) mtime and ctime of `path`. */
#define CHECK_TIMES(path, call, mtime_moves, ctime_moves)                                                              \
        do {                                                                                                           \
                struct moment before_ = moment_of(path), after_;                                                       \
                wait_until_after(&before_.ctime);                                                                      \
                CHECK(call);                                                                                           \
                after_ = moment_of(path);                                                                              \
                CHECK_INT(is_later(&after_.mtime, &before_.mtime), mtime_moves);                                       \
                CHECK_INT(is_later(&after_.ctime, &before_.ctime), ctime_moves);                                       \
        } while (0)

static void parents_below(void)
{
        probe_mkdir("d");
        probe_mkdir("e");
        probe_put("d/f", "");
        probe_put("d/g", "");
        probe_put("f", "bytes");
}

static bool write_one(const char *path)
{
        probe_append(path, "x");
        return true;
}

static void parents_live(void)
{
        CHECK_TIMES("d", write_one("d/f"), false, false);
        CHECK_TIMES("d", chmod("d/f", 0600) == 0, false, false);
        CHECK_TIMES("d", mknod("d/new", S_IFREG | 0600, 0) == 0, true, true);
        CHECK_TIMES("d", mkdir("d/sub", 0700) == 0, true, true);
        CHECK_TIMES("d", symlink("x", "d/link") == 0, true, true);
        CHECK_TIMES("d", link("d/f", "d/hard") == 0, true, true);
        CHECK_TIMES("d/f", unlink("d/hard") == 0, false, true);
        CHECK_TIMES("d", unlink("d/g") == 0, true, true);
        CHECK_TIMES("d", rename("d/new", "d/renamed") == 0, true, true);
        CHECK_TIMES("d", rename("d/renamed", "e/moved") == 0, true, true);
        CHECK_TIMES("e", rename("e/moved", "d/moved") == 0, true, true);
        CHECK_TIMES("d/f", link("d/f", "d/hard") == 0, false, true);
        CHECK_TIMES("d/f", rename("d/hard", "e/hard") == 0, false, true);
        CHECK_TIMES("d", rmdir("d/sub") == 0, true, true);
        CHECK_TIMES("d", unlink("d/missing") == -1, false, false);
        CHECK_TIMES(".", chmod("d", 0700) == 0, false, false);
        CHECK_TIMES("f", write_one("f"), true, true);
        CHECK_TIMES("f", truncate("f", 3) == 0, true, true);
        CHECK_TIMES("f", chmod("f", 0600) == 0, false, true);
        CHECK_TIMES("f", chown("f", geteuid(), getegid()) == 0, false, true);
        CHECK_TIMES("f", access("f", R_OK) == 0 && probe_get("f")[0] == 'b', false, false);
        CHECK_TIMES("f", close(open("f", O_WRONLY | O_TRUNC | O_CLOEXEC)) == 0, true, true);
        set_mtime("d", 12345, 678);
        set_mtime("e", 54321, 0);
}

static void parents_verify(void)
{
        check_mtime("d", 12345, 678);
        check_mtime("e", 54321, 0);
}

/* --- utimensat after writes that are still in the page cache, as tar and cp -p do it --- */

static void late_live(void)
{
        int fd = probe_open("f", O_WRONLY | O_CREAT, 0644);
        const struct timespec times[2] = {{77, 7}, {77, 7}};

        CHECK_INT(write(fd, "bytes", 5), 5);
        CHECK_ERROR(futimens(fd, times), 0);
        CHECK_ERROR(close(fd), 0);
}

static void late_verify(void)
{
        check_mtime("f", 77, 7);
        CHECK_STR(probe_get("f"), "bytes");
}

static const struct probe probes[] = {
        {"nanoseconds-and-far-years", reach_below, NULL, reach_live, reach_verify},
        {"now-and-omit", now_below, NULL, now_live, now_verify},
        {"access-times", access_below, NULL, access_live, access_verify},
        {"what-changes-which", parents_below, NULL, parents_live, parents_verify},
        {"set-after-writing", NULL, NULL, late_live, late_verify},
};
PROBE_TOPIC(probe_times, "times", probes);
