/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_UPKEEP_H
#define BRYO_CMD_UPKEEP_H

#include "common/error.h"
#include "common/log.h"
#include "oci/store.h"

/*
 * Automatic upkeep: with $BRYO_KEEP_STORAGE set to a size, the steps, downloads and cache mounts that were used
 * least recently go at the end of a build that executed something, until
 * the store takes no more than that. Images stay, with names or without, and what they need; so does everything while
 * another command uses the store: the next build tries again.
 */

/* OPTIONS_EUSAGE when the variable is no size; asked before the build begins. */
int cmd_upkeep_check(struct error *err);
/* What goes wrong is a warning: the build is done. The store's gate is not held. */
void cmd_upkeep_run(struct oci_store *store, const struct log *log);

#endif
