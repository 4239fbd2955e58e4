/* SPDX-License-Identifier: Apache-2.0 */
/* The linter follows the stages: which are needed, what their instructions see, and what can be given to the target. */
#include "dockerfile/lint_stage.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/expand.h"

/* What is followed, in the order of the file. */
struct walk {
        struct dockerfile_linter *l;
        struct dockerfile_lint_stage *stages;
        size_t count, cap;
        size_t target;       /* count: none was named, all are checked */
        struct strv globals; /* NAME=VALUE */
        struct strv names;   /* all that may stand in FROM: the global arguments, with a value or without */
        struct dockerfile_outline_list global_args;
};

/* --- words --------------------------------------------------------------------- */

static void add_once(struct strv *v, const char *name)
{
        if (!strv_has(v, name))
                strv_add(v, name);
}

static const char *find(void *context, const char *name)
{
        struct dockerfile_lint_word *w = context;
        const char *value = strv_env_find(w->env, name);

        if (value)
                add_once(&w->matched, name);
        return value;
}

static void note_unmatched(void *context, const char *name)
{
        struct dockerfile_lint_word *w = context;

        add_once(&w->unmatched, name);
}

int dockerfile_lint_expand(const struct dockerfile_linter *l, const struct strv *env, const char *text,
                           struct dockerfile_lint_word *word, char **ret, struct error *err)
{
        const struct dockerfile_scope scope = {find, note_unmatched, word};

        word->env = env;
        return dockerfile_expand(&scope, l->file->escape, word->mode, text, ret, err);
}

void dockerfile_lint_word_clear(struct dockerfile_lint_word *w)
{
        strv_free(&w->matched);
        strv_free(&w->unmatched);
}

/* --- global arguments ------------------------------------------------------------ */

static void add_global_item(struct walk *w, const struct dockerfile_instruction *i, const char *name, const char *value)
{
        size_t size = 0;
        const char *described = dockerfile_instruction_describe(i, name, &size);
        CLEANUP_FREE char *description = described ? memory_strndup(described, size) : NULL;
        struct dockerfile_outline_item item = {.name = (char *)(uintptr_t)name,
                                               .value = (char *)(uintptr_t)value,
                                               .description = description,
                                               .first_line = i->first_line,
                                               .last_line = i->last_line};

        dockerfile_outline_add(&w->global_args, &item);
}

/* Reads the ARGs in front of FROM into `globals`; with `given` the --build-args hold, else the defaults alone. */
static int read_globals(struct walk *w, bool given, struct strv *globals)
{
        const struct dockerfile *d = w->l->file;

        strv_copy(globals, w->l->options->platform);
        for (size_t k = 0; k < d->first_from; k++)
                for (size_t n = 0; n < d->instructions[k].pairs.count; n++) {
                        const struct dockerfile_pair *pair = &d->instructions[k].pairs.items[n];
                        const char *said = given ? strv_env_find(w->l->options->build_args, pair->key.text) : NULL;
                        struct dockerfile_lint_word word = {0};
                        CLEANUP_ERROR struct error cause = ERROR_INIT;
                        CLEANUP_FREE char *value = said ? memory_strdup(said) : NULL;
                        int result = 0;

                        if (!said && pair->has_value)
                                result = dockerfile_lint_expand(w->l, globals, pair->value.text, &word, &value, &cause);
                        dockerfile_lint_word_clear(&word);
                        if (result < 0)
                                return dockerfile_error(d, &pair->value.place, w->l->err, "%s", cause.message);
                        if (value)
                                strv_env_set(globals, pair->key.text, value);
                        if (given) {
                                add_once(&w->names, pair->key.text);
                                add_global_item(w, &d->instructions[k], pair->key.text, value);
                        }
                }
        return 0;
}

static int read_all_globals(struct walk *w)
{
        CLEANUP_STRV struct strv defaults = STRV_INIT;

        if (read_globals(w, true, &w->globals) < 0)
                return -1;
        for (size_t k = 0; k < w->globals.count; k++) {
                CLEANUP_FREE char *name = memory_strndup(w->globals.items[k], strcspn(w->globals.items[k], "="));

                add_once(&w->names, name);
        }
        if (w->l->options->is_reference && read_globals(w, false, &defaults) == 0)
                dockerfile_lint_defaults(w->l, &defaults);
        error_clear(w->l->err);
        return 0;
}

/* --- the graph --------------------------------------------------------------------- */

static void cut_stages(struct walk *w)
{
        const struct dockerfile *d = w->l->file;

        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                if (d->instructions[k].kind == DOCKERFILE_FROM) {
                        memory_grow(&w->stages, &w->cap, w->count + 1, sizeof(*w->stages));
                        w->stages[w->count++] = (struct dockerfile_lint_stage){
                                .from = &d->instructions[k], .first = k + 1, .base = DOCKERFILE_LINT_NO_STAGE};
                }
                w->stages[w->count - 1].end = k + 1;
        }
}

