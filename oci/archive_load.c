/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading image archives. Everything is checked before it counts: each blob against its descriptor's digest and size,
 * each layer against the config's diff ID; the image record is written last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/archive.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/layer_reader.h"
#include "oci/layout.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/reference.h"

struct loader {
        struct oci_store *store;
        const struct oci_layout *layout;
        const struct oci_archive_load_options *options;
        const struct oci_platform *platform;
        const struct oci_descriptor *list; /* the outermost index that is being loaded, or NULL */
        struct oci_archive_loaded *loaded;
        size_t count;
        size_t cap;
};

void oci_archive_loaded_free(struct oci_archive_loaded *loaded, size_t count)
{
        for (size_t i = 0; i < count; i++)
                strv_free(&loaded[i].names);
        free(loaded);
}

/* ---- results --------------------------------------------------------------------------- */

static void add_loaded(struct loader *l, const struct sha256_digest *image, const struct strv *names)
{
        struct oci_archive_loaded *to = NULL;

        for (size_t i = 0; i < l->count && to == NULL; i++)
                if (sha256_equal(&l->loaded[i].image, image))
                        to = &l->loaded[i];
        if (to == NULL) {
                memory_grow(&l->loaded, &l->cap, l->count + 1, sizeof(*l->loaded));
                to = &l->loaded[l->count++];
                *to = (struct oci_archive_loaded){.image = *image};
        }
        for (size_t i = 0; i < names->count; i++)
                if (!strv_has(&to->names, names->items[i]))
                        strv_add(&to->names, names->items[i]);
}

/* Adds the full form of a name the archive gives; one that is no reference is told and left out. */
static void take_name(const struct loader *l, const char *text, struct strv *names)
{
        CLEANUP_REFERENCE struct oci_reference *r = NULL;
        CLEANUP_ERROR struct error invalid = ERROR_INIT;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;

        if (oci_reference_parse(text, &r, &invalid) < 0) {
                log_print(l->options->log, LOG_WARNING, "%s: a name is left out: %s", oci_layout_name(l->layout),
                          invalid.message);
                return;
        }
        if (r->tag == NULL) /* only a digest: not a name */
                return;
        r->has_digest = false;
        oci_reference_format(r, &full);
        strv_add(names, buffer_text(&full));
}

/* containerd and Docker give the full name; skopeo gives "name:tag" as ref.name, umoci and ourselves the bare tag
 * there. */
static void take_annotations(const struct loader *l, const struct oci_descriptor *d, struct strv *names)
{
        const char *full = oci_labels_find(&d->annotations, OCI_ANNOTATION_IMAGE_NAME);
        const char *ref = oci_labels_find(&d->annotations, OCI_ANNOTATION_REF_NAME);

        if (full != NULL)
                take_name(l, full, names);
        else if (ref != NULL && strpbrk(ref, ":/") != NULL)
                take_name(l, ref, names);
}

/* ---- layers ------------------------------------------------------------------------------- */

static int copy_range(const struct oci_range *r, int out_fd, struct error *err)
{
        char bytes[65536];

        for (uint64_t at = 0; at < r->size;) {
                size_t n = r->size - at < sizeof(bytes) ? (size_t)(r->size - at) : sizeof(bytes);

                if (fd_pread_all(r->fd, bytes, n, (off_t)(r->offset + at)) < 0)
                        return error_errno(err, errno, "cannot read the layer");
                if (fd_write_all(out_fd, bytes, n) < 0)
                        return error_errno(err, errno, "cannot write the layer into the store");
                at += n;
        }
        return 0;
}

/* Keeps the layer as it came; its digest has been checked. */
static int keep_compressed(struct loader *l, const struct oci_range *r, const struct sha256_digest *digest,
                           struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *f = NULL;

        if (oci_store_blob_has(l->store, digest))
                return 0;
        if (oci_store_file_create(l->store, OCI_STORE_BLOBS, &f, err) < 0 ||
            copy_range(r, oci_store_file_fd(f), err) < 0)
                return -1;
        return oci_store_blob_commit(f, digest, err);
}

