/* SPDX-License-Identifier: Apache-2.0 */
/* Image records: reading and writing them, and finding the image a user means. */
#include "oci/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "oci/quote.h"

#define VERSION 1

/* ---- memory --------------------------------------------------------------------------- */

struct oci_image *oci_image_new(const struct sha256_digest *id)
{
        struct oci_image *i = memory_zalloc(1, sizeof(*i));

        i->id = *id;
        return i;
}

static void free_descriptor(struct oci_descriptor *d)
{
        if (d != NULL)
                oci_descriptor_clear(d);
        free(d);
}

void oci_image_free(struct oci_image *i)
{
        if (i == NULL)
                return;
        for (size_t n = 0; n < i->layer_count; n++) {
                free(i->layers[n].index);
                free_descriptor(i->layers[n].blob);
                strv_free(&i->layers[n].origins);
        }
        free(i->layers);
        free(i->created);
        free_descriptor(i->manifest);
        free_descriptor(i->list);
        free(i);
}

void oci_image_cleanup(struct oci_image **i)
{
        oci_image_free(*i);
}

struct oci_image_layer *oci_image_add_layer(struct oci_image *i)
{
        i->layers = memory_realloc(i->layers, i->layer_count + 1, sizeof(*i->layers));
        i->layers[i->layer_count] = (struct oci_image_layer){.index = NULL};
        return &i->layers[i->layer_count++];
}

bool oci_image_layer_add_origin(struct oci_image_layer *l, const char *repository)
{
        struct strv old = l->origins;

        if (old.count > 0 && strcmp(old.items[0], repository) == 0)
                return false;
        l->origins = (struct strv)STRV_INIT;
        strv_add(&l->origins, repository);
        for (size_t i = 0; i < old.count && l->origins.count < OCI_LIMIT_ORIGINS; i++)
                if (strcmp(old.items[i], repository) != 0)
                        strv_add(&l->origins, old.items[i]);
        strv_free(&old);
        return true;
}

void oci_image_layer_set_blob(struct oci_image_layer *l, const struct oci_descriptor *d)
{
        struct oci_descriptor *copy = oci_descriptor_dup(d);

        if (l->blob == NULL || !sha256_equal(&l->blob->digest, &d->digest))
                strv_clear(&l->origins);
        free_descriptor(l->blob);
        l->blob = copy;
}

uint64_t oci_image_size(const struct oci_image *i)
{
        uint64_t size = 0;

        for (size_t n = 0; n < i->layer_count; n++)
                size += i->layers[n].size;
        return size;
}

/* ---- the record -------------------------------------------------------------------------- */

static void format(const struct oci_image *i, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);
        char digest[OCI_DIGEST_TEXT + 1];

        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "version", VERSION);
        oci_json_add_string_if(&w, "created", i->created);
        if (i->manifest != NULL)
                oci_descriptor_format(&w, "manifest", i->manifest);
        if (i->list != NULL)
                oci_descriptor_format(&w, "list", i->list);
        oci_json_begin_array(&w, "layers");
        for (size_t n = 0; n < i->layer_count; n++) {
                const struct oci_image_layer *l = &i->layers[n];

                oci_digest_format(&l->diff_id, digest);
                oci_json_begin_object(&w, NULL);
                oci_json_add_string(&w, "diffId", digest);
                oci_json_add_int(&w, "size", (int64_t)l->size);
                oci_json_add_string_if(&w, "index", l->index);
                if (l->writer != 0)
                        oci_json_add_int(&w, "writer", l->writer);
                if (l->blob != NULL)
                        oci_descriptor_format(&w, "blob", l->blob);
                if (l->origins.count > 0) {
                        oci_json_begin_array(&w, "origins");
                        for (size_t k = 0; k < l->origins.count; k++)
                                oci_json_add_string(&w, NULL, l->origins.items[k]);
                        oci_json_end_array(&w);
                }
                oci_json_end_object(&w);
        }
        oci_json_end_array(&w);
        oci_json_end_object(&w);
}

static int get_descriptor(const char *what, const struct oci_json *o, const char *key, struct oci_descriptor **ret,
                          struct error *err)
{
        const struct oci_json *v;

        if (oci_json_get_object(what, o, key, &v, err) < 0)
                return -1;
        if (v == NULL)
                return 0;
        *ret = memory_zalloc(1, sizeof(**ret));
        return oci_descriptor_parse(what, v, *ret, err);
}

