/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step: find the program in the PATH of the command's own environment,
 * run it, and, when that fails, say why in terms of the image: the kernel's ENOENT
 * means a missing interpreter as often as a missing file.
 */
#include "sandbox/init/init.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where there is no PATH at all; what Docker gives an image without one (moby, oci/defaults.go). */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *find_path(const char **env)
{
        for (; *env != NULL; env++)
                if (strncmp(*env, "PATH=", 5) == 0)
                        return *env + 5;
        return DEFAULT_PATH;
}

/* The word behind "#!", or "" for what is no script. */
static const char *read_interpreter(const char *path)
{
        char head[256];
        size_t start = 2, end;
        ssize_t length;
        char *word;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        length = fd < 0 ? -1 : read(fd, head, sizeof(head));
        if (fd >= 0)
                (void)close(fd);
        if (length < 3 || head[0] != '#' || head[1] != '!')
                return "";
        while (start < (size_t)length && (head[start] == ' ' || head[start] == '\t'))
                start++;
        for (end = start; end < (size_t)length && head[end] != '\0' && !isspace((unsigned char)head[end]); end++)
                ;
        word = strndup(head + start, end - start);
        return word == NULL ? "" : word;
}

static int fail_exec(const char *path, int code, struct sandbox_report *report)
{
        struct stat st;

        if (code == ENOENT && stat(path, &st) == 0) {
                (void)init_fail(report, SANDBOX_STEP_EXEC_INTERPRETER, ENOENT, path);
                report->detail = read_interpreter(path);
                return -1;
        }
        return init_fail(report, SANDBOX_STEP_EXEC, code, path);
}

static bool is_regular(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * Tries the directories of `path` in order, as execvp(3) does: one that has no
 * such file, or only a directory of that name, is passed over; a file that may not be executed is
 * remembered in case nothing better follows.
 */
static int execute_by_path(const char **argv, const char **env, const char *path, struct sandbox_report *report)
{
        char *refused = NULL;

        while (path != NULL) {
                const char *end = strchrnul(path, ':');
                char *file = NULL;
                bool regular;
                int code;

                if (asprintf(&file, "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "./", argv[0]) < 0)
                        return init_fail(report, SANDBOX_STEP_MEMORY, ENOMEM, NULL);
                (void)execve(file, (char *const *)argv, (char *const *)env);
                code = errno;
                regular = is_regular(file);
                if (regular && code != EACCES)
                        return fail_exec(file, code, report);
                if (regular && refused == NULL)
                        refused = file;
                else
                        free(file);
                path = *end == ':' ? end + 1 : NULL;
        }
        if (refused != NULL)
                return init_fail(report, SANDBOX_STEP_EXEC, EACCES, refused);
        return init_fail(report, SANDBOX_STEP_EXEC, ENOENT, argv[0]);
}

int init_execute(const char **argv, const char **env, struct sandbox_report *report)
{
        if (strchr(argv[0], '/') == NULL && argv[0][0] != '\0')
                return execute_by_path(argv, env, find_path(env), report);
        (void)execve(argv[0], (char *const *)argv, (char *const *)env);
        return fail_exec(argv[0], errno, report);
}
