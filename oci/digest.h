/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_DIGEST_H
#define BRYO_OCI_DIGEST_H

#include <stdbool.h>

#include "common/error.h"
#include "common/sha256.h"

/*
 * Digests as image formats spell them: "sha256:" and 64 lower-case hex
 * characters (OCI image-spec, descriptor.md, "Digests"). Nothing else becomes a
 * struct sha256_digest, so no path or URL is ever made from an unchecked text.
 * sha512, which the spec allows and nobody uses, is refused by name.
 */

/* Length of the text, without its NUL. */
#define OCI_DIGEST_TEXT 71

/* Refuses everything else with EINVAL; the message quotes `text` escaped and cut. */
int oci_digest_parse(const char *text, struct sha256_digest *ret, struct error *err);
/* The same without a message, for asking "is this one?". */
bool oci_digest_is_valid(const char *text);
void oci_digest_format(const struct sha256_digest *d, char ret[OCI_DIGEST_TEXT + 1]);

#endif
