/* SPDX-License-Identifier: Apache-2.0 */
/* A stage of a build without its Dockerfile: what serves, seals, saves and loads in a run of the model checker. */
#include "tests/model/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/body.h"
#include "builder/layer_import.h"
#include "builder/layer_tar.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"

/* Sockets that sealing drops and the like: expected, and checked elsewhere. */
static void ignore_line(void *context, enum log_level level, const char *line)
{
        (void)context;
        (void)level;
        (void)line;
}

static int open_body(void *context, const char *source, int *ret_fd, struct error *err)
{
        return builder_body_open(context, source, ret_fd, err);
}

static int open_tree(struct stage *stage, struct error *err)
{
        return builder_chain_open(&stage->chain, &stage->workshop, NULL, &stage->upper, &stage->tree, err);
}

int stage_open(struct stage *stage, const char *directory, struct error *err)
{
        struct overlay_pool_options options = {.open = open_body};

        *stage = (struct stage){.workshop = BUILDER_WORKSHOP_INIT, .chain = BUILDER_CHAIN_INIT};
        stage->log.write = ignore_line;
        if (oci_store_open(directory, &stage->log, &stage->store, err) < 0 ||
            builder_workshop_open(&stage->workshop, stage->store, &stage->log, err) < 0)
                return -1;
        overlay_pool_free(stage->workshop.pool);
        options.context = stage->store;
        stage->workshop.pool = overlay_pool_new(&options);
        return open_tree(stage, err);
}

static void close_tree(struct stage *stage)
{
        overlay_tree_close(stage->tree);
        stage->tree = NULL;
        builder_upper_close(&stage->upper);
}

void stage_close(struct stage *stage)
{
        overlay_server_free(stage->server);
        close_tree(stage);
        builder_chain_free(&stage->chain);
        builder_workshop_close(&stage->workshop);
        oci_store_close(stage->store);
}

int stage_serve(struct stage *stage, int fd, enum overlay_server_policy policy, struct error *err)
{
        struct overlay_server_options options = {.log = &stage->log, .policy = policy};

        return overlay_server_start(stage->tree, fd, &options, &stage->server, err);
}

int stage_unserve(struct stage *stage, struct error *err)
{
        int result = overlay_server_wait(stage->server, err);

        overlay_server_free(stage->server);
        stage->server = NULL;
        if (result == 0 && overlay_tree_failure(stage->tree, err) < 0)
                return error_wrap(err, "the tree latched a failure");
        return result;
}

int stage_seal(struct stage *stage, struct error *err)
{
        struct builder_layer layer = {.index = NULL};
        struct sha256_digest content;

        if (builder_chain_seal(stage->tree, &stage->upper, false, &layer, &content, err) < 0)
                return error_wrap(err, "cannot seal");
        close_tree(stage);
        builder_chain_add(&stage->chain, &layer);
        builder_layer_free(&layer);
        return open_tree(stage, err) < 0 ? error_wrap(err, "cannot open what was sealed") : 0;
}

/* --- save and load --- */

static int append(void *context, const void *bytes, size_t size, struct error *err)
{
        if (fd_write_all(oci_store_file_fd(context), bytes, size) < 0)
                return error_errno(err, errno, "cannot write a layer's tar");
        return 0;
}

static int write_blob(struct stage *stage, const struct builder_layer *layer, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&layer->diff_id, hex);
        if (oci_store_file_create(stage->store, OCI_STORE_BLOBS, &file, err) < 0 ||
            builder_layer_tar_stream(&stage->workshop, layer->index, append, file, err) < 0)
                return -1;
        return oci_store_file_commit(file, hex, err);
}

static int load_layer(struct stage *stage, struct builder_layer *layer, struct error *err)
{
        struct oci_image_layer loaded = {.index = NULL};
        struct builder_layer again = {.index = NULL};

        if (builder_layer_tar_digest(&stage->workshop, layer, err) < 0 || write_blob(stage, layer, err) < 0)
                return error_wrap(err, "cannot save a layer");
        loaded.diff_id = layer->diff_id;
        loaded.size = layer->size;
        if (builder_layer_import(&stage->workshop, &loaded, err) < 0)
                return error_wrap(err, "cannot load a layer");
        free(layer->index);
        layer->index = loaded.index;
        again.index = layer->index;
        if (builder_layer_tar_digest(&stage->workshop, &again, err) < 0)
                return error_wrap(err, "cannot save a layer that was loaded");
        if (!sha256_equal(&again.diff_id, &layer->diff_id))
                return error_set(err, EBADMSG,
                                 "a layer that was saved and loaded gives another tar when it is saved "
                                 "again");
        return 0;
}

int stage_load(struct stage *stage, struct error *err)
{
        close_tree(stage);
        for (size_t i = 0; i < stage->chain.count; i++) {
                struct builder_layer *layer = &stage->chain.layers[i];

                if (layer->index && !layer->has_diff && load_layer(stage, layer, err) < 0)
                        return -1;
        }
        return open_tree(stage, err) < 0 ? error_wrap(err, "cannot open what was loaded") : 0;
}
