/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, indexes and descriptors: reading both families, writing with pinned bytes. */
#include "oci/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "oci/platform.h"
#include "oci/quote.h"

static const char *const known_manifest[] = {"schemaVersion", "mediaType",   "artifactType", "config",   "layers",
                                             "subject",       "annotations", "manifests",    "fsLayers", NULL};
static const char *const known_descriptor[] = {"mediaType", "digest",       "size", "urls", "annotations",
                                               "platform",  "artifactType", "data", NULL};

/* ---- memory ------------------------------------------------------------------------ */

void oci_descriptor_clear(struct oci_descriptor *d)
{
        free(d->media_type);
        strv_free(&d->urls);
        oci_labels_free(&d->annotations);
        oci_platform_free(d->platform);
        free(d->artifact_type);
        *d = (struct oci_descriptor){.media_type = NULL};
}

void oci_descriptor_copy(struct oci_descriptor *to, const struct oci_descriptor *from)
{
        *to = (struct oci_descriptor){.digest = from->digest, .size = from->size};
        to->media_type = from->media_type ? memory_strdup(from->media_type) : NULL;
        strv_copy(&to->urls, &from->urls);
        oci_labels_copy(&to->annotations, &from->annotations);
        to->platform = from->platform ? oci_platform_copy(from->platform) : NULL;
        to->artifact_type = from->artifact_type ? memory_strdup(from->artifact_type) : NULL;
}

struct oci_descriptor *oci_descriptor_dup(const struct oci_descriptor *from)
{
        struct oci_descriptor *to = memory_alloc(sizeof(*to));

        oci_descriptor_copy(to, from);
        return to;
}

struct oci_manifest *oci_manifest_new(const char *media_type)
{
        struct oci_manifest *m = memory_zalloc(1, sizeof(*m));

        m->media_type = memory_strdup(media_type);
        return m;
}

struct oci_index *oci_index_new(const char *media_type)
{
        struct oci_index *x = memory_zalloc(1, sizeof(*x));

        x->media_type = memory_strdup(media_type);
        return x;
}

static void free_descriptors(struct oci_descriptor *d, size_t count)
{
        for (size_t i = 0; i < count; i++)
                oci_descriptor_clear(&d[i]);
        free(d);
}

void oci_manifest_free(struct oci_manifest *m)
{
        if (m == NULL)
                return;
        free(m->media_type);
        free(m->artifact_type);
        oci_descriptor_clear(&m->config);
        free_descriptors(m->layers, m->layer_count);
        if (m->subject != NULL)
                oci_descriptor_clear(m->subject);
        free(m->subject);
        oci_labels_free(&m->annotations);
        free(m);
}

void oci_manifest_cleanup(struct oci_manifest **m)
{
        oci_manifest_free(*m);
}

void oci_index_free(struct oci_index *x)
{
        if (x == NULL)
                return;
        free(x->media_type);
        free_descriptors(x->manifests, x->manifest_count);
        oci_labels_free(&x->annotations);
        free(x);
}

void oci_index_cleanup(struct oci_index **x)
{
        oci_index_free(*x);
}

static struct oci_descriptor *append(struct oci_descriptor **array, size_t *count)
{
        *array = memory_realloc(*array, *count + 1, sizeof(**array));
        (*array)[*count] = (struct oci_descriptor){.media_type = NULL};
        return &(*array)[(*count)++];
}

struct oci_descriptor *oci_manifest_add_layer(struct oci_manifest *m, const struct oci_descriptor *d)
{
        struct oci_descriptor *to = append(&m->layers, &m->layer_count);

        oci_descriptor_copy(to, d);
        return to;
}

struct oci_descriptor *oci_index_add_manifest(struct oci_index *x, const struct oci_descriptor *d)
{
        struct oci_descriptor *to = append(&x->manifests, &x->manifest_count);

        oci_descriptor_copy(to, d);
        return to;
}

/* ---- what a document is ---------------------------------------------------------------- */

static bool is_manifest_type(const char *type)
{
        return strcmp(type, OCI_TYPE_MANIFEST) == 0 || strcmp(type, OCI_TYPE_DOCKER_MANIFEST) == 0;
}

static bool is_index_type(const char *type)
{
        return strcmp(type, OCI_TYPE_INDEX) == 0 || strcmp(type, OCI_TYPE_DOCKER_INDEX) == 0;
}

