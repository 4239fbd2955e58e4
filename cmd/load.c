/* SPDX-License-Identifier: Apache-2.0 */
/* bryo load */
#include <stdio.h>
#include <string.h>

#include "builder/archive.h"
#include "cmd/arguments.h"
#include "cmd/input.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"

static void print_loaded(const struct oci_archive_loaded *loaded)
{
        CLEANUP_FREE char *id = cmd_name_id(&loaded->image, true);

        for (size_t i = 0; i < loaded->names.count; i++) {
                CLEANUP_FREE char *familiar = cmd_name_familiar(loaded->names.items[i]);

                printf("Loaded image: %s\n", familiar);
        }
        if (loaded->names.count == 0)
                printf("Loaded image ID: %s\n", id);
}

static int load(const char *root, const char *input, bool quiet, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_FD int fd = -1;
        struct builder_load_options o = {.log = &cmd_notice_log, .fd = -1};
        struct oci_archive_loaded *loaded = NULL;
        size_t count = 0;

        if (strcmp(input, "-") == 0 && cmd_input_open(input, &fd, &o.what, err) < 0)
                return -1;
        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0)
                return -1;
        o.store = store;
        o.path = fd < 0 ? input : NULL;
        o.fd = fd;
        if (builder_archive_load(&o, &loaded, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < count && !quiet; i++)
                print_loaded(&loaded[i]);
        oci_archive_loaded_free(loaded, count);
        return 0;
}

int cmd_load(char *const *argv, struct error *err)
{
        const char *root = NULL;
        const char *input = "-";
        bool quiet = false;
        const struct option_row rows[] = {
                {"input", 'i', OPTION_TEXT, &input, "PATH", "The archive or directory (default: standard input)"},
                {"quiet", 'q', OPTION_SWITCH, &quiet, NULL, "Do not print what was loaded"},
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo load [OPTIONS]",
                .about = "Loads the images of an OCI archive, an OCI image layout directory or a docker archive.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        return done ? 0 : load(root, input, quiet, err);
}
