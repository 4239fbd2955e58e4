/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the progress on a terminal. */
#include "cmd/progress_live.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/text.h"
#include "cmd/units.h"
#include "common/map.h"
#include "common/memory.h"

#define WINDOW      6    /* rows of the output of one running step */
#define MAX_PARTIAL 8192 /* bytes of an unfinished line that are looked at */
#define MAX_KEPT    1024 /* bytes of a line that are kept: more than any row shows */
#define TAB         9    /* columns of the time at the right end of a row, with the blank in front */

struct transfer {
        char *name; /* owned, fit for a terminal */
        uint64_t done, total;
};

struct step {
        int64_t began;
        char *title;           /* owned, fit for a terminal */
        char *stage;           /* owned; NULL: it belongs to none */
        char *note;            /* a sentence about it; owned; NULL: none */
        unsigned index, count; /* within the stage */
        bool running;
        char *lines[WINDOW]; /* the last lines of its output, the newest at (next - 1) % WINDOW; owned */
        size_t next;
        struct buffer partial[2];   /* what follows the last newline of stdout and stderr */
        int last_stream;            /* whose partial line is shown */
        struct transfer *transfers; /* in the order in which they began; owned */
        size_t transfer_count, transfer_cap;
};

/* Cached steps of a stage that have not been shown yet. */
struct fold {
        char *title; /* of the only one; owned */
        unsigned first, last, count;
};

struct cmd_live {
        bool colours;
        struct cmd_columns *columns;
        struct step *steps; /* by number - 1 */
        size_t count, cap;
        struct map *folds; /* name of a stage -> struct fold */
        int64_t began;     /* the first step */
        unsigned ended, cached, total;
        unsigned others;      /* steps that are no instructions: not in `total` */
        struct buffer result; /* rows for behind the summary */
};

/* --- rows -------------------------------------------------------------------- */

enum style { PLAIN, DIM, GOOD, WARN, BAD };

static const char *const sequences[] = {"", "\033[2m", "\033[34m", "\033[33m", "\033[31m"};

static void append_style(const struct cmd_live *l, struct buffer *to, enum style style, bool on)
{
        if (l->colours && style != PLAIN)
                buffer_append_string(to, on ? sequences[style] : "\033[0m");
}

/* `left`, cut where it must be, and `right` at the end of the row. */
static void append_row(const struct cmd_live *l, struct buffer *to, const char *left, const char *right,
                       enum style style, size_t width)
{
        size_t usable = width > 1 ? width - 1 : 0; /* the last column stays free: terminals differ in what follows it */
        size_t right_width = strlen(right), room, taken;

        if (right_width > 0 && usable < right_width + 12) {
                right = "";
                right_width = 0;
        }
        room = right_width > 0 ? usable - right_width - 1 : usable;
        append_style(l, to, style, true);
        taken = cmd_columns_append(l->columns, to, left, room);
        for (; right_width > 0 && taken <= room; taken++)
                buffer_append_char(to, ' ');
        buffer_append_string(to, right);
        append_style(l, to, style, false);
}

static void append_lasting(const struct cmd_live *l, struct buffer *to, const char *left, const char *right,
                           enum style style, size_t width)
{
        append_row(l, to, left, right, style, width);
        buffer_append_char(to, '\n');
}

static char *format_seconds(int64_t since, int64_t now)
{
        return memory_printf("%.1fs", (double)(now - since) / 1e9);
}

static char *visible(const char *text, size_t size)
{
        struct buffer line = BUFFER_INIT;

        cmd_text_append_output(&line, text, size);
        return buffer_steal(&line);
}

/* --- folded steps -------------------------------------------------------------- */

static void show_fold(const struct cmd_live *l, const char *stage, struct fold *fold, size_t width,
                      struct buffer *lasting)
{
        CLEANUP_FREE char *row = NULL;
        CLEANUP_FREE char *name = visible(stage, strlen(stage));

        if (fold->count == 0)
                return;
        if (fold->first == fold->last)
                row = memory_printf(" => CACHED %s", fold->title);
        else
                row = memory_printf(" => CACHED [%s %u-%u/%u]", name, fold->first, fold->last, fold->count);
        append_lasting(l, lasting, row, "", GOOD, width);
        fold->count = 0;
}

