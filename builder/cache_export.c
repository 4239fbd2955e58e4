/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the step cache elsewhere. */
#include "builder/cache_export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/cache_import.h"
#include "builder/cache_place.h"
#include "builder/cache_publish.h"
#include "builder/cache_record.h"
#include "builder/commit.h"
#include "builder/layer_tar.h"
#include "builder/pack.h"
#include "builder/siblings.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/cache_config.h"
#include "oci/compressed.h"
#include "oci/digest.h"
#include "oci/limits.h"

/* --- what was done ------------------------------------------------------------------------- */

static void copy_record(struct builder_record *to, const struct builder_record *from)
{
        *to = *from;
        to->boot = memory_strdup(from->boot);
        to->title = memory_strdup(from->title);
        builder_layer_copy(&to->layer, &from->layer);
}

void builder_cache_note(const struct builder_site *site, const struct sha256_digest *key,
                        const struct builder_record *record)
{
        struct builder_stage *stage = site->stage;
        struct builder_note *note;
        struct sha256_digest own;

        if (site->job->options->cache->to_count == 0 || !sha256_from_hex(record->layer.step, &own))
                return;
        memory_grow(&stage->notes, &stage->note_cap, stage->note_count + 1, sizeof(*stage->notes));
        note = &stage->notes[stage->note_count++];
        *note = (struct builder_note){.keys = {*key, own}, .key_count = sha256_equal(key, &own) ? 1 : 2};
        copy_record(&note->record, record);
}

void builder_cache_notes_free(struct builder_stage *stage)
{
        for (size_t i = 0; i < stage->note_count; i++)
                builder_record_free(&stage->notes[i].record);
        free(stage->notes);
        stage->notes = NULL;
        stage->note_count = stage->note_cap = 0;
}

/* --- one place -------------------------------------------------------------------------------- */

struct writing {
        struct builder_job *job;
        const struct builder_cache_place_options *options;
        struct builder_cache_place *place;
        struct oci_manifest *old; /* what the place had before; NULL */
        struct oci_cache_config old_config;
        struct oci_manifest *manifest;
        struct oci_cache_config config;
        struct oci_cache_layer *layers; /* those of the manifest, by number */
        size_t layer_cap;
};

/* What the place says of itself saves making a layer again; when it cannot be read, all is written anew. */
static void read_old(struct writing *w)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *title = builder_cache_place_title(w->options);

        if (builder_cache_place_manifest(w->place, &w->old, &err) == 0 && w->old &&
            strcmp(w->old->config.media_type, OCI_TYPE_CACHE_CONFIG) == 0 &&
            builder_cache_place_load(w->place, &w->old->config, OCI_LIMIT_JSON_SIZE, &bytes, &err) == 0 &&
            oci_cache_config_parse(title, bytes.data, bytes.size, w->old->layer_count, &w->old_config, &err) == 0)
                return;
        if (error_is_set(&err))
                log_print(w->job->options->log, LOG_WARNING, "%s is written anew: %s", title, err.message);
}

static const struct oci_descriptor *find_old(const struct writing *w, const struct sha256_digest *diff_id)
{
        for (size_t i = 0; i < w->old_config.step_count; i++) {
                const struct oci_cache_step *step = &w->old_config.steps[i];

                if (step->has_layer && sha256_equal(&step->layer.diff_id, diff_id))
                        return &w->old->layers[step->layer.number];
        }
        for (size_t i = 0; i < w->old_config.mount_count; i++)
                if (sha256_equal(&w->old_config.mounts[i].layer.diff_id, diff_id))
                        return &w->old->layers[w->old_config.mounts[i].layer.number];
        return NULL;
}

static int write_bytes(void *context, const void *bytes, size_t size, struct error *err)
{
        const int *fd = context;

        return fd_write_all(*fd, bytes, size) < 0 ? error_errno(err, errno, "cannot write a layer for the cache") : 0;
}

