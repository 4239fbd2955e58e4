/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a step through the cache. */
#include "builder/step.h"

#include <time.h>

#include "builder/cache_export.h"
#include "builder/cache_import.h"
#include "builder/explain.h"
#include "builder/layer_tar.h"
#include "builder/lock_wait.h"
#include "builder/record.h"
#include "common/memory.h"
#include "common/redact.h"

/* Raised whenever the meaning of keys or the result of a kind of step changes. */
#define KEY_VERSION "bryo step key 2"

void builder_step_key_begin(const struct builder_site *site, const char *kind, bool alone, struct sha256 *hash)
{
        const struct builder_build_options *o = site->job->options;
        const struct sha256_digest *parent = &site->stage->state.chain.identity;

        builder_parts_clear(&site->stage->parts);
        if (!alone)
                builder_parts_add(&site->stage->parts, BUILDER_PART_PARENT, NULL, parent->bytes, sizeof(parent->bytes));
        builder_parts_add(&site->stage->parts, "the source date", NULL, &site->job->epoch, site->job->has_epoch ? sizeof(site->job->epoch) : 0);
        sha256_init(hash);
        sha256_field_string(hash, KEY_VERSION);
        sha256_field(hash, parent->bytes, alone ? 0 : sizeof(parent->bytes));
        sha256_field_string(hash, kind);
        sha256_field(hash, &site->job->epoch, site->job->has_epoch ? sizeof(site->job->epoch) : 0);
        if (site->job->has_epoch && o->keep_times)
                sha256_field_string(hash, "keep times");
}

/* A layer that knows nothing of what is below it: the chain is both. */
static void stack_identity(struct sha256_digest *chain, const struct sha256_digest *layer)
{
        struct sha256 hash;

        sha256_init(&hash);
        sha256_field_string(&hash, "laid over");
        sha256_update(&hash, chain->bytes, sizeof(chain->bytes));
        sha256_update(&hash, layer->bytes, sizeof(layer->bytes));
        sha256_final(&hash, chain);
}

static void apply_record(const struct builder_site *site, const struct builder_step *step,
                         const struct builder_record *record)
{
        struct builder_state *s = &site->stage->state;

        builder_chain_add(&s->chain, &record->layer);
        if (step->alone)
                stack_identity(&s->chain.identity, &record->identity);
        else
                s->chain.identity = record->identity;
        s->created = record->created;
        s->has_created = true;
        builder_state_add_history(s, step->created_by, false);
}

static void clamp_time(const struct builder_job *job, struct timespec *t)
{
        if (job->has_epoch && t->tv_sec >= job->epoch)
                *t = (struct timespec){ .tv_sec = (time_t)job->epoch };
}

/* What the chain is called with this step on top; for a command it is new with each execution that changed something. */
static void set_identity(const struct builder_step *step, const struct sha256_digest *content, bool changed,
                         struct sha256_digest *ret)
{
        struct sha256 hash;

        *ret = step->key;
        if (step->by_key || !changed)
                return;
        sha256_init(&hash);
        sha256_update(&hash, step->key.bytes, sizeof(step->key.bytes));
        sha256_update(&hash, content->bytes, sizeof(content->bytes));
        sha256_final(&hash, ret);
}

/*
 * A step that changed nothing has no file to sync and no byte to digest: its record is complete at once, and no commit
 * has to write it again.
 */
static int settle_empty(struct builder_workshop *w, struct builder_layer *layer, struct error *err)
{
        if (layer->index || layer->data.count > 0)
                return 0;
        layer->durable = true;
        return builder_layer_tar_digest(w, layer, err);
}

static int execute_on(const struct builder_site *site, const struct builder_step *step, struct overlay_tree *tree,
                      struct builder_upper *upper, struct builder_record *record, struct error *err)
{
        CLEANUP_STRV struct strv made = STRV_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sha256_digest content = { { 0 } };

