/* SPDX-License-Identifier: Apache-2.0 */
/* Where the result of a build goes besides the store. */
#include "cmd/build_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/archive.h"
#include "builder/export.h"
#include "cmd/csv.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "common/memory.h"
#include "oci/digest.h"

/* --- reading --------------------------------------------------------------- */

static const struct {
        const char *name;
        enum build_output_kind kind;
} kinds[] = {
        { "image", BUILD_OUTPUT_IMAGE }, { "local", BUILD_OUTPUT_LOCAL },   { "tar", BUILD_OUTPUT_TAR },
        { "oci", BUILD_OUTPUT_OCI },     { "docker", BUILD_OUTPUT_DOCKER }, { "cacheonly", BUILD_OUTPUT_CACHEONLY },
};

/* Attributes of BuildKit's exporters that bryo has no use for, as yet. */
static const char *const without_effect[] = {
        "annotation",        "attestation-inline", "attestation-prefix", "compatibility-version", "compression",
        "compression-level", "dangling-name-prefix", "force-compression", "mode",                 "name-canonical",
        "oci-artifact",      "oci-mediatypes",     "platform-split",     "prefer-nondist-layers", "push-by-digest",
        "registry.insecure", "rewrite-timestamp",  "source-date-epoch",  "store",                 "unpack",
};

static bool has_no_effect(const char *key)
{
        if (strncmp(key, "annotation", 10) == 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(without_effect); i++)
                if (strcmp(key, without_effect[i]) == 0)
                        return true;
        return false;
}

static int set_kind(struct build_output *o, const char *value, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (strcmp(kinds[i].name, value) == 0) {
                        o->kind = kinds[i].kind;
                        return 0;
                }
        }
        if (strcmp(value, "registry") == 0)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--output type=registry cannot be done: bryo does not talk to registries yet; write type=oci,dest=image.tar "
                                 "and push it with skopeo copy oci-archive:image.tar docker://NAME");
        return error_set(err, OPTIONS_EUSAGE, "--output type=%s: the types are local, tar, oci, docker, image and cacheonly", value);
}

static int set_switch(const char *key, const char *value, bool *ret, struct error *err)
{
        *ret = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        if (!*ret && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--output %s=%s: say true or false", key, value);
        return 0;
}

static int set_push(const char *value, struct error *err)
{
        bool push;

        if (set_switch("push", value, &push, err) < 0)
                return -1;
        return push ? error_set(err, OPTIONS_EUSAGE, "--output push=true cannot be done: bryo does not talk to registries yet") : 0;
}

static int set_attribute(struct build_output *o, const char *key, const char *value, struct strv *warnings, struct error *err)
{
        bool tar;

        if (strcmp(key, "type") == 0)
                return set_kind(o, value, err);
        if (strcmp(key, "dest") == 0) {
                free(o->dest);
                o->dest = memory_strdup(value);
                return 0;
        }
        if (strcmp(key, "name") == 0)
                return csv_split(value, &o->names, err);
        if (strcmp(key, "push") == 0)
                return set_push(value, err);
        if (strcmp(key, "tar") == 0) {
                if (set_switch(key, value, &tar, err) < 0)
                        return -1;
                o->directory = !tar;
                return 0;
        }
        if (!has_no_effect(key))
                return error_set(err, OPTIONS_EUSAGE, "--output %s=%s: there is no such attribute", key, value);
        strv_take(warnings, memory_printf("--output %s=%s is ignored: layers and files are written as they are in the store", key, value));
        return 0;
}

static int check(struct build_output *o, struct error *err)
{
        bool to_stdout = !o->dest || strcmp(o->dest, "-") == 0;

        if (to_stdout && (o->kind == BUILD_OUTPUT_LOCAL || (o->kind == BUILD_OUTPUT_OCI && o->directory)))
                return error_set(err, OPTIONS_EUSAGE, "--output: a directory is needed: add dest=DIR");
        if (to_stdout)
                free(STEAL(o->dest));
        if (o->directory && o->kind == BUILD_OUTPUT_DOCKER)
                return error_set(err, OPTIONS_EUSAGE, "--output type=docker,tar=false: docker loads archives only; write type=oci,tar=false");
        return 0;
}

static int parse_one(const char *text, struct build_output *o, struct strv *warnings, struct error *err)
{
        CLEANUP_STRV struct strv fields = STRV_INIT;

        *o = (struct build_output){ .kind = BUILD_OUTPUT_IMAGE };
        if (strcmp(text, "-") == 0) {
                o->kind = BUILD_OUTPUT_TAR;
                return 0;
        }
        if (csv_split(text, &fields, err) < 0)
                return error_wrap(err, "--output");
        if (fields.count == 1 && !strchr(text, '=')) {
                o->kind = BUILD_OUTPUT_LOCAL;
                o->dest = memory_strdup(text);
                return 0;
        }
        for (size_t i = 0; i < fields.count; i++) {
                CLEANUP_FREE char *key = memory_strndup(fields.items[i], strcspn(fields.items[i], "="));
                const char *value = fields.items[i] + strlen(key);

                if (*value != '=')
                        return error_set(err, OPTIONS_EUSAGE, "--output %s: %s is no KEY=VALUE", text, key);
                if (set_attribute(o, key, value + 1, warnings, err) < 0)
                        return -1;
        }
        return check(o, err);
}

int build_outputs_parse(const struct strv *texts, struct build_outputs *ret, struct strv *warnings, struct error *err)
{
        *ret = (struct build_outputs){ memory_zalloc(texts->count, sizeof(*ret->items)), 0 };
        for (size_t i = 0; i < texts->count; i++)
                if (parse_one(texts->items[i], &ret->items[ret->count++], warnings, err) < 0)
                        return -1;
        return 0;
}

void build_outputs_free(struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++) {
                free(o->items[i].dest);
                strv_free(&o->items[i].names);
        }
        free(o->items);
}

