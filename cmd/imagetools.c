/* SPDX-License-Identifier: Apache-2.0 */
/* bryo buildx imagetools create and inspect: images of registries, by docker's other names for manifest and inspect. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "builder/manifest_list.h"
#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"

static const struct option_foreign ignored[] = {
        {"builder", 0, OPTION_TEXT, "there is one builder, this program"},
        {"prefer-index", 0, OPTION_MAYBE, "an index is what it makes"},
        {"progress", 0, OPTION_TEXT, "there is nothing more to say"},
};
static const struct option_foreign refused[] = {
        {"annotation", 0, OPTION_TEXT, "bryo manifest annotate says more of an image"},
        {"append", 0, OPTION_SWITCH, "bryo manifest add adds to a list"},
        {"file", 'f', OPTION_TEXT, "the sources are to be named"},
        {"metadata-file", 0, OPTION_TEXT, "the digest is printed"},
        {"platform", 0, OPTION_TEXT, "all platforms of a source are taken"},
};

struct create_flags {
        struct registry_flags registry;
        struct strv tags;
        const char *root;
        bool dry_run;
};

static int push_all(struct builder_workshop *w, const struct create_flags *f, const struct strv *sources,
                    struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;

        if (builder_manifest_list_new(cmd_name_bare(f->tags.items[0]), &l, err) < 0)
                return -1;
        for (size_t i = 0; i < sources->count; i++)
                if (builder_manifest_list_add(w, l, cmd_name_bare(sources->items[i]), err) < 0)
                        return -1;
        if (f->dry_run) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                oci_index_format(l->index, &text);
                puts(text.data);
                return 0;
        }
        for (size_t i = 0; i < f->tags.count; i++) {
                struct oci_descriptor d = {.media_type = NULL};
                char digest[OCI_DIGEST_TEXT + 1];

                if (builder_manifest_list_push(w, l, cmd_name_bare(f->tags.items[i]), &d, err) < 0)
                        return -1;
                oci_digest_format(&d.digest, digest);
                oci_descriptor_clear(&d);
                printf("%s@%s\n", f->tags.items[i], digest);
        }
        return 0;
}

static int create(const struct create_flags *f, const struct strv *sources, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct oci_registry_options registry;

        if (f->tags.count == 0)
                return error_set(err, OPTIONS_EUSAGE, "where the index goes is missing: --tag NAME");
        if (registry_flags_read(&f->registry, &registry, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0 ||
            builder_workshop_open(&w, store, &cmd_notice_log, err) < 0)
                return -1;
        for (size_t i = 0; i < f->tags.count; i++)
                strv_add(&names, cmd_name_bare(f->tags.items[i]));
        registry.log = &cmd_notice_log;
        registry.names = &names;
        w.registry = oci_registry_new(&registry);
        return push_all(&w, f, sources, err);
}

int cmd_imagetools_create(char *const *argv, struct error *err)
{
        struct create_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"dry-run", 0, OPTION_SWITCH, &f.dry_run, NULL, "Print the index, push nothing"},
                CMD_ROOT_ROW(&f.root),
                {"tag", 't', OPTION_LIST, &f.tags, "NAME[:TAG]", "Where it is pushed; may be repeated"},
                CMD_REGISTRY_ROWS(&f.registry),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_STRV struct strv warnings = STRV_INIT;
        const struct option_table table = {
                .usage = "bryo buildx imagetools create --tag NAME [OPTIONS] IMAGE...",
                .about =
                        "Makes one index of images of registries, and pushes it: bryo manifest create and push in one.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .refused = refused,
                .refused_count = ARRAY_SIZE(refused),
                .warnings = &warnings,
        };
        bool done;
        int result = cmd_arguments_parse(&table, argv, 1, CMD_ARGUMENTS_MANY, &words, &done, err);

        cmd_notice_warn(&warnings);
        if (result == 0 && !done)
                result = create(&f, &words, err);
        registry_flags_free(&f.registry);
        strv_free(&f.tags);
        return result;
}

/* `bryo inspect --remote`, or with --raw that alone. */
int cmd_imagetools_inspect(char *const *argv, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool raw = false;

        strv_add(&words, "inspect");
        for (size_t i = 1; argv[i]; i++) {
                raw |= strcmp(argv[i], "--raw") == 0;
                strv_add(&words, argv[i]);
        }
        if (!raw)
                strv_add(&words, "--remote");
        return cmd_inspect(strv_array(&words), err);
}
