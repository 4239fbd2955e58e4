/* SPDX-License-Identifier: Apache-2.0 */
/* Children of this program that run a hidden verb: how they start, what they find, how they end. */
#include "oci/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/spawn.h"
#include "oci/frame.h"

static int spawn_verb(const char *verb, int control, pid_t *ret)
{
        CLEANUP_FREE char *copy = memory_strdup(verb);
        char name[] = "bryo";
        char *const argv[] = {name, copy, NULL};
        const struct spawn_descriptor descriptors[] = {{STDIN_FILENO, STDOUT_FILENO}, {control, OCI_CHILD_SOCKET}};
        const struct spawn child = {"/proc/self/exe", false, argv, environ, descriptors, ARRAY_SIZE(descriptors)};

        return spawn_start(&child, ret);
}

void oci_child_init(struct oci_child *c, const char *verb, const char *what, const struct buffer *greeting)
{
        *c = (struct oci_child){.verb = verb, .what = what, .greeting = greeting, .control = -1};
        pthread_mutex_init(&c->lock, NULL);
}

static int start(struct oci_child *c, struct error *err)
{
        CLEANUP_FD int near = -1;
        CLEANUP_FD int far = -1;
        int pair[2], rc;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(err, errno, "cannot make a socket for %s", c->what);
        near = pair[0];
        /* above the descriptors that the child is given, or one dup2 of the spawn could step on another's source */
        far = fcntl(pair[1], F_DUPFD_CLOEXEC, OCI_CHILD_SOCKET + 1);
        (void)close(pair[1]);
        rc = far < 0 ? errno : spawn_verb(c->verb, far, &c->pid);
        if (rc != 0)
                return error_errno(err, rc, "cannot start %s", c->what);
        c->control = fd_steal(&near);
        return 0;
}

static void stop(struct oci_child *c)
{
        if (c->control < 0)
                return;
        c->control = fd_close(c->control);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        c->pid = 0;
}

void oci_child_clear(struct oci_child *c)
{
        stop(c);
        pthread_mutex_destroy(&c->lock);
}

/* `lock` is held. */
static int ensure(struct oci_child *c, struct error *err)
{
        if (c->control >= 0)
                return 0;
        if (start(c, err) < 0)
                return -1;
        if (!c->greeting || oci_frame_send(c->control, c->greeting, NULL, 0, err) == 0)
                return 0;
        stop(c); /* a child that was not greeted is none */
        return -1;
}

void oci_child_start(struct oci_child *c)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        pthread_mutex_lock(&c->lock);
        (void)ensure(c, &ignored);
        pthread_mutex_unlock(&c->lock);
}

static int send_request(struct oci_child *c, const struct buffer *request, const int fds[2], struct error *err)
{
        int result = -1;

        pthread_mutex_lock(&c->lock);
        for (int attempt = 0; result < 0; attempt++) {
                CLEANUP_ERROR struct error send_err = ERROR_INIT;

                if (ensure(c, &send_err) == 0)
                        result = oci_frame_send(c->control, request, fds, 2, &send_err);
                if (result == 0)
                        break;
                if ((send_err.code != EPIPE && send_err.code != ECONNRESET) || attempt == 1) {
                        (void)error_move(err, &send_err);
                        break;
                }
                stop(c);
        }
        pthread_mutex_unlock(&c->lock);
        return result;
}

int oci_child_ask(struct oci_child *c, const struct buffer *request, int body, int *ret_answers, struct error *err)
{
        CLEANUP_FD int nowhere = -1;
        CLEANUP_FD int near = -1;
        CLEANUP_FD int far = -1;
        int pair[2];

        if (body < 0 && (body = nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
                return error_errno(err, errno, "cannot open /dev/null");
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(err, errno, "cannot make a socket for %s", c->what);
        near = pair[0];
        far = pair[1]; /* closed here at the end, so that the child's death is the end-of-file of the other */
        if (send_request(c, request, (const int[2]){far, body}, err) < 0)
                return -1;
        *ret_answers = fd_steal(&near);
        return 0;
}

int oci_child_check_socket(struct error *err)
{
        socklen_t size = sizeof(int);
        int type = 0;

        if (getsockopt(OCI_CHILD_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
                return error_set(err, EINVAL, "this command is for bryo's own use");
        if (fcntl(OCI_CHILD_SOCKET, F_SETFD, FD_CLOEXEC) < 0)
                return error_errno(err, errno, "cannot use the control socket");
        return 0;
}

void oci_child_adopt_proxy(void)
{
        const char *upper = getenv("HTTP_PROXY");

        if (upper && upper[0] && !getenv("http_proxy") && !getenv("REQUEST_METHOD"))
                (void)setenv("http_proxy", upper, 0);
}