void build_outputs_names(const struct build_outputs *o, struct strv *ret)
{
        for (size_t i = 0; i < o->count; i++)
                strv_extend(ret, &o->items[i].names);
}

static bool writes_stream(const struct build_output *o)
{
        return o->kind == BUILD_OUTPUT_TAR || o->kind == BUILD_OUTPUT_DOCKER || (o->kind == BUILD_OUTPUT_OCI && !o->directory);
}

bool build_outputs_use_stdout(const struct build_outputs *o)
{
        for (size_t i = 0; i < o->count; i++)
                if (writes_stream(&o->items[i]) && !o->items[i].dest)
                        return true;
        return false;
}

/* --- writing --------------------------------------------------------------- */

struct result {
        struct oci_store *store;
        const struct log *log;
        const struct sha256_digest *image;
        const struct strv *tags;
};

/* The image under its names, or under its ID when it has none. */
static int save(const struct result *r, const char *directory, int fd, bool docker, struct error *err)
{
        CLEANUP_STRV struct strv images = STRV_INIT;
        const struct builder_save_options o = {
                .store = r->store, .log = r->log, .images = &images, .directory = directory, .fd = fd, .docker = docker,
        };
        char id[OCI_DIGEST_TEXT + 1];

        oci_digest_format(r->image, id);
        strv_add(&images, id);
        strv_extend(&images, r->tags);
        return builder_archive_save(&o, err);
}

static int write_stream(const struct result *r, const struct build_output *o, struct error *err)
{
        CLEANUP_OUTPUT struct cmd_output file = CMD_OUTPUT_INIT;
        const struct builder_export_options files = { r->store, r->log, *r->image };

        if (cmd_output_open(&file, o->dest, err) < 0)
                return -1;
        if ((o->kind == BUILD_OUTPUT_TAR ? builder_export_tar(&files, file.fd, err)
                                         : save(r, NULL, file.fd, o->kind == BUILD_OUTPUT_DOCKER, err)) < 0)
                return -1;
        return cmd_output_commit(&file, err);
}

static int write_one(const struct result *r, const struct build_output *o, struct error *err)
{
        const struct builder_export_options files = { r->store, r->log, *r->image };

        if (writes_stream(o))
                return write_stream(r, o, err);
        if (o->kind == BUILD_OUTPUT_LOCAL)
                return builder_export_directory(&files, o->dest, err);
        return o->kind == BUILD_OUTPUT_OCI ? save(r, o->dest, -1, false, err) : 0;
}

int build_outputs_write(const struct build_outputs *o, struct oci_store *store, const struct log *log,
                        const struct sha256_digest *image, const struct strv *tags, struct error *err)
{
        const struct result r = { store, log, image, tags };

        for (size_t i = 0; i < o->count; i++)
                if (write_one(&r, &o->items[i], err) < 0)
                        return error_wrap(err, "--output %s", o->items[i].dest ? o->items[i].dest : "to standard output");
        return 0;
}
