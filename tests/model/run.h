/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_RUN_H
#define BRYO_TESTS_MODEL_RUN_H

#include "overlay/server.h"
#include "tests/model/channel.h"
#include "tests/model/op.h"

/*
 * Runs a list in processes of its own: a server, and its client. A crash or a hang of either is a failure of the list
 * and ends neither the checker nor the search for a smaller list.
 */
struct run_options {
        const char *directory; /* for stores and mount points; a new directory is made in it each time, and removed */
        unsigned timeout;      /* seconds */
        bool verbose;
        enum overlay_server_policy policy; /* of the serving threads */
};

/* True when both sides agreed. `ret` is filled in any case. */
bool run_list(const struct run_options *options, const struct op_list *list, struct report *ret);

#endif
