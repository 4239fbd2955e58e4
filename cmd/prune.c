/* SPDX-License-Identifier: Apache-2.0 */
/* bryo prune */
#include <stdio.h>

#include "builder/prune.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"

static void print_count(const char *what, size_t count)
{
        if (count > 0)
                printf("Removed %s: %zu\n", what, count);
}

static void print_result(const struct builder_prune_result *r)
{
        CLEANUP_BUFFER struct buffer freed = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer held = BUFFER_INIT;

        print_count("images without a name", r->images);
        print_count("cached steps", r->steps);
        if (r->downloads > 0)
                print_count("downloads", r->downloads);
        print_count("cache mounts", r->caches);
        print_count("logs of builds", r->logs);
        print_count("layers", r->layers);
        print_count("files of layers", r->files);
        cmd_units_format_size(r->held, 4, &held);
        if (r->held > 0)
                printf("Unused but held by the file system, which takes no holes: %s\n", held.data);
        cmd_units_format_size(r->bytes, 4, &freed);
        printf("Total reclaimed space: %s\n", freed.data);
}

static int prune(const char *root, bool all, bool caches, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct builder_prune_options o = {.log = &cmd_notice_log, .all = all, .caches = caches};
        struct builder_prune_result pruned;
        int result;

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0)
                return -1;
        o.store = store;
        result = builder_prune(&o, &pruned, err);
        print_result(&pruned);
        return result;
}

int cmd_prune(char *const *argv, struct error *err)
{
        const char *root = NULL;
        bool force = false;
        bool all = false;
        bool caches = false;
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &all, NULL, "Forget every cached step and cache mount, and keep only what tags need"},
                {"caches", 0, OPTION_SWITCH, &caches, NULL, "Forget the directories of RUN --mount=type=cache"},
                {"force", 'f', OPTION_SWITCH, &force, NULL, "Accepted: bryo prune never asks"},
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo prune [OPTIONS]",
                .about = "Removes images without a name and what neither a tag nor a cached step needs.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        return done ? 0 : prune(root, all, caches, err);
}
