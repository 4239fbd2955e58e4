/* SPDX-License-Identifier: Apache-2.0 */
/* Events become lines of JSON. */
#include <stdlib.h>
#include <string.h>

#include "cmd/event_json.h"
#include "common/memory.h"
#include "oci/base64.h"
#include "oci/digest.h"
#include "oci/json_writer.h"
#include "oci/time.h"

/* What BuildKit says of a step that was stopped; its readers know it. */
#define CANCELLED "context canceled"

struct step {
        char digest[OCI_DIGEST_TEXT + 1]; /* "" before it began */
        char *title;                      /* owned */
        int64_t began;
};

struct cmd_event_writer {
        struct step *steps; /* by number - 1 */
        size_t count, cap;
};

static void add_time(struct oci_json_writer *w, const char *key, int64_t time)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        oci_time_format((struct timespec){.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}, &text);
        oci_json_add_string(w, key, text.data);
}

static void add_bytes(struct oci_json_writer *w, const char *key, const void *bytes, size_t size)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        oci_base64_encode(bytes, size, &text);
        oci_json_add_string(w, key, buffer_text(&text));
}

/* A name for the step that is its own in this stream. */
static void set_digest(struct step *step, unsigned number)
{
        struct sha256_digest digest;
        struct sha256 hash;

        sha256_init(&hash);
        sha256_field(&hash, &number, sizeof(number));
        sha256_field_string(&hash, step->title);
        sha256_final(&hash, &digest);
        oci_digest_format(&digest, step->digest);
}

static struct step *begin(struct cmd_event_writer *w, const struct cmd_event *e)
{
        struct step *step;

        memory_grow(&w->steps, &w->cap, e->step, sizeof(*w->steps));
        while (w->count < e->step)
                w->steps[w->count++] = (struct step){.title = NULL};
        step = &w->steps[e->step - 1];
        free(step->title);
        step->title = memory_strdup(e->view->title);
        step->began = e->time;
        set_digest(step, e->step);
        return step;
}

static void open_vertex(struct oci_json_writer *w, const struct step *step, unsigned number)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, "vertexes");
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "digest", step->digest);
        oci_json_add_string(w, "name", step->title);
        add_time(w, "started", step->began);
        oci_json_add_int(w, "step", number);
}

static void close_list(struct oci_json_writer *w)
{
        oci_json_end_object(w);
        oci_json_end_array(w);
        oci_json_end_object(w);
}

static void format_begin(const struct step *step, const struct cmd_event *e, struct oci_json_writer *w)
{
        open_vertex(w, step, e->step);
        if (e->view->stage) {
                oci_json_add_string(w, "stage", e->view->stage);
                oci_json_add_int(w, "index", e->view->index);
                oci_json_add_int(w, "count", e->view->count);
                oci_json_add_int(w, "total", e->view->total);
        }
        close_list(w);
}

static void format_end(const struct step *step, const struct cmd_event *e, struct oci_json_writer *w)
{
        open_vertex(w, step, e->step);
        add_time(w, "completed", e->time);
        if (e->outcome == BUILDER_CACHED)
                oci_json_add_bool(w, "cached", true);
        if (e->outcome == BUILDER_CANCELLED)
                oci_json_add_string(w, "error", CANCELLED);
        if (e->outcome == BUILDER_FAILED)
                oci_json_add_string(w, "error", e->message ? e->message : "failed");
        close_list(w);
}

static void format_output(const struct step *step, const struct cmd_event *e, struct oci_json_writer *w)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, "logs");
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "vertex", step->digest);
        oci_json_add_int(w, "step", e->step);
        oci_json_add_int(w, "stream", e->stream);
        add_bytes(w, "data", e->bytes, e->size);
        add_time(w, "timestamp", e->time);
        close_list(w);
}

