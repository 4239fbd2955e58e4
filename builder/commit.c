/* SPDX-License-Identifier: Apache-2.0 */
/* From a stage's last state to an image under its names. */
#include "builder/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache_import.h"
#include "builder/lazy_base.h"
#include "builder/layer_tar.h"
#include "builder/record.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/time.h"
#include "overlay/index.h"

static int sync_source(struct builder_workshop *w, const char *name, struct error *err)
{
        static const char area[] = "data/";

        /* a blob was synced before it got its name, also one that prune has parked */
        if (strncmp(name, area, strlen(area)) != 0 || !oci_store_has(w->store, OCI_STORE_DATA, name + strlen(area)))
                return 0;
        return oci_store_sync(w->store, OCI_STORE_DATA, name + strlen(area), err);
}

int builder_commit_sources(struct builder_workshop *w, const char *index_name, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("indexes/%s", index_name);
        struct overlay_index *index = NULL;
        int result = 0;

        if (overlay_index_open(oci_store_fd(w->store), path, NULL, &index, err) < 0)
                return -1;
        for (uint32_t i = 0; i < overlay_index_source_count(index) && result == 0; i++) {
                struct overlay_index_source source;

                result = overlay_index_source(index, i, &source, err);
                if (result == 0)
                        result = sync_source(w, source.name, err);
        }
        (void)overlay_index_unref(index);
        return result;
}

/* What a layer of ours needs to survive a power cut: its bodies, then the index that points at them. */
static int sync_layer(struct builder_workshop *w, const struct builder_layer *layer, struct error *err)
{
        for (size_t i = 0; i < layer->data.count; i++)
                if (oci_store_sync(w->store, OCI_STORE_DATA, layer->data.items[i], err) < 0)
                        return -1;
        if (layer->blob && oci_store_blob_has(w->store, &layer->blob->digest) &&
            oci_store_blob_sync(w->store, &layer->blob->digest, err) < 0)
                return -1;
        if (!layer->index)
                return 0;
        return builder_commit_sources(w, layer->index, err) < 0
                       ? -1
                       : oci_store_sync(w->store, OCI_STORE_INDEXES, layer->index, err);
}

int builder_commit_bring(struct builder_workshop *w, struct builder_layer *layer, struct error *err)
{
        const struct builder_layer *whole;
        const char *index = NULL;

        if (layer->base) {
                if (builder_lazy_base_layer(layer->base, &layer->diff_id, &whole, err) < 0)
                        return -1;
                builder_layer_free(layer);
                builder_layer_copy(layer, whole);
                return 0;
        }
        if (builder_cache_import_layer(w->imports, &layer->diff_id, &index, err) < 0)
                return -1;
        layer->index = memory_strdup(index);
        layer->lazy = false;
        return 0;
}

/* The disk writes the bodies while they are hashed. */
static void begin_sync(struct builder_workshop *w, const struct builder_layer *layer)
{
        if (!layer->step || layer->durable)
                return;
        for (size_t i = 0; i < layer->data.count; i++)
                oci_store_begin_sync(w->store, OCI_STORE_DATA, layer->data.items[i]);
}

/* A step's layer gets its diff ID and becomes durable; its record says so from then on. */
static int settle_layer(struct builder_workshop *w, struct builder_layer *layer, struct error *err)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        struct sha256_digest key;
        bool found = false;

        if (layer->lazy && builder_commit_bring(w, layer, err) < 0)
                return -1;
        begin_sync(w, layer);
        if (!layer->has_diff && builder_layer_tar_digest(w, layer, err) < 0)
                return -1;
        if (!layer->step || layer->durable)
                return 0;
        if (!sha256_from_hex(layer->step, &key) || builder_record_load(w, &key, &record, &found, err) < 0)
                return error_is_set(err) ? -1
                                         : error_set(err, EINVAL, "a layer has the malformed step key %s", layer->step);
        if (found && record.layer.durable)
                return 0;
        if (sync_layer(w, layer, err) < 0)
                return -1;
        if (!found)
                return 0; /* another build's prune took the record; the layer itself is held by our gate */
        record.layer.has_diff = true;
        record.layer.diff_id = layer->diff_id;
        record.layer.size = layer->size;
        record.layer.writer = layer->writer;
        record.layer.durable = layer->durable = true;
        return builder_record_save(w, &key, &record, err);
}

