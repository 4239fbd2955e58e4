/* SPDX-License-Identifier: Apache-2.0 */
/* --secret, --ssh and --volume: what a build may use of the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/key_agent.h"
#include "builder/run_options.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/path.h"

#define SECRET_MAX ((size_t)500 << 10) /* moby/buildkit, session/secrets: MaxSecretSize */

/* --- secrets ---------------------------------------------------------------- */

/* The next KEY=VALUE of a comma separated list, copied; NULL at its end. */
static char *next_pair(const char **at)
{
        size_t length = strcspn(*at, ",");
        char *pair = **at ? memory_strndup(*at, length) : NULL;

        *at += length;
        *at += **at == ',';
        return pair;
}

static void set(char **to, const char *value)
{
        free(*to);
        *to = memory_strdup(value);
}

static int read_secret_pair(struct builder_secret *s, const char *pair, bool *is_env, bool *is_file, struct error *err)
{
        const char *value = strchr(pair, '=');
        size_t length = value ? (size_t)(value - pair) : strlen(pair);

        value = value ? value + 1 : "";
        if (length == 2 && strncmp(pair, "id", 2) == 0)
                set(&s->id, value);
        else if ((length == 3 && strncmp(pair, "src", 3) == 0) || (length == 6 && strncmp(pair, "source", 6) == 0))
                set(&s->file, value);
        else if (length == 3 && strncmp(pair, "env", 3) == 0)
                set(&s->env, value);
        else if (strcmp(pair, "type=env") == 0)
                *is_env = true;
        else if (strcmp(pair, "type=file") == 0)
                *is_file = true;
        else
                return error_set(err, EINVAL, "--secret: \"%s\" is not understood: write --secret id=ID,src=FILE or "
                                 "--secret id=ID,env=NAME", pair);
        return 0;
}

