/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of an image that came from outside: indexed, tried, and made durable. */
#include "builder/image_layers.h"

#include "builder/body.h"
#include "builder/chain.h"
#include "builder/layer_import.h"
#include "common/memory.h"

static int try_stack(struct builder_workshop *w, const struct oci_image *image, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {.workshop = w};
        CLEANUP_CHAIN struct builder_chain chain = BUILDER_CHAIN_INIT;

        for (size_t i = 0; i < image->layer_count; i++) {
                const struct builder_layer layer = {.index = image->layers[i].index};

                builder_chain_add(&chain, &layer);
        }
        return builder_chain_open(&chain, w, NULL, &upper, &tree, err);
}

int builder_image_index(struct builder_workshop *w, struct oci_image *image, struct error *err)
{
        for (size_t i = 0; i < image->layer_count; i++)
                if (builder_layer_import(w, &image->layers[i], err) < 0)
                        return -1;
        return try_stack(w, image, err);
}

static int sync_sources(struct builder_workshop *w, const char *name, struct error *err)
{
        const struct overlay_index_options options = {.log = w->log};
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);
        struct overlay_index *index = NULL;
        int result;

        result = overlay_index_open(oci_store_fd(w->store), path, &options, &index, err);
        for (uint32_t i = 0; result == 0 && i < overlay_index_source_count(index); i++) {
                struct overlay_index_source source;

                result = overlay_index_source(index, i, &source, err);
                if (result == 0)
                        result = builder_body_sync(w->store, source.name, err);
        }
        (void)overlay_index_unref(index);
        return result;
}

/* What is pointed at goes before what points at it. */
int builder_image_sync_layer(struct builder_workshop *w, const struct oci_image_layer *layer, struct error *err)
{
        if (layer->writer == 0 && oci_store_blob_sync(w->store, &layer->diff_id, err) < 0)
                return -1;
        if (layer->blob && oci_store_blob_has(w->store, &layer->blob->digest) &&
            oci_store_blob_sync(w->store, &layer->blob->digest, err) < 0)
                return -1;
        if (!layer->index)
                return 0;
        return sync_sources(w, layer->index, err) < 0 ? -1
                                                      : oci_store_sync(w->store, OCI_STORE_INDEXES, layer->index, err);
}

int builder_image_sync(struct builder_workshop *w, const struct oci_image *image, struct error *err)
{
        for (size_t i = 0; i < image->layer_count; i++)
                if (builder_image_sync_layer(w, &image->layers[i], err) < 0)
                        return -1;
        return oci_image_sync(w->store, image, err);
}
