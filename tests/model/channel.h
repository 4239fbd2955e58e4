/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_CHANNEL_H
#define BRYO_TESTS_MODEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

/* What client and server say to each other: one byte, sometimes with a descriptor. The client asks, the server answers.
 */
enum message {
        MESSAGE_MAP = 'm',     /* map the ids of my user namespace */
        MESSAGE_SERVE = 'f',   /* here is a mounted /dev/fuse */
        MESSAGE_REMOUNT = 'r', /* I unmounted; it goes on with the same tree */
        MESSAGE_SEAL = 's',    /* I unmounted; seal, and open the tree again */
        MESSAGE_LOAD = 'l',    /* the same, and every layer goes through its tar */
        MESSAGE_QUIT = 'q',    /* I unmounted for good */
        MESSAGE_OK = 'k',
        MESSAGE_FAILED = 'e', /* the report says why */
};

/* `fd` -1: none. False when the other side is gone. */
bool channel_send(int socket, enum message message, int fd);
/* `ret_fd` NULL: none is expected; else -1 or the caller's. False at end-of-file. */
bool channel_receive(int socket, enum message *ret, int *ret_fd);

/* What went wrong, in memory that all processes of a run share. The first one counts. */
struct report {
        bool failed;
        bool impossible; /* nothing could be tried here: no FUSE, no user namespace */
        size_t op;       /* place in the list */
        char text[8000];
};
void report_fail(struct report *report, size_t op, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
