/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_BASE64_H
#define BRYO_OCI_BASE64_H

#include <stddef.h>

#include "common/buffer.h"

/* Base64 with the ordinary alphabet and padding (RFC 4648, section 4). */

/* Appends the text for the bytes. */
void oci_base64_encode(const void *bytes, size_t size, struct buffer *ret);
/* Appends the bytes. -1 for what is no base64: another character (white space too), wrong length or padding, or bits
 * behind the last byte. */
int oci_base64_decode(const char *text, struct buffer *ret);

#endif
