/* SPDX-License-Identifier: Apache-2.0 */
/* Step caches from outside, and the layers of theirs that are needed. */
#include "builder/cache_import.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache_place.h"
#include "builder/cache_record.h"
#include "builder/layer_import.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "oci/cache_config.h"
#include "oci/digest.h"
#include "oci/limits.h"

/* One --cache-from. */
struct source {
        const struct builder_cache_place_options *options;
        struct builder_cache_place *place;
        char *origin; /* "registry/repository"; NULL for a directory */
        struct oci_manifest *manifest;
        struct oci_cache_config config;
};

enum layer_state { LAYER_OUTSIDE, LAYER_COMING, LAYER_HERE, LAYER_BROKEN };

struct layer {
        struct source *source;
        const struct oci_cache_layer *is;
        enum layer_state state;
        char *index; /* LAYER_HERE; owned */
};

struct step {
        const struct oci_cache_step *is;
        struct layer *layer; /* NULL: it changed nothing */
};

struct mount {
        const struct oci_cache_mount *is;
        struct layer *layer;
};

struct builder_cache_import {
        const struct builder_cache_options *options;
        struct builder_workshop *workshop;
        pthread_mutex_t lock; /* guards all below */
        pthread_cond_t changed;
        bool opened;
        struct source *sources;
        struct map *layers; /* diff ID -> struct layer */
        struct map *steps;  /* key -> struct step; each key has its own */
        struct map *mounts; /* name -> struct mount */
        bool has_broken;
};

static void layer_free(void *value)
{
        struct layer *layer = value;

        free(layer->index);
        free(layer);
}

struct builder_cache_import *builder_cache_import_new(const struct builder_cache_options *o, struct builder_workshop *w)
{
        struct builder_cache_import *import;

        if (!o || o->from_count == 0)
                return NULL;
        import = memory_zalloc(1, sizeof(*import));
        import->options = o;
        import->workshop = w;
        import->sources = memory_zalloc(o->from_count, sizeof(*import->sources));
        import->layers = map_new(layer_free);
        import->steps = map_new(free);
        import->mounts = map_new(free);
        pthread_mutex_init(&import->lock, NULL);
        pthread_cond_init(&import->changed, NULL);
        return import;
}

void builder_cache_import_free(struct builder_cache_import *import)
{
        if (import == NULL)
                return;
        for (size_t i = 0; i < import->options->from_count; i++) {
                builder_cache_place_close(import->sources[i].place);
                free(import->sources[i].origin);
                oci_manifest_free(import->sources[i].manifest);
                oci_cache_config_free(&import->sources[i].config);
        }
        free(import->sources);
        map_free(import->layers);
        map_free(import->steps);
        map_free(import->mounts);
        pthread_cond_destroy(&import->changed);
        pthread_mutex_destroy(&import->lock);
        free(import);
}

/* --- reading what there is -------------------------------------------------------------- */

static struct layer *ensure_layer(struct builder_cache_import *import, struct source *s,
                                  const struct oci_cache_layer *is)
{
        struct layer *layer = map_find(import->layers, is->diff_id.bytes, sizeof(is->diff_id.bytes));

        if (layer)
                return layer;
        layer = memory_zalloc(1, sizeof(*layer));
        layer->source = s;
        layer->is = is;
        map_set(import->layers, is->diff_id.bytes, sizeof(is->diff_id.bytes), layer);
        return layer;
}

/* What an earlier place has is not looked for in a later one. */
static void enter(struct builder_cache_import *import, struct source *s)
{
        for (size_t i = 0; i < s->config.step_count; i++) {
                const struct oci_cache_step *is = &s->config.steps[i];

                for (size_t k = 0; k < is->key_count; k++) {
                        struct step *step;

                        if (map_find(import->steps, is->keys[k].bytes, sizeof(is->keys[k].bytes)))
                                continue;
                        step = memory_zalloc(1, sizeof(*step));
                        step->is = is;
                        step->layer = is->has_layer ? ensure_layer(import, s, &is->layer) : NULL;
                        map_set(import->steps, is->keys[k].bytes, sizeof(is->keys[k].bytes), step);
                }
        }
        for (size_t i = 0; s->options->mounts && i < s->config.mount_count; i++) {
                const struct oci_cache_mount *is = &s->config.mounts[i];
                struct mount *mount;

                if (map_find(import->mounts, is->name, strlen(is->name)))
                        continue;
                mount = memory_zalloc(1, sizeof(*mount));
                mount->is = is;
                mount->layer = ensure_layer(import, s, &is->layer);
                map_set(import->mounts, is->name, strlen(is->name), mount);
        }
}

