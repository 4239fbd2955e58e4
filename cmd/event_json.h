/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_EVENT_JSON_H
#define BRYO_CMD_EVENT_JSON_H

#include "cmd/progress_sink.h"
#include "common/buffer.h"
#include "common/error.h"

/*
 * Events as lines of JSON (doc/progress.md): what BuildKit's --progress=rawjson
 * writes (client/graph.go, SolveStatus), so that its readers can read it, with
 * members of our own beside. A build that is kept in the store is the same lines.
 */
struct cmd_event_writer;

struct cmd_event_writer *cmd_event_writer_new(void);
void cmd_event_writer_free(struct cmd_event_writer *w);
/* Appends the line of an event, with its newline. Of a step BEGIN must come first. */
void cmd_event_writer_format(struct cmd_event_writer *w, const struct cmd_event *e, struct buffer *ret);

/* Reads the lines back. Texts of an event are valid until the next call. */
struct cmd_event_reader;

struct cmd_event_reader *cmd_event_reader_new(void);
void cmd_event_reader_free(struct cmd_event_reader *r);
/*
 * One line without its newline. Each event that it stands for is told to `sink`; a line that says
 * something else tells nothing. EINVAL for what is no JSON, with `what` in the message.
 */
int cmd_event_reader_read(struct cmd_event_reader *r, const char *what, const char *line, size_t size,
                          const struct cmd_progress_sink *sink, struct error *err);

#endif