/* The layer's tar goes to the place, packed as an image's layer would be: one that was pushed is there already. */
static int send_layer(struct writing *w, const struct builder_layer *layer, struct oci_descriptor *d, struct error *err)
{
        struct builder_workshop *shop = &w->job->workshop;
        const struct oci_image_layer image = {
                .diff_id = layer->diff_id, .size = layer->size, .index = layer->index, .writer = layer->writer};
        const struct oci_compressed_options o = {w->options->compress, builder_pack_stream(shop), NULL};
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_compressed_ensure(shop->store, &image, &o, d, err) < 0)
                return -1;
        if (oci_store_blob_has(shop->store, &d->digest)) {
                if (oci_store_blob_open(shop->store, &d->digest, &fd, &size, err) < 0)
                        return -1;
        } else if (builder_cache_scratch(shop, &fd, err) < 0 ||
                   oci_layer_stream_tar(shop->store, &image, &o.stream, write_bytes, &fd, err) < 0) {
                return -1; /* not compressed, so no blob was made of it */
        }
        return builder_cache_place_put(w->place, d, fd, err);
}

/* Several steps may share one. */
static bool find_layer(const struct writing *w, const struct sha256_digest *diff_id, struct oci_cache_layer *ret)
{
        for (size_t i = 0; i < w->manifest->layer_count; i++)
                if (sha256_equal(&w->layers[i].diff_id, diff_id)) {
                        *ret = w->layers[i];
                        return true;
                }
        return false;
}

/* `d` becomes the manifest's next layer. */
static void append_layer(struct writing *w, const struct sha256_digest *diff_id, uint64_t size,
                         const struct oci_descriptor *d, struct oci_cache_layer *ret)
{
        *ret = (struct oci_cache_layer){w->manifest->layer_count, *diff_id, size};
        memory_grow(&w->layers, &w->layer_cap, ret->number + 1, sizeof(*w->layers));
        w->layers[ret->number] = *ret;
        (void)oci_manifest_add_layer(w->manifest, d);
}

/* The layer's number in the manifest. */
static int add_layer(struct writing *w, struct builder_layer *layer, struct oci_cache_layer *ret, struct error *err)
{
        struct oci_descriptor d = {.media_type = NULL};
        const struct oci_descriptor *old;
        bool has = false;
        int result = 0;

        if (find_layer(w, &layer->diff_id, ret))
                return 0;
        old = find_old(w, &layer->diff_id);
        if (old && builder_cache_place_has(w->place, old, &has, err) < 0)
                return -1;
        if (has)
                oci_descriptor_copy(&d, old);
        else if ((layer->lazy && builder_commit_bring(&w->job->workshop, layer, err) < 0) ||
                 send_layer(w, layer, &d, err) < 0)
                result = -1;
        if (result == 0)
                append_layer(w, &layer->diff_id, layer->size, &d, ret);
        oci_descriptor_clear(&d);
        return result;
}

/* --- steps ------------------------------------------------------------------------------------- */

/* The commit has computed the diff IDs of the image's layers; those of other stages are computed here, and kept. */
static int ensure_diff(struct builder_job *job, struct builder_note *note, struct error *err)
{
        const struct sha256_digest *key = &note->keys[note->key_count - 1];
        CLEANUP_RECORD struct builder_record now = BUILDER_RECORD_INIT;
        bool found;

        if (note->record.layer.has_diff || !note->record.layer.index)
                return 0;
        if (builder_record_load(&job->workshop, key, &now, &found, err) < 0)
                return -1;
        if (found && now.layer.has_diff) {
                builder_layer_free(&note->record.layer);
                note->record.layer = now.layer;
                now.layer = (struct builder_layer){0};
                return 0;
        }
        if (builder_layer_tar_digest(&job->workshop, &note->record.layer, err) < 0)
                return -1;
        return found ? builder_record_save(&job->workshop, key, &note->record, err) : 0;
}

static bool has_step(const struct oci_cache_config *config, const struct sha256_digest *key)
{
        for (size_t i = 0; i < config->step_count; i++)
                for (size_t k = 0; k < config->steps[i].key_count; k++)
                        if (sha256_equal(&config->steps[i].keys[k], key))
                                return true;
        return false;
}

