/* SPDX-License-Identifier: Apache-2.0 */
/* Passes a command's output on while it runs. */
#include "builder/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

#define TAIL_MAX   ((size_t)4096)
#define TAIL_LINES 10

int builder_output_open(struct builder_output *o, struct sandbox_pump *pump, struct builder_job *job, unsigned step,
                        struct error *err)
{
        *o = (struct builder_output){ SANDBOX_OUTPUT_INIT, job, step, BUFFER_INIT };
        if (sandbox_output_open(pump, &o->pipes, err) < 0)
                return -1;
        for (int i = 0; i < 2; i++)
                if (fcntl(o->pipes.read_fds[i], F_SETFL, O_NONBLOCK) < 0)
                        return error_errno(err, errno, "cannot set up a pipe for the output of a command");
        return 0;
}

static void keep(struct builder_output *o, const char *bytes, size_t size)
{
        buffer_append(&o->tail, bytes, size);
        if (o->tail.size < 2 * TAIL_MAX)
                return;
        memmove(o->tail.data, o->tail.data + o->tail.size - TAIL_MAX, TAIL_MAX);
        o->tail.size = TAIL_MAX;
        o->tail.data[TAIL_MAX] = '\0';
}

static void append_line(const char *indent, const char *line, size_t size, struct buffer *ret)
{
        buffer_append_string(ret, indent);
        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char)line[i];

                if (c == 0xc2 && i + 1 < size && (unsigned char)line[i + 1] < 0xa0)
                        buffer_printf(ret, "\\u%04x", (unsigned char)line[++i]); /* a C1 control in UTF-8 */
                else if ((c < 0x20 && c != '\t') || c == 0x7f)
                        buffer_printf(ret, "^%c", c ^ 0x40);
                else
                        buffer_append_char(ret, (char)c);
        }
        buffer_append_char(ret, '\n');
}

void builder_output_tail(const struct builder_output *o, const char *indent, struct buffer *ret)
{
        const char *text = buffer_text(&o->tail);
        size_t end = o->tail.size, at;
        unsigned lines = 0;

        while (end > 0 && text[end - 1] == '\n')
                end--;
        for (at = end; at > 0; at--)
                if (text[at - 1] == '\n' && ++lines == TAIL_LINES)
                        break;
        while (at < end) {
                const char *newline = memchr(text + at, '\n', end - at);
                size_t size = newline ? (size_t)(newline - text) - at : end - at;

                append_line(indent, text + at, size, ret);
                at += size + 1;
        }
}

static void pass_on(struct builder_output *o, int stream, const char *bytes, size_t size)
{
        const struct builder_progress *progress = o->job->options->progress;

        keep(o, bytes, size);
        pthread_mutex_lock(&o->job->lock);
        progress->output(progress->context, o->step, stream, bytes, size);
        pthread_mutex_unlock(&o->job->lock);
}

/* Reads one pipe until it would block; at its end the descriptor becomes -1. */
static int drain(struct builder_output *o, int i, struct error *err)
{
        char bytes[65536];

        for (;;) {
                ssize_t n = read(o->pipes.read_fds[i], bytes, sizeof(bytes));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0)
                        return error_errno(err, errno, "cannot read the output of a command");
                if (n == 0) {
                        o->pipes.read_fds[i] = fd_close(o->pipes.read_fds[i]);
                        return 0;
                }
                pass_on(o, i + 1, bytes, (size_t)n);
        }
}

/* A stage that failed while this command was being started could not kill it yet. */
static void kill_if_cancelled(struct builder_job *job, struct sandbox_stage *stage)
{
        pthread_mutex_lock(&job->lock);
        if (job->cancelled)
                sandbox_stage_kill(stage);
        pthread_mutex_unlock(&job->lock);
}

int builder_output_attend(void *context, struct sandbox_stage *stage, struct error *err)
{
        struct builder_output *o = context;
        bool ended = false;

        for (int i = 0; i < 2; i++)
                o->pipes.write_fds[i] = fd_close(o->pipes.write_fds[i]);
        kill_if_cancelled(o->job, stage);
        /* once the pid namespace is gone, nobody holds a writing end: both pipes reach their end */
        while (!ended || o->pipes.read_fds[0] >= 0 || o->pipes.read_fds[1] >= 0) {
                struct pollfd fds[3] = {
                        { o->pipes.read_fds[0], POLLIN, 0 },
                        { o->pipes.read_fds[1], POLLIN, 0 },
                        { ended ? -1 : sandbox_stage_fd(stage), POLLIN, 0 },
                };

                if (poll(fds, 3, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return error_errno(err, errno, "cannot wait for a command");
                }
                for (int i = 0; i < 2; i++)
                        if (fds[i].revents && drain(o, i, err) < 0)
                                return -1;
                ended = ended || fds[2].revents != 0;
        }
        return 0;
}

void builder_output_close(struct builder_output *o)
{
        sandbox_output_close(&o->pipes);
        buffer_free(&o->tail);
}
