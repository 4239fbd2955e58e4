/* SPDX-License-Identifier: Apache-2.0 */
/* Serving trees to commands beside their root. */
#include "builder/trees.h"

#include <errno.h>
#include <stdlib.h>

#include "common/memory.h"
#include "overlay/server.h"

struct builder_served {
        struct builder_job *job;
        struct overlay_server *server;
        unsigned number; /* of the mount in the holder */
};

/* The process that holds the mounts, made at first need. The job's lock is held. */
static int ensure_holder(struct builder_job *job, struct error *err)
{
        struct sandbox *sandbox;

        if (job->cancelled)
                return error_set(err, ECANCELED, "another stage failed");
        if (job->holder)
                return 0;
        if (builder_workshop_sandbox(&job->workshop, &sandbox, err) < 0)
                return -1;
        return sandbox_stage_open(sandbox, &job->holder, err);
}

static int attach(struct builder_job *job, int *ret_fuse_fd, unsigned *ret_number, struct error *err)
{
        int result;

        pthread_mutex_lock(&job->lock);
        result = ensure_holder(job, err);
        if (result == 0)
                result = sandbox_stage_attach(job->holder, ret_fuse_fd, ret_number, err);
        pthread_mutex_unlock(&job->lock);
        return result;
}

static int detach(struct builder_job *job, unsigned number, struct error *err)
{
        int result;

        pthread_mutex_lock(&job->lock);
        result = sandbox_stage_detach(job->holder, number, err);
        pthread_mutex_unlock(&job->lock);
        return result;
}

int builder_served_open(struct builder_job *job, struct overlay_tree *tree, struct builder_served **ret,
                        struct error *err)
{
        const struct overlay_server_options options = { .log = job->workshop.log, .crowd = job->workshop.crowd };
        struct overlay_server *server = NULL;
        unsigned number;
        int fuse_fd;

        if (attach(job, &fuse_fd, &number, err) < 0)
                return -1;
        if (overlay_server_start(tree, fuse_fd, &options, &server, err) < 0) {
                CLEANUP_ERROR struct error second = ERROR_INIT;

                (void)detach(job, number, &second); /* the first error is the one to tell */
                return -1;
        }
        *ret = memory_zalloc(1, sizeof(**ret));
        **ret = (struct builder_served){ job, server, number };
        return 0;
}

int builder_served_clone(struct builder_served *served, int *ret_fd, struct error *err)
{
        struct builder_job *job = served->job;
        int result;

        pthread_mutex_lock(&job->lock);
        result = sandbox_stage_clone(job->holder, served->number, ret_fd, err);
        pthread_mutex_unlock(&job->lock);
        return result;
}

int builder_served_close(struct builder_served *served, struct error *err)
{
        CLEANUP_ERROR struct error wait_err = ERROR_INIT;
        int result;

        if (served == NULL)
                return 0;
        result = detach(served->job, served->number, err);
        if (result < 0)
                overlay_server_abort(served->server); /* its holder is gone, or stuck: do not wait for it */
        if (overlay_server_wait(served->server, &wait_err) < 0 && result == 0)
                result = error_move(err, &wait_err);
        overlay_server_free(served->server);
        free(served);
        return result;
}
