/* SPDX-License-Identifier: Apache-2.0 */
/* The linter's rules about one instruction of a stage, and what it changes for those behind it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "common/path.h"
#include "dockerfile/heredoc_mistake.h"
#include "dockerfile/lint_stage.h"
#include "dockerfile/mount.h"
#include "dockerfile/value.h"

/* What the functions below share. */
struct visit {
        struct dockerfile_linter *l;
        struct dockerfile_lint_stage *s;
        const struct dockerfile_instruction *i;
};

/* Warns of names that nothing declares. Where the base is not known nothing is undefined. */
static void note_undefined(struct visit *v, const struct strv *unmatched)
{
        const struct strv *env = &v->s->env;
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (!v->s->known || unmatched->count == 0)
                return;
        for (size_t k = 0; k < env->count; k++)
                strv_take(&names, memory_strndup(env->items[k], strcspn(env->items[k], "=")));
        for (size_t k = 0; k < unmatched->count; k++) {
                const char *near;

                if (strv_has(&v->s->args, unmatched->items[k]))
                        continue;
                near = dockerfile_lint_near(unmatched->items[k], &names);
                if (near)
                        dockerfile_lint_note(v->l, DOCKERFILE_LINT_UNDEFINED_VAR, v->i,
                                             "Usage of undefined variable '$%s' (did you mean $%s?)",
                                             unmatched->items[k], near);
                else
                        dockerfile_lint_note(v->l, DOCKERFILE_LINT_UNDEFINED_VAR, v->i,
                                             "Usage of undefined variable '$%s'", unmatched->items[k]);
        }
}

static const char *find_in(void *context, const char *name)
{
        return strv_env_find(context, name);
}

/* `doc` is the here-document whose body `text` is, or NULL. */
static int expand_as(struct visit *v, const struct dockerfile_heredoc *doc, const char *text,
                     const struct dockerfile_place *place, char **ret)
{
        const struct dockerfile_scope scope = {.find = find_in, .context = &v->s->env};
        struct dockerfile_lint_word word = {.mode = doc ? DOCKERFILE_EXPAND_HEREDOC : DOCKERFILE_EXPAND_WORD};
        struct dockerfile_place mistake = *place;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        int result = dockerfile_lint_expand(v->l, &v->s->env, text, &word, ret, &cause);

        note_undefined(v, &word.unmatched);
        if (result < 0 && !v->s->known && word.unmatched.count > 0) { /* the base may have it */
                *ret = memory_strdup(text);
                result = 0;
        }
        dockerfile_lint_word_clear(&word);
        if (result < 0 && doc)
                mistake = dockerfile_heredoc_mistake(&scope, doc, cause.message);
        return result < 0 ? dockerfile_error(v->l->file, &mistake, v->l->err, "%s", cause.message) : 0;
}

static int expand(struct visit *v, const char *text, const struct dockerfile_place *place, char **ret)
{
        return expand_as(v, NULL, text, place, ret);
}

/* Only for the names that are used. */
static int look_at(struct visit *v, const char *text, const struct dockerfile_place *place)
{
        CLEANUP_FREE char *value = NULL;

        return expand(v, text, place, &value);
}

static int look_at_flag(struct visit *v, const struct dockerfile_flag *flag)
{
        return flag ? look_at(v, flag->value, &flag->place) : 0;
}

static int look_at_args(struct visit *v)
{
        for (size_t k = 0; k < v->i->arg_count; k++)
                if (look_at(v, v->i->args[k].text, &v->i->args[k].place) < 0)
                        return -1;
        return 0;
}

/* A word of the name, at its ends or between underscores, that secrets have; and none that public things have. */
static void check_secret(struct visit *v, const char *kind, const char *name)
{
        static const char *const secret[] = {"apikey",   "auth",  "credential", "credentials", "key",
                                             "password", "pword", "passwd",     "secret",      "token"};
        static const char *const open[] = {"public", "file", "version"};
        bool found = false;

        for (const char *at = name;; at++) {
                size_t size = strcspn(at, "_");

                for (size_t k = 0; k < ARRAY_SIZE(secret); k++)
                        found |= strlen(secret[k]) == size && strncasecmp(at, secret[k], size) == 0;
                for (size_t k = 0; k < ARRAY_SIZE(open); k++)
                        if (strlen(open[k]) == size && strncasecmp(at, open[k], size) == 0)
                                return;
                at += size;
                if (*at == '\0')
                        break;
        }
        if (found)
                dockerfile_lint_note(v->l, DOCKERFILE_LINT_SECRETS_USED_IN_ARG_OR_ENV, v->i,
                                     "Do not use ARG or ENV instructions for sensitive data (%s \"%s\")", kind, name);
}

