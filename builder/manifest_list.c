/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that a user puts together: kept, filled from registries, pushed. */
#include "builder/manifest_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/pull.h"
#include "builder/push.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/reference.h"

#define VERSION 1

/* --- kept ------------------------------------------------------------------------- */

void builder_manifest_list_free(struct builder_manifest_list *l)
{
        if (!l)
                return;
        free(l->name);
        oci_index_free(l->index);
        strv_free(&l->from);
        free(l);
}

void builder_manifest_list_cleanup(struct builder_manifest_list **l)
{
        builder_manifest_list_free(*l);
}

static int full_name(const char *text, char **ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;

        if (oci_reference_parse(text, &ref, err) < 0)
                return -1;
        if (ref->has_digest)
                return error_set(err, EINVAL, "%s: a manifest list is named by a tag", text);
        oci_reference_format(ref, &full);
        *ret = buffer_steal(&full);
        return 0;
}

/* The file's name: names have characters that file names have not. */
static void file_of(const char *name, char ret[SHA256_HEX_SIZE + 1])
{
        struct sha256_digest digest;

        sha256_of(name, strlen(name), &digest);
        sha256_to_hex(&digest, ret);
}

int builder_manifest_list_new(const char *name, struct builder_manifest_list **ret, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = memory_zalloc(1, sizeof(*l));

        if (full_name(name, &l->name, err) < 0)
                return -1;
        l->index = oci_index_new(OCI_TYPE_INDEX);
        *ret = STEAL(l);
        return 0;
}

static int parse(const char *what, const struct buffer *text, struct builder_manifest_list *l, struct error *err)
{
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_BUFFER struct buffer index_text = BUFFER_INIT;
        const struct oci_json *index = NULL;
        int64_t version = 0;

        if (oci_json_parse(what, text->data, text->size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is damaged: it is not an object", what);
        if (oci_json_get_int(what, v, "version", &version, err) < 0 ||
            oci_json_get_object(what, v, "index", &index, err) < 0 ||
            oci_json_get_strings(what, v, "from", &l->from, err) < 0)
                return -1;
        if (version != VERSION || !index)
                return error_set(err, ENOTSUP, "%s is damaged, or of another bryo", what);
        oci_json_format(index, &index_text);
        oci_index_free(STEAL(l->index));
        if (oci_index_parse(what, index_text.data, index_text.size, NULL, &l->index, err) < 0)
                return -1;
        return l->from.count == l->index->manifest_count ? 0 : error_set(err, EINVAL, "%s is damaged", what);
}

int builder_manifest_list_load(struct oci_store *s, const char *name, struct builder_manifest_list **ret,
                               struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *what = NULL;
        char file[SHA256_HEX_SIZE + 1];

        if (builder_manifest_list_new(name, &l, err) < 0)
                return -1;
        file_of(l->name, file);
        if (oci_store_load(s, OCI_STORE_LISTS, file, &text, &load_err) < 0)
                return load_err.code == ENOENT
                               ? error_set(err, ENOENT, "there is no manifest list %s: bryo manifest create makes one",
                                           name)
                               : error_move(err, &load_err);
        what = memory_printf("the manifest list %s", name);
        if (parse(what, &text, l, err) < 0)
                return -1;
        *ret = STEAL(l);
        return 0;
}

int builder_manifest_list_save(struct oci_store *s, const struct builder_manifest_list *l, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer index = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&text);
        char file[SHA256_HEX_SIZE + 1];

        oci_index_format(l->index, &index);
        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "version", VERSION);
        oci_json_add_string(&w, "name", l->name);
        oci_json_add_raw(&w, "index", index.data);
        oci_json_begin_array(&w, "from");
        for (size_t i = 0; i < l->from.count; i++)
                oci_json_add_string(&w, NULL, l->from.items[i]);
        oci_json_end_array(&w);
        oci_json_end_object(&w);
        file_of(l->name, file);
        return oci_store_save(s, OCI_STORE_LISTS, file, text.data, text.size, err) < 0
                       ? -1
                       : oci_store_sync(s, OCI_STORE_LISTS, file, err);
}