static void add_to_fold(struct cmd_live *l, const struct step *step)
{
        struct fold *fold = map_find(l->folds, step->stage, strlen(step->stage));

        if (!fold) {
                fold = memory_zalloc(1, sizeof(*fold));
                map_set(l->folds, step->stage, strlen(step->stage), fold);
        }
        if (fold->count == 0) {
                free(fold->title);
                fold->title = memory_strdup(step->title);
                fold->first = step->index;
        }
        fold->last = step->index;
        fold->count = step->count;
}

static void free_fold(void *value)
{
        struct fold *fold = value;

        free(fold->title);
        free(fold);
}

static void show_stage_fold(const struct cmd_live *l, const struct step *step, size_t width, struct buffer *lasting)
{
        struct fold *fold = step->stage ? map_find(l->folds, step->stage, strlen(step->stage)) : NULL;

        if (fold)
                show_fold(l, step->stage, fold, width, lasting);
}

/* All of them, in the order in which their stages began. */
static void show_folds(const struct cmd_live *l, size_t width, struct buffer *lasting)
{
        for (size_t i = 0; i < l->count; i++)
                show_stage_fold(l, &l->steps[i], width, lasting);
}

/* --- events ---------------------------------------------------------------------- */

static void begin(struct cmd_live *l, const struct cmd_event *e)
{
        const struct builder_step_view *view = e->view;
        struct step *step;

        memory_grow(&l->steps, &l->cap, e->step, sizeof(*l->steps));
        while (l->count < e->step)
                l->steps[l->count++] = (struct step){.last_stream = 1};
        if (e->step == 1)
                l->began = e->time;
        step = &l->steps[e->step - 1];
        step->began = e->time;
        step->title = visible(view->title, strlen(view->title));
        step->stage = view->stage ? memory_strdup(view->stage) : NULL;
        step->index = view->index;
        step->count = view->count;
        step->running = true;
        if (view->stage)
                l->total = view->total;
        else
                l->others++;
}

/* What a terminal would show in the end of a line that returns to its start again and again. */
static void last_part(const char **bytes, size_t *size)
{
        const char *cr;

        while (*size > 0 && (*bytes)[*size - 1] == '\r')
                --*size;
        cr = memrchr(*bytes, '\r', *size);
        if (cr) {
                *size -= (size_t)(cr + 1 - *bytes);
                *bytes = cr + 1;
        }
        if (*size > MAX_KEPT)
                *size = MAX_KEPT;
}

static void add_line(struct step *step, const char *bytes, size_t size)
{
        char **line = &step->lines[step->next++ % WINDOW];

        last_part(&bytes, &size);
        free(*line);
        *line = visible(bytes, size);
}

/* Only as many lines from the end as a window shows are looked at: a command may write very much. */
static const char *skip_lines(const char *bytes, size_t size)
{
        const char *end = bytes + size;

        for (int i = 0; i <= WINDOW; i++) {
                const char *newline = memrchr(bytes, '\n', (size_t)(end - bytes));

                if (!newline)
                        return bytes;
                end = newline;
        }
        return end + 1;
}

