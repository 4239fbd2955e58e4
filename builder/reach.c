/* SPDX-License-Identifier: Apache-2.0 */
/* Marking, the first half of prune. */
#include "builder/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache_record.h"
#include "builder/download.h"
#include "builder/record.h"
#include "common/map.h"
#include "common/memory.h"
#include "oci/compressed.h"
#include "oci/image.h"
#include "overlay/index.h"

struct builder_reach {
        struct map *kept[OCI_STORE_AREAS]; /* names, as a set */
        struct map *sources;     /* source name -> struct builder_ranges, owned */
        struct map *layers;      /* diff IDs of the layers of tagged images, as a set */
        struct strv dangling;
        struct strv lists;         /* digests of the indexes that tagged images are of, with the tag: HEX=TAG */
        struct strv image_indexes; /* indexes of tagged images ... */
        struct strv owners;        /* ... and for each the tag that needs it */
        int64_t since;             /* what was last used before does not count */
};

static void free_ranges(void *value)
{
        builder_ranges_free(value);
        free(value);
}

static struct builder_reach *reach_new(void)
{
        struct builder_reach *r = memory_zalloc(1, sizeof(*r));

        for (size_t i = 0; i < OCI_STORE_AREAS; i++)
                r->kept[i] = map_new(NULL);
        r->sources = map_new(free_ranges);
        r->layers = map_new(NULL);
        return r;
}

void builder_reach_free(struct builder_reach *r)
{
        if (r == NULL)
                return;
        for (size_t i = 0; i < OCI_STORE_AREAS; i++)
                map_free(r->kept[i]);
        map_free(r->sources);
        map_free(r->layers);
        strv_free(&r->dangling);
        strv_free(&r->lists);
        strv_free(&r->image_indexes);
        strv_free(&r->owners);
        free(r);
}

void builder_reach_cleanup(struct builder_reach **r)
{
        builder_reach_free(*r);
        *r = NULL;
}

bool builder_reach_has(const struct builder_reach *r, enum oci_store_area area, const char *name)
{
        return map_find(r->kept[area], name, strlen(name)) != NULL;
}

struct builder_ranges *builder_reach_find_source(const struct builder_reach *r, const char *source)
{
        return map_find(r->sources, source, strlen(source));
}

const struct strv *builder_reach_dangling(const struct builder_reach *r)
{
        return &r->dangling;
}

/* --- marks ----------------------------------------------------------------- */

/* True when it is new. */
static bool keep(struct builder_reach *r, enum oci_store_area area, const char *name)
{
        if (builder_reach_has(r, area, name))
                return false;
        map_set(r->kept[area], name, strlen(name), r);
        return true;
}

static void keep_blob(struct builder_reach *r, const struct sha256_digest *digest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        (void)keep(r, OCI_STORE_BLOBS, hex);
}

static struct builder_ranges *ensure_source(struct builder_reach *r, const char *source)
{
        struct builder_ranges *ranges = builder_reach_find_source(r, source);

        if (!ranges) {
                ranges = memory_zalloc(1, sizeof(*ranges));
                map_set(r->sources, source, strlen(source), ranges);
        }
        return ranges;
}

/* --- indexes --------------------------------------------------------------- */

struct walk {
        const struct overlay_index *index;
        struct builder_ranges **ranges; /* by number of the source; the array is owned, the ranges are the reach's */
        uint32_t count;
};

static int mark_extent(void *context, const struct overlay_extent *extent, struct error *err)
{
        struct walk *w = context;

        if (extent->source >= w->count)
                return error_set(err, EBADMSG, "%s: a body names source %u of %u", overlay_index_label(w->index),
                                 extent->source, w->count);
        builder_ranges_add(w->ranges[extent->source], extent->source_offset, extent->length);
        return 0;
}

static int mark_sources(struct builder_reach *r, struct walk *w, struct error *err)
{
        for (uint32_t i = 0; i < w->count; i++) {
                struct overlay_index_source source;

                if (overlay_index_source(w->index, i, &source, err) < 0)
                        return -1;
                w->ranges[i] = ensure_source(r, source.name);
        }
        return overlay_index_walk_extents(w->index, mark_extent, w, err);
}

static int mark_index(struct builder_reach *r, struct oci_store *store, const char *name, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);
        struct overlay_index *index = NULL;
        struct walk w;
        int result;

        if (overlay_index_open(oci_store_fd(store), path, NULL, &index, err) < 0)
                return -1;
        w = (struct walk){.index = index, .count = overlay_index_source_count(index)};
        w.ranges = memory_zalloc(w.count, sizeof(struct builder_ranges *));
        result = mark_sources(r, &w, err);
        free(w.ranges);
        (void)overlay_index_unref(index);
        return result;
}