int builder_manifest_list_remove(struct oci_store *s, const char *name, struct error *err)
{
        CLEANUP_FREE char *full = NULL;
        char file[SHA256_HEX_SIZE + 1];

        if (full_name(name, &full, err) < 0)
                return -1;
        file_of(full, file);
        if (!oci_store_has(s, OCI_STORE_LISTS, file))
                return error_set(err, ENOENT, "there is no manifest list %s", name);
        return oci_store_remove(s, OCI_STORE_LISTS, file, err);
}

/* --- filled --------------------------------------------------------------------------- */

static void put_entry(struct builder_manifest_list *l, const struct oci_descriptor *d, const char *from)
{
        for (size_t i = 0; i < l->index->manifest_count; i++) {
                if (!sha256_equal(&l->index->manifests[i].digest, &d->digest))
                        continue;
                oci_descriptor_clear(&l->index->manifests[i]);
                oci_descriptor_copy(&l->index->manifests[i], d);
                free(l->from.items[i]);
                l->from.items[i] = memory_strdup(from);
                return;
        }
        (void)oci_index_add_manifest(l->index, d);
        strv_add(&l->from, from);
}

static int add_index(struct builder_manifest_list *l, const struct oci_registry_manifest *m, const char *from,
                     struct error *err)
{
        CLEANUP_INDEX struct oci_index *x = NULL;

        if (oci_index_parse(from, m->bytes.data, m->bytes.size, m->media_type, &x, err) < 0)
                return -1;
        for (size_t i = 0; i < x->manifest_count; i++)
                put_entry(l, &x->manifests[i], from);
        return 0;
}

/* The platform stands in the config. */
static int add_image(struct builder_workshop *w, struct builder_manifest_list *l, const struct oci_reference *ref,
                     const struct oci_registry_manifest *m, const char *from, struct error *err)
{
        const struct builder_pull_options o = {.workshop = w, .registry = w->registry, .ref = ref};
        CLEANUP_PULL struct builder_pull *pull = NULL;
        const struct oci_config *config;
        struct oci_platform platform = {.os = NULL};
        struct oci_descriptor d;

        if (builder_pull_open(&o, &pull, err) < 0)
                return -1;
        if (!sha256_equal(builder_pull_digest(pull), &m->digest))
                return error_set(err, EAGAIN, "%s changed while it was asked for: try again", from);
        config = builder_pull_config(pull);
        platform.os = config->os;
        platform.architecture = config->architecture;
        platform.variant = config->variant;
        platform.os_version = config->os_version;
        d = (struct oci_descriptor){.media_type = builder_pull_manifest(pull)->media_type,
                                    .digest = m->digest,
                                    .size = m->size,
                                    .platform = &platform};
        put_entry(l, &d, from); /* a copy */
        return 0;
}

int builder_manifest_list_add(struct builder_workshop *w, struct builder_manifest_list *l, const char *image,
                              struct error *err)
{
        const char *name = strncmp(image, "docker://", 9) == 0 ? image + 9 : image;
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;
        enum oci_document kind;

        if (oci_reference_parse(name, &ref, err) < 0)
                return -1;
        oci_reference_format(ref, &full);
        if (oci_registry_manifest_get(w->registry, ref, &m, err) < 0)
                return err->code == ENOENT
                               ? error_wrap(err, "%s must be pushed before it can be in a manifest list", image)
                               : error_wrap(err, "cannot add %s", image);
        if (oci_document_detect(image, m.bytes.data, m.bytes.size, m.media_type, &kind, err) < 0)
                return -1;
        return kind == OCI_DOCUMENT_INDEX ? add_index(l, &m, full.data, err) : add_image(w, l, ref, &m, full.data, err);
}

