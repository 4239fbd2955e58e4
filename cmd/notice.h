/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_NOTICE_H
#define BRYO_CMD_NOTICE_H

#include "common/log.h"

/* What the rooms say beside their results, as lines on stderr: for the verbs that show no progress. */
extern const struct log cmd_notice_log;

#endif