/* All of them see the environment as it was in front of the instruction. */
static int visit_pairs(struct visit *v)
{
        const struct dockerfile_pairs *pairs = &v->i->pairs;
        CLEANUP_STRV struct strv set = STRV_INIT; /* name, value, name, value ... */

        for (size_t k = 0; k < pairs->count; k++) {
                CLEANUP_FREE char *key = NULL;
                CLEANUP_FREE char *value = NULL;

                if (expand(v, pairs->items[k].key.text, &pairs->items[k].key.place, &key) < 0 ||
                    expand(v, pairs->items[k].value.text, &pairs->items[k].value.place, &value) < 0)
                        return -1;
                if (v->i->kind == DOCKERFILE_ENV) {
                        check_secret(v, "ENV", key);
                        strv_take(&set, STEAL(key));
                        strv_take(&set, STEAL(value));
                }
        }
        for (size_t k = 0; k < set.count; k += 2)
                strv_env_set(&v->s->env, set.items[k], set.items[k + 1]);
        return 0;
}

/* ARG goes word by word: each sees the ones in front of it. */
static int visit_arg(struct visit *v, const struct strv *globals)
{
        for (size_t k = 0; k < v->i->pairs.count; k++) {
                const struct dockerfile_pair *pair = &v->i->pairs.items[k];
                const char *name = pair->key.text;
                const char *given = strv_env_find(v->l->options->build_args, name);
                const char *global = !given && !pair->has_value ? strv_env_find(globals, name) : NULL;
                CLEANUP_FREE char *value = given ? memory_strdup(given) : global ? memory_strdup(global) : NULL;
                CLEANUP_FREE char *description = NULL;
                size_t size = 0;
                const char *described = dockerfile_instruction_describe(v->i, name, &size);

                check_secret(v, "ARG", name);
                if (!given && pair->has_value && expand(v, pair->value.text, &pair->value.place, &value) < 0)
                        return -1;
                if (value)
                        strv_env_set(&v->s->env, name, value);
                strv_add(&v->s->args, name);
                strv_add(&v->s->used, name);
                if (global || !v->l->outline)
                        continue; /* its description stands where it is declared */
                description = described ? memory_strndup(described, size) : NULL;
                dockerfile_outline_add(&v->s->own_args,
                                       &(struct dockerfile_outline_item){.name = pair->key.text,
                                                                         .value = value,
                                                                         .description = description,
                                                                         .first_line = v->i->first_line,
                                                                         .last_line = v->i->last_line});
        }
        return 0;
}

/* The ignore file leaves out what is named. With exceptions in it nobody can tell without reading the context. */
static void check_ignored(struct visit *v, const char *source)
{
        const struct dockerfile_ignore *ignore = v->l->options->ignore;
        CLEANUP_FREE char *clean = NULL;
        bool top;

        if (!ignore || dockerfile_ignore_has_exceptions(ignore) || strstr(source, "://") ||
            strncmp(source, "git@", 4) == 0)
                return;
        clean = path_clean(source);
        top = clean[0] == '\0';
        if (top ? dockerfile_ignore_is_everything(ignore) : dockerfile_ignore_matches(ignore, clean, NULL))
                dockerfile_lint_note(v->l, DOCKERFILE_LINT_COPY_IGNORED_FILE, v->i,
                                     "Attempting to %s file \"%s\" that is excluded by .dockerignore",
                                     v->i->kind == DOCKERFILE_ADD ? "Add" : "Copy",
                                     top ? (source[0] == '/' ? "/" : ".") : clean);
}

static int visit_copy(struct visit *v)
{
        const struct dockerfile_copy *c = &v->i->copy;

        if (look_at_flag(v, c->chown) < 0 || look_at_flag(v, c->chmod) < 0 || look_at_flag(v, c->checksum) < 0)
                return -1;
        for (size_t k = 0; k < c->source_count; k++) {
                const struct dockerfile_heredoc *h = c->sources[k].heredoc;
                CLEANUP_FREE char *source = NULL;

                if (h)
                        continue;
                if (expand(v, c->sources[k].path->text, &c->sources[k].path->place, &source) < 0)
                        return -1;
                if (!c->from)
                        check_ignored(v, source);
        }
        if (look_at(v, c->dest->text, &c->dest->place) < 0)
                return -1;
        for (size_t k = 0; k < c->source_count; k++) {
                const struct dockerfile_heredoc *h = c->sources[k].heredoc;
                CLEANUP_FREE char *body = NULL;

                if (h && h->expand && expand_as(v, h, h->body, &h->place, &body) < 0)
                        return -1;
        }
        return 0;
}

static int visit_mount(struct visit *v, const struct dockerfile_flag *flag)
{
        const struct dockerfile_scope scope = {.find = find_in, .context = &v->s->env};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct dockerfile_mount m;

        if (look_at_flag(v, flag) < 0)
                return -1;
        if (dockerfile_mount_parse(flag->value, &scope, v->l->file->escape, &m, &cause) < 0)
                return dockerfile_error(v->l->file, &flag->place, v->l->err, "%s", cause.message);
        if (m.type == DOCKERFILE_MOUNT_SECRET || m.type == DOCKERFILE_MOUNT_SSH)
                dockerfile_outline_add(m.type == DOCKERFILE_MOUNT_SSH ? &v->s->ssh : &v->s->secrets,
                                       &(struct dockerfile_outline_item){.name = m.id,
                                                                         .required = m.required,
                                                                         .first_line = v->i->first_line,
                                                                         .last_line = v->i->last_line});
        dockerfile_mount_clear(&m);
        return 0;
}

