/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that are named contexts. */
#include "builder/named_stage.h"

#include "builder/content.h"
#include "builder/copy.h"
#include "builder/named.h"
#include "builder/step.h"
#include "common/memory.h"

static int hash_files(const struct builder_site *site, struct builder_source *source, struct sha256_digest *ret,
                      struct error *err)
{
        const struct builder_content_options options = {NULL, "", &site->stage->parts};
        CLEANUP_ITEM struct builder_item root = BUILDER_ITEM_INIT;
        struct sha256 hash;

        builder_step_key_begin(site, "files of a named context", false, &hash);
        if (source->ops->find(source, "", &root, err) < 0 ||
            builder_content_hash(source, &root, &options, &hash, err) < 0)
                return -1;
        sha256_final(&hash, ret);
        return 0;
}

static int copy_files(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct builder_copy_options options = {.cwd = "/"};
        CLEANUP_COPY struct builder_copy *copy = NULL;
        struct builder_source *source = context;

        (void)number;
        clock_gettime(CLOCK_REALTIME, &options.now);
        copy = builder_copy_begin(tree, "/", false, &options);
        if (builder_copy_path(copy, source, "", err) < 0 || builder_copy_finish(copy, err) < 0)
                return -1;
        return builder_source_keep(source, made, err);
}

static int take_files(const struct builder_site *site, const char *name, struct builder_source *source,
                      struct error *err)
{
        CLEANUP_FREE char *title = memory_printf("COPY the named context %s", name);
        CLEANUP_FREE char *created_by = memory_printf("COPY / / # named context %s", name);
        struct builder_step step = {
                .title = title,
                .created_by = created_by,
                .execute = copy_files,
                .context = source,
                .by_key = true,
        };

        builder_state_init(&site->stage->state);
        pthread_mutex_lock(&site->job->lock); /* other stages' steps sum the counts up (job_progress.c) */
        site->job->plan.stages[site->index].step_count++;
        pthread_mutex_unlock(&site->job->lock);
        return hash_files(site, source, &step.key, err) < 0 ? -1 : builder_step_take(site, &step, err);
}

int builder_named_stage_load(const struct builder_site *site, const char *name, struct error *err)
{
        const struct dockerfile_instruction *from = site->job->plan.stages[site->index].from;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_source *source;

        if (builder_named_open(site->job, name, &source, &site->stage->state, &cause) < 0 ||
            (source && take_files(site, name, source, &cause) < 0))
                return builder_site_error(site, &from->from.image->place, err, &cause);
        return 0;
}
