/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_QUOTE_H
#define BRYO_OCI_QUOTE_H

#include <stddef.h>

#include "common/memory.h"

/*
 * Text from outside, made fit for a message: in double quotes, control bytes,
 * bytes above 0x7e, quotes and backslashes as \xNN or \", cut after 128 bytes
 * with "...". Keeps terminal escapes of hostile names out of the user's
 * terminal. Returns a heap string: `CLEANUP_FREE char *q = oci_quote(name);`.
 */
char *oci_quote(const char *text);
char *oci_quote_bytes(const void *bytes, size_t size);

#endif
