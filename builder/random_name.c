/* SPDX-License-Identifier: Apache-2.0 */
/* Names that nobody else has. */
#include "builder/random_name.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/types.h>

#include "common/memory.h"

int builder_random_name(const char *prefix, char **ret, struct error *err)
{
        unsigned char bytes[16];
        char hex[2 * sizeof(bytes) + 1];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return error_errno(err, errno, "cannot make a random name for a data file");
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        *ret = memory_printf("%s%s", prefix, hex);
        return 0;
}
