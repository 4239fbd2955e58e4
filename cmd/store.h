/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_STORE_H
#define BRYO_CMD_STORE_H

#include "common/error.h"
#include "common/log.h"
#include "oci/store.h"

/*
 * Opens the store that a verb works on: `root` (its --root flag, may be NULL), else
 * $BRYO_ROOT, else $XDG_DATA_HOME/bryo, else ~/.local/share/bryo.
 */
int cmd_store_open(const char *root, const struct log *log, struct oci_store **ret, struct error *err);

#endif
