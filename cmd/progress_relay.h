/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PROGRESS_RELAY_H
#define BRYO_CMD_PROGRESS_RELAY_H

#include <stddef.h>

#include "builder/progress.h"

/*
 * What several builds that run side by side tell, as if one build told it: one call at a time, steps numbered in the
 * order in which they begin in any of them, totals added up.
 */
struct cmd_relay;

/* For `count` builds; `to` is borrowed. */
struct cmd_relay *cmd_relay_new(const struct builder_progress *to, size_t count);
/* All builds have returned. */
void cmd_relay_free(struct cmd_relay *r);
/* What build `i` is to tell; the relay's. */
const struct builder_progress *cmd_relay_of(struct cmd_relay *r, size_t i);
/* The number of the last step that was shown. No build is under way. */
unsigned cmd_relay_steps(const struct cmd_relay *r);

#endif
