/* SPDX-License-Identifier: Apache-2.0 */
/* Images for several platforms: made, kept and pushed as one. */
#include "builder/index.h"

#include <stdbool.h>
#include <stdlib.h>

#include "builder/image_layers.h"
#include "builder/pack.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/limits.h"
#include "oci/platform.h"
#include "oci/reference.h"

void builder_index_clear(struct builder_index *x)
{
        oci_descriptor_clear(&x->descriptor);
        buffer_free(&x->bytes);
}

static int pack_one(const struct builder_index_options *o, size_t i, const struct oci_image *image,
                    struct oci_packed **ret, struct error *err)
{
        struct oci_pack_options pack = o->packs[i];

        pack.log = o->workshop->log;
        pack.stream = builder_pack_stream(o->workshop);
        return oci_image_pack(o->workshop->store, image, &pack, ret, err);
}

int builder_index_make(const struct builder_index_options *o, struct builder_index *ret, struct error *err)
{
        struct oci_packed **packed = memory_zalloc(o->count, sizeof(*packed));
        int result = 0;

        for (size_t i = 0; i < o->count && result == 0; i++) {
                CLEANUP_IMAGE struct oci_image *image = NULL;

                result = oci_image_load(o->workshop->store, &o->images[i], &image, err);
                if (result == 0)
                        result = pack_one(o, i, image, &packed[i], err);
        }
        if (result == 0)
                oci_index_combine(packed, o->count, o->annotations, &ret->bytes, &ret->descriptor);
        for (size_t i = 0; i < o->count; i++)
                oci_packed_free(packed[i]);
        free(packed);
        return result;
}

/* --- in the store -------------------------------------------------------------------- */

static int parse(const struct builder_index *x, struct oci_index **ret, struct error *err)
{
        return oci_index_parse("the index", x->bytes.data, x->bytes.size, x->descriptor.media_type, ret, err);
}

static void replace(struct oci_descriptor **field, const struct oci_descriptor *d)
{
        if (*field)
                oci_descriptor_clear(*field);
        free(*field);
        *field = oci_descriptor_dup(d);
}

/* From now on the image goes out with this manifest, and its siblings are known. */
static int keep_image(const struct builder_index_options *o, size_t i, const struct builder_index *x, struct error *err)
{
        struct oci_store *store = o->workshop->store;
        CLEANUP_PACKED struct oci_packed *packed = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;

        if (oci_image_load(store, &o->images[i], &image, err) < 0 || pack_one(o, i, image, &packed, err) < 0 ||
            oci_store_blob_save(store, packed->bytes.data, packed->bytes.size, NULL, err) < 0)
                return -1;
        replace(&image->manifest, &packed->descriptor);
        replace(&image->list, &x->descriptor);
        return oci_image_save(store, image, err) < 0 ? -1 : builder_image_sync(o->workshop, image, err);
}

/* The image that a name means here. */
static int choose(const struct builder_index *x, size_t *ret, struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        CLEANUP_ERROR struct error none = ERROR_INIT;
        const struct oci_descriptor *best;
        struct oci_index *index;

        *ret = 0;
        if (parse(x, &index, err) < 0)
                return -1;
        if (oci_index_choose("the index", index, host, &best, &none) == 0)
                *ret = (size_t)(best - index->manifests);
        oci_index_free(index);
        return 0;
}

int builder_index_keep(const struct builder_index_options *o, const struct builder_index *x, const struct strv *names,
                       struct error *err)
{
        struct oci_store *store = o->workshop->store;
        size_t chosen;

        if (oci_store_blob_save(store, x->bytes.data, x->bytes.size, NULL, err) < 0 ||
            oci_store_blob_sync(store, &x->descriptor.digest, err) < 0)
                return -1;
        for (size_t i = 0; i < o->count; i++)
                if (keep_image(o, i, x, err) < 0)
                        return -1;
        if (choose(x, &chosen, err) < 0)
                return -1;
        for (size_t i = 0; i < names->count; i++)
                if (oci_store_ref_set(store, names->items[i], &o->images[chosen], NULL, err) < 0)
                        return -1;
        return 0;
}

/* --- found again -------------------------------------------------------------------- */

/* The images of the store whose manifest is one of an index. */
struct search {
        const struct oci_index *index;
        struct sha256_digest *images;
        bool *found;
};

static int look(void *context, const struct oci_image *image, struct error *err)
{
        struct search *s = context;

        (void)err;
        for (size_t i = 0; image->manifest && i < s->index->manifest_count; i++) {
                if (!s->found[i] && sha256_equal(&image->manifest->digest, &s->index->manifests[i].digest)) {
                        s->images[i] = image->id;
                        s->found[i] = true;
                }
        }
        return 0;
}

/* The images go to the front, in the order of the index; what says something about them is only counted. */
static void gather(const struct search *s, struct builder_index_kept *ret)
{
        for (size_t i = 0; i < s->index->manifest_count; i++) {
                if (oci_index_is_attestation(&s->index->manifests[i]))
                        ret->attestations++;
                else if (s->found[i])
                        s->images[ret->count++] = s->images[i];
                else
                        ret->missing++;
        }
}

