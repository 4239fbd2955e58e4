/* SPDX-License-Identifier: Apache-2.0 */
/* Where archives are read from. */
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

int cmd_input_open(const char *path, int *ret_fd, const char **ret_what, struct error *err)
{
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
                return error_set(err, EINVAL, "standard input is a terminal: name a file, or pipe the archive in");
        *ret_what = strcmp(path, "-") == 0 ? "standard input" : path;
        fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", *ret_what);
        if (S_ISDIR(st.st_mode))
                return error_set(err, EISDIR, "%s is a directory, not a tar", *ret_what);
        *ret_fd = fd_steal(&fd);
        return 0;
}
