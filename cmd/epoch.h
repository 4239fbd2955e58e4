/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_EPOCH_H
#define BRYO_CMD_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/*
 * SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch): `given` (a build argument, or NULL) before the
 * environment. *ret_found is false when neither says anything; nonsense is an error.
 */
int cmd_epoch_find(const char *given, bool *ret_found, int64_t *ret, struct error *err);

#endif