/* A pipe can be read only once, and RUN may ask for it several times. */
static int read_pipe(struct builder_secret *s, struct error *err)
{
        CLEANUP_FD int fd = open(s->file, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : 1;

        while (n > 0 && s->piped.size <= SECRET_MAX) {
                n = read(fd, buffer_reserve(&s->piped, 4096), 4096);
                if (n < 0 && errno == EINTR) {
                        n = 1;
                        continue;
                }
                if (n > 0) {
                        s->piped.size += (size_t)n;
                        s->piped.data[s->piped.size] = '\0';
                }
        }
        if (n < 0)
                return error_errno(err, errno, "--secret id=%s: cannot read %s", s->id, s->file);
        s->is_piped = true;
        return 0;
}

/* Without src and env it is the variable of that name, else the file (docker/buildx, util/buildflags/secrets.go). */
static int choose_origin(struct builder_secret *s, bool is_env, bool is_file, struct error *err)
{
        struct stat st;

        if (!s->id || s->id[0] == '\0')
                return error_set(err, EINVAL, "--secret needs an id: write --secret id=ID,src=FILE");
        if (s->file && s->env)
                return error_set(err, EINVAL, "--secret id=%s: it has either src or env", s->id);
        if (is_env && s->file)
                s->env = STEAL(s->file);
        if (!s->file && !s->env) {
                if (is_env || (!is_file && getenv(s->id)))
                        s->env = memory_strdup(s->id);
                else
                        s->file = memory_strdup(s->id);
        }
        if (s->env && !getenv(s->env))
                return error_set(err, ENOENT, "--secret id=%s: there is no environment variable %s", s->id, s->env);
        if (s->file && stat(s->file, &st) < 0)
                return error_errno(err, errno, "--secret id=%s: cannot look at the file %s", s->id, s->file);
        return s->file && S_ISFIFO(st.st_mode) ? read_pipe(s, err) : 0;
}

int builder_run_options_add_secret(struct builder_run_options *o, const char *text, struct error *err)
{
        struct builder_secret *s;
        bool is_env = false, is_file = false;
        const char *at = text;

        memory_grow(&o->secrets, &o->secret_cap, o->secret_count + 1, sizeof(*o->secrets));
        s = &o->secrets[o->secret_count++];
        *s = (struct builder_secret){ .id = NULL };
        for (;;) {
                CLEANUP_FREE char *pair = next_pair(&at);

                if (!pair)
                        break;
                if (read_secret_pair(s, pair, &is_env, &is_file, err) < 0)
                        return -1;
        }
        return choose_origin(s, is_env, is_file, err);
}

int builder_secret_load(const struct builder_run_options *o, const char *id, struct buffer *ret, bool *ret_found,
                        struct error *err)
{
        const struct builder_secret *s = NULL;

        for (size_t i = 0; i < o->secret_count; i++)
                if (strcmp(o->secrets[i].id, id) == 0)
                        s = &o->secrets[i];
        *ret_found = s != NULL;
        if (!s)
                return 0;
        if (s->is_piped) {
                buffer_append(ret, buffer_text(&s->piped), s->piped.size);
        } else if (s->env) {
                const char *value = getenv(s->env);

                buffer_append_string(ret, value ? value : "");
        } else if (fd_read_file(AT_FDCWD, s->file, SECRET_MAX, false, ret, err) < 0) {
                return error_wrap(err, "cannot read the secret \"%s\" from %s", id, s->file);
        }
        if (ret->size > SECRET_MAX)
                return error_set(err, EFBIG, "the secret \"%s\" is larger than 500 KiB", id);
        return 0;
}

/* --- agents -------------------------------------------------------------------- */

/* As buildx: what is no socket is a list of key files, separated by commas. */
static int start_agent(const char *text, const char *paths, struct builder_key_agent **ret, struct error *err)
{
        CLEANUP_STRV struct strv keys = STRV_INIT;

        for (const char *at = paths; *at;) {
                size_t size = strcspn(at, ",");
                CLEANUP_FREE char *key = memory_strndup(at, size);
                struct stat st;

                if (stat(key, &st) < 0)
                        return error_errno(err, errno, "--ssh %s: cannot look at %s", text, key);
                if (S_ISSOCK(st.st_mode))
                        return error_set(err, EINVAL, "--ssh %s: %s is an agent's socket: it must be the only one", text, key);
                strv_take(&keys, STEAL(key));
                at += size + (at[size] != '\0');
        }
        return builder_key_agent_start(text, &keys, ret, err);
}

int builder_run_options_add_agent(struct builder_run_options *o, const char *text, const char *auth_sock,
                                  struct error *err)
{
        const char *equals = strchr(text, '=');
        CLEANUP_FREE char *id = memory_strndup(text, equals ? (size_t)(equals - text) : strlen(text));
        const char *path = equals ? equals + 1 : auth_sock;
        struct builder_key_agent *keys = NULL;
        struct stat st;

        if (id[0] == '\0')
                return error_set(err, EINVAL, "--ssh %s: write --ssh default, --ssh ID=SOCKET or --ssh ID=KEY", text);
        if (!path || !path[0])
                return error_set(err, ENOENT, "--ssh %s: there is no agent, $SSH_AUTH_SOCK is not set: start one with "
                                 "eval $(ssh-agent) and ssh-add", text);
        if ((stat(path, &st) < 0 || !S_ISSOCK(st.st_mode)) && start_agent(text, path, &keys, err) < 0)
                return -1;
        memory_grow(&o->agents, &o->agent_cap, o->agent_count + 1, sizeof(*o->agents));
        o->agents[o->agent_count++] = (struct builder_agent_path){
                STEAL(id), memory_strdup(keys ? builder_key_agent_socket(keys) : path), keys };
        return 0;
}

const char *builder_agent_find(const struct builder_run_options *o, const char *id)
{
        for (size_t i = o->agent_count; i-- > 0;)
                if (strcmp(o->agents[i].id, id) == 0)
                        return o->agents[i].path;
        return NULL;
}

/* --- volumes --------------------------------------------------------------------- */

static int read_volume_options(struct builder_volume *v, const char *text, const char *options, struct error *err)
{
        for (const char *at = options; *at;) {
                CLEANUP_FREE char *word = next_pair(&at);

                if (strcmp(word, "O") == 0)
                        v->discard = true;
                else if (strcmp(word, "rw") == 0)
                        return error_set(err, ENOTSUP, "--volume %s: a build never writes to the host: leave rw away to read, or "
                                         "write O to let commands write to a copy that is thrown away", text);
                else if (strcmp(word, "ro") != 0 && strcmp(word, "z") != 0 && strcmp(word, "Z") != 0)
                        return error_set(err, ENOTSUP, "--volume %s: the option %s is not supported (ro, O, z and Z are)", text, word);
        }
        return 0;
}

int builder_run_options_add_volume(struct builder_run_options *o, const char *text, struct error *err)
{
        const char *colon = strchr(text, ':');
        const char *options = colon ? strchr(colon + 1, ':') : NULL;
        CLEANUP_FREE char *source = memory_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
        CLEANUP_FREE char *target = NULL, *clean = NULL;
        struct builder_volume v = { .discard = false };

        if (colon)
                target = memory_strndup(colon + 1, options ? (size_t)(options - colon) - 1 : strlen(colon + 1));
        if (!colon || source[0] == '\0' || target[0] != '/')
                return error_set(err, EINVAL, "--volume %s: write --volume DIRECTORY:/WHERE, with both", text);
        if (read_volume_options(&v, text, options ? options + 1 : "", err) < 0)
                return -1;
        clean = path_clean(target);
        if (clean[0] == '\0')
                return error_set(err, EINVAL, "--volume %s: the root directory cannot be mounted on", text);
        v.source = realpath(source, NULL);
        if (!v.source)
                return error_errno(err, errno, "--volume %s: cannot find %s", text, source);
        v.target = memory_printf("/%s", clean);
        memory_grow(&o->volumes, &o->volume_cap, o->volume_count + 1, sizeof(*o->volumes));
        o->volumes[o->volume_count++] = v;
        return 0;
}

int builder_volume_open(const struct builder_volume *v, const struct log *log, struct builder_source **ret,
                        char **ret_path, struct error *err)
{
        CLEANUP_FREE char *dir = memory_strdup(v->source);
        char *slash = strrchr(dir, '/');
        struct stat st;

        if (stat(v->source, &st) < 0)
                return error_errno(err, errno, "--volume: cannot look at %s", v->source);
        *ret_path = NULL;
        if (S_ISDIR(st.st_mode))
                return builder_context_open(dir, NULL, log, ret, err);
        *slash = '\0';
        *ret_path = memory_strdup(slash + 1);
        return builder_context_open(dir[0] ? dir : "/", NULL, log, ret, err);
}