        if (step->execute(step->context, step->number, tree, &made, err) < 0)
                return -1;
        if (builder_chain_seal(tree, upper, false, &record->layer, &content, &cause) < 0)
                return builder_site_error(site, &site->instruction->place, err, &cause);
        strv_extend(&record->layer.data, &made);
        clock_gettime(CLOCK_REALTIME, &record->created);
        record->made = record->created.tv_sec;
        clamp_time(site->job, &record->created);
        set_identity(step, &content, record->layer.index != NULL, &record->identity);
        record->boot = builder_record_boot();
        record->title = redact_urls(step->title);
        return 0;
}

static void note_execution(struct builder_job *job)
{
        pthread_mutex_lock(&job->lock);
        job->executed = true;
        pthread_mutex_unlock(&job->lock);
}

static int execute(const struct builder_site *site, const struct builder_step *step, struct builder_record *record,
                   struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = { 0 };
        const struct builder_job *job = site->job;
        const struct builder_chain empty = BUILDER_CHAIN_INIT;
        const int64_t *clamp = job->has_epoch && !job->options->keep_times ? &job->epoch : NULL;
        char hex[SHA256_HEX_SIZE + 1];

        if (builder_chain_open(step->alone ? &empty : &site->stage->state.chain, &site->job->workshop, clamp, &upper, &tree, err) <
                    0 ||
            execute_on(site, step, tree, &upper, record, err) < 0 ||
            settle_empty(&site->job->workshop, &record->layer, err) < 0)
                return -1;
        sha256_to_hex(&step->key, hex);
        record->layer.step = memory_strdup(hex);
        return 0;
}

/* --cache-ttl */
static bool is_too_old(const struct builder_site *site, const struct builder_record *record)
{
        const struct builder_cache_options *o = site->job->options->cache;

        return o->has_oldest && record->made < o->oldest;
}

/* A copy is called by its key, whatever a cache from outside says it is called. */
static bool is_plausible(const struct builder_site *site, const struct builder_step *step, const struct builder_record *record)
{
        struct sha256_digest key;

        if (!step->by_key || (sha256_from_hex(record->layer.step, &key) && sha256_equal(&key, &record->identity)))
                return true;
        log_print(site->job->workshop.log, LOG_WARNING, "a step of --cache-from is not used: its identity is not its key");
        return false;
}

/* In the store, then in the caches outside. */
static int find(const struct builder_site *site, const struct builder_step *step, const struct sha256_digest *key,
                struct builder_record *record, bool *ret_found, struct error *err)
{
        struct builder_workshop *w = &site->job->workshop;

        if (builder_record_load(w, key, record, ret_found, err) < 0)
                return -1;
        if (*ret_found && !is_too_old(site, record))
                return 0;
        builder_record_free(record);
        if (builder_cache_import_find(w->imports, key, record, ret_found, err) < 0)
                return -1;
        if (!*ret_found)
                return 0;
        if (is_too_old(site, record) || !is_plausible(site, step, record)) {
                builder_record_free(record);
                *ret_found = false;
        } else if (!record->layer.lazy && !record->layer.index) {
                /* it changed nothing: that is all there is to it */
                return settle_empty(w, &record->layer, err) < 0 ? -1 : builder_record_save(w, key, record, err);
        }
        return 0;
}

/* Looks both keys up; after a miss of both `ret_second` (if there is one) is the key to record besides. */
static int look_up(const struct builder_site *site, const struct builder_step *step, struct builder_record *record,
                   bool *ret_found, struct sha256_digest *ret_second, struct error *err)
{
        *ret_found = false;
        if (!site->stage->no_cache && find(site, step, &step->key, record, ret_found, err) < 0)
                return -1;
        if (*ret_found || !step->refine)
                return 0;
        if (step->refine(step->context, ret_second, err) < 0)
                return -1;
        if (site->stage->no_cache)
                return 0;
        if (find(site, step, ret_second, record, ret_found, err) < 0)
                return -1;
        /* of a step whose layer is still outside the store has no record to point at */
        return *ret_found && !record->layer.lazy
                       ? builder_record_save_alias(&site->job->workshop, &step->key, ret_second, err)
                       : 0;
}