static int visit_run(struct visit *v)
{
        for (size_t k = 0; k < v->i->run.mount_count; k++)
                if (visit_mount(v, v->i->run.mounts[k]) < 0)
                        return -1;
        return 0;
}

static int visit_workdir(struct visit *v)
{
        CLEANUP_FREE char *path = NULL;

        if (expand(v, v->i->args[0].text, &v->i->args[0].place, &path) < 0)
                return -1;
        if (!v->s->has_workdir && path[0] != '/')
                dockerfile_lint_note(v->l, DOCKERFILE_LINT_WORKDIR_RELATIVE_PATH, v->i,
                                     "Relative workdir \"%s\" can have unexpected results if the base image changes",
                                     path);
        v->s->has_workdir = true;
        return 0;
}

static int visit_expose(struct visit *v)
{
        for (size_t k = 0; k < v->i->arg_count; k++) {
                CLEANUP_ERROR struct error cause = ERROR_INIT;
                const struct dockerfile_scope scope = {.find = find_in, .context = &v->s->env};
                CLEANUP_STRV struct strv words = STRV_INIT;
                struct dockerfile_ports ports;

                if (!v->s->known && strchr(v->i->args[k].text, '$')) /* the base may have what makes it a port */
                        continue;
                if (dockerfile_expand_words(&scope, v->l->file->escape, v->i->args[k].text, &words, &cause) < 0)
                        return dockerfile_error(v->l->file, &v->i->args[k].place, v->l->err, "%s", cause.message);
                for (size_t n = 0; n < words.count; n++) {
                        if (dockerfile_ports_parse(words.items[n], &ports, &cause) < 0)
                                return dockerfile_error(v->l->file, &v->i->args[k].place, v->l->err, "%s",
                                                        cause.message);
                        if (ports.other_case)
                                dockerfile_lint_note(v->l, DOCKERFILE_LINT_EXPOSE_PROTO_CASING, v->i,
                                                     "Defined protocol '%s' in EXPOSE instruction should be lowercase",
                                                     words.items[n]);
                        if (ports.has_mapping)
                                dockerfile_lint_note(v->l, DOCKERFILE_LINT_EXPOSE_INVALID_FORMAT, v->i,
                                                     "EXPOSE instruction should not define an IP address or host-port "
                                                     "mapping, found '%s'",
                                                     words.items[n]);
                }
        }
        return 0;
}

/* The one in front is the one without effect: it is what the warning is about. */
static void visit_once(struct visit *v, const struct dockerfile_instruction **seen)
{
        if (*seen) {
                const struct dockerfile_instruction *now = v->i;
                struct dockerfile_instruction at = *now;

                at.first_line = (*seen)->first_line;
                at.last_line = (*seen)->last_line;
                dockerfile_lint_note(
                        v->l, DOCKERFILE_LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED, &at,
                        "Multiple %s instructions should not be used in the same stage because only the last "
                        "one will be used",
                        now->keyword);
        }
        *seen = v->i;
}

static void check_json(struct visit *v)
{
        if (!v->i->is_json && !v->s->has_shell)
                dockerfile_lint_note(
                        v->l, DOCKERFILE_LINT_JSON_ARGS_RECOMMENDED, v->i,
                        "JSON arguments recommended for %s to prevent unintended behavior related to OS signals",
                        v->i->keyword);
}

static int visit(struct visit *v, const struct strv *globals)
{
        switch (v->i->kind) {
        case DOCKERFILE_ADD:
        case DOCKERFILE_COPY:
                return visit_copy(v);
        case DOCKERFILE_ARG:
                return visit_arg(v, globals);
        case DOCKERFILE_ENV:
        case DOCKERFILE_LABEL:
                return visit_pairs(v);
        case DOCKERFILE_RUN:
                return visit_run(v);
        case DOCKERFILE_WORKDIR:
                return visit_workdir(v);
        case DOCKERFILE_EXPOSE:
                return visit_expose(v);
        case DOCKERFILE_STOPSIGNAL:
        case DOCKERFILE_USER:
        case DOCKERFILE_VOLUME:
                return look_at_args(v);
        case DOCKERFILE_SHELL:
                v->s->has_shell = true;
                return 0;
        case DOCKERFILE_CMD:
                visit_once(v, &v->s->cmd);
                check_json(v);
                return 0;
        case DOCKERFILE_ENTRYPOINT:
                visit_once(v, &v->s->entrypoint);
                check_json(v);
                return 0;
        case DOCKERFILE_HEALTHCHECK:
                visit_once(v, &v->s->healthcheck);
                return 0;
        case DOCKERFILE_FROM:
        case DOCKERFILE_MAINTAINER:
        case DOCKERFILE_ONBUILD:
        case DOCKERFILE_KIND_COUNT:
                break;
        }
        return 0;
}

int dockerfile_lint_instruction(struct dockerfile_linter *l, struct dockerfile_lint_stage *s,
                                const struct dockerfile_instruction *i, const struct strv *globals)
{
        struct visit v = {.l = l, .s = s, .i = i};

        return visit(&v, globals);
}
