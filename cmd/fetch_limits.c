/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of HTTP, from the environment: few need others, and they are not a matter of one build. */
#include "cmd/fetch_limits.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd/number.h"

static int find(const char *name, uint64_t most, uint64_t *ret, struct error *err)
{
        const char *text = getenv(name);

        if (text && text[0] && !cmd_number_parse(text, 1, most, ret))
                return error_set(err, EINVAL, "%s=%s is not a number from 1 to %llu", name, text,
                                 (unsigned long long)most);
        return 0;
}

int cmd_fetch_limits_find(struct oci_fetch_options *ret, struct error *err)
{
        uint64_t stall = 0, total = 0;

        if (find("BRYO_HTTP_STALL_SECONDS", 86400, &stall, err) < 0 ||
            find("BRYO_HTTP_SECONDS", 30 * 86400, &total, err) < 0 ||
            find("BRYO_HTTP_MAX_BYTES", 1ull << 50, &ret->limit, err) < 0)
                return -1;
        ret->stall_seconds = (unsigned)stall;
        ret->total_seconds = (unsigned)total;
        return 0;
}
