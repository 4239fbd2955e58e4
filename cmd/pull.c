/* SPDX-License-Identifier: Apache-2.0 */
/* bryo pull */
#include <stdio.h>
#include <string.h>

#include "builder/pull_image.h"
#include "builder/workshop.h"
#include "cmd/arguments.h"
#include "cmd/failures.h"
#include "cmd/name.h"
#include "cmd/progress.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/transfers.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/platform.h"

struct pull_flags {
        struct registry_flags registry;
        const char *root, *platform, *progress;
        bool quiet;
};

/* As docker says it. */
static void print_pulled(const struct pull_flags *f, const struct builder_pulled *pulled)
{
        CLEANUP_FREE char *familiar = cmd_name_familiar(pulled->name);
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&pulled->digest, digest);
        if (!f->quiet)
                printf("Digest: %s\nStatus: %s %s\n", digest,
                       pulled->is_new ? "Downloaded newer image for" : "Image is up to date for", familiar);
        printf("%s\n", pulled->name);
}

static int pull_one(struct builder_pull_request *r, const struct pull_flags *f, struct cmd_transfers *t,
                    struct error *err)
{
        CLEANUP_FREE char *title = memory_printf("pull %s", r->text);
        CLEANUP_PULLED struct builder_pulled pulled = {.name = NULL};
        unsigned step = cmd_transfers_begin(t, title);
        int result = builder_pull_image(r, &pulled, err);

        cmd_transfers_end(t, step, result < 0 ? err : NULL);
        if (result == 0)
                print_pulled(f, &pulled);
        return result;
}

static int pull_all(struct builder_pull_request *r, const struct pull_flags *f, const struct strv *names,
                    struct cmd_progress *p, struct error *err)
{
        struct cmd_failures failures = {.code = 0};
        struct cmd_transfers transfers;
        struct builder_pull_watch watch;

        cmd_transfers_open(&transfers, p, 0);
        watch = cmd_transfers_pull(&transfers);
        r->watch = &watch;
        for (size_t i = 0; i < names->count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (cmd_name_check_remote(names->items[i], "bryo load -i PATH", &r->text, &one) < 0 ||
                    pull_one(r, f, &transfers, &one) < 0)
                        cmd_failures_add(&failures, &one);
        }
        cmd_transfers_close(&transfers);
        return cmd_failures_end(&failures, err);
}

static int pull_into(struct oci_store *store, const struct pull_flags *f, const struct oci_platform *platform,
                     const struct strv *names, struct cmd_progress *p, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct builder_pull_request r = {.workshop = &w, .platform = platform};
        const struct log log = cmd_progress_log(p);
        struct oci_registry_options registry;

        if (registry_flags_read(&f->registry, &registry, err) < 0 || builder_workshop_open(&w, store, &log, err) < 0)
                return -1;
        registry.log = &log;
        w.registry = oci_registry_new(&registry);
        return pull_all(&r, f, names, p, err);
}

static int pull(const struct pull_flags *f, const struct strv *names, struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *platform = NULL;
        CLEANUP_STORE struct oci_store *store = NULL;
        struct cmd_progress *p = NULL;
        struct log log;
        int result;

        if (f->platform && oci_platform_parse(f->platform, &platform, err) < 0) {
                err->code = OPTIONS_EUSAGE;
                return error_wrap(err, "--platform %s", f->platform);
        }
        if (cmd_transfers_progress(f->progress, f->quiet, &p, err) < 0)
                return -1;
        log = cmd_progress_log(p);
        result = cmd_store_open(f->root, &log, &store, err);
        if (result == 0)
                result = pull_into(store, f, platform, names, p, err);
        oci_store_close(STEAL(store));
        cmd_progress_free(p);
        return result;
}

static int parse_and_pull(struct pull_flags *f, char *const *argv, struct error *err)
{
        const struct option_row rows[] = {
                {"platform", 0, OPTION_TEXT, &f->platform, "OS/ARCH", "Of an image for several platforms, this one"},
                {"progress", 0, OPTION_TEXT, &f->progress, "MODE", "auto, tty, plain or quiet (default: auto)"},
                {"quiet", 'q', OPTION_SWITCH, &f->quiet, NULL, "Print only the name"},
                CMD_ROOT_ROW(&f->root),
                CMD_REGISTRY_ROWS(&f->registry),
        };
        static const struct option_foreign refused[] = {
                {"all-tags", 'a', OPTION_SWITCH, "name the tags that are wanted: bryo pull NAME:A NAME:B"},
        };
        const struct option_table table = {
                .refused = refused,
                .refused_count = ARRAY_SIZE(refused),
                .usage = "bryo pull [OPTIONS] NAME[:TAG|@DIGEST]...",
                .about = "Brings images from registries into the store. What the store has already is not fetched "
                         "again.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, CMD_ARGUMENTS_MANY, &words, &done, err) < 0)
                return -1;
        return done ? 0 : pull(f, &words, err);
}

int cmd_pull(char *const *argv, struct error *err)
{
        struct pull_flags f = {.root = NULL};
        int result = parse_and_pull(&f, argv, err);

        registry_flags_free(&f.registry);
        return result;
}
