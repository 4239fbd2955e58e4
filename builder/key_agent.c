/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private ssh-agent. It is started with a command to run, as ssh-agent(1)
 * offers: a shell that waits for the end of a pipe of which only this process
 * has the other end, and then ends the agent. So nothing is left behind even by kill -9,
 * and should the shell be killed the agent itself notices within seconds.
 */
#include "builder/key_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/spawn.h"

#define SAID_MAX 4096

/* A terminal's ^C goes to the whole group: this process decides what it means. */
#define WAIT_FOR_THE_END "trap '' INT HUP TERM QUIT; echo; exec >&- 2>&-; cat > /dev/null; kill \"$SSH_AGENT_PID\""

struct builder_key_agent {
        char *directory; /* of the socket; NULL before it is there */
        char *socket;
        int life; /* the end of the pipe */
        pid_t shell;
};

/* Where the rest comes from is not the user's affair; ssh-add is to ask nobody. */
static void make_environment(struct strv *env, const char *socket)
{
        const char *path = getenv("PATH");

        strv_env_set(env, "PATH", path ? path : "/usr/bin:/bin");
        strv_env_set(env, "LC_ALL", "C");
        strv_env_set(env, "SSH_ASKPASS", "/bin/false");
        strv_env_set(env, "SSH_ASKPASS_REQUIRE", "force");
        if (socket)
                strv_env_set(env, "SSH_AUTH_SOCK", socket);
}

/* Starts a program of OpenSSH; *ret_said is the reading end of what it says. */
static int start(struct strv *argv, const char *socket, int input, pid_t *ret, int *ret_said, struct error *err)
{
        CLEANUP_STRV struct strv env = STRV_INIT;
        CLEANUP_FD int said = -1;
        CLEANUP_FD int above = fcntl(input, F_DUPFD_CLOEXEC, 3); /* spawn wants it above the standard ones */
        struct spawn_descriptor descriptors[] = {{above, STDIN_FILENO}, {-1, STDOUT_FILENO}, {-1, STDERR_FILENO}};
        const struct spawn program = {argv->items[0], true,        strv_array(argv),
                                      NULL,           descriptors, ARRAY_SIZE(descriptors)};
        struct spawn copy = program;
        int rc;

        make_environment(&env, socket);
        copy.env = strv_array(&env);
        if (above < 0 || spawn_pipe(ret_said, &said) < 0)
                return error_errno(err, errno, "cannot make a pipe for %s", argv->items[0]);
        descriptors[1].from = descriptors[2].from = said;
        rc = spawn_start(&copy, ret);
        if (rc == ENOENT)
                return error_set(err, ENOENT, "%s is not installed (Debian: openssh-client, Fedora: openssh-clients)",
                                 argv->items[0]);
        return rc == 0 ? 0 : error_errno(err, rc, "cannot run %s", argv->items[0]);
}

/* Until the program closes its end. One line, without what a terminal would obey. */
static char *read_said(int fd)
{
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;
        char part[512];
        ssize_t n;

        buffer_append_string(&said, "");
        while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
                if (n > 0 && said.size + (size_t)n <= SAID_MAX)
                        buffer_append(&said, part, (size_t)n);
        while (said.size > 0 && strchr("\r\n ", said.data[said.size - 1]))
                said.data[--said.size] = '\0';
        for (size_t i = 0; i < said.size; i++)
                if ((unsigned char)said.data[i] < ' ' || said.data[i] == 127)
                        said.data[i] = ' ';
        return buffer_steal(&said);
}

static int wait_for(pid_t pid)
{
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -1;
        return status;
}

static int make_directory(struct builder_key_agent *a, struct error *err)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR");
        const char *temporary = getenv("TMPDIR");
        const char *base = runtime && runtime[0] == '/' && access(runtime, W_OK) == 0 ? runtime
                           : temporary && temporary[0] == '/'                         ? temporary
                                                                                      : "/tmp";
        CLEANUP_FREE char *path = memory_printf("%s/bryo-ssh.XXXXXX", base);

        if (!mkdtemp(path))
                return error_errno(err, errno, "cannot make a directory for an ssh agent's socket in %s", base);
        a->socket = memory_printf("%s/agent", path);
        a->directory = STEAL(path);
        return 0;
}

static int start_agent(struct builder_key_agent *a, struct error *err)
{
        const char *const words[] = {"ssh-agent", "-a", a->socket, "/bin/sh", "-c", WAIT_FOR_THE_END};
        CLEANUP_STRV struct strv argv = STRV_INIT;
        CLEANUP_FREE char *said = NULL;
        CLEANUP_FD int input = -1;
        CLEANUP_FD int output = -1;
        struct stat st;

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                strv_add(&argv, words[i]);
        if (spawn_pipe(&input, &a->life) < 0)
                return error_errno(err, errno, "cannot make a pipe for ssh-agent");
        if (start(&argv, NULL, input, &a->shell, &output, err) < 0)
                return -1;
        said = read_said(output);
        if (stat(a->socket, &st) < 0)
                return error_set(err, EIO, "ssh-agent did not start%s%s", said[0] ? ": " : "", said);
        return 0;
}

/* The key goes in by descriptor: for a path ssh-add would look at its mode. */
static int add_key(const struct builder_key_agent *a, const char *what, const char *path, struct error *err)
{
        CLEANUP_STRV struct strv argv = STRV_INIT;
        CLEANUP_FREE char *said = NULL;
        CLEANUP_FD int key = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        CLEANUP_FD int output = -1;
        struct stat st;
        pid_t pid;

        if (key < 0 || fstat(key, &st) < 0)
                return error_errno(err, errno, "--ssh %s: cannot read %s", what, path);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "--ssh %s: %s is neither an agent's socket nor a key file", what, path);
        strv_add(&argv, "ssh-add");
        strv_add(&argv, "-q");
        strv_add(&argv, "-");
        if (start(&argv, a->socket, key, &pid, &output, err) < 0)
                return error_wrap(err, "--ssh %s", what);
        said = read_said(output);
        if (wait_for(pid) == 0)
                return 0;
        /* where it cannot ask it says nothing */
        if (said[0] == '\0' || strstr(said, "passphrase"))
                return error_set(
                        err, EINVAL,
                        "--ssh %s: the key %s has a passphrase: give it to an agent (eval $(ssh-agent); ssh-add "
                        "%s) and write --ssh default",
                        what, path, path);
        return error_set(err, EINVAL, "--ssh %s: %s is no private key that ssh-add can read: %s", what, path, said);
}

int builder_key_agent_start(const char *what, const struct strv *keys, struct builder_key_agent **ret,
                            struct error *err)
{
        struct builder_key_agent *a = memory_zalloc(1, sizeof(*a));
        int result;

        a->life = -1;
        result = make_directory(a, err) < 0 || start_agent(a, err) < 0 ? error_wrap(err, "--ssh %s", what) : 0;
        for (size_t i = 0; i < keys->count && result == 0; i++)
                result = add_key(a, what, keys->items[i], err);
        if (result == 0)
                *ret = a;
        else
                builder_key_agent_stop(a);
        return result;
}

const char *builder_key_agent_socket(const struct builder_key_agent *a)
{
        return a->socket;
}

void builder_key_agent_stop(struct builder_key_agent *a)
{
        if (a == NULL)
                return;
        a->life = fd_close(a->life);
        if (a->shell > 0)
                (void)wait_for(a->shell);
        if (a->socket)
                (void)unlink(a->socket);
        if (a->directory)
                (void)rmdir(a->directory);
        free(a->socket);
        free(a->directory);
        free(a);
}