/* Unpacks, checks and stores one layer. `blob` says what its packed form must be (NULL: a docker archive does not say).
 */
static int unpack_layer(struct loader *l, const struct oci_range *r, const struct oci_descriptor *blob,
                        const struct sha256_digest *diff_id, bool store, struct oci_image_layer *ret, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *f = NULL;
        const struct oci_layer_options options = {.log = l->options->log};
        struct oci_layer_info info;
        char text[OCI_DIGEST_TEXT + 1];

        if (store && oci_store_file_create(l->store, OCI_STORE_BLOBS, &f, err) < 0)
                return -1;
        if (oci_layer_ingest_range(r->fd, r->offset, r->size, f ? oci_store_file_fd(f) : -1, &options, &info, err) < 0)
                return -1;
        if (blob != NULL && !sha256_equal(&info.blob_digest, &blob->digest)) {
                oci_digest_format(&info.blob_digest, text);
                return error_set(err, EBADMSG, "its bytes have the digest %s", text);
        }
        if (!sha256_equal(&info.diff_id, diff_id)) {
                oci_digest_format(&info.diff_id, text);
                return error_set(err, EBADMSG, "unpacked it has the digest %s, which is not the config's diff ID",
                                 text);
        }
        if (f != NULL && oci_store_blob_commit(f, diff_id, err) < 0)
                return -1;
        ret->size = info.size;
        if (blob == NULL)
                return 0;
        oci_image_layer_set_blob(ret, blob);
        if (info.compression == OCI_COMPRESSION_NONE)
                return 0;
        return l->options->keep_compressed ? keep_compressed(l, r, &blob->digest, err) : 0;
}

/* What the store knows about the layer already, from a record of the same image. */
static const struct oci_image_layer *known_layer(const struct oci_image *old, size_t n,
                                                 const struct sha256_digest *diff_id)
{
        if (old == NULL || n >= old->layer_count || !sha256_equal(&old->layers[n].diff_id, diff_id))
                return NULL;
        return &old->layers[n];
}

static int load_layer(struct loader *l, const struct oci_range *r, const struct oci_descriptor *blob,
                      const struct oci_image_layer *old, struct oci_image_layer *ret, struct error *err)
{
        CLEANUP_FD int fd = -1;
        bool stored = oci_store_blob_has(l->store, &ret->diff_id);

        if (old != NULL) {
                ret->index = old->index ? memory_strdup(old->index) : NULL;
                ret->writer = old->writer;
                ret->blob = old->blob ? oci_descriptor_dup(old->blob) : NULL;
                strv_extend(&ret->origins, &old->origins);
        }
        /* a plain layer is named by its diff ID: what is here under that name is it */
        if (stored && blob != NULL && sha256_equal(&blob->digest, &ret->diff_id)) {
                ret->writer = 0;
                oci_image_layer_set_blob(ret, blob);
                return oci_store_blob_open(l->store, &ret->diff_id, &fd, &ret->size, err);
        }
        return unpack_layer(l, r, blob, &ret->diff_id, !stored && ret->writer == 0, ret, err);
}

/* ---- images ---------------------------------------------------------------------------------- */

/* Begins the record of an image whose config has these bytes. */
static int begin_image(struct loader *l, const struct buffer *config, struct oci_image **ret,
                       struct oci_config **ret_config, struct error *err)
{
        char what[16 + OCI_DIGEST_TEXT] = "config ";
        struct sha256_digest id;

        sha256_of(config->data, config->size, &id);
        oci_digest_format(&id, what + strlen(what));
        if (oci_config_parse(what, config->data, config->size, ret_config, err) < 0)
                return -1;
        if (oci_store_blob_save(l->store, config->data, config->size, NULL, err) < 0)
                return -1;
        *ret = oci_image_new(&id);
        (*ret)->created = (*ret_config)->created ? memory_strdup((*ret_config)->created) : NULL;
        return 0;
}

