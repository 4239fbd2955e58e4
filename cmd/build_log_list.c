/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs of builds are kept: only the two ends of each file are read. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/build_log.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/json.h"
#include "oci/time.h"

#define END_SIZE ((size_t)128 << 10) /* of a file, in which its last line is looked for: more than an error is long */

struct list {
        struct oci_store *store;
        struct cmd_build_log *items;
        size_t count, cap;
};

static int64_t find_time(const struct oci_json *object, const char *key)
{
        const struct oci_json *v = oci_json_find(object, key);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct timespec t;

        if (!v || oci_json_kind(v) != OCI_JSON_STRING || oci_time_parse(oci_json_string(v), &t, &err) < 0)
                return 0;
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Heap text; NULL when there is none. */
static char *find_text(const struct oci_json *object, const char *key)
{
        const struct oci_json *v = oci_json_find(object, key);

        return v && oci_json_kind(v) == OCI_JSON_STRING ? memory_strdup(oci_json_string(v)) : NULL;
}

/* The object of a line {"build":{...}}; false for every other line. */
static bool parse_line(const char *line, size_t size, struct oci_json **ret_root, const struct oci_json **ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        *ret_root = NULL;
        *ret = NULL;
        if (oci_json_parse("a build", line, size, ret_root, &err) < 0)
                return false;
        if (oci_json_kind(*ret_root) == OCI_JSON_OBJECT)
                *ret = oci_json_find(*ret_root, "build");
        return *ret && oci_json_kind(*ret) == OCI_JSON_OBJECT;
}

static bool read_first(int fd, struct cmd_build_log *log)
{
        char bytes[8192];
        ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
        const char *end = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;
        CLEANUP_JSON struct oci_json *root = NULL;
        const struct oci_json *build;

        if (!end || !parse_line(bytes, (size_t)(end - bytes), &root, &build))
                return false;
        log->name = find_text(build, "name");
        log->started = find_time(build, "started");
        return log->name != NULL;
}

static const char *known_status(const char *text)
{
        static const char *const known[] = {"completed", "canceled", "error"};

        for (size_t i = 0; text && i < ARRAY_SIZE(known); i++)
                if (strcmp(text, known[i]) == 0)
                        return known[i];
        return NULL;
}

static void read_last(int fd, uint64_t size, struct cmd_build_log *log)
{
        size_t part = size < END_SIZE ? (size_t)size : END_SIZE;
        CLEANUP_FREE char *bytes = memory_alloc(part + 1);
        CLEANUP_FREE char *status = NULL;
        CLEANUP_JSON struct oci_json *root = NULL;
        const struct oci_json *build;
        const char *line;

        if (pread(fd, bytes, part, (off_t)(size - part)) != (ssize_t)part || part == 0 || bytes[part - 1] != '\n')
                return;
        line = memrchr(bytes, '\n', part - 1);
        line = line ? line + 1 : bytes;
        if (!parse_line(line, (size_t)(bytes + part - 1 - line), &root, &build))
                return;
        status = find_text(build, "status");
        log->status = known_status(status);
        log->error = find_text(build, "error");
        log->ended = find_time(build, "completed");
}

/* A file that is no log, or that somebody removed meanwhile, is left out. */
static int add(void *context, const struct oci_store_object *o, struct error *err)
{
        struct list *list = context;
        CLEANUP_ERROR struct error open_err = ERROR_INIT;
        struct cmd_build_log log = {.id = NULL};
        CLEANUP_FD int fd = -1;
        uint64_t size = 0;

        if (oci_store_open_object(list->store, OCI_STORE_BUILDS, o->name, &fd, &size, &open_err) < 0)
                return open_err.code == ENOENT ? 0 : error_move(err, &open_err);
        if (!read_first(fd, &log)) {
                free(log.name);
                return 0;
        }
        read_last(fd, size, &log);
        if (!log.status)
                log.status = oci_store_log_is_growing(fd) ? "running" : "killed";
        log.id = memory_strdup(o->name);
        memory_grow(&list->items, &list->cap, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = log;
        return 0;
}

static int newest_first(const void *a, const void *b)
{
        const struct cmd_build_log *one = a, *other = b;

        return one->started < other->started ? 1 : one->started > other->started ? -1 : strcmp(one->id, other->id);
}

int cmd_build_logs_list(struct oci_store *store, struct cmd_build_log **ret, size_t *ret_count, struct error *err)
{
        struct list list = {.store = store};

        if (oci_store_each(store, OCI_STORE_BUILDS, add, &list, err) < 0) {
                cmd_build_logs_free(list.items, list.count);
                return -1;
        }
        if (list.count > 1)
                qsort(list.items, list.count, sizeof(*list.items), newest_first);
        *ret = list.items;
        *ret_count = list.count;
        return 0;
}

void cmd_build_logs_free(struct cmd_build_log *logs, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                free(logs[i].id);
                free(logs[i].name);
                free(logs[i].error);
        }
        free(logs);
}
