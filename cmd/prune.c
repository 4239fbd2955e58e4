/* SPDX-License-Identifier: Apache-2.0 */
/* bryo prune */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/prune.h"
#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/store.h"
#include "cmd/units.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "dockerfile/value.h"
#include "oci/time.h"

#define SECOND ((int64_t)1000000000)

struct prune_flags {
        const char *root, *size;
        struct strv filters;
        bool all, caches, force, idle;
};

static void print_count(const char *what, size_t count)
{
        if (count > 0)
                printf("Removed %s: %zu\n", what, count);
}

static void print_result(const struct builder_prune_result *r)
{
        CLEANUP_BUFFER struct buffer freed = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer held = BUFFER_INIT;

        print_count("images without a name", r->images);
        print_count("cached steps", r->steps);
        print_count("downloads", r->downloads);
        print_count("cache mounts", r->caches);
        print_count("logs of builds", r->logs);
        print_count("layers", r->layers);
        print_count("files of layers", r->files);
        cmd_units_format_size(r->held, 4, &held);
        if (r->held > 0)
                printf("Unused but held by the file system, which takes no holes: %s\n", held.data);
        cmd_units_format_size(r->bytes, 4, &freed);
        printf("Total reclaimed space: %s\n", freed.data);
}

/* A date alone is that day's midnight, in the local zone, as docker takes it. */
static bool parse_date(const char *text, int64_t *ret)
{
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, "%Y-%m-%d", &tm);

        if (!end || (*end != '\0' && (*end != 'T' || !(end = strptime(end, "T%H:%M:%S", &tm)) || *end != '\0')))
                return false;
        *ret = (int64_t)mktime(&tm) * SECOND;
        return true;
}

/* What docker takes (github.com/docker/docker/api/types/time): seconds since 1970, a time, a date, or how long ago. */
static int parse_until(const char *text, int64_t *ret, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct timespec t;
        int64_t duration;
        char *end;

        errno = 0;
        *ret = strtoll(text, &end, 10);
        if (end != text && *end == '\0' && errno == 0 && *ret >= 0 && *ret <= INT64_MAX / SECOND) {
                *ret *= SECOND;
                return 0;
        }
        if (parse_date(text, ret))
                return 0;
        if (oci_time_parse(text, &t, &cause) == 0) {
                *ret = (int64_t)t.tv_sec * SECOND + t.tv_nsec;
                return 0;
        }
        error_clear(&cause);
        if (dockerfile_duration_parse(text, &duration, &cause) < 0 || duration < 0)
                return error_set(
                        err, OPTIONS_EUSAGE,
                        "--filter until=%s: write how long ago (240h), a date (2024-02-29) or a time (RFC 3339)", text);
        *ret = (int64_t)time(NULL) * SECOND - duration;
        return 0;
}

static int read_filters(const struct prune_flags *f, struct builder_prune_options *o, struct error *err)
{
        for (size_t i = 0; i < f->filters.count; i++) {
                const char *filter = f->filters.items[i];

                if (strncmp(filter, "until=", 6) != 0)
                        return error_set(err, OPTIONS_EUSAGE, "--filter %s: there is until=TIME only", filter);
                if (parse_until(filter + 6, &o->since, err) < 0)
                        return -1;
                o->has_since = true;
        }
        if (!f->size)
                return 0;
        o->has_max_size = true;
        if (!dockerfile_size_parse(f->size, &o->max_size))
                return error_set(err, OPTIONS_EUSAGE, "--keep-storage %s: write a size such as 20g", f->size);
        return 0;
}

static int prune(const struct prune_flags *f, struct error *err)
{
        CLEANUP_STORE struct oci_store *store = NULL;
        struct builder_prune_options o = {.log = &cmd_notice_log, .all = f->all, .caches = f->caches, .idle = f->idle};
        struct builder_prune_result pruned;
        int result;

        if (read_filters(f, &o, err) < 0 || cmd_store_open(f->root, &cmd_notice_log, &store, err) < 0)
                return -1;
        o.store = store;
        result = builder_prune(&o, &pruned, err);
        print_result(&pruned);
        return result;
}

int cmd_prune(char *const *argv, struct error *err)
{
        struct prune_flags f = {.root = NULL};
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &f.all, NULL,
                 "Forget every cached step, cache mount and log, and keep only what tags need"},
                {"caches", 0, OPTION_SWITCH, &f.caches, NULL, "Forget the directories of RUN --mount=type=cache"},
                {"filter", 0, OPTION_LIST, &f.filters, "until=TIME",
                 "Forget only what was last used before; 240h is ten days ago"},
                {"idle", 0, OPTION_SWITCH, &f.idle, NULL,
                 "Nothing else uses the store: work also where its file system has no locks"},
                {"force", 'f', OPTION_SWITCH, &f.force, NULL, "Accepted: bryo prune never asks"},
                {"keep-storage", 0, OPTION_TEXT, &f.size, "SIZE",
                 "Forget what was used least recently, until no more is left than this"},
                {"max-used-space", 0, OPTION_TEXT, &f.size, "SIZE", "The same"},
                CMD_ROOT_ROW(&f.root),
        };
        static const struct option_foreign ignored[] = {
                {"volumes", 0, OPTION_SWITCH, "bryo keeps no volumes"},
        };
        CLEANUP_STRV struct strv warnings = STRV_INIT;
        const struct option_table table = {
                .usage = "bryo prune [OPTIONS]",
                .about = "Removes images without a name and what neither a tag nor a cached step needs.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .warnings = &warnings,
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;
        int result = cmd_arguments_parse(&table, argv, 0, 0, &words, &done, err);

        cmd_notice_warn(&warnings);
        if (result == 0 && !done)
                result = prune(&f, err);
        strv_free(&f.filters);
        return result;
}
