/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_CHECK_JSON_H
#define BRYO_CMD_CHECK_JSON_H

#include "cmd/check.h"

/*
 * Prints the answer to a call as JSON of BuildKit's shape (frontend/subrequests: lint, outline, targets). `failure` is
 * what ended a check before its time, or NULL.
 */
void cmd_check_json_print(const struct builder_check_result *r, enum cmd_call call, const char *failure);

#endif
