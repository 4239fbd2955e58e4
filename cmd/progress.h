/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRESS_H
#define BRYO_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "builder/progress.h"
#include "cmd/progress_sink.h"
#include "common/error.h"
#include "common/log.h"

/*
 * Shows a build while it goes on, and whatever else wants to know of it. In
 * plain lines:
 *
 *     #3 [build 2/4] RUN make
 *     #3 0.412 cc -c a.c
 *     #3 DONE 1.2s
 *     [build] DONE 3.0s, 4 steps, 2 cached
 *
 * What a command writes is text and no more: bytes that a terminal would obey are shown
 * escaped, its colours are dropped, so that a build cannot type into, retitle or
 * forge lines of the user's terminal (cmd/text.h).
 */
struct cmd_progress;

enum cmd_progress_mode {
        CMD_PROGRESS_PLAIN,
        CMD_PROGRESS_TTY,   /* drawn in place: progress_live.h. `out` is a terminal */
        CMD_PROGRESS_JSON,  /* a stream of events: event_json.h */
        CMD_PROGRESS_QUIET, /* nothing but warnings */
};

/*
 * What --progress names: auto (also NULL and ""), plain, tty, rawjson, quiet, none. Auto is tty where `out` is a terminal that
 * can move its cursor, else plain; so is tty where it is none, with a sentence in *ret_warning (owned by the caller,
 * NULL without). OPTIONS_EUSAGE with the names there are.
 */
int cmd_progress_mode_parse(const char *name, FILE *out, enum cmd_progress_mode *ret, char **ret_warning,
                            struct error *err);

/* `out` is where, borrowed; NULL: stderr. Colours only on a terminal, and not when NO_COLOR is set (no-color.org). */
struct cmd_progress *cmd_progress_new(enum cmd_progress_mode mode, FILE *out);
void cmd_progress_free(struct cmd_progress *p);
enum cmd_progress_mode cmd_progress_mode(const struct cmd_progress *p);
/* One more that gets every event from now on; taken over. */
void cmd_progress_add(struct cmd_progress *p, struct cmd_progress_sink sink);
/* Between the two calls somebody else writes to the terminal. */
void cmd_progress_suspend(struct cmd_progress *p);
void cmd_progress_resume(struct cmd_progress *p);
/* The image and its names. */
void cmd_progress_result(struct cmd_progress *p, const char *id, const struct strv *names);
/* The last words of the display, so that others may write below it: DONE or FAILED, and then why (or NULL). Only the first call
 * counts. */
void cmd_progress_finish(struct cmd_progress *p, enum builder_outcome outcome, const char *message);
/* The callbacks for the builder and for the rooms' log; valid as long as `p`. */
struct builder_progress cmd_progress_callbacks(struct cmd_progress *p);
struct log cmd_progress_log(struct cmd_progress *p);

#endif
