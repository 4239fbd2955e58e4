/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions share: variables, and errors that point into the file. */
#include <errno.h>
#include <string.h>

#include "builder/job.h"
#include "common/memory.h"
#include "common/path.h"
#include "dockerfile/expand.h"

static const char *find_variable(void *context, const char *name)
{
        const struct builder_site *site = context;

        return strv_env_find(&site->stage->state.env, name);
}

int builder_site_error(const struct builder_site *site, const struct dockerfile_place *place, struct error *err,
                       struct error *cause)
{
        (void)dockerfile_error(site->file, place, err, "%s", cause->message);
        err->code = cause->code;
        return -1;
}

int builder_site_image_error(const struct builder_site *site, const struct dockerfile_place *place, const char *name,
                             struct error *err, struct error *cause)
{
        const struct builder_plan *plan = &site->job->plan;
        bool is_base = place == &plan->stages[site->index].from->from.image->place;
        CLEANUP_FREE char *hint = cause->code != ECANCELED ? builder_plan_stage_hint(plan, site->index, name, !is_base)
                                                           : memory_strdup("");

        (void)dockerfile_error(site->file, place, err, "%s%s", hint, cause->message);
        err->code = cause->code;
        return -1;
}

int builder_site_expand(const struct builder_site *site, const char *text, const struct dockerfile_place *place,
                        char **ret, struct error *err)
{
        struct builder_site context = *site;
        const struct dockerfile_scope scope = {find_variable, NULL, &context};
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (dockerfile_expand(&scope, site->file->escape, DOCKERFILE_EXPAND_WORD, text, ret, &cause) < 0)
                return builder_site_error(site, place, err, &cause);
        return 0;
}

int builder_site_expand_words(const struct builder_site *site, const char *text, const struct dockerfile_place *place,
                              struct strv *ret, struct error *err)
{
        struct builder_site context = *site;
        const struct dockerfile_scope scope = {find_variable, NULL, &context};
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (dockerfile_expand_words(&scope, site->file->escape, text, ret, &cause) < 0)
                return builder_site_error(site, place, err, &cause);
        return 0;
}

char *builder_site_join(const char *cwd, const char *path)
{
        CLEANUP_FREE char *joined = path[0] == '/' ? memory_strdup(path) : memory_printf("%s/%s", cwd, path);
        CLEANUP_FREE char *clean = path_clean(joined);

        return memory_printf("/%s", clean);
}
