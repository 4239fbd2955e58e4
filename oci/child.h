/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CHILD_H
#define BRYO_OCI_CHILD_H

#include <pthread.h>
#include <sys/types.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * A child of this program that runs a hidden verb: the fetch child, the registry child. It has the control socket as
 * its descriptor OCI_CHILD_SOCKET, standard error as it is, standard input and output on /dev/null, and no
 * signal blocked or ignored. When this process dies, the socket's end-of-file tells the child. Internal to this room.
 */
#define OCI_CHILD_SOCKET 3

struct oci_child {
        const char *verb, *what;       /* borrowed; `what` is for messages: "the fetch process" */
        const struct buffer *greeting; /* borrowed; the frame that a new child gets before any request; NULL: none */
        pthread_mutex_t lock;          /* guards the two below */
        int control;                   /* -1: no child */
        pid_t pid;
};

/* Starts nothing yet. */
void oci_child_init(struct oci_child *c, const char *verb, const char *what, const struct buffer *greeting);
/* Ends the child, if there is one, and waits for it. */
void oci_child_clear(struct oci_child *c);
/* Starts the child if there is none, so that it gets ready before the first request. A failure is that request's to tell. */
void oci_child_start(struct oci_child *c);
/*
 * Sends one request, from any thread, with the descriptor for its body (-1: none), and starts the child before if need
 * be; one that died since the last request is replaced once. On *ret_answers the answers come, and its end-of-file is
 * the child's death; closing it gives the request up.
 */
int oci_child_ask(struct oci_child *c, const struct buffer *request, int body, int *ret_answers, struct error *err);
/* In the child: whether it was started like this; fails for somebody who types the verb. Sets close-on-exec. */
int oci_child_check_socket(struct error *err);
/* In the child: HTTP_PROXY in upper case counts too, as in Go, but not where a CGI server sets it from a request
 * (httpoxy). */
void oci_child_adopt_proxy(void);

#endif