/* The record the store has of this image, or NULL. One that cannot be read is replaced. */
static struct oci_image *old_record(struct loader *l, const struct sha256_digest *id)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_image *old = NULL;

        if (oci_image_load(l->store, id, &old, &err) < 0 && err.code != ENOENT)
                log_print(l->options->log, LOG_WARNING, "an image record is made anew: %s", err.message);
        return old;
}

static int load_layers(struct loader *l, const struct oci_manifest *m, const struct oci_config *c,
                       const struct oci_image *old, struct oci_image *image, struct error *err)
{
        char text[OCI_DIGEST_TEXT + 1];

        if (m->layer_count != c->diff_id_count)
                return error_set(err, EINVAL, "the manifest has %zu layers, the config %zu", m->layer_count,
                                 c->diff_id_count);
        for (size_t n = 0; n < m->layer_count; n++) {
                CLEANUP_RANGE struct oci_range r = {.fd = -1};
                struct oci_image_layer *layer = oci_image_add_layer(image);

                layer->diff_id = c->diff_ids[n];
                if (oci_layout_find_blob(l->layout, &m->layers[n], &r, err) < 0)
                        return -1;
                if (load_layer(l, &r, &m->layers[n], known_layer(old, n, &layer->diff_id), layer, err) < 0) {
                        oci_digest_format(&m->layers[n].digest, text);
                        return error_wrap(err, "layer %zu, %s", n + 1, text);
                }
        }
        return 0;
}

static bool is_config_type(const char *type)
{
        return strcmp(type, OCI_TYPE_CONFIG) == 0 || strcmp(type, OCI_TYPE_DOCKER_CONFIG) == 0;
}

static int load_manifest(struct loader *l, const struct oci_descriptor *d, const struct buffer *bytes,
                         const struct strv *names, struct error *err)
{
        CLEANUP_MANIFEST struct oci_manifest *m = NULL;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_IMAGE struct oci_image *old = NULL;
        CLEANUP_BUFFER struct buffer config_bytes = BUFFER_INIT;
        struct oci_descriptor own;
        char what[16 + OCI_DIGEST_TEXT] = "manifest ";

        oci_digest_format(&d->digest, what + strlen(what));
        if (oci_manifest_parse(what, bytes->data, bytes->size, d->media_type, &m, err) < 0)
                return -1;
        if (!is_config_type(m->config.media_type)) {
                CLEANUP_FREE char *quoted = oci_quote(m->config.media_type);

                return error_set(err, ENOTSUP, "%s is not an image: its config is of type %s", what, quoted);
        }
        if (oci_layout_load_blob(l->layout, &m->config, OCI_LIMIT_JSON_SIZE, &config_bytes, err) < 0 ||
            begin_image(l, &config_bytes, &image, &config, err) < 0)
                return -1;
        old = old_record(l, &image->id);
        if (load_layers(l, m, config, old, image, err) < 0)
                return error_wrap(err, "%s", what);
        if (oci_store_blob_save(l->store, bytes->data, bytes->size, NULL, err) < 0)
                return -1;
        /* an image keeps the first manifest it came with: that one may name the compressed layers */
        own = (struct oci_descriptor){.media_type = m->media_type, .digest = d->digest, .size = d->size};
        image->manifest = oci_descriptor_dup(old != NULL && old->manifest != NULL ? old->manifest : &own);
        if (l->list != NULL && l->options->every)
                image->list = oci_descriptor_dup(l->list);
        else if (old != NULL && old->list != NULL)
                image->list = oci_descriptor_dup(old->list);
        if (oci_image_save(l->store, image, err) < 0)
                return -1;
        add_loaded(l, &image->id, names);
        return 0;
}

