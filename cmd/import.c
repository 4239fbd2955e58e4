/* SPDX-License-Identifier: Apache-2.0 */
/* bryo import */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "builder/import.h"
#include "cmd/arguments.h"
#include "cmd/epoch.h"
#include "cmd/input.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"

struct import_flags {
        const char *root, *message, *platform;
        struct strv changes;
};

/* Without directories: an image says nothing about its maker's machine, and is the same wherever the tar lies. */
static char *default_message(const char *tar)
{
        const char *slash = strrchr(tar, '/');

        return memory_printf("Imported from %s", slash ? slash + 1 : tar);
}

static int import(const struct import_flags *f, const char *tar, const char *name, struct error *err)
{
        CLEANUP_FREE char *message = f->message ? memory_strdup(f->message) : default_message(tar);
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_FREE char *full = NULL;
        CLEANUP_FREE char *id = NULL;
        CLEANUP_FD int fd = -1;
        struct builder_import_options o = {.log = &cmd_notice_log, .message = message};
        struct oci_platform *platform = NULL;
        struct sha256_digest image;
        int64_t epoch = 0;
        bool has_epoch;
        int result;

        if (cmd_epoch_find(NULL, &has_epoch, &epoch, err) < 0 || cmd_name_parse_tag(name, &full, err) < 0 || cmd_input_open(tar, &fd, &o.what, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0)
                return -1;
        if (f->platform && oci_platform_parse(f->platform, &platform, err) < 0)
                return -1;
        o.store = store;
        o.fd = fd;
        o.name = full;
        o.platform = platform;
        clock_gettime(CLOCK_REALTIME, &o.created);
        if (has_epoch && o.created.tv_sec > epoch)
                o.created = (struct timespec){.tv_sec = (time_t)epoch};
        result = builder_import(&o, &image, err);
        oci_platform_free(platform);
        if (result < 0)
                return -1;
        id = cmd_name_id(&image, true);
        printf("%s\n", id);
        return 0;
}

static int parse_and_import(struct import_flags *f, char *const *argv, struct error *err)
{
        const struct option_row rows[] = {
                {"change", 'c', OPTION_LIST, &f->changes, "INSTRUCTION", "Not built yet: build FROM the image instead"},
                {"message", 'm', OPTION_TEXT, &f->message, "TEXT", "The comment in the image's history"},
                {"platform", 0, OPTION_TEXT, &f->platform, "OS/ARCH", "What the image runs on (default: this machine)"},
                CMD_ROOT_ROW(&f->root),
        };
        const struct option_table table = {
                .usage = "bryo import [OPTIONS] TAR|- NAME[:TAG]",
                .about = "Makes an image of a root file system in a tar, plain or compressed. - is standard input.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 2, 2, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (f->changes.count > 0)
                return error_set(err, OPTIONS_EUSAGE,
                                 "--change %s is not built yet: write \"FROM %s\" and the instruction into a "
                                 "Dockerfile and build it",
                                 f->changes.items[0], words.items[1]);
        return import(f, words.items[0], words.items[1], err);
}

int cmd_import(char *const *argv, struct error *err)
{
        struct import_flags f = {.changes = STRV_INIT};
        int result = parse_and_import(&f, argv, err);

        strv_free(&f.changes);
        return result;
}
