/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRESS_SINK_H
#define BRYO_CMD_PROGRESS_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "builder/progress.h"
#include "common/log.h"
#include "common/strv.h"

/*
 * What happens in a build, as one value: the builder's callbacks and its log
 * become events, and everything that shows or keeps them is a sink. A kept log is read back into the
 * same events, so that it is shown by the same sinks.
 */
enum cmd_event_kind {
        CMD_EVENT_BEGIN,    /* view */
        CMD_EVENT_OUTPUT,   /* stream, bytes, size */
        CMD_EVENT_TRANSFER, /* transfer */
        CMD_EVENT_NOTE,     /* message */
        CMD_EVENT_END,      /* outcome, message */
        CMD_EVENT_LOG,      /* level, message; belongs to no step */
        CMD_EVENT_RESULT,   /* message: the image ID; names */
        CMD_EVENT_FINISH,   /* nothing more will come but log lines; outcome */
};

struct cmd_event {
        enum cmd_event_kind kind;
        int64_t time;  /* nanoseconds since 1970; never goes back within a build */
        unsigned step; /* its number, from 1 */
        const struct builder_step_view *view;
        const struct builder_transfer *transfer;
        const struct strv *names;
        const char *message; /* may be NULL */
        const char *bytes;
        size_t size;
        int stream;
        enum builder_outcome outcome;
        enum log_level level;
};

/* One event at a time, in the order of their times. */
struct cmd_progress_sink {
        void (*tell)(void *context, const struct cmd_event *event);
        /* The terminal belongs to somebody else until it is called with false. NULL: it does not matter. */
        void (*suspend)(void *context, bool suspended);
        void (*free)(void *context);
        void *context;
};

/* Lines, as progress.h shows them. `out` is borrowed here and below. */
struct cmd_progress_sink cmd_progress_plain_new(FILE *out);
/*
 * A display that is drawn in place on the terminal `out`. From the first step to the end it
 * also catches the signals that end the process, to leave the screen in order
 * first (cmd/interrupt.h): there can be one at a time.
 */
struct cmd_progress_sink cmd_progress_tty_new(FILE *out, bool colours);
/* Lines of JSON (event_json.h). */
struct cmd_progress_sink cmd_progress_json_new(FILE *out);
/* Only warnings. */
struct cmd_progress_sink cmd_progress_quiet_new(FILE *out);

#endif