static int fail_schema1(const char *what, struct error *err)
{
        return error_set(err, ENOTSUP,
                         "%s is a manifest of Docker's schema 1, which was withdrawn in 2019: have the image pushed "
                         "again by a current tool",
                         what);
}

static int check_version(const char *what, const struct oci_json *v, struct error *err)
{
        int64_t version = 0;

        if (oci_json_get_int(what, v, "schemaVersion", &version, err) < 0)
                return -1;
        if (version == 1 || oci_json_find(v, "fsLayers") != NULL)
                return fail_schema1(what, err);
        if (version != 2)
                return error_set(err, EINVAL, "%s: \"schemaVersion\" is not 2", what);
        return 0;
}

static int check_type(const char *what, const char *inside, const char *outside, struct error *err)
{
        CLEANUP_FREE char *a = inside ? oci_quote(inside) : NULL;
        CLEANUP_FREE char *b = outside ? oci_quote(outside) : NULL;

        if (outside != NULL && strncmp(outside, "application/vnd.docker.distribution.manifest.v1+", 48) == 0)
                return fail_schema1(what, err);
        if (outside != NULL && !is_manifest_type(outside) && !is_index_type(outside))
                return error_set(err, ENOTSUP, "%s is of type %s, neither an image manifest nor an index", what, b);
        if (inside != NULL && !is_manifest_type(inside) && !is_index_type(inside))
                return error_set(err, ENOTSUP, "%s says it is of type %s, neither an image manifest nor an index", what,
                                 a);
        if (inside != NULL && outside != NULL && strcmp(inside, outside) != 0)
                return error_set(err, EINVAL, "%s says it is of type %s but was given as %s", what, a, b);
        return 0;
}

/* Finds out what the document is; *ret_type is its media type if it or the caller says so, else NULL. */
static int detect(const char *what, const struct oci_json *v, const char *media_type, enum oci_document *ret,
                  char **ret_type, struct error *err)
{
        CLEANUP_FREE char *inside = NULL;
        const char *type;
        bool manifests, layers;

        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is %s, not an object", what, oci_json_kind_name(oci_json_kind(v)));
        if (check_version(what, v, err) < 0 || oci_json_get_string(what, v, "mediaType", &inside, err) < 0 ||
            check_type(what, inside, media_type, err) < 0 ||
            oci_json_get_unknown(what, v, known_manifest, NULL, err) < 0)
                return -1;
        manifests = oci_json_find(v, "manifests") != NULL;
        layers = oci_json_find(v, "layers") != NULL || oci_json_find(v, "config") != NULL;
        type = inside ? inside : media_type;
        if (manifests == layers)
                return error_set(err, EINVAL,
                                 "%s has %s of \"manifests\" and \"layers\": it is neither a manifest nor an index",
                                 what, manifests ? "both" : "none");
        if (type != NULL && is_index_type(type) != manifests)
                return error_set(err, EINVAL, "%s is not what its type says, %s", what, type);
        *ret = manifests ? OCI_DOCUMENT_INDEX : OCI_DOCUMENT_MANIFEST;
        *ret_type = type ? memory_strdup(type) : NULL;
        return 0;
}

int oci_document_detect(const char *what, const void *bytes, size_t size, const char *media_type,
                        enum oci_document *ret, struct error *err)
{
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_FREE char *type = NULL;

        if (oci_json_parse(what, bytes, size, &v, err) < 0)
                return -1;
        return detect(what, v, media_type, ret, &type, err);
}

/* ---- reading ------------------------------------------------------------------------------ */

static int get_digest(const char *what, const struct oci_json *o, struct oci_descriptor *d, struct error *err)
{
        CLEANUP_FREE char *text = NULL;

        if (oci_json_get_string(what, o, "digest", &text, err) < 0)
                return -1;
        if (text == NULL)
                return error_set(err, EINVAL, "%s: a descriptor has no \"digest\"", what);
        if (oci_digest_parse(text, &d->digest, err) < 0)
                return error_wrap(err, "%s", what);
        return 0;
}

static int get_size(const char *what, const struct oci_json *o, struct oci_descriptor *d, struct error *err)
{
        int64_t size = -1;

        if (oci_json_get_int(what, o, "size", &size, err) < 0)
                return -1;
        if (size < 0 || (uint64_t)size > OCI_LIMIT_TAR_SIZE)
                return error_set(err, EINVAL, "%s: a descriptor's \"size\" is missing, negative or too large", what);
        d->size = (uint64_t)size;
        return 0;
}

