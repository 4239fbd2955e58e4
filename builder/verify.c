/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at everything that the store holds. */
#include "builder/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/body.h"
#include "builder/body_table.h"
#include "builder/cache_record.h"
#include "builder/download.h"
#include "builder/layer_tar.h"
#include "builder/record.h"
#include "builder/workshop.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "common/sha256.h"
#include "oci/image.h"
#include "overlay/index.h"

#define CHUNK ((size_t)1 << 20)

struct damaged {
        enum oci_store_area area;
        char *name; /* owned */
};

struct verify {
        const struct builder_verify_options *options;
        struct builder_verify_result *result;
        struct builder_workshop *workshop;
        struct map *bad;       /* "AREA/NAME", as a set */
        struct damaged *items; /* the same, in the order in which they were found */
        size_t count, cap;
        struct map *checked; /* indexes whose files were compared with a diff ID */
};

/* One area while its objects are looked at; `one` returns -1 only when nothing can be said. */
struct looking {
        struct verify *verify;
        enum oci_store_area area;
        int (*one)(struct verify *v, const char *name, struct error *err);
};

/* --- what is found ----------------------------------------------------------------- */

static bool is_bad(const struct verify *v, enum oci_store_area area, const char *name)
{
        CLEANUP_FREE char *key = memory_printf("%s/%s", oci_store_area_name(area), name);

        return map_find(v->bad, key, strlen(key)) != NULL;
}

static void note(struct verify *v, enum oci_store_area area, const char *name, const char *why)
{
        CLEANUP_FREE char *key = memory_printf("%s/%s", oci_store_area_name(area), name);

        if (map_find(v->bad, key, strlen(key)))
                return;
        map_set(v->bad, key, strlen(key), v);
        memory_grow(&v->items, &v->cap, v->count + 1, sizeof(*v->items));
        v->items[v->count++] = (struct damaged){area, memory_strdup(name)};
        v->result->damaged++;
        v->options->found(v->options->context, key, why);
}

/* An error about an object is damage of it, unless it is about this process or somebody removed it meanwhile. */
static int note_error(struct verify *v, enum oci_store_area area, const char *name, struct error *cause,
                      struct error *err)
{
        if (cause->code == ENOMEM || cause->code == EMFILE || cause->code == ENFILE || cause->code == EACCES)
                return error_move(err, cause);
        if (!oci_store_has(v->options->store, area, name))
                return 0;
        note(v, area, name, cause->message);
        return 0;
}

static int look(void *context, const struct oci_store_object *o, struct error *err)
{
        const struct looking *l = context;

        l->verify->result->objects++;
        return l->one(l->verify, o->name, err);
}

/* --- bytes ---------------------------------------------------------------------------- */

static int hash_file(int fd, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_FREE char *bytes = memory_alloc(CHUNK);
        struct sha256 hash;
        ssize_t n;

        sha256_init(&hash);
        while ((n = read(fd, bytes, CHUNK)) > 0)
                sha256_update(&hash, bytes, (size_t)n);
        if (n < 0)
                return error_errno(err, errno, "cannot read it");
        sha256_final(&hash, ret);
        return 0;
}

static int compare_file(struct verify *v, enum oci_store_area area, const char *name,
                        const struct sha256_digest *wanted, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sha256_digest digest;
        CLEANUP_FD int fd = -1;

        if (oci_store_open_object(v->options->store, area, name, &fd, NULL, &cause) < 0 ||
            hash_file(fd, &digest, &cause) < 0)
                return note_error(v, area, name, &cause, err);
        if (!sha256_equal(&digest, wanted))
                note(v, area, name, "its bytes have another digest");
        return 0;
}

static int look_at_blob(struct verify *v, const char *name, struct error *err)
{
        struct sha256_digest digest;

        return sha256_from_hex(name, &digest) ? compare_file(v, OCI_STORE_BLOBS, name, &digest, err) : 0;
}

/* --- indexes ---------------------------------------------------------------------------- */

static void look_at_source(struct verify *v, const char *index, const struct overlay_index_source *source)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *why = NULL;
        struct builder_body body;
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (!builder_body_parse(source->name, &body))
                why = memory_printf("it points at %s, which is no name of bytes", source->name);
        else if (is_bad(v, body.area, body.name))
                why = memory_printf("its bytes in %s are damaged", source->name);
        else if (builder_body_open(v->options->store, source->name, &fd, &cause) < 0 || fstat(fd, &st) < 0)
                why = memory_printf("its bytes in %s are not there", source->name);
        else if ((uint64_t)st.st_size < source->size)
                why = memory_printf("its bytes in %s are cut off", source->name);
        if (why)
                note(v, OCI_STORE_INDEXES, index, why);
}