/* --- images ---------------------------------------------------------------- */

static void mark_image(struct builder_reach *r, const struct oci_image *image, const char *tag)
{
        keep_blob(r, &image->id);
        if (image->manifest)
                keep_blob(r, &image->manifest->digest);
        if (image->list)
                keep_blob(r, &image->list->digest);
        for (size_t i = 0; i < image->layer_count; i++) {
                const struct oci_image_layer *layer = &image->layers[i];

                map_set(r->layers, layer->diff_id.bytes, sizeof(layer->diff_id.bytes), r);
                if (layer->writer == 0)
                        keep_blob(r, &layer->diff_id);
                if (layer->blob)
                        keep_blob(r, &layer->blob->digest);
                if (layer->index && keep(r, OCI_STORE_INDEXES, layer->index)) {
                        strv_add(&r->image_indexes, layer->index);
                        strv_add(&r->owners, tag);
                }
        }
}

static int mark_tag(struct builder_reach *r, struct oci_store *store, const struct oci_ref *tag, struct error *err)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&tag->image, hex);
        if (!keep(r, OCI_STORE_IMAGES, hex))
                return 0;
        if (oci_image_load(store, &tag->image, &image, &load_err) == 0) {
                mark_image(r, image, tag->name);
                if (image->list) {
                        sha256_to_hex(&image->list->digest, hex);
                        strv_env_set(&r->lists, hex, tag->name);
                }
                return 0;
        }
        if (load_err.code != ENOENT) {
                error_move(err, &load_err);
                return error_wrap(err, "nothing was pruned, because the image %s cannot be read (bryo rmi removes it)",
                                  tag->name);
        }
        strv_add(&r->dangling, tag->name);
        return 0;
}

/* The images for other platforms that a tagged one's index lists have no tag of their own. */
static int mark_sibling(void *context, const struct oci_image *image, struct error *err)
{
        struct builder_reach *r = context;
        char hex[SHA256_HEX_SIZE + 1];
        const char *tag;

        (void)err;
        if (!image->list)
                return 0;
        sha256_to_hex(&image->list->digest, hex);
        tag = strv_env_find(&r->lists, hex);
        sha256_to_hex(&image->id, hex);
        if (tag && keep(r, OCI_STORE_IMAGES, hex))
                mark_image(r, image, tag);
        return 0;
}

static int mark_tags(struct builder_reach *r, struct oci_store *store, struct error *err)
{
        struct oci_ref *tags = NULL;
        size_t count = 0;
        int result = oci_store_ref_list(store, &tags, &count, err);

        for (size_t i = 0; i < count && result == 0; i++)
                result = mark_tag(r, store, &tags[i], err);
        oci_refs_free(tags, count);
        if (result == 0 && r->lists.count > 0)
                result = oci_image_each(store, mark_sibling, r, err);
        return result;
}

static int mark_image_indexes(struct builder_reach *r, struct oci_store *store, const struct log *log,
                              struct error *err)
{
        for (size_t i = 0; i < r->image_indexes.count; i++) {
                CLEANUP_ERROR struct error index_err = ERROR_INIT;
                const char *tag = r->owners.items[i];

                if (mark_index(r, store, r->image_indexes.items[i], &index_err) == 0)
                        continue;
                if (index_err.code != ENOENT) {
                        error_move(err, &index_err);
                        return error_wrap(
                                err,
                                "nothing was pruned, because a layer of %s cannot be read (bryo rmi %s removes it)",
                                tag, tag);
                }
                /* points at nothing any more, so it keeps nothing; a layer from outside gets a new one at its next use
                 */
                log_print(log, LOG_WARNING, "the index %s of a layer of %s is missing", r->image_indexes.items[i], tag);
        }
        return 0;
}

/* --- steps ----------------------------------------------------------------- */

static int collect(void *context, const struct oci_store_object *o, struct error *err)
{
        (void)err;
        strv_add(context, o->name);
        return 0;
}

/* The names of an area that were last used since then, and what other names of step records stand for. */
struct used {
        int64_t since;
        struct strv names;   /* all */
        struct map *recent;  /* those used since, as a set */
};

