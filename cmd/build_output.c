/* SPDX-License-Identifier: Apache-2.0 */
/* Where the result of a build goes besides the store: how the command line says it. */
#include "cmd/build_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/csv.h"
#include "cmd/options.h"
#include "cmd/pack_flags.h"
#include "common/memory.h"

static const struct {
        const char *name;
        enum build_output_kind kind;
} kinds[] = {
        {"image", BUILD_OUTPUT_IMAGE}, {"local", BUILD_OUTPUT_LOCAL},   {"tar", BUILD_OUTPUT_TAR},
        {"oci", BUILD_OUTPUT_OCI},     {"docker", BUILD_OUTPUT_DOCKER}, {"cacheonly", BUILD_OUTPUT_CACHEONLY},
};

/* Attributes of BuildKit's exporters that change nothing of what is written here, and why. */
static const struct {
        const char *key, *reason;
} without_effect[] = {
        {"attestation-inline", "bryo makes no attestations"},
        {"attestation-prefix", "bryo makes no attestations"},
        {"compatibility-version", "there is one way in which bryo writes images"},
        {"dangling-name-prefix", "an image without a name is found by its ID"},
        {"name-canonical", "an image is found by its digest as well"},
        {"oci-artifact", "bryo makes no attestations"},
        {"prefer-nondist-layers", "layers keep the type they came with"},
        {"store", "the image is always in bryo's store"},
        {"unpack", "bryo's store needs no unpacked layers"},
};

/* An output while it is read: what was said and what was not. */
struct reading {
        struct build_flags *flags; /* gets warnings */
        struct build_output *output;
        const char *compression, *level, *media_types;
        bool force;
};

static int set_kind(struct build_output *o, const char *value, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (strcmp(kinds[i].name, value) == 0) {
                        o->kind = kinds[i].kind;
                        return 0;
                }
        }
        if (strcmp(value, "registry") == 0) {
                o->kind = BUILD_OUTPUT_IMAGE;
                o->push = true;
                return 0;
        }
        return error_set(err, OPTIONS_EUSAGE,
                         "--output type=%s: the types are local, tar, oci, docker, image, registry and cacheonly",
                         value);
}

/* An attribute without a value is true, as for strconv.ParseBool's callers in BuildKit. */
static int set_switch(const char *key, const char *value, bool *ret, struct error *err)
{
        *ret = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        if (!*ret && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--output %s=%s: say true or false", key, value);
        return 0;
}

static int set_without_effect(struct reading *r, const char *key, const char *value, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(without_effect); i++) {
                if (strcmp(without_effect[i].key, key) != 0)
                        continue;
                strv_take(&r->flags->warnings,
                          memory_printf("--output %s=%s is ignored: %s", key, value, without_effect[i].reason));
                return 0;
        }
        return error_set(err, OPTIONS_EUSAGE, "--output %s=%s: there is no such attribute", key, value);
}

/* Those of which another value would give another result. */
static int set_only(const char *key, const char *value, const char *possible, const char *reason, struct error *err)
{
        if (strcmp(value, possible) == 0)
                return 0;
        return error_set(err, OPTIONS_EUSAGE, "--output %s=%s cannot be done: %s", key, value, reason);
}

/* More than one is named; that some may be the same is not known yet. */
static bool has_platforms(const struct build_flags *f)
{
        return f->platforms.count > 1 || (f->platforms.count == 1 && strchr(f->platforms.items[0], ','));
}

static int set_split(struct build_output *o, const char *key, const char *value, struct error *err)
{
        if (set_switch(key, value, &o->split, err) < 0)
                return -1;
        o->no_split = !o->split;
        return 0;
}

static int set_text(char **to, const char *value)
{
        free(*to);
        *to = memory_strdup(value);
        return 0;
}

static int set_times(struct build_output *o, const char *key, const char *value, struct error *err)
{
        bool rewrite;

        if (set_switch(key, value, &rewrite, err) < 0)
                return -1;
        o->keep_times = !rewrite;
        return 0;
}

static int set_tar(struct build_output *o, const char *key, const char *value, struct error *err)
{
        bool tar;

        if (set_switch(key, value, &tar, err) < 0)
                return -1;
        o->directory = !tar;
        return 0;
}

