/* SPDX-License-Identifier: Apache-2.0 */
/* bryo tag */
#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"

static int tag(const char *root, const char *image, const char *name, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_FREE char *full = NULL;
        CLEANUP_FD int gate = -1;
        struct sha256_digest id;

        /* under the gate, so that prune does not find the image without a name between the two */
        if (cmd_name_parse_tag(name, &full, err) < 0 || cmd_store_open(root, &cmd_notice_log, &store, err) < 0 ||
            oci_store_gate(store, OCI_GATE_SHARED, false, &gate, err) < 0 ||
            oci_image_resolve(store, image, &id, NULL, err) < 0)
                return -1;
        return oci_store_ref_set(store, full, &id, NULL, err);
}

int cmd_tag(char *const *argv, struct error *err)
{
        const char *root = NULL;
        const struct option_row rows[] = {CMD_ROOT_ROW(&root)};
        const struct option_table table = {
                .usage = "bryo tag [OPTIONS] IMAGE NAME[:TAG]",
                .about = "Gives an image another name. A name that another image has moves.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 2, 2, &words, &done, err) < 0)
                return -1;
        return done ? 0 : tag(root, words.items[0], words.items[1], err);
}