static struct oci_cache_step *add_step(struct oci_cache_config *config, const struct builder_note *note)
{
        struct oci_cache_step *step = oci_cache_config_add_step(config);

        memcpy(step->keys, note->keys, sizeof(note->keys));
        step->key_count = note->key_count;
        step->identity = note->record.identity;
        step->created = note->record.created.tv_sec;
        step->created_ns = (int32_t)note->record.created.tv_nsec;
        step->made = note->record.made;
        step->title = memory_strdup(note->record.title);
        return step;
}

static int write_step(struct writing *w, struct builder_note *note, struct error *err)
{
        struct builder_layer *layer = &note->record.layer;
        struct oci_cache_layer own;
        struct oci_cache_step *step;

        if (has_step(&w->config, &note->keys[0]))
                return 0;
        if (ensure_diff(w->job, note, err) < 0)
                return -1;
        if ((layer->index || layer->lazy) && add_layer(w, layer, &own, err) < 0)
                return error_wrap(err, "%s", note->record.title);
        step = add_step(&w->config, note);
        step->has_layer = layer->index || layer->lazy;
        if (step->has_layer)
                step->layer = own;
        return 0;
}

static int write_stage(struct writing *w, size_t index, struct error *err)
{
        struct builder_stage *stage = &w->job->stages[index];

        for (size_t i = 0; i < stage->note_count; i++)
                if (write_step(w, &stage->notes[i], err) < 0)
                        return -1;
        return 0;
}

static int write_steps(struct writing *w, struct error *err)
{
        const struct builder_plan *plan = &w->job->plan;
        size_t i;

        if (w->options->max) {
                for (i = 0; i < plan->count; i++)
                        if (write_stage(w, i, err) < 0)
                                return -1;
                return 0;
        }
        for (i = plan->target; i != BUILDER_NO_STAGE; i = plan->stages[i].base)
                if (write_stage(w, i, err) < 0)
                        return -1;
        return 0;
}

/* --- cache mounts ----------------------------------------------------------------------------------- */

static int write_mount(struct writing *w, const char *name, struct error *err)
{
        struct builder_workshop *shop = &w->job->workshop;
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        struct builder_layer layer = {.index = NULL};
        struct oci_cache_layer own;
        struct oci_cache_mount *mount;
        bool found;
        int result = -1;

        if (builder_cache_record_load(shop->store, name, &record, &found, err) < 0)
                return -1;
        if (!found)
                return 0; /* nothing was kept in it */
        if (!record.whole) {
                log_print(shop->log, LOG_INFO, "the cache mount %s stays: it lies on another stage or image",
                          record.id);
                return 0;
        }
        if (builder_cache_flatten(shop, &record, &layer, err) == 0 &&
            builder_layer_tar_digest(shop, &layer, err) == 0 && add_layer(w, &layer, &own, err) == 0) {
                mount = oci_cache_config_add_mount(&w->config);
                memcpy(mount->name, name, sizeof(mount->name));
                mount->id = memory_strdup(record.id);
                mount->layer = own;
                result = 0;
        }
        builder_layer_free(&layer);
        return result < 0 ? error_wrap(err, "the cache mount %s", record.id) : 0;
}

static int write_mounts(struct writing *w, struct error *err)
{
        for (size_t i = 0; w->options->mounts && i < w->job->cache_names.count; i++)
                /* the further directories of a private cache are called NAME-1 and so on: one is enough */
                if (strlen(w->job->cache_names.items[i]) == SHA256_HEX_SIZE &&
                    write_mount(w, w->job->cache_names.items[i], err) < 0)
                        return -1;
        return 0;
}

/* --- what a sibling wrote ----------------------------------------------------------------------------- */

/* A layer of the old manifest, with its descriptor. */
static struct oci_cache_layer keep_layer(struct writing *w, const struct oci_cache_layer *old)
{
        struct oci_cache_layer own;