static int look_at_index(struct verify *v, const char *name, struct error *err)
{
        const struct overlay_index_options options = {.verify = true};
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct overlay_index *index = NULL;
        int result = overlay_index_open(oci_store_fd(v->options->store), path, &options, &index, &cause);

        for (uint32_t i = 0; result == 0 && i < overlay_index_source_count(index); i++) {
                struct overlay_index_source source;

                result = overlay_index_source(index, i, &source, &cause);
                if (result == 0)
                        look_at_source(v, name, &source);
        }
        (void)overlay_index_unref(index);
        return result < 0 ? note_error(v, OCI_STORE_INDEXES, name, &cause, err) : 0;
}

/* Makes a layer's tar again, once for each index. */
static int look_at_files(struct verify *v, const char *index, const struct sha256_digest *diff_id, unsigned writer,
                         struct error *err)
{
        struct builder_layer layer = {.index = NULL};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        int result;

        if (!index || writer != OCI_LAYER_WRITER_VERSION || is_bad(v, OCI_STORE_INDEXES, index) ||
            map_find(v->checked, index, strlen(index)))
                return 0;
        map_set(v->checked, index, strlen(index), v);
        layer.index = memory_strdup(index);
        result = builder_layer_tar_digest(v->workshop, &layer, &cause);
        if (result < 0)
                result = note_error(v, OCI_STORE_INDEXES, index, &cause, err);
        else if (!sha256_equal(&layer.diff_id, diff_id))
                note(v, OCI_STORE_INDEXES, index, "the files of the layer are not those of its diff ID");
        builder_layer_free(&layer);
        return result;
}

static bool lacks_index(const struct verify *v, const char *index)
{
        return is_bad(v, OCI_STORE_INDEXES, index) || !oci_store_has(v->options->store, OCI_STORE_INDEXES, index);
}

/* --- images --------------------------------------------------------------------------------- */

static bool lacks_blob(const struct verify *v, const struct sha256_digest *digest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return is_bad(v, OCI_STORE_BLOBS, hex) || !oci_store_blob_has(v->options->store, digest);
}

static int look_at_layer(struct verify *v, const char *image, const struct oci_image_layer *layer, struct error *err)
{
        CLEANUP_FREE char *why = NULL;
        char hex[SHA256_HEX_SIZE + 1];

        if (look_at_files(v, layer->index, &layer->diff_id, layer->writer, err) < 0)
                return -1;
        sha256_to_hex(&layer->diff_id, hex);
        /* a tar that a registry has may be fetched when it is needed; an index of a tar that is there can be made again
         */
        if (layer->writer == 0 && lacks_blob(v, &layer->diff_id) &&
            (is_bad(v, OCI_STORE_BLOBS, hex) || layer->origins.count == 0))
                why = memory_printf("its layer sha256:%s is damaged or not there", hex);
        else if (layer->writer != 0 && layer->index && lacks_index(v, layer->index))
                why = memory_printf("its layer indexes/%s is damaged or not there", layer->index);
        if (why)
                note(v, OCI_STORE_IMAGES, image, why);
        return 0;
}

static int look_at_image(struct verify *v, const char *name, struct error *err)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sha256_digest id;

        if (!sha256_from_hex(name, &id))
                return 0;
        if (oci_image_load(v->options->store, &id, &image, &cause) < 0 ||
            oci_image_load_config(v->options->store, &id, &config, &cause) < 0)
                return note_error(v, OCI_STORE_IMAGES, name, &cause, err);
        if ((image->manifest && lacks_blob(v, &image->manifest->digest)) ||
            (image->list && lacks_blob(v, &image->list->digest)))
                note(v, OCI_STORE_IMAGES, name, "its manifest is damaged or not there");
        for (size_t i = 0; i < image->layer_count; i++)
                if (look_at_layer(v, name, &image->layers[i], err) < 0)
                        return -1;
        return 0;
}

static int look_at_tag(struct verify *v, const char *name, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        char hex[SHA256_HEX_SIZE + 1];
        struct oci_ref tag;

        if (oci_store_ref_load(v->options->store, name, &tag, &cause) < 0)
                return note_error(v, OCI_STORE_REFS, name, &cause, err);
        sha256_to_hex(&tag.image, hex);
        if (is_bad(v, OCI_STORE_IMAGES, hex) || !oci_store_has(v->options->store, OCI_STORE_IMAGES, hex))
                note(v, OCI_STORE_REFS, name, "its image is damaged or not there");
        free(tag.name);
        return 0;
}

/* --- steps, cache mounts, downloads ---------------------------------------------------------------- */

static int look_at_step(struct verify *v, const char *name, struct error *err)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sha256_digest key;
        const char *reason;
        bool found;

        if (!sha256_from_hex(name, &key))
                return 0;
        if (builder_record_examine(v->workshop, &key, &record, &found, &reason, &cause) < 0)
                return note_error(v, OCI_STORE_STEPS, name, &cause, err);
        if (!found) {
                if (reason && reason != builder_record_other_boot)
                        note(v, OCI_STORE_STEPS, name, reason);
                return 0;
        }
        if (record.layer.has_diff &&
            look_at_files(v, record.layer.index, &record.layer.diff_id, record.layer.writer, err) < 0)
                return -1;
        if (record.layer.index && is_bad(v, OCI_STORE_INDEXES, record.layer.index))
                note(v, OCI_STORE_STEPS, name, "its index is damaged");
        else if (record.layer.has_diff && record.layer.writer == 0 && record.layer.index &&
                 lacks_blob(v, &record.layer.diff_id))
                note(v, OCI_STORE_STEPS, name, "its layer is damaged");
        return 0;
}