/* The document is the manifest's config, or a member of it when the manifest is an image's. */
static int parse_config(struct source *s, const char *what, const struct buffer *bytes, struct error *err)
{
        CLEANUP_JSON struct oci_json *root = NULL;
        CLEANUP_BUFFER struct buffer member = BUFFER_INIT;
        const struct oci_json *found = NULL;

        if (strcmp(s->manifest->config.media_type, OCI_TYPE_CACHE_CONFIG) == 0)
                return oci_cache_config_parse(what, bytes->data, bytes->size, s->manifest->layer_count, &s->config,
                                              err);
        if (oci_json_parse(what, bytes->data, bytes->size, &root, err) < 0)
                return -1;
        if (oci_json_kind(root) == OCI_JSON_OBJECT)
                found = oci_json_find(root, OCI_CACHE_INLINE);
        if (!found)
                return error_set(err, ENOENT,
                                 "%s is an image without a cache in it: build it with --cache-to type=inline", what);
        oci_json_format(found, &member);
        return oci_cache_config_parse(what, member.data, member.size, s->manifest->layer_count, &s->config, err);
}

static int read_source(struct builder_cache_import *import, struct source *s, struct error *err)
{
        CLEANUP_FREE char *title = builder_cache_place_title(s->options);
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

        if (builder_cache_place_open(s->options, import->workshop, false, &s->place, err) < 0 ||
            builder_cache_place_manifest(s->place, &s->manifest, err) < 0)
                return -1;
        if (!s->manifest)
                return error_set(err, ENOENT, "%s holds nothing yet", title);
        s->origin = builder_cache_place_origin(s->place);
        if (builder_cache_place_load(s->place, &s->manifest->config, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0)
                return -1;
        return parse_config(s, title, &bytes, err);
}

/* With the lock held. After a failure of a strict place each call fails again. */
static int open_sources(struct builder_cache_import *import, struct error *err)
{
        if (import->opened)
                return 0;
        for (size_t i = 0; i < import->options->from_count; i++) {
                CLEANUP_ERROR struct error cause = ERROR_INIT;
                struct source *s = &import->sources[i];

                s->options = &import->options->from[i];
                if (s->place)
                        continue;
                if (read_source(import, s, &cause) == 0) {
                        enter(import, s);
                        continue;
                }
                if (s->options->strict)
                        return error_set(err, cause.code, "--cache-from %s: %s", s->options->where, cause.message);
                log_print(import->workshop->log, cause.code == ENOENT ? LOG_INFO : LOG_WARNING,
                          "--cache-from %s is not used: %s", s->options->where, cause.message);
        }
        import->opened = true;
        return 0;
}

/* --- steps --------------------------------------------------------------------------------- */

static void fill_record(const struct step *step, struct builder_record *ret)
{
        const struct oci_cache_step *is = step->is;
        char hex[SHA256_HEX_SIZE + 1];

        *ret = (struct builder_record)BUILDER_RECORD_INIT;
        ret->identity = is->identity;
        ret->created = (struct timespec){.tv_sec = (time_t)is->created, .tv_nsec = is->created_ns};
        ret->made = is->made;
        ret->boot = builder_record_boot();
        ret->title = memory_strdup(is->title);
        sha256_to_hex(&is->keys[is->key_count - 1], hex);
        ret->layer.step = memory_strdup(hex);
        if (!step->layer)
                return;
        ret->layer.lazy = step->layer->state != LAYER_HERE;
        ret->layer.index = step->layer->index ? memory_strdup(step->layer->index) : NULL;
        ret->layer.has_diff = true;
        ret->layer.diff_id = is->layer.diff_id;
        ret->layer.size = is->layer.size;
        ret->layer.writer = 0; /* the tar is in the store as it came */
        if (!step->layer->source->origin)
                return;
        ret->layer.blob = oci_descriptor_dup(&step->layer->source->manifest->layers[step->layer->is->number]);
        strv_add(&ret->layer.origins, step->layer->source->origin);
}

int builder_cache_import_find(struct builder_cache_import *import, const struct sha256_digest *key,
                              struct builder_record *ret, bool *ret_found, struct error *err)
{
        const struct step *step = NULL;
        int result;

        *ret_found = false;
        if (import == NULL)
                return 0;
        pthread_mutex_lock(&import->lock);
        result = open_sources(import, err);
        if (result == 0)
                step = map_find(import->steps, key->bytes, sizeof(key->bytes));
        if (step && !(step->layer && step->layer->state == LAYER_BROKEN)) {
                fill_record(step, ret);
                *ret_found = true;
        }
        pthread_mutex_unlock(&import->lock);
        return result;
}

/* --- layers -------------------------------------------------------------------------------- */

struct keeping {
        struct builder_cache_import *import;
        const struct layer *layer;
        struct error *err;
        int result;
};

/* From now on the store has the step itself. */
static void keep_step(void *context, const void *key, size_t size, void *value)
{
        struct keeping *k = context;
        const struct step *step = value;
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        struct sha256_digest own;

        (void)size;
        if (k->result < 0 || step->layer != k->layer)
                return;
        memcpy(own.bytes, key, sizeof(own.bytes));
        if (!sha256_equal(&own, &step->is->keys[step->is->key_count - 1])) {
                k->result = builder_record_save_alias(k->import->workshop, &own,
                                                      &step->is->keys[step->is->key_count - 1], k->err);
                return;
        }
        fill_record(step, &record);
        k->result = builder_record_save(k->import->workshop, &own, &record, k->err);
}

static int bring(struct builder_cache_import *import, const struct layer *layer, char **ret_index, struct error *err)
{
        const struct oci_cache_layer *is = layer->is;
        const struct oci_descriptor *d = &layer->source->manifest->layers[is->number];
        struct oci_image_layer image = {.diff_id = is->diff_id, .size = is->size};

        if (builder_cache_place_layer(layer->source->place, d, &is->diff_id, is->size, err) < 0 ||
            builder_layer_import(import->workshop, &image, err) < 0)
                return -1;
        *ret_index = image.index;
        return 0;
}

/* With the lock held, which is dropped while bytes move. */
static int fetch(struct builder_cache_import *import, struct layer *layer, struct error *err)
{
        struct keeping k = {import, layer, err, 0};
        char *index = NULL;
        int result;

        layer->state = LAYER_COMING;
        pthread_mutex_unlock(&import->lock);
        result = bring(import, layer, &index, err);
        pthread_mutex_lock(&import->lock);
        layer->index = index;
        layer->state = result < 0 ? LAYER_BROKEN : LAYER_HERE;
        if (result == 0) {
                map_each(import->steps, keep_step, &k);
                result = k.result;
        }
        pthread_cond_broadcast(&import->changed);
        return result;
}

/* A full disk is no fault of the cache, and building without it would not help. */
static bool is_ours(int code)
{
        return code == ENOSPC || code == EDQUOT || code == EROFS || code == ENOMEM || code == EMFILE;
}

static int need(struct builder_cache_import *import, struct layer *layer, const char **ret_index, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const struct builder_cache_place_options *o = layer->source->options;

        while (layer->state == LAYER_COMING)
                pthread_cond_wait(&import->changed, &import->lock);
        if (layer->state == LAYER_OUTSIDE && fetch(import, layer, &cause) < 0) {
                if (!o->strict && !is_ours(cause.code)) {
                        import->has_broken = true;
                        log_print(import->workshop->log, LOG_WARNING, "a layer of --cache-from %s is not used: %s",
                                  o->where, cause.message);
                }
                return error_set(err, cause.code, "--cache-from %s: %s", o->where, cause.message);
        }
        if (layer->state == LAYER_BROKEN)
                return error_set(err, EBADMSG, "--cache-from %s: a layer cannot be used", o->where);
        *ret_index = layer->index;
        return 0;
}

int builder_cache_import_layer(struct builder_cache_import *import, const struct sha256_digest *diff_id,
                               const char **ret_index, struct error *err)
{
        struct layer *layer;
        int result;

        pthread_mutex_lock(&import->lock);
        layer = map_find(import->layers, diff_id->bytes, sizeof(diff_id->bytes));
        result = need(import, layer, ret_index, err);
        pthread_mutex_unlock(&import->lock);
        return result;
}

bool builder_cache_import_has_broken(struct builder_cache_import *import)
{
        bool broken;

        if (import == NULL)
                return false;
        pthread_mutex_lock(&import->lock);
        broken = import->has_broken;
        import->has_broken = false;
        pthread_mutex_unlock(&import->lock);
        return broken;
}

/* --- cache mounts ---------------------------------------------------------------------------- */

static int save_mount(struct builder_cache_import *import, const struct mount *mount, const char *index,
                      struct error *err)
{
        CLEANUP_FREE char *update = memory_printf("%s.update", mount->is->name);
        CLEANUP_CACHE_RECORD struct builder_cache_record there = BUILDER_CACHE_RECORD_INIT;
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        struct oci_store *store = import->workshop->store;
        CLEANUP_FD int lock = -1;
        bool found;

        /* another build may have begun one meanwhile; its own is worth more */
        if (oci_store_cache_lock(store, update, true, true, &lock, err) < 0 ||
            builder_cache_record_load(store, mount->is->name, &there, &found, err) < 0)
                return -1;
        if (found)
                return 0;
        record.id = memory_strdup(mount->is->id);
        record.whole = true;
        strv_add(&record.indexes, index);
        return builder_cache_record_save(store, mount->is->name, &record, err);
}

int builder_cache_import_mount(struct builder_cache_import *import, const char *name, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const struct mount *mount = NULL;
        const char *index = NULL;
        bool strict = false;
        int result;

        if (import == NULL)
                return 0;
        pthread_mutex_lock(&import->lock);
        result = open_sources(import, err);
        if (result == 0)
                mount = map_find(import->mounts, name, strlen(name));
        if (mount && mount->layer->state != LAYER_BROKEN) {
                strict = mount->layer->source->options->strict;
                result = need(import, mount->layer, &index, &cause);
                import->has_broken = false; /* an empty cache mount is no reason to build again */
        }
        pthread_mutex_unlock(&import->lock);
        if (index && result == 0)
                result = save_mount(import, mount, index, &cause);
        if (result < 0 && error_is_set(&cause) && !strict) {
                log_print(import->workshop->log, LOG_WARNING, "the cache mount %s begins empty: %s", mount->is->id,
                          cause.message);
                return 0;
        }
        return result < 0 && error_is_set(&cause) ? error_move(err, &cause) : result;
}
