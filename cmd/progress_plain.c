/* SPDX-License-Identifier: Apache-2.0 */
/* Progress as lines, for pipes, files and terminals alike; and the quiet one, which shows only the warnings. */
#include <stdlib.h>
#include <string.h>

#include "cmd/progress_sink.h"
#include "cmd/text.h"
#include "cmd/units.h"
#include "common/buffer.h"
#include "common/map.h"
#include "common/memory.h"

/* A line longer than this is printed in pieces: a command may write gigabytes without a newline. */
#define MAX_LINE 65536

struct step {
        int64_t began;
        char *stage;              /* owned; NULL: it belongs to none */
        bool last;                /* of its stage */
        struct buffer partial[2]; /* unfinished lines of stdout and stderr */
};

struct stage {
        int64_t began;
        unsigned steps, cached;
};

struct plain {
        FILE *out;
        bool quiet;
        struct step *steps; /* by number - 1 */
        size_t count, cap;
        struct map *stages; /* name -> struct stage */
};

static double seconds(int64_t since, int64_t now)
{
        return (double)(now - since) / 1e9;
}

static void append_line(const struct plain *p, const struct cmd_event *e, const char *bytes, size_t size, struct buffer *to)
{
        if (size > 0 && bytes[size - 1] == '\r')
                size--;
        buffer_printf(to, "#%u %.3f ", e->step, seconds(p->steps[e->step - 1].began, e->time));
        cmd_text_append_output(to, bytes, size);
        buffer_append_char(to, '\n');
}

static void begin(struct plain *p, const struct cmd_event *e)
{
        const struct builder_step_view *view = e->view;
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        struct step *step;

        memory_grow(&p->steps, &p->cap, e->step, sizeof(*p->steps));
        while (p->count < e->step)
                p->steps[p->count++] = (struct step){.partial = {BUFFER_INIT, BUFFER_INIT}};
        step = &p->steps[e->step - 1];
        step->began = e->time;
        if (view->stage) {
                struct stage *stage = map_find(p->stages, view->stage, strlen(view->stage));

                step->stage = memory_strdup(view->stage);
                step->last = view->index == view->count;
                if (!stage) {
                        stage = memory_zalloc(1, sizeof(*stage));
                        stage->began = e->time;
                        map_set(p->stages, view->stage, strlen(view->stage), stage);
                }
        }
        buffer_printf(&line, "#%u ", e->step);
        cmd_text_append_output(&line, view->title, strlen(view->title));
        buffer_append_char(&line, '\n');
        fputs(line.data, p->out);
}

static void output(struct plain *p, const struct cmd_event *e)
{
        struct buffer *partial = &p->steps[e->step - 1].partial[e->stream - 1];
        CLEANUP_BUFFER struct buffer lines = BUFFER_INIT; /* standard error has no buffer: one write for all */
        size_t at = 0;
        const char *newline;

        buffer_append(partial, e->bytes, e->size);
        while (at < partial->size &&
               ((newline = memchr(partial->data + at, '\n', partial->size - at)) || partial->size - at > MAX_LINE)) {
                size_t length = newline ? (size_t)(newline - partial->data) - at : MAX_LINE;

                if (length > MAX_LINE) {
                        length = MAX_LINE;
                        newline = NULL;
                }
                append_line(p, e, partial->data + at, length, &lines);
                at += length + (newline ? 1 : 0);
        }
        if (at > 0) {
                memmove(partial->data, partial->data + at, partial->size - at);
                partial->size -= at;
        }
        fputs(buffer_text(&lines), p->out);
}

/* The stage's own line when its last step has ended. */
static void end_stage(const struct plain *p, const struct step *step, const struct cmd_event *e)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;
        struct stage *stage = map_find(p->stages, step->stage, strlen(step->stage));

        if (!stage) /* a kept log that lacks its beginning */
                return;
        stage->steps++;
        stage->cached += e->outcome == BUILDER_CACHED;
        if (!step->last || (e->outcome != BUILDER_CACHED && e->outcome != BUILDER_DONE))
                return;
        buffer_append_char(&line, '[');
        cmd_text_append_output(&line, step->stage, strlen(step->stage));
        buffer_printf(&line, "] DONE %.1fs, %u step%s, %u cached\n", seconds(stage->began, e->time), stage->steps,
                      stage->steps == 1 ? "" : "s", stage->cached);
        fputs(line.data, p->out);
}

