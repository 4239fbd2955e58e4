/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says an image is: index, manifest and config, each checked before it counts. */
#include "builder/pull.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image_layers.h"
#include "builder/pull_private.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/limits.h"
#include "oci/quote.h"

void builder_pull_free(struct builder_pull *p)
{
        if (!p)
                return;
        oci_reference_free(p->ref);
        buffer_free(&p->list);
        buffer_free(&p->manifest);
        buffer_free(&p->config_bytes);
        oci_descriptor_clear(&p->list_descriptor);
        oci_descriptor_clear(&p->manifest_descriptor);
        oci_manifest_free(p->parsed);
        oci_config_free(p->config);
        free(p);
}

void builder_pull_cleanup(struct builder_pull **p)
{
        builder_pull_free(*p);
}

const struct sha256_digest *builder_pull_id(const struct builder_pull *p)
{
        return &p->id;
}

const struct oci_config *builder_pull_config(const struct builder_pull *p)
{
        return p->config;
}

const struct sha256_digest *builder_pull_digest(const struct builder_pull *p)
{
        return p->list.size > 0 ? &p->list_descriptor.digest : &p->manifest_descriptor.digest;
}

const struct oci_manifest *builder_pull_manifest(const struct builder_pull *p)
{
        return p->parsed;
}

const struct buffer *builder_pull_raw_config(const struct builder_pull *p)
{
        return &p->config_bytes;
}

const struct buffer *builder_pull_raw_list(const struct builder_pull *p)
{
        return &p->list;
}

/* --- layers of every kind ------------------------------------------------------ */

/* Tars in a packing that is found by content: OCI image-spec layer.md and Docker's schema 2. */
static bool is_layer_type(const char *type)
{
        static const char *const types[] = {
                OCI_TYPE_LAYER,
                OCI_TYPE_LAYER_GZIP,
                OCI_TYPE_LAYER_ZSTD,
                OCI_TYPE_DOCKER_LAYER,
                "application/vnd.docker.image.rootfs.diff.tar",
                "application/vnd.docker.image.rootfs.diff.tar.zstd",
        };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strcmp(type, types[i]) == 0)
                        return true;
        return false;
}

static bool is_foreign_type(const char *type)
{
        return strstr(type, ".nondistributable.") || strstr(type, ".foreign.");
}

static int check_layer(const struct oci_descriptor *d, size_t number, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (is_layer_type(d->media_type))
                return 0;
        quoted = oci_quote(d->media_type);
        if (is_foreign_type(d->media_type))
                return error_set(
                        err, ENOTSUP,
                        "its layer %zu is a foreign one (%s), to be had from a place that its author names: bryo "
                        "fetches layers from the registry only",
                        number, quoted);
        if (strstr(d->media_type, "+encrypted"))
                return error_set(err, ENOTSUP, "its layer %zu is encrypted (%s): bryo cannot decrypt layers", number,
                                 quoted);
        return error_set(err, ENOTSUP, "its layer %zu is of the type %s, which bryo does not know", number, quoted);
}

static int check_manifest(const struct builder_pull *p, struct error *err)
{
        const char *type = p->parsed->config.media_type;

        if (strcmp(type, OCI_TYPE_CONFIG) != 0 && strcmp(type, OCI_TYPE_DOCKER_CONFIG) != 0) {
                CLEANUP_FREE char *quoted = oci_quote(p->parsed->artifact_type ? p->parsed->artifact_type : type);

                return error_set(err, ENOTSUP, "it is no image but an artifact of the type %s", quoted);
        }
        for (size_t i = 0; i < p->parsed->layer_count; i++)
                if (check_layer(&p->parsed->layers[i], i + 1, err) < 0)
                        return -1;
        return 0;
}

/* --- documents ----------------------------------------------------------------- */

static void describe(const struct oci_registry_manifest *m, const char *media_type, struct oci_descriptor *ret)
{
        oci_descriptor_clear(ret);
        *ret = (struct oci_descriptor){.media_type = memory_strdup(media_type), .digest = m->digest, .size = m->size};
}

