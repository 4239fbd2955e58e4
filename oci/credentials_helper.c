/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to docker-credential-NAME: one short-lived program for each question, with a cap on what it says and on its
 * time. */
#include "oci/credentials_helper.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/spawn.h"
#include "common/strv.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "oci/quote.h"

int oci_credentials_helper_check(const char *name, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(name);
        size_t size = strlen(name);

        if (size > 0 && size <= OCI_LIMIT_HELPER_NAME && isalnum((unsigned char)name[0]) &&
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size)
                return 0;
        return error_set(err, EINVAL, "%s cannot be a credential helper: letters, digits, '.', '_' and '-' make a name",
                         quoted);
}

/* Line breaks would be a second question to the helper; the rest can be in no registry's name. */
static int check_host(const char *host, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        for (const char *c = host; *c; c++)
                if (*c <= ' ' || *c >= 127)
                        goto refuse;
        if (host[0])
                return 0;
refuse:
        quoted = oci_quote(host);
        return error_set(err, EINVAL, "%s is no name of a registry", quoted);
}

char *oci_credentials_helper_server(const char *host)
{
        return memory_strdup(strcmp(host, "docker.io") == 0 ? "https://index.docker.io/v1/" : host);
}

/* --- the process ------------------------------------------------------------------ */

/* A running helper. */
struct helper {
        pid_t pid; /* 0: waited for */
        int output;
};

#define HELPER_INIT                                                                                                    \
        {                                                                                                              \
                0, -1                                                                                                  \
        }

/* Ends what still runs: it was given up. */
static void helper_close(struct helper *h)
{
        h->output = fd_close(h->output);
        if (h->pid <= 0)
                return;
        (void)kill(h->pid, SIGKILL);
        while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        h->pid = 0;
}

#define CLEANUP_HELPER __attribute__((cleanup(helper_close)))

/* The environment without variables whose value is a credential. */
static void make_environment(struct strv *ret)
{
        for (char **e = environ; *e; e++)
                if (strncmp(*e, "DOCKER_AUTH_CONFIG=", strlen("DOCKER_AUTH_CONFIG=")) != 0)
                        strv_add(ret, *e);
}

static int spawn(const char *program, const char *verb, int input, int output, pid_t *ret)
{
        CLEANUP_FREE char *name = memory_strdup(program);
        CLEANUP_FREE char *word = memory_strdup(verb);
        CLEANUP_STRV struct strv environment = STRV_INIT;
        char *const argv[] = {name, word, NULL};
        /* its standard error is nobody's: errors are said on standard output, and a chatty helper must not draw over
         * progress */
        const struct spawn_descriptor descriptors[] = {
                {STDIN_FILENO, STDERR_FILENO}, {input, STDIN_FILENO}, {output, STDOUT_FILENO}};

        make_environment(&environment);
        return spawn_start(
                &(struct spawn){program, true, argv, strv_array(&environment), descriptors, ARRAY_SIZE(descriptors)},
                ret);
}

/*
 * The question is a file in memory rather than a pipe: a helper that does not read it can neither block nor signal us,
 * and one that opens /dev/stdin finds it.
 */
