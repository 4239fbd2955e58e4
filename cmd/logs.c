/* SPDX-License-Identifier: Apache-2.0 */
/* bryo logs: what builds said, afterwards. The words are those of `docker buildx history logs` and `history ls`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/build_log.h"
#include "cmd/event_json.h"
#include "cmd/notice.h"
#include "cmd/number.h"
#include "cmd/store.h"
#include "cmd/table.h"
#include "cmd/text.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/json_writer.h"
#include "oci/time.h"

struct logs_flags {
        const char *root, *format, *progress;
        bool list, quiet;
};

/* --- the list ------------------------------------------------------------------- */

static void print_json(const struct cmd_build_log *log)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer created = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&line);
        const struct timespec t = {.tv_sec = log->started / 1000000000, .tv_nsec = log->started % 1000000000};

        oci_time_format(t, &created);
        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "ref", log->id);
        oci_json_add_string(&w, "name", log->name);
        oci_json_add_string(&w, "status", log->status);
        oci_json_add_string(&w, "created_at", created.data);
        if (log->ended)
                oci_json_add_int(&w, "duration_ms", (log->ended - log->started) / 1000000);
        oci_json_add_string_if(&w, "error", log->error);
        oci_json_end_object(&w);
        printf("%s\n", line.data);
}

static void add_row(struct cmd_table *table, const struct cmd_build_log *log, int64_t now)
{
        CLEANUP_FREE char *duration =
                log->ended ? memory_printf("%.1fs", (double)(log->ended - log->started) / 1e9) : memory_strdup("-");
        CLEANUP_BUFFER struct buffer created = BUFFER_INIT;

        cmd_units_format_age(now - log->started / 1000000000, &created);
        cmd_table_add(table, log->id);
        cmd_table_add(table, log->name);
        cmd_table_add(table, log->status);
        cmd_table_add(table, created.data);
        cmd_table_add(table, duration);
}

static void print_list(const struct logs_flags *f, bool json, const struct cmd_build_log *logs, size_t count)
{
        static const char *const header[] = {"BUILD ID", "NAME", "STATUS", "CREATED", "DURATION"};
        CLEANUP_TABLE struct cmd_table table = {.columns = ARRAY_SIZE(header)};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(header); i++)
                cmd_table_add(&table, header[i]);
        for (size_t i = 0; i < count; i++) {
                if (json)
                        print_json(&logs[i]);
                else if (f->quiet)
                        printf("%s\n", logs[i].id);
                else
                        add_row(&table, &logs[i], time(NULL));
        }
        if (json || f->quiet)
                return;
        cmd_table_format(&table, &text);
        fputs(text.data, stdout);
}

/* --- one log --------------------------------------------------------------------- */

/* "^2": the second before the last. */
static bool parse_offset(const char *text, size_t *ret)
{
        uint64_t value = 0;

        if (text[0] != '^' || !cmd_number_parse(text + 1, 0, SIZE_MAX, &value))
                return false;
        *ret = (size_t)value;
        return true;
}

static int find_log(const struct cmd_build_log *logs, size_t count, const char *text, size_t *ret, struct error *err)
{
        const char *id = strrchr(text, '/') ? strrchr(text, '/') + 1 : text; /* BUILDER/NODE/ID of buildx */
        size_t found = 0;

        if (parse_offset(text, ret)) {
                if (*ret < count)
                        return 0;
                return error_set(err, ENOENT, "%s: only %zu builds are kept (bryo logs --list)", text, count);
        }
        for (size_t i = 0; i < count; i++) {
                if (*id == '\0' || strncmp(logs[i].id, id, strlen(id)) != 0)
                        continue;
                *ret = i;
                found++;
        }
        if (found == 1)
                return 0;
        if (found > 1)
                return error_set(err, EINVAL, "%zu builds begin with %s: write more of the ID", found, text);
        return error_set(err, ENOENT,
                         "no build %s is kept (bryo logs --list): a build that executes nothing keeps no log", text);
}