static void fill_config(struct oci_config *config, const struct builder_state *state)
{
        free(config->diff_ids);
        config->diff_ids = NULL;
        config->diff_id_count = config->diff_id_cap = 0;
        for (size_t i = 0; i < state->chain.count; i++)
                oci_config_add_layer(config, &state->chain.layers[i].diff_id);
        free(config->created);
        config->created = NULL;
        if (state->has_created) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                oci_time_format(state->created, &text);
                config->created = buffer_steal(&text);
        }
}

static struct oci_image *make_record(const struct builder_state *state, const struct sha256_digest *id)
{
        struct oci_image *image = oci_image_new(id);

        if (state->config->created)
                image->created = memory_strdup(state->config->created);
        for (size_t i = 0; i < state->chain.count; i++) {
                const struct builder_layer *from = &state->chain.layers[i];
                struct oci_image_layer *to = oci_image_add_layer(image);

                to->diff_id = from->diff_id;
                to->size = from->size;
                to->index = from->index ? memory_strdup(from->index) : NULL;
                to->writer = from->writer;
                to->blob = from->blob ? oci_descriptor_dup(from->blob) : NULL;
                strv_extend(&to->origins, &from->origins);
        }
        return image;
}

/*
 * The same image, from a base whose layers came in other blobs than the last time: what goes out are those of this
 * base. Usually nothing changes, and nothing is written.
 */
static int update_image(struct builder_workshop *w, const struct builder_state *state, const struct sha256_digest *id,
                        struct error *err)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;
        bool changed = false;

        if (oci_image_load(w->store, id, &image, err) < 0)
                return -1;
        for (size_t i = 0; i < image->layer_count && i < state->chain.count; i++) {
                const struct builder_layer *from = &state->chain.layers[i];
                struct oci_image_layer *to = &image->layers[i];

                if (!from->blob || (to->blob && sha256_equal(&to->blob->digest, &from->blob->digest)))
                        continue;
                oci_image_layer_set_blob(to, from->blob);
                strv_extend(&to->origins, &from->origins);
                changed = true;
        }
        if (!changed)
                return 0;
        return oci_image_save(w->store, image, err) < 0 ? -1 : oci_image_sync(w->store, image, err);
}

static int save_image(struct builder_workshop *w, struct builder_state *state, struct sha256_digest *ret_image,
                      struct error *err)
{
        CLEANUP_BUFFER struct buffer config = BUFFER_INIT;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        char hex[SHA256_HEX_SIZE + 1];

        fill_config(state->config, state);
        oci_config_format(state->config, &config);
        sha256_of(config.data, config.size, ret_image);
        sha256_to_hex(ret_image, hex);
        if (oci_store_has(w->store, OCI_STORE_IMAGES, hex) && oci_store_blob_has(w->store, ret_image))
                return update_image(w, state, ret_image, err);
        image = make_record(state, ret_image);
        if (oci_store_blob_save(w->store, config.data, config.size, NULL, err) < 0 ||
            oci_image_save(w->store, image, err) < 0)
                return -1;
        return oci_image_sync(w->store, image, err);
}

int builder_commit_layers(struct builder_workshop *w, struct builder_state *state, struct error *err)
{
        for (size_t i = 0; i < state->chain.count; i++)
                if (settle_layer(w, &state->chain.layers[i], err) < 0)
                        return -1;
        return 0;
}

int builder_commit(struct builder_workshop *w, struct builder_state *state, const struct strv *names,
                   struct sha256_digest *ret_image, struct error *err)
{
        if (builder_commit_layers(w, state, err) < 0)
                return -1;
        if (save_image(w, state, ret_image, err) < 0)
                return -1;
        for (size_t i = 0; i < names->count; i++)
                if (oci_store_ref_set(w->store, names->items[i], ret_image, NULL, err) < 0)
                        return -1;
        return 0;
}
