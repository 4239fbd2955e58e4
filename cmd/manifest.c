/* SPDX-License-Identifier: Apache-2.0 */
/* bryo manifest create, add, annotate, inspect, push, rm */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder/manifest_list.h"
#include "cmd/arguments.h"
#include "cmd/indent.h"
#include "cmd/inspect_remote.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"

/* The flags of all of them; each verb takes some. */
struct manifest_flags {
        struct registry_flags registry;
        struct strv annotations;
        const char *root, *os, *arch, *variant;
        bool amend, purge;
};

/* What a verb works with. */
struct manifest_job {
        const struct manifest_flags *flags;
        struct builder_workshop workshop;
        struct oci_store *store;
};

/* --creds is for the registries of `words`: those where images of the list come from may be others. */
static int open_job(const struct manifest_flags *f, const struct strv *words, struct manifest_job *j, struct error *err)
{
        struct oci_registry_options registry;
        CLEANUP_STRV struct strv names = STRV_INIT;

        *j = (struct manifest_job){.flags = f, .workshop = BUILDER_WORKSHOP_INIT};
        if (registry_flags_read(&f->registry, &registry, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &j->store, err) < 0 ||
            builder_workshop_open(&j->workshop, j->store, &cmd_notice_log, err) < 0)
                return -1;
        registry.log = &cmd_notice_log;
        for (size_t i = 0; i < words->count; i++)
                strv_add(&names, cmd_name_bare(words->items[i]));
        registry.names = &names;
        j->workshop.registry = oci_registry_new(&registry);
        return 0;
}

static void close_job(struct manifest_job *j)
{
        builder_workshop_close(&j->workshop);
        oci_store_close(j->store);
}

/* --- the verbs ----------------------------------------------------------------- */

typedef int manifest_function(struct manifest_job *j, const struct strv *words, struct error *err);

static int create(struct manifest_job *j, const struct strv *words, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;
        CLEANUP_ERROR struct error absent = ERROR_INIT;
        const char *name = words->items[0];

        if (builder_manifest_list_load(j->store, name, &l, &absent) == 0) {
                if (!j->flags->amend)
                        return error_set(
                                err, EEXIST,
                                "there is a manifest list %s already: --amend adds to it, bryo manifest rm removes it",
                                name);
        } else if (absent.code != ENOENT) {
                return error_move(err, &absent);
        } else if (builder_manifest_list_new(name, &l, err) < 0) {
                return -1;
        }
        for (size_t i = 1; i < words->count; i++)
                if (builder_manifest_list_add(&j->workshop, l, words->items[i], err) < 0)
                        return -1;
        if (builder_manifest_list_save(j->store, l, err) < 0)
                return -1;
        printf("Created manifest list %s\n", l->name);
        return 0;
}

static void replace(char **field, const char *value)
{
        if (!value)
                return;
        free(*field);
        *field = memory_strdup(value);
}

/* What the flags say of one manifest of the list. */
static int amend(const struct manifest_flags *f, struct oci_descriptor *d, struct error *err)
{
        for (size_t i = 0; i < f->annotations.count; i++) {
                const char *text = f->annotations.items[i];
                CLEANUP_FREE char *key = memory_strndup(text, strcspn(text, "="));

                if (key[0] == '\0' || text[strlen(key)] == '\0')
                        return error_set(err, OPTIONS_EUSAGE, "--annotation %s: write KEY=VALUE", text);
                oci_labels_set(&d->annotations, key, text + strlen(key) + 1);
        }
        if (!f->os && !f->arch && !f->variant)
                return 0;
        if (!d->platform) {
                if (!f->os || !f->arch)
                        return error_set(err, OPTIONS_EUSAGE,
                                         "this manifest has no platform as yet: give --os and --arch");
                d->platform = memory_zalloc(1, sizeof(*d->platform));
        }
        replace(&d->platform->os, f->os);
        replace(&d->platform->architecture, f->arch);
        replace(&d->platform->variant, f->variant);
        return 0;
}

/* add LIST IMAGE, and annotate LIST IMAGE */
static int change(struct manifest_job *j, const struct strv *words, bool add, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;
        const char *image = words->items[1];
        struct oci_descriptor *d;

        if (builder_manifest_list_load(j->store, words->items[0], &l, err) < 0)
                return -1;
        if (add && builder_manifest_list_add(&j->workshop, l, image, err) < 0)
                return -1;
        d = builder_manifest_list_find(l, cmd_name_bare(image));
        if (!d)
                return error_set(err, ENOENT, "the manifest list %s has no %s", words->items[0], image);
        return amend(j->flags, d, err) < 0 ? -1 : builder_manifest_list_save(j->store, l, err);
}

static int add(struct manifest_job *j, const struct strv *words, struct error *err)
{
        return change(j, words, true, err);
}

static int annotate(struct manifest_job *j, const struct strv *words, struct error *err)
{
        return change(j, words, false, err);
}

/* A list that is kept here, or else what the registry has under the name. */
static int inspect(struct manifest_job *j, const struct strv *words, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;
        CLEANUP_ERROR struct error absent = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer shown = BUFFER_INIT;

        if (builder_manifest_list_load(j->store, words->items[0], &l, &absent) < 0)
                return absent.code == ENOENT ? cmd_inspect_raw(&j->workshop, words->items[0], err)
                                             : error_move(err, &absent);
        oci_index_format(l->index, &text);
        cmd_indent_format(text.data, &shown);
        fputs(shown.data, stdout);
        return 0;
}

