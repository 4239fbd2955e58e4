/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `bryo build` about caches outside the store. */
#include "cmd/build_cache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/csv.h"
#include "common/memory.h"
#include "dockerfile/value.h"
#include "oci/digest.h"
#include "oci/reference.h"

#define TAG         "bryo-cache"
#define NANOSECONDS ((int64_t)1000000000)

/* What is being read: one value of --cache-from or --cache-to. */
struct reading {
        const char *flag;
        const char *text;
        bool write;
        struct strv *warnings;
        struct strv *insecure_hosts; /* as of --insecure-registry */
        bool insecure;               /* registry.insecure=true */
        struct builder_cache_place_options *place;
        bool unreachable; /* a type of cache that only another builder reaches */
};

/* Attributes of BuildKit's caches that say what bryo does anyway, or that change only how bytes are packed. */
static const char *const without_effect[] = {"force-compression", "oci-mediatypes", "reset"};

static void replace(char **field, const char *value)
{
        free(*field);
        *field = memory_strdup(value);
}

static int set_type(struct reading *r, const char *value, struct error *err)
{
        static const char *const elsewhere[] = {"gha", "s3", "azblob"};

        if (strcmp(value, "local") == 0) {
                r->place->kind = BUILDER_CACHE_LOCAL;
                return 0;
        }
        if (strcmp(value, "registry") == 0) {
                r->place->kind = BUILDER_CACHE_REGISTRY;
                return 0;
        }
        if (strcmp(value, "inline") == 0 && r->write) {
                r->place->kind = BUILDER_CACHE_INLINE;
                return 0;
        }
        if (strcmp(value, "inline") == 0)
                return error_set(
                        err, OPTIONS_EUSAGE,
                        "%s %s: name the image whose cache is in it: type=registry,ref=IMAGE or type=local,src=DIR",
                        r->flag, r->text);
        for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
                if (strcmp(value, elsewhere[i]) == 0) {
                        r->unreachable = true;
                        return 0;
                }
        return error_set(err, OPTIONS_EUSAGE, "%s type=%s: the types are local, registry and inline", r->flag, value);
}

static int set_switch(const struct reading *r, const char *key, const char *value, bool *ret, struct error *err)
{
        *ret = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        if (!*ret && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
                return error_set(err, OPTIONS_EUSAGE, "%s %s=%s: say true or false", r->flag, key, value);
        return 0;
}

static int set_mode(const struct reading *r, const char *value, struct error *err)
{
        r->place->max = strcmp(value, "max") == 0;
        if (!r->place->max && strcmp(value, "min") != 0)
                return error_set(err, OPTIONS_EUSAGE, "%s mode=%s: say min or max", r->flag, value);
        return 0;
}

static int set_digest(const struct reading *r, const char *value, struct error *err)
{
        struct sha256_digest digest;

        replace(&r->place->digest, value);
        if (oci_digest_parse(value, &digest, err) == 0)
                return 0;
        err->code = OPTIONS_EUSAGE;
        return error_wrap(err, "%s digest", r->flag);
}

static int usage(const struct reading *r, struct error *err)
{
        err->code = OPTIONS_EUSAGE;
        return error_wrap(err, "%s %s", r->flag, r->text);
}

static int set_level(struct reading *r, const char *value, struct error *err)
{
        char *end;
        long level = strtol(value, &end, 10);

        if (end == value || *end != '\0' || level < 0 || level > 100)
                return error_set(err, OPTIONS_EUSAGE, "%s compression-level=%s: give a number", r->flag, value);
        r->place->compress.level = (int)level;
        return 0;
}

/* The index of blobs that BuildKit writes without it is refused by many registries. */
static int set_form(const struct reading *r, const char *value, struct error *err)
{
        bool manifest;

        if (set_switch(r, "image-manifest", value, &manifest, err) < 0)
                return -1;
        return manifest ? 0
                        : error_set(err, OPTIONS_EUSAGE,
                                    "%s image-manifest=false cannot be done: caches are image manifests", r->flag);
}

static bool has_no_effect(const char *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(without_effect); i++)
                if (strcmp(without_effect[i], key) == 0)
                        return true;
        return false;
}

static int set_attribute(struct reading *r, const char *key, const char *value, struct error *err)
{
        bool ignore;

        if (strcmp(key, "type") == 0)
                return set_type(r, value, err);
        if (r->unreachable || strcmp(key, "ref") == 0 || strcmp(key, r->write ? "dest" : "src") == 0) {
                replace(&r->place->where, value);
                return 0;
        }
        if (strcmp(key, "tag") == 0) {
                replace(&r->place->tag, value);
                return 0;
        }
        if (strcmp(key, "digest") == 0 && !r->write)
                return set_digest(r, value, err);
        if (strcmp(key, "mode") == 0 && r->write)
                return set_mode(r, value, err);
        if (strcmp(key, "cache-mounts") == 0)
                return set_switch(r, key, value, &r->place->mounts, err);
        if (strcmp(key, "registry.insecure") == 0)
                return set_switch(r, key, value, &r->insecure, err);
        if (strcmp(key, "compression") == 0 && r->write)
                return oci_compression_parse(value, &r->place->compress.compression, err) < 0 ? usage(r, err) : 0;
        if (strcmp(key, "compression-level") == 0 && r->write)
                return set_level(r, value, err);
        if (strcmp(key, "image-manifest") == 0)
                return set_form(r, value, err);
        if (strcmp(key, "ignore-error") == 0) {
                if (set_switch(r, key, value, &ignore, err) < 0)
                        return -1;
                r->place->strict = !ignore;
                return 0;
        }
        if (!has_no_effect(key))
                return error_set(err, OPTIONS_EUSAGE, "%s %s=%s: there is no such attribute", r->flag, key, value);
        strv_take(r->warnings,
                  memory_printf("%s %s=%s is ignored: bryo's caches are written in one way", r->flag, key, value));
        return 0;
}

