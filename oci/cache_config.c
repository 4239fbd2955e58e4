/* SPDX-License-Identifier: Apache-2.0 */
/* The document of a step cache that travels. */
#include "oci/cache_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json_writer.h"
#include "oci/limits.h"

#define VERSION 1

/* Of a title or id; longer ones are cut or refused. */
#define TITLE_MAX 4096
#define ID_MAX    4096

struct oci_cache_step *oci_cache_config_add_step(struct oci_cache_config *c)
{
        memory_grow(&c->steps, &c->step_cap, c->step_count + 1, sizeof(*c->steps));
        c->steps[c->step_count] = (struct oci_cache_step){.key_count = 0};
        return &c->steps[c->step_count++];
}

struct oci_cache_mount *oci_cache_config_add_mount(struct oci_cache_config *c)
{
        memory_grow(&c->mounts, &c->mount_cap, c->mount_count + 1, sizeof(*c->mounts));
        c->mounts[c->mount_count] = (struct oci_cache_mount){.id = NULL};
        return &c->mounts[c->mount_count++];
}

void oci_cache_config_free(struct oci_cache_config *c)
{
        for (size_t i = 0; i < c->step_count; i++)
                free(c->steps[i].title);
        for (size_t i = 0; i < c->mount_count; i++)
                free(c->mounts[i].id);
        free(c->steps);
        free(c->mounts);
        *c = (struct oci_cache_config)OCI_CACHE_CONFIG_INIT;
}

/* ---- writing -------------------------------------------------------------------------- */

static void add_hex(struct oci_json_writer *w, const char *key, const struct sha256_digest *digest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        oci_json_add_string(w, key, hex);
}

static void format_layer(struct oci_json_writer *w, const struct oci_cache_layer *layer)
{
        char text[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&layer->diff_id, text);
        oci_json_begin_object(w, "layer");
        oci_json_add_int(w, "number", (int64_t)layer->number);
        oci_json_add_string(w, "diffId", text);
        oci_json_add_int(w, "size", (int64_t)layer->size);
        oci_json_end_object(w);
}

static void format_step(struct oci_json_writer *w, const struct oci_cache_step *step)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, "keys");
        for (size_t i = 0; i < step->key_count; i++)
                add_hex(w, NULL, &step->keys[i]);
        oci_json_end_array(w);
        add_hex(w, "identity", &step->identity);
        oci_json_begin_array(w, "created");
        oci_json_add_int(w, NULL, step->created);
        oci_json_add_int(w, NULL, step->created_ns);
        oci_json_end_array(w);
        oci_json_add_int(w, "made", step->made);
        oci_json_add_string(w, "title", step->title);
        if (step->has_layer)
                format_layer(w, &step->layer);
        oci_json_end_object(w);
}

void oci_cache_config_format(const struct oci_cache_config *c, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "version", VERSION);
        oci_json_begin_array(&w, "steps");
        for (size_t i = 0; i < c->step_count; i++)
                format_step(&w, &c->steps[i]);
        oci_json_end_array(&w);
        if (c->mount_count > 0)
                oci_json_begin_array(&w, "mounts");
        for (size_t i = 0; i < c->mount_count; i++) {
                oci_json_begin_object(&w, NULL);
                oci_json_add_string(&w, "name", c->mounts[i].name);
                oci_json_add_string(&w, "id", c->mounts[i].id);
                format_layer(&w, &c->mounts[i].layer);
                oci_json_end_object(&w);
        }
        if (c->mount_count > 0)
                oci_json_end_array(&w);
        oci_json_end_object(&w);
}

/* ---- reading --------------------------------------------------------------------------- */

struct reading {
        const char *what;
        size_t layer_count;
};

static int fail(const struct reading *r, const char *member, struct error *err)
{
        return error_set(err, EINVAL, "%s: the member %s is missing or not what it must be", r->what, member);
}

static int parse_hex(const struct reading *r, const struct oci_json *o, const char *key, struct sha256_digest *ret,
                     struct error *err)
{
        CLEANUP_FREE char *text = NULL;

        if (oci_json_get_string(r->what, o, key, &text, err) < 0)
                return -1;
        return text && sha256_from_hex(text, ret) ? 0 : fail(r, key, err);
}

static int parse_layer(const struct reading *r, const struct oci_json *owner, bool *ret_has,
                       struct oci_cache_layer *ret, struct error *err)
{
        const struct oci_json *o = NULL;
        CLEANUP_FREE char *diff = NULL;
        int64_t number = -1, size = -1;

        if (oci_json_get_object(r->what, owner, "layer", &o, err) < 0)
                return -1;
        *ret_has = o != NULL;
        if (!o)
                return 0;
        if (oci_json_get_int(r->what, o, "number", &number, err) < 0 ||
            oci_json_get_int(r->what, o, "size", &size, err) < 0 ||
            oci_json_get_string(r->what, o, "diffId", &diff, err) < 0)
                return -1;
        if (number < 0 || (uint64_t)number >= r->layer_count)
                return fail(r, "layer.number", err);
        if (size < 0 || (uint64_t)size > OCI_LIMIT_TAR_SIZE)
                return fail(r, "layer.size", err);
        if (!diff)
                return fail(r, "layer.diffId", err);
        ret->number = (size_t)number;
        ret->size = (uint64_t)size;
        return oci_digest_parse(diff, &ret->diff_id, err) < 0 ? error_wrap(err, "%s: layer.diffId", r->what) : 0;
}

