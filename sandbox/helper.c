/* SPDX-License-Identifier: Apache-2.0 */
/* Running a helper program of the host and keeping what it said when it failed. */
#include "sandbox/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/spawn.h"

#define USUAL_PATH "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"
#define WORDS_MAX  2048

static char *find_in(const char *path, const char *name)
{
        while (path != NULL) {
                const char *end = strchrnul(path, ':');
                struct stat st;

                /* only absolute directories: a program that ends up with privileges is not looked for in "." */
                if (path[0] == '/') {
                        CLEANUP_FREE char *file = memory_printf("%.*s/%s", (int)(end - path), path, name);

                        if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
                                return STEAL(file);
                }
                path = *end == ':' ? end + 1 : NULL;
        }
        return NULL;
}

char *sandbox_helper_find(const char *name)
{
        char *found = find_in(getenv("PATH"), name);

        return found != NULL ? found : find_in(USUAL_PATH, name);
}

static int start(char *const *argv, int messages, pid_t *ret)
{
        CLEANUP_FREE char *path = memory_printf("PATH=%s", getenv("PATH") ? getenv("PATH") : USUAL_PATH);
        char locale[] = "LC_ALL=C";
        char *const env[] = {path, locale, NULL};
        const struct spawn_descriptor descriptors[] = {{STDIN_FILENO, STDOUT_FILENO}, {messages, STDERR_FILENO}};
        const struct spawn helper = {argv[0], false, argv, env, descriptors, ARRAY_SIZE(descriptors)};

        return spawn_start(&helper, ret);
}

int sandbox_helper_start(struct sandbox_helper *helper, char *const *argv, struct error *err)
{
        CLEANUP_FD int writer = -1;
        int rc;

        helper->messages = -1;
        rc = spawn_pipe(&helper->messages, &writer) < 0 ? errno : start(argv, writer, &helper->pid);
        if (rc != 0) {
                helper->pid = 0;
                helper->messages = fd_close(helper->messages);
                return error_errno(err, rc, "cannot run %s", argv[0]);
        }
        return 0;
}

/* What it says until it closes stderr; beyond a limit it is read and dropped, so that it can end. Control characters
 * become blanks. */
static void read_messages(int fd, struct buffer *ret)
{
        char part[512];

        for (;;) {
                ssize_t n = read(fd, part, sizeof(part));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                for (ssize_t i = 0; i < n && ret->size < WORDS_MAX; i++)
                        buffer_append_char(ret, (unsigned char)part[i] < ' ' || part[i] == 127 ? ' ' : part[i]);
        }
        while (ret->size > 0 && ret->data[ret->size - 1] == ' ')
                ret->data[--ret->size] = '\0';
}

int sandbox_helper_finish(struct sandbox_helper *helper, const char *name, struct error *err)
{
        CLEANUP_BUFFER struct buffer words = BUFFER_INIT;
        const char *colon;
        pid_t pid = helper->pid;
        int status;

        if (pid == 0)
                return 0;
        read_messages(helper->messages, &words);
        helper->messages = fd_close(helper->messages);
        helper->pid = 0;
        colon = words.size > 0 ? ": " : "";
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", name);
        if (WIFSIGNALED(status))
                return error_set(err, EINTR, "%s was killed by signal %d%s%s", name, WTERMSIG(status), colon,
                                 buffer_text(&words));
        if (WEXITSTATUS(status) != 0)
                return error_set(err, EPERM, "%s failed with status %d%s%s", name, WEXITSTATUS(status), colon,
                                 buffer_text(&words));
        return 0;
}