static int make_question(const struct buffer *question)
{
        CLEANUP_FD int fd = memfd_create("question", MFD_CLOEXEC);

        if (fd < 0 || fd_pwrite_all(fd, question->data, question->size, 0) < 0)
                return -1;
        /* above the standard descriptors: a dup2 of the spawn must not step on another's source */
        return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int helper_start(struct helper *h, const char *program, const char *verb, const struct buffer *question,
                        struct error *err)
{
        CLEANUP_FD int input = make_question(question);
        CLEANUP_FD int output = -1;
        int rc;

        if (input < 0 || spawn_pipe(&h->output, &output) < 0 || fcntl(h->output, F_SETFL, O_NONBLOCK) < 0)
                return error_errno(err, errno, "cannot make the descriptors for %s", program);
        rc = spawn(program, verb, input, output, &h->pid);
        if (rc == 0)
                return 0;
        h->pid = 0;
        return rc == ENOENT ? error_set(err, rc, "there is no program %s in PATH", program)
                            : error_errno(err, rc, "cannot start %s", program);
}

static int64_t milliseconds(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* *ret_more is false at the end. */
static int read_some(struct helper *h, const char *program, struct buffer *answer, bool *ret_more, struct error *err)
{
        ssize_t n = read(h->output, buffer_reserve(answer, 4096), 4096);

        *ret_more = n != 0;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
                return error_errno(err, errno, "cannot read what %s says", program);
        if (n > 0)
                answer->size += (size_t)n;
        if (answer->size > OCI_LIMIT_HELPER_ANSWER)
                return error_set(err, E2BIG, "%s says more than the limit of %u bytes", program,
                                 OCI_LIMIT_HELPER_ANSWER);
        return 0;
}

static int helper_listen(struct helper *h, const char *program, int64_t deadline, struct buffer *answer,
                         struct error *err)
{
        bool more = true;

        while (more) {
                struct pollfd fd = {.fd = h->output, .events = POLLIN};
                int64_t left = deadline - milliseconds();

                if (left <= 0)
                        return error_set(err, ETIMEDOUT, "%s did not answer in time", program);
                if (poll(&fd, 1, (int)left) < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", program);
                if (read_some(h, program, answer, &more, err) < 0)
                        return -1;
        }
        return 0;
}

/* It closed its output: what remains is its end, for which it gets the rest of its time. */
static int helper_end(struct helper *h, const char *program, int64_t deadline, bool *ret_well, struct error *err)
{
        const struct timespec pause = {.tv_nsec = 2000000};
        int status;

        for (;;) {
                pid_t pid = waitpid(h->pid, &status, WNOHANG);

                if (pid == h->pid)
                        break;
                if (pid < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for %s", program);
                if (milliseconds() >= deadline)
                        return error_set(err, ETIMEDOUT, "%s did not end in time", program);
                (void)nanosleep(&pause, NULL);
        }
        h->pid = 0;
        if (WIFSIGNALED(status))
                return error_set(err, EIO, "%s was ended by signal %d", program, WTERMSIG(status));
        *ret_well = WEXITSTATUS(status) == 0;
        return 0;
}

/* One question. *ret_well: it ended with status 0; else the answer is an error's text. */
static int run(const char *name, const char *verb, const struct buffer *question, unsigned seconds,
               struct buffer *answer, bool *ret_well, struct error *err)
{
        CLEANUP_FREE char *program = memory_printf("docker-credential-%s", name);
        CLEANUP_HELPER struct helper h = HELPER_INIT;
        int64_t deadline = milliseconds() + (int64_t)(seconds ? seconds : 120) * 1000;

        if (oci_credentials_helper_check(name, err) < 0 || helper_start(&h, program, verb, question, err) < 0 ||
            helper_listen(&h, program, deadline, answer, err) < 0)
                return -1;
        return helper_end(&h, program, deadline, ret_well, err);
}

/* --- the questions ------------------------------------------------------------------ */

/* The text that all helpers say (credentials/error.go); some put a stop or a line break behind it. */
static bool is_not_found(const struct buffer *answer)
{
        return strstr(buffer_text(answer), "credentials not found in native keychain") != NULL;
}

static int fail(const char *name, const char *verb, struct buffer *answer, struct error *err)
{
        CLEANUP_FREE char *line = memory_strndup(buffer_text(answer), strcspn(buffer_text(answer), "\r\n"));
        CLEANUP_FREE char *quoted = oci_quote(line);

        if (!line[0])
                return error_set(err, EIO, "docker-credential-%s %s failed without a word", name, verb);
        return error_set(err, EIO, "docker-credential-%s %s failed: %s", name, verb, quoted);
}

/* {"ServerURL": ..., "Username": ..., "Secret": ...}; the user <token> says that the secret is an identity token. */
static int read_answer(const char *name, const struct buffer *answer, struct oci_credential *ret, struct error *err)
{
        CLEANUP_FREE char *what = memory_printf("the answer of docker-credential-%s", name);
        CLEANUP_JSON struct oci_json *root = NULL;
        CLEANUP_FREE char *user = NULL;
        CLEANUP_FREE char *secret = NULL;

        if (oci_json_parse(what, answer->data, answer->size, &root, err) < 0)
                return -1;
        if (oci_json_kind(root) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is no JSON object", what);
        if (oci_json_get_string(what, root, "Username", &user, err) < 0 ||
            oci_json_get_string(what, root, "Secret", &secret, err) < 0)
                return -1;
        if (!secret || !secret[0] || !user)
                return 0;
        if (strcmp(user, "<token>") == 0) {
                ret->identity_token = STEAL(secret);
        } else if (user[0] && !strchr(user, ':')) {
                ret->user = STEAL(user);
                ret->secret = STEAL(secret);
        } else {
                return error_set(err, EINVAL, "%s has a user that is none", what);
        }
        ret->origin = memory_printf("docker-credential-%s", name);
        return 0;
}

int oci_credentials_helper_get(const char *name, const char *host, unsigned seconds, struct oci_credential *ret,
                               struct error *err)
{
        CLEANUP_BUFFER struct buffer question = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer answer = BUFFER_INIT;
        CLEANUP_FREE char *server = oci_credentials_helper_server(host);
        bool well = false;
        int result;

        if (check_host(host, err) < 0)
                return -1;
        buffer_append_string(&question, server);
        if (run(name, "get", &question, seconds, &answer, &well, err) < 0)
                return -1;
        if (!well)
                return is_not_found(&answer) ? 0 : fail(name, "get", &answer, err);
        result = read_answer(name, &answer, ret, err);
        explicit_bzero(answer.data, answer.size);
        return result;
}

int oci_credentials_helper_store(const char *name, const char *host, unsigned seconds,
                                 const struct oci_credential *credential, struct error *err)
{
        CLEANUP_BUFFER struct buffer question = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer answer = BUFFER_INIT;
        CLEANUP_FREE char *server = oci_credentials_helper_server(host);
        struct oci_json_writer w = OCI_JSON_WRITER(&question);
        bool well = false;

        if (check_host(host, err) < 0)
                return -1;
        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "ServerURL", server);
        oci_json_add_string(&w, "Username", credential->identity_token ? "<token>" : credential->user);
        oci_json_add_string(&w, "Secret", credential->identity_token ? credential->identity_token : credential->secret);
        oci_json_end_object(&w);
        if (run(name, "store", &question, seconds, &answer, &well, err) < 0)
                return -1;
        explicit_bzero(question.data, question.size);
        return well ? 0 : fail(name, "store", &answer, err);
}

int oci_credentials_helper_erase(const char *name, const char *host, unsigned seconds, struct error *err)
{
        CLEANUP_BUFFER struct buffer question = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer answer = BUFFER_INIT;
        CLEANUP_FREE char *server = oci_credentials_helper_server(host);
        bool well = false;

        if (check_host(host, err) < 0)
                return -1;
        buffer_append_string(&question, server);
        if (run(name, "erase", &question, seconds, &answer, &well, err) < 0)
                return -1;
        return well || is_not_found(&answer) ? 0 : fail(name, "erase", &answer, err);
}
