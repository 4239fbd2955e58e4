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

static int spawn_verb(const char *verb, int control, pid_t *ret)
{
        CLEANUP_FREE char *copy = memory_strdup(verb);
        char name[] = "bryo";
        char *const argv[] = {name, copy, NULL};
        const struct spawn_descriptor descriptors[] = {{STDIN_FILENO, STDOUT_FILENO}, {control, OCI_CHILD_SOCKET}};
        const struct spawn child = {"/proc/self/exe", false, argv, environ, descriptors, ARRAY_SIZE(descriptors)};

        return spawn_start(&child, ret);
}

int oci_child_start(const char *verb, const char *what, int *ret_control, pid_t *ret_pid, struct error *err)
{
        CLEANUP_FD int near = -1;
        CLEANUP_FD int far = -1;
        int pair[2], rc;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(err, errno, "cannot make a socket for %s", what);
        near = pair[0];
        /* above the descriptors that the child is given, or one dup2 of the spawn could step on another's source */
        far = fcntl(pair[1], F_DUPFD_CLOEXEC, OCI_CHILD_SOCKET + 1);
        (void)close(pair[1]);
        rc = far < 0 ? errno : spawn_verb(verb, far, ret_pid);
        if (rc != 0)
                return error_errno(err, rc, "cannot start %s", what);
        *ret_control = fd_steal(&near);
        return 0;
}

void oci_child_stop(int *control, pid_t *pid)
{
        if (*control < 0)
                return;
        *control = fd_close(*control);
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
                ;
        *pid = 0;
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
