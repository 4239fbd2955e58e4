/* SPDX-License-Identifier: Apache-2.0 */
/* bryo inspect */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "builder/workshop.h"
#include "cmd/arguments.h"
#include "cmd/failures.h"
#include "cmd/indent.h"
#include "cmd/inspect_remote.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/template.h"
#include "cmd/text.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"

/* NAME@DIGEST for each repository that the image has a name of, once it came from a registry or went to one. */
static void add_digests(const struct oci_image *image, const struct strv *names, struct oci_json_writer *w)
{
        const struct oci_descriptor *known = image->list ? image->list : image->manifest;
        CLEANUP_STRV struct strv seen = STRV_INIT;
        char digest[OCI_DIGEST_TEXT + 1];

        if (!known)
                return;
        oci_digest_format(&known->digest, digest);
        oci_json_begin_array(w, "RepoDigests");
        for (size_t i = 0; i < names->count; i++) {
                const char *slash = strrchr(names->items[i], '/');
                const char *last = slash ? slash : names->items[i];
                CLEANUP_FREE char *text = memory_printf(
                        "%.*s@%s", (int)(last - names->items[i] + (ptrdiff_t)strcspn(last, ":")), names->items[i], digest);

                if (strv_has(&seen, text))
                        continue;
                strv_add(&seen, text);
                oci_json_add_string(w, NULL, text);
        }
        oci_json_end_array(w);
}

static int add_names(struct oci_store *store, const struct oci_image *image, struct oci_json_writer *w, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct oci_ref *refs = NULL;
        size_t count = 0;

        if (oci_store_ref_list(store, &refs, &count, err) < 0)
                return -1;
        oci_json_begin_array(w, "RepoTags");
        for (size_t i = 0; i < count; i++) {
                CLEANUP_FREE char *familiar = NULL;

                if (!sha256_equal(&refs[i].image, &image->id))
                        continue;
                familiar = cmd_name_familiar(refs[i].name);
                oci_json_add_string(w, NULL, familiar);
                strv_take(&names, STEAL(familiar));
        }
        oci_json_end_array(w);
        oci_refs_free(refs, count);
        add_digests(image, &names, w);
        return 0;
}

/* The object "config" as the image has it, with what bryo does not know in it. */
static int add_run_config(struct oci_store *store, const struct sha256_digest *id, struct oci_json_writer *w,
                          struct error *err)
{
        CLEANUP_FREE char *what = cmd_name_id(id, true);
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_JSON struct oci_json *json = NULL;
        const struct oci_json *config = NULL;

        if (oci_store_blob_load(store, id, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_json_parse(what, bytes.data, bytes.size, &json, err) < 0 ||
            oci_json_get_object(what, json, "config", &config, err) < 0)
                return -1;
        if (config)
                oci_json_format(config, &text);
        oci_json_add_raw(w, "Config", config ? text.data : "{}");
        return 0;
}

static void add_root_fs(const struct oci_config *config, struct oci_json_writer *w)
{
        oci_json_begin_object(w, "RootFS");
        oci_json_add_string(w, "Type", "layers");
        oci_json_begin_array(w, "Layers");
        for (size_t i = 0; i < config->diff_id_count; i++) {
                char digest[OCI_DIGEST_TEXT + 1];

                oci_digest_format(&config->diff_ids[i], digest);
                oci_json_add_string(w, NULL, digest);
        }
        oci_json_end_array(w);
        oci_json_end_object(w);
}

static int add_image(struct oci_store *store, const char *text, struct oci_json_writer *w, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_FREE char *id_text = NULL;
        struct sha256_digest id;

        if (oci_image_resolve(store, text, &id, NULL, err) < 0 || oci_image_load(store, &id, &image, err) < 0 ||
            oci_image_load_config(store, &id, &config, err) < 0)
                return -1;
        id_text = cmd_name_id(&id, true);
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "Id", id_text);
        if (add_names(store, image, w, err) < 0)
                return -1;
        oci_json_add_string_if(w, "Created", config->created);
        oci_json_add_string_if(w, "Author", config->author);
        oci_json_add_string(w, "Architecture", config->architecture ? config->architecture : "");
        oci_json_add_string_if(w, "Variant", config->variant);
        oci_json_add_string(w, "Os", config->os ? config->os : "");
        oci_json_add_string_if(w, "OsVersion", config->os_version);
        oci_json_add_int(w, "Size", (int64_t)oci_image_size(image));
        if (add_run_config(store, &id, w, err) < 0)
                return -1;
        add_root_fs(config, w);
        oci_json_end_object(w);
        return 0;
}

/* Where the objects come from. */
struct inspection {
        struct oci_store *store;
        struct builder_workshop *remote; /* ask registries; NULL: the store */
        const struct oci_platform *platform;
};

static int add_one(const struct inspection *from, const char *text, struct oci_json_writer *w, struct error *err)
{
        return from->remote ? cmd_inspect_remote(from->remote, cmd_name_bare(text), from->platform, w, err)
                            : add_image(from->store, text, w, err);
}

