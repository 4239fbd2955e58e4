/* SPDX-License-Identifier: Apache-2.0 */
/* Base images whose layers may never be needed. */
#include "builder/lazy_base.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/bases.h"
#include "common/memory.h"
#include "oci/digest.h"

struct builder_lazy_base {
        struct builder_job *job; /* borrowed */
        char *text;
        const struct oci_platform *platform; /* borrowed; may be NULL */
        pthread_mutex_t lock;                /* guards the two below; held while layers are pulled */
        bool loaded;
        struct builder_state state; /* of the image as a whole */
        struct builder_lazy_base *next;
};

static struct builder_lazy_base *add(struct builder_job *job, const char *text, const struct oci_platform *platform)
{
        struct builder_lazy_base *base = memory_zalloc(1, sizeof(*base));

        base->job = job;
        base->text = memory_strdup(text);
        base->platform = platform;
        pthread_mutex_init(&base->lock, NULL);
        pthread_mutex_lock(&job->lock);
        base->next = job->lazy_bases;
        job->lazy_bases = base;
        pthread_mutex_unlock(&job->lock);
        return base;
}

void builder_lazy_bases_free(struct builder_job *job)
{
        struct builder_lazy_base *base;

        while ((base = job->lazy_bases)) {
                job->lazy_bases = base->next;
                pthread_mutex_destroy(&base->lock);
                builder_state_free(&base->state);
                free(base->text);
                free(base);
        }
}

int builder_lazy_base_load(struct builder_job *job, const char *text, const struct oci_platform *platform,
                           struct builder_state *ret, bool *ret_done, struct error *err)
{
        const struct builder_base base = {.text = text, .platform = platform};
        struct builder_layer layer = {.lazy = true, .has_diff = true};

        /* an image of the store costs nothing; and only who looks for steps elsewhere may find all of them */
        *ret_done = job->workshop.imports && builder_bases_is_elsewhere(job->bases, &base);
        if (!*ret_done)
                return 0;
        builder_state_init(ret);
        oci_config_free(ret->config);
        ret->config = NULL;
        if (builder_bases_config(job->bases, &base, &ret->config, err) < 0)
                return -1;
        layer.base = add(job, text, platform);
        for (size_t i = 0; i < ret->config->diff_id_count; i++) {
                layer.diff_id = ret->config->diff_ids[i];
                builder_state_add_base_layer(ret, &layer);
        }
        builder_state_begin(ret);
        return 0;
}

/* With the lock held. */
static int load(struct builder_lazy_base *base, struct error *err)
{
        if (base->loaded)
                return 0;
        builder_state_free(&base->state);
        if (builder_job_base(base->job, base->text, base->platform, 0, &base->state, err) < 0)
                return -1;
        base->loaded = true;
        return 0;
}

int builder_lazy_base_layer(struct builder_lazy_base *base, const struct sha256_digest *diff_id,
                            const struct builder_layer **ret, struct error *err)
{
        char text[OCI_DIGEST_TEXT + 1];
        int result;

        *ret = NULL;
        pthread_mutex_lock(&base->lock);
        result = load(base, err);
        for (size_t i = 0; result == 0 && i < base->state.chain.count; i++)
                if (sha256_equal(&base->state.chain.layers[i].diff_id, diff_id))
                        *ret = &base->state.chain.layers[i];
        pthread_mutex_unlock(&base->lock);
        if (result < 0 || *ret)
                return result;
        oci_digest_format(diff_id, text);
        return error_set(err, EBADMSG,
                         "the image %s has no layer %s any more: its name was moved meanwhile; build again", base->text,
                         text);
}
