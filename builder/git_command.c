/* SPDX-License-Identifier: Apache-2.0 */
/* Running git, with nothing of the user's or the machine's configuration in it. */
#include "builder/git_command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/environment.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/redact.h"
#include "common/spawn.h"
#include "oci/authorities.h"

#define OUTPUT_MAX ((size_t)64 << 20) /* ls-remote of a repository with a million refs */
#define SAID_MAX   ((size_t)64 << 10)
#define SAID_LINES 4
#define POLL_MS    200

/* --- its environment -------------------------------------------------------- */

static const char *const passed_on[] = {"PATH",      "TMPDIR",    "http_proxy", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy", "ALL_PROXY", "no_proxy",   "NO_PROXY"};

static void pass_on(struct strv *env, const char *name, const char *as)
{
        const char *value = environment_find(name);

        if (value)
                strv_env_set(env, as, value);
}

static void set_config(struct strv *env, unsigned *count, const char *key, const char *value)
{
        CLEANUP_FREE char *key_name = memory_printf("GIT_CONFIG_KEY_%u", *count);
        CLEANUP_FREE char *value_name = memory_printf("GIT_CONFIG_VALUE_%u", *count);

        strv_env_set(env, key_name, key);
        strv_env_set(env, value_name, value);
        ++*count;
}

/* Settings that a repository could not even ask to change: these have precedence over its own (git-config(1)). */
static void make_config(const struct builder_git *git, struct strv *env)
{
        static const char *const fixed[][2] = {
                {"core.hooksPath", "/dev/null"},
                {"core.fsmonitor", "false"},
                {"core.symlinks", "true"},
                {"core.protectHFS", "true"},
                {"core.protectNTFS", "true"},
                {"core.autocrlf", "false"},
                {"core.attributesFile", "/dev/null"},
                {"core.excludesFile", "/dev/null"},
                {"credential.helper", ""},
                {"protocol.file.allow", "never"},
                {"protocol.ext.allow", "never"},
                {"http.lowSpeedLimit", "64"},
                {"http.lowSpeedTime", "60"},
                {"http.cookieFile", ""},
                {"advice.detachedHead", "false"},
                {"init.defaultBranch", "main"},
                {"gc.auto", "0"},
                {"maintenance.auto", "false"},
                {"submodule.recurse", "false"},
                {"fetch.recurseSubmodules", "false"},
        };
        const char *named = oci_authorities_named();
        CLEANUP_FREE char *text = NULL;
        unsigned count = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                set_config(env, &count, fixed[i][0], fixed[i][1]);
        if (git->authorization) {
                CLEANUP_FREE char *key = memory_printf("http.%s.extraHeader", git->origin);
                CLEANUP_FREE char *value = memory_printf("Authorization: %s", git->authorization);

                set_config(env, &count, key, value);
        }
        if (git->authorities) {
                CLEANUP_FREE char *key = memory_printf("http.%s.sslCAInfo", git->origin);

                if (named)
                        set_config(env, &count, "http.sslCAInfo", named);
                set_config(env, &count, key, git->authorities);
        }
        text = memory_printf("%u", count);
        strv_env_set(env, "GIT_CONFIG_COUNT", text);
}

static void make_environment(const struct builder_git *git, struct strv *env)
{
        const char *named = oci_authorities_named();

        for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
                pass_on(env, passed_on[i], passed_on[i]);
        if (!strv_env_find(env, "http_proxy") && !getenv("REQUEST_METHOD"))
                pass_on(env, "HTTP_PROXY", "http_proxy");
        pass_on(env, "SSL_CERT_DIR", "GIT_SSL_CAPATH");
        if (named && !git->authorities) /* the variable counts for every host, and before the configuration */
                strv_env_set(env, "GIT_SSL_CAINFO", named);
        if (git->agent)
                strv_env_set(env, "SSH_AUTH_SOCK", git->agent);
        strv_env_set(env, "HOME", git->home);
        strv_env_set(env, "XDG_CONFIG_HOME", git->home);
        strv_env_set(env, "LC_ALL", "C");
        strv_env_set(env, "GIT_TERMINAL_PROMPT", "0");
        strv_env_set(env, "GIT_CONFIG_NOSYSTEM", "1");
        strv_env_set(env, "GIT_CONFIG_SYSTEM", "/dev/null");
        strv_env_set(env, "GIT_CONFIG_GLOBAL", "/dev/null");
        strv_env_set(env, "GIT_ATTR_NOSYSTEM", "1");
        strv_env_set(env, "GIT_ALLOW_PROTOCOL", git->protocols);
        /* -F none: no configuration; no key files either, an agent has what it was given on purpose */
        strv_env_set(env, "GIT_SSH_COMMAND",
                     "ssh -F none -o BatchMode=yes -o IdentityFile=none -o ConnectTimeout=30 -o ServerAliveInterval=15 "
                     "-o ForwardAgent=no -o PermitLocalCommand=no");
        strv_env_set(env, "GIT_SSH_VARIANT", "ssh");
        make_config(git, env);
}

/* --- starting and waiting ------------------------------------------------------ */

static int start(char *const *argv, char *const *env, int out, int said, pid_t *ret)
{
        const struct spawn_descriptor descriptors[] = {{out, STDOUT_FILENO}, {said, STDERR_FILENO}};
        const struct spawn git = {argv[0], true, argv, env, descriptors, ARRAY_SIZE(descriptors)};

        return spawn_start(&git, ret);
}

/* Reads what is there; closes at the end. What goes beyond `limit` is dropped, so that git can end. */
static void drain(struct pollfd *p, struct buffer *to, size_t limit)
{
        char part[16384];
        ssize_t n;

        if (p->revents == 0)
                return;
        n = read(p->fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
                return;
        if (n <= 0)
                p->fd = fd_close(p->fd);
        else if (to && to->size + (size_t)n <= limit)
                buffer_append(to, part, (size_t)n);
}

/* Until both pipes are closed. Returns false when the build was cancelled. */
static bool read_all(const struct builder_git *git, struct pollfd fds[2], struct buffer *out, struct buffer *said)
{
        while (fds[0].fd >= 0 || fds[1].fd >= 0) {
                if (poll(fds, 2, POLL_MS) < 0 && errno != EINTR)
                        return true;
                drain(&fds[0], out, OUTPUT_MAX);
                drain(&fds[1], said, SAID_MAX);
                if (git->is_cancelled && git->is_cancelled(git->context))
                        return false;
        }
        return true;
}

/* The last lines that git said, on one line, without bytes that a terminal would obey and without credentials. */
static char *last_words(struct buffer *said)
{
        /* what git says behind the words of ssh, or of the server, when it has them */
        static const char nothing_new[] = "fatal: Could not read from remote repository.";
        CLEANUP_FREE char *text = memory_strdup(buffer_text(said));
        char *tail = strstr(text, nothing_new);
        size_t size = tail && tail > text ? (size_t)(tail - text) : strlen(text), lines = 0;
        char *begin;

        text[size] = '\0';

        while (size > 0 && strchr("\n\r ", text[size - 1]))
                text[--size] = '\0';
        begin = text + size;
        while (begin > text && (begin[-1] != '\n' || ++lines < SAID_LINES))
                begin--;
        for (char *c = begin; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 127)
                        *c = *c == '\n' ? ';' : ' ';
        return redact_urls(begin);
}

static int judge(int status, const char *verb, struct buffer *said, struct error *err)
{
        CLEANUP_FREE char *words = last_words(said);
        const char *colon = words[0] ? ": " : "";

        if (WIFSIGNALED(status))
                return error_set(err, EINTR, "git %s was killed by signal %d%s%s", verb, WTERMSIG(status), colon,
                                 words);
        if (WEXITSTATUS(status) == 127)
                return error_set(err, ENOENT, "git cannot be run%s%s", colon, words);
        if (WEXITSTATUS(status) != 0)
                return error_set(err, EIO, "git %s failed with status %d%s%s", verb, WEXITSTATUS(status), colon, words);
        return 0;
}

static int talk(const struct builder_git *git, pid_t pid, struct pollfd fds[2], const char *verb, struct buffer *ret,
                struct error *err)
{
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;
        bool finished = read_all(git, fds, ret, &said);
        int status;

        if (!finished)
                (void)kill(pid, SIGTERM); /* git passes it on to its helpers */
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot wait for git");
        if (!finished)
                return error_set(err, ECANCELED, "another stage failed");
        return judge(status, verb, &said, err);
}

int builder_git_run(const struct builder_git *git, const struct strv *arguments, struct buffer *ret, struct error *err)
{
        CLEANUP_STRV struct strv argv = STRV_INIT;
        CLEANUP_STRV struct strv env = STRV_INIT;
        CLEANUP_FD int out = -1;
        CLEANUP_FD int said = -1;
        struct pollfd fds[2] = {{.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
        pid_t pid = 0;
        int rc, result;

        strv_add(&argv, "git");
        if (git->directory) {
                strv_add(&argv, "-C");
                strv_add(&argv, git->directory);
        }
        strv_extend(&argv, arguments);
        make_environment(git, &env);
        if (spawn_pipe(&fds[0].fd, &out) < 0 || spawn_pipe(&fds[1].fd, &said) < 0)
                rc = errno;
        else
                rc = start(strv_array(&argv), strv_array(&env), out, said, &pid);
        out = fd_close(out);
        said = fd_close(said);
        if (rc == ENOENT)
                result = error_set(err, ENOENT, "git is not installed (Debian, Fedora: package git)");
        else if (rc != 0)
                result = error_errno(err, rc, "cannot run git");
        else
                result = talk(git, pid, fds, arguments->items[0], ret, err);
        (void)fd_close(fds[0].fd);
        (void)fd_close(fds[1].fd);
        return result;
}