static int print_template(const char *template, const struct buffer *object, struct error *err)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer visible = BUFFER_INIT;
        CLEANUP_JSON struct oci_json *json = NULL;

        if (oci_json_parse("the image", object->data, object->size, &json, err) < 0 ||
            cmd_template_run(template, json, &line, err) < 0)
                return -1;
        cmd_text_append_message(&visible, buffer_text(&line));
        printf("%s\n", buffer_text(&visible));
        return 0;
}

/* docker prints the array indented, with --format json each object on a line, and a template's text on one each. */
static int inspect(const struct inspection *from, const struct strv *images, const char *format, struct error *err)
{
        const bool lines = format && strcmp(format, "json") == 0;
        const char *template = format && !lines ? format : NULL;
        struct cmd_failures failures = {.code = 0};
        CLEANUP_BUFFER struct buffer array = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer shown = BUFFER_INIT;

        for (size_t i = 0; i < images->count; i++) {
                CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
                CLEANUP_ERROR struct error one = ERROR_INIT;
                struct oci_json_writer w = OCI_JSON_WRITER(&object);

                if (add_one(from, images->items[i], &w, &one) < 0) {
                        cmd_failures_add(&failures, &one);
                        continue;
                }
                if (template && print_template(template, &object, &one) < 0)
                        cmd_failures_add(&failures, &one);
                buffer_append_string(&array, lines || array.size == 0 ? "" : ",");
                buffer_append(&array, object.data, object.size);
                buffer_append_string(&array, lines ? "\n" : "");
        }
        if (lines) {
                cmd_text_append_json(&shown, buffer_text(&array), array.size);
                fputs(buffer_text(&shown), stdout);
        } else if (!template) {
                CLEANUP_FREE char *whole = memory_printf("[%s]", buffer_text(&array));

                cmd_indent_format(whole, &shown);
                fputs(shown.data, stdout);
        }
        return cmd_failures_end(&failures, err);
}

struct inspect_flags {
        struct registry_flags registry;
        const char *root, *format, *type, *platform;
        bool remote, raw;
};

static int inspect_raw(struct builder_workshop *w, const struct strv *images, struct error *err)
{
        for (size_t i = 0; i < images->count; i++)
                if (cmd_inspect_raw(w, cmd_name_bare(images->items[i]), err) < 0)
                        return -1;
        return 0;
}

static int inspect_registries(const struct inspect_flags *f, struct oci_store *store, const struct strv *images,
                              struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_PLATFORM struct oci_platform *platform = NULL;
        struct inspection from = {.store = store, .remote = &w};
        struct oci_registry_options registry;

        if (registry_flags_read(&f->registry, &registry, err) < 0)
                return -1;
        if (f->platform && oci_platform_parse(f->platform, &platform, err) < 0) {
                err->code = OPTIONS_EUSAGE;
                return error_wrap(err, "--platform %s", f->platform);
        }
        if (builder_workshop_open(&w, store, &cmd_notice_log, err) < 0)
                return -1;
        registry.log = &cmd_notice_log;
        w.registry = oci_registry_new(&registry);
        from.platform = platform;
        return f->raw ? inspect_raw(&w, images, err) : inspect(&from, images, f->format, err);
}

static int parse_and_inspect(struct inspect_flags *f, char *const *argv, struct error *err)
{
        const struct option_row rows[] = {
                {"format", 'f', OPTION_TEXT, &f->format, "json|TEMPLATE",
                 "One JSON object a line, or what a template makes of each: '{{.Id}}', '{{json .Config.Env}}'"},
                {"platform", 0, OPTION_TEXT, &f->platform, "OS/ARCH",
                 "With --remote: of an image for several platforms, this one"},
                {"raw", 0, OPTION_SWITCH, &f->raw, NULL, "The manifest or index as the registry has it"},
                {"remote", 0, OPTION_SWITCH, &f->remote, NULL, "Ask the registry; nothing is pulled"},
                CMD_ROOT_ROW(&f->root),
                {"type", 0, OPTION_TEXT, &f->type, "image", "What to inspect: only images are kept"},
                CMD_REGISTRY_ROWS(&f->registry),
        };
        const struct option_table table = {
                .usage = "bryo inspect [OPTIONS] IMAGE...",
                .about = "Shows images and their configurations as JSON.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_STRV struct strv words = STRV_INIT;
        struct inspection from = {.remote = NULL};
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, CMD_ARGUMENTS_MANY, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (f->format && strcmp(f->format, "json") != 0 && !strstr(f->format, "{{"))
                return error_set(err, OPTIONS_EUSAGE, "--format %s: write json, or a template such as '{{.Id}}'", f->format);
        if (f->type && strcmp(f->type, "image") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--type %s: bryo keeps images only", f->type);
        if (f->platform && !f->remote)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--platform goes with --remote: an image of the store is for one platform");
        if (cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0)
                return -1;
        from.store = store;
        return f->remote || f->raw ? inspect_registries(f, store, &words, err)
                                   : inspect(&from, &words, f->format, err);
}

int cmd_inspect(char *const *argv, struct error *err)
{
        struct inspect_flags f = {.root = NULL};
        int result = parse_and_inspect(&f, argv, err);

        registry_flags_free(&f.registry);
        return result;
}