static int read_fields(struct reading *r, struct error *err)
{
        CLEANUP_STRV struct strv fields = STRV_INIT;

        if (csv_split(r->text, &fields, err) < 0)
                return error_wrap(err, "%s", r->flag);
        for (size_t i = 0; i < fields.count; i++) {
                CLEANUP_FREE char *key = memory_strndup(fields.items[i], strcspn(fields.items[i], "="));
                const char *value = fields.items[i] + strlen(key);

                if (*value != '=')
                        return error_set(err, OPTIONS_EUSAGE, "%s %s: %s is no KEY=VALUE", r->flag, r->text, key);
                if (set_attribute(r, key, value + 1, err) < 0)
                        return -1;
        }
        return 0;
}

static int check(const struct reading *r, struct error *err)
{
        const struct builder_cache_place_options *p = r->place;

        if (r->unreachable)
                return 0;
        if (p->kind == BUILDER_CACHE_LOCAL && !p->where)
                return error_set(err, OPTIONS_EUSAGE, "%s %s: a directory is needed: add %s=DIR", r->flag, r->text,
                                 r->write ? "dest" : "src");
        if (p->kind == BUILDER_CACHE_REGISTRY && !p->where)
                return error_set(err, OPTIONS_EUSAGE, "%s %s: a reference is needed: add ref=NAME", r->flag, r->text);
        if (p->kind == BUILDER_CACHE_INLINE && p->max)
                return error_set(err, OPTIONS_EUSAGE,
                                 "%s type=inline,mode=max: an image holds the layers of its own steps only; write "
                                 "mode=min, or another type",
                                 r->flag);
        if (p->kind == BUILDER_CACHE_INLINE && p->mounts)
                return error_set(
                        err, OPTIONS_EUSAGE,
                        "%s type=inline,cache-mounts=true: an image holds no cache mounts; choose another type",
                        r->flag);
        return 0;
}

/* The whole build may ask that registry by http then, as with --insecure-registry. */
static void allow_insecure(const struct reading *r)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT; /* what is no reference is told by whoever opens the place */
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;

        if (r->insecure && r->place->kind == BUILDER_CACHE_REGISTRY && !r->unreachable &&
            oci_reference_parse(r->place->where, &reference, &ignored) == 0)
                strv_add(r->insecure_hosts, reference->domain);
}

static bool has_tag(const char *text)
{
        const char *slash = strrchr(text, '/');

        return strchr(slash ? slash : text, ':') != NULL || strchr(text, '@') != NULL;
}

/* A bare repository is what buildah and kaniko take, which put a tag for each step there. One tag is enough. */
static int read_one(struct reading *r, struct error *err)
{
        *r->place = (struct builder_cache_place_options){
                .compress = {.compression = OCI_COMPRESSION_GZIP, .level = OCI_COMPRESS_LEVEL_DEFAULT},
                .kind = BUILDER_CACHE_REGISTRY};
        if (!strchr(r->text, '=')) {
                r->place->where = has_tag(r->text) ? memory_strdup(r->text) : memory_printf("%s:" TAG, r->text);
                r->place->max = true;
                return 0;
        }
        if (read_fields(r, err) < 0 || check(r, err) < 0)
                return -1;
        allow_insecure(r);
        return oci_compress_check(&r->place->compress, err) < 0 ? usage(r, err) : 0;
}

static int read_places(const char *flag, const struct strv *texts, bool write, struct build_flags *f,
                       struct builder_cache_place_options **places, size_t *count, size_t *cap, struct error *err)
{
        for (size_t i = 0; i < texts->count; i++) {
                struct reading r = {.flag = flag,
                                    .text = texts->items[i],
                                    .write = write,
                                    .warnings = &f->warnings,
                                    .insecure_hosts = &f->registry.insecure};

                memory_grow(places, cap, *count + 1, sizeof(**places));
                r.place = &(*places)[(*count)++];
                if (read_one(&r, err) < 0)
                        return -1;
                if (!r.unreachable)
                        continue;
                strv_take(&f->warnings,
                          memory_printf("%s %s is ignored: bryo keeps caches in directories, registries and images",
                                        flag, r.text));
                builder_cache_place_options_free(r.place);
                (*count)--;
        }
        return 0;
}

/* A duration of Go, as buildah's and kaniko's; 0 wants no cache at all (buildah-build.1). */
static int read_ttl(const char *text, struct builder_cache_options *ret, struct error *err)
{
        int64_t duration;

        if (!text)
                return 0;
        if (dockerfile_duration_parse(text, &duration, err) < 0) {
                err->code = OPTIONS_EUSAGE;
                return error_wrap(err, "--cache-ttl");
        }
        if (duration < 0)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--cache-ttl %s: a time that is over already; write 12h, for example", text);
        ret->has_oldest = true;
        ret->oldest = duration == 0 ? INT64_MAX : (int64_t)time(NULL) - duration / NANOSECONDS;
        return 0;
}

int build_cache_read(struct build_flags *f, struct builder_cache_options *ret, struct error *err)
{
        *ret = (struct builder_cache_options){.from = NULL};
        if (read_places("--cache-from", &f->cache_from, false, f, &ret->from, &ret->from_count,
                        &ret->from_cap, err) < 0 ||
            read_places("--cache-to", &f->cache_to, true, f, &ret->to, &ret->to_count, &ret->to_cap, err) <
                    0)
                return -1;
        return read_ttl(f->cache_ttl, ret, err);
}
