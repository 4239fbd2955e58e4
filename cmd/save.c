/* SPDX-License-Identifier: Apache-2.0 */
/* bryo save */
#include <stdio.h>
#include <string.h>

#include "builder/archive.h"
#include "builder/index.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/output.h"
#include "cmd/pack_flags.h"
#include "cmd/program.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"

struct save_flags {
        const char *root, *output, *format, *compression, *level;
};

struct destination {
        struct cmd_output *output;
        const char *path;
};

/* Only once every image was found: a mistyped name creates no file. */
static int begin(void *context, int *ret_fd, struct error *err)
{
        struct destination *d = context;

        if (cmd_output_open(d->output, d->path, err) < 0)
                return -1;
        *ret_fd = d->output->fd;
        return 0;
}

/* *ret is NULL when no flag says anything. */
static int parse_compression(const struct save_flags *f, struct oci_pack_options *options, const struct oci_pack_options **ret,
                             struct error *err)
{
        *options = (struct oci_pack_options)OCI_PACK_DEFAULT;
        if (cmd_pack_compression("--compression", f->compression, options, err) < 0 ||
            cmd_pack_level("--compression-level", f->level, options, err) < 0)
                return -1;
        /* who asks for one of them means every layer, also those that came in another */
        options->force = f->compression != NULL;
        *ret = f->compression || f->level ? options : NULL;
        return 0;
}

/* One name that is an index whose images are all here: the whole of it. `o` then borrows from `ret`. */
struct whole {
        struct strv images; /* their IDs, and the name */
        struct oci_pack_options *packs;
        struct oci_index *index;
};

static void whole_free(struct whole *w)
{
        strv_free(&w->images);
        free(w->packs);
        oci_index_free(w->index);
}

#define CLEANUP_WHOLE __attribute__((cleanup(whole_free)))

static int find_whole(struct builder_save_options *o, struct whole *ret, struct error *err)
{
        static const struct oci_pack_options usual = OCI_PACK_DEFAULT;
        CLEANUP_BUILDER_INDEX_KEPT struct builder_index_kept kept = BUILDER_INDEX_KEPT_INIT;
        struct sha256_digest id;
        char text[OCI_DIGEST_TEXT + 1];

        if (o->docker || o->images->count != 1)
                return 0;
        if (oci_image_resolve(o->store, o->images->items[0], &id, NULL, err) < 0 ||
            builder_index_find(o->store, &id, &kept, err) < 0)
                return -1;
        builder_index_tell(&kept, o->images->items[0], o->log);
        if (!builder_index_goes_whole(&kept))
                return 0;
        if (oci_index_parse("the index", kept.index.bytes.data, kept.index.bytes.size, kept.index.descriptor.media_type,
                            &ret->index, err) < 0)
                return -1;
        ret->packs = memory_zalloc(kept.count, sizeof(*ret->packs));
        for (size_t i = 0; i < kept.count; i++) {
                ret->packs[i] = o->pack ? *o->pack : usual;
                oci_digest_format(&kept.images[i], text);
                strv_add(&ret->images, text);
        }
        strv_extend(&ret->images, o->images);
        o->images = &ret->images;
        o->packs = ret->packs;
        o->combine = kept.count;
        o->index_annotations = ret->index->annotations.count > 0 ? &ret->index->annotations : NULL;
        return 0;
}

static int save(const struct save_flags *f, const struct strv *images, bool directory, bool docker, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_OUTPUT struct cmd_output output = CMD_OUTPUT_INIT;
        struct destination destination = {&output, f->output};
        struct oci_pack_options pack;
        CLEANUP_WHOLE struct whole whole = {.packs = NULL};
        struct builder_save_options o = {.log = &cmd_notice_log, .images = images, .fd = -1, .docker = docker};

        if (parse_compression(f, &pack, &o.pack, err) < 0)
                return -1;
        if (cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0)
                return -1;
        o.store = store;
        if (find_whole(&o, &whole, err) < 0)
                return -1;
        if (directory) {
                o.directory = f->output;
                return builder_archive_save(&o, err);
        }
        o.begin = begin;
        o.context = &destination;
        if (builder_archive_save(&o, err) < 0)
                return -1;
        return cmd_output_commit(&output, err);
}

static int parse_format(const struct save_flags *f, bool *ret_directory, bool *ret_docker, struct error *err)
{
        *ret_directory = f->format && strcmp(f->format, "oci-dir") == 0;
        *ret_docker = f->format ? strcmp(f->format, "docker-archive") == 0
                                : cmd_program_is("docker") || cmd_program_is("podman");
        if (f->format && !*ret_directory && !*ret_docker && strcmp(f->format, "oci-archive") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--format %s: the formats are oci-archive, docker-archive and oci-dir", f->format);
        if (*ret_directory && (!f->output || strcmp(f->output, "-") == 0))
                return error_set(err, OPTIONS_EUSAGE, "--format oci-dir needs -o DIR");
        return 0;
}

int cmd_save(char *const *argv, struct error *err)
{
        struct save_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"compression", 0, OPTION_TEXT, &f.compression, "TYPE",
                 "gzip (default), zstd or none; layers that came in another are compressed again"},
                {"compression-level", 0, OPTION_TEXT, &f.level, "N", "0-9 for gzip (default 2), 0-22 for zstd (default 3)"},
                {"format", 0, OPTION_TEXT, &f.format, "FORMAT", "oci-archive (default, but for a link called docker or podman), docker-archive or oci-dir"},
                {"output", 'o', OPTION_TEXT, &f.output, "PATH",
                 "Write to this file or directory (default: standard output)"},
                CMD_ROOT_ROW(&f.root),
        };
        const struct option_table table = {
                .usage = "bryo save [OPTIONS] IMAGE...",
                .about = "Saves images as an OCI archive, as an archive for docker load, or as an OCI image layout directory.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool directory, docker, done;

        if (cmd_arguments_parse(&table, argv, 1, CMD_ARGUMENTS_MANY, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (parse_format(&f, &directory, &docker, err) < 0)
                return -1;
        return save(&f, &words, directory, docker, err);
}