static void format_transfer(const struct step *step, const struct cmd_event *e, struct oci_json_writer *w)
{
        const struct builder_transfer *t = e->transfer;

        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, "statuses");
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "id", t->name);
        oci_json_add_string(w, "vertex", step->digest);
        oci_json_add_int(w, "step", e->step);
        oci_json_add_string(w, "name", t->name);
        if (t->total > 0)
                oci_json_add_int(w, "total", (int64_t)t->total);
        oci_json_add_int(w, "current", (int64_t)t->done);
        add_time(w, "timestamp", e->time);
        add_time(w, "started", step->began);
        if (t->done == t->total)
                add_time(w, "completed", e->time);
        close_list(w);
}

static void format_log(const struct cmd_event *e, struct oci_json_writer *w)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, e->level == LOG_WARNING ? "warnings" : "notices");
        oci_json_begin_object(w, NULL);
        if (e->level == LOG_WARNING)
                oci_json_add_int(w, "level", 1);
        add_bytes(w, "short", e->message, strlen(e->message));
        add_time(w, "timestamp", e->time);
        close_list(w);
}

static void format_note(const struct step *step, const struct cmd_event *e, struct oci_json_writer *w)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_array(w, "notes");
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "vertex", step->digest);
        oci_json_add_int(w, "step", e->step);
        add_bytes(w, "text", e->message, strlen(e->message));
        add_time(w, "timestamp", e->time);
        close_list(w);
}

static void format_result(const struct cmd_event *e, struct oci_json_writer *w)
{
        oci_json_begin_object(w, NULL);
        oci_json_begin_object(w, "result");
        oci_json_add_string(w, "image", e->message);
        oci_json_begin_array(w, "names");
        for (size_t i = 0; i < e->names->count; i++)
                oci_json_add_string(w, NULL, e->names->items[i]);
        oci_json_end_array(w);
        add_time(w, "timestamp", e->time);
        oci_json_end_object(w);
        oci_json_end_object(w);
}

void cmd_event_writer_format(struct cmd_event_writer *w, const struct cmd_event *e, struct buffer *ret)
{
        struct oci_json_writer json = OCI_JSON_WRITER(ret);

        switch (e->kind) {
        case CMD_EVENT_BEGIN:
                format_begin(begin(w, e), e, &json);
                break;
        case CMD_EVENT_OUTPUT:
                format_output(&w->steps[e->step - 1], e, &json);
                break;
        case CMD_EVENT_TRANSFER:
                format_transfer(&w->steps[e->step - 1], e, &json);
                break;
        case CMD_EVENT_NOTE:
                format_note(&w->steps[e->step - 1], e, &json);
                break;
        case CMD_EVENT_END:
                format_end(&w->steps[e->step - 1], e, &json);
                break;
        case CMD_EVENT_LOG:
                format_log(e, &json);
                break;
        case CMD_EVENT_RESULT:
                format_result(e, &json);
                break;
        case CMD_EVENT_FINISH:
                return;
        }
        buffer_append_char(ret, '\n');
}

struct cmd_event_writer *cmd_event_writer_new(void)
{
        return memory_zalloc(1, sizeof(struct cmd_event_writer));
}

void cmd_event_writer_free(struct cmd_event_writer *w)
{
        if (w == NULL)
                return;
        for (size_t i = 0; i < w->count; i++)
                free(w->steps[i].title);
        free(w->steps);
        free(w);
}

/* --- the sink ---------------------------------------------------------------- */

struct json_sink {
        FILE *out;
        struct cmd_event_writer *writer;
        struct buffer line;
};

static void tell(void *context, const struct cmd_event *e)
{
        struct json_sink *s = context;

        buffer_clear(&s->line);
        cmd_event_writer_format(s->writer, e, &s->line);
        fputs(buffer_text(&s->line), s->out);
}

static void sink_free(void *context)
{
        struct json_sink *s = context;

        cmd_event_writer_free(s->writer);
        buffer_free(&s->line);
        free(s);
}

struct cmd_progress_sink cmd_progress_json_new(FILE *out)
{
        struct json_sink *s = memory_zalloc(1, sizeof(*s));

        s->out = out;
        s->writer = cmd_event_writer_new();
        return (struct cmd_progress_sink){tell, NULL, sink_free, s};
}
