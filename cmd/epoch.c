/* SPDX-License-Identifier: Apache-2.0 */
/* The time that nothing in an image may be later than. */
#include "cmd/epoch.h"

#include <errno.h>
#include <stdlib.h>

int cmd_epoch_find(const char *given, bool *ret_found, int64_t *ret, struct error *err)
{
        const char *text = given ? given : getenv("SOURCE_DATE_EPOCH");
        char *end;

        *ret_found = text && text[0];
        if (!*ret_found)
                return 0;
        errno = 0;
        *ret = strtoll(text, &end, 10);
        if (errno != 0 || *end != '\0' || *ret < 0)
                return error_set(err, EINVAL, "SOURCE_DATE_EPOCH=%s is not a number of seconds since 1970", text);
        return 0;
}