static int load_document(struct loader *l, const struct oci_descriptor *d, const struct strv *names, int depth,
                         struct error *err);

static bool has_blob(const struct loader *l, const struct oci_descriptor *d)
{
        CLEANUP_RANGE struct oci_range r = {.fd = -1};
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        return oci_layout_find_blob(l->layout, d, &r, &ignored) == 0;
}

/* Whether an entry of an index is for one of the platforms that are wanted; one that does not say is. */
static bool is_wanted(const struct loader *l, const struct oci_descriptor *d)
{
        for (size_t i = 0; d->platform && i < l->options->only_count; i++)
                if (oci_platform_rank(d->platform, l->options->only[i]) == 0)
                        return true;
        return !d->platform || l->options->only_count == 0;
}

static void tell_left(const struct loader *l, const char *what, const struct oci_index *x, const bool *taken)
{
        CLEANUP_BUFFER struct buffer left = BUFFER_INIT;

        for (size_t i = 0; i < x->manifest_count; i++) {
                if (taken[i] || !x->manifests[i].platform || oci_index_is_attestation(&x->manifests[i]))
                        continue;
                buffer_append_string(&left, left.size > 0 ? ", " : "");
                oci_platform_format(x->manifests[i].platform, &left);
        }
        if (left.size > 0)
                log_print(l->options->log, LOG_INFO, "%s: %s: %s", what,
                          l->options->only_count > 0 ? "not asked for, or not in the archive" : "not in the archive",
                          buffer_text(&left));
}

/* Those of the asked platforms that no taken entry is for. */
static int check_only(const struct loader *l, const char *what, const struct oci_index *x, const bool *taken,
                      struct error *err)
{
        for (size_t k = 0; k < l->options->only_count; k++) {
                CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
                bool found = false;

                for (size_t i = 0; i < x->manifest_count; i++)
                        found = found ||
                                (taken[i] && (!x->manifests[i].platform ||
                                              oci_platform_rank(x->manifests[i].platform, l->options->only[k]) == 0));
                if (found)
                        continue;
                oci_platform_format(l->options->only[k], &name);
                return error_set(err, ENOENT, "%s has no image for %s in this archive", what, buffer_text(&name));
        }
        return 0;
}

/* Which entry gets the names: the one for this machine, else the first that is taken. */
static size_t find_named(const struct loader *l, const struct oci_index *x, const bool *taken)
{
        size_t named = x->manifest_count;
        int best = -1;

        for (size_t i = 0; i < x->manifest_count; i++) {
                int r = x->manifests[i].platform ? oci_platform_rank(x->manifests[i].platform, l->platform) : -1;

                if (!taken[i] || (named < x->manifest_count && (r < 0 || (best >= 0 && r >= best))))
                        continue;
                named = i;
                best = r;
        }
        return named;
}

/* All images of an index that the archive has: docker and skopeo write archives that lack some. */
static int load_every(struct loader *l, const char *what, const struct oci_index *x, const struct strv *names,
                      int depth, struct error *err)
{
        const struct strv none = STRV_INIT;
        bool *taken = memory_zalloc(x->manifest_count + 1, sizeof(*taken));
        size_t named;
        int result;

        for (size_t i = 0; i < x->manifest_count; i++)
                taken[i] = !oci_index_is_attestation(&x->manifests[i]) && is_wanted(l, &x->manifests[i]) &&
                           has_blob(l, &x->manifests[i]);
        named = find_named(l, x, taken);
        result = check_only(l, what, x, taken, err);
        if (result == 0 && named == x->manifest_count)
                result = error_set(err, ENOENT, "%s has none of its images in this archive", what);
        /* what is named first, so that it is what is told of first */
        if (result == 0)
                result = load_document(l, &x->manifests[named], names, depth, err);
        for (size_t i = 0; result == 0 && i < x->manifest_count; i++)
                if (taken[i] && i != named)
                        result = load_document(l, &x->manifests[i], &none, depth, err);
        if (result == 0)
                tell_left(l, what, x, taken);
        free(taken);
        return result;
}

