/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_UTF8_H
#define BRYO_OCI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes of the well-formed sequence (RFC 3629: no overlong forms, no surrogates) that starts at `p` with
 * `size` > 0 bytes to look at; 0 if there is none. */
size_t oci_utf8_length(const void *p, size_t size);
bool oci_utf8_is_valid(const void *bytes, size_t size);

#endif