static void output(struct cmd_live *l, const struct cmd_event *e)
{
        struct step *step = &l->steps[e->step - 1];
        struct buffer *partial = &step->partial[e->stream - 1];
        const char *end = e->bytes + e->size;
        const char *p = skip_lines(e->bytes, e->size);
        const char *newline;

        step->last_stream = e->stream;
        if (p > e->bytes)
                buffer_clear(partial);
        for (; (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1) {
                buffer_append(partial, p, (size_t)(newline - p));
                add_line(step, partial->data, partial->size);
                buffer_clear(partial);
        }
        buffer_append(partial, p, (size_t)(end - p));
        if (partial->size > MAX_PARTIAL) {
                size_t keep = MAX_PARTIAL / 2;

                memmove(partial->data, partial->data + partial->size - keep, keep);
                partial->size = keep;
        }
}

static void note(struct cmd_live *l, const struct cmd_event *e)
{
        struct step *step = &l->steps[e->step - 1];

        free(step->note);
        step->note = visible(e->message, strlen(e->message));
}

static struct transfer *ensure_transfer(struct step *step, char *name)
{
        for (size_t i = 0; i < step->transfer_count; i++)
                if (strcmp(step->transfers[i].name, name) == 0) {
                        free(name);
                        return &step->transfers[i];
                }
        memory_grow(&step->transfers, &step->transfer_cap, step->transfer_count + 1, sizeof(*step->transfers));
        step->transfers[step->transfer_count] = (struct transfer){.name = name};
        return &step->transfers[step->transfer_count++];
}

static void transfer(struct cmd_live *l, const struct cmd_event *e)
{
        struct transfer *t =
                ensure_transfer(&l->steps[e->step - 1], visible(e->transfer->name, strlen(e->transfer->name)));

        t->done = e->transfer->done;
        t->total = e->transfer->total;
}

static void clear_step(struct step *step)
{
        free(STEAL(step->title));
        free(STEAL(step->stage));
        free(STEAL(step->note));
        for (size_t i = 0; i < WINDOW; i++)
                free(STEAL(step->lines[i]));
        buffer_free(&step->partial[0]);
        buffer_free(&step->partial[1]);
        for (size_t i = 0; i < step->transfer_count; i++)
                free(step->transfers[i].name);
        free(STEAL(step->transfers));
        step->transfer_count = step->transfer_cap = 0;
}

static void end(struct cmd_live *l, const struct cmd_event *e, size_t width, struct buffer *lasting)
{
        struct step *step = &l->steps[e->step - 1];
        CLEANUP_FREE char *time = format_seconds(step->began, e->time);
        CLEANUP_FREE char *row = NULL;
        enum style style = GOOD;

        step->running = false;
        l->ended++;
        l->cached += e->outcome == BUILDER_CACHED;
        if (e->outcome == BUILDER_CACHED && step->stage && !step->note)
                add_to_fold(l, step);
        if (e->outcome != BUILDER_CACHED || step->note || step->index == step->count)
                show_stage_fold(l, step, width, lasting);
        if (e->outcome == BUILDER_FAILED) {
                row = memory_printf(" => ERROR %s", step->title);
                style = BAD;
        } else if (e->outcome == BUILDER_CANCELLED) {
                row = memory_printf(" => CANCELED %s", step->title);
                style = WARN;
        } else {
                row = memory_printf(" => %s%s", e->outcome == BUILDER_CACHED ? "CACHED " : "", step->title);
        }
        if (e->outcome != BUILDER_CACHED || step->note)
                append_lasting(l, lasting, row, time, style, width);
        if (step->note)
                buffer_printf(lasting, "    %s\n", step->note);
        if (!step->stage) {
                clear_step(step);
                return;
        }
        for (size_t i = 0; i < WINDOW; i++)
                free(STEAL(step->lines[i]));
        for (size_t i = 0; i < 2; i++)
                buffer_free(&step->partial[i]);
}

static void log_line(const struct cmd_live *l, const struct cmd_event *e, struct buffer *lasting)
{
        append_style(l, lasting, WARN, e->level == LOG_WARNING);
        if (e->level == LOG_WARNING)
                buffer_append_string(lasting, "warning: ");
        cmd_text_append_message(lasting, e->message);
        append_style(l, lasting, e->level == LOG_WARNING ? WARN : PLAIN, false);
        buffer_append_char(lasting, '\n');
}

static void append_header(const struct cmd_live *l, struct buffer *to, int64_t now, const char *word, enum style style,
                          size_t width)
{
        const unsigned total = l->total + l->others;
        CLEANUP_BUFFER struct buffer row = BUFFER_INIT;

        buffer_printf(&row, "[+] Building %.1fs (%u/%u", (double)(now - l->began) / 1e9, l->ended,
                      total > l->ended ? total : l->ended);
        if (l->cached > 0)
                buffer_printf(&row, ", %u cached", l->cached);
        buffer_printf(&row, ")%s", word);
        append_row(l, to, row.data, "", style, width);
}

static void finish(const struct cmd_live *l, const struct cmd_event *e, size_t width, struct buffer *lasting)
{
        bool good = e->outcome == BUILDER_DONE;

        if (l->count == 0)
                return;
        show_folds(l, width, lasting);
        append_header(l, lasting, e->time,
                      good                              ? " FINISHED"
                      : e->outcome == BUILDER_CANCELLED ? " CANCELED"
                                                        : " FAILED",
                      good ? GOOD : BAD, width);
        buffer_append_char(lasting, '\n');
        buffer_append(lasting, l->result.data, l->result.size);
}

static void result(struct cmd_live *l, const struct cmd_event *e)
{
        buffer_printf(&l->result, "image %s\n", e->message);
        for (size_t i = 0; i < e->names->count; i++)
                buffer_printf(&l->result, "named %s\n", e->names->items[i]);
}

void cmd_live_tell(struct cmd_live *l, const struct cmd_event *e, size_t width, struct buffer *lasting)
{
        switch (e->kind) {
        case CMD_EVENT_BEGIN:
                begin(l, e);
                break;
        case CMD_EVENT_OUTPUT:
                output(l, e);
                break;
        case CMD_EVENT_TRANSFER:
                transfer(l, e);
                break;
        case CMD_EVENT_NOTE:
                note(l, e);
                break;
        case CMD_EVENT_END:
                end(l, e, width, lasting);
                break;
        case CMD_EVENT_LOG:
                log_line(l, e, lasting);
                break;
        case CMD_EVENT_RESULT:
                result(l, e);
                break;
        case CMD_EVENT_FINISH:
                finish(l, e, width, lasting);
                break;
        }
}

/* --- live rows --------------------------------------------------------------------- */

struct rows {
        const struct cmd_live *live;
        struct buffer *to;
        size_t width;
        size_t left, used; /* rows */
};

static void add_row(struct rows *r, const char *left, const char *right, enum style style)
{
        if (r->used++ > 0)
                buffer_append_char(r->to, '\n');
        append_row(r->live, r->to, left, right, style, r->width);
        r->left--;
}

/* Those that are not done yet, the oldest first. */
static void add_transfers(struct rows *r, const struct step *step, size_t rows)
{
        for (size_t i = 0; i < step->transfer_count && rows > 0; i++) {
                const struct transfer *t = &step->transfers[i];
                CLEANUP_FREE char *left = memory_printf(" => => %s", t->name);
                CLEANUP_BUFFER struct buffer right = BUFFER_INIT;

                if (t->done == t->total)
                        continue;
                cmd_units_format_size(t->done, 3, &right);
                if (t->total > 0) {
                        buffer_append_string(&right, " / ");
                        cmd_units_format_size(t->total, 3, &right);
                }
                add_row(r, left, right.data, DIM);
                rows--;
        }
}

static void add_window(struct rows *r, const struct step *step, size_t rows)
{
        const struct buffer *partial = &step->partial[step->last_stream - 1];
        size_t lines = step->next < WINDOW ? step->next : WINDOW;
        const char *bytes = buffer_text(partial);
        size_t size = partial->size;
        bool has_partial;

        last_part(&bytes, &size);
        has_partial = size > 0 && rows > 0;
        if (lines > rows - has_partial)
                lines = rows - has_partial;
        for (size_t i = step->next - lines; i < step->next; i++) {
                CLEANUP_FREE char *row = memory_printf(" => => %s", step->lines[i % WINDOW]);

                add_row(r, row, "", DIM);
        }
        if (has_partial) {
                CLEANUP_FREE char *text = visible(bytes, size);
                CLEANUP_FREE char *row = memory_printf(" => => %s", text);

                add_row(r, row, "", DIM);
        }
}

size_t cmd_live_format(const struct cmd_live *l, int64_t now, size_t width, size_t height, struct buffer *ret)
{
        struct rows r = {l, ret, width, height, 0};
        size_t running = 0, window;

        for (size_t i = 0; i < l->count; i++)
                running += l->steps[i].running;
        if (height == 0 || running == 0)
                return 0;
        append_header(l, ret, now, "", PLAIN, width);
        r.used = 1;
        r.left--;
        window = r.left > running ? (r.left - running) / running : 0;
        for (size_t i = 0; i < l->count && r.left > 0; i++) {
                const struct step *step = &l->steps[i];
                CLEANUP_FREE char *time = format_seconds(step->began, now);
                CLEANUP_FREE char *row = memory_printf(" => %s", step->running ? step->title : "");

                if (!step->running)
                        continue;
                add_row(&r, row, time, PLAIN);
                if (step->transfer_count > 0)
                        add_transfers(&r, step, window < WINDOW ? window : WINDOW);
                else
                        add_window(&r, step, window < WINDOW ? window : WINDOW);
        }
        return r.used;
}

/* --- life ------------------------------------------------------------------------------ */

struct cmd_live *cmd_live_new(bool colours)
{
        struct cmd_live *l = memory_zalloc(1, sizeof(*l));

        l->colours = colours;
        l->columns = cmd_columns_new();
        l->folds = map_new(free_fold);
        return l;
}

void cmd_live_free(struct cmd_live *l)
{
        if (l == NULL)
                return;
        for (size_t i = 0; i < l->count; i++)
                clear_step(&l->steps[i]);
        free(l->steps);
        map_free(l->folds);
        buffer_free(&l->result);
        cmd_columns_free(l->columns);
        free(l);
}
