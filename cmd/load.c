/* SPDX-License-Identifier: Apache-2.0 */
/* bryo load */
#include <stdio.h>
#include <stdlib.h>
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
#include "oci/platform.h"

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

/* --platform may be repeated, and hold a list. */
struct platforms {
        struct oci_platform **items;
        size_t count;
};

static void free_platforms(struct platforms *p)
{
        for (size_t i = 0; i < p->count; i++)
                oci_platform_free(p->items[i]);
        free(p->items);
}

static int read_platforms(const struct strv *texts, struct platforms *ret, struct error *err)
{
        for (size_t i = 0; i < texts->count; i++) {
                CLEANUP_FREE char *list = memory_strdup(texts->items[i]);
                char *rest;

                for (char *one = strtok_r(list, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
                        ret->items = memory_realloc(ret->items, ret->count + 1, sizeof(*ret->items));
                        if (oci_platform_parse(one, &ret->items[ret->count], err) < 0) {
                                err->code = OPTIONS_EUSAGE;
                                return error_wrap(err, "--platform %s", one);
                        }
                        oci_platform_normalize(ret->items[ret->count++]);
                }
        }
        return 0;
}

static int load(const char *root, const char *input, const struct platforms *platforms, bool quiet, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_FD int fd = -1;
        struct builder_load_options o = {
                .log = &cmd_notice_log, .fd = -1, .platforms = platforms->items, .platform_count = platforms->count};
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
        CLEANUP_STRV struct strv texts = STRV_INIT;
        struct platforms platforms = {NULL, 0};
        int result;
        const struct option_row rows[] = {
                {"input", 'i', OPTION_TEXT, &input, "PATH", "The archive or directory (default: standard input)"},
                {"platform", 0, OPTION_LIST, &texts, "OS/ARCH,...",
                 "Of an image for several platforms, load these (default: all that the archive has)"},
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
        if (done)
                return 0;
        result = read_platforms(&texts, &platforms, err);
        if (result == 0)
                result = load(root, input, &platforms, quiet, err);
        free_platforms(&platforms);
        return result;
}
