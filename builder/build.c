/* SPDX-License-Identifier: Apache-2.0 */
/* A build from start to end. */
#include "builder/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/amend.h"
#include "builder/bases.h"
#include "builder/builtin_args.h"
#include "builder/cache_export.h"
#include "builder/cache_import.h"
#include "builder/commit.h"
#include "builder/epoch.h"
#include "builder/explain.h"
#include "builder/inputs.h"
#include "builder/job.h"
#include "builder/lazy_base.h"
#include "builder/lint.h"
#include "builder/named.h"
#include "builder/named_stage.h"
#include "builder/schedule.h"
#include "builder/siblings.h"
#include "common/memory.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "sandbox/output.h"

#define LAYERS_MAX 127

/* --- stages --------------------------------------------------------------------------- */

static builder_instruction_function *const instructions[DOCKERFILE_KIND_COUNT] = {
        [DOCKERFILE_ADD] = builder_do_add,
        [DOCKERFILE_ARG] = builder_do_arg,
        [DOCKERFILE_CMD] = builder_do_cmd,
        [DOCKERFILE_COPY] = builder_do_copy,
        [DOCKERFILE_ENTRYPOINT] = builder_do_entrypoint,
        [DOCKERFILE_ENV] = builder_do_env,
        [DOCKERFILE_EXPOSE] = builder_do_expose,
        [DOCKERFILE_HEALTHCHECK] = builder_do_healthcheck,
        [DOCKERFILE_LABEL] = builder_do_label,
        [DOCKERFILE_MAINTAINER] = builder_do_maintainer,
        [DOCKERFILE_ONBUILD] = builder_do_onbuild,
        [DOCKERFILE_RUN] = builder_do_run,
        [DOCKERFILE_SHELL] = builder_do_shell,
        [DOCKERFILE_STOPSIGNAL] = builder_do_stopsignal,
        [DOCKERFILE_USER] = builder_do_user,
        [DOCKERFILE_VOLUME] = builder_do_volume,
        [DOCKERFILE_WORKDIR] = builder_do_workdir,
};

static void replace_text(char **field, const char *value)
{
        free(*field);
        *field = value ? memory_strdup(value) : NULL;
}

/* An image must be what --platform says; scratch becomes it; a stage stays what it is (as BuildKit). */
static int apply_platform(const struct builder_site *site, struct error *err)
{
        const struct builder_stage_plan *plan = &site->job->plan.stages[site->index];
        const struct dockerfile_flag *flag = dockerfile_flag_find(plan->from, "platform");
        const struct oci_platform *wanted = plan->platform;
        struct oci_config *config = site->stage->state.config;
        const struct oci_platform have = { .architecture = config->architecture, .os = config->os, .variant = config->variant };
        CLEANUP_BUFFER struct buffer is = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer want = BUFFER_INIT;

        if (!wanted || plan->base != BUILDER_NO_STAGE)
                return 0;
        if (plan->scratch) {
                replace_text(&config->os, wanted->os);
                replace_text(&config->architecture, wanted->architecture);
                replace_text(&config->variant, wanted->variant);
                return 0;
        }
        if (oci_platform_rank(&have, wanted) >= 0)
                return 0;
        oci_platform_format(&have, &is);
        oci_platform_format(wanted, &want);
        return dockerfile_error(site->file, flag ? &flag->place : &plan->from->from.image->place, err,
                                "the image %s of the store is for %s, not for %s: load or import the one for that platform",
                                plan->image, buffer_text(&is), buffer_text(&want));
}

/* What the stage begins with: another stage, nothing, or an image. */
/* An image, of which perhaps nothing but the config is needed. */
static int load_image(const struct builder_site *site, unsigned step, struct error *err)
{
        const struct builder_stage_plan *plan = &site->job->plan.stages[site->index];
        struct builder_state *state = &site->stage->state;
        bool done;

        if (builder_lazy_base_load(site->job, plan->image, plan->platform, state, &done, err) < 0)
                return -1;
        return done ? 0 : builder_job_base(site->job, plan->image, plan->platform, step, state, err);
}