        if (!find_layer(w, &old->diff_id, &own))
                append_layer(w, &old->diff_id, old->size, &w->old->layers[old->number], &own);
        return own;
}

static bool has_mount(const struct oci_cache_config *config, const char *name)
{
        for (size_t i = 0; i < config->mount_count; i++)
                if (strcmp(config->mounts[i].name, name) == 0)
                        return true;
        return false;
}

/* Builds for several platforms write to one place: what the ones before have written stays, beside this one's own. */
static void keep_old(struct writing *w)
{
        for (size_t i = 0; i < w->old_config.step_count; i++) {
                const struct oci_cache_step *old = &w->old_config.steps[i];
                struct oci_cache_step *step;

                if (has_step(&w->config, &old->keys[0]))
                        continue;
                step = oci_cache_config_add_step(&w->config);
                *step = *old;
                step->title = memory_strdup(old->title);
                if (old->has_layer)
                        step->layer = keep_layer(w, &old->layer);
        }
        for (size_t i = 0; i < w->old_config.mount_count; i++) {
                const struct oci_cache_mount *old = &w->old_config.mounts[i];
                struct oci_cache_mount *mount;

                if (has_mount(&w->config, old->name))
                        continue;
                mount = oci_cache_config_add_mount(&w->config);
                *mount = *old;
                mount->id = memory_strdup(old->id);
                mount->layer = keep_layer(w, &old->layer);
        }
}

/* --- the whole -------------------------------------------------------------------------------------- */

static int put_bytes(struct writing *w, const struct oci_descriptor *d, const struct buffer *bytes, struct error *err)
{
        CLEANUP_FD int fd = -1;

        if (builder_cache_scratch(&w->job->workshop, &fd, err) < 0)
                return -1;
        if (fd_write_all(fd, bytes->data, bytes->size) < 0)
                return error_errno(err, errno, "cannot write the list of the cache's steps");
        return builder_cache_place_put(w->place, d, fd, err);
}

/* A manifest without layers is refused by some registries; OCI's empty blob stands for none (image-spec manifest.md).
 */
static int ensure_some_layer(struct writing *w, struct error *err)
{
        char type[] = "application/vnd.oci.empty.v1+json";
        struct oci_descriptor d = {.media_type = type, .size = 2};
        CLEANUP_BUFFER struct buffer empty = BUFFER_INIT;

        if (w->manifest->layer_count > 0)
                return 0;
        buffer_append_string(&empty, "{}");
        sha256_of("{}", 2, &d.digest);
        if (put_bytes(w, &d, &empty, err) < 0)
                return -1;
        (void)oci_manifest_add_layer(w->manifest, &d);
        return 0;
}

static int write_documents(struct writing *w, struct error *err)
{
        CLEANUP_BUFFER struct buffer config = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer manifest = BUFFER_INIT;
        struct oci_descriptor *d = &w->manifest->config;

        oci_cache_config_format(&w->config, &config);
        if (config.size > OCI_LIMIT_JSON_SIZE)
                return error_set(err, E2BIG, "the list of %zu steps is larger than registries take",
                                 w->config.step_count);
        d->media_type = memory_strdup(OCI_TYPE_CACHE_CONFIG);
        d->size = config.size;
        sha256_of(config.data, config.size, &d->digest);
        if (put_bytes(w, d, &config, err) < 0 || ensure_some_layer(w, err) < 0)
                return -1;
        oci_manifest_format(w->manifest, &manifest);
        return builder_cache_place_commit(w->place, manifest.data, manifest.size, err);
}

/* `beside`: a sibling has written to the place. */
static int write_place(struct builder_job *job, const struct builder_cache_place_options *o, bool beside,
                       struct error *err)
{
        struct writing w = {.job = job, .options = o};
        int result = builder_cache_place_open(o, &job->workshop, true, &w.place, err);

