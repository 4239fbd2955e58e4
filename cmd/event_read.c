/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of JSON become events again. They come from the store, where whoever
 * owns it may have written anything: what does not fit is left out, and a step that never began is
 * never told of.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/event_json.h"
#include "common/memory.h"
#include "oci/base64.h"
#include "oci/json.h"
#include "oci/time.h"

/* More steps than any build has: a number from a damaged line must not make an array of its size. */
#define MAX_STEPS 100000

struct cmd_event_reader {
        bool *began; /* by number - 1 */
        size_t count, cap;
        struct buffer bytes; /* of the event that is told */
};

/* An object's members, all of which may be absent. */
struct members {
        const char *what;
        const struct oci_json *object;
};

static int64_t find_int(const struct members *m, const char *key)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int64_t value = 0;

        return oci_json_get_int(m->what, m->object, key, &value, &err) < 0 ? 0 : value;
}

/* Borrowed; NULL when it is no text. */
static const char *find_text(const struct members *m, const char *key)
{
        const struct oci_json *v = oci_json_find(m->object, key);

        return v && oci_json_kind(v) == OCI_JSON_STRING ? oci_json_string(v) : NULL;
}

static int64_t find_time(const struct members *m, const char *key)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const char *text = find_text(m, key);
        struct timespec t;

        if (!text || oci_time_parse(text, &t, &err) < 0)
                return 0;
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool find_bytes(struct cmd_event_reader *r, const struct members *m, const char *key)
{
        const char *text = find_text(m, key);

        buffer_clear(&r->bytes);
        return text && oci_base64_decode(text, &r->bytes) == 0;
}

/* The number of a step that has begun, or 0. */
static unsigned find_step(const struct cmd_event_reader *r, const struct members *m)
{
        int64_t number = find_int(m, "step");

        return number > 0 && (size_t)number <= r->count && r->began[number - 1] ? (unsigned)number : 0;
}

static void begin(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        int64_t number = find_int(m, "step");
        struct builder_step_view view = {
                .number = (unsigned)number,
                .title = find_text(m, "name"),
                .stage = find_text(m, "stage"),
                .index = (unsigned)find_int(m, "index"),
                .count = (unsigned)find_int(m, "count"),
                .total = (unsigned)find_int(m, "total"),
        };
        struct cmd_event e = {.kind = CMD_EVENT_BEGIN, .time = find_time(m, "started"), .view = &view};

        if (number < 1 || number > MAX_STEPS || !view.title)
                return;
        memory_grow(&r->began, &r->cap, (size_t)number, sizeof(*r->began));
        while (r->count < (size_t)number)
                r->began[r->count++] = false;
        if (r->began[number - 1])
                return;
        r->began[number - 1] = true;
        e.step = (unsigned)number;
        sink->tell(sink->context, &e);
}

static void end(const struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        const struct oci_json *cached = oci_json_find(m->object, "cached");
        struct cmd_event e = {
                .kind = CMD_EVENT_END,
                .time = find_time(m, "completed"),
                .step = find_step(r, m),
                .message = find_text(m, "error"),
        };

        if (cached && oci_json_kind(cached) == OCI_JSON_BOOL && oci_json_bool(cached))
                e.outcome = BUILDER_CACHED;
        if (e.message)
                e.outcome = strcmp(e.message, "context canceled") == 0 ? BUILDER_CANCELLED : BUILDER_FAILED;
        if (e.step > 0)
                sink->tell(sink->context, &e);
}

static void read_vertex(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        if (find_text(m, "completed"))
                end(r, m, sink);
        else
                begin(r, m, sink);
}

static void read_output(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        struct cmd_event e = {
                .kind = CMD_EVENT_OUTPUT,
                .time = find_time(m, "timestamp"),
                .step = find_step(r, m),
                .stream = find_int(m, "stream") == 2 ? 2 : 1,
        };

        if (e.step == 0 || !find_bytes(r, m, "data"))
                return;
        e.bytes = buffer_text(&r->bytes);
        e.size = r->bytes.size;
        sink->tell(sink->context, &e);
}

static void read_transfer(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        struct builder_transfer transfer = {
                .name = find_text(m, "name"),
                .done = (uint64_t)find_int(m, "current"),
                .total = (uint64_t)find_int(m, "total"),
        };
        struct cmd_event e = {
                .kind = CMD_EVENT_TRANSFER,
                .time = find_time(m, "timestamp"),
                .step = find_step(r, m),
                .transfer = &transfer,
        };

        if (e.step > 0 && transfer.name)
                sink->tell(sink->context, &e);
}

static void read_note(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        struct cmd_event e = {.kind = CMD_EVENT_NOTE, .time = find_time(m, "timestamp"), .step = find_step(r, m)};

        if (e.step == 0 || !find_bytes(r, m, "text"))
                return;
        e.message = buffer_text(&r->bytes);
        sink->tell(sink->context, &e);
}

static void read_log(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink)
{
        struct cmd_event e = {.kind = CMD_EVENT_LOG, .time = find_time(m, "timestamp"), .level = LOG_INFO};

        if (find_int(m, "level") > 0)
                e.level = LOG_WARNING;
        if (!find_bytes(r, m, "short"))
                return;
        e.message = buffer_text(&r->bytes);
        sink->tell(sink->context, &e);
}

static void read_result(const struct members *m, const struct cmd_progress_sink *sink)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct cmd_event e = {
                .kind = CMD_EVENT_RESULT,
                .time = find_time(m, "timestamp"),
                .message = find_text(m, "image"),
                .names = &names,
        };

        if (e.message && oci_json_get_strings(m->what, m->object, "names", &names, &err) == 0)
                sink->tell(sink->context, &e);
}

static const struct {
        const char *key;
        void (*read)(struct cmd_event_reader *r, const struct members *m, const struct cmd_progress_sink *sink);
} lists[] = {
        {"vertexes", read_vertex}, {"logs", read_output}, {"statuses", read_transfer},
        {"warnings", read_log},    {"notices", read_log},   {"notes", read_note},
};

int cmd_event_reader_read(struct cmd_event_reader *r, const char *what, const char *line, size_t size,
                          const struct cmd_progress_sink *sink, struct error *err)
{
        CLEANUP_JSON struct oci_json *root = NULL;
        const struct oci_json *result;

        if (oci_json_parse(what, line, size, &root, err) < 0)
                return -1;
        if (oci_json_kind(root) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is no log of a build", what);
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                const struct oci_json *list = oci_json_find(root, lists[i].key);

                for (size_t k = 0; list && oci_json_kind(list) == OCI_JSON_ARRAY && k < oci_json_count(list); k++) {
                        const struct members m = {what, oci_json_item(list, k)};

                        if (oci_json_kind(m.object) == OCI_JSON_OBJECT)
                                lists[i].read(r, &m, sink);
                }
        }
        result = oci_json_find(root, "result");
        if (result && oci_json_kind(result) == OCI_JSON_OBJECT)
                read_result(&(struct members){what, result}, sink);
        return 0;
}

struct cmd_event_reader *cmd_event_reader_new(void)
{
        return memory_zalloc(1, sizeof(struct cmd_event_reader));
}

void cmd_event_reader_free(struct cmd_event_reader *r)
{
        if (r == NULL)
                return;
        free(r->began);
        buffer_free(&r->bytes);
        free(r);
}
