/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_CLIENT_H
#define BRYO_TESTS_MODEL_CLIENT_H

#include "tests/model/channel.h"
#include "tests/model/op.h"

/*
 * The process that uses both file systems: makes a user and a mount namespace, mounts a tmpfs and the union below
 * `directory`, runs the operations on both and compares. What differs is in the report when it exits. `verbose`
 * prints each operation with its result.
 */
struct client_options {
        const char *directory; /* an empty one */
        const struct op_list *ops;
        int socket; /* to the server */
        struct report *report;
        bool verbose;
};
__attribute__((noreturn)) void client_main(const struct client_options *options);

#endif