static const char *type_of(const struct oci_registry_manifest *m)
{
        return m->media_type && m->media_type[0] ? m->media_type : NULL;
}

/* `ref` is the repository with a tag or a digest. */
static int get_document(struct builder_pull *p, const struct oci_reference *ref, const char *media_type, int depth,
                        struct error *err);

static int get_child(struct builder_pull *p, const struct oci_descriptor *d, int depth, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *child = oci_reference_copy(p->ref);

        free(STEAL(child->tag));
        child->has_digest = true;
        child->digest = d->digest;
        return get_document(p, child, d->media_type, depth, err);
}

static int take_list(struct builder_pull *p, struct oci_registry_manifest *m, const char *what, int depth,
                     struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        CLEANUP_INDEX struct oci_index *x = NULL;
        const struct oci_descriptor *chosen;

        if (depth == OCI_LIMIT_INDEX_DEPTH)
                return error_set(err, E2BIG, "%s lies deeper than the limit of %d indexes", what,
                                 OCI_LIMIT_INDEX_DEPTH);
        if (oci_index_parse(what, m->bytes.data, m->bytes.size, type_of(m), &x, err) < 0 ||
            oci_index_choose(what, x, p->options.platform ? p->options.platform : host, &chosen, err) < 0)
                return -1;
        if (p->list.size == 0) { /* of nested ones the outermost is what the name stands for */
                describe(m, x->media_type, &p->list_descriptor);
                p->list = m->bytes;
                m->bytes = (struct buffer)BUFFER_INIT;
        }
        return get_child(p, chosen, depth + 1, err);
}

static int take_manifest(struct builder_pull *p, struct oci_registry_manifest *m, const char *what, struct error *err)
{
        if (oci_manifest_parse(what, m->bytes.data, m->bytes.size, type_of(m), &p->parsed, err) < 0)
                return -1;
        describe(m, p->parsed->media_type, &p->manifest_descriptor);
        p->manifest = m->bytes;
        m->bytes = (struct buffer)BUFFER_INIT;
        return check_manifest(p, err);
}

static int get_document(struct builder_pull *p, const struct oci_reference *ref, const char *media_type, int depth,
                        struct error *err)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        char what[16 + OCI_DIGEST_TEXT] = "manifest ";
        enum oci_document kind;

        if (oci_registry_manifest_get(p->options.registry, ref, &m, err) < 0)
                return -1;
        oci_digest_format(&m.digest, what + strlen(what));
        /* what the parent said it is, or what the server does; oci_document_detect holds the bytes to it */
        if (media_type && type_of(&m) && strcmp(media_type, m.media_type) != 0)
                return error_set(err, EBADMSG, "%s: the index says that it is %s, the registry that it is %s", what,
                                 media_type, m.media_type);
        if (oci_document_detect(what, m.bytes.data, m.bytes.size, media_type ? media_type : type_of(&m), &kind, err) <
            0)
                return -1;
        return kind == OCI_DOCUMENT_INDEX ? take_list(p, &m, what, depth, err) : take_manifest(p, &m, what, err);
}

/* --- the config ------------------------------------------------------------------ */

/* Small: it passes through a file of the store's scratch only because that is what blobs are fetched into. */
static int fetch_config(struct builder_pull *p, struct error *err)
{
        struct oci_store *store = p->options.workshop->store;
        const struct oci_descriptor *d = &p->parsed->config;
        CLEANUP_STORE_PARTIAL struct oci_store_partial *partial = NULL;

        if (d->size > OCI_LIMIT_JSON_SIZE)
                return error_set(err, EFBIG, "its config has %llu bytes, more than the limit of %u",
                                 (unsigned long long)d->size, OCI_LIMIT_JSON_SIZE);
        if (oci_store_partial_open(store, &d->digest, &partial, err) < 0)
                return -1;
        if (partial &&
            (oci_registry_blob_get(p->options.registry, p->ref, d, oci_store_partial_fd(partial), NULL, err) < 0 ||
             oci_store_partial_commit(partial, err) < 0))
                return error_wrap(err, "config");
        return oci_store_blob_load(store, &d->digest, OCI_LIMIT_JSON_SIZE, &p->config_bytes, err);
}