static int get_layer(const char *what, const struct oci_json *o, struct oci_image_layer *l, struct error *err)
{
        CLEANUP_FREE char *text = NULL;
        int64_t size = -1;
        int64_t writer = 0;

        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s: a layer is not an object", what);
        if (oci_json_get_string(what, o, "diffId", &text, err) < 0 ||
            oci_json_get_int(what, o, "size", &size, err) < 0 ||
            oci_json_get_string(what, o, "index", &l->index, err) < 0 ||
            oci_json_get_int(what, o, "writer", &writer, err) < 0 ||
            get_descriptor(what, o, "blob", &l->blob, err) < 0 ||
            oci_json_get_strings(what, o, "origins", &l->origins, err) < 0)
                return -1;
        if (text == NULL || size < 0 || writer < 0 || writer > UINT16_MAX)
                return error_set(err, EINVAL, "%s: a layer is incomplete", what);
        l->size = (uint64_t)size;
        l->writer = (unsigned)writer;
        return oci_digest_parse(text, &l->diff_id, err);
}

static int parse(const char *what, const struct buffer *text, struct oci_image *i, struct error *err)
{
        CLEANUP_JSON struct oci_json *v = NULL;
        const struct oci_json *layers;
        int64_t version = 0;

        if (oci_json_parse(what, text->data, text->size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is not an object", what);
        if (oci_json_get_int(what, v, "version", &version, err) < 0)
                return -1;
        if (version != VERSION)
                return error_set(err, ENOTSUP, "%s has version %lld, this bryo knows %d", what, (long long)version,
                                 VERSION);
        if (oci_json_get_string(what, v, "created", &i->created, err) < 0 ||
            get_descriptor(what, v, "manifest", &i->manifest, err) < 0 ||
            get_descriptor(what, v, "list", &i->list, err) < 0 ||
            oci_json_get_array(what, v, "layers", &layers, err) < 0)
                return -1;
        for (size_t n = 0; layers != NULL && n < oci_json_count(layers); n++)
                if (get_layer(what, oci_json_item(layers, n), oci_image_add_layer(i), err) < 0)
                        return -1;
        return 0;
}

int oci_image_load(struct oci_store *s, const struct sha256_digest *id, struct oci_image **ret, struct error *err)
{
        CLEANUP_IMAGE struct oci_image *i = oci_image_new(id);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *what = NULL;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(id, hex);
        what = memory_printf("%s/images/%s", oci_store_path(s), hex);
        if (oci_store_load(s, OCI_STORE_IMAGES, hex, &text, err) < 0 || parse(what, &text, i, err) < 0)
                return -1;
        *ret = STEAL(i);
        return 0;
}

int oci_image_save(struct oci_store *s, const struct oci_image *i, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&i->id, hex);
        if (!oci_store_blob_has(s, &i->id))
                return error_set(err, ENOENT, "cannot save the image %.12s: its config is not in %s", hex,
                                 oci_store_path(s));
        format(i, &text);
        return oci_store_save(s, OCI_STORE_IMAGES, hex, text.data, text.size, err);
}

int oci_image_sync(struct oci_store *s, const struct oci_image *i, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&i->id, hex);
        if (oci_store_blob_sync(s, &i->id, err) < 0)
                return -1;
        if (i->manifest != NULL && oci_store_blob_sync(s, &i->manifest->digest, err) < 0)
                return -1;
        if (i->list != NULL && oci_store_blob_sync(s, &i->list->digest, err) < 0)
                return -1;
        return oci_store_sync(s, OCI_STORE_IMAGES, hex, err);
}

int oci_image_remove(struct oci_store *s, const struct sha256_digest *id, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(id, hex);
        return oci_store_remove(s, OCI_STORE_IMAGES, hex, err);
}

int oci_image_load_config(struct oci_store *s, const struct sha256_digest *id, struct oci_config **ret,
                          struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        char what[16 + OCI_DIGEST_TEXT] = "config ";

        oci_digest_format(id, what + strlen(what));
        if (oci_store_blob_load(s, id, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0)
                return -1;
        return oci_config_parse(what, bytes.data, bytes.size, ret, err);
}

/* ---- walking all images -------------------------------------------------------------------- */

struct walk {
        struct oci_store *store;
        oci_image_function *each;
        void *context;
};

static int walk_one(void *context, const struct oci_store_object *o, struct error *err)
{
        struct walk *w = context;
        CLEANUP_IMAGE struct oci_image *i = NULL;
        CLEANUP_ERROR struct error own = ERROR_INIT;
        struct sha256_digest id;

        if (!sha256_from_hex(o->name, &id))
                return 0;
        if (oci_image_load(w->store, &id, &i, &own) < 0) {
                if (own.code != ENOENT) /* removed meanwhile */
                        log_print(oci_store_log(w->store), LOG_WARNING, "an image is left out: %s", own.message);
                return 0;
        }
        return w->each(w->context, i, err);
}

int oci_image_each(struct oci_store *s, oci_image_function *each, void *context, struct error *err)
{
        struct walk w = {.store = s, .each = each, .context = context};

        return oci_store_each(s, OCI_STORE_IMAGES, walk_one, &w, err);
}
