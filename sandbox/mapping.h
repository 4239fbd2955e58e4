/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_MAPPING_H
#define BRYO_SANDBOX_MAPPING_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "sandbox/idmap.h"
#include "sandbox/sandbox.h"

/* The ids a sandbox will have, worked out before any process is started. */
struct sandbox_mapping {
        bool direct; /* this process may write the maps itself */
        struct sandbox_idmap uids, gids;
        char *newuidmap, *newgidmap; /* owned; paths */
};

#define SANDBOX_MAPPING_INIT { false, SANDBOX_IDMAP_INIT, SANDBOX_IDMAP_INIT, NULL, NULL }

/* Finds out which ids the calling user has and who can map them; a missing helper or a missing line of subuid(5) is an
 * error. */
int sandbox_mapping_prepare(const struct sandbox_options *options, struct sandbox_mapping *ret, struct error *err);
/* Maps the ids of the user namespace of `pid`, a child of this process that nobody has reaped. */
int sandbox_mapping_apply(const struct sandbox_mapping *mapping, pid_t pid, struct error *err);
void sandbox_mapping_free(struct sandbox_mapping *mapping);

#endif
