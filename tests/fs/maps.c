/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings, and files that are executed. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

#define SIZE 20000

static char *map(const char *path, int flags, int protection, int map_flags)
{
        int fd = probe_open(path, flags, 0);
        char *bytes = mmap(NULL, SIZE, protection, map_flags, fd, 0);

        CHECK(bytes != MAP_FAILED);
        CHECK_ERROR(close(fd), 0);
        return bytes;
}

static void shared_below(void)
{
        char *bytes = memory_zalloc(SIZE + 1, 1);

        memset(bytes, 'l', SIZE);
        probe_put("f", bytes);
        probe_put("g", bytes);
        free(bytes);
}

/* --- MAP_SHARED --- */

static void shared_live(void)
{
        char *bytes = map("f", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED),
             *other = map("f", O_RDONLY, PROT_READ, MAP_SHARED);
        int fd = probe_open("f", O_RDWR, 0), status = -1;
        char byte = 0;

        /* mappings, reads and writes are one file */
        bytes[15000] = 'm';
        CHECK_INT(other[15000], 'm');
        CHECK_INT(pread(fd, &byte, 1, 15000), 1);
        CHECK_INT(byte, 'm');
        CHECK_INT(pwrite(fd, "w", 1, 15001), 1);
        CHECK_INT(bytes[15001], 'w');
        if (fork() == 0) {
                bytes[15002] = 'c';
                _exit(0);
        }
        CHECK(wait(&status) > 0);
        CHECK_INT(other[15002], 'c');
        CHECK_ERROR(msync(bytes, SIZE, MS_SYNC), 0);
        bytes[15003] = 'u'; /* left to munmap */
        CHECK_ERROR(munmap(bytes, SIZE), 0);
        CHECK_ERROR(munmap(other, SIZE), 0);
        CHECK_ERROR(close(fd), 0);
}

static void shared_verify(void)
{
        const char *bytes = map("f", O_RDONLY, PROT_READ, MAP_PRIVATE);

        CHECK_INT(probe_stat("f").st_size, SIZE);
        CHECK(memcmp(bytes + 14999, "lmwcul", 6) == 0);
}

/* --- MAP_PRIVATE, and what a mapping may not --- */

static void private_live(void)
{
        char *bytes = map("g", O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        int fd;

        bytes[0] = 'p';
        CHECK_INT(probe_get("g")[0], 'l');
        CHECK_ERROR(munmap(bytes, SIZE), 0);
        fd = probe_open("g", O_RDONLY, 0);
        CHECK(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
        CHECK_ERROR(close(fd), 0);
}

static void private_verify(void)
{
        CHECK_INT(probe_stat("g").st_size, SIZE);
        CHECK_INT(probe_get("g")[0], 'l');
}

/* --- behind the end: zeros up to the page, SIGBUS after it, and neither gets into the file --- */

static char *beyond;

static void read_beyond(void)
{
        volatile char byte = beyond[5 * 4096];

        (void)byte;
}

static void end_live(void)
{
        char *bytes;
        int status;
        pid_t child;

        CHECK_ERROR(truncate("g", 10), 0);
        bytes = beyond = mmap(NULL, SIZE + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, probe_open("g", O_RDWR, 0), 0);
        CHECK(bytes != MAP_FAILED);
        CHECK_INT(bytes[9], 'l');
        CHECK_INT(bytes[10], 0);
        bytes[11] = 'x';
        CHECK_ERROR(msync(bytes, 4096, MS_SYNC), 0);
        fflush(stdout);
        child = fork();
        if (child == 0) {
                signal(SIGBUS, SIG_DFL);
                read_beyond();
                _exit(0);
        }
        CHECK_INT(waitpid(child, &status, 0), child);
        CHECK_INT(WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGBUS);
        CHECK_ERROR(truncate("g", 20), 0);
        CHECK_INT(bytes[12], 0);
}

static void end_verify(void)
{
        char bytes[21];
        int fd = probe_open("g", O_RDONLY, 0);

        CHECK_INT(read(fd, bytes, sizeof bytes), 20);
        CHECK(memcmp(bytes, "llllllllll\0\0\0\0\0\0\0\0\0\0", 20) == 0);
        CHECK_ERROR(close(fd), 0);
}

/* --- written, then executed --- */

static int run(const char *path, const char *name)
{
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
                execl(path, name, NULL);
                _exit(100 + (errno == ETXTBSY ? 1 : errno == EACCES ? 2 : 0));
        }
        CHECK_INT(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void exec_below(void)
{
        probe_put("lower", "#!/bin/sh\nexit 7\n");
        CHECK_ERROR(chmod("lower", 0755), 0);
}

static void exec_live(void)
{
        int fd;

        CHECK_INT(run("./lower", "lower"), 7);
        probe_put("script", "#!/bin/sh\nexit 8\n");
        CHECK_INT(run("./script", "script"), 102);
        CHECK_ERROR(chmod("script", 0711), 0);
        CHECK_INT(system("cp /bin/busybox program && chmod 755 program"), 0);
        fd = probe_open("program", O_WRONLY, 0);
        CHECK_INT(run("./program", "true"), 101);
        CHECK_ERROR(close(fd), 0);
        CHECK_INT(run("./program", "true"), 0);
        probe_append("lower", "exit 9\n");
}

static void sleeper(void)
{
        execl("./program", "sleep", "30", NULL);
        _exit(1);
}

static void exec_verify(void)
{
        char path[64], link[64] = "";
        pid_t child;
        int tries = 1000;

        CHECK_INT(run("./lower", "lower"), 7);
        CHECK_INT(run("./script", "script"), 8);
        /* a program that runs cannot be written: ETXTBSY */
        child = fork();
        if (child == 0)
                sleeper();
        snprintf(path, sizeof path, "/proc/%d/exe", (int)child);
        do
                CHECK(readlink(path, link, sizeof link - 1) > 0);
        while (strstr(link, "program") == NULL && tries-- > 0 && usleep(1000) == 0);
        CHECK_ERROR(open("program", O_WRONLY | O_CLOEXEC), ETXTBSY);
        CHECK_ERROR(truncate("program", 0), ETXTBSY);
        CHECK_ERROR(kill(child, SIGKILL), 0);
        CHECK_INT(waitpid(child, NULL, 0), child);
}

static const struct probe probes[] = {
        {"mapped-shared", shared_below, NULL, shared_live, shared_verify},
        {"mapped-private", shared_below, NULL, private_live, private_verify},
        {"mapped-behind-the-end", shared_below, NULL, end_live, end_verify},
        {"written-then-executed", exec_below, NULL, exec_live, exec_verify},
};
PROBE_TOPIC(probe_maps, "maps", probes);
