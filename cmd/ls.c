/* SPDX-License-Identifier: Apache-2.0 */
/* bryo images, bryo image ls */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/json_writer.h"

struct ls_flags {
        const char *root, *format;
        struct strv filters;
        bool all, quiet, no_trunc;
};

struct listing {
        const struct ls_flags *flags;
        bool json;
        int64_t now;
        struct strv patterns; /* none: every image */
        bool named, nameless; /* --filter dangling= wants only these */
        struct cmd_table table;
};

#define COLUMNS 5
static const char *const header[COLUMNS] = {"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"};

/* docker's rule (distribution/reference, FamiliarMatch): a shell pattern for "repository" or "repository:tag". */
static bool is_wanted(const struct listing *l, const struct oci_image_row *row)
{
        CLEANUP_FREE char *familiar = NULL;

        if ((row->name && l->nameless) || (!row->name && l->named))
                return false;
        if (l->patterns.count == 0)
                return true;
        if (!row->name)
                return false;
        familiar = cmd_name_familiar(row->name);
        for (size_t i = 0; i < l->patterns.count; i++)
                if (fnmatch(l->patterns.items[i], familiar, FNM_PATHNAME) == 0 ||
                    fnmatch(l->patterns.items[i], row->repository, FNM_PATHNAME) == 0 ||
                    fnmatch(l->patterns.items[i], row->name, FNM_PATHNAME) == 0)
                        return true;
        return false;
}

static int add_filter(struct listing *l, const char *text, struct error *err)
{
        bool yes = strcmp(text, "dangling=true") == 0 || strcmp(text, "dangling=1") == 0;

        if (strncmp(text, "reference=", 10) == 0) {
                strv_add(&l->patterns, text + 10);
                return 0;
        }
        if (!yes && strcmp(text, "dangling=false") != 0 && strcmp(text, "dangling=0") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--filter %s: the filters are dangling=true, dangling=false and reference=PATTERN", text);
        l->nameless = yes;
        l->named = !yes;
        return 0;
}

static void describe_created(const struct listing *l, const struct oci_image_row *row, struct buffer *since,
                             struct buffer *at)
{
        if (row->created) {
                cmd_units_format_age(l->now - row->created_seconds, since);
                cmd_units_format_time(row->created_seconds, at);
        } else {
                buffer_append_string(since, "N/A");
                buffer_append_string(at, "N/A");
        }
}

static void print_json(const struct oci_image_row *row, const char *id, const char *since, const char *at,
                       const char *size)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&line);

        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "CreatedAt", at);
        oci_json_add_string(&w, "CreatedSince", since);
        oci_json_add_string(&w, "ID", id);
        oci_json_add_string(&w, "Repository", row->repository ? row->repository : "<none>");
        oci_json_add_string(&w, "Size", size);
        oci_json_add_string(&w, "Tag", row->tag ? row->tag : "<none>");
        oci_json_end_object(&w);
        printf("%s\n", line.data);
}

static void show_row(struct listing *l, const struct oci_image_row *row)
{
        CLEANUP_FREE char *id = cmd_name_id(&row->id, l->flags->no_trunc);
        CLEANUP_BUFFER struct buffer since = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer at = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer size = BUFFER_INIT;

        describe_created(l, row, &since, &at);
        cmd_units_format_size(row->size, 3, &size);
        if (l->json) {
                print_json(row, id, since.data, at.data, size.data);
        } else if (l->flags->quiet) {
                printf("%s\n", id);
        } else {
                cmd_table_add(&l->table, row->repository ? row->repository : "<none>");
                cmd_table_add(&l->table, row->tag ? row->tag : "<none>");
                cmd_table_add(&l->table, id);
                cmd_table_add(&l->table, since.data);
                cmd_table_add(&l->table, size.data);
        }
}

static int list(const struct ls_flags *f, const char *pattern, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct listing l = {.flags = f, .now = time(NULL), .table = {.columns = COLUMNS}};
        struct oci_image_row *rows = NULL;
        size_t count = 0;

        if (pattern)
                strv_add(&l.patterns, pattern);
        for (size_t i = 0; i < f->filters.count; i++)
                if (add_filter(&l, f->filters.items[i], err) < 0) {
                        strv_free(&l.patterns);
                        return -1;
                }
        if (cmd_arguments_parse_format(f->format, &l.json, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0 || oci_image_list(store, &rows, &count, err) < 0)
                return -1;
        for (size_t i = 0; i < COLUMNS; i++)
                cmd_table_add(&l.table, header[i]);
        for (size_t i = 0; i < count; i++)
                if (is_wanted(&l, &rows[i]))
                        show_row(&l, &rows[i]);
        if (!l.json && !f->quiet) {
                cmd_table_format(&l.table, &text);
                fputs(text.data, stdout);
        }
        cmd_table_free(&l.table);
        strv_free(&l.patterns);
        oci_image_rows_free(rows, count);
        return 0;
}

int cmd_ls(char *const *argv, struct error *err)
{
        struct ls_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &f.all, NULL, "Accepted: there are no hidden intermediate images"},
                {"filter", 'f', OPTION_LIST, &f.filters, "KEY=VALUE", "dangling=true|false or reference=PATTERN; may be repeated"},
                {"format", 0, OPTION_TEXT, &f.format, "json", "One JSON object a line instead of the table"},
                {"no-trunc", 0, OPTION_SWITCH, &f.no_trunc, NULL, "Show whole image IDs"},
                {"quiet", 'q', OPTION_SWITCH, &f.quiet, NULL, "Print only image IDs"},
                CMD_ROOT_ROW(&f.root),
        };
        const struct option_table table = {
                .usage = "bryo image ls [OPTIONS] [REPOSITORY[:TAG]]",
                .about = "Lists the images of the store, newest first. REPOSITORY may be a shell pattern.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        int result = cmd_arguments_parse(&table, argv, 0, 1, &words, &done, err);

        if (result == 0 && !done)
                result = list(&f, words.count > 0 ? words.items[0] : NULL, err);
        strv_free(&f.filters);
        return result;
}