/* `value` lives as long as the texts of the command line's fields. */
static int set_attribute(struct reading *r, const char *key, const char *value, struct error *err)
{
        struct build_output *o = r->output;

        if (strcmp(key, "type") == 0)
                return set_kind(o, value, err);
        if (strcmp(key, "dest") == 0)
                return set_text(&o->dest, value);
        if (strcmp(key, "name") == 0)
                return csv_split(value, &o->names, err);
        if (strcmp(key, "push") == 0)
                return set_switch(key, value, &o->push, err);
        if (strcmp(key, "push-by-digest") == 0)
                return set_switch(key, value, &o->by_digest, err);
        if (strcmp(key, "registry.insecure") == 0)
                return set_switch(key, value, &o->insecure, err);
        if (strcmp(key, "tar") == 0)
                return set_tar(o, key, value, err);
        if (strcmp(key, "compression") == 0 || strcmp(key, "compression-level") == 0 ||
            strcmp(key, "oci-mediatypes") == 0) {
                *(key[0] == 'o' ? &r->media_types : key[11] ? &r->level : &r->compression) = value;
                return 0;
        }
        if (strcmp(key, "force-compression") == 0)
                return set_switch(key, value, &r->force, err);
        if (strcmp(key, "rewrite-timestamp") == 0)
                return set_times(o, key, value, err);
        if (strcmp(key, "source-date-epoch") == 0)
                return set_text(&o->epoch, value);
        if (cmd_annotations_is_attribute(key))
                return cmd_annotations_add_attribute(&o->annotations, key, value, err);
        if (strcmp(key, "mode") == 0)
                return set_only(key, value, "copy", "files that are in the directory already stay there", err);
        if (strcmp(key, "platform-split") == 0)
                return set_split(o, key, value, err);
        return set_without_effect(r, key, value, err);
}

/* --- how layers look -------------------------------------------------------- */

/* What buildah's flags say of every output; an attribute of an output goes before them. */
static int set_pack_flags(struct reading *r, struct error *err)
{
        const struct build_flags *f = r->flags;
        bool off = f->disable_compression && strcmp(f->disable_compression, "true") == 0;

        if (!r->compression && f->compression_format)
                r->compression = f->compression_format;
        else if (!r->compression && off)
                r->compression = "none";
        if (!r->level)
                r->level = f->compression_level;
        if (f->force_compression && strcmp(f->force_compression, "true") == 0)
                r->force = true;
        if (r->media_types || !f->format)
                return 0;
        if (strcmp(f->format, "docker") != 0 && strcmp(f->format, "oci") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--format %s: the formats are oci and docker", f->format);
        r->media_types = f->format[0] == 'd' ? "false" : "true";
        return 0;
}

static int set_pack(struct reading *r, struct error *err)
{
        struct oci_pack_options *pack = &r->output->pack;
        bool oci = true;

        *pack = (struct oci_pack_options)OCI_PACK_DEFAULT;
        if (set_pack_flags(r, err) < 0)
                return -1;
        /* docker has always saved layers as they are */
        if (r->output->kind == BUILD_OUTPUT_DOCKER && !r->compression) {
                r->compression = "none";
                r->force = true;
        }
        if (cmd_pack_compression("--output compression", r->compression, pack, err) < 0 ||
            cmd_pack_level("--output compression-level", r->level, pack, err) < 0)
                return -1;
        if (r->media_types && set_switch("oci-mediatypes", r->media_types, &oci, err) < 0)
                return -1;
        pack->force = r->force;
        pack->docker_types = !oci;
        pack->oci_types = r->media_types && oci;
        if (pack->docker_types && pack->compress.compression == OCI_COMPRESSION_ZSTD)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--output compression=zstd cannot be done with Docker's media types, which have no "
                                 "zstd: leave out oci-mediatypes=false");
        return 0;
}

static int set_annotation_flags(struct reading *r, struct error *err)
{
        for (size_t i = 0; i < r->flags->annotations.count; i++)
                if (cmd_annotations_add_flag(&r->output->annotations, r->flags->annotations.items[i], err) < 0)
                        return -1;
        return 0;
}

/* --- the whole -------------------------------------------------------------- */

static int check(struct build_output *o, bool several, struct error *err)
{
        bool to_stdout = !o->dest || strcmp(o->dest, "-") == 0;

        if (to_stdout && (o->kind == BUILD_OUTPUT_LOCAL || (o->kind == BUILD_OUTPUT_OCI && o->directory)))
                return error_set(err, OPTIONS_EUSAGE, "--output: a directory is needed: add dest=DIR");
        if (to_stdout)
                free(STEAL(o->dest));
        if (o->directory && o->kind == BUILD_OUTPUT_DOCKER)
                return error_set(
                        err, OPTIONS_EUSAGE,
                        "--output type=docker,tar=false: docker loads archives only; write type=oci,tar=false");
        if (!several && (cmd_annotations_has(&o->annotations, CMD_ANNOTATION_INDEX) ||
                         cmd_annotations_has(&o->annotations, CMD_ANNOTATION_INDEX_DESCRIPTOR)))
                return error_set(err, OPTIONS_EUSAGE,
                                 "an annotation of the index cannot be written: an image for one platform has no "
                                 "index; use manifest: or "
                                 "manifest-descriptor:");
        return 0;
}

