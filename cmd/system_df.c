/* SPDX-License-Identifier: Apache-2.0 */
/* bryo system df: what the store takes on disk. */
#include <stdio.h>

#include "builder/usage.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/json_writer.h"

struct line {
        const char *type;
        bool counted; /* there is a number of them */
        size_t total, active;
        uint64_t size, reclaimable;
};

static void add_number(struct cmd_table *table, bool counted, size_t number)
{
        CLEANUP_FREE char *text = counted ? memory_printf("%zu", number) : memory_strdup("");

        cmd_table_add(table, text);
}

static void add_size(struct cmd_table *table, uint64_t size)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        cmd_units_format_size(size, 4, &text);
        cmd_table_add(table, text.data);
}

static void print_table(const struct line *lines, size_t count)
{
        static const char *const header[] = {"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"};
        CLEANUP_TABLE struct cmd_table table = {.columns = ARRAY_SIZE(header)};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(header); i++)
                cmd_table_add(&table, header[i]);
        for (size_t i = 0; i < count; i++) {
                cmd_table_add(&table, lines[i].type);
                add_number(&table, lines[i].counted, lines[i].total);
                add_number(&table, lines[i].counted, lines[i].active);
                add_size(&table, lines[i].size);
                add_size(&table, lines[i].reclaimable);
        }
        cmd_table_format(&table, &text);
        fputs(text.data, stdout);
}

static void print_json(const struct line *lines, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                struct oci_json_writer w = OCI_JSON_WRITER(&text);

                oci_json_begin_object(&w, NULL);
                oci_json_add_string(&w, "Type", lines[i].type);
                if (lines[i].counted) {
                        oci_json_add_int(&w, "TotalCount", (int64_t)lines[i].total);
                        oci_json_add_int(&w, "Active", (int64_t)lines[i].active);
                }
                oci_json_add_int(&w, "Size", (int64_t)lines[i].size);
                oci_json_add_int(&w, "Reclaimable", (int64_t)lines[i].reclaimable);
                oci_json_end_object(&w);
                printf("%s\n", text.data);
        }
}

static int show(const char *root, const char *format, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct builder_usage u;
        bool json;

        if (cmd_arguments_parse_format(format, &json, err) < 0 ||
            cmd_store_open(root, &cmd_notice_log, &store, err) < 0 || builder_usage_find(store, &u, err) < 0)
                return -1;
        const uint64_t parts = u.images + u.steps + u.caches + u.logs + u.unused;
        const struct line lines[] = {
                {"Images", true, u.image_count, u.tagged_count, u.images, 0},
                {"Build Cache", true, u.step_count, u.step_count, u.steps, u.steps},
                {"Cache Mounts", true, u.cache_count, u.cache_count, u.caches, u.caches},
                {"Logs", true, u.log_count, u.log_count, u.logs, u.logs},
                {"Unused", false, 0, 0, u.unused, u.unused},
                {"Store itself", false, 0, 0, u.total > parts ? u.total - parts : 0, 0},
                {"All", false, 0, 0, u.total, u.steps + u.caches + u.logs + u.unused},
        };
        if (json)
                print_json(lines, ARRAY_SIZE(lines));
        else
                print_table(lines, ARRAY_SIZE(lines));
        return 0;
}

int cmd_system_df(char *const *argv, struct error *err)
{
        const char *root = NULL, *format = NULL;
        const struct option_row rows[] = {
                {"format", 0, OPTION_TEXT, &format, "json", "One JSON object a line, with bytes, instead of the table"},
                CMD_ROOT_ROW(&root),
        };
        const struct option_table table = {
                .usage = "bryo system df [OPTIONS]",
                .about = "Shows what the store takes on disk, and what of it `bryo prune` (Unused) and `bryo prune "
                         "--all` give back.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err) < 0)
                return -1;
        return done ? 0 : show(root, format, err);
}
