/* SPDX-License-Identifier: Apache-2.0 */
/* The table of contents of a docker archive. */
#include "oci/docker_manifest.h"

#include "common/memory.h"
#include "oci/json_writer.h"
#include "oci/reference.h"

static void add_blob(struct oci_json_writer *w, const char *key, const struct sha256_digest *digest)
{
        char path[16 + SHA256_HEX_SIZE + 1] = "blobs/sha256/";

        sha256_to_hex(digest, path + 13);
        oci_json_add_string(w, key, path);
}

/* "busybox:latest" of "docker.io/library/busybox:latest" */
static void add_name(struct oci_json_writer *w, const char *name)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (oci_reference_parse(name, &reference, &ignored) == 0)
                oci_reference_format_familiar(reference, &text);
        else
                buffer_append_string(&text, name); /* names of the store were checked when they were made */
        oci_json_add_string(w, NULL, text.data);
}

void oci_docker_manifest_format(const struct oci_archive_item *items, struct oci_packed *const *packed, size_t count,
                                struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_array(&w, NULL);
        for (size_t i = 0; i < count; i++) {
                const struct oci_manifest *m = packed[i]->manifest;

                oci_json_begin_object(&w, NULL);
                add_blob(&w, "Config", &m->config.digest);
                oci_json_begin_array(&w, "RepoTags");
                for (size_t n = 0; items[i].names && n < items[i].names->count; n++)
                        add_name(&w, items[i].names->items[n]);
                oci_json_end_array(&w);
                oci_json_begin_array(&w, "Layers");
                for (size_t n = 0; n < m->layer_count; n++)
                        add_blob(&w, NULL, &m->layers[n].digest);
                oci_json_end_array(&w);
                oci_json_end_object(&w);
        }
        oci_json_end_array(&w);
}