static int load_base(const struct builder_site *site, unsigned step, struct error *err)
{
        struct builder_job *job = site->job;
        const struct builder_stage_plan *plan = &job->plan.stages[site->index];
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (plan->base != BUILDER_NO_STAGE) {
                builder_state_copy(&site->stage->state, &job->stages[plan->base].state);
        } else if (plan->named) {
                if (builder_named_stage_load(site, plan->image, err) < 0)
                        return -1;
        } else if (plan->scratch) {
                builder_state_init(&site->stage->state);
        } else if (load_image(site, step, &cause) < 0) {
                return builder_site_image_error(site, &plan->from->from.image->place, plan->image, err, &cause);
        }
        builder_cache_drop_inline(site->stage->state.config);
        strv_clear(&site->stage->state.config->config.on_build); /* they run now, and not again in a child */
        if (plan->base == BUILDER_NO_STAGE) /* what another stage's instructions said stays said */
                builder_amend_base(job->options->amendments, &site->stage->state);
        return 0;
}

static int begin_stage(const struct builder_site *site, struct error *err)
{
        struct builder_job *job = site->job;
        const struct builder_stage_plan *plan = &job->plan.stages[site->index];
        unsigned number = builder_site_begin(site, plan->from->original);
        int result = load_base(site, number, err);

        if (result == 0)
                result = apply_platform(site, err);
        if (result == 0)
                builder_state_ensure_path(&site->stage->state);
        if (result < 0)
                builder_job_fail(job, number, err);
        else
                builder_job_end(job, number, BUILDER_DONE);
        return result;
}

bool builder_job_is_cancelled(struct builder_job *job)
{
        bool cancelled;

        pthread_mutex_lock(&job->lock);
        cancelled = job->cancelled;
        pthread_mutex_unlock(&job->lock);
        return cancelled || builder_siblings_are_cancelled(job->options->siblings);
}

/* Its commands are done: the stage's own process is not needed while others run. */
static void close_init(struct builder_job *job, struct builder_stage *stage)
{
        struct sandbox_stage *init;

        pthread_mutex_lock(&job->lock);
        init = STEAL(stage->init);
        pthread_mutex_unlock(&job->lock);
        sandbox_stage_close(init);
        sandbox_pump_close(STEAL(stage->pump));
}

static int run_instruction(struct builder_site *site, const struct dockerfile *file,
                           const struct dockerfile_instruction *instruction, struct error *err)
{
        site->file = file;
        site->instruction = instruction;
        if (builder_job_is_cancelled(site->job))
                return error_set(err, ECANCELED, "another stage failed");
        return instructions[instruction->kind](site, err);
}

int builder_stage_run(struct builder_job *job, size_t index, struct error *err)
{
        const struct builder_stage_plan *plan = &job->plan.stages[index];
        struct builder_site site = { job, index, &job->stages[index], job->file, plan->from };
        int result = begin_stage(&site, err);

        for (size_t i = 0; i < plan->trigger_count && result == 0; i++)
                result = run_instruction(&site, plan->triggers[i], &plan->triggers[i]->instructions[0], err);
        for (size_t i = plan->first; i < plan->end && result == 0; i++)
                result = run_instruction(&site, job->file, &job->file->instructions[i], err);
        close_init(job, &job->stages[index]);
        return result;
}

/* --- the whole ---------------------------------------------------------------------------- */

static int parse_tags(const struct builder_build_options *o, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < o->tags->count; i++) {
                CLEANUP_REFERENCE struct oci_reference *reference = NULL;
                CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

                if (oci_reference_parse(o->tags->items[i], &reference, err) < 0)
                        return error_wrap(err, "--tag %s", o->tags->items[i]);
                if (reference->has_digest)
                        return error_set(err, EINVAL, "--tag %s: a tag cannot have a digest", o->tags->items[i]);
                oci_reference_format(reference, &name);
                strv_add(ret, name.data);
        }
        return 0;
}

/*
 * The credential of the command line is for the registry of the first FROM when it was not said whose it is: a
 * Dockerfile can name any number of registries, and those of strangers are to learn nothing.
 */
static void bind_credential(void *context, const char *image)
{
        const struct builder_job *job = context;

        if (!job->options->registry.names)
                oci_registry_add_name(job->workshop.registry, image);
}

static int find_triggers(void *context, const char *image, const struct oci_platform *platform, struct strv *ret,
                         struct error *err)
{
        struct builder_job *job = context;
        const struct builder_base base = { .text = image, .platform = platform };
        CLEANUP_STATE struct builder_state state = BUILDER_STATE_INIT;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        struct builder_source *source;

