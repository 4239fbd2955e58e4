/* SPDX-License-Identifier: Apache-2.0 */
/* The images that the names of a Dockerfile mean, and what a build tells while it pulls them. */
#include "builder/bases.h"
#include "builder/job.h"

static unsigned begin(void *context, const char *title)
{
        return builder_job_begin(context, title);
}

static void transfer(void *context, unsigned step, const char *name, uint64_t done, uint64_t total)
{
        builder_job_transfer(context, step, name, done, total);
}

static void end(void *context, unsigned step, const struct error *err)
{
        if (err)
                builder_job_fail(context, step, err);
        else
                builder_job_end(context, step, BUILDER_DONE);
}

static bool is_cancelled(void *context)
{
        return builder_job_is_cancelled(context);
}

void builder_job_open_bases(struct builder_job *job)
{
        const struct builder_bases_watch watch = {
                .begin = begin, .transfer = transfer, .end = end, .is_cancelled = is_cancelled, .context = job};

        job->bases = builder_bases_new(&job->workshop, job->options->pull, &watch);
}

int builder_job_base(struct builder_job *job, const char *text, const struct oci_platform *platform, unsigned step,
                     struct builder_state *ret, struct error *err)
{
        const struct builder_base base = {.text = text, .platform = platform ? platform : job->options->platform, .step = step};
        struct sha256_digest id;

        if (builder_bases_image(job->bases, &base, &id, err) < 0)
                return -1;
        return builder_state_load(ret, &job->workshop, &id, err);
}