static int collect_used(void *context, const struct oci_store_object *o, struct error *err)
{
        struct used *used = context;

        (void)err;
        strv_add(&used->names, o->name);
        if (o->used >= used->since)
                map_set(used->recent, o->name, strlen(o->name), used);
        return 0;
}

static int find_used(struct builder_reach *r, struct oci_store *store, enum oci_store_area area, struct used *ret,
                     struct error *err)
{
        *ret = (struct used){.since = r->since, .names = STRV_INIT, .recent = map_new(NULL)};
        return oci_store_each(store, area, collect_used, ret, err);
}

static bool is_recent(const struct used *used, const char *name)
{
        return map_find(used->recent, name, strlen(name)) != NULL;
}

static void used_free(struct used *used)
{
        strv_free(&used->names);
        map_free(used->recent);
}

/* A record whose index cannot be read is left unmarked: the step is executed again some day. */
static int mark_step(struct builder_reach *r, struct builder_workshop *w, const char *name, const struct used *used,
                     const struct log *log, struct error *err)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        CLEANUP_ERROR struct error index_err = ERROR_INIT;
        struct sha256_digest key;
        bool found = false;

        if (!sha256_from_hex(name, &key))
                return 0;
        if (builder_record_load(w, &key, &record, &found, err) < 0)
                return -1;
        if (!found || !is_recent(used, record.layer.step)) /* of another name of a step that is the record itself */
                return 0;
        if (record.layer.index && !builder_reach_has(r, OCI_STORE_INDEXES, record.layer.index)) {
                if (mark_index(r, w->store, record.layer.index, &index_err) < 0) {
                        if (index_err.code != EBADMSG)
                                return error_move(err, &index_err);
                        log_print(log, LOG_WARNING, "the cached step %.12s goes: %s", name, index_err.message);
                        return 0;
                }
                (void)keep(r, OCI_STORE_INDEXES, record.layer.index);
        }
        if (record.layer.index && record.layer.has_diff && record.layer.writer == 0) /* came from a cache outside */
                keep_blob(r, &record.layer.diff_id);
        /* builder_record_load takes a step for lost when one of these is gone */
        for (size_t i = 0; i < record.layer.data.count; i++) {
                CLEANUP_FREE char *source = memory_printf("data/%s", record.layer.data.items[i]);

                (void)ensure_source(r, source);
        }
        (void)keep(r, OCI_STORE_STEPS, name);
        return 0;
}

static int mark_steps(struct builder_reach *r, struct oci_store *store, const struct log *log, struct error *err)
{
        /* only what reading records needs; each record that is not usable would be a line of its own in the log */
        struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct used used;
        int result;

        w.store = store;
        result = find_used(r, store, OCI_STORE_STEPS, &used, err);
        for (size_t i = 0; i < used.names.count && result == 0; i++)
                result = mark_step(r, &w, used.names.items[i], &used, log, err);
        used_free(&used);
        return result;
}

/* --- downloads ------------------------------------------------------------- */

/* A URL's bytes stay whole: the next build may be told that they have not changed. */
static int mark_download(struct builder_reach *r, struct oci_store *store, const char *name, struct error *err)
{
        CLEANUP_FREE char *source = NULL;
        CLEANUP_FREE char *data = NULL;
        uint64_t size;

        if (builder_download_record_data(store, name, &data, &size, err) < 0)
                return -1;
        if (!data || !oci_store_has(store, OCI_STORE_DATA, data))
                return 0;
        source = memory_printf("data/%s", data);
        builder_ranges_add(ensure_source(r, source), 0, size);
        (void)keep(r, OCI_STORE_DOWNLOADS, name);
        return 0;
}

static int mark_downloads(struct builder_reach *r, struct oci_store *store, struct error *err)
{
        struct used used;
        int result = find_used(r, store, OCI_STORE_DOWNLOADS, &used, err);

        for (size_t i = 0; i < used.names.count && result == 0; i++)
                if (is_recent(&used, used.names.items[i]))
                        result = mark_download(r, store, used.names.items[i], err);
        used_free(&used);
        return result;
}

/* --- cache mounts ------------------------------------------------------------ */

/* All indexes of the record, or none: a cache with a missing layer begins anew at its next use. */
static int mark_cache_indexes(struct builder_reach *r, struct oci_store *store, const struct strv *names, struct error *err)
{
        for (size_t i = 0; i < names->count; i++) {
                if (!builder_reach_has(r, OCI_STORE_INDEXES, names->items[i]) &&
                    mark_index(r, store, names->items[i], err) < 0)
                        return -1;
                (void)keep(r, OCI_STORE_INDEXES, names->items[i]);
        }
        return 0;
}

