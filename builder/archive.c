/* SPDX-License-Identifier: Apache-2.0 */
/* Saving images and loading them: where archives, indexes and names meet. */
#include "builder/archive.h"

#include <stdlib.h>

#include "builder/image_layers.h"
#include "builder/pack.h"
#include "builder/workshop.h"
#include "common/memory.h"
#include "oci/image.h"

/* --- save ------------------------------------------------------------------ */

/* What is to be saved; each image once. */
struct selection {
        struct oci_image **images; /* owned */
        struct strv *names;        /* by image; owned */
        size_t count;
};

static void free_selection(struct selection *s)
{
        for (size_t i = 0; i < s->count; i++) {
                oci_image_free(s->images[i]);
                strv_free(&s->names[i]);
        }
        free(s->images);
        free(s->names);
}

static int select_image(struct selection *s, struct oci_store *store, const char *text, struct error *err)
{
        CLEANUP_FREE char *name = NULL;
        struct sha256_digest id;
        size_t i = 0;

        if (oci_image_resolve(store, text, &id, &name, err) < 0)
                return -1;
        while (i < s->count && !sha256_equal(&s->images[i]->id, &id))
                i++;
        if (i == s->count) {
                if (oci_image_load(store, &id, &s->images[i], err) < 0)
                        return -1;
                s->count++;
        }
        if (name && !strv_has(&s->names[i], name))
                strv_add(&s->names[i], name);
        return 0;
}

/* docker has always saved layers as they are; whoever loads them again gains nothing by compressing. */
static struct oci_archive_save_options archive_options(struct builder_workshop *w, const struct builder_save_options *o)
{
        static const struct oci_pack_options usual = OCI_PACK_DEFAULT;
        static const struct oci_pack_options plain = {.force = true};
        struct oci_archive_save_options options = {.docker = o->docker,
                                                   .combine = o->combine > 0,
                                                   .index_annotations = o->index_annotations,
                                                   .index_descriptor_annotations = o->index_descriptor_annotations};

        options.pack = o->pack ? *o->pack : o->docker ? plain : usual;
        options.pack.stream = builder_pack_stream(w);
        options.pack.log = o->log;
        return options;
}

static int write_selection(struct builder_workshop *w, const struct builder_save_options *o, const struct selection *s,
                           struct error *err)
{
        const struct oci_archive_save_options options = archive_options(w, o);
        struct oci_archive_item *items = memory_zalloc(s->count, sizeof(*items));
        struct oci_pack_options *packs = memory_zalloc(s->count, sizeof(*packs));
        int fd = o->fd;
        int result = o->begin ? o->begin(o->context, &fd, err) : 0;

        for (size_t i = 0; i < s->count; i++)
                items[i] = (struct oci_archive_item){s->images[i], &s->names[i], NULL};
        for (size_t i = 0; i < s->count && i < o->combine; i++) {
                packs[i] = o->packs[i];
                packs[i].stream = options.pack.stream;
                packs[i].log = o->log;
                items[i].pack = &packs[i];
        }
        if (result == 0 && o->directory)
                result = oci_archive_save_directory(w->store, items, s->count, &options, o->directory, err);
        else if (result == 0)
                result = oci_archive_save_tar(w->store, items, s->count, &options, fd, err);
        free(items);
        free(packs);
        return result;
}

int builder_archive_save(const struct builder_save_options *o, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct selection s = {
                .images = memory_zalloc(o->images->count, sizeof(struct oci_image *)),
                .names = memory_zalloc(o->images->count, sizeof(struct strv)),
        };
        int result = builder_workshop_open(&w, o->store, o->log, err);

        for (size_t i = 0; result == 0 && i < o->images->count; i++)
                result = select_image(&s, o->store, o->images->items[i], err);
        if (result == 0)
                result = write_selection(&w, o, &s, err);
        free_selection(&s);
        return result;
}

/* --- load ------------------------------------------------------------------ */

static int settle(struct builder_workshop *w, const struct oci_archive_loaded *loaded, struct error *err)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;

        if (oci_image_load(w->store, &loaded->image, &image, err) < 0 || builder_image_index(w, image, err) < 0 ||
            oci_image_save(w->store, image, err) < 0 || builder_image_sync(w, image, err) < 0)
                return -1;
        for (size_t i = 0; i < loaded->names.count; i++)
                if (oci_store_ref_set(w->store, loaded->names.items[i], &loaded->image, NULL, err) < 0)
                        return -1;
        return 0;
}

int builder_archive_load(const struct builder_load_options *o, struct oci_archive_loaded **ret, size_t *ret_count,
                         struct error *err)
{
        /* a loaded image is saved again as it came, so its compressed layers stay */
        const struct oci_archive_load_options options = {.keep_compressed = true,
                                                         .log = o->log,
                                                         .every = true,
                                                         .platform = o->platform_count > 0 ? o->platforms[0] : NULL,
                                                         .only = o->platforms,
                                                         .only_count = o->platform_count};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        int result;

        *ret = NULL;
        *ret_count = 0;
        if (builder_workshop_open(&w, o->store, o->log, err) < 0)
                return -1;
        if (o->path)
                result = oci_archive_load(o->store, o->path, &options, ret, ret_count, err);
        else
                result = oci_archive_load_fd(o->store, o->fd, o->what, &options, ret, ret_count, err);
        for (size_t i = 0; result == 0 && i < *ret_count; i++)
                if (settle(&w, &(*ret)[i], err) < 0)
                        result = error_wrap(err, "cannot load %s", o->path ? o->path : o->what);
        if (result < 0) {
                oci_archive_loaded_free(*ret, *ret_count);
                *ret = NULL;
                *ret_count = 0;
        }
        return result;
}
