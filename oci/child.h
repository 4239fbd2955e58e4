/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CHILD_H
#define BRYO_OCI_CHILD_H

#include <sys/types.h>

#include "common/error.h"

/*
 * A child of this program that runs a hidden verb: the fetch child, the registry child. It has the control socket as
 * its descriptor OCI_CHILD_SOCKET, standard error as it is, standard input and output on /dev/null, and no
 * signal blocked or ignored. When this process dies, the socket's end-of-file tells the child. Internal to this room.
 */
#define OCI_CHILD_SOCKET 3

/* `what` is for messages: "the fetch process". */
int oci_child_start(const char *verb, const char *what, int *ret_control, pid_t *ret_pid, struct error *err);
/* Closes the control socket and waits for the child. Sets *control to -1; nothing if it is -1 already. */
void oci_child_stop(int *control, pid_t *pid);
/* In the child: whether it was started like this; fails for somebody who types the verb. Sets close-on-exec. */
int oci_child_check_socket(struct error *err);
/* In the child: HTTP_PROXY in upper case counts too, as in Go, but not where a CGI server sets it from a request
 * (httpoxy). */
void oci_child_adopt_proxy(void);

#endif
