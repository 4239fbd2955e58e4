/* SPDX-License-Identifier: Apache-2.0 */
/* bryo history */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/arguments.h"
#include "cmd/name.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/table.h"
#include "cmd/text.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/json_writer.h"
#include "oci/time.h"

struct history_flags {
        const char *root, *format;
        bool quiet, no_trunc, human;
};

/* One line of the history; all texts are owned. */
struct history_row {
        char *id;
        char *created_at;
        char *created_since;
        char *created_by;
        char *comment;
        char *size;
};

/* The width of docker's CREATED BY column. */
#define CREATED_BY_WIDTH 45
#define COLUMNS          5
static const char *const header[COLUMNS] = {"IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"};

static void free_row(struct history_row *row)
{
        free(row->id);
        free(row->created_at);
        free(row->created_since);
        free(row->created_by);
        free(row->comment);
        free(row->size);
}

static void describe_created(const char *created, int64_t now, struct history_row *row)
{
        CLEANUP_BUFFER struct buffer since = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct timespec when;

        if (created && oci_time_parse(created, &when, &err) == 0)
                cmd_units_format_age(now - (int64_t)when.tv_sec, &since);
        else
                buffer_append_string(&since, "N/A");
        row->created_since = buffer_steal(&since);
        row->created_at = memory_strdup(created ? created : "N/A");
}

static char *describe_size(uint64_t size, bool human)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (human)
                cmd_units_format_size(size, 3, &text);
        else
                buffer_printf(&text, "%llu", (unsigned long long)size);
        return buffer_steal(&text);
}

static char *describe_step(const char *created_by, bool whole)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (whole)
                buffer_append_string(&text, created_by ? created_by : "");
        else
                cmd_text_append_cut(&text, created_by ? created_by : "", CREATED_BY_WIDTH);
        return buffer_steal(&text);
}

static void fill_row(const struct history_flags *f, const struct oci_history *h, uint64_t size, struct history_row *row)
{
        describe_created(h->created, time(NULL), row);
        row->id = memory_strdup("<missing>");
        row->created_by = describe_step(h->created_by, f->no_trunc);
        row->comment = memory_strdup(h->comment ? h->comment : "");
        row->size = describe_size(size, f->human);
}

/*
 * Lowest first. An entry that is not "empty_layer" stands for the next layer. History is optional: layers
 * that nobody tells of get a line of their own, and entries beyond the layers have no size.
 */
static size_t make_rows(const struct history_flags *f, const struct oci_config *config, const struct oci_image *image,
                        struct history_row *rows)
{
        static const struct oci_history untold = {.created = NULL};
        size_t layer = 0;
        size_t count = 0;

        for (size_t i = 0; i < config->history_count; i++) {
                const struct oci_history *h = &config->history[i];
                uint64_t size = 0;

                if (!h->empty_layer && layer < image->layer_count)
                        size = image->layers[layer++].size;
                fill_row(f, h, size, &rows[count++]);
        }
        while (layer < image->layer_count)
                fill_row(f, &untold, image->layers[layer++].size, &rows[count++]);
        return count;
}

static void print_json(const struct history_row *row)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer shown = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&line);

        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "Comment", row->comment);
        oci_json_add_string(&w, "CreatedAt", row->created_at);
        oci_json_add_string(&w, "CreatedBy", row->created_by);
        oci_json_add_string(&w, "CreatedSince", row->created_since);
        oci_json_add_string(&w, "ID", row->id);
        oci_json_add_string(&w, "Size", row->size);
        oci_json_end_object(&w);
        cmd_text_append_json(&shown, line.data, line.size);
        printf("%s\n", shown.data);
}

static void print_table(const struct history_row *rows, size_t count)
{
        CLEANUP_TABLE struct cmd_table table = {.columns = COLUMNS};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < COLUMNS; i++)
                cmd_table_add(&table, header[i]);
        for (size_t i = count; i-- > 0;) {
                cmd_table_add(&table, rows[i].id);
                cmd_table_add(&table, rows[i].created_since);
                cmd_table_add(&table, rows[i].created_by);
                cmd_table_add(&table, rows[i].size);
                cmd_table_add(&table, rows[i].comment);
        }
        cmd_table_format(&table, &text);
        fputs(text.data, stdout);
}

static void print_rows(const struct history_flags *f, bool json, const struct history_row *rows, size_t count)
{
        if (!json && !f->quiet) {
                print_table(rows, count);
                return;
        }
        for (size_t i = count; i-- > 0;) {
                if (json)
                        print_json(&rows[i]);
                else
                        printf("%s\n", rows[i].id);
        }
}

static int show_history(const struct history_flags *f, const char *text, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        struct history_row *rows;
        struct sha256_digest id;
        size_t count;
        bool json;

        if (cmd_arguments_parse_format(f->format, &json, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0 ||
            oci_image_resolve(store, text, &id, NULL, err) < 0 || oci_image_load(store, &id, &image, err) < 0 ||
            oci_image_load_config(store, &id, &config, err) < 0)
                return -1;
        rows = memory_zalloc(config->history_count + image->layer_count, sizeof(*rows));
        count = make_rows(f, config, image, rows);
        if (count > 0) {
                /* only the top of the history is an image of its own */
                free(rows[count - 1].id);
                rows[count - 1].id = cmd_name_id(&id, f->no_trunc);
        }
        print_rows(f, json, rows, count);
        for (size_t i = 0; i < count; i++)
                free_row(&rows[i]);
        free(rows);
        return 0;
}

int cmd_history(char *const *argv, struct error *err)
{
        struct history_flags f = {.human = true};
        const struct option_row rows[] = {
                {"format", 0, OPTION_TEXT, &f.format, "json", "One JSON object a line instead of the table"},
                {"human", 'H', OPTION_SWITCH, &f.human, NULL, "Sizes for people; --human=false prints bytes"},
                {"no-trunc", 0, OPTION_SWITCH, &f.no_trunc, NULL, "Show whole image IDs and instructions"},
                {"quiet", 'q', OPTION_SWITCH, &f.quiet, NULL, "Print only image IDs"},
                CMD_ROOT_ROW(&f.root),
        };
        const struct option_table table = {
                .usage = "bryo history [OPTIONS] IMAGE",
                .about = "Shows the steps that an image was made of, newest first.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 1, 1, &words, &done, err) < 0)
                return -1;
        return done ? 0 : show_history(&f, words.items[0], err);
}
