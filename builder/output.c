/* SPDX-License-Identifier: Apache-2.0 */
/* Passes a command's output on while it runs. */
#include "builder/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "common/fd.h"

int builder_output_open(struct builder_output *o, struct builder_job *job, unsigned step, struct error *err)
{
        *o = (struct builder_output){ SANDBOX_OUTPUT_INIT, job, step };
        if (sandbox_output_open(&o->pipes, err) < 0)
                return -1;
        for (int i = 0; i < 2; i++)
                if (fcntl(o->pipes.read_fds[i], F_SETFL, O_NONBLOCK) < 0)
                        return error_errno(err, errno, "cannot set up a pipe for the output of a command");
        return 0;
}

static void pass_on(struct builder_output *o, int stream, const char *bytes, size_t size)
{
        const struct builder_progress *progress = o->job->options->progress;

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
}
