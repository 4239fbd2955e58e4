/* SPDX-License-Identifier: Apache-2.0 */
/* Digest texts: the one door between a text from outside and a struct sha256_digest. */
#include "oci/digest.h"

#include <errno.h>
#include <string.h>

#include "oci/quote.h"

#define PREFIX "sha256:"

static bool scan(const char *text, struct sha256_digest *ret)
{
        return strncmp(text, PREFIX, strlen(PREFIX)) == 0 && sha256_from_hex(text + strlen(PREFIX), ret);
}

int oci_digest_parse(const char *text, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (scan(text, ret))
                return 0;
        quoted = oci_quote(text);
        if (strncmp(text, "sha512:", 7) == 0)
                return error_set(err, EINVAL, "digest %s: sha512 is not supported, only sha256", quoted);
        return error_set(err, EINVAL, "digest %s is not \"sha256:\" and 64 lower-case hex characters", quoted);
}

bool oci_digest_is_valid(const char *text)
{
        struct sha256_digest d;

        return scan(text, &d);
}

void oci_digest_format(const struct sha256_digest *d, char ret[OCI_DIGEST_TEXT + 1])
{
        memcpy(ret, PREFIX, strlen(PREFIX));
        sha256_to_hex(d, ret + strlen(PREFIX));
}
