/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_FETCH_LIMITS_H
#define BRYO_CMD_FETCH_LIMITS_H

#include "common/error.h"
#include "oci/fetch.h"

/*
 * The limits of HTTP that the environment sets: BRYO_HTTP_STALL_SECONDS (a server slower than 64 bytes a second for so
 * long is given up; 60), BRYO_HTTP_SECONDS (for one file; 6 hours) and BRYO_HTTP_MAX_BYTES (of one file; 16 GiB). What
 * is not a positive number is an error.
 */
int cmd_fetch_limits_find(struct oci_fetch_options *ret, struct error *err);

#endif
