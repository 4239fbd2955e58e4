/* SPDX-License-Identifier: Apache-2.0 */
/* flock(2), fcntl(2) and open file description locks, between processes, on lower and new files. */
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

static void lock_below(void)
{
        probe_put("lower", "0123456789");
}

static int record(int fd, int command, short type, off_t start, off_t length)
{
        struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

        return fcntl(fd, command, &lock);
}

/* In another process: the exit status says which of the three kinds of lock could be had on `path`. */
static int available(const char *path)
{
        int status = -1;

        if (fork() == 0) {
                int fd = probe_open(path, O_RDWR, 0), mask = 0;

                mask |= flock(fd, LOCK_EX | LOCK_NB) == 0 ? 1 : errno == EWOULDBLOCK ? 0 : 8;
                mask |= record(fd, F_SETLK, F_WRLCK, 0, 5) == 0 ? 2 : errno == EAGAIN ? 0 : 8;
                mask |= record(fd, F_OFD_SETLK, F_WRLCK, 5, 5) == 0 ? 4 : errno == EAGAIN ? 0 : 8;
                _exit(mask);
        }
        CHECK(wait(&status) > 0);
        return WEXITSTATUS(status);
}

static void try_flock(const char *path)
{
        int fd = probe_open(path, O_RDWR, 0), again = probe_open(path, O_RDWR, 0);

        CHECK_INT(available(path), 7);
        CHECK_ERROR(flock(fd, LOCK_EX), 0);
        CHECK_INT(available(path), 6);
        CHECK_ERROR(flock(again, LOCK_SH | LOCK_NB), EWOULDBLOCK);
        CHECK_ERROR(flock(fd, LOCK_SH), 0);
        CHECK_ERROR(flock(again, LOCK_SH | LOCK_NB), 0);
        CHECK_ERROR(flock(again, LOCK_UN), 0);
        CHECK_ERROR(flock(fd, LOCK_UN), 0);
        CHECK_INT(available(path), 7);
        CHECK_ERROR(flock(fd, LOCK_EX), 0);
        CHECK_ERROR(close(fd), 0); /* lets go */
        CHECK_INT(available(path), 7);
        CHECK_ERROR(close(again), 0);
}

static void flock_live(void)
{
        probe_put("upper", "0123456789");
        try_flock("upper");
        try_flock("lower");
}

static void try_fcntl(const char *path)
{
        int fd = probe_open(path, O_RDWR, 0), read_only = probe_open(path, O_RDONLY, 0);
        struct flock query = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};

        CHECK_ERROR(record(fd, F_SETLK, F_WRLCK, 2, 2), 0);
        CHECK_INT(available(path), 5);
        CHECK_ERROR(record(fd, F_SETLK, F_UNLCK, 2, 2), 0);
        CHECK_INT(available(path), 7);
        CHECK_ERROR(record(read_only, F_SETLK, F_WRLCK, 0, 1), EBADF);
        CHECK_ERROR(record(fd, F_SETLK, F_RDLCK, 0, 5), 0);
        CHECK_INT(available(path), 5);
        /* who holds it */
        fflush(stdout);
        if (fork() == 0) {
                CHECK_ERROR(fcntl(fd, F_GETLK, &query), 0);
                _exit(query.l_type == F_RDLCK && query.l_pid == getppid() && query.l_len == 5 ? 0 : 1);
        } else {
                int status = -1;

                CHECK(wait(&status) > 0);
                CHECK_INT(status, 0);
        }
        CHECK_ERROR(close(read_only), 0); /* any close of the file lets go: fcntl(2) */
        CHECK_INT(available(path), 7);
        CHECK_ERROR(close(fd), 0);
}

static void fcntl_live(void)
{
        probe_put("upper", "0123456789");
        try_fcntl("upper");
        try_fcntl("lower");
}

static void try_ofd(const char *path)
{
        int fd = probe_open(path, O_RDWR, 0), again = probe_open(path, O_RDWR, 0);

        CHECK_ERROR(record(fd, F_OFD_SETLK, F_WRLCK, 5, 5), 0);
        CHECK_INT(available(path), 3);
        CHECK_ERROR(record(again, F_OFD_SETLK, F_WRLCK, 7, 1), EAGAIN);
        CHECK_ERROR(record(again, F_OFD_SETLK, F_WRLCK, 10, 1), 0);
        CHECK_ERROR(close(again), 0); /* these belong to the description: nothing happens to the other */
        CHECK_INT(available(path), 3);
        CHECK_ERROR(close(fd), 0);
        CHECK_INT(available(path), 7);
}

static void ofd_live(void)
{
        probe_put("upper", "0123456789");
        try_ofd("upper");
        try_ofd("lower");
}

/* --- a waiting lock is had when the holder lets go, and when it dies --- */

static void wait_live(void)
{
        int ready[2], fd;
        char byte;
        pid_t holder;

        CHECK_ERROR(pipe(ready), 0);
        for (int dies = 0; dies < 2; dies++) {
                holder = fork();
                if (holder == 0) {
                        fd = probe_open("lower", O_RDWR, 0);
                        if (flock(fd, LOCK_EX) < 0 || record(fd, F_SETLK, F_WRLCK, 0, 0) < 0 ||
                            write(ready[1], "x", 1) != 1)
                                _exit(1);
                        usleep(20000);
                        if (dies)
                                raise(SIGKILL);
                        _exit(0);
                }
                CHECK_INT(read(ready[0], &byte, 1), 1);
                fd = probe_open("lower", O_RDWR, 0);
                CHECK_ERROR(flock(fd, LOCK_EX), 0);
                CHECK_ERROR(record(fd, F_SETLKW, F_WRLCK, 0, 0), 0);
                CHECK_ERROR(close(fd), 0);
                CHECK_INT(waitpid(holder, NULL, 0), holder);
        }
}

/* --- leases: a holder is told when somebody opens --- */

static void lease_live(void)
{
        int fd = probe_open("lower", O_RDONLY, 0);

        /* F_RDLCK is refused while somebody has the file open for writing, granted else (fcntl(2)) */
        CHECK_ERROR(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
        CHECK_INT(fcntl(fd, F_GETLEASE), F_RDLCK);
        CHECK_ERROR(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
        CHECK_ERROR(close(fd), 0);
}

static const struct probe probes[] = {
        {"flock", lock_below, NULL, flock_live, NULL},
        {"fcntl-locks", lock_below, NULL, fcntl_live, NULL},
        {"open-file-description-locks", lock_below, NULL, ofd_live, NULL},
        {"waiting-for-a-lock", lock_below, NULL, wait_live, NULL},
        {"leases", lock_below, NULL, lease_live, NULL},
};
PROBE_TOPIC(probe_locks, "locks", probes);
