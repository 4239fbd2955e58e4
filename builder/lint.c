/* SPDX-License-Identifier: Apache-2.0 */
/* Where the checks of a Dockerfile meet what they must know: the ignore file and the base images of the store. */
#include "builder/lint.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/bases.h"
#include "builder/context.h"
#include "builder/job.h"
#include "builder/named.h"
#include "common/memory.h"
#include "oci/reference.h"

static bool is_reference(const char *text)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        return oci_reference_parse(text, &reference, &ignored) == 0;
}

static bool find_base(void *context, const char *image, struct dockerfile_base *ret)
{
        struct builder_job *job = context;
        const struct builder_base base = {.text = image, .platform = job->options->platform};
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (builder_named_has(job->named, image)) /* opening it may mean to fetch it */
                return false;
        if (job->plan.count > 0 ? builder_bases_peek(job->bases, &base, &config, &ignored) < 0
                                : builder_bases_config(job->bases, &base, &config, &ignored) < 0) {
                if (job->plan.count == 0 && image[0] != '\0') /* a FROM that comes to nothing has its own warning */
                        log_print(job->options->log, LOG_INFO,
                                  "the checks do not know the environment and the platform of the base image %s: %s",
                                  image, ignored.message);
                return false;
        }
        if (config->config.on_build.count > 0) /* its triggers may set any variable */
                return false;
        strv_copy(&ret->env, &config->config.env);
        ret->has_shell = config->config.shell.items.count > 0;
        ret->platform = memory_printf("%s/%s%s%s", config->os, config->architecture, config->variant ? "/" : "",
                                      config->variant ? config->variant : "");
        return true;
}

static int lint(struct builder_job *job, const char *target, struct builder_check_result *ret, struct error *err)
{
        const struct builder_build_options *o = job->options;
        CLEANUP_STRV struct strv platform = STRV_INIT;
        struct dockerfile_lint_options options = {
                .build_args = o->build_args,
                .platform = &platform,
                .target = target,
                .base = o->base,
                .env = &o->amendments->env,
                .check = strv_env_find(o->build_args, "BUILDKIT_DOCKERFILE_CHECK"),
                .ignore = job->context_is_directory ? builder_context_ignore(job->context) : NULL,
                .find_base = find_base,
                .is_reference = is_reference,
                .context = job,
        };

        builder_plan_platform(&platform, o->build_args, job->file, o->platform, o->target);
        return dockerfile_lint(job->file, &options, &ret->warnings, &ret->outline, err);
}

int builder_lint_job(struct builder_job *job, struct error *err)
{
        struct dockerfile_warnings *ret = job->options->warnings;
        struct builder_check_result result = {.file = NULL};
        CLEANUP_FREE char *target = memory_printf("%zu", job->plan.target);
        CLEANUP_FREE char *rules = NULL;
        int status = lint(job, job->options->target ? job->options->target : target, &result, err);

        *ret = result.warnings;
        dockerfile_outline_clear(&result.outline);
        if (status < 0)
                return -1;
        if (!ret->fail || ret->count == 0)
                return 0;
        rules = dockerfile_warnings_rules(ret);
        return error_set(err, EINVAL, "%s: the checks warn and error=true was said; rules: %s", job->file->name, rules);
}

void builder_lint_before(const struct builder_job *job, struct dockerfile_warnings *ret)
{
        const struct dockerfile *file = job->file ? job->file : job->unreadable;

        if (file)
                dockerfile_lint_before(file, file == job->file,
                                       strv_env_find(job->options->build_args, "BUILDKIT_DOCKERFILE_CHECK"), ret);
}

int builder_check(const struct builder_build_options *options, bool parse_only, struct builder_check_result *ret,
                  struct error *err)
{
        struct builder_job job = {.options = options, .workshop = BUILDER_WORKSHOP_INIT};
        int result;

        *ret = (struct builder_check_result){.file = NULL};
        result = builder_job_open(&job, err);
        if (result == 0 && !parse_only)
                result = lint(&job, options->target, ret, err);
        if (!job.file)
                builder_lint_before(&job, &ret->warnings);
        ret->file = job.file ? STEAL(job.file) : STEAL(job.unreadable);
        builder_job_close(&job);
        return result;
}

void builder_check_clear(struct builder_check_result *r)
{
        dockerfile_free(r->file);
        dockerfile_warnings_clear(&r->warnings);
        dockerfile_outline_clear(&r->outline);
        *r = (struct builder_check_result){.file = NULL};
}
