/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of builds for several platforms together. */
#include "cmd/build_platforms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/archive.h"
#include "builder/export.h"
#include "cmd/name.h"
#include "cmd/output.h"
#include "cmd/transfers.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/reference.h"

void build_platforms_free(struct build_platforms *p)
{
        free(p->images);
        strv_free(&p->names);
        builder_index_clear(&p->index);
}

/* As BuildKit says it; of one platform the image itself is asked (cmd/build_output_write.c). */
static int check_annotations(const struct cmd_annotations *a, const struct build_values *v, struct error *err)
{
        const struct oci_platform *const *platforms = (const struct oci_platform *const *)v->platforms;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        for (size_t i = 0; i < a->count; i++) {
                if (!cmd_annotation_is_stray(&a->items[i], platforms, v->platform_names.count))
                        continue;
                oci_platform_format(a->items[i].platform, &name);
                return error_set(err, OPTIONS_EUSAGE, "the annotation %s is for %s, which is not built",
                                 a->items[i].key, buffer_text(&name));
        }
        return 0;
}

int build_platforms_check(const struct build_flags *f, const struct build_values *v,
                          const struct build_outputs *outputs, struct error *err)
{
        if (v->platform_names.count < 2)
                return 0;
        if (f->load)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--load hands one platform to docker or podman: leave it out, or build one");
        for (size_t i = 0; i < outputs->count; i++) {
                if (check_annotations(&outputs->items[i].annotations, v, err) < 0)
                        return -1;
                if (outputs->items[i].kind == BUILD_OUTPUT_DOCKER)
                        return error_set(err, OPTIONS_EUSAGE,
                                         "--output type=docker holds one platform: write type=oci");
                if (outputs->items[i].kind == BUILD_OUTPUT_TAR && outputs->items[i].no_split)
                        return error_set(err, OPTIONS_EUSAGE,
                                         "--output platform-split=false: a tar cannot hold the files of several "
                                         "platforms under one name; type=local lays them over each other");
        }
        return 0;
}

/* --- packing ----------------------------------------------------------------------- */

/* How an output packs each image. */
struct packings {
        struct build_packing *items;
        struct oci_pack_options *packs;
        struct oci_labels index, index_descriptor;
        size_t count;
};

static void packings_free(struct packings *k)
{
        for (size_t i = 0; i < k->count; i++)
                build_packing_free(&k->items[i]);
        free(k->items);
        free(k->packs);
        oci_labels_free(&k->index);
        oci_labels_free(&k->index_descriptor);
}

#define CLEANUP_PACKINGS __attribute__((cleanup(packings_free)))

static int find_packings(const struct build_platforms *p, const struct build_output *o, struct oci_store *store,
                         struct packings *ret, struct error *err)
{
        ret->items = memory_zalloc(p->count, sizeof(*ret->items));
        ret->packs = memory_zalloc(p->count, sizeof(*ret->packs));
        for (; ret->count < p->count; ret->count++) {
                if (build_output_packing(o, store, &p->images[ret->count], &ret->items[ret->count], err) < 0)
                        return -1;
                ret->packs[ret->count] = ret->items[ret->count].pack;
        }
        cmd_annotations_select(&o->annotations, CMD_ANNOTATION_INDEX, NULL, &ret->index);
        cmd_annotations_select(&o->annotations, CMD_ANNOTATION_INDEX_DESCRIPTOR, NULL, &ret->index_descriptor);
        return 0;
}

static struct builder_index_options index_options(const struct build_platforms *p, const struct packings *k,
                                                  struct builder_workshop *w)
{
        return (struct builder_index_options){.workshop = w,
                                              .images = p->images,
                                              .packs = k->packs,
                                              .count = p->count,
                                              .annotations = k->index.count > 0 ? &k->index : NULL};
}

/* --- outputs ------------------------------------------------------------------------- */

/* The index of the build: the one of the output that --metadata-file speaks of. */
static int keep(struct build_platforms *p, const struct build_outputs *outputs, const struct build_product *product,
                struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_PACKINGS struct packings packings = {.items = NULL};
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct builder_index_options o;

        if (find_packings(p, build_outputs_find_manifest(outputs), product->store, &packings, err) < 0 ||
            cmd_name_parse_all(product->tags, &names, err) < 0 ||
            builder_workshop_open(&w, product->store, product->log, err) < 0)
                return -1;
        o = index_options(p, &packings, &w);
        p->has_index = true;
        return builder_index_make(&o, &p->index, err) < 0 ? -1 : builder_index_keep(&o, &p->index, &names, err);
}

static int save(const struct build_platforms *p, const struct build_output *output, const struct build_product *product,
                int fd, struct error *err)
{
        CLEANUP_PACKINGS struct packings packings = {.items = NULL};
        CLEANUP_STRV struct strv images = STRV_INIT;
        struct builder_save_options o = {.store = product->store,
                                         .log = product->log,
                                         .images = &images,
                                         .directory = output->directory ? output->dest : NULL,
                                         .fd = fd,
                                         .combine = p->count};
        char id[OCI_DIGEST_TEXT + 1];

        if (find_packings(p, output, product->store, &packings, err) < 0)
                return -1;
        o.packs = packings.packs;
        o.index_annotations = packings.index.count > 0 ? &packings.index : NULL;
        o.index_descriptor_annotations = packings.index_descriptor.count > 0 ? &packings.index_descriptor : NULL;
        for (size_t i = 0; i < p->count; i++) {
                oci_digest_format(&p->images[i], id);
                strv_add(&images, id);
        }
        strv_extend(&images, product->tags);
        return builder_archive_save(&o, err);
}

