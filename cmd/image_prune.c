/* SPDX-License-Identifier: Apache-2.0 */
/* bryo image prune */
#include <stdio.h>

#include "builder/prune.h"
#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"

/* docker's --all takes every image that no container uses. There are no containers here, so that is every image. */
static int remove_names(struct oci_store *store, struct error *err)
{
        struct oci_ref *refs = NULL;
        size_t count = 0;
        int result = oci_store_ref_list(store, &refs, &count, err);

        for (size_t i = 0; i < count && result == 0; i++) {
                CLEANUP_FREE char *name = cmd_name_familiar(refs[i].name);

                result = oci_store_ref_remove(store, refs[i].name, NULL, err);
                if (result == 0)
                        printf("untagged: %s\n", name);
        }
        oci_refs_free(refs, count);
        return result;
}

static int prune(const char *root, bool all, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_BUFFER struct buffer freed = BUFFER_INIT;
        struct builder_prune_options o = { .log = &cmd_notice_log };
        struct builder_prune_result pruned;
        int result;

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0 || (all && remove_names(store, err) < 0))
                return -1;
        o.store = store;
        result = builder_prune(&o, &pruned, err);
        cmd_units_format_size(pruned.bytes, 4, &freed);
        printf("Deleted images: %zu\nTotal reclaimed space: %s\n", pruned.images, freed.data);
        return result;
}

int cmd_image_prune(char *const *argv, struct error *err)
{
        const char *root = NULL;
        bool force = false, all = false;
        const struct option_row rows[] = {
                { "all", 'a', OPTION_SWITCH, &all, NULL, "Remove every image, with all its names; needs --force" },
                { "force", 'f', OPTION_SWITCH, &force, NULL, "Do not ask: bryo never does, and refuses --all without it" },
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo image prune [OPTIONS]",
                .about = "Removes images without a name. Cached steps stay: bryo prune --all takes them, too.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (all && !force)
                return error_set(err, OPTIONS_EUSAGE, "bryo image prune --all removes every image of the store: add --force");
        return prune(root, all, err);
}
