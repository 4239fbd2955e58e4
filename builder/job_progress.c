/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of a build tell of themselves, one at a time: the callers of the progress callbacks. */
#include "builder/job.h"
#include "builder/siblings.h"
#include "common/memory.h"

static unsigned begin(struct builder_job *job, struct builder_step_view *view)
{
        const struct builder_progress *progress = job->options->progress;

        pthread_mutex_lock(&job->lock);
        view->number = ++job->steps;
        for (size_t i = 0; i < job->plan.count; i++)
                if (job->plan.stages[i].needed)
                        view->total += job->plan.stages[i].step_count;
        progress->begin(progress->context, view);
        pthread_mutex_unlock(&job->lock);
        return view->number;
}

unsigned builder_job_begin(struct builder_job *job, const char *title)
{
        struct builder_step_view view = {.title = title};

        return begin(job, &view);
}

unsigned builder_site_begin(const struct builder_site *site, const char *text)
{
        const char *platform = site->job->options->platform_title;
        CLEANUP_FREE char *name = builder_plan_stage_title(&site->job->plan, site->index);
        CLEANUP_FREE char *stage = memory_printf("%s%s%s", platform ? platform : "", platform ? " " : "", name);
        const unsigned count = site->job->plan.stages[site->index].step_count;
        CLEANUP_FREE char *title = memory_printf("[%s %u/%u] %s", stage, ++site->stage->step, count, text);
        struct builder_step_view view = {.title = title, .stage = stage, .index = site->stage->step, .count = count};

        return begin(site->job, &view);
}

void builder_job_transfer(struct builder_job *job, unsigned step, const char *name, uint64_t done, uint64_t total)
{
        const struct builder_progress *progress = job->options->progress;
        const struct builder_transfer transfer = {name, done, total};

        pthread_mutex_lock(&job->lock);
        progress->transfer(progress->context, step, &transfer);
        pthread_mutex_unlock(&job->lock);
}

void builder_job_end(struct builder_job *job, unsigned step, enum builder_outcome outcome)
{
        const struct builder_progress *progress = job->options->progress;

        pthread_mutex_lock(&job->lock);
        progress->end(progress->context, step, outcome, NULL);
        pthread_mutex_unlock(&job->lock);
}

void builder_job_fail(struct builder_job *job, unsigned step, const struct error *err)
{
        const struct builder_progress *progress = job->options->progress;

        pthread_mutex_lock(&job->lock);
        /* what fails after the first one was killed for it, whatever its own error says */
        if (job->cancelled || builder_siblings_are_cancelled(job->options->siblings))
                progress->end(progress->context, step, BUILDER_CANCELLED, NULL);
        else
                progress->end(progress->context, step, BUILDER_FAILED, err->message);
        pthread_mutex_unlock(&job->lock);
}