/* An index inside: the manifest for the platform, or all of them. The raw bytes of the index are kept. */
static int load_index(struct loader *l, const struct oci_descriptor *d, const struct buffer *bytes,
                      const struct strv *names, int depth, struct error *err)
{
        CLEANUP_INDEX struct oci_index *x = NULL;
        const struct oci_descriptor *chosen;
        const struct oci_descriptor *outer = l->list;
        struct oci_descriptor own;
        char what[16 + OCI_DIGEST_TEXT] = "index ";
        int result;

        oci_digest_format(&d->digest, what + strlen(what));
        if (depth == OCI_LIMIT_INDEX_DEPTH)
                return error_set(err, E2BIG, "%s lies deeper than the limit of %d indexes", what,
                                 OCI_LIMIT_INDEX_DEPTH);
        if (oci_index_parse(what, bytes->data, bytes->size, d->media_type, &x, err) < 0)
                return -1;
        own = (struct oci_descriptor){.media_type = x->media_type, .digest = d->digest, .size = d->size};
        l->list = outer ? outer : &own;
        if (l->options->every)
                result = load_every(l, what, x, names, depth + 1, err);
        else
                result = oci_index_choose(what, x, l->platform, &chosen, err) < 0
                                 ? -1
                                 : load_document(l, chosen, names, depth + 1, err);
        l->list = outer;
        return result < 0 ? -1 : oci_store_blob_save(l->store, bytes->data, bytes->size, NULL, err);
}