static int finish(struct reading *r, struct error *err)
{
        if (set_pack(r, err) < 0 || set_annotation_flags(r, err) < 0)
                return -1;
        return check(r->output, has_platforms(r->flags), err);
}

static int parse_fields(struct reading *r, const char *text, const struct strv *fields, struct error *err)
{
        for (size_t i = 0; i < fields->count; i++) {
                CLEANUP_FREE char *key = memory_strndup(fields->items[i], strcspn(fields->items[i], "="));
                const char *value = fields->items[i] + strlen(key);

                if (*value != '=')
                        return error_set(err, OPTIONS_EUSAGE, "--output %s: %s is no KEY=VALUE", text, key);
                if (set_attribute(r, key, value + 1, err) < 0)
                        return -1;
        }
        return finish(r, err);
}

static int parse_one(struct build_flags *f, const char *text, struct build_output *o, struct error *err)
{
        CLEANUP_STRV struct strv fields = STRV_INIT;
        struct reading r = {.flags = f, .output = o};

        *o = (struct build_output){.kind = BUILD_OUTPUT_IMAGE};
        if (strcmp(text, "-") == 0) {
                o->kind = BUILD_OUTPUT_TAR;
                return finish(&r, err);
        }
        if (csv_split(text, &fields, err) < 0)
                return error_wrap(err, "--output");
        if (fields.count == 1 && !strchr(text, '=')) {
                o->kind = BUILD_OUTPUT_LOCAL;
                o->dest = memory_strdup(text);
                return finish(&r, err);
        }
        return parse_fields(&r, text, &fields, err);
}

/* --push pushes every image that is an output; without one it is an output of its own (docker buildx build). */
static int apply_push(struct build_flags *f, struct build_outputs *o, struct error *err)
{
        bool any = false;

        for (size_t i = 0; i < o->count; i++) {
                any = any || o->items[i].kind == BUILD_OUTPUT_IMAGE;
                o->items[i].push = o->items[i].push || (f->push && o->items[i].kind == BUILD_OUTPUT_IMAGE);
        }
        if (f->push && !any && parse_one(f, "type=registry", &o->items[o->count++], err) < 0)
                return -1;
        for (size_t i = 0; i < o->count; i++) {
                if (o->items[i].push && o->items[i].kind != BUILD_OUTPUT_IMAGE)
                        return error_set(err, OPTIONS_EUSAGE, "--output push=true: only type=image can be pushed");
                if (o->items[i].push && o->items[i].names.count + f->tags.count == 0)
                        return error_set(err, OPTIONS_EUSAGE,
                                         "an image without a name cannot be pushed: add --tag REGISTRY/NAME:TAG");
        }
        return 0;
}

int build_outputs_parse(struct build_flags *f, struct build_outputs *ret, struct error *err)
{
        *ret = (struct build_outputs){memory_zalloc(f->outputs.count + 2, sizeof(*ret->items)), 0};
        for (size_t i = 0; i < f->outputs.count; i++)
                if (parse_one(f, f->outputs.items[i], &ret->items[ret->count++], err) < 0)
                        return -1;
        if (ret->count == 0 && parse_one(f, "type=image", &ret->items[ret->count++], err) < 0)
                return -1;
        return apply_push(f, ret, err);
}

void build_outputs_free(struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++) {
                free(o->items[i].dest);
                free(o->items[i].epoch);
                strv_free(&o->items[i].names);
                cmd_annotations_free(&o->items[i].annotations);
        }
        free(o->items);
}

void build_outputs_names(const struct build_outputs *o, struct strv *ret)
{
        for (size_t i = 0; i < o->count; i++)
                if (!o->items[i].by_digest)
                        strv_extend(ret, &o->items[i].names);
}

int build_outputs_epoch(const struct build_outputs *o, const char **ret, struct error *err)
{
        *ret = NULL;
        for (size_t i = 0; i < o->count; i++) {
                if (!o->items[i].epoch)
                        continue;
                if (*ret && strcmp(*ret, o->items[i].epoch) != 0)
                        return error_set(err, OPTIONS_EUSAGE,
                                         "--output source-date-epoch=%s and %s: there is one image, with one time",
                                         *ret, o->items[i].epoch);
                *ret = o->items[i].epoch;
        }
        return 0;
}

bool build_outputs_keep_times(const struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++)
                if (o->items[i].keep_times)
                        return true;
        return false;
}
