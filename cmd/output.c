/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear whole or not at all. */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

static int open_standard_output(struct cmd_output *o, struct error *err)
{
        if (isatty(STDOUT_FILENO))
                return error_set(err, EINVAL, "standard output is a terminal: name a file with -o FILE, or redirect");
        o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        if (o->fd < 0)
                return error_errno(err, errno, "cannot write to standard output");
        return 0;
}

/* Beside the file that will be replaced: where `path` is a symlink, beside what it names. */
static int open_temporary(struct cmd_output *o, const char *place, struct error *err)
{
        mode_t mask;

        o->temporary = memory_printf("%s.XXXXXX", place);
        o->fd = mkostemp(o->temporary, O_CLOEXEC);
        if (o->fd < 0) {
                free(STEAL(o->temporary));
                return error_errno(err, errno, "cannot create %s", o->path);
        }
        mask = umask(0);
        (void)umask(mask);
        if (fchmod(o->fd, 0666 & ~mask) < 0)
                return error_errno(err, errno, "cannot set the mode of %s", o->temporary);
        return 0;
}

int cmd_output_open(struct cmd_output *o, const char *path, struct error *err)
{
        CLEANUP_FREE char *place = NULL;
        struct stat st;

        if (path == NULL || strcmp(path, "-") == 0)
                return open_standard_output(o, err);
        o->path = path;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                return error_set(err, EISDIR, "cannot write %s: it is a directory", path);
        if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
                o->fd = open(path, O_WRONLY | O_CLOEXEC);
                return o->fd < 0 ? error_errno(err, errno, "cannot open %s", path) : 0;
        }
        place = realpath(path, NULL);
        return open_temporary(o, place ? place : path, err);
}

int cmd_output_commit(struct cmd_output *o, struct error *err)
{
        CLEANUP_FREE char *place = o->temporary ? memory_strndup(o->temporary, strlen(o->temporary) - 7) : NULL;
        int fd = fd_steal(&o->fd);

        /* NFS tells only here that the disk is full */
        if (close(fd) < 0)
                return error_errno(err, errno, "cannot write %s", o->path ? o->path : "standard output");
        if (place && rename(o->temporary, place) < 0)
                return error_errno(err, errno, "cannot name the finished file %s", place);
        free(STEAL(o->temporary));
        return 0;
}

void cmd_output_close(struct cmd_output *o)
{
        o->fd = fd_close(o->fd);
        if (o->temporary)
                (void)unlink(o->temporary); /* the error that led here is the one to tell */
        free(STEAL(o->temporary));
}
