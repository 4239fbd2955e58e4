/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a build goes where --output says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/archive.h"
#include "builder/export.h"
#include "cmd/build_output.h"
#include "cmd/output.h"
#include "common/memory.h"
#include "oci/config.h"
#include "oci/digest.h"
#include "oci/image.h"

static bool writes_stream(const struct build_output *o)
{
        return o->kind == BUILD_OUTPUT_TAR || o->kind == BUILD_OUTPUT_DOCKER ||
               (o->kind == BUILD_OUTPUT_OCI && !o->directory);
}

bool build_outputs_use_stdout(const struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++)
                if (writes_stream(&o->items[i]) && !o->items[i].dest)
                        return true;
        return false;
}

/* --- packing --------------------------------------------------------------- */

int build_output_packing(const struct build_output *o, struct oci_store *store, const struct sha256_digest *image,
                         struct build_packing *ret, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        struct oci_platform platform = {.os = NULL};

        *ret = (struct build_packing){.pack = o->pack};
        if (oci_image_load_config(store, image, &config, err) < 0)
                return -1;
        platform.os = config->os;
        platform.architecture = config->architecture;
        platform.variant = config->variant;
        cmd_annotations_select(&o->annotations, CMD_ANNOTATION_MANIFEST, &platform, &ret->annotations);
        cmd_annotations_select(&o->annotations, CMD_ANNOTATION_MANIFEST_DESCRIPTOR, &platform,
                               &ret->descriptor_annotations);
        ret->pack.annotations = &ret->annotations;
        ret->pack.descriptor_annotations = &ret->descriptor_annotations;
        return 0;
}

void build_packing_free(struct build_packing *p)
{
        oci_labels_free(&p->annotations);
        oci_labels_free(&p->descriptor_annotations);
}

const struct build_output *build_outputs_find_manifest(const struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++)
                if (o->items[i].push)
                        return &o->items[i];
        for (size_t i = 0; i < o->count; i++)
                if (o->items[i].kind == BUILD_OUTPUT_OCI || o->items[i].kind == BUILD_OUTPUT_DOCKER ||
                    o->items[i].kind == BUILD_OUTPUT_IMAGE)
                        return &o->items[i];
        return &o->items[0];
}

/* --- writing --------------------------------------------------------------- */

/* The image under its names, or under its ID when it has none. */
static int save(const struct build_product *r, const struct build_output *output, const char *directory, int fd,
                struct error *err)
{
        CLEANUP_STRV struct strv images = STRV_INIT;
        CLEANUP_BUILD_PACKING struct build_packing packing = {.annotations = {0}};
        const struct builder_save_options o = {
                .store = r->store,
                .log = r->log,
                .images = &images,
                .directory = directory,
                .fd = fd,
                .docker = output->kind == BUILD_OUTPUT_DOCKER,
                .pack = &packing.pack,
        };
        char id[OCI_DIGEST_TEXT + 1];

        if (build_output_packing(output, r->store, r->image, &packing, err) < 0)
                return -1;
        oci_digest_format(r->image, id);
        strv_add(&images, id);
        strv_extend(&images, r->tags);
        return builder_archive_save(&o, err);
}

char *build_output_directory(const char *platform)
{
        char *name = memory_strdup(platform);

        for (char *c = name; *c; c++)
                *c = *c == '/' ? '_' : *c;
        return name;
}

/* The directory for the image's platform, if one is asked for; else NULL. */
static int find_directory(const struct build_product *r, const struct build_output *o, char **ret, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_PLATFORM struct oci_platform *platform = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        *ret = NULL;
        if (!o->split)
                return 0;
        if (oci_image_load_config(r->store, r->image, &config, err) < 0)
                return -1;
        platform = oci_platform_copy(&(struct oci_platform){
                .os = config->os, .architecture = config->architecture, .variant = config->variant});
        oci_platform_normalize(platform);
        oci_platform_format(platform, &text);
        *ret = build_output_directory(buffer_text(&text));
        return 0;
}

static int write_tar(const struct build_product *r, const struct build_output *o, int fd, struct error *err)
{
        struct builder_export_options files = {r->store, r->log, *r->image, NULL};
        CLEANUP_FREE char *directory = NULL;

        if (find_directory(r, o, &directory, err) < 0)
                return -1;
        files.directory = directory;
        return builder_export_tar(&files, 1, fd, err);
}

static int write_directory(const struct build_product *r, const struct build_output *o, struct error *err)
{
        const struct builder_export_options files = {r->store, r->log, *r->image, NULL};
        CLEANUP_FREE char *directory = NULL;
        CLEANUP_FREE char *path = NULL;

        if (find_directory(r, o, &directory, err) < 0)
                return -1;
        if (!directory)
                return builder_export_directory(&files, o->dest, err);
        if (mkdir(o->dest, 0777) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make directory %s", o->dest);
        path = memory_printf("%s/%s", o->dest, directory);
        return builder_export_directory(&files, path, err);
}

static int write_stream(const struct build_product *r, const struct build_output *o, struct error *err)
{
        CLEANUP_OUTPUT struct cmd_output file = CMD_OUTPUT_INIT;

        if (cmd_output_open(&file, o->dest, err) < 0)
                return -1;
        if ((o->kind == BUILD_OUTPUT_TAR ? write_tar(r, o, file.fd, err) : save(r, o, NULL, file.fd, err)) < 0)
                return -1;
        return cmd_output_commit(&file, err);
}

static void tell_stray(const struct build_product *r, const struct cmd_annotation *one, const struct oci_platform *is)
{
        CLEANUP_BUFFER struct buffer built = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer meant = BUFFER_INIT;

        if (!cmd_annotation_is_stray(one, &is, 1))
                return;
        oci_platform_format(is, &built);
        oci_platform_format(one->platform, &meant);
        log_print(r->log, LOG_WARNING, "the annotation %s for %s is left out: the image is for %s", one->key,
                  buffer_text(&meant), buffer_text(&built));
}

/* Of an image for one platform BuildKit leaves out what is for another without a word. */
static int tell_strays(const struct build_product *r, const struct build_output *o, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        struct oci_platform is;

        if (o->annotations.count == 0)
                return 0;
        if (oci_image_load_config(r->store, r->image, &config, err) < 0)
                return -1;
        is = (struct oci_platform){.os = config->os, .architecture = config->architecture, .variant = config->variant};
        for (size_t i = 0; i < o->annotations.count; i++)
                tell_stray(r, &o->annotations.items[i], &is);
        return 0;
}

static int write_one(const struct build_product *r, const struct build_output *o, struct error *err)
{
        if (writes_stream(o))
                return write_stream(r, o, err);
        if (o->kind == BUILD_OUTPUT_LOCAL)
                return write_directory(r, o, err);
        if (o->kind == BUILD_OUTPUT_OCI)
                return save(r, o, o->dest, -1, err);
        return o->push ? build_output_push(o, r, err) : 0;
}

int build_outputs_write(const struct build_outputs *o, const struct build_product *product, struct error *err)
{
        for (size_t i = 0; i < o->count; i++) {
                const struct build_output *one = &o->items[i];

                if (tell_strays(product, one, err) < 0 || write_one(product, one, err) < 0)
                        return one->kind == BUILD_OUTPUT_IMAGE
                                       ? -1
                                       : error_wrap(err, "--output %s", one->dest ? one->dest : "to standard output");
        }
        return 0;
}