/* --- once ----------------------------------------------------------------------------- */

struct attempt {
        struct oci_store *store;
        const char *key;
        int fd;
};

static int try_lock(void *context, struct error *err)
{
        struct attempt *a = context;

        return oci_store_step_lock(a->store, a->key, &a->fd, err);
}

/* Executes and records it; `second` is its content key, or the step's only one. */
static int make(const struct builder_site *site, const struct builder_step *step, const struct sha256_digest *second,
                unsigned number, struct builder_record *record, struct error *err)
{
        struct builder_step named = *step;

        /* with a content key that one is the identity: the same bytes from elsewhere are the same result */
        note_execution(site->job);
        named.key = *second;
        named.number = number;
        builder_explain_miss(site, step, number);
        if (execute(site, &named, record, err) < 0 || builder_record_save(&site->job->workshop, second, record, err) < 0)
                return -1;
        builder_explain_keep(site);
        return 0;
}

/*
 * Of all builds and stages that come to this step at once, one executes it. The others wait, and find its
 * record; when it fails or dies they get its lock, find none, and do it themselves.
 */
static int make_once(const struct builder_site *site, const struct builder_step *step,
                     const struct sha256_digest *second, unsigned number, struct builder_record *record, bool *ret_found,
                     struct error *err)
{
        struct builder_workshop *w = &site->job->workshop;
        CLEANUP_FREE char *shown = redact_urls(step->title);
        CLEANUP_FREE char *waiting = memory_printf("waiting for another build, which executes the same step: %s", shown);
        char hex[SHA256_HEX_SIZE + 1];
        struct attempt a = { w->store, hex, -1 };
        int result;

        sha256_to_hex(second, hex);
        result = builder_lock_wait(site->job, try_lock, &a, waiting, err);
        if (result == 0)
                result = find(site, step, second, record, ret_found, err);
        if (result == 0 && !*ret_found)
                result = make(site, step, second, number, record, err);
        oci_store_step_unlock(w->store, hex, a.fd);
        return result;
}

static int take(const struct builder_site *site, const struct builder_step *step, unsigned number,
                enum builder_outcome *outcome, struct error *err)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        struct sha256_digest second = step->key;
        bool found = false;

        *outcome = BUILDER_FAILED;
        builder_explain_visit(site, step);
        if (look_up(site, step, &record, &found, &second, err) < 0)
                return -1;
        if (!found) {
                /* whoever wants no cache wants no other build's result either */
                if ((site->stage->no_cache ? make(site, step, &second, number, &record, err)
                                           : make_once(site, step, &second, number, &record, &found, err)) < 0)
                        return -1;
                if (step->refine && builder_record_save_alias(&site->job->workshop, &step->key, &second, err) < 0)
                        return -1;
        }
        if (found) {
                builder_explain_hit(site, step, &record, number);
                if (!record.layer.lazy)
                        oci_store_touch(site->job->workshop.store, OCI_STORE_STEPS, record.layer.step);
        }
        apply_record(site, step, &record);
        builder_cache_note(site, &step->key, &record);
        *outcome = found ? BUILDER_CACHED : BUILDER_DONE;
        return 0;
}

int builder_step_take(const struct builder_site *site, const struct builder_step *step, struct error *err)
{
        CLEANUP_FREE char *shown = redact_urls(step->title);
        enum builder_outcome outcome;
        unsigned number = builder_site_begin(site, shown);
        int result = take(site, step, number, &outcome, err);

        if (result < 0)
                builder_job_fail(site->job, number, err);
        else
                builder_job_end(site->job, number, outcome);
        return result;
}
