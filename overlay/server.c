/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a server: tree, first session and loop brought together and taken apart in the right order. */
#include "overlay/server.h"

#include <errno.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/loop.h"
#include "overlay/session.h"
#include "overlay/tree_ops.h"

struct overlay_server {
        struct overlay_tree *tree; /* borrowed; attached until wait has returned */
        struct overlay_loop *loop; /* owned */
        bool waited;
};

int overlay_server_start(struct overlay_tree *tree, int fuse_fd, const struct overlay_server_options *opts,
                         struct overlay_server **ret, struct error *err)
{
        static const struct overlay_server_options defaults = {.policy = OVERLAY_SERVER_AUTO};
        struct overlay_session *session = NULL;
        struct overlay_loop *loop = NULL;
        struct overlay_server *server;
        CLEANUP_FD int fd = fuse_fd;

        if (!overlay_ops_attach(tree))
                return error_set(err, EBUSY, "cannot serve the FUSE mount: the tree is sealed");
        /* attached first: the reply to INIT lets clients in */
        if (overlay_session_open(tree, fd_steal(&fd), &session, err) < 0 ||
            overlay_loop_start(session, opts != NULL ? opts : &defaults, &loop, err) < 0) {
                overlay_ops_detach(tree);
                return -1;
        }
        server = memory_zalloc(1, sizeof *server);
        server->tree = tree;
        server->loop = loop;
        *ret = server;
        return 0;
}

int overlay_server_wait(struct overlay_server *server, struct error *err)
{
        int r = overlay_loop_wait(server->loop, err);

        server->waited = true;
        overlay_ops_detach(server->tree);
        return r;
}

void overlay_server_abort(struct overlay_server *server)
{
        overlay_loop_abort(server->loop);
}

void overlay_server_get_counters(struct overlay_server *server, struct overlay_server_counters *ret)
{
        overlay_loop_get_counters(server->loop, ret);
}

void overlay_server_free(struct overlay_server *server)
{
        if (server == NULL)
                return;
        if (!server->waited) {
                CLEANUP_ERROR struct error err = ERROR_INIT; /* the caller asked for this end */

                overlay_server_abort(server);
                overlay_server_wait(server, &err);
        }
        overlay_loop_free(server->loop);
        free(server);
}

void overlay_server_cleanup(struct overlay_server **server)
{
        overlay_server_free(STEAL(*server));
}