static int push(struct manifest_job *j, const struct strv *words, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;
        struct oci_descriptor d = {.media_type = NULL};
        char digest[OCI_DIGEST_TEXT + 1];
        const char *to;
        int result;

        if (builder_manifest_list_load(j->store, words->items[0], &l, err) < 0)
                return -1;
        to = words->count > 1 ? words->items[1] : l->name;
        to = cmd_name_bare(to);
        result = builder_manifest_list_push(&j->workshop, l, to, &d, err);
        if (result == 0) {
                oci_digest_format(&d.digest, digest);
                printf("%s\n", digest);
        }
        oci_descriptor_clear(&d);
        if (result == 0 && j->flags->purge)
                result = builder_manifest_list_remove(j->store, l->name, err);
        return result;
}

static int rm(struct manifest_job *j, const struct strv *words, struct error *err)
{
        for (size_t i = 0; i < words->count; i++)
                if (builder_manifest_list_remove(j->store, words->items[i], err) < 0)
                        return -1;
        return 0;
}

/* --- the command line -------------------------------------------------------------- */

static int run(const struct option_table *table, char *const *argv, size_t min, size_t max, struct manifest_flags *f,
               manifest_function *function, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;
        struct manifest_job job = {.flags = NULL};
        bool done;
        int result = cmd_arguments_parse(table, argv, min, max, &words, &done, err);

        if (result == 0 && !done) {
                result = open_job(f, &words, &job, err);
                if (result == 0)
                        result = function(&job, &words, err);
                close_job(&job);
        }
        registry_flags_free(&f->registry);
        strv_free(&f->annotations);
        return result;
}

int cmd_manifest_create(char *const *argv, struct error *err)
{
        struct manifest_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"amend", 'a', OPTION_SWITCH, &f.amend, NULL, "Add to a list that is there already"},
                CMD_ROOT_ROW(&f.root),
                CMD_REGISTRY_ROWS(&f.registry),
        };
        const struct option_table table = {
                .usage = "bryo manifest create [OPTIONS] LIST [IMAGE...]",
                .about = "Begins a manifest list: an index of images, one for each platform, that were pushed before.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };

        return run(&table, argv, 1, CMD_ARGUMENTS_MANY, &f, create, err);
}

static int change_command(const char *usage, const char *about, char *const *argv, manifest_function *function,
                          struct error *err)
{
        struct manifest_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"annotation", 0, OPTION_LIST, &f.annotations, "KEY=VALUE", "Of its entry in the list"},
                {"arch", 0, OPTION_TEXT, &f.arch, "ARCH", "Instead of what its config says"},
                {"os", 0, OPTION_TEXT, &f.os, "OS", "Likewise"},
                {"variant", 0, OPTION_TEXT, &f.variant, "VARIANT", "Likewise"},
                CMD_ROOT_ROW(&f.root),
                CMD_REGISTRY_ROWS(&f.registry),
        };
        const struct option_table table = {.usage = usage, .about = about, .rows = rows, .count = ARRAY_SIZE(rows)};

        return run(&table, argv, 2, 2, &f, function, err);
}

int cmd_manifest_add(char *const *argv, struct error *err)
{
        return change_command("bryo manifest add [OPTIONS] LIST IMAGE",
                              "Adds an image of a registry to a manifest list; of an index all its images.", argv, add,
                              err);
}

int cmd_manifest_annotate(char *const *argv, struct error *err)
{
        return change_command("bryo manifest annotate [OPTIONS] LIST IMAGE|DIGEST",
                              "Says more of an image of a manifest list.", argv, annotate, err);
}

/* The verbs without flags of their own. */
static int plain_command(const char *usage, const char *about, char *const *argv, size_t max,
                         manifest_function *function, struct error *err)
{
        struct manifest_flags f = {.root = NULL};
        const struct option_row rows[] = {
                CMD_ROOT_ROW(&f.root),
                CMD_REGISTRY_ROWS(&f.registry),
        };
        const struct option_table table = {.usage = usage, .about = about, .rows = rows, .count = ARRAY_SIZE(rows)};

        return run(&table, argv, 1, max, &f, function, err);
}

int cmd_manifest_inspect(char *const *argv, struct error *err)
{
        return plain_command("bryo manifest inspect [OPTIONS] LIST",
                             "Shows a manifest list, or the manifest or index that a registry has.", argv, 1, inspect,
                             err);
}

int cmd_manifest_rm(char *const *argv, struct error *err)
{
        return plain_command("bryo manifest rm [OPTIONS] LIST...", "Forgets manifest lists. What was pushed stays.",
                             argv, CMD_ARGUMENTS_MANY, rm, err);
}

int cmd_manifest_push(char *const *argv, struct error *err)
{
        struct manifest_flags f = {.root = NULL};
        bool all = true;
        const struct option_row rows[] = {
                {"all", 0, OPTION_SWITCH, &all, NULL, "The images of the list, too (always done)"},
                {"purge", 'p', OPTION_SWITCH, &f.purge, NULL, "Forget the list afterwards"},
                CMD_ROOT_ROW(&f.root),
                CMD_REGISTRY_ROWS(&f.registry),
        };
        const struct option_table table = {
                .usage = "bryo manifest push [OPTIONS] LIST [DESTINATION]",
                .about = "Pushes a manifest list, after those of its images that the repository lacks. Prints its "
                         "digest.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };

        return run(&table, argv, 1, 2, &f, push, err);
}
