/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRESS_LIVE_H
#define BRYO_CMD_PROGRESS_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/columns.h"
#include "cmd/progress_sink.h"
#include "common/buffer.h"

/*
 * What a terminal shows of a build, apart from how it gets there: lines that
 * stay (steps that have ended, warnings) and, below them, the live ones:
 *
 *     => [build 1/5] FROM busybox                    0.0s
 *     => CACHED [build 2-4/5]
 *     warning: the build argument X is not used
 *    [+] Building 3.4s (5/9)
 *     => [build 5/5] RUN make                        2.1s
 *     => => cc -c a.c
 *     => => cc -c b.c
 *
 * Nothing here writes or locks. No row is as wide as the terminal.
 */
struct cmd_live;

/* `colours`: SGR sequences of our own may be used. */
struct cmd_live *cmd_live_new(bool colours);
void cmd_live_free(struct cmd_live *l);
/* Takes an event in; rows that stay are appended to `lasting`, `width` columns wide at most but for warnings, which may
 * wrap. */
void cmd_live_tell(struct cmd_live *l, const struct cmd_event *e, size_t width, struct buffer *lasting);
/*
 * Appends the live rows as they are at `now`, at most `height` of them and `width` columns wide, a newline between two
 * (none at the end); returns how many.
 */
size_t cmd_live_format(const struct cmd_live *l, int64_t now, size_t width, size_t height, struct buffer *ret);

#endif