        if (!builder_named_has(job->named, image)) {
                if (builder_bases_config(job->bases, &base, &config, err) < 0)
                        return -1;
                strv_extend(ret, &config->config.on_build);
                return 0;
        }
        if (builder_named_open(job, image, &source, &state, err) < 0)
                return -1;
        if (!source)
                strv_extend(ret, &state.config->config.on_build);
        return 0;
}

static bool is_named(void *context, const char *name)
{
        const struct builder_job *job = context;

        return builder_named_has(job->named, name);
}

/* Marks the stages whose steps are to be executed whatever the cache holds. */
static int skip_cache(struct builder_job *job, struct error *err)
{
        const struct builder_build_options *o = job->options;

        for (size_t i = 0; i < job->plan.count; i++)
                job->stages[i].no_cache = o->no_cache;
        for (size_t i = 0; i < o->no_cache_stages->count; i++) {
                size_t stage;

                if (builder_plan_find_stage(&job->plan, o->no_cache_stages->items[i], &stage, err) < 0)
                        return error_wrap(err, "--no-cache-filter %s", o->no_cache_stages->items[i]);
                job->stages[stage].no_cache = true;
        }
        return 0;
}

/* BuildKit's own arguments that mean nothing here. */
static void tell_idle(const struct builder_build_options *o)
{
        for (size_t i = 0; i < o->build_args->count; i++) {
                const char *arg = o->build_args->items[i];
                CLEANUP_FREE char *name = memory_strndup(arg, strcspn(arg, "="));
                const char *reason = builder_builtin_idle(name);

                if (reason)
                        log_print(o->log, LOG_WARNING, "the build argument %s changes nothing: %s", name, reason);
        }
}

static int plan_build(struct builder_job *job, struct error *err)
{
        const struct builder_build_options *o = job->options;
        const struct builder_plan_options plan = { .build_args = o->build_args,
                                                   .target = o->target,
                                                   .platform = o->platform,
                                                   .base = o->base,
                                                   .find_triggers = find_triggers,
                                                   .tell_first = bind_credential,
                                                   .is_named = is_named,
                                                   .context = job };

        if (builder_plan_make(job->file, &plan, &job->plan, err) < 0) {
                builder_lint_before(job, o->warnings);
                return -1;
        }
        for (size_t i = 0; i < job->plan.unused.count; i++)
                log_print(o->log, LOG_WARNING, "the build argument %s is not used: no ARG of the Dockerfile declares it",
                          job->plan.unused.items[i]);
        tell_idle(o);
        if (builder_epoch_find(job, err) < 0)
                return -1;
        if (builder_lint_job(job, err) < 0)
                return -1;
        job->stages = memory_zalloc(job->plan.count, sizeof(*job->stages));
        job->explain = builder_explain_new();
        job->bodies = builder_body_table_new(o->store, job->workshop.pool, o->log);
        if (job->context_is_directory) {
                builder_context_use_digests(job->context, o->store);
                builder_context_use_bodies(job->context, job->bodies);
        }
        return skip_cache(job, err);
}

int builder_job_open(struct builder_job *job, struct error *err)
{
        static const struct strv nobody = STRV_INIT; /* bind_credential adds the first */
        const struct builder_build_options *o = job->options;
        struct oci_fetch_options fetch = o->fetch;
        struct oci_registry_options registry = o->registry;

        pthread_mutex_init(&job->lock, NULL);
        pthread_mutex_init(&job->cache_lock, NULL);
        if (builder_workshop_open(&job->workshop, o->store, o->log, err) < 0)
                return -1;
        fetch.log = o->log;
        job->workshop.fetch = oci_fetch_new(&fetch);
        registry.log = o->log;
        if (!registry.names)
                registry.names = &nobody;
        job->workshop.registry = oci_registry_new(&registry);
        builder_job_open_bases(job);
        job->workshop.imports = builder_cache_import_new(o->cache, &job->workshop);
        if (o->contexts && builder_named_new(o->contexts, o->platform, &job->named, err) < 0)
                return -1;
        if (builder_inputs_open(job, err) == 0)
                return 0;
        if (o->warnings)
                builder_lint_before(job, o->warnings);
        return -1;
}