/* The last stage of that name in front of `before`, or the one with that index; DOCKERFILE_LINT_NO_STAGE. */
static size_t find_stage(const struct walk *w, const char *name, size_t before, bool by_index)
{
        char *end;
        unsigned long index;

        for (size_t k = before; k > 0; k--)
                if (w->stages[k - 1].from->from.stage && strcasecmp(w->stages[k - 1].from->from.stage, name) == 0)
                        return k - 1;
        if (!by_index || !isdigit((unsigned char)name[0]))
                return DOCKERFILE_LINT_NO_STAGE;
        index = strtoul(name, &end, 10);
        return *end == '\0' && index < before ? index : DOCKERFILE_LINT_NO_STAGE;
}

static void add_source(struct dockerfile_lint_stage *s, size_t source)
{
        if (source == DOCKERFILE_LINT_NO_STAGE)
                return;
        s->sources = memory_realloc(s->sources, s->source_count + 1, sizeof(*s->sources));
        s->sources[s->source_count++] = source;
}

/* from=NAME of a mount: the first option of that name as it stands, no variable is allowed in it. */
static void add_mount_source(struct walk *w, size_t index, const char *spec)
{
        const char *from = strncasecmp(spec, "from=", 5) == 0 ? spec : strcasestr(spec, ",from=");
        CLEANUP_FREE char *name = NULL;

        if (!from)
                return;
        from = strchr(from, '=') + 1;
        name = memory_strndup(from, strcspn(from, ","));
        add_source(&w->stages[index], find_stage(w, name, index, false));
}

static void link_stage(struct walk *w, size_t index)
{
        struct dockerfile_lint_stage *s = &w->stages[index];

        s->base = find_stage(w, s->image, index, false);
        for (size_t k = s->first; k < s->end; k++) {
                const struct dockerfile_instruction *i = &w->l->file->instructions[k];

                if ((i->kind == DOCKERFILE_COPY || i->kind == DOCKERFILE_ADD) && i->copy.from)
                        add_source(s, find_stage(w, i->copy.from->value, index, true));
                for (size_t n = 0; i->kind == DOCKERFILE_RUN && n < i->run.mount_count; n++)
                        add_mount_source(w, index, i->run.mounts[n]->value);
        }
}

/* Stages point only backwards, so this ends. */
static void mark_needed(struct walk *w, size_t index)
{
        struct dockerfile_lint_stage *s = &w->stages[index];

        if (s->needed)
                return;
        s->needed = true;
        if (s->base != DOCKERFILE_LINT_NO_STAGE)
                mark_needed(w, s->base);
        for (size_t k = 0; k < s->source_count; k++)
                mark_needed(w, s->sources[k]);
}

static int build_graph(struct walk *w)
{
        const char *target = w->l->options->target;

        cut_stages(w);
        for (size_t k = 0; k < w->count; k++) {
                if (dockerfile_lint_from(w->l, &w->stages[k], &w->globals, &w->names) < 0)
                        return -1;
                link_stage(w, k);
        }
        w->target = target ? find_stage(w, target, w->count, true) : w->count - 1;
        if (w->target == DOCKERFILE_LINT_NO_STAGE)
                return error_set(w->l->err, EINVAL, "%s has no stage \"%s\"", w->l->file->name, target);
        for (size_t k = 0; k < w->count; k++)
                if (!target || k == w->target)
                        mark_needed(w, k);
        return 0;
}

/* --- following ------------------------------------------------------------------------ */

/* An image that is for another platform than the one that is built for. */
static void check_base_platform(struct walk *w, const struct dockerfile_lint_stage *s, const char *is)
{
        const char *wanted = strv_env_find(&w->globals, "TARGETPLATFORM");
        size_t os_and_architecture = wanted ? strcspn(wanted, "/") : 0;

        if (!is || !wanted || dockerfile_flag_find(s->from, "platform"))
                return;
        os_and_architecture += wanted[os_and_architecture] == '/';
        os_and_architecture += strcspn(wanted + os_and_architecture, "/");
        if (strncmp(is, wanted, os_and_architecture) == 0 &&
            (is[os_and_architecture] == '\0' || is[os_and_architecture] == '/'))
                return;
        dockerfile_lint_note(w->l, DOCKERFILE_LINT_INVALID_BASE_IMAGE_PLATFORM, s->from,
                             "Base image %s was pulled with platform \"%s\", expected \"%s\" for current build",
                             s->image, is, wanted);
}

static void begin_stage(struct walk *w, struct dockerfile_lint_stage *s)
{
        static const char path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        const struct dockerfile_lint_options *o = w->l->options;
        struct dockerfile_base base = {.env = STRV_INIT};

        if (s->base != DOCKERFILE_LINT_NO_STAGE) {
                const struct dockerfile_lint_stage *from = &w->stages[s->base];

                strv_copy(&s->env, &from->env);
                strv_copy(&s->args, &from->args);
                s->known = from->known;
                s->has_shell = from->has_shell;
                s->has_workdir = from->has_workdir;
                return;
        }
        s->known = strcmp(s->image, "scratch") == 0;
        if (!s->known && o->find_base && o->find_base(o->context, s->image, &base)) {
                strv_extend(&s->env, &base.env);
                s->has_shell = base.has_shell;
                s->known = true;
                check_base_platform(w, s, base.platform);
        }
        if (!strv_env_find(&s->env, "PATH"))
                strv_env_set(&s->env, "PATH", path);
        for (size_t k = 0; o->env && k < o->env->count; k++) {
                CLEANUP_FREE char *name = memory_strndup(o->env->items[k], strcspn(o->env->items[k], "="));
                const char *value = strchr(o->env->items[k], '=');

                strv_env_set(&s->env, name, value ? value + 1 : "");
        }
        strv_free(&base.env);
        free(base.platform);
}

