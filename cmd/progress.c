/* SPDX-License-Identifier: Apache-2.0 */
/* The plain progress output. */
#include "cmd/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/memory.h"

/* A line longer than this is printed in pieces: a command may write gigabytes without a newline. */
#define MAX_LINE 65536

struct step {
        struct timespec began;
        struct buffer partial[2]; /* unfinished lines of stdout and stderr */
};

struct cmd_progress {
        bool quiet;
        FILE *out; /* borrowed */
        pthread_mutex_t lock; /* guards `out` and all below */
        struct step *steps;   /* by number - 1 */
        size_t count, cap;
};

static double seconds_since(const struct timespec *start)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Length of a colour sequence ESC [ digits ; ... m at `p`, or 0. */
static size_t colour_length(const char *p, const char *end)
{
        const char *q = p + 2;

        if (end - p < 3 || p[0] != '\033' || p[1] != '[')
                return 0;
        while (q < end && ((*q >= '0' && *q <= '9') || *q == ';'))
                q++;
        return q < end && *q == 'm' ? (size_t)(q + 1 - p) : 0;
}

static void append_visible(struct buffer *to, const char *bytes, size_t size)
{
        const char *end = bytes + size;

        for (const char *p = bytes; p < end;) {
                unsigned char c = (unsigned char)*p;
                size_t colour = colour_length(p, end);

                if (colour > 0) {
                        buffer_append(to, p, colour);
                        p += colour;
                        continue;
                }
                if ((c < 0x20 && c != '\t') || c == 0x7f)
                        buffer_printf(to, "^%c", c ^ 0x40);
                else if (c == 0xc2 && p + 1 < end && (unsigned char)p[1] < 0xa0)
                        buffer_printf(to, "\\u%04x", (unsigned char)*++p); /* a C1 control in UTF-8 */
                else
                        buffer_append_char(to, (char)c);
                p++;
        }
}

static void print_line(struct cmd_progress *p, unsigned step, const char *bytes, size_t size)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        if (p->quiet)
                return; /* the end of a failed command's output is in its error */
        if (size > 0 && bytes[size - 1] == '\r')
                size--;
        buffer_printf(&line, "#%u %.3f ", step, seconds_since(&p->steps[step - 1].began));
        append_visible(&line, bytes, size);
        buffer_append_char(&line, '\n');
        fputs(line.data, p->out);
}

static void on_begin(void *context, unsigned step, const char *title)
{
        struct cmd_progress *p = context;
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        pthread_mutex_lock(&p->lock);
        memory_grow(&p->steps, &p->cap, step, sizeof(*p->steps));
        while (p->count < step)
                p->steps[p->count++] = (struct step){ .partial = { BUFFER_INIT, BUFFER_INIT } };
        clock_gettime(CLOCK_MONOTONIC, &p->steps[step - 1].began);
        if (!p->quiet) {
                append_visible(&line, title, strlen(title));
                fprintf(p->out, "#%u %s\n", step, line.data);
        }
        pthread_mutex_unlock(&p->lock);
}

static void on_output(void *context, unsigned step, int stream, const char *bytes, size_t size)
{
        struct cmd_progress *p = context;
        struct buffer *partial;
        char *newline;

        pthread_mutex_lock(&p->lock);
        partial = &p->steps[step - 1].partial[stream - 1];
        buffer_append(partial, bytes, size);
        while (partial->size > 0 && ((newline = memchr(partial->data, '\n', partial->size)) || partial->size > MAX_LINE)) {
                size_t length = newline ? (size_t)(newline - partial->data) : MAX_LINE;
                size_t used = length + (newline ? 1 : 0);

                print_line(p, step, partial->data, length);
                memmove(partial->data, partial->data + used, partial->size - used);
                partial->size -= used;
        }
        pthread_mutex_unlock(&p->lock);
}

static void on_end(void *context, unsigned step, enum builder_outcome outcome)
{
        struct cmd_progress *p = context;

        pthread_mutex_lock(&p->lock);
        for (int i = 0; i < 2; i++) {
                struct buffer *partial = &p->steps[step - 1].partial[i];

                if (partial->size > 0)
                        print_line(p, step, partial->data, partial->size);
                buffer_free(partial);
        }
        if (!p->quiet) {
                if (outcome == BUILDER_CACHED)
                        fprintf(p->out, "#%u CACHED\n", step);
                else if (outcome == BUILDER_DONE)
                        fprintf(p->out, "#%u DONE %.1fs\n", step, seconds_since(&p->steps[step - 1].began));
                else
                        fprintf(p->out, "#%u ERROR\n", step);
        }
        pthread_mutex_unlock(&p->lock);
}

static void on_log(void *context, enum log_level level, const char *text)
{
        struct cmd_progress *p = context;

        if (level == LOG_DEBUG || (level == LOG_INFO && p->quiet))
                return;
        pthread_mutex_lock(&p->lock);
        fprintf(p->out, "%s%s\n", level == LOG_WARNING ? "warning: " : "", text);
        pthread_mutex_unlock(&p->lock);
}

struct cmd_progress *cmd_progress_new(bool quiet, FILE *out)
{
        struct cmd_progress *p = memory_zalloc(1, sizeof(*p));

        p->quiet = quiet;
        p->out = out ? out : stderr;
        pthread_mutex_init(&p->lock, NULL);
        return p;
}

void cmd_progress_free(struct cmd_progress *p)
{
        if (p == NULL)
                return;
        for (size_t i = 0; i < p->count; i++)
                for (size_t k = 0; k < ARRAY_SIZE(p->steps[i].partial); k++)
                        buffer_free(&p->steps[i].partial[k]);
        free(p->steps);
        pthread_mutex_destroy(&p->lock);
        free(p);
}

struct builder_progress cmd_progress_callbacks(struct cmd_progress *p)
{
        return (struct builder_progress){ p, on_begin, on_output, on_end };
}

struct log cmd_progress_log(struct cmd_progress *p)
{
        return (struct log){ on_log, p };
}