struct oci_descriptor *builder_manifest_list_find(struct builder_manifest_list *l, const char *text)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;
        struct sha256_digest digest;
        bool by_digest = strncmp(text, "sha256:", 7) == 0 && sha256_from_hex(text + 7, &digest);

        if (!by_digest && oci_reference_parse(text, &ref, &ignored) < 0)
                return NULL;
        if (ref) {
                oci_reference_format(ref, &full);
                by_digest = ref->has_digest;
                digest = ref->digest;
        }
        for (size_t i = l->index->manifest_count; i-- > 0;)
                if ((by_digest && sha256_equal(&l->index->manifests[i].digest, &digest)) ||
                    (ref && strcmp(l->from.items[i], full.data) == 0))
                        return &l->index->manifests[i];
        return NULL;
}

/* --- pushed --------------------------------------------------------------------------- */

/* From where it is, by way of the store, with the manifest it has there. */
static int copy_image(struct builder_workshop *w, const struct oci_reference *from, const struct oci_reference *to,
                      const struct oci_descriptor *d, struct error *err)
{
        const struct builder_pull_options o = {.workshop = w, .registry = w->registry, .ref = from};
        CLEANUP_PULL struct builder_pull *pull = NULL;
        CLEANUP_STRV struct strv destinations = STRV_INIT;
        CLEANUP_FREE char *name = memory_printf("%s/%s", to->domain, to->path);
        struct builder_push_options push = {.workshop = w, .destinations = &destinations, .by_digest = true};
        struct builder_push_result pushed;
        int result;

        if (builder_pull_open(&o, &pull, err) < 0 || builder_pull_fetch(pull, NULL, NULL, err) < 0)
                return -1;
        strv_add(&destinations, name);
        push.image = builder_pull_id(pull);
        result = builder_push(&push, &pushed, err);
        if (result == 0 && !sha256_equal(&pushed.manifest.digest, &d->digest))
                result = error_set(err, EBADMSG, "the image that was pushed is not the one of the list");
        oci_descriptor_clear(&pushed.manifest);
        return result;
}

static int ensure_entry(struct builder_workshop *w, const struct builder_manifest_list *l, size_t i,
                        const struct oci_reference *to, struct error *err)
{
        const struct oci_descriptor *d = &l->index->manifests[i];
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_REFERENCE struct oci_reference *from = NULL;
        CLEANUP_REFERENCE struct oci_reference *there = oci_reference_copy(to);
        CLEANUP_ERROR struct error absent = ERROR_INIT;

        free(STEAL(there->tag));
        there->has_digest = true;
        there->digest = d->digest;
        if (oci_registry_manifest_head(w->registry, there, &m, &absent) == 0)
                return 0;
        if (absent.code != ENOENT)
                return error_move(err, &absent);
        if (oci_reference_parse(l->from.items[i], &from, err) < 0)
                return -1;
        free(STEAL(from->tag));
        from->has_digest = true;
        from->digest = d->digest;
        return copy_image(w, from, to, d, err);
}

int builder_manifest_list_push(struct builder_workshop *w, const struct builder_manifest_list *l,
                               const char *destination, struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *to = NULL;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

        if (oci_reference_parse(destination, &to, err) < 0)
                return -1;
        if (l->index->manifest_count == 0)
                return error_set(err, EINVAL, "the manifest list %s is empty: bryo manifest add fills it", l->name);
        for (size_t i = 0; i < l->index->manifest_count; i++)
                if (ensure_entry(w, l, i, to, err) < 0)
                        return error_wrap(err, "cannot push %s", l->from.items[i]);
        oci_index_format(l->index, &bytes);
        if (oci_registry_manifest_put(w->registry, to, l->index->media_type, bytes.data, bytes.size, err) < 0)
                return error_wrap(err, "cannot push to %s", destination);
        ret->media_type = memory_strdup(l->index->media_type);
        ret->size = bytes.size;
        sha256_of(bytes.data, bytes.size, &ret->digest);
        return 0;
}