static int follow(struct walk *w)
{
        for (size_t k = 0; k < w->count; k++) {
                struct dockerfile_lint_stage *s = &w->stages[k];

                if (!s->needed)
                        continue;
                begin_stage(w, s);
                for (size_t n = s->first; n < s->end; n++)
                        if (dockerfile_lint_instruction(w->l, s, &w->l->file->instructions[n], &w->globals) < 0)
                                return -1;
        }
        return 0;
}

/* --- the outline ------------------------------------------------------------------------ */

static void add_all(struct dockerfile_outline_list *to, const struct dockerfile_outline_list *from)
{
        for (size_t k = 0; k < from->count; k++)
                dockerfile_outline_add(to, &from->items[k]);
}

/* A global argument is used by FROM, by an ARG that imports it, or by the default of one that is used. */
static void add_global(const struct walk *w, const char *name, struct dockerfile_outline_list *to)
{
        const struct dockerfile_outline_item *item = dockerfile_outline_find(&w->global_args, name);
        const struct dockerfile *d = w->l->file;

        if (!item || dockerfile_outline_find(to, name))
                return;
        dockerfile_outline_add(to, item);
        for (size_t k = 0; k < d->first_from; k++)
                for (size_t n = 0; n < d->instructions[k].pairs.count; n++) {
                        const struct dockerfile_pair *pair = &d->instructions[k].pairs.items[n];
                        struct dockerfile_lint_word word = {0};
                        CLEANUP_ERROR struct error ignored = ERROR_INIT;
                        CLEANUP_FREE char *value = NULL;

                        if (strcmp(pair->key.text, name) == 0 && pair->has_value)
                                (void)dockerfile_lint_expand(w->l, &w->globals, pair->value.text, &word, &value,
                                                             &ignored);
                        for (size_t m = 0; m < word.matched.count; m++)
                                add_global(w, word.matched.items[m], to);
                        dockerfile_lint_word_clear(&word);
                }
}

static void add_stage(const struct walk *w, size_t index, bool *seen, struct dockerfile_outline *o)
{
        const struct dockerfile_lint_stage *s = &w->stages[index];

        if (seen[index])
                return;
        seen[index] = true;
        add_all(&o->args, &s->own_args);
        for (size_t k = 0; k < s->used.count; k++)
                add_global(w, s->used.items[k], &o->args);
        add_all(&o->secrets, &s->secrets);
        add_all(&o->ssh, &s->ssh);
        if (s->base != DOCKERFILE_LINT_NO_STAGE)
                add_stage(w, s->base, seen, o);
        for (size_t k = 0; k < s->source_count; k++)
                add_stage(w, s->sources[k], seen, o);
}

static void fill_outline(const struct walk *w)
{
        struct dockerfile_outline *o = w->l->outline;
        const struct dockerfile_instruction *from = w->stages[w->target].from;
        bool *seen = memory_zalloc(w->count, sizeof(*seen));
        size_t size = 0;
        const char *described;

        if (from->from.stage) {
                o->name = memory_strdup(from->from.stage);
                described = dockerfile_instruction_describe(from, from->from.stage, &size);
                o->description = described ? memory_strndup(described, size) : NULL;
        }
        add_stage(w, w->target, seen, o);
        dockerfile_outline_sort(&o->args);
        dockerfile_outline_sort(&o->secrets);
        dockerfile_outline_sort(&o->ssh);
        free(seen);
}

static void clear(struct walk *w)
{
        for (size_t k = 0; k < w->count; k++) {
                struct dockerfile_lint_stage *s = &w->stages[k];

                free(s->image);
                free(s->sources);
                strv_free(&s->env);
                strv_free(&s->args);
                strv_free(&s->used);
                dockerfile_outline_list_clear(&s->own_args);
                dockerfile_outline_list_clear(&s->secrets);
                dockerfile_outline_list_clear(&s->ssh);
        }
        free(w->stages);
        strv_free(&w->globals);
        strv_free(&w->names);
        dockerfile_outline_list_clear(&w->global_args);
}

int dockerfile_lint_stages(struct dockerfile_linter *l)
{
        struct walk w = {.l = l};
        int result = read_all_globals(&w);

        if (result == 0)
                result = build_graph(&w);
        if (result == 0)
                result = follow(&w);
        if (result == 0 && l->outline)
                fill_outline(&w);
        clear(&w);
        return result;
}