static int search(struct oci_store *store, const struct oci_index *index, struct builder_index_kept *ret,
                  struct error *err)
{
        struct search s = {.index = index,
                           .images = memory_zalloc(index->manifest_count + 1, sizeof(*s.images)),
                           .found = memory_zalloc(index->manifest_count + 1, sizeof(*s.found))};
        int result = oci_image_each(store, look, &s, err);

        if (result == 0)
                gather(&s, ret);
        ret->images = s.images;
        free(s.found);
        return result;
}

int builder_index_find(struct oci_store *store, const struct sha256_digest *image, struct builder_index_kept *ret,
                       struct error *err)
{
        CLEANUP_IMAGE struct oci_image *record = NULL;
        CLEANUP_INDEX struct oci_index *index = NULL;

        if (oci_image_load(store, image, &record, err) < 0)
                return -1;
        if (!record->list || !oci_store_blob_has(store, &record->list->digest))
                return 0;
        if (oci_store_blob_load(store, &record->list->digest, OCI_LIMIT_JSON_SIZE, &ret->index.bytes, err) < 0)
                return -1;
        oci_descriptor_copy(&ret->index.descriptor, record->list);
        return parse(&ret->index, &index, err) < 0 ? -1 : search(store, index, ret, err);
}

void builder_index_kept_clear(struct builder_index_kept *k)
{
        free(k->images);
        builder_index_clear(&k->index);
        *k = (struct builder_index_kept)BUILDER_INDEX_KEPT_INIT;
}

bool builder_index_goes_whole(const struct builder_index_kept *k)
{
        return k->missing == 0 && k->count > (k->attestations > 0 ? 1u : 0u);
}

void builder_index_tell(const struct builder_index_kept *k, const char *name, const struct log *log)
{
        const char *s = k->attestations == 1 ? "" : "s";

        if (k->missing > 0)
                log_print(log, LOG_WARNING,
                          "%s is an index of %zu images, of which %zu %s not here: one image goes alone, without the index",
                          name, k->count + k->missing, k->missing, k->missing == 1 ? "is" : "are");
        else if (k->count > 0 && k->attestations > 0)
                log_print(log, LOG_WARNING,
                          k->count > 1 ? "%s: the index goes without its %zu attestation%s, which %s not here"
                                       : "%s: the image goes without the index and its %zu attestation%s, which %s not here",
                          name, k->attestations, s, k->attestations == 1 ? "is" : "are");
}

static bool lists_same(const struct oci_index *a, const struct oci_index *b)
{
        bool same = a->manifest_count == b->manifest_count;

        for (size_t i = 0; same && i < a->manifest_count; i++)
                same = sha256_equal(&a->manifests[i].digest, &b->manifests[i].digest);
        return same;
}

int builder_index_remake(const struct builder_index_options *o, const struct builder_index *old,
                         struct builder_index *ret, struct error *err)
{
        struct builder_index_options own = *o;
        struct oci_index *before, *after = NULL;
        int result;

        if (parse(old, &before, err) < 0)
                return -1;
        own.annotations = before->annotations.count > 0 ? &before->annotations : NULL;
        result = builder_index_make(&own, ret, err);
        if (result == 0)
                result = parse(ret, &after, err);
        if (result == 0 && lists_same(before, after)) {
                builder_index_clear(ret);
                *ret = (struct builder_index)BUILDER_INDEX_INIT;
                buffer_append(&ret->bytes, old->bytes.data, old->bytes.size);
                oci_descriptor_copy(&ret->descriptor, &old->descriptor);
        }
        oci_index_free(before);
        oci_index_free(after);
        return result;
}

/* --- at registries ---------------------------------------------------------------------- */

static int push_image(const struct builder_index_options *o, size_t i, const struct strv *destinations,
                      const struct builder_push_watch *watch, struct error *err)
{
        const struct builder_push_options options = {.workshop = o->workshop,
                                                     .image = &o->images[i],
                                                     .destinations = destinations,
                                                     .by_digest = true,
                                                     .pack = &o->packs[i],
                                                     .watch = watch};
        struct builder_push_result pushed;
        int result = builder_push(&options, &pushed, err);

        oci_descriptor_clear(&pushed.manifest);
        return result;
}

static int put_index(const struct builder_index_options *o, const struct builder_index *x, const char *destination,
                     bool by_digest, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;

        if (oci_reference_parse(destination, &ref, err) < 0)
                return -1;
        ref->has_digest = true;
        ref->digest = x->descriptor.digest;
        if (by_digest)
                free(STEAL(ref->tag));
        if (builder_push_manifest(o->workshop, ref, &x->descriptor, &x->bytes, o->keep_tags, err) < 0)
                return error_wrap(err, "cannot push %s", destination);
        return 0;
}

int builder_index_push(const struct builder_index_options *o, const struct builder_index *x,
                       const struct strv *destinations, bool by_digest, const struct builder_push_watch *watch,
                       struct error *err)
{
        for (size_t i = 0; i < o->count; i++)
                if (push_image(o, i, destinations, watch, err) < 0)
                        return -1;
        for (size_t i = 0; i < destinations->count; i++)
                if (put_index(o, x, destinations->items[i], by_digest, err) < 0)
                        return -1;
        return 0;
}