static int load_document(struct loader *l, const struct oci_descriptor *d, const struct strv *names, int depth,
                         struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        enum oci_document kind;
        char text[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->digest, text);
        if (oci_layout_load_blob(l->layout, d, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_document_detect(text, bytes.data, bytes.size, d->media_type, &kind, err) < 0)
                return -1;
        if (kind == OCI_DOCUMENT_INDEX)
                return load_index(l, d, &bytes, names, depth, err);
        return load_manifest(l, d, &bytes, names, err);
}

/* ---- layouts ------------------------------------------------------------------------------------- */

static bool same_name(const struct oci_descriptor *a, const struct oci_descriptor *b, const char *annotation)
{
        const char *x = oci_labels_find(&a->annotations, annotation);
        const char *y = oci_labels_find(&b->annotations, annotation);

        return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static int rank(const struct loader *l, const struct oci_descriptor *d)
{
        int r = d->platform ? oci_platform_rank(d->platform, l->platform) : 0;

        return r < 0 ? 1000 : r;
}

/* True when another entry of index.json has the same name and fits this machine better: a multi-platform image without
 * an index of its own. Attestations never count. */
static bool is_passed_over(const struct loader *l, const struct oci_index *x, size_t n)
{
        const struct oci_descriptor *d = &x->manifests[n];

        if (oci_index_is_attestation(d))
                return true;
        for (size_t i = 0; i < x->manifest_count; i++) {
                const struct oci_descriptor *other = &x->manifests[i];

                if (i == n || d->platform == NULL || other->platform == NULL ||
                    !same_name(d, other, OCI_ANNOTATION_IMAGE_NAME) || !same_name(d, other, OCI_ANNOTATION_REF_NAME))
                        continue;
                if (rank(l, other) < rank(l, d))
                        return true;
        }
        return false;
}

static int check_version(const struct loader *l, struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_FREE char *version = NULL;
        CLEANUP_FREE char *what = memory_printf("%s: " OCI_LAYOUT_FILE, oci_layout_name(l->layout));

        if (oci_layout_load(l->layout, OCI_LAYOUT_FILE, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_json_parse(what, bytes.data, bytes.size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is not an object", what);
        if (oci_json_get_string(what, v, "imageLayoutVersion", &version, err) < 0)
                return -1;
        if (version == NULL || strcmp(version, "1.0.0") != 0)
                return error_set(err, ENOTSUP, "%s does not say version 1.0.0", what);
        return 0;
}

static bool has_tag(const char *name, const char *tag)
{
        const char *colon = name ? strrchr(name, ':') : NULL;

        return name && (strcmp(name, tag) == 0 || (colon && strcmp(colon + 1, tag) == 0));
}

static bool is_chosen(const struct loader *l, const struct oci_descriptor *d)
{
        const struct oci_archive_choice *c = l->options->choice;

        if (!c)
                return true;
        if (c->has_digest && !sha256_equal(&c->digest, &d->digest))
                return false;
        return !c->tag || has_tag(oci_labels_find(&d->annotations, OCI_ANNOTATION_REF_NAME), c->tag) ||
               has_tag(oci_labels_find(&d->annotations, OCI_ANNOTATION_IMAGE_NAME), c->tag);
}

static int nothing_chosen(const struct loader *l, const struct oci_index *x, struct error *err)
{
        CLEANUP_BUFFER struct buffer tags = BUFFER_INIT;

        for (size_t i = 0; i < x->manifest_count; i++) {
                const char *tag = oci_labels_find(&x->manifests[i].annotations, OCI_ANNOTATION_REF_NAME);

                if (tag)
                        buffer_printf(&tags, "%s%s", tags.size > 0 ? ", " : "", tag);
        }
        return error_set(err, ENOENT, "%s has no such image: its tags are %s", oci_layout_name(l->layout),
                         tags.size > 0 ? tags.data : "none");
}

static int load_layout(struct loader *l, struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_INDEX struct oci_index *x = NULL;
        CLEANUP_FREE char *what = memory_printf("%s: " OCI_LAYOUT_INDEX, oci_layout_name(l->layout));

        if (check_version(l, err) < 0 ||
            oci_layout_load(l->layout, OCI_LAYOUT_INDEX, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_index_parse(what, bytes.data, bytes.size, NULL, &x, err) < 0)
                return -1;
        for (size_t i = 0; i < x->manifest_count; i++) {
                CLEANUP_STRV struct strv names = STRV_INIT;

                if (!is_chosen(l, &x->manifests[i]) || is_passed_over(l, x, i))
                        continue;
                take_annotations(l, &x->manifests[i], &names);
                if (load_document(l, &x->manifests[i], &names, 1, err) < 0)
                        return error_wrap(err, "%s", oci_layout_name(l->layout));
        }
        return l->options->choice && l->count == 0 ? nothing_chosen(l, x, err) : 0;
}

/* ---- docker archives -------------------------------------------------------------------------------- */

static int load_docker_layers(struct loader *l, const struct strv *files, const struct oci_config *c,
                              const struct oci_image *old, struct oci_image *image, struct error *err)
{
        if (files->count != c->diff_id_count)
                return error_set(err, EINVAL, "%zu layer files for %zu diff IDs", files->count, c->diff_id_count);
        for (size_t n = 0; n < files->count; n++) {
                CLEANUP_RANGE struct oci_range r = {.fd = -1};
                struct oci_image_layer *layer = oci_image_add_layer(image);

                layer->diff_id = c->diff_ids[n];
                if (oci_layout_find(l->layout, files->items[n], &r, err) < 0)
                        return -1;
                if (load_layer(l, &r, NULL, known_layer(old, n, &layer->diff_id), layer, err) < 0)
                        return error_wrap(err, "layer %zu", n + 1);
        }
        return 0;
}

static int load_docker_image(struct loader *l, const char *what, const struct oci_json *o, struct error *err)
{
        CLEANUP_FREE char *config_name = NULL;
        CLEANUP_STRV struct strv tags = STRV_INIT, files = STRV_INIT, names = STRV_INIT;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_IMAGE struct oci_image *old = NULL;

        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s: an image is not an object", what);
        if (oci_json_get_string(what, o, "Config", &config_name, err) < 0 ||
            oci_json_get_strings(what, o, "RepoTags", &tags, err) < 0 ||
            oci_json_get_strings(what, o, "Layers", &files, err) < 0)
                return -1;
        if (config_name == NULL)
                return error_set(err, EINVAL, "%s: an image has no \"Config\"", what);
        if (oci_layout_load(l->layout, config_name, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            begin_image(l, &bytes, &image, &config, err) < 0)
                return -1;
        old = old_record(l, &image->id);
        if (load_docker_layers(l, &files, config, old, image, err) < 0)
                return error_wrap(err, "%s", what);
        if (old != NULL && old->manifest != NULL)
                image->manifest = oci_descriptor_dup(old->manifest);
        if (oci_image_save(l->store, image, err) < 0)
                return -1;
        for (size_t i = 0; i < tags.count; i++)
                take_name(l, tags.items[i], &names);
        add_loaded(l, &image->id, &names);
        return 0;
}

static int load_docker(struct loader *l, struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_FREE char *what = memory_printf("%s: " OCI_LAYOUT_DOCKER, oci_layout_name(l->layout));

        if (oci_layout_load(l->layout, OCI_LAYOUT_DOCKER, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_json_parse(what, bytes.data, bytes.size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_ARRAY || oci_json_count(v) > OCI_LIMIT_INDEX_MANIFESTS)
                return error_set(err, EINVAL, "%s is not a list of at most %d images", what, OCI_LIMIT_INDEX_MANIFESTS);
        for (size_t i = 0; i < oci_json_count(v); i++)
                if (load_docker_image(l, what, oci_json_item(v, i), err) < 0)
                        return -1;
        return 0;
}

/* ---- the interface ------------------------------------------------------------------------------------- */

static int load(struct oci_store *s, const struct oci_layout *layout, const struct oci_archive_load_options *options,
                struct oci_archive_loaded **ret, size_t *ret_count, struct error *err)
{
        static const struct oci_archive_load_options none = {.platform = NULL};
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        struct loader l = {.store = s, .layout = layout, .options = options ? options : &none};
        int result;

        l.platform = l.options->platform ? l.options->platform : host;
        if (oci_layout_has(layout, OCI_LAYOUT_INDEX))
                result = load_layout(&l, err);
        else if (oci_layout_has(layout, OCI_LAYOUT_DOCKER))
                result = load_docker(&l, err);
        else
                result = error_set(err, EINVAL,
                                   "%s is no image archive: it has neither " OCI_LAYOUT_INDEX
                                   " (OCI) nor " OCI_LAYOUT_DOCKER " (docker save)",
                                   oci_layout_name(layout));
        if (result == 0 && l.count == 0)
                result = error_set(err, ENOENT, "%s has no images", oci_layout_name(layout));
        if (result < 0) {
                oci_archive_loaded_free(l.loaded, l.count);
                return -1;
        }
        *ret = l.loaded;
        *ret_count = l.count;
        return 0;
}

int oci_archive_load(struct oci_store *s, const char *path, const struct oci_archive_load_options *options,
                     struct oci_archive_loaded **ret, size_t *ret_count, struct error *err)
{
        CLEANUP_LAYOUT struct oci_layout *layout = NULL;

        if (oci_layout_open(s, path, &layout, err) < 0)
                return -1;
        return load(s, layout, options, ret, ret_count, err);
}

int oci_archive_load_fd(struct oci_store *s, int fd, const char *what, const struct oci_archive_load_options *options,
                        struct oci_archive_loaded **ret, size_t *ret_count, struct error *err)
{
        CLEANUP_LAYOUT struct oci_layout *layout = NULL;

        if (oci_layout_open_fd(s, fd, what, &layout, err) < 0)
                return -1;
        return load(s, layout, options, ret, ret_count, err);
}
