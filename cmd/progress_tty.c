/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress on a terminal, drawn in place by one thread ten times a second.
 *
 * Between two frames the cursor stands at the beginning of the first live row, not behind the last: whatever a
 * terminal does to the rows below when its size changes (some wrap them
 * anew, some cut them off), "erase from here to the end" removes them all
 * (ECMA-48, ED). For the same reason no SIGWINCH is needed: each frame asks for the size. A
 * frame is one write, hides the cursor only for itself and leaves no other
 * mode behind, so that nothing is to be restored after a kill.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/interrupt.h"
#include "cmd/progress_live.h"
#include "common/fd.h"
#include "common/memory.h"

#define FRAME_MS  100
#define MAX_WIDTH 1000
#define ERASE     "\r\033[J"
#define HIDE      "\033[?25l"
#define SHOW      "\033[?25h"

struct tty {
        FILE *out;
        int wake_fd; /* -1 until the thread is started; becomes readable when a signal came or the thread is to end */
        pthread_t thread;
        bool started;           /* touched by the caller of tell only, as the two above */
        pthread_mutex_t screen; /* taken before `lock`, if both are; held while a frame is made and written */
        pthread_mutex_t
                lock; /* guards all below; never held during a write: a terminal that is stopped stops no build */
        struct cmd_live *live;
        struct buffer lasting; /* rows not yet written */
        bool drawn;            /* live rows are on the screen */
        bool suspended, ending;
        int64_t offset; /* of the events' clock before the monotonic one */
};

static int64_t monotonic(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void find_size(const struct tty *t, size_t *ret_width, size_t *ret_height)
{
        struct winsize size = {.ws_row = 0};

        if (ioctl(fileno(t->out), TIOCGWINSZ, &size) < 0)
                size = (struct winsize){.ws_row = 0};
        *ret_width = size.ws_col == 0 ? 80 : size.ws_col > MAX_WIDTH ? MAX_WIDTH : size.ws_col;
        *ret_height = size.ws_row == 0 ? 24 : size.ws_row;
}

/* With both locks held: the bytes from what is on the screen to what should be there. `live`: with the rows that move.
 */
static void compose(struct tty *t, bool live, struct buffer *frame)
{
        CLEANUP_BUFFER struct buffer rows = BUFFER_INIT;
        size_t width, height, count = 0;

        find_size(t, &width, &height);
        if (live)
                count = cmd_live_format(t->live, monotonic() + t->offset, width, height > 1 ? height - 1 : 1, &rows);
        if (!t->drawn && t->lasting.size == 0 && count == 0)
                return;
        buffer_append_string(frame, HIDE);
        if (t->drawn)
                buffer_append_string(frame, ERASE);
        buffer_append(frame, t->lasting.data, t->lasting.size);
        buffer_append(frame, rows.data, rows.size);
        if (count > 1)
                buffer_printf(frame, "\033[%zuA", count - 1);
        if (count > 0)
                buffer_append_char(frame, '\r');
        buffer_append_string(frame, SHOW);
        buffer_clear(&t->lasting);
        t->drawn = count > 0;
}

static void draw(struct tty *t, bool live)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        pthread_mutex_lock(&t->screen);
        pthread_mutex_lock(&t->lock);
        if (!t->suspended)
                compose(t, live, &frame);
        pthread_mutex_unlock(&t->lock);
        /* a terminal that is gone is no reason to end: SIGHUP is, and it comes if it is meant */
        if (frame.size > 0)
                (void)fd_write_all(fileno(t->out), frame.data, frame.size);
        pthread_mutex_unlock(&t->screen);
}

static void finish_screen(struct tty *t, enum builder_outcome outcome)
{
        const struct cmd_event finish = {.kind = CMD_EVENT_FINISH, .time = monotonic() + t->offset, .outcome = outcome};
        size_t width, height;

        find_size(t, &width, &height);
        pthread_mutex_lock(&t->lock);
        cmd_live_tell(t->live, &finish, width, &t->lasting);
        pthread_mutex_unlock(&t->lock);
        draw(t, false);
}

static void *run(void *context)
{
        struct tty *t = context;
        struct pollfd wake = {t->wake_fd, POLLIN, 0};
        bool ending = false;

        while (!ending) {
                (void)poll(&wake, 1, FRAME_MS);
                if (cmd_interrupt_pending()) {
                        finish_screen(t, BUILDER_CANCELLED);
                        cmd_interrupt_obey();
                }
                pthread_mutex_lock(&t->lock);
                ending = t->ending;
                pthread_mutex_unlock(&t->lock);
                if (!ending)
                        draw(t, true);
        }
        return NULL;
}

static void stop(struct tty *t)
{
        const uint64_t one = 1;

        if (!t->started)
                return;
        pthread_mutex_lock(&t->lock);
        t->ending = true;
        pthread_mutex_unlock(&t->lock);
        (void)fd_write_all(t->wake_fd, &one, sizeof(one));
        pthread_join(t->thread, NULL);
        t->started = false;
        cmd_interrupt_close();
        t->wake_fd = fd_close(t->wake_fd);
}

/* At the first step: a build that ends within the first frame draws once. */
static void start(struct tty *t)
{
        t->wake_fd = cmd_interrupt_open();
        if (t->wake_fd >= 0 && pthread_create(&t->thread, NULL, run, t) == 0) {
                t->started = true;
                return;
        }
        buffer_append_string(&t->lasting, "warning: no thread can be started to draw what is running\n");
        if (t->wake_fd >= 0)
                cmd_interrupt_close();
        t->wake_fd = fd_close(t->wake_fd);
}

/* What is live is erased and stays so in one: the thread must not draw between the two. */
static void suspend(void *context, bool suspended)
{
        struct tty *t = context;
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        pthread_mutex_lock(&t->screen);
        pthread_mutex_lock(&t->lock);
        if (suspended)
                compose(t, false, &frame);
        t->suspended = suspended;
        pthread_mutex_unlock(&t->lock);
        if (frame.size > 0)
                (void)fd_write_all(fileno(t->out), frame.data, frame.size);
        pthread_mutex_unlock(&t->screen);
}

static void tell(void *context, const struct cmd_event *e)
{
        struct tty *t = context;
        size_t width, height;

        if (e->kind == CMD_EVENT_FINISH) {
                stop(t);
                finish_screen(t, e->outcome);
                return;
        }
        find_size(t, &width, &height);
        pthread_mutex_lock(&t->lock);
        t->offset = e->time - monotonic();
        cmd_live_tell(t->live, e, width, &t->lasting);
        pthread_mutex_unlock(&t->lock);
        if (e->kind == CMD_EVENT_BEGIN && e->step == 1)
                start(t);
        if (!t->started)
                draw(t, false);
}

static void tty_free(void *context)
{
        struct tty *t = context;

        stop(t);
        cmd_live_free(t->live);
        buffer_free(&t->lasting);
        pthread_mutex_destroy(&t->lock);
        pthread_mutex_destroy(&t->screen);
        free(t);
}

struct cmd_progress_sink cmd_progress_tty_new(FILE *out, bool colours)
{
        struct tty *t = memory_zalloc(1, sizeof(*t));

        t->out = out;
        t->wake_fd = -1;
        t->live = cmd_live_new(colours);
        pthread_mutex_init(&t->screen, NULL);
        pthread_mutex_init(&t->lock, NULL);
        return (struct cmd_progress_sink){tell, suspend, tty_free, t};
}
