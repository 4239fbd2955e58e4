/* SPDX-License-Identifier: Apache-2.0 */
/* A root file system becomes an image. */
#include "builder/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image_layers.h"
#include "builder/workshop.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/layer_reader.h"
#include "oci/quote.h"
#include "oci/time.h"

static bool has_marker(const char *path)
{
        while (path) {
                if (strncmp(path, ".wh.", 4) == 0)
                        return true;
                path = strchr(path, '/');
                if (path)
                        path++;
        }
        return false;
}

static int refuse_marker(void *context, const struct oci_entry *e, struct error *err)
{
        CLEANUP_FREE char *path = NULL;

        (void)context;
        if (!has_marker(e->path))
                return 0;
        path = oci_quote(e->path);
        return error_set(
                err, EINVAL,
                "it holds %s: a layer cannot have names that start with \".wh.\", which delete other files there; "
                "leave it out of the tar",
                path);
}

static int store_tar(struct builder_workshop *w, const struct builder_import_options *o, struct oci_image_layer *ret,
                     struct error *err)
{
        const struct oci_layer_options options = {.log = o->log, .plain_names = true};
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        struct oci_layer_info info;

        if (oci_store_file_create(w->store, OCI_STORE_BLOBS, &file, err) < 0)
                return -1;
        if (oci_layer_ingest(o->fd, oci_store_file_fd(file), &options, refuse_marker, NULL, &info, err) < 0)
                return -1;
        ret->diff_id = info.diff_id;
        ret->size = info.size;
        return oci_store_blob_commit(file, &info.diff_id, err);
}

static struct oci_config *make_config(const struct builder_import_options *o, const struct sha256_digest *diff_id,
                                      const char *created)
{
        struct oci_config *config = oci_config_new();
        CLEANUP_FREE char *at = memory_strdup(created);
        CLEANUP_FREE char *comment = memory_strdup(o->message);
        const struct oci_history history = {.created = at, .comment = comment};

        if (o->platform) {
                free(config->os);
                config->os = memory_strdup(o->platform->os);
                free(config->architecture);
                config->architecture = memory_strdup(o->platform->architecture);
                free(config->variant);
                config->variant = o->platform->variant ? memory_strdup(o->platform->variant) : NULL;
        }
        config->created = memory_strdup(created);
        oci_config_add_layer(config, diff_id);
        oci_config_add_history(config, &history);
        return config;
}

/* Config and record; everything is on disk before the name moves. */
static int save_image(struct builder_workshop *w, const struct builder_import_options *o, struct oci_image *image,
                      struct error *err)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_BUFFER struct buffer created = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

        oci_time_format(o->created, &created);
        config = make_config(o, &image->layers[0].diff_id, created.data);
        oci_config_format(config, &bytes);
        image->created = memory_strdup(created.data);
        if (oci_store_blob_save(w->store, bytes.data, bytes.size, &image->id, err) < 0 ||
            oci_image_save(w->store, image, err) < 0 || builder_image_sync(w, image, err) < 0)
                return -1;
        return oci_store_ref_set(w->store, o->name, &image->id, NULL, err);
}

int builder_import(const struct builder_import_options *o, struct sha256_digest *ret_image, struct error *err)
{
        static const struct sha256_digest unknown;
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_IMAGE struct oci_image *image = oci_image_new(&unknown); /* its ID comes with its config */
        struct oci_image_layer *layer = oci_image_add_layer(image);

        if (builder_workshop_open(&w, o->store, o->log, err) < 0)
                return -1;
        if (store_tar(&w, o, layer, err) < 0 || builder_image_index(&w, image, err) < 0)
                return error_wrap(err, "cannot import %s", o->what);
        if (save_image(&w, o, image, err) < 0)
                return -1;
        *ret_image = image->id;
        return 0;
}
