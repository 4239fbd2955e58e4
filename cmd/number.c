/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that users type. */
#include "cmd/number.h"

#include <errno.h>
#include <stdlib.h>

bool cmd_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
        unsigned long long value;
        char *end;

        if (text[0] < '0' || text[0] > '9') /* strtoull takes blanks and signs */
                return false;
        errno = 0;
        value = strtoull(text, &end, 10);
        if (errno != 0 || *end != '\0' || value < least || value > most)
                return false;
        *ret = value;
        return true;
}