        if (result == 0) {
                read_old(&w);
                w.manifest = oci_manifest_new(OCI_TYPE_MANIFEST);
                result = write_steps(&w, err) < 0 || write_mounts(&w, err) < 0 ? -1 : 0;
                if (result == 0 && beside)
                        keep_old(&w);
                if (result == 0)
                        result = write_documents(&w, err);
        }
        oci_manifest_free(w.manifest);
        oci_manifest_free(w.old);
        oci_cache_config_free(&w.config);
        oci_cache_config_free(&w.old_config);
        free(w.layers);
        builder_cache_place_close(w.place);
        return result;
}

static int export_to(struct builder_job *job, const struct builder_cache_place_options *o, bool beside,
                     struct error *err)
{
        CLEANUP_FREE char *place = builder_cache_place_title(o);
        CLEANUP_FREE char *title = memory_printf("writing %s", place);
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        unsigned number = builder_job_begin(job, title);
        int result = write_place(job, o, beside, &cause);

        builder_job_end(job, number, result < 0 ? BUILDER_FAILED : BUILDER_DONE);
        if (result == 0)
                return 0;
        if (o->strict)
                return error_set(err, cause.code, "--cache-to %s: %s", o->where, cause.message);
        log_print(job->options->log, LOG_WARNING, "--cache-to %s: %s", o->where, cause.message);
        return 0;
}

int builder_cache_export(struct builder_job *job, struct error *err)
{
        const struct builder_cache_options *o = job->options->cache;
        bool beside = builder_siblings_begin_export(job->options->siblings);
        int result = 0;

        for (size_t i = 0; i < o->to_count && result == 0; i++)
                if (o->to[i].kind != BUILDER_CACHE_INLINE)
                        result = export_to(job, &o->to[i], beside, err);
        builder_siblings_end_export(job->options->siblings);
        return result;
}

/* --- inline --------------------------------------------------------------------------------------------- */

void builder_cache_drop_inline(struct oci_config *config)
{
        oci_labels_remove(&config->extra, OCI_CACHE_INLINE);
        oci_labels_remove(&config->extra, OCI_CACHE_INLINE_BUILDKIT);
}

/* A step's layer is the image's layer of its record. */
static bool find_number(const struct builder_chain *chain, const char *step, size_t *ret)
{
        for (size_t i = 0; i < chain->count; i++)
                if (chain->layers[i].step && strcmp(chain->layers[i].step, step) == 0) {
                        *ret = i;
                        return true;
                }
        return false;
}

static void inline_stage(const struct builder_job *job, const struct builder_chain *chain, size_t index,
                         struct oci_cache_config *config)
{
        const struct builder_stage *stage = &job->stages[index];

        for (size_t i = 0; i < stage->note_count; i++) {
                const struct builder_note *note = &stage->notes[i];
                const struct builder_layer *layer;
                struct oci_cache_step *step;
                size_t number;

                if (has_step(config, &note->keys[0]) || !find_number(chain, note->record.layer.step, &number))
                        continue;
                layer = &chain->layers[number];
                step = add_step(config, note);
                step->has_layer = layer->index != NULL;
                step->layer = (struct oci_cache_layer){number, layer->diff_id, layer->size};
        }
}

int builder_cache_inline(struct builder_job *job, struct error *err)
{
        const struct builder_cache_options *o = job->options->cache;
        struct builder_state *target = &job->stages[job->plan.target].state;
        CLEANUP_CACHE_CONFIG struct oci_cache_config config = OCI_CACHE_CONFIG_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        bool wanted = false;

        for (size_t i = 0; i < o->to_count; i++)
                wanted = wanted || o->to[i].kind == BUILDER_CACHE_INLINE;
        if (!wanted)
                return 0;
        if (builder_commit_layers(&job->workshop, target, err) < 0)
                return -1;
        for (size_t i = job->plan.target; i != BUILDER_NO_STAGE; i = job->plan.stages[i].base)
                inline_stage(job, &target->chain, i, &config);
        oci_cache_config_format(&config, &text);
        oci_labels_set(&target->config->extra, OCI_CACHE_INLINE, buffer_text(&text));
        return 0;
}
