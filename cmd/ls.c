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
#include "cmd/template.h"
#include "cmd/text.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/json.h"
#include "oci/json_writer.h"

struct ls_flags {
        const char *root, *format;
        struct strv filters;
        bool all, quiet, no_trunc, digests;
};

struct listing {
        const struct ls_flags *flags;
        bool json;
        const char *template; /* of --format; NULL: none */
        bool tabular;         /* it makes columns: "table TEMPLATE" */
        int64_t now;
        struct strv patterns; /* none: every image */
        bool named, nameless; /* --filter dangling= wants only these */
        struct cmd_table table;
};

/* Of an image, as the table and templates have it. */
struct row {
        const char *repository, *tag, *digest, *id, *since, *at, *size;
};

static const struct row header = {"REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "CREATED AT", "SIZE"};

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
                return error_set(err, OPTIONS_EUSAGE,
                                 "--filter %s: the filters are dangling=true, dangling=false and reference=PATTERN",
                                 text);
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

static void format_json(const struct row *row, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "CreatedAt", row->at);
        oci_json_add_string(&w, "CreatedSince", row->since);
        oci_json_add_string(&w, "Digest", row->digest);
        oci_json_add_string(&w, "ID", row->id);
        oci_json_add_string(&w, "Repository", row->repository);
        oci_json_add_string(&w, "Size", row->size);
        oci_json_add_string(&w, "Tag", row->tag);
        oci_json_end_object(&w);
}

/* A line of a template: to the table, cut at tabs, or out. */
static void show_line(struct listing *l, const char *line)
{
        CLEANUP_BUFFER struct buffer visible = BUFFER_INIT;

        if (!l->tabular) {
                cmd_text_append_message(&visible, line);
                printf("%s\n", buffer_text(&visible));
                return;
        }
        for (size_t i = 0; i < l->table.columns; i++) {
                CLEANUP_FREE char *cell =
                        memory_strndup(line, i + 1 < l->table.columns ? strcspn(line, "\t") : strlen(line));

                cmd_table_add(&l->table, cell);
                line += strlen(cell) + (line[strlen(cell)] == '\t');
        }
}

static int show_template(struct listing *l, const struct row *row, struct error *err)
{
        CLEANUP_BUFFER struct buffer object = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        CLEANUP_JSON struct oci_json *json = NULL;

        format_json(row, &object);
        if (oci_json_parse("the image", object.data, object.size, &json, err) < 0 ||
            cmd_template_run(l->template, json, &line, err) < 0)
                return -1;
        if (l->tabular && row == &header)
                for (const char *c = buffer_text(&line); *c; c++)
                        l->table.columns += *c == '\t';
        show_line(l, buffer_text(&line));
        return 0;
}

static int show_row(struct listing *l, const struct row *row, struct error *err)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        if (l->template)
                return show_template(l, row, err);
        if (l->json) {
                format_json(row, &line);
                printf("%s\n", line.data);
        } else if (l->flags->quiet) {
                printf("%s\n", row->id);
        } else {
                cmd_table_add(&l->table, row->repository);
                cmd_table_add(&l->table, row->tag);
                if (l->flags->digests)
                        cmd_table_add(&l->table, row->digest);
                cmd_table_add(&l->table, row->id);
                cmd_table_add(&l->table, row->since);
                cmd_table_add(&l->table, row->size);
        }
        return 0;
}

static int show_image(struct listing *l, const struct oci_image_row *image, struct error *err)
{
        CLEANUP_FREE char *id = cmd_name_id(&image->id, l->flags->no_trunc);
        CLEANUP_BUFFER struct buffer since = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer at = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer size = BUFFER_INIT;
        char digest[OCI_DIGEST_TEXT + 1] = "<none>";
        struct row row = {.repository = image->repository ? image->repository : "<none>",
                          .tag = image->tag ? image->tag : "<none>",
                          .digest = digest,
                          .id = id};

        if (image->has_digest)
                oci_digest_format(&image->digest, digest);
        describe_created(l, image, &since, &at);
        cmd_units_format_size(image->size, 3, &size);
        row.since = since.data;
        row.at = at.data;
        row.size = size.data;
        return show_row(l, &row, err);
}

/* json, a template, or a template behind the word table; nothing: the table. */
static int read_format(struct listing *l, struct error *err)
{
        const char *format = l->flags->format;

        l->table.columns = 5 + l->flags->digests;
        l->tabular = format && strncmp(format, "table ", 6) == 0;
        if (!format || !strstr(format, "{{"))
                return cmd_arguments_parse_format(format, &l->json, err);
        l->template = l->tabular ? format + 6 : format;
        if (l->tabular)
                l->table.columns = 1; /* the header has the tabs */
        return 0;
}

static int show_images(struct listing *l, const struct oci_image_row *images, size_t count, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        bool table = l->template ? l->tabular : !l->json && !l->flags->quiet;

        if (table && show_row(l, &header, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (is_wanted(l, &images[i]) && show_image(l, &images[i], err) < 0)
                        return -1;
        if (table) {
                cmd_table_format(&l->table, &text);
                fputs(text.data, stdout);
        }
        return 0;
}

static int read_filters(struct listing *l, const char *pattern, struct error *err)
{
        if (pattern)
                strv_add(&l->patterns, pattern);
        for (size_t i = 0; i < l->flags->filters.count; i++)
                if (add_filter(l, l->flags->filters.items[i], err) < 0)
                        return -1;
        return read_format(l, err);
}

static int list(const struct ls_flags *f, const char *pattern, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct listing l = {.flags = f, .now = time(NULL)};
        struct oci_image_row *images = NULL;
        size_t count = 0;
        int result = read_filters(&l, pattern, err);

        if (result == 0)
                result = cmd_store_open(f->root, &cmd_notice_log, &store, err);
        if (result == 0)
                result = oci_image_list(store, &images, &count, err);
        if (result == 0)
                result = show_images(&l, images, count, err);
        cmd_table_free(&l.table);
        strv_free(&l.patterns);
        oci_image_rows_free(images, count);
        return result;
}

int cmd_ls(char *const *argv, struct error *err)
{
        struct ls_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &f.all, NULL, "Accepted: there are no hidden intermediate images"},
                {"digests", 0, OPTION_SWITCH, &f.digests, NULL, "Also show what registries call the images"},
                {"filter", 'f', OPTION_LIST, &f.filters, "KEY=VALUE",
                 "dangling=true|false or reference=PATTERN; may be repeated"},
                {"format", 0, OPTION_TEXT, &f.format, "json|TEMPLATE",
                 "One JSON object a line, or what a template makes: '{{.ID}} {{.Tag}}', 'table {{.ID}}\\t{{.Size}}'"},
                {"no-trunc", 0, OPTION_SWITCH, &f.no_trunc, NULL, "Show whole image IDs"},
                {"quiet", 'q', OPTION_SWITCH, &f.quiet, NULL, "Print only image IDs"},
                CMD_ROOT_ROW(&f.root),
        };
        static const struct option_foreign refused[] = {
                {"json", 0, OPTION_SWITCH, "--format json prints an object a line"},
        };
        const struct option_table table = {
                .usage = "bryo image ls [OPTIONS] [REPOSITORY[:TAG]]",
                .about = "Lists the images of the store, newest first. REPOSITORY may be a shell pattern.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .refused = refused,
                .refused_count = ARRAY_SIZE(refused),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        int result = cmd_arguments_parse(&table, argv, 0, 1, &words, &done, err);

        if (result == 0 && !done)
                result = list(&f, words.count > 0 ? words.items[0] : NULL, err);
        strv_free(&f.filters);
        return result;
}
