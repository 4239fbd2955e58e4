/* SPDX-License-Identifier: Apache-2.0 */
/* Environment variables that say something. */
#include "common/environment.h"

#include <stdlib.h>

const char *environment_find(const char *name)
{
        const char *value = getenv(name);

        return value && value[0] ? value : NULL;
}
