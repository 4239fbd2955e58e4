/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_TIME_H
#define BRYO_OCI_TIME_H

#include <stdint.h>
#include <time.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * RFC 3339 times as image configs carry them. Written as Go's RFC3339Nano in
 * UTC: "2024-02-29T12:00:00.5Z", fraction without trailing zeros, none when
 * whole. Years 0001 to 9999.
 */
void oci_time_format(struct timespec t, struct buffer *ret);
/* Reads any RFC 3339 time, with any offset and up to 9 digits of fraction; EINVAL for the rest. */
int oci_time_parse(const char *text, struct timespec *ret, struct error *err);

#endif
