/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_NOTICE_H
#define BRYO_CMD_NOTICE_H

#include <stdbool.h>

#include "common/log.h"
#include "common/strv.h"

/* Whether lines of this level are shown: those for debugging only with $BRYO_DEBUG (`bryo --debug`). */
bool cmd_notice_is_wanted(enum log_level level);

/* What the rooms say beside their results, as lines on stderr: for the verbs that show no progress. */
extern const struct log cmd_notice_log;
/* What the command line is warned of (struct option_table), as such lines. */
void cmd_notice_warn(const struct strv *warnings);

#endif
