/* SPDX-License-Identifier: Apache-2.0 */
/* bryo system check: whether the store is whole. */
#include <stdio.h>

#include "builder/verify.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/text.h"
#include "cmd/verbs.h"
#include "common/memory.h"

static void found(void *context, const char *what, const char *why)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        (void)context;
        cmd_text_append_visible(&text, what);
        buffer_append_string(&text, ": ");
        cmd_text_append_visible(&text, why);
        printf("damaged: %s\n", text.data);
}

/* Returns 1 when something is damaged and stays so. */
static int check(const char *root, bool repair, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct builder_verify_options o = {.log = &cmd_notice_log, .repair = repair, .found = found};
        struct builder_verify_result r;

        if (cmd_store_open(root, &cmd_notice_log, &store, err) < 0)
                return -1;
        o.store = store;
        if (builder_verify(&o, &r, err) < 0)
                return -1;
        printf("%zu objects checked, %zu damaged\n", r.objects, r.damaged);
        if (r.damaged == 0)
                return 0;
        if (!repair) {
                printf("`bryo system check --repair` puts the damaged away; the next build makes or fetches it "
                       "again\n");
                return 1;
        }
        printf("%zu put away in %s/%s; the next build makes or fetches them again\n", r.quarantined,
               oci_store_path(store), oci_store_area_name(OCI_STORE_QUARANTINE));
        return 0;
}

int cmd_system_check(char *const *argv, struct error *err)
{
        const char *root = NULL;
        bool repair = false;
        const struct option_row rows[] = {
                {"repair", 0, OPTION_SWITCH, &repair, NULL,
                 "Put what is damaged away, and names and records that need it"},
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo system check [OPTIONS]",
                .about = "Compares everything in the store with its digest and everything that points with what it "
                         "points at.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        return done ? 0 : check(root, repair, err);
}
