/* SPDX-License-Identifier: Apache-2.0 */
/* bryo export */
#include "builder/export.h"

#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/output.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"

static int export(const char *root, const char *image, const char *path, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_OUTPUT struct cmd_output output = CMD_OUTPUT_INIT;
        struct builder_export_options o = { .log = &cmd_notice_log };

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0 || oci_image_resolve(store, image, &o.image, NULL, err) < 0 ||
            cmd_output_open(&output, path, err) < 0)
                return -1;
        o.store = store;
        return builder_export_tar(&o, 1, output.fd, err) < 0 ? -1 : cmd_output_commit(&output, err);
}

int cmd_export(char *const *argv, struct error *err)
{
        const char *root = NULL, *path = NULL;
        const struct option_row rows[] = {
                { "output", 'o', OPTION_TEXT, &path, "FILE", "Write to this file (default: standard output)" },
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo export [OPTIONS] IMAGE",
                .about = "Writes the files of an image as one tar, as a container of it would see them; bryo import reads it.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, 1, &words, &done, err) < 0)
                return -1;
        return done ? 0 : export(root, words.items[0], path, err);
}
