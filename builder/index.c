/* SPDX-License-Identifier: Apache-2.0 */
/* Images for several platforms: made, kept and pushed as one. */
#include "builder/index.h"

#include <stdlib.h>

#include "builder/image_layers.h"
#include "builder/pack.h"
#include "common/memory.h"
#include "oci/image.h"
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
        if (oci_index_parse("the index", x->bytes.data, x->bytes.size, x->descriptor.media_type, &index, err) < 0)
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
        if (oci_registry_manifest_put(o->workshop->registry, ref, x->descriptor.media_type, x->bytes.data,
                                      x->bytes.size, err) < 0)
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