static int replay(FILE *file, const char *what, const struct cmd_progress_sink *sink, struct error *err)
{
        struct cmd_event_reader *reader = cmd_event_reader_new();
        char *line = NULL;
        size_t cap = 0;
        ssize_t n;
        int result = 0;

        while (result == 0 && (n = getline(&line, &cap, file)) > 0) {
                if (line[n - 1] != '\n')
                        break; /* somebody is writing it, or was killed over it */
                result = cmd_event_reader_read(reader, what, line, (size_t)n - 1, sink, err);
        }
        if (result == 0 && ferror(file))
                result = error_errno(err, errno, "cannot read %s", what);
        free(line);
        cmd_event_reader_free(reader);
        return result;
}

static int copy(FILE *file, const char *what, struct error *err)
{
        char bytes[65536];
        size_t n;

        while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
                fwrite(bytes, 1, n, stdout);
        return ferror(file) ? error_errno(err, errno, "cannot read %s", what) : 0;
}

static void print_end(const struct cmd_build_log *log)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (log->error) {
                cmd_text_append_message(&text, log->error);
                printf("bryo: %s\n", text.data);
        } else if (strcmp(log->status, "killed") == 0 || strcmp(log->status, "running") == 0) {
                printf("(%s)\n", log->status);
        }
}

static int show(struct oci_store *store, const struct cmd_build_log *log, bool json, struct error *err)
{
        CLEANUP_FREE char *what =
                memory_printf("%s/%s/%s", oci_store_path(store), oci_store_area_name(OCI_STORE_BUILDS), log->id);
        struct cmd_progress_sink sink;
        CLEANUP_FD int fd = -1;
        FILE *file;
        int result;

        if (oci_store_open_object(store, OCI_STORE_BUILDS, log->id, &fd, NULL, err) < 0)
                return -1;
        file = fdopen(fd, "r");
        if (!file)
                return error_errno(err, errno, "cannot read %s", what);
        (void)fd_steal(&fd);
        if (json) {
                result = copy(file, what, err);
        } else {
                sink = cmd_progress_plain_new(stdout);
                result = replay(file, what, &sink, err);
                sink.free(sink.context);
                print_end(log);
        }
        (void)fclose(file); /* it was only read */
        return result;
}

static int logs(const struct logs_flags *f, const char *build, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct cmd_build_log *all = NULL;
        size_t count = 0, which = 0;
        bool json, raw = f->progress && strcmp(f->progress, "rawjson") == 0;
        int result;

        if (f->progress && !raw && strcmp(f->progress, "plain") != 0 && strcmp(f->progress, "auto") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--progress=%s: a log is shown as plain or rawjson", f->progress);
        if (cmd_arguments_parse_format(f->format, &json, err) < 0 ||
            cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0 ||
            cmd_build_logs_list(store, &all, &count, err) < 0)
                return -1;
        if (f->list || f->format || f->quiet) {
                print_list(f, json, all, count);
                result = 0;
        } else if (count == 0) {
                result = error_set(err, ENOENT, "no log of a build is kept: a build that executes nothing keeps none");
        } else {
                result = build ? find_log(all, count, build, &which, err) : 0;
                if (result == 0)
                        result = show(store, &all[which], raw, err);
        }
        cmd_build_logs_free(all, count);
        return result;
}

int cmd_logs(char *const *argv, struct error *err)
{
        struct logs_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"format", 0, OPTION_TEXT, &f.format, "json", "List the builds, one JSON object a line"},
                {"list", 'l', OPTION_SWITCH, &f.list, NULL, "List the builds, the newest first"},
                {"progress", 0, OPTION_TEXT, &f.progress, "MODE", "plain, or rawjson for the events as they were kept"},
                {"quiet", 'q', OPTION_SWITCH, &f.quiet, NULL, "List only their IDs"},
                CMD_ROOT_ROW(&f.root),
        };
        const struct option_table table = {
                .usage = "bryo logs [OPTIONS] [BUILD]",
                .about = "Shows what a build said: the last one, the one with this ID, or ^N, the Nth before the last.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 1, &words, &done, err) < 0)
                return -1;
        return done ? 0 : logs(&f, words.count > 0 ? words.items[0] : NULL, err);
}
