/* SPDX-License-Identifier: Apache-2.0 */
/* What registries say of images. */
#include "cmd/inspect_remote.h"

#include <errno.h>
#include <stdio.h>

#include "builder/pull_find.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/manifest.h"

static void add_digest(struct oci_json_writer *w, const char *key, const struct sha256_digest *digest)
{
        char text[OCI_DIGEST_TEXT + 1];

        oci_digest_format(digest, text);
        oci_json_add_string(w, key, text);
}

static void add_layers(struct oci_json_writer *w, const struct oci_manifest *m)
{
        uint64_t size = 0;

        for (size_t i = 0; i < m->layer_count; i++)
                size += m->layers[i].size;
        oci_json_add_int(w, "Size", (int64_t)size);
        oci_json_begin_array(w, "Layers");
        for (size_t i = 0; i < m->layer_count; i++) {
                oci_json_begin_object(w, NULL);
                oci_json_add_string(w, "MediaType", m->layers[i].media_type);
                add_digest(w, "Digest", &m->layers[i].digest);
                oci_json_add_int(w, "Size", (int64_t)m->layers[i].size);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
}

/* The object "config" as the image has it, with what bryo does not know in it. */
static int add_run_config(struct oci_json_writer *w, const struct buffer *bytes, struct error *err)
{
        CLEANUP_JSON struct oci_json *json = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        const struct oci_json *config = NULL;

        if (oci_json_parse("config", bytes->data, bytes->size, &json, err) < 0 ||
            oci_json_get_object("config", json, "config", &config, err) < 0)
                return -1;
        if (config)
                oci_json_format(config, &text);
        oci_json_add_raw(w, "Config", config ? text.data : "{}");
        return 0;
}

static int add_platforms(struct oci_json_writer *w, const struct buffer *list, struct error *err)
{
        CLEANUP_INDEX struct oci_index *x = NULL;

        if (list->size == 0)
                return 0;
        if (oci_index_parse("index", list->data, list->size, NULL, &x, err) < 0)
                return -1;
        oci_json_begin_array(w, "Manifests");
        for (size_t i = 0; i < x->manifest_count; i++) {
                CLEANUP_BUFFER struct buffer platform = BUFFER_INIT;

                if (x->manifests[i].platform)
                        oci_platform_format(x->manifests[i].platform, &platform);
                oci_json_begin_object(w, NULL);
                oci_json_add_string(w, "MediaType", x->manifests[i].media_type);
                add_digest(w, "Digest", &x->manifests[i].digest);
                oci_json_add_int(w, "Size", (int64_t)x->manifests[i].size);
                oci_json_add_string(w, "Platform", buffer_text(&platform));
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
        return 0;
}

int cmd_inspect_remote(struct builder_workshop *w, const char *text, const struct oci_platform *platform,
                       struct oci_json_writer *to, struct error *err)
{
        const struct builder_pull_find find = {.workshop = w, .text = text, .platform = platform};
        CLEANUP_PULL struct builder_pull *pull = NULL;
        CLEANUP_FREE char *name = NULL;
        const struct oci_config *config;

        if (builder_pull_find(&find, &pull, err) < 0)
                return -1;
        name = builder_pull_name(pull);
        config = builder_pull_config(pull);
        oci_json_begin_object(to, NULL);
        oci_json_add_string(to, "Name", name);
        add_digest(to, "Digest", builder_pull_digest(pull));
        add_digest(to, "Id", builder_pull_id(pull));
        oci_json_add_string(to, "MediaType", builder_pull_manifest(pull)->media_type);
        oci_json_add_string_if(to, "Created", config->created);
        oci_json_add_string_if(to, "Author", config->author);
        oci_json_add_string(to, "Architecture", config->architecture ? config->architecture : "");
        oci_json_add_string_if(to, "Variant", config->variant);
        oci_json_add_string(to, "Os", config->os ? config->os : "");
        if (add_run_config(to, builder_pull_raw_config(pull), err) < 0)
                return -1;
        add_layers(to, builder_pull_manifest(pull));
        if (add_platforms(to, builder_pull_raw_list(pull), err) < 0)
                return -1;
        oci_json_end_object(to);
        return 0;
}

int cmd_inspect_raw(struct builder_workshop *w, const char *text, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_ERROR struct error first = ERROR_INIT;

        if (oci_registry_expand(w->registry, text, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
                CLEANUP_REFERENCE struct oci_reference *ref = NULL;
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (oci_reference_parse(names.items[i], &ref, err) < 0)
                        return -1;
                if (oci_registry_manifest_get(w->registry, ref, &m, &one) == 0) {
                        fwrite(m.bytes.data, 1, m.bytes.size, stdout);
                        return 0;
                }
                error_move(&first, &one);
        }
        return error_is_set(&first) ? error_move(err, &first)
                                    : error_set(err, EINVAL, "%s names no image of a registry", text);
}