static int parse_keys(const struct reading *r, const struct oci_json *o, struct oci_cache_step *ret, struct error *err)
{
        CLEANUP_STRV struct strv keys = STRV_INIT;

        if (oci_json_get_strings(r->what, o, "keys", &keys, err) < 0)
                return -1;
        if (keys.count == 0 || keys.count > OCI_CACHE_KEYS)
                return fail(r, "keys", err);
        for (size_t i = 0; i < keys.count; i++)
                if (!sha256_from_hex(keys.items[i], &ret->keys[i]))
                        return fail(r, "keys", err);
        ret->key_count = keys.count;
        return 0;
}

/* Seconds and nanoseconds: two integers in an array. */
static int parse_created(const struct reading *r, const struct oci_json *o, struct oci_cache_step *ret,
                         struct error *err)
{
        const struct oci_json *pair = NULL;
        char *end;
        long long number[2];

        if (oci_json_get_array(r->what, o, "created", &pair, err) < 0)
                return -1;
        if (!pair || oci_json_count(pair) != 2)
                return fail(r, "created", err);
        for (size_t i = 0; i < 2; i++) {
                if (oci_json_kind(oci_json_item(pair, i)) != OCI_JSON_NUMBER)
                        return fail(r, "created", err);
                errno = 0;
                number[i] = strtoll(oci_json_number(oci_json_item(pair, i)), &end, 10);
                if (errno != 0 || *end != '\0')
                        return fail(r, "created", err);
        }
        /* what RFC 3339 can say: the years 1 to 9999 */
        if (number[0] < -62135596800 || number[0] > 253402300799 || number[1] < 0 || number[1] > 999999999)
                return fail(r, "created", err);
        ret->created = number[0];
        ret->created_ns = (int32_t)number[1];
        return 0;
}

/* Titles are shown on terminals and kept in records of lines. */
static char *clean_title(const char *text)
{
        char *clean = memory_strndup(text, strnlen(text, TITLE_MAX));

        for (char *c = clean; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        *c = ' ';
        return clean;
}

static int parse_step(const struct reading *r, const struct oci_json *o, struct oci_cache_step *ret, struct error *err)
{
        CLEANUP_FREE char *title = NULL;

        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return fail(r, "steps", err);
        if (parse_keys(r, o, ret, err) < 0 || parse_hex(r, o, "identity", &ret->identity, err) < 0 ||
            parse_created(r, o, ret, err) < 0 || oci_json_get_int(r->what, o, "made", &ret->made, err) < 0 ||
            oci_json_get_string(r->what, o, "title", &title, err) < 0 ||
            parse_layer(r, o, &ret->has_layer, &ret->layer, err) < 0)
                return -1;
        if (ret->made < 0)
                return fail(r, "made", err);
        if (!title)
                return fail(r, "title", err);
        ret->title = clean_title(title);
        return 0;
}

static int parse_mount(const struct reading *r, const struct oci_json *o, struct oci_cache_mount *ret,
                       struct error *err)
{
        struct sha256_digest name;
        bool has_layer = false;

        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return fail(r, "mounts", err);
        if (parse_hex(r, o, "name", &name, err) < 0 || oci_json_get_string(r->what, o, "id", &ret->id, err) < 0 ||
            parse_layer(r, o, &has_layer, &ret->layer, err) < 0)
                return -1;
        if (!has_layer)
                return fail(r, "mounts.layer", err);
        if (!ret->id || ret->id[0] == '\0' || strlen(ret->id) > ID_MAX)
                return fail(r, "id", err);
        for (const char *c = ret->id; *c; c++)
                if (*c <= ' ' || *c >= 0x7f)
                        return fail(r, "id", err);
        sha256_to_hex(&name, ret->name);
        return 0;
}

static int parse_lists(const struct reading *r, const struct oci_json *root, struct oci_cache_config *ret,
                       struct error *err)
{
        const struct oci_json *steps = NULL;
        const struct oci_json *mounts = NULL;

        if (oci_json_get_array(r->what, root, "steps", &steps, err) < 0 ||
            oci_json_get_array(r->what, root, "mounts", &mounts, err) < 0)
                return -1;
        if (!steps)
                return fail(r, "steps", err);
        for (size_t i = 0; i < oci_json_count(steps); i++)
                if (parse_step(r, oci_json_item(steps, i), oci_cache_config_add_step(ret), err) < 0)
                        return -1;
        for (size_t i = 0; mounts && i < oci_json_count(mounts); i++)
                if (parse_mount(r, oci_json_item(mounts, i), oci_cache_config_add_mount(ret), err) < 0)
                        return -1;
        return 0;
}

int oci_cache_config_parse(const char *what, const void *bytes, size_t size, size_t layer_count,
                           struct oci_cache_config *ret, struct error *err)
{
        const struct reading r = {what, layer_count};
        CLEANUP_JSON struct oci_json *root = NULL;
        int64_t version = 0;

        *ret = (struct oci_cache_config)OCI_CACHE_CONFIG_INIT;
        if (oci_json_parse(what, bytes, size, &root, err) < 0)
                return -1;
        if (oci_json_kind(root) != OCI_JSON_OBJECT)
                return fail(&r, "steps", err);
        if (oci_json_get_int(what, root, "version", &version, err) < 0)
                return -1;
        if (version != VERSION)
                return error_set(err, ENOTSUP, "%s: the cache is written in version %lld, this bryo reads %d", what,
                                 (long long)version, VERSION);
        return parse_lists(&r, root, ret, err);
}
