/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bryo-init, as bytes in bryo and as a running process. It does not run from
 * bryo's own file: that belongs to the calling user, who is root in the
 * container, and could be overwritten through /proc/PID/exe from inside
 * (CVE-2019-5736). A sealed memfd cannot be written by anybody.
 */
#include "sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Descriptors are kept above this, so that the dup2 calls of a spawn cannot step on them. */
#define LOW_FDS 10

/* How long the other threads' spawns may keep a copy of the writing descriptor open. */
#define BUSY_TRIES 200
#define BUSY_NANOS 1000000

/* The path is relative to the top build directory, where make runs every compiler. */
__asm__(".pushsection .rodata,\"a\"\n"
        ".balign 16\n"
        "sandbox_program_bytes:\n"
        ".incbin \"sandbox/bryo-init\"\n"
        "sandbox_program_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char sandbox_program_bytes[], sandbox_program_end[];

static size_t program_size(void)
{
        return (size_t)(sandbox_program_end - sandbox_program_bytes);
}

static int open_memfd(void)
{
        int fd = memfd_create("bryo-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

        /* kernels before 6.3 do not know the flag, and their memfds execute */
        if (fd < 0 && errno == EINVAL)
                fd = memfd_create("bryo-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -1;
        if (fd_write_all(fd, sandbox_program_bytes, program_size()) < 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
                return fd_close(fd);
        return fd;
}

/* An empty file without a name, open for writing. */
static int open_nameless(const char *dir)
{
        CLEANUP_FREE char *path = memory_printf("%s/bryo-init-XXXXXX", dir);
        int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);

        if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
                return fd;
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0 && (unlink(path) < 0 || fchmod(fd, 0700) < 0))
                return fd_close(fd);
        return fd;
}

static int open_private_copy(const char *dir, struct error *err)
{
        CLEANUP_FD int writer = open_nameless(dir);
        char path[32];
        int fd;

        if (writer < 0 || fd_write_all(writer, sandbox_program_bytes, program_size()) < 0)
                return error_errno(err, errno, "cannot write the sandbox's init to %s", dir);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open the sandbox's init in %s again", dir);
        return fd;
}

static int add_actions(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int socket)
{
        sigset_t none, all;
        int rc;

        sigemptyset(&none);
        sigfillset(&all);
        if ((rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0)) != 0 ||
            (rc = posix_spawn_file_actions_adddup2(actions, 0, 1)) != 0 ||
            (rc = posix_spawn_file_actions_adddup2(actions, 0, 2)) != 0 ||
            (rc = posix_spawn_file_actions_adddup2(actions, socket, SANDBOX_PROGRAM_SOCKET)) != 0 ||
            (rc = posix_spawnattr_setsigmask(attr, &none)) != 0 ||
            (rc = posix_spawnattr_setsigdefault(attr, &all)) != 0)
                return rc;
        return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
}

/* 0, or the errno of what failed in either process. */
static int spawn(int program, int socket, pid_t *ret)
{
        char name[] = "bryo-init", path[32];
        char *const argv[] = {name, NULL}, *const env[] = {NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        int rc;

        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
        rc = posix_spawn_file_actions_init(&actions);
        if (rc != 0)
                return rc;
        rc = posix_spawnattr_init(&attr);
        if (rc == 0) {
                rc = add_actions(&actions, &attr, socket);
                if (rc == 0)
                        rc = posix_spawn(ret, path, &actions, &attr, argv, env);
                (void)posix_spawnattr_destroy(&attr);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        return rc;
}

static int spawn_above(int program, int socket, pid_t *ret)
{
        CLEANUP_FD int high_program = fcntl(program, F_DUPFD_CLOEXEC, LOW_FDS);
        CLEANUP_FD int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, LOW_FDS);

        if (high_program < 0 || high_socket < 0)
                return errno;
        return spawn(high_program, high_socket, ret);
}

static int start_private_copy(const char *dir, int socket, pid_t *ret, struct error *err)
{
        CLEANUP_FD int program = open_private_copy(dir, err);
        const struct timespec pause = {0, BUSY_NANOS};
        int rc = ETXTBSY;

        if (program < 0)
                return -1;
        /* a process forked by another thread meanwhile has the file open for writing until it execs */
        for (int i = 0; rc == ETXTBSY && i < BUSY_TRIES; i++) {
                if (i > 0)
                        (void)nanosleep(&pause, NULL);
                rc = spawn_above(program, socket, ret);
        }
        if (rc == EACCES)
                return error_set(err, rc,
                                 "cannot start the sandbox: programs may not run from %s (mounted noexec?), and memfds "
                                 "may not execute: set BRYO_TMPDIR to a directory where they may",
                                 dir);
        return rc == 0 ? 0 : error_errno(err, rc, "cannot start the sandbox's init from %s", dir);
}

int sandbox_program_start(const struct sandbox_options *options, int socket, pid_t *ret, struct error *err)
{
        CLEANUP_FD int program = -1;
        int rc = EACCES;

        if (!(options->disable & SANDBOX_NO_MEMFD)) {
                program = open_memfd();
                rc = program < 0 ? errno : spawn_above(program, socket, ret);
                if (rc != EACCES && rc != EPERM && rc != ENOSYS)
                        return rc == 0 ? 0 : error_errno(err, rc, "cannot start the sandbox's init");
        }
        log_print(options->log, LOG_INFO,
                  "memfds may not execute (%s): the sandbox's init runs from a private file in %s", strerror(rc),
                  options->scratch_dir);
        return start_private_copy(options->scratch_dir, socket, ret, err);
}
