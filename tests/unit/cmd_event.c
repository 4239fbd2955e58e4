/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines of JSON and back: nothing is lost, and nothing wrong gets in. */
#include <stdlib.h>
#include <string.h>

#include "cmd/event_json.h"
#include "common/memory.h"
#include "tests/unit/check.h"

#define SECOND 1000000000ll

/* What a sink was told, in words. */
static void tell(void *context, const struct cmd_event *e)
{
        struct buffer *said = context;

        buffer_printf(said, "%lld:%u ", (long long)e->time, e->step);
        switch (e->kind) {
        case CMD_EVENT_BEGIN:
                buffer_printf(said, "begin %s (%s %u/%u of %u)", e->view->title, e->view->stage ? e->view->stage : "-",
                              e->view->index, e->view->count, e->view->total);
                break;
        case CMD_EVENT_OUTPUT:
                buffer_printf(said, "output %d %zu ", e->stream, e->size);
                buffer_append(said, e->bytes, e->size);
                break;
        case CMD_EVENT_TRANSFER:
                buffer_printf(said, "transfer %s %llu/%llu", e->transfer->name, (unsigned long long)e->transfer->done,
                              (unsigned long long)e->transfer->total);
                break;
        case CMD_EVENT_END:
                buffer_printf(said, "end %d %s", e->outcome, e->message ? e->message : "-");
                break;
        case CMD_EVENT_LOG:
                buffer_printf(said, "log %d %s", e->level, e->message);
                break;
        case CMD_EVENT_NOTE:
                buffer_printf(said, "note %s", e->message);
                break;
        case CMD_EVENT_RESULT:
                buffer_printf(said, "result %s %zu %s", e->message, e->names->count, e->names->items[0]);
                break;
        case CMD_EVENT_FINISH:
                break;
        }
        buffer_append_char(said, '\n');
}

static void read_lines(const char *text, struct buffer *said)
{
        const struct cmd_progress_sink sink = {.tell = tell, .context = said};
        struct cmd_event_reader *r = cmd_event_reader_new();

        for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (cmd_event_reader_read(r, "the line", text, (size_t)(end - text), &sink, &err) < 0)
                        buffer_printf(said, "%s\n", err.message);
        }
        cmd_event_reader_free(r);
}

static void test_round_trip(void)
{
        char name[] = "app:1";
        char *names[] = {name, NULL};
        const struct strv tags = {names, 1, 1};
        const struct builder_step_view view = {1, "[a 1/2] RUN \"x\" \xc3\xbc", "a", 1, 2, 5};
        const struct builder_step_view other = {.number = 2, .title = "pull"};
        const struct builder_transfer transfer = {"layer", 3, 7};
        const struct builder_transfer unknown = {"layer", 3, 0};
        const struct cmd_event events[] = {
                {.kind = CMD_EVENT_BEGIN, .time = 5 * SECOND + 1, .step = 1, .view = &view},
                {.kind = CMD_EVENT_BEGIN, .time = 5 * SECOND + 2, .step = 2, .view = &other},
                {.kind = CMD_EVENT_OUTPUT,
                 .time = 6 * SECOND,
                 .step = 1,
                 .stream = 2,
                 .bytes = "\xff\n\033x",
                 .size = 4},
                {.kind = CMD_EVENT_TRANSFER, .time = 6 * SECOND, .step = 2, .transfer = &transfer},
                {.kind = CMD_EVENT_TRANSFER, .time = 6 * SECOND, .step = 2, .transfer = &unknown},
                {.kind = CMD_EVENT_NOTE, .time = 7 * SECOND, .step = 1, .message = "why"},
            {.kind = CMD_EVENT_LOG, .time = 7 * SECOND, .level = LOG_WARNING, .message = "look"},
                {.kind = CMD_EVENT_LOG, .time = 7 * SECOND, .level = LOG_INFO, .message = "see"},
                {.kind = CMD_EVENT_END, .time = 8 * SECOND, .step = 1, .outcome = BUILDER_CACHED},
                {.kind = CMD_EVENT_END, .time = 8 * SECOND, .step = 1, .outcome = BUILDER_DONE},
                {.kind = CMD_EVENT_END, .time = 8 * SECOND, .step = 2, .outcome = BUILDER_CANCELLED},
                {.kind = CMD_EVENT_END,
                 .time = 8 * SECOND,
                 .step = 2,
                 .outcome = BUILDER_FAILED,
                 .message = "why\nnot"},
                {.kind = CMD_EVENT_RESULT, .time = 9 * SECOND, .message = "sha256:1", .names = &tags},
                {.kind = CMD_EVENT_FINISH, .time = 9 * SECOND},
        };
        CLEANUP_BUFFER struct buffer lines = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;
        struct cmd_event_writer *w = cmd_event_writer_new();

        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
                cmd_event_writer_format(w, &events[i], &lines);
        cmd_event_writer_free(w);
        read_lines(lines.data, &said);
        CHECK_STR(buffer_text(&said), "5000000001:1 begin [a 1/2] RUN \"x\" \xc3\xbc (a 1/2 of 5)\n"
                                      "5000000002:2 begin pull (- 0/0 of 0)\n"
                                      "6000000000:1 output 2 4 \xff\n\033x\n"
                                      "6000000000:2 transfer layer 3/7\n"
                                      "6000000000:2 transfer layer 3/0\n"
                                      "7000000000:1 note why\n"
                                  "7000000000:0 log 2 look\n"
                                      "7000000000:0 log 1 see\n"
                                      "8000000000:1 end 1 -\n"
                                      "8000000000:1 end 0 -\n"
                                      "8000000000:2 end 3 context canceled\n"
                                      "8000000000:2 end 2 why\nnot\n"
                                      "9000000000:0 result sha256:1 1 app:1\n");
}

static void test_hostile_lines(void)
{
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;

        read_lines(
                "{\"logs\":[{\"step\":1,\"stream\":1,\"data\":\"YQ==\"}]}\n" /* never began */
                "{\"vertexes\":[{\"step\":4000000000,\"name\":\"x\"}]}\n"    /* no such number */
                "{\"vertexes\":[{\"step\":-1,\"name\":\"x\"},{\"step\":0,\"name\":\"x\"}]}\n"
                "{\"vertexes\":[{\"step\":1}]}\n"                                                  /* no name */
                "{\"vertexes\":[{\"step\":1,\"name\":\"x\",\"started\":\"soon\",\"count\":[]}]}\n" /* odd, but a step */
                "{\"vertexes\":[{\"step\":1,\"name\":\"again\"}]}\n"
                "{\"logs\":[{\"step\":1,\"stream\":77,\"data\":\"YQ==\"},{\"step\":1,\"data\":\"!\"},7]}\n"
                "{\"result\":{\"names\":[]}}\n"
                "{\"later\":1,\"vertexes\":{}}\n"
                "[]\n"
                "{\"logs\":\n",
                &said);
        CHECK_HAS(buffer_text(&said), "0:1 begin x (- 0/0 of 0)\n0:1 output 1 1 a\nthe line is no log of a build\n");
        CHECK(strstr(said.data, "again") == NULL);
}

int main(void)
{
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_hostile_lines);
        return CHECK_END();
}
