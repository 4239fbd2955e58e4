/* SPDX-License-Identifier: Apache-2.0 */
/* Several builds on one screen. */
#include "cmd/progress_relay.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"

/* One of the builds. */
struct line {
        struct cmd_relay *relay;
        struct builder_progress progress; /* its context is the line */
        unsigned *numbers;                /* of its steps: as the others know them */
        size_t count, cap;
        unsigned total; /* as it said last */
};

struct cmd_relay {
        const struct builder_progress *to;
        pthread_mutex_t lock; /* guards the rest, and the calls */
        struct line *lines;
        size_t count;
        unsigned steps, total;
};

static unsigned find_number(const struct line *l, unsigned step)
{
        return step > 0 && step <= l->count ? l->numbers[step - 1] : 0;
}

static void on_begin(void *context, const struct builder_step_view *step)
{
        struct line *l = context;
        struct cmd_relay *r = l->relay;
        struct builder_step_view view = *step;

        pthread_mutex_lock(&r->lock);
        while (l->count < step->number) { /* they come one after the other, each once */
                memory_grow(&l->numbers, &l->cap, l->count + 1, sizeof(unsigned));
                l->numbers[l->count++] = ++r->steps;
        }
        r->total += step->total - l->total;
        l->total = step->total;
        view.number = find_number(l, step->number);
        view.total = r->total;
        r->to->begin(r->to->context, &view);
        pthread_mutex_unlock(&r->lock);
}

static void on_output(void *context, unsigned step, int stream, const char *bytes, size_t size)
{
        struct line *l = context;
        struct cmd_relay *r = l->relay;

        pthread_mutex_lock(&r->lock);
        r->to->output(r->to->context, find_number(l, step), stream, bytes, size);
        pthread_mutex_unlock(&r->lock);
}

static void on_transfer(void *context, unsigned step, const struct builder_transfer *transfer)
{
        struct line *l = context;
        struct cmd_relay *r = l->relay;

        pthread_mutex_lock(&r->lock);
        r->to->transfer(r->to->context, find_number(l, step), transfer);
        pthread_mutex_unlock(&r->lock);
}

static void on_note(void *context, unsigned step, const char *text)
{
        struct line *l = context;
        struct cmd_relay *r = l->relay;

        pthread_mutex_lock(&r->lock);
        r->to->note(r->to->context, find_number(l, step), text);
        pthread_mutex_unlock(&r->lock);
}

static void on_end(void *context, unsigned step, enum builder_outcome outcome, const char *message)
{
        struct line *l = context;
        struct cmd_relay *r = l->relay;

        pthread_mutex_lock(&r->lock);
        r->to->end(r->to->context, find_number(l, step), outcome, message);
        pthread_mutex_unlock(&r->lock);
}

struct cmd_relay *cmd_relay_new(const struct builder_progress *to, size_t count)
{
        struct cmd_relay *r = memory_zalloc(1, sizeof(*r));

        r->to = to;
        r->count = count;
        r->lines = memory_zalloc(count, sizeof(*r->lines));
        pthread_mutex_init(&r->lock, NULL);
        for (size_t i = 0; i < count; i++) {
                struct line *l = &r->lines[i];

                l->relay = r;
                l->progress = (struct builder_progress){l, on_begin, on_output, on_transfer, on_note, on_end};
        }
        return r;
}

void cmd_relay_free(struct cmd_relay *r)
{
        if (!r)
                return;
        for (size_t i = 0; i < r->count; i++)
                free(r->lines[i].numbers);
        free(r->lines);
        pthread_mutex_destroy(&r->lock);
        free(r);
}

const struct builder_progress *cmd_relay_of(struct cmd_relay *r, size_t i)
{
        return &r->lines[i].progress;
}

unsigned cmd_relay_steps(const struct cmd_relay *r)
{
        return r->steps;
}
