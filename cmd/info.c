/* SPDX-License-Identifier: Apache-2.0 */
/* bryo info: what scripts ask before they build, and what people ask when a build does not work. */
#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/platforms.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"

static int count(void *context, const struct oci_image *i, struct error *err)
{
        size_t *total = context;

        (void)i;
        (void)err;
        (*total)++;
        return 0;
}

static int print(const char *root, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_BUFFER struct buffer platforms = BUFFER_INIT;
        size_t images = 0;

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0 || oci_image_each(store, count, &images, err) < 0)
                return -1;
        cmd_platforms_format(&platforms);
        printf("Version:   %s\nStore:     %s\nImages:    %zu\nPlatforms: %s\n", PACKAGE_VERSION, oci_store_path(store),
               images, platforms.data);
        return 0;
}

int cmd_info(char *const *argv, struct error *err)
{
        const char *root = NULL;
        const struct option_row rows[] = {CMD_ROOT_ROW(&root)};
        const struct option_table table = {
                .usage = "bryo info [OPTIONS]",
                .about = "Shows the version, the store and the platforms whose commands this machine runs.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        return done ? 0 : print(root, err);
}