static void end(struct plain *p, const struct cmd_event *e)
{
        struct step *step = &p->steps[e->step - 1];
        CLEANUP_BUFFER struct buffer lines = BUFFER_INIT;

        for (int i = 0; i < 2; i++) {
                if (step->partial[i].size > 0)
                        append_line(p, e, step->partial[i].data, step->partial[i].size, &lines);
                buffer_free(&step->partial[i]);
        }
        fputs(buffer_text(&lines), p->out);
        switch (e->outcome) {
        case BUILDER_CACHED:
                fprintf(p->out, "#%u CACHED\n", e->step);
                break;
        case BUILDER_DONE:
                fprintf(p->out, "#%u DONE %.1fs\n", e->step, seconds(step->began, e->time));
                break;
        case BUILDER_CANCELLED:
                fprintf(p->out, "#%u CANCELED %.1fs\n", e->step, seconds(step->began, e->time));
                break;
        case BUILDER_FAILED:
                fprintf(p->out, "#%u ERROR %.1fs\n", e->step, seconds(step->began, e->time));
                break;
        }
        if (step->stage)
                end_stage(p, step, e);
}

/* Only the end of a transfer: lines cannot be taken back. */
static void transfer(const struct plain *p, const struct cmd_event *e)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        if (e->transfer->done != e->transfer->total)
                return;
        buffer_printf(&line, "#%u %.3f ", e->step, seconds(p->steps[e->step - 1].began, e->time));
        cmd_text_append_output(&line, e->transfer->name, strlen(e->transfer->name));
        buffer_append_char(&line, ' ');
        cmd_units_format_size(e->transfer->total, 4, &line);
        buffer_append_char(&line, '\n');
        fputs(line.data, p->out);
}

static void note(const struct plain *p, const struct cmd_event *e)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        buffer_printf(&line, "#%u ", e->step);
        cmd_text_append_output(&line, e->message, strlen(e->message));
        buffer_append_char(&line, '\n');
        fputs(line.data, p->out);
}

static void print_log(const struct plain *p, const struct cmd_event *e)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        if (e->level != LOG_WARNING && p->quiet)
                return;
        if (e->level == LOG_WARNING)
                buffer_append_string(&line, "warning: ");
        cmd_text_append_message(&line, e->message);
        buffer_append_char(&line, '\n');
        fputs(line.data, p->out);
}

static void result(const struct plain *p, const struct cmd_event *e)
{
        fprintf(p->out, "image %s\n", e->message);
        for (size_t i = 0; i < e->names->count; i++)
                fprintf(p->out, "named %s\n", e->names->items[i]);
}

static void tell(void *context, const struct cmd_event *e)
{
        struct plain *p = context;

        if (e->kind == CMD_EVENT_LOG)
                print_log(p, e);
        if (p->quiet) /* the end of a failed command's output is in its error */
                return;
        switch (e->kind) {
        case CMD_EVENT_BEGIN:
                begin(p, e);
                break;
        case CMD_EVENT_OUTPUT:
                output(p, e);
                break;
        case CMD_EVENT_TRANSFER:
                transfer(p, e);
                break;
        case CMD_EVENT_NOTE:
                note(p, e);
                break;
        case CMD_EVENT_END:
                end(p, e);
                break;
        case CMD_EVENT_RESULT:
                result(p, e);
                break;
        case CMD_EVENT_LOG:
        case CMD_EVENT_FINISH:
                break;
        }
}

static void plain_free(void *context)
{
        struct plain *p = context;

        for (size_t i = 0; i < p->count; i++) {
                for (size_t k = 0; k < ARRAY_SIZE(p->steps[i].partial); k++)
                        buffer_free(&p->steps[i].partial[k]);
                free(p->steps[i].stage);
        }
        free(p->steps);
        map_free(p->stages);
        free(p);
}

static struct cmd_progress_sink make(FILE *out, bool quiet)
{
        struct plain *p = memory_zalloc(1, sizeof(*p));

        p->out = out;
        p->quiet = quiet;
        p->stages = map_new(free);
        return (struct cmd_progress_sink){tell, NULL, plain_free, p};
}

struct cmd_progress_sink cmd_progress_plain_new(FILE *out)
{
        return make(out, false);
}

struct cmd_progress_sink cmd_progress_quiet_new(FILE *out)
{
        return make(out, true);
}
