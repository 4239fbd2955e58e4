/* SPDX-License-Identifier: Apache-2.0 */
/* From the builder's callbacks to the sinks: each event gets its time, and every sink gets it, one at a time. */
#include "cmd/progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/notice.h"
#include "cmd/options.h"
#include "common/environment.h"
#include "common/memory.h"

#define MAX_SINKS 2

struct cmd_progress {
        pthread_mutex_t lock; /* guards all below: log lines come from any thread */
        struct cmd_progress_sink sinks[MAX_SINKS];
        size_t count;
        int64_t offset; /* what the wall clock is ahead of the monotonic one: times never go back */
        bool finished;
        enum cmd_progress_mode mode; /* never changes */
};

static int64_t clock_now(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void tell_locked(struct cmd_progress *p, struct cmd_event *event)
{
        event->time = clock_now(CLOCK_MONOTONIC) + p->offset;
        for (size_t i = 0; i < p->count; i++)
                p->sinks[i].tell(p->sinks[i].context, event);
}

static void tell(struct cmd_progress *p, struct cmd_event event)
{
        pthread_mutex_lock(&p->lock);
        tell_locked(p, &event);
        pthread_mutex_unlock(&p->lock);
}

static void on_begin(void *context, const struct builder_step_view *view)
{
        tell(context, (struct cmd_event){.kind = CMD_EVENT_BEGIN, .step = view->number, .view = view});
}

static void on_output(void *context, unsigned step, int stream, const char *bytes, size_t size)
{
        tell(context, (struct cmd_event){
                              .kind = CMD_EVENT_OUTPUT, .step = step, .stream = stream, .bytes = bytes, .size = size});
}

static void on_transfer(void *context, unsigned step, const struct builder_transfer *transfer)
{
        tell(context, (struct cmd_event){.kind = CMD_EVENT_TRANSFER, .step = step, .transfer = transfer});
}

static void on_note(void *context, unsigned step, const char *text)
{
        tell(context, (struct cmd_event){.kind = CMD_EVENT_NOTE, .step = step, .message = text});
}

static void on_end(void *context, unsigned step, enum builder_outcome outcome, const char *message)
{
        tell(context, (struct cmd_event){.kind = CMD_EVENT_END, .step = step, .outcome = outcome, .message = message});
}

static void on_log(void *context, enum log_level level, const char *text)
{
        if (cmd_notice_is_wanted(level))
                tell(context, (struct cmd_event){.kind = CMD_EVENT_LOG, .level = level, .message = text});
}

/* Without TERM nothing is known of the terminal; a dumb one cannot go back (terminfo(5)). */
static bool can_draw(FILE *out)
{
        const char *terminal = environment_find("TERM");

        return isatty(fileno(out)) && terminal && strcmp(terminal, "dumb") != 0;
}

int cmd_progress_mode_parse(const char *name, FILE *out, enum cmd_progress_mode *ret, char **ret_warning,
                            struct error *err)
{
        static const struct {
                const char *name;
                enum cmd_progress_mode mode;
        } modes[] = {
                {"plain", CMD_PROGRESS_PLAIN},
                {"tty", CMD_PROGRESS_TTY},
                {"rawjson", CMD_PROGRESS_JSON},
                {"quiet", CMD_PROGRESS_QUIET},
                {"none", CMD_PROGRESS_QUIET},
        };

        *ret_warning = NULL;
        *ret = can_draw(out) ? CMD_PROGRESS_TTY : CMD_PROGRESS_PLAIN;
        if (!name || name[0] == '\0' || strcmp(name, "auto") == 0)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                if (strcmp(name, modes[i].name) != 0)
                        continue;
                *ret = modes[i].mode;
                if (*ret == CMD_PROGRESS_TTY && !can_draw(out)) {
                        *ret = CMD_PROGRESS_PLAIN;
                        *ret_warning = memory_strdup("--progress=tty needs a terminal: the progress is plain");
                }
                return 0;
        }
        return error_set(err, OPTIONS_EUSAGE, "--progress=%s: the modes are auto, plain, tty, rawjson, quiet and none", name);
}

struct cmd_progress *cmd_progress_new(enum cmd_progress_mode mode, FILE *out)
{
        struct cmd_progress *p = memory_zalloc(1, sizeof(*p));
        pthread_mutexattr_t attributes;

        out = out ? out : stderr;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE); /* a sink may log, which is an event */
        pthread_mutex_init(&p->lock, &attributes);
        pthread_mutexattr_destroy(&attributes);
        p->mode = mode;
        p->offset = clock_now(CLOCK_REALTIME) - clock_now(CLOCK_MONOTONIC);
        switch (mode) {
        case CMD_PROGRESS_PLAIN:
                cmd_progress_add(p, cmd_progress_plain_new(out));
                break;
        case CMD_PROGRESS_TTY:
                cmd_progress_add(p, cmd_progress_tty_new(out, environment_find("NO_COLOR") == NULL));
                break;
        case CMD_PROGRESS_JSON:
                cmd_progress_add(p, cmd_progress_json_new(out));
                break;
        case CMD_PROGRESS_QUIET:
                cmd_progress_add(p, cmd_progress_quiet_new(out));
                break;
        }
        return p;
}

enum cmd_progress_mode cmd_progress_mode(const struct cmd_progress *p)
{
        return p->mode;
}

void cmd_progress_add(struct cmd_progress *p, struct cmd_progress_sink sink)
{
        pthread_mutex_lock(&p->lock);
        if (p->count == MAX_SINKS)
                abort(); /* a mistake in this program */
        p->sinks[p->count++] = sink;
        pthread_mutex_unlock(&p->lock);
}

static void set_suspended(struct cmd_progress *p, bool suspended)
{
        pthread_mutex_lock(&p->lock);
        for (size_t i = 0; i < p->count; i++)
                if (p->sinks[i].suspend)
                        p->sinks[i].suspend(p->sinks[i].context, suspended);
        pthread_mutex_unlock(&p->lock);
}

void cmd_progress_suspend(struct cmd_progress *p)
{
        set_suspended(p, true);
}

void cmd_progress_resume(struct cmd_progress *p)
{
        set_suspended(p, false);
}

void cmd_progress_result(struct cmd_progress *p, const char *id, const struct strv *names)
{
        tell(p, (struct cmd_event){ .kind = CMD_EVENT_RESULT, .message = id, .names = names });
}

void cmd_progress_finish(struct cmd_progress *p, enum builder_outcome outcome, const char *message)
{
        struct cmd_event event = {.kind = CMD_EVENT_FINISH, .outcome = outcome, .message = message};

        pthread_mutex_lock(&p->lock);
        if (!p->finished)
                tell_locked(p, &event);
        p->finished = true;
        pthread_mutex_unlock(&p->lock);
}

void cmd_progress_free(struct cmd_progress *p)
{
        if (p == NULL)
                return;
        cmd_progress_finish(p, BUILDER_FAILED, NULL);
        for (size_t i = 0; i < p->count; i++)
                p->sinks[i].free(p->sinks[i].context);
        pthread_mutex_destroy(&p->lock);
        free(p);
}

struct builder_progress cmd_progress_callbacks(struct cmd_progress *p)
{
        return (struct builder_progress){p, on_begin, on_output, on_transfer, on_note, on_end};
}

struct log cmd_progress_log(struct cmd_progress *p)
{
        return (struct log){on_log, p};
}
