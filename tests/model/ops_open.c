/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on descriptors: opening in every way, keeping, linking and executing what is open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

extern char **environ;

static int64_t keep(struct side *s, uint64_t slot, int fd)
{
        if (fd < 0)
                return -errno;
        side_keep(s, slot, fd);
        return 0;
}

int64_t op_open(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        /* no sgid: the plain side runs without CAP_FSETID (side_begin), which a new file's sgid asks for too */
        return keep(s, a[0], open(arg_path(a[1], &path), arg_open_flags(a[2]), (mode_t)a[3] & ~(mode_t)S_ISGID));
}

int64_t op_create(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        return keep(s, a[0],
                    open(arg_path(a[1], &path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NONBLOCK, (mode_t)a[2]));
}

/* `> file` */
int64_t op_truncate_open(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
        char bytes[100];

        (void)s;
        (void)r;
        if (fd < 0)
                return -errno;
        side_fill(bytes, sizeof(bytes), a[1]);
        return a[1] % 2 ? 0 : side_result(write(fd, bytes, a[1] % sizeof(bytes)));
}

int64_t op_open_at(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        return keep(s, a[0], openat(side_slot(s, a[1]), arg_path(a[2], &path), arg_open_flags(a[3]), 0644));
}

int64_t op_openat2(struct side *s, const uint64_t *a, struct result *r)
{
        static const uint64_t resolves[] = {RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV};
        struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                               .resolve = resolves[a[2] % ARRAY_SIZE(resolves)]};
        struct path_text path;
        int fd;

        (void)r;
        arg_path(a[1], &path);
        /* EAGAIN: somebody on this machine mounted or renamed something meanwhile */
        do
                fd = (int)syscall(SYS_openat2, AT_FDCWD, path.text, &how, sizeof(how));
        while (fd < 0 && errno == EAGAIN);
        return keep(s, a[0], fd);
}

/* Another description of the same inode, also of one without a name. Not of the link in /proc. */
int64_t op_reopen(struct side *s, const uint64_t *a, struct result *r)
{
        char path[64];

        (void)r;
        if (side_slot(s, a[1]) < 0)
                return -EBADF;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", side_slot(s, a[1]));
        return keep(s, a[0], open(path, arg_open_flags(a[2]) & ~(O_EXCL | O_NOFOLLOW), 0600));
}

int64_t op_dup(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return keep(s, a[0], fcntl(side_slot(s, a[1]), F_DUPFD_CLOEXEC, 0));
}

int64_t op_close(struct side *s, const uint64_t *a, struct result *r)
{
        int fd = side_slot(s, a[0]);

        (void)r;
        s->slots[a[0] % SIDE_SLOTS] = -1;
        return side_result(close(fd));
}

/* EOPNOTSUPP is what makes programs fall back: allowed for the union, and then nothing is kept on the other side. */
int64_t op_tmpfile(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[1], &path), O_TMPFILE | O_RDWR | O_CLOEXEC, (mode_t)a[2]);

        (void)r;
        if (fd < 0 && errno != EOPNOTSUPP)
                return -errno;
        side_keep(s, a[0], -1);
        return 0;
}

int64_t op_link_fd(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        return side_result(linkat(side_slot(s, a[0]), "", AT_FDCWD, arg_path(a[1], &path), AT_EMPTY_PATH));
}

int64_t op_link_proc(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char from[64];

        (void)r;
        if (side_slot(s, a[0]) < 0)
                return -EBADF;
        snprintf(from, sizeof(from), "/proc/self/fd/%d", side_slot(s, a[0]));
        return side_result(linkat(AT_FDCWD, from, AT_FDCWD, arg_path(a[1], &path), AT_SYMLINK_FOLLOW));
}

int64_t op_umask(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        (void)umask((mode_t)a[0] & 0777 & (a[1] < 6 ? 0077 : 0777));
        return 0;
}

/* --- programs --- */

int64_t op_write_program(struct side *s, const uint64_t *a, struct result *r)
{
        static const char *const texts[] = {"#!/bin/true\n", "#!/bin/false\n",
                                            "\177ELF, but no more",
                                            "#!/nowhere\n"};
        const char *text = texts[a[2] % ARRAY_SIZE(texts)];
        struct path_text path;
        CLEANUP_FD int fd = open(arg_path(a[0], &path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK,
                                 (mode_t)a[1] & ~(mode_t)S_ISGID);

        (void)s;
        (void)r;
        if (fd < 0)
                return -errno;
        return side_result(write(fd, text, strlen(text)));
}

/* The exit status, or the errno of execve: EACCES, ENOEXEC, and ETXTBSY while somebody has it open for writing. */
int64_t op_exec(struct side *s, const uint64_t *a, struct result *r)
{
        volatile int error = 0;
        char *argv[] = {(char[]){"program"}, NULL};
        struct path_text path;
        int status;
        pid_t pid;

        (void)s;
        (void)r;
        arg_path(a[0], &path);
        pid = vfork();
        if (pid == 0) {
                execve(path.text, argv, environ);
                error = errno;
                _exit(126);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return -errno;
        return error ? -error : WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
