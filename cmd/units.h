/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_UNITS_H
#define BRYO_CMD_UNITS_H

#include <stdint.h>

#include "common/buffer.h"

/*
 * Sizes and ages in docker's words (github.com/docker/go-units, size.go and
 * duration.go), which scripts and eyes are used to.
 */

/* Appends "4.01MB": decimal units, `digits` significant digits (docker: 3 in tables, 4 in totals). */
void cmd_units_format_size(uint64_t bytes, int digits, struct buffer *ret);
/* Appends "2 minutes ago"; a time in the future is "Less than a second ago". */
void cmd_units_format_age(int64_t seconds, struct buffer *ret);
/* Appends a time as docker's CreatedAt shows it, in the local zone: "2024-02-29 13:00:00 +0100 CET". */
void cmd_units_format_time(int64_t seconds, struct buffer *ret);

#endif