static int get_platform(const char *what, const struct oci_json *o, struct oci_descriptor *d, struct error *err)
{
        const struct oci_json *v;
        struct oci_platform *p;

        if (oci_json_get_object(what, o, "platform", &v, err) < 0)
                return -1;
        if (v == NULL)
                return 0;
        p = d->platform = memory_zalloc(1, sizeof(*p));
        if (oci_json_get_string(what, v, "architecture", &p->architecture, err) < 0 ||
            oci_json_get_string(what, v, "os", &p->os, err) < 0 ||
            oci_json_get_string(what, v, "os.version", &p->os_version, err) < 0 ||
            oci_json_get_string(what, v, "variant", &p->variant, err) < 0 ||
            oci_json_get_strings(what, v, "os.features", &p->os_features, err) < 0)
                return -1;
        return 0;
}

static int get_descriptor(const char *what, const struct oci_json *o, struct oci_descriptor *d, struct error *err)
{
        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s: a descriptor is %s", what, oci_json_kind_name(oci_json_kind(o)));
        if (oci_json_get_string(what, o, "mediaType", &d->media_type, err) < 0)
                return -1;
        if (d->media_type == NULL)
                return error_set(err, EINVAL, "%s: a descriptor has no \"mediaType\"", what);
        if (get_digest(what, o, d, err) < 0 || get_size(what, o, d, err) < 0 ||
            oci_json_get_strings(what, o, "urls", &d->urls, err) < 0 ||
            oci_json_get_labels(what, o, "annotations", &d->annotations, err) < 0 ||
            get_platform(what, o, d, err) < 0 ||
            oci_json_get_string(what, o, "artifactType", &d->artifact_type, err) < 0)
                return -1;
        return oci_json_get_unknown(what, o, known_descriptor, NULL, err);
}

static int get_descriptors(const char *what, const struct oci_json *o, const char *key, size_t limit,
                           struct oci_descriptor **ret, size_t *ret_count, struct error *err)
{
        const struct oci_json *v;

        if (oci_json_get_array(what, o, key, &v, err) < 0)
                return -1;
        if (v == NULL)
                return error_set(err, EINVAL, "%s has no \"%s\"", what, key);
        if (oci_json_count(v) > limit)
                return error_set(err, E2BIG, "%s has more than the limit of %zu %s", what, limit, key);
        for (size_t i = 0; i < oci_json_count(v); i++)
                if (get_descriptor(what, oci_json_item(v, i), append(ret, ret_count), err) < 0)
                        return -1;
        return 0;
}

static int get_manifest(const char *what, const struct oci_json *v, struct oci_manifest *m, struct error *err)
{
        const struct oci_json *o;

        if (oci_json_get_object(what, v, "config", &o, err) < 0)
                return -1;
        if (o == NULL)
                return error_set(err, EINVAL, "%s has no \"config\"", what);
        if (get_descriptor(what, o, &m->config, err) < 0 ||
            get_descriptors(what, v, "layers", OCI_LIMIT_LAYERS, &m->layers, &m->layer_count, err) < 0 ||
            oci_json_get_string(what, v, "artifactType", &m->artifact_type, err) < 0 ||
            oci_json_get_labels(what, v, "annotations", &m->annotations, err) < 0 ||
            oci_json_get_object(what, v, "subject", &o, err) < 0)
                return -1;
        if (o != NULL) {
                m->subject = memory_zalloc(1, sizeof(*m->subject));
                if (get_descriptor(what, o, m->subject, err) < 0)
                        return -1;
        }
        /* OCI lets a manifest be silent about its type; the config's tells the family */
        if (m->media_type == NULL)
                m->media_type = memory_strdup(strcmp(m->config.media_type, OCI_TYPE_DOCKER_CONFIG) == 0
                                                      ? OCI_TYPE_DOCKER_MANIFEST
                                                      : OCI_TYPE_MANIFEST);
        return 0;
}

int oci_manifest_parse(const char *what, const void *bytes, size_t size, const char *media_type,
                       struct oci_manifest **ret, struct error *err)
{
        CLEANUP_MANIFEST struct oci_manifest *m = memory_zalloc(1, sizeof(*m));
        CLEANUP_JSON struct oci_json *v = NULL;
        enum oci_document kind;