static int look_at_cache(struct verify *v, const char *name, struct error *err)
{
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        bool found = false;

        if (builder_cache_record_is_lock(name))
                return 0;
        if (builder_cache_record_load(v->options->store, name, &record, &found, &cause) < 0)
                return note_error(v, OCI_STORE_CACHES, name, &cause, err);
        if (!found)
                note(v, OCI_STORE_CACHES, name, "it is damaged");
        for (size_t i = 0; i < record.indexes.count; i++)
                if (lacks_index(v, record.indexes.items[i]))
                        note(v, OCI_STORE_CACHES, name, "one of its layers is damaged or not there");
        return 0;
}

static int look_at_download(struct verify *v, const char *name, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *data = NULL;
        struct sha256_digest digest;
        uint64_t size;
        bool found;

        if (builder_download_record_data(v->options->store, name, &data, &size, &cause) < 0 ||
            builder_download_record_digest(v->options->store, name, &found, &digest, &cause) < 0)
                return note_error(v, OCI_STORE_DOWNLOADS, name, &cause, err);
        if (!data || !found)
                note(v, OCI_STORE_DOWNLOADS, name, "it is damaged");
        else if (!oci_store_has(v->options->store, OCI_STORE_DATA, data))
                note(v, OCI_STORE_DOWNLOADS, name, "its bytes are not there");
        else if (compare_file(v, OCI_STORE_DATA, data, &digest, err) < 0)
                return -1;
        else if (is_bad(v, OCI_STORE_DATA, data))
                note(v, OCI_STORE_DOWNLOADS, name, "its bytes are damaged");
        return 0;
}

/* --- the whole ---------------------------------------------------------------------------------------- */

/* What is pointed at before what points at it. Images and steps tell of the files of indexes, which others share:
 * twice. */
static int look_at_all(struct verify *v, struct error *err)
{
        const struct looking order[] = {
                {v, OCI_STORE_BLOBS, look_at_blob},    {v, OCI_STORE_DOWNLOADS, look_at_download},
                {v, OCI_STORE_INDEXES, look_at_index}, {v, OCI_STORE_IMAGES, look_at_image},
                {v, OCI_STORE_STEPS, look_at_step},    {v, OCI_STORE_CACHES, look_at_cache},
                {v, OCI_STORE_REFS, look_at_tag},
        };
        size_t objects;

        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
                if (oci_store_each(v->options->store, order[i].area, look, (void *)(uintptr_t)&order[i], err) < 0)
                        return -1;
        objects = v->result->objects;
        for (size_t i = 3; i < ARRAY_SIZE(order); i++)
                if (oci_store_each(v->options->store, order[i].area, look, (void *)(uintptr_t)&order[i], err) < 0)
                        return -1;
        v->result->objects = objects;
        return 0;
}

/* What points goes first, as when pruning. */
static int put_away(struct verify *v, struct error *err)
{
        struct oci_store *store = v->options->store;
        CLEANUP_ERROR struct error first = ERROR_INIT;
        CLEANUP_FD int gate = -1;

        if (oci_store_gate(store, OCI_GATE_EXCLUSIVE, false, &gate, err) < 0 || builder_body_table_drop(store, err) < 0)
                return -1;
        for (size_t i = v->count; i-- > 0;) {
                const struct damaged *d = &v->items[i];
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (oci_store_quarantine(store, d->area, d->name, &one) < 0)
                        error_move(&first, &one);
                else
                        v->result->quarantined++;
        }
        return error_is_set(&first) ? error_move(err, &first) : 0;
}

int builder_verify(const struct builder_verify_options *o, struct builder_verify_result *ret, struct error *err)
{
        struct builder_workshop workshop = BUILDER_WORKSHOP_INIT;
        struct verify v = {.options = o, .result = ret, .workshop = &workshop};
        int result;

        *ret = (struct builder_verify_result){0};
        v.bad = map_new(NULL);
        v.checked = map_new(NULL);
        result = builder_workshop_open(&workshop, o->store, o->log, err);
        if (result == 0)
                result = look_at_all(&v, err);
        builder_workshop_close(&workshop); /* its gate, before ours is asked for */
        if (result == 0 && o->repair && v.count > 0)
                result = put_away(&v, err);
        for (size_t i = 0; i < v.count; i++)
                free(v.items[i].name);
        free(v.items);
        map_free(v.bad);
        map_free(v.checked);
        return result;
}
