/* SPDX-License-Identifier: Apache-2.0 */
/* bryo image exists, bryo manifest exists: a script's question, answered by the exit status, as podman does. */
#include <errno.h>

#include "builder/manifest_list.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"

static int find_image(struct oci_store *store, const char *name, struct error *err)
{
        struct sha256_digest id;

        return oci_image_resolve(store, name, &id, NULL, err);
}

static int find_list(struct oci_store *store, const char *name, struct error *err)
{
        CLEANUP_MANIFEST_LIST struct builder_manifest_list *l = NULL;

        return builder_manifest_list_load(store, name, &l, err);
}

/* 0: it is there; 1: it is not. */
static int ask(const char *usage, const char *about, char *const *argv,
               int (*find)(struct oci_store *store, const char *name, struct error *err), struct error *err)
{
        const char *root = NULL;
        const struct option_row rows[] = {
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {.usage = usage, .about = about, .rows = rows, .count = ARRAY_SIZE(rows)};
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_ERROR struct error absent = ERROR_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, 1, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0)
                return -1;
        if (find(store, words.items[0], &absent) == 0)
                return 0;
        return absent.code == ENOENT ? 1 : error_move(err, &absent);
}

int cmd_image_exists(char *const *argv, struct error *err)
{
        return ask("bryo image exists [OPTIONS] IMAGE", "Exits with 0 if the store has the image, else with 1.", argv,
                   find_image, err);
}

int cmd_manifest_exists(char *const *argv, struct error *err)
{
        return ask("bryo manifest exists [OPTIONS] LIST",
                   "Exits with 0 if there is such a manifest list here, else with 1.", argv, find_list, err);
}