static int check_platform(const struct builder_pull *p, struct error *err)
{
        const struct oci_platform have = {
                .architecture = p->config->architecture, .os = p->config->os, .variant = p->config->variant};
        CLEANUP_BUFFER struct buffer is = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer wanted = BUFFER_INIT;

        if (!p->options.platform_asked || oci_platform_rank(&have, p->options.platform) >= 0)
                return 0;
        oci_platform_format(&have, &is);
        oci_platform_format(p->options.platform, &wanted);
        return error_set(err, ENOENT, "it is for %s only, not for %s", buffer_text(&is), buffer_text(&wanted));
}

static int take_config(struct builder_pull *p, struct error *err)
{
        char what[16 + OCI_DIGEST_TEXT] = "config ";

        p->id = p->parsed->config.digest;
        oci_digest_format(&p->id, what + strlen(what));
        if (fetch_config(p, err) < 0 ||
            oci_config_parse(what, p->config_bytes.data, p->config_bytes.size, &p->config, err) < 0)
                return -1;
        if (p->parsed->layer_count != p->config->diff_id_count)
                return error_set(err, EINVAL, "its manifest has %zu layers, its config %zu", p->parsed->layer_count,
                                 p->config->diff_id_count);
        return check_platform(p, err);
}

int builder_pull_open(const struct builder_pull_options *o, struct builder_pull **ret, struct error *err)
{
        CLEANUP_PULL struct builder_pull *p = memory_zalloc(1, sizeof(*p));
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        p->options = *o;
        p->options.ref = NULL;
        p->ref = oci_reference_copy(o->ref);
        if (get_document(p, p->ref, NULL, 0, err) < 0 || take_config(p, err) < 0) {
                oci_reference_format_familiar(o->ref, &name);
                return error_wrap(err, "cannot pull %s", buffer_text(&name));
        }
        *ret = STEAL(p);
        return 0;
}

/* --- the image ------------------------------------------------------------------- */

static int save_documents(struct builder_pull *p, struct error *err)
{
        struct oci_store *store = p->options.workshop->store;

        if (oci_store_blob_save(store, p->config_bytes.data, p->config_bytes.size, NULL, err) < 0 ||
            oci_store_blob_save(store, p->manifest.data, p->manifest.size, NULL, err) < 0)
                return -1;
        return p->list.size > 0 ? oci_store_blob_save(store, p->list.data, p->list.size, NULL, err) : 0;
}

static struct oci_image *begin_image(const struct builder_pull *p)
{
        struct oci_image *image = oci_image_new(&p->id);

        image->created = p->config->created ? memory_strdup(p->config->created) : NULL;
        image->manifest = oci_descriptor_dup(&p->manifest_descriptor);
        if (p->list.size > 0)
                image->list = oci_descriptor_dup(&p->list_descriptor);
        for (size_t i = 0; i < p->config->diff_id_count; i++)
                oci_image_add_layer(image)->diff_id = p->config->diff_ids[i];
        return image;
}

int builder_pull_fetch(struct builder_pull *p, const struct builder_pull_watch *watch, uint64_t *ret_bytes,
                       struct error *err)
{
        static const struct builder_pull_watch nobody = {.transfer = NULL};
        struct builder_workshop *w = p->options.workshop;
        CLEANUP_IMAGE struct oci_image *image = begin_image(p);
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        uint64_t bytes = 0;

        if (builder_pull_layers(p, image, watch ? watch : &nobody, &bytes, err) < 0 ||
            builder_image_index(w, image, err) < 0 || save_documents(p, err) < 0 ||
            oci_image_save(w->store, image, err) < 0 || builder_image_sync(w, image, err) < 0) {
                oci_reference_format_familiar(p->ref, &name);
                return error_wrap(err, "cannot pull %s", buffer_text(&name));
        }
        if (ret_bytes)
                *ret_bytes = bytes;
        return 0;
}
