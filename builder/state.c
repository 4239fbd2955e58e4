/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a stage between two instructions. */
#include "builder/state.h"

#include <stdlib.h>
#include <string.h>

#include "builder/layer_import.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/time.h"

/* What docker gives an image that says nothing (moby/buildkit util/system/path.go). */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void builder_state_init(struct builder_state *s)
{
        *s = (struct builder_state){ .config = oci_config_new() };
        s->config->config.working_dir = memory_strdup("/"); /* BuildKit says it, too */
        sha256_of("scratch", 7, &s->chain.identity);
}

void builder_state_copy(struct builder_state *to, const struct builder_state *from)
{
        *to = (struct builder_state){ .config = oci_config_copy(from->config),
                                      .created = from->created,
                                      .has_created = from->has_created };
        builder_chain_copy(&to->chain, &from->chain);
        strv_extend(&to->env, &from->env);
        strv_extend(&to->args, &from->args);
}

void builder_state_free(struct builder_state *s)
{
        builder_chain_free(&s->chain);
        oci_config_free(s->config);
        strv_free(&s->env);
        strv_free(&s->args);
        *s = (struct builder_state)BUILDER_STATE_INIT;
}

/* The base is known by its layers alone, so that a re-tagged or re-labelled one still hits. */
void builder_state_add_base_layer(struct builder_state *s, const struct builder_layer *layer)
{
        struct sha256 hash;

        builder_chain_add(&s->chain, layer);
        sha256_init(&hash);
        sha256_update(&hash, s->chain.identity.bytes, sizeof(s->chain.identity.bytes));
        sha256_update(&hash, layer->diff_id.bytes, sizeof(layer->diff_id.bytes));
        sha256_final(&hash, &s->chain.identity);
}

static void add_base_layer(struct builder_state *s, const struct oci_image_layer *layer)
{
        struct builder_layer own = {
                .index = layer->index,
                .has_diff = true,
                .diff_id = layer->diff_id,
                .size = layer->size,
                .writer = layer->writer,
                .blob = layer->blob,
                .origins = layer->origins,
        };

        builder_state_add_base_layer(s, &own);
}

void builder_state_begin(struct builder_state *s)
{
        CLEANUP_ERROR struct error time_err = ERROR_INIT;

        strv_extend(&s->env, &s->config->config.env);
        s->has_created = s->config->created && oci_time_parse(s->config->created, &s->created, &time_err) == 0;
}

static int load_layers(struct builder_state *s, struct builder_workshop *w, struct oci_image *image, struct error *err)
{
        bool imported = false;

        for (size_t i = 0; i < image->layer_count; i++) {
                struct oci_image_layer *layer = &image->layers[i];
                bool had_index = layer->index != NULL;

                if (builder_layer_import(w, layer, err) < 0)
                        return -1;
                imported = imported || (!had_index && layer->index);
                add_base_layer(s, layer);
        }
        return imported ? oci_image_save(w->store, image, err) : 0;
}

int builder_state_load(struct builder_state *s, struct builder_workshop *w, const struct sha256_digest *id,
                       struct error *err)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;

        builder_state_init(s);
        oci_config_free(s->config);
        s->config = NULL;
        if (oci_image_load(w->store, id, &image, err) < 0 || oci_image_load_config(w->store, id, &s->config, err) < 0 ||
            load_layers(s, w, image, err) < 0)
                return -1;
        builder_state_begin(s);
        return 0;
}

static bool is_windows(const struct builder_state *s)
{
        return s->config->os && strcmp(s->config->os, "windows") == 0;
}

void builder_state_ensure_path(struct builder_state *s)
{
        if (is_windows(s) || strv_env_find(&s->config->config.env, "PATH"))
                return;
        strv_env_set(&s->config->config.env, "PATH", DEFAULT_PATH);
        strv_env_set(&s->env, "PATH", DEFAULT_PATH);
}

void builder_state_add_history(struct builder_state *s, const char *created_by, bool empty_layer)
{
        CLEANUP_BUFFER struct buffer created = BUFFER_INIT;
        CLEANUP_FREE char *by = memory_strdup(created_by);
        struct oci_history h = { .created_by = by, .comment = NULL, .empty_layer = empty_layer };
        char comment[] = "buildkit.dockerfile.v0"; /* what tools look for to tell which kind of history this is */

        h.comment = comment;
        if (s->has_created) {
                oci_time_format(s->created, &created);
                h.created = created.data;
        }
        oci_config_add_history(s->config, &h);
}

const char *builder_state_cwd(const struct builder_state *s)
{
        const char *dir = s->config->config.working_dir;

        return dir && dir[0] ? dir : "/";
}

void builder_state_shell(const struct builder_state *s, struct strv *ret)
{
        if (s->config->config.shell.set && s->config->config.shell.items.count > 0) {
                strv_extend(ret, &s->config->config.shell.items);
                return;
        }
        if (is_windows(s)) {
                strv_add(ret, "cmd");
                strv_add(ret, "/S");
                strv_add(ret, "/C");
                return;
        }
        strv_add(ret, "/bin/sh");
        strv_add(ret, "-c");
}