static int mark_cache(struct builder_reach *r, struct oci_store *store, const char *name, const struct log *log,
                      struct error *err)
{
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        CLEANUP_FREE char *lock = memory_printf("%s.lock", name);
        CLEANUP_FREE char *update = memory_printf("%s.update.lock", name);
        CLEANUP_ERROR struct error index_err = ERROR_INIT;
        bool found = false;

        if (builder_cache_record_load(store, name, &record, &found, err) < 0)
                return -1;
        if (!found)
                return 0;
        if (mark_cache_indexes(r, store, &record.indexes, &index_err) < 0) {
                if (index_err.code != EBADMSG && index_err.code != ENOENT)
                        return error_move(err, &index_err);
                log_print(log, LOG_WARNING, "the cache mount %s goes: %s", record.id, index_err.message);
                return 0;
        }
        (void)keep(r, OCI_STORE_CACHES, name);
        (void)keep(r, OCI_STORE_CACHES, lock);
        (void)keep(r, OCI_STORE_CACHES, update);
        return 0;
}

static int mark_caches(struct builder_reach *r, struct oci_store *store, const struct log *log, struct error *err)
{
        struct used used;
        int result = find_used(r, store, OCI_STORE_CACHES, &used, err);

        for (size_t i = 0; i < used.names.count && result == 0; i++)
                if (!builder_cache_record_is_lock(used.names.items[i]) && is_recent(&used, used.names.items[i]))
                        result = mark_cache(r, store, used.names.items[i], log, err);
        used_free(&used);
        return result;
}

/* --- compressed layers -------------------------------------------------------- */

/* A record that cannot be read goes: the layer is compressed again. */
static int mark_compressed(struct builder_reach *r, struct oci_store *store, const struct log *log, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        int result = oci_store_each(store, OCI_STORE_COMPRESSED, collect, &names, err);

        for (size_t i = 0; i < names.count && result == 0; i++) {
                CLEANUP_ERROR struct error load_err = ERROR_INIT;
                struct oci_descriptor blob = {.media_type = NULL};
                struct sha256_digest diff_id;

                if (oci_compressed_load(store, names.items[i], &diff_id, &blob, &load_err) < 0) {
                        log_print(log, LOG_WARNING, "a compressed layer goes: %s", load_err.message);
                } else if (map_find(r->layers, diff_id.bytes, sizeof(diff_id.bytes))) {
                        keep_blob(r, &blob.digest);
                        (void)keep(r, OCI_STORE_COMPRESSED, names.items[i]);
                }
                oci_descriptor_clear(&blob);
        }
        return result;
}

/* --- the whole --------------------------------------------------------------- */

static int mark_untagged(struct builder_reach *r, struct oci_store *store, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (oci_store_each(store, OCI_STORE_IMAGES, collect, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_IMAGE struct oci_image *image = NULL;
                CLEANUP_ERROR struct error load_err = ERROR_INIT;
                struct sha256_digest id;

                if (!sha256_from_hex(names.items[i], &id) || builder_reach_has(r, OCI_STORE_IMAGES, names.items[i]) ||
                    oci_image_load(store, &id, &image, &load_err) < 0)
                        continue;
                (void)keep(r, OCI_STORE_IMAGES, names.items[i]);
                mark_image(r, image, names.items[i]);
        }
        return 0;
}

int builder_reach_mark(struct oci_store *store, const struct builder_reach_options *o, struct builder_reach **ret,
                       struct error *err)
{
        CLEANUP_REACH struct builder_reach *r = reach_new();
        const unsigned roots = o->roots;

        r->since = o->since;
        if (mark_tags(r, store, err) < 0 || ((roots & BUILDER_REACH_IMAGES) && mark_untagged(r, store, err) < 0) ||
            mark_image_indexes(r, store, o->log, err) < 0)
                return -1;
        if ((roots & BUILDER_REACH_STEPS) && (mark_steps(r, store, o->log, err) < 0 || mark_downloads(r, store, err) < 0))
                return -1;
        if ((roots & BUILDER_REACH_CACHES) && mark_caches(r, store, o->log, err) < 0)
                return -1;
        if ((roots & BUILDER_REACH_COMPRESSED) && mark_compressed(r, store, o->log, err) < 0)
                return -1;
        *ret = STEAL(r);
        return 0;
}