/* containerd and docker mount a layer each, and overlayfs takes 128 of them at most with a container's own. */
static void warn_about_layers(const struct builder_job *job, const struct builder_state *target)
{
        if (target->chain.count > LAYERS_MAX)
                log_print(job->options->log, LOG_WARNING,
                          "the image has %zu layers; docker runs images of at most %d: --squash makes one of those that this build added",
                          target->chain.count, LAYERS_MAX);
}

/* Every stage that is needed, and the image. */
static int run_stages(struct builder_job *job, const struct strv *names, struct builder_build_result *ret,
                      struct error *err)
{
        struct builder_state *target;

        if (builder_schedule_run(job, err) < 0)
                return -1;
        target = &job->stages[job->plan.target].state;
        builder_amend_result(job->options->amendments, target);
        if (builder_squash(&job->workshop, target, job->options->squash, err) < 0)
                return -1;
        warn_about_layers(job, target);
        if (builder_cache_inline(job, err) < 0)
                return -1;
        return builder_commit(&job->workshop, target, names, &ret->image, err);
}

/* All stages as they were before anything ran. */
static void reset_stages(struct builder_job *job)
{
        for (size_t i = 0; i < job->plan.count; i++) {
                builder_state_free(&job->stages[i].state);
                builder_cache_notes_free(&job->stages[i]);
                job->stages[i].step = 0;
        }
        job->cancelled = false;
}

static int run_job(struct builder_job *job, const struct strv *names, struct builder_build_result *ret, struct error *err)
{
        if (builder_job_open(job, err) < 0 || plan_build(job, err) < 0)
                return -1;
        while (run_stages(job, names, ret, err) < 0) {
                if (!builder_cache_import_has_broken(job->workshop.imports) ||
                    builder_siblings_are_cancelled(job->options->siblings))
                        return -1;
                /* a step was hit whose layer could not be had: what was executed is in the store, the rest follows */
                log_print(job->options->log, LOG_WARNING, "the build begins again without that layer");
                error_clear(err);
                reset_stages(job);
        }
        return builder_cache_export(job, err);
}

/* What was learnt of the context's files is worth keeping whether the build succeeded or not. */
static void save_digests(struct builder_job *job)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (job->context_is_directory && job->context && builder_context_save_digests(job->context, job->executed, &err) < 0)
                log_print(job->options->log, LOG_INFO, "%s", err.message);
        error_clear(&err);
        if (job->bodies && job->executed && builder_body_table_save(job->bodies, &err) < 0)
                log_print(job->options->log, LOG_INFO, "%s", err.message);
}

static void save_parts(struct builder_job *job)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (job->explain && builder_explain_save(job, &err) < 0)
                log_print(job->options->log, LOG_INFO, "the next --explain will know less: %s", err.message);
}

void builder_job_close(struct builder_job *job)
{
        save_digests(job);
        save_parts(job);
        for (size_t i = 0; job->stages && i < job->plan.count; i++) {
                builder_state_free(&job->stages[i].state);
                builder_parts_free(&job->stages[i].parts);
                builder_cache_notes_free(&job->stages[i]);
        }
        strv_free(&job->cache_names);
        builder_explain_free(job->explain);
        free(job->stages);
        builder_plan_free(&job->plan);
        builder_source_free(job->context);
        builder_named_free(job->named);
        builder_lazy_bases_free(job);
        builder_bases_free(job->bases);
        builder_body_table_free(job->bodies);
        dockerfile_free(job->file);
        dockerfile_free(job->unreadable);
        free(job->epoch_text);
        sandbox_stage_close(job->holder);
        builder_workshop_close(&job->workshop);
        pthread_mutex_destroy(&job->cache_lock);
        pthread_mutex_destroy(&job->lock);
}

int builder_build(const struct builder_build_options *options, struct builder_build_result *ret, struct error *err)
{
        struct builder_job job = { .options = options, .workshop = BUILDER_WORKSHOP_INIT };
        CLEANUP_STRV struct strv names = STRV_INIT;
        int result;

        if (parse_tags(options, &names, err) < 0)
                return -1;
        result = run_job(&job, &names, ret, err);
        ret->executed = job.executed;
        ret->steps = job.steps;
        builder_job_close(&job);
        return result;
}
