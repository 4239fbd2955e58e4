/* SPDX-License-Identifier: Apache-2.0 */
/* Mount, serve, run, reap, in the order that lets nothing hang and nothing be sealed too early. */
#include "builder/execute.h"

#include "overlay/server.h"
#include "overlay/tree.h"

/* The command runs: look after it until it ended, whatever happens. */
static int attend_and_reap(const struct builder_execution *x, struct sandbox_exit *ret, struct error *err)
{
        CLEANUP_ERROR struct error attend_err = ERROR_INIT;
        int attended = x->attend(x->context, x->stage, &attend_err);

        if (attended < 0)
                sandbox_stage_kill(x->stage);
        if (sandbox_stage_wait(x->stage, ret, err) < 0)
                return -1;
        return attended < 0 ? error_move(err, &attend_err) : 0;
}

/* The mount is in place and served. */
static int run_served(const struct builder_execution *x, struct overlay_server *server, struct sandbox_exit *ret,
                      struct error *err)
{
        CLEANUP_ERROR struct error server_err = ERROR_INIT;
        int result = sandbox_stage_start(x->stage, x->command, err);

        if (result == 0)
                result = attend_and_reap(x, ret, err);
        else
                overlay_server_abort(server); /* the mount is used up; do not wait for it if its holder is stuck */
        if (overlay_server_wait(server, &server_err) < 0 && result == 0)
                result = error_move(err, &server_err);
        return result;
}

int builder_execute(const struct builder_execution *x, struct sandbox_exit *ret, struct error *err)
{
        const struct overlay_server_options options = { .log = x->log, .crowd = x->crowd };
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        int fuse_fd = -1;

        if (sandbox_stage_mount(x->stage, &fuse_fd, err) < 0)
                return -1;
        if (overlay_server_start(x->tree, fuse_fd, &options, &server, err) < 0)
                return -1;
        return run_served(x, server, ret, err);
}