        if (oci_json_parse(what, bytes, size, &v, err) < 0 ||
            detect(what, v, media_type, &kind, &m->media_type, err) < 0)
                return -1;
        if (kind != OCI_DOCUMENT_MANIFEST)
                return error_set(err, EINVAL, "%s is an index, not a manifest", what);
        if (get_manifest(what, v, m, err) < 0)
                return -1;
        *ret = STEAL(m);
        return 0;
}

int oci_index_parse(const char *what, const void *bytes, size_t size, const char *media_type, struct oci_index **ret,
                    struct error *err)
{
        CLEANUP_INDEX struct oci_index *x = memory_zalloc(1, sizeof(*x));
        CLEANUP_JSON struct oci_json *v = NULL;
        enum oci_document kind;

        if (oci_json_parse(what, bytes, size, &v, err) < 0 ||
            detect(what, v, media_type, &kind, &x->media_type, err) < 0)
                return -1;
        if (kind != OCI_DOCUMENT_INDEX)
                return error_set(err, EINVAL, "%s is a manifest, not an index", what);
        if (x->media_type == NULL)
                x->media_type = memory_strdup(OCI_TYPE_INDEX);
        if (get_descriptors(what, v, "manifests", OCI_LIMIT_INDEX_MANIFESTS, &x->manifests, &x->manifest_count, err) <
                    0 ||
            oci_json_get_labels(what, v, "annotations", &x->annotations, err) < 0)
                return -1;
        *ret = STEAL(x);
        return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_strings(struct oci_json_writer *w, const char *key, const struct strv *v)
{
        if (v->count == 0)
                return;
        oci_json_begin_array(w, key);
        for (size_t i = 0; i < v->count; i++)
                oci_json_add_string(w, NULL, v->items[i]);
        oci_json_end_array(w);
}

static void add_annotations(struct oci_json_writer *w, const struct oci_labels *l)
{
        if (l->count == 0)
                return;
        oci_json_begin_object(w, "annotations");
        for (size_t i = 0; i < l->count; i++)
                oci_json_add_string(w, l->items[i].name, l->items[i].value);
        oci_json_end_object(w);
}

static void add_platform(struct oci_json_writer *w, const struct oci_platform *p)
{
        if (p == NULL)
                return;
        oci_json_begin_object(w, "platform");
        oci_json_add_string(w, "architecture", p->architecture ? p->architecture : "");
        oci_json_add_string(w, "os", p->os ? p->os : "");
        oci_json_add_string_if(w, "os.version", p->os_version);
        add_strings(w, "os.features", &p->os_features);
        oci_json_add_string_if(w, "variant", p->variant);
        oci_json_end_object(w);
}

void oci_descriptor_format(struct oci_json_writer *w, const char *key, const struct oci_descriptor *d)
{
        char text[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->digest, text);
        oci_json_begin_object(w, key);
        oci_json_add_string(w, "mediaType", d->media_type);
        oci_json_add_string(w, "digest", text);
        oci_json_add_int(w, "size", (int64_t)d->size);
        add_strings(w, "urls", &d->urls);
        add_annotations(w, &d->annotations);
        add_platform(w, d->platform);
        oci_json_add_string_if(w, "artifactType", d->artifact_type);
        oci_json_end_object(w);
}

int oci_descriptor_parse(const char *what, const struct oci_json *o, struct oci_descriptor *ret, struct error *err)
{
        return get_descriptor(what, o, ret, err);
}

static void add_descriptors(struct oci_json_writer *w, const char *key, const struct oci_descriptor *d, size_t count)
{
        oci_json_begin_array(w, key);
        for (size_t i = 0; i < count; i++)
                oci_descriptor_format(w, NULL, &d[i]);
        oci_json_end_array(w);
}

void oci_manifest_format(const struct oci_manifest *m, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "schemaVersion", 2);
        oci_json_add_string(&w, "mediaType", m->media_type);
        oci_json_add_string_if(&w, "artifactType", m->artifact_type);
        oci_descriptor_format(&w, "config", &m->config);
        add_descriptors(&w, "layers", m->layers, m->layer_count);
        if (m->subject != NULL)
                oci_descriptor_format(&w, "subject", m->subject);
        add_annotations(&w, &m->annotations);
        oci_json_end_object(&w);
}

void oci_index_format(const struct oci_index *x, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "schemaVersion", 2);
        oci_json_add_string(&w, "mediaType", x->media_type);
        add_descriptors(&w, "manifests", x->manifests, x->manifest_count);
        add_annotations(&w, &x->annotations);
        oci_json_end_object(&w);
}
