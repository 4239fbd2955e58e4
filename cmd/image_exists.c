/* SPDX-License-Identifier: Apache-2.0 */
/* bryo image exists, as podman has it */
#include <errno.h>

#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"

int cmd_image_exists(char *const *argv, struct error *err)
{
        const char *root = NULL;
        const struct option_row rows[] = {CMD_ROOT_ROW(&root)};
        const struct option_table table = {
                .usage = "bryo image exists [OPTIONS] IMAGE",
                .about = "Exits with status 0 if the store has the image, with 1 if not, and prints nothing.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_ERROR struct error absent = ERROR_INIT;
        struct sha256_digest id;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, 1, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0)
                return -1;
        if (oci_image_resolve(store, words.items[0], &id, NULL, &absent) == 0)
                return 0;
        return absent.code == ENOENT ? 1 : error_move(err, &absent);
}
