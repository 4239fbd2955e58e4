/* SPDX-License-Identifier: Apache-2.0 */
/* From instructions to the graph of stages. */
#include "builder/plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/builtin_args.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/expand.h"
#include "dockerfile/mount.h"
#include "dockerfile/suggest.h"
#include "oci/config.h"

bool builder_plan_makes_layer(const struct dockerfile_instruction *i)
{
        return i->kind == DOCKERFILE_RUN || i->kind == DOCKERFILE_COPY || i->kind == DOCKERFILE_ADD ||
               i->kind == DOCKERFILE_WORKDIR;
}

/* --- global arguments ----------------------------------------------------------- */

static const char *find_global(void *context, const char *name)
{
        return strv_env_find(context, name);
}

/* Variables of FROM, and those of them that are not there. */
struct wanting {
        const struct strv *globals;
        struct strv missing;
};

static const char *find_wanted(void *context, const char *name)
{
        return strv_env_find(((struct wanting *)context)->globals, name);
}

static void note_missing(void *context, const char *name)
{
        strv_add(&((struct wanting *)context)->missing, name);
}

/* What is to be said of the first that is not there: "; BASE is no ARG before the first FROM". Heap text. */
static char *missing_hint(const struct wanting *w)
{
        const char **names = memory_zalloc(w->globals->count + 1, sizeof(char *));
        CLEANUP_STRV struct strv owned = STRV_INIT;
        const char *near;
        char *hint;

        if (w->missing.count == 0) {
                free(names);
                return memory_strdup("");
        }
        for (size_t i = 0; i < w->globals->count; i++) {
                const char *pair = w->globals->items[i];

                strv_take(&owned, memory_strndup(pair, strcspn(pair, "=")));
                names[i] = owned.items[i];
        }
        near = dockerfile_suggest(w->missing.items[0], names, w->globals->count);
        hint = memory_printf("; %s has no value before the first FROM%s%s%s", w->missing.items[0],
                             near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        free(names);
        return hint;
}

static const char *last_stage_name(const struct dockerfile *file)
{
        for (size_t i = file->instruction_count; i-- > 0;)
                if (file->instructions[i].kind == DOCKERFILE_FROM)
                        return file->instructions[i].from.stage;
        return NULL;
}

static void add_platform(struct strv *globals, const char *side, const struct oci_platform *p)
{
        CLEANUP_BUFFER struct buffer whole = BUFFER_INIT;

        oci_platform_format(p, &whole);
        strv_take(globals, memory_printf("%sPLATFORM=%s", side, buffer_text(&whole)));
        strv_take(globals, memory_printf("%sOS=%s", side, p->os));
        strv_take(globals, memory_printf("%sOSVERSION=", side));
        strv_take(globals, memory_printf("%sARCH=%s", side, p->architecture));
        strv_take(globals, memory_printf("%sVARIANT=%s", side, p->variant ? p->variant : ""));
}

void builder_plan_platform(struct strv *globals, const struct strv *build_args, const struct dockerfile *file,
                           const struct oci_platform *platform, const char *target)
{
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();

        add_platform(globals, "BUILD", host);
        add_platform(globals, "TARGET", platform ? platform : host);
        if (!target)
                target = last_stage_name(file);
        strv_take(globals, memory_printf("TARGETSTAGE=%s", target ? target : "default"));
        for (size_t i = 0; i < build_args->count; i++) {
                CLEANUP_FREE char *name = memory_strndup(build_args->items[i], strcspn(build_args->items[i], "="));

                if (strv_env_find(globals, name))
                        strv_env_set(globals, name, strv_env_find(build_args, name));
        }
}

static int add_global(const struct dockerfile *file, const struct dockerfile_pair *pair, const struct strv *build_args,
                      struct strv *globals, struct error *err)
{
        const struct dockerfile_scope scope = {find_global, NULL, globals};
        CLEANUP_ERROR struct error expand_err = ERROR_INIT;
        const char *given = strv_env_find(build_args, pair->key.text);
        CLEANUP_FREE char *value = NULL;

        if (given) {
                strv_env_set(globals, pair->key.text, given);
                return 0;
        }
        if (!pair->has_value)
                return 0;
        if (dockerfile_expand(&scope, file->escape, DOCKERFILE_EXPAND_WORD, pair->value.text, &value, &expand_err) < 0)
                return dockerfile_error(file, &pair->value.place, err, "%s", expand_err.message);
        strv_env_set(globals, pair->key.text, value);
        return 0;
}

static int add_globals(const struct dockerfile *file, const struct strv *build_args, struct strv *globals,
                       struct error *err)
{
        for (size_t i = 0; i < file->first_from; i++) {
                const struct dockerfile_instruction *in = &file->instructions[i];

                for (size_t k = 0; in->kind == DOCKERFILE_ARG && k < in->pairs.count; k++)
                        if (add_global(file, &in->pairs.items[k], build_args, globals, err) < 0)
                                return -1;
        }
        return 0;
}

/* --- stages ------------------------------------------------------------------------ */

static void cut_stages(struct builder_plan *plan)
{
        const struct dockerfile *file = plan->file;
        size_t cap = 0;

        for (size_t i = file->first_from; i < file->instruction_count; i++) {
                const struct dockerfile_instruction *in = &file->instructions[i];
                struct builder_stage_plan *stage;

                if (in->kind == DOCKERFILE_FROM) {
                        memory_grow(&plan->stages, &cap, plan->count + 1, sizeof(*plan->stages));
                        plan->stages[plan->count++] = (struct builder_stage_plan){.from = in,
                                                                                  .first = i + 1,
                                                                                  .name = in->from.stage,
                                                                                  .base = BUILDER_NO_STAGE,
                                                                                  .step_count = 1};
                }
                stage = &plan->stages[plan->count - 1];
                stage->end = i + 1;
                stage->step_count += builder_plan_makes_layer(in);
        }
}

/* FROM means the last stage of that exact name before it (names are kept in lower case). */
static size_t find_base(const struct builder_plan *plan, size_t current, const char *image)
{
        for (size_t i = current; i-- > 0;)
                if (plan->stages[i].name && strcasecmp(plan->stages[i].name, image) == 0)
                        return i;
        return BUILDER_NO_STAGE;
}

static int expand_base(struct builder_plan *plan, struct builder_stage_plan *stage, struct error *err)
{
        const struct dockerfile_word *word = stage->from->from.image;
        struct wanting wanting = {.globals = &plan->globals, .missing = STRV_INIT};
        const struct dockerfile_scope scope = {find_wanted, note_missing, &wanting};
        CLEANUP_FREE char *hint = NULL;
        CLEANUP_ERROR struct error expand_err = ERROR_INIT;

        if (dockerfile_expand(&scope, plan->file->escape, DOCKERFILE_EXPAND_WORD, word->text, &stage->image,
                              &expand_err) < 0) {
                strv_free(&wanting.missing);
                return dockerfile_error(plan->file, &word->place, err, "%s", expand_err.message);
        }
        hint = missing_hint(&wanting);
        strv_free(&wanting.missing);
        if (stage->image[0] == '\0')
                return dockerfile_error(plan->file, &word->place, err, "the base image %s is empty: %s", word->text,
                                        strstr(hint, "did you mean")
                                                ? hint + strspn(hint, "; ")
                                                : "give the ARG before the first FROM a default, or use --build-arg");
        return 0;
}

static int resolve_base(struct builder_plan *plan, const struct builder_plan_options *o, size_t index,
                        struct error *err)
{
        struct builder_stage_plan *stage = &plan->stages[index];

        if (index == 0 && o->base)
                stage->image = memory_strdup(o->base);
        else if (expand_base(plan, stage, err) < 0)
                return -1;
        stage->base = find_base(plan, index, stage->image);
        stage->scratch = stage->base == BUILDER_NO_STAGE && strcmp(stage->image, "scratch") == 0;
        return 0;
}

static bool is_index(const char *text, size_t *ret)
{
        char *end;
        unsigned long value;

        if (!isdigit((unsigned char)text[0]))
                return false;
        errno = 0;
        value = strtoul(text, &end, 10);
        *ret = value;
        return errno == 0 && *end == '\0';
}

/* The stage called `text` in any case, the last in the file; or the one with that index. */
static size_t find_stage(const struct builder_plan *plan, const char *text)
{
        size_t index;

        for (size_t i = plan->count; i-- > 0;)
                if (plan->stages[i].name && strcasecmp(plan->stages[i].name, text) == 0)
                        return i;
        return is_index(text, &index) && index < plan->count ? index : BUILDER_NO_STAGE;
}

/* The stage that COPY or ADD --from of this instruction names, or BUILDER_NO_STAGE. */
static size_t named_source(const struct builder_plan *plan, const struct dockerfile_instruction *in)
{
        bool copies = in->kind == DOCKERFILE_COPY || in->kind == DOCKERFILE_ADD;

        return copies && in->copy.from ? find_stage(plan, in->copy.from->value) : BUILDER_NO_STAGE;
}

/* The first instruction of stage `index` that takes from stage `wanted`, or NULL. */
static const struct dockerfile_instruction *taker(const struct builder_plan *plan, size_t index, size_t wanted)
{
        for (size_t i = plan->stages[index].first; i < plan->stages[index].end; i++)
                if (named_source(plan, &plan->file->instructions[i]) == wanted)
                        return &plan->file->instructions[i];
        return NULL;
}

/* `later` comes after `current`, which takes from it: moving it up helps unless it takes from `current` in turn. */
static int later_stage(const struct builder_plan *plan, size_t current, const struct dockerfile *file,
                       const struct dockerfile_flag *from, size_t later, struct error *err)
{
        const struct dockerfile_instruction *back = taker(plan, later, current);

        if (back)
                return dockerfile_error(
                        file, &from->place, err,
                        "a cycle: stage \"%s\" takes from this one in line %u; neither can be built first", from->value,
                        back->first_line);
        return dockerfile_error(file, &from->place, err,
                                "stage \"%s\" begins later, in line %u: move it above this one", from->value,
                                plan->stages[later].from->first_line);
}

/* A name that is a stage's rather than an image's: no tag, no digest, no registry, no directory. */
static bool is_bare(const char *name)
{
        return name[strcspn(name, "/:@.")] == '\0';
}

char *builder_plan_stage_hint(const struct builder_plan *plan, size_t current, const char *name, bool stages)
{
        const char **names = memory_zalloc(plan->count, sizeof(char *));
        CLEANUP_BUFFER struct buffer list = BUFFER_INIT;
        const char *near;
        char *hint = NULL;
        size_t count = 0;

        for (size_t i = 0; i < plan->count; i++) {
                const struct builder_stage_plan *stage = &plan->stages[i];

                if (!stage->name || i == current)
                        continue;
                if (i > current && strcasecmp(stage->name, name) == 0 && !hint)
                        hint = memory_printf("the stage %s begins later, in line %u; ", stage->name,
                                             stage->from->first_line);
                if (i < current) {
                        buffer_printf(&list, "%s%s", count ? ", " : "", stage->name);
                        names[count++] = stage->name;
                }
        }
        near = hint ? NULL : dockerfile_suggest(name, names, count);
        if (near)
                hint = memory_printf("no stage is called %s (did you mean %s?); ", name, near);
        else if (!hint && stages && is_bare(name))
                hint = count > 0 ? memory_printf("no stage is called %s (above are: %s); ", name, list.data)
                                 : memory_printf("no stage is called %s; ", name);
        free(names);
        return hint ? hint : memory_strdup("");
}

int builder_plan_find_source(const struct builder_plan *plan, size_t current, const struct dockerfile *file,
                             const struct dockerfile_flag *from, size_t *ret, struct error *err)
{
        size_t index;

        *ret = find_stage(plan, from->value);
        if (*ret == BUILDER_NO_STAGE && is_index(from->value, &index))
                return dockerfile_error(file, &from->place, err, "there is no stage %zu: the file has stages 0 to %zu",
                                        index, plan->count - 1);
        if (*ret == current)
                return dockerfile_error(file, &from->place, err,
                                        "a stage cannot copy from itself: its files are moved with RUN cp or RUN mv");
        if (*ret != BUILDER_NO_STAGE && *ret > current)
                return later_stage(plan, current, file, from, *ret, err);
        return 0;
}

int builder_plan_find_mount(const struct builder_plan *plan, size_t current, const struct dockerfile *file,
                            const struct dockerfile_flag *flag, const char *from, size_t *ret, struct error *err)
{
        *ret = BUILDER_NO_STAGE;
        for (size_t i = plan->count; i-- > 0 && *ret == BUILDER_NO_STAGE;)
                if (plan->stages[i].name && strcasecmp(plan->stages[i].name, from) == 0)
                        *ret = i;
        if (*ret == current)
                return dockerfile_error(file, &flag->place, err, "--mount: a stage cannot mount itself");
        if (*ret != BUILDER_NO_STAGE && *ret > current)
                return dockerfile_error(file, &flag->place, err,
                                        "--mount: stage \"%s\" begins later, in line %u: move it above this one", from,
                                        plan->stages[*ret].from->first_line);
        return 0;
}

/* --- triggers ---------------------------------------------------------------------- */

static int add_trigger(struct builder_stage_plan *stage, const char *text, const char *of, struct error *err)
{
        CLEANUP_FREE char *name = memory_printf("ONBUILD of %s", of);
        struct dockerfile *trigger = NULL;

        if (dockerfile_trigger_parse(text, strlen(text), name, &trigger, err) < 0)
                return -1;
        stage->triggers = memory_realloc(stage->triggers, stage->trigger_count + 1, sizeof(struct dockerfile *));
        stage->triggers[stage->trigger_count++] = trigger;
        stage->step_count += builder_plan_makes_layer(&trigger->instructions[0]);
        return 0;
}

/* FROM STAGE runs what that stage says with ONBUILD. What ran in that stage itself is gone from its config. */
static int add_stage_triggers(struct builder_plan *plan, struct builder_stage_plan *stage, struct error *err)
{
        const struct builder_stage_plan *base = &plan->stages[stage->base];

        for (size_t i = base->first; i < base->end; i++) {
                const struct dockerfile_instruction *in = &plan->file->instructions[i];

                if (in->kind == DOCKERFILE_ONBUILD && add_trigger(stage, in->onbuild.expression, stage->image, err) < 0)
                        return -1;
        }
        return 0;
}

/* What --platform of FROM asks for, else what is built for; the variables of the former are the global ones. */
static int find_platform(const struct builder_plan *plan, struct builder_stage_plan *stage,
                         const struct builder_plan_options *o, struct error *err)
{
        const struct dockerfile_flag *flag = dockerfile_flag_find(stage->from, "platform");
        struct wanting wanting = {.globals = &plan->globals, .missing = STRV_INIT};
        const struct dockerfile_scope scope = {find_wanted, note_missing, &wanting};
        CLEANUP_FREE char *hint = NULL;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *text = NULL;
        int result;

        if (stage->platform)
                return 0;
        if (!flag) {
                stage->platform = o->platform ? oci_platform_copy(o->platform) : NULL;
                return 0;
        }
        result = dockerfile_expand(&scope, plan->file->escape, DOCKERFILE_EXPAND_WORD, flag->value, &text, &cause);
        if (result == 0)
                result = oci_platform_parse(text, &stage->platform, &cause);
        hint = missing_hint(&wanting);
        strv_free(&wanting.missing);
        return result < 0 ? dockerfile_error(plan->file, &flag->place, err, "%s%s", cause.message, hint) : 0;
}

static int add_image_triggers(struct builder_plan *plan, struct builder_stage_plan *stage,
                              const struct builder_plan_options *o, struct error *err)
{
        CLEANUP_STRV struct strv texts = STRV_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (stage->scratch || !o->find_triggers)
                return 0;
        if (o->find_triggers(o->context, stage->image, stage->platform, &texts, &cause) < 0) {
                CLEANUP_FREE char *hint =
                        builder_plan_stage_hint(plan, (size_t)(stage - plan->stages), stage->image, false);

                return dockerfile_error(plan->file, &stage->from->from.image->place, err, "%s%s", hint, cause.message);
        }
        for (size_t i = 0; i < texts.count; i++)
                if (add_trigger(stage, texts.items[i], stage->image, err) < 0)
                        return -1;
        return 0;
}

/* --- what is needed ---------------------------------------------------------------- */

static int mark_needed(struct builder_plan *plan, size_t index, const struct builder_plan_options *o,
                       struct error *err);

static int add_source(struct builder_plan *plan, size_t index, size_t source, const struct builder_plan_options *o,
                      struct error *err)
{
        struct builder_stage_plan *stage = &plan->stages[index];

        if (source == BUILDER_NO_STAGE)
                return 0;
        stage->sources = memory_realloc(stage->sources, stage->source_count + 1, sizeof(*stage->sources));
        stage->sources[stage->source_count++] = source;
        return mark_needed(plan, source, o, err);
}

/* What the mounts of a RUN read. The parser has checked them. */
static int mark_mounts(struct builder_plan *plan, size_t index, const struct dockerfile *file,
                       const struct dockerfile_instruction *in, const struct builder_plan_options *o, struct error *err)
{
        for (size_t i = 0; i < in->run.mount_count; i++) {
                const struct dockerfile_flag *flag = in->run.mounts[i];
                CLEANUP_ERROR struct error cause = ERROR_INIT;
                struct dockerfile_mount mount;
                size_t source = BUILDER_NO_STAGE;
                int result = 0;

                if (dockerfile_mount_parse(flag->value, NULL, file->escape, &mount, &cause) < 0)
                        return dockerfile_error(file, &flag->place, err, "%s", cause.message);
                if (mount.from && mount.from[0])
                        result = builder_plan_find_mount(plan, index, file, flag, mount.from, &source, err);
                dockerfile_mount_clear(&mount);
                if (result < 0 || add_source(plan, index, source, o, err) < 0)
                        return -1;
        }
        return 0;
}

/* The stages that one instruction reads, if it does. */
static int mark_source(struct builder_plan *plan, size_t index, const struct dockerfile *file,
                       const struct dockerfile_instruction *in, const struct builder_plan_options *o, struct error *err)
{
        size_t source;

        if (in->kind == DOCKERFILE_RUN)
                return mark_mounts(plan, index, file, in, o, err);
        if ((in->kind != DOCKERFILE_COPY && in->kind != DOCKERFILE_ADD) || !in->copy.from)
                return 0;
        if (builder_plan_find_source(plan, index, file, in->copy.from, &source, err) < 0)
                return -1;
        return add_source(plan, index, source, o, err);
}

/* Marks a stage and all it stands on; stages only point backwards, so this ends. */
static int mark_needed(struct builder_plan *plan, size_t index, const struct builder_plan_options *o, struct error *err)
{
        struct builder_stage_plan *stage = &plan->stages[index];
        bool on_stage = stage->base != BUILDER_NO_STAGE;

        if (stage->needed)
                return 0;
        stage->needed = true;
        if (find_platform(plan, stage, o, err) < 0)
                return -1;
        if (on_stage && mark_needed(plan, stage->base, o, err) < 0)
                return -1;
        if ((on_stage ? add_stage_triggers(plan, stage, err) : add_image_triggers(plan, stage, o, err)) < 0)
                return -1;
        for (size_t i = 0; i < stage->trigger_count; i++)
                if (mark_source(plan, index, stage->triggers[i], &stage->triggers[i]->instructions[0], o, err) < 0)
                        return -1;
        for (size_t i = stage->first; i < stage->end; i++)
                if (mark_source(plan, index, plan->file, &plan->file->instructions[i], o, err) < 0)
                        return -1;
        return 0;
}

static int unknown_stage(const struct builder_plan *plan, const char *target, struct error *err)
{
        const char **names = memory_zalloc(plan->count, sizeof(char *));
        CLEANUP_BUFFER struct buffer list = BUFFER_INIT;
        const char *near;
        size_t count = 0;

        for (size_t i = 0; i < plan->count; i++) {
                if (!plan->stages[i].name)
                        continue;
                names[count++] = plan->stages[i].name;
                buffer_printf(&list, "%s%s", count > 1 ? ", " : "", plan->stages[i].name);
        }
        near = dockerfile_suggest(target, names, count);
        if (near)
                (void)error_set(err, EINVAL, "%s has no stage \"%s\" (did you mean \"%s\"?)", plan->file->name, target,
                                near);
        else
                (void)error_set(err, EINVAL, "%s has no stage \"%s\": its stages are %s", plan->file->name, target,
                                count ? list.data : "unnamed, use an index");
        free(names);
        return -1;
}

int builder_plan_find_stage(const struct builder_plan *plan, const char *text, size_t *ret, struct error *err)
{
        *ret = find_stage(plan, text);
        return *ret == BUILDER_NO_STAGE ? unknown_stage(plan, text, err) : 0;
}

static bool declares(const struct dockerfile_instruction *in, const char *name)
{
        for (size_t p = 0; in->kind == DOCKERFILE_ARG && p < in->pairs.count; p++)
                if (strcmp(in->pairs.items[p].key.text, name) == 0)
                        return true;
        return false;
}

static bool is_used(const struct builder_plan *plan, const char *name)
{
        if (builder_builtin_is(name) || strv_env_find(&plan->globals, name))
                return true;
        for (size_t k = 0; k < plan->file->instruction_count; k++)
                if (declares(&plan->file->instructions[k], name))
                        return true;
        for (size_t i = 0; i < plan->count; i++)
                for (size_t k = 0; k < plan->stages[i].trigger_count; k++)
                        if (declares(&plan->stages[i].triggers[k]->instructions[0], name))
                                return true;
        return false;
}

/* Build arguments that no ARG declares are most often spelled wrong. */
static void note_unused(struct builder_plan *plan, const struct strv *build_args)
{
        for (size_t i = 0; i < build_args->count; i++) {
                CLEANUP_FREE char *name = memory_strndup(build_args->items[i], strcspn(build_args->items[i], "="));

                if (!is_used(plan, name))
                        strv_add(&plan->unused, name);
        }
}

/* A named context stands above a stage of its name, whose instructions then mean nothing, and above an image. */
static void apply_named(struct builder_plan *plan, const struct builder_plan_options *o)
{
        for (size_t i = 0; i <= plan->target && o->is_named; i++) {
                struct builder_stage_plan *stage = &plan->stages[i];
                bool replaced = stage->name && o->is_named(o->context, stage->name);

                if (replaced) {
                        free(stage->image);
                        stage->image = memory_strdup(stage->name);
                        stage->base = BUILDER_NO_STAGE;
                        stage->end = stage->first;
                        stage->step_count = 1;
                }
                stage->named = replaced || (stage->base == BUILDER_NO_STAGE && o->is_named(o->context, stage->image));
                if (stage->named)
                        stage->scratch = false;
        }
}

static void tell_first(const struct builder_plan *plan, const struct builder_plan_options *o)
{
        for (size_t i = 0; i <= plan->target && o->tell_first; i++) {
                const struct builder_stage_plan *stage = &plan->stages[i];

                if (stage->base != BUILDER_NO_STAGE || stage->scratch || stage->named)
                        continue;
                o->tell_first(o->context, stage->image);
                return;
        }
}

int builder_plan_make(const struct dockerfile *file, const struct builder_plan_options *o, struct builder_plan *ret,
                      struct error *err)
{
        *ret = (struct builder_plan){.file = file};
        cut_stages(ret);
        ret->target = ret->count - 1;
        if (o->target && builder_plan_find_stage(ret, o->target, &ret->target, err) < 0)
                return -1;
        builder_plan_platform(&ret->globals, o->build_args, file, o->platform, o->target);
        if (add_globals(file, o->build_args, &ret->globals, err) < 0)
                return -1;
        for (size_t i = 0; i <= ret->target; i++)
                if (resolve_base(ret, o, i, err) < 0)
                        return -1;
        apply_named(ret, o);
        tell_first(ret, o);
        if (mark_needed(ret, ret->target, o, err) < 0)
                return -1;
        note_unused(ret, o->build_args);
        return 0;
}

static void free_stage(struct builder_stage_plan *stage)
{
        for (size_t i = 0; i < stage->trigger_count; i++)
                dockerfile_free(stage->triggers[i]);
        free(stage->triggers);
        free(stage->image);
        oci_platform_free(stage->platform);
        free(stage->sources);
}

void builder_plan_free(struct builder_plan *plan)
{
        for (size_t i = 0; i < plan->count; i++)
                free_stage(&plan->stages[i]);
        free(plan->stages);
        strv_free(&plan->globals);
        strv_free(&plan->unused);
        *plan = (struct builder_plan)BUILDER_PLAN_INIT;
}

char *builder_plan_stage_title(const struct builder_plan *plan, size_t stage)
{
        return plan->stages[stage].name ? memory_strdup(plan->stages[stage].name) : memory_printf("stage-%zu", stage);
}