static int save_archive(const struct build_platforms *p, const struct build_output *output,
                        const struct build_product *product, struct error *err)
{
        CLEANUP_OUTPUT struct cmd_output file = CMD_OUTPUT_INIT;

        if (output->directory)
                return save(p, output, product, -1, err);
        if (cmd_output_open(&file, output->dest, err) < 0 || save(p, output, product, file.fd, err) < 0)
                return -1;
        return cmd_output_commit(&file, err);
}

/* A directory for each platform, "linux_arm64", as buildx; or, with platform-split=false, all in one. */
static int export_files(const struct build_platforms *p, const struct build_output *output,
                        const struct build_product *product, struct error *err)
{
        if (!output->no_split && mkdir(output->dest, 0777) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make directory %s", output->dest);
        for (size_t i = 0; i < p->count; i++) {
                const struct builder_export_options files = {product->store, product->log, p->images[i], NULL};
                CLEANUP_FREE char *name = build_output_directory(p->names.items[i]);
                CLEANUP_FREE char *path = NULL;

                path = output->no_split ? memory_strdup(output->dest) : memory_printf("%s/%s", output->dest, name);
                if (builder_export_directory(&files, path, err) < 0)
                        return -1;
        }
        return 0;
}

/* The order of the directories' names is that of a tar. */
static int compare_directories(const void *a, const void *b)
{
        const struct builder_export_options *x = a, *y = b;

        return strcmp(x->directory, y->directory);
}

/* One tar with a directory for each platform, as buildx. */
static int export_tar(const struct build_platforms *p, const struct build_output *output,
                      const struct build_product *product, struct error *err)
{
        CLEANUP_FREE struct builder_export_options *images = memory_zalloc(p->count, sizeof(*images));
        CLEANUP_STRV struct strv directories = STRV_INIT;
        CLEANUP_OUTPUT struct cmd_output file = CMD_OUTPUT_INIT;

        for (size_t i = 0; i < p->count; i++) {
                strv_take(&directories, build_output_directory(p->names.items[i]));
                images[i] = (struct builder_export_options){product->store, product->log, p->images[i],
                                                            directories.items[i]};
        }
        qsort(images, p->count, sizeof(*images), compare_directories);
        if (cmd_output_open(&file, output->dest, err) < 0 ||
            builder_export_tar(images, p->count, file.fd, err) < 0)
                return -1;
        return cmd_output_commit(&file, err);
}

static int push_with(const struct build_platforms *p, const struct build_output *output,
                     const struct build_product *product, const struct strv *destinations,
                     const struct builder_push_watch *watch, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_BUILDER_INDEX struct builder_index index = BUILDER_INDEX_INIT;
        CLEANUP_PACKINGS struct packings packings = {.items = NULL};
        struct builder_index_options o;

        if (find_packings(p, output, product->store, &packings, err) < 0 ||
            builder_workshop_open(&w, product->store, product->log, err) < 0)
                return -1;
        w.registry = build_output_registry(output, product, destinations);
        o = index_options(p, &packings, &w);
        o.keep_tags = product->keep_tags;
        return builder_index_make(&o, &index, err) < 0
                       ? -1
                       : builder_index_push(&o, &index, destinations, output->by_digest, watch, err);
}

static int push(const struct build_platforms *p, const struct build_output *output, const struct build_product *product,
                struct error *err)
{
        CLEANUP_STRV struct strv destinations = STRV_INIT;
        CLEANUP_FREE char *title = NULL;
        struct builder_push_watch watch;
        struct cmd_transfers transfers;
        unsigned step;
        int result;

        if (cmd_name_parse_all(output->names.count > 0 ? &output->names : product->tags, &destinations, err) < 0)
                return -1;
        cmd_transfers_open(&transfers, product->progress, product->steps);
        watch = cmd_transfers_push(&transfers);
        title = memory_printf("push %s for %zu platforms", destinations.items[0], p->count);
        step = cmd_transfers_begin(&transfers, title);
        result = push_with(p, output, product, &destinations, &watch, err);
        cmd_transfers_end(&transfers, step, result < 0 ? err : NULL);
        cmd_transfers_close(&transfers);
        return result;
}

static int write_one(const struct build_platforms *p, const struct build_output *output,
                     const struct build_product *product, struct error *err)
{
        switch (output->kind) {
        case BUILD_OUTPUT_LOCAL:
                return export_files(p, output, product, err);
        case BUILD_OUTPUT_OCI:
                return save_archive(p, output, product, err);
        case BUILD_OUTPUT_IMAGE:
                return output->push ? push(p, output, product, err) : 0;
        case BUILD_OUTPUT_TAR:
                return export_tar(p, output, product, err);
        case BUILD_OUTPUT_DOCKER:
        case BUILD_OUTPUT_CACHEONLY:
                break;
        }
        return 0;
}

int build_platforms_deliver(struct build_platforms *p, const struct build_outputs *outputs,
                            const struct build_product *product, bool wanted, struct error *err)
{
        wanted = wanted || product->tags->count > 0;
        for (size_t i = 0; i < outputs->count; i++)
                wanted = wanted || outputs->items[i].kind == BUILD_OUTPUT_IMAGE;
        if (wanted && keep(p, outputs, product, err) < 0)
                return -1;
        for (size_t i = 0; i < outputs->count; i++) {
                const struct build_output *one = &outputs->items[i];

                if (write_one(p, one, product, err) < 0)
                        return one->kind == BUILD_OUTPUT_IMAGE
                                       ? -1
                                       : error_wrap(err, "--output %s", one->dest ? one->dest : "to standard output");
        }
        return 0;
}
