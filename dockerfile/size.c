/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes in bytes as docker's flags and mount options write them. */
#include "dockerfile/value.h"

#include <ctype.h>
#include <string.h>

/* The digits, with one point among them; false when it is not that. *ret_scale is 10 to the number of decimals. */
static bool read_number(const char *text, size_t digits, double *ret, double *ret_scale)
{
        bool fraction = false;

        *ret = 0;
        *ret_scale = 1;
        for (size_t k = 0; k < digits; k++) {
                if (text[k] == '.' && (fraction || k == 0))
                        return false;
                if (text[k] == '.') {
                        fraction = true;
                } else {
                        *ret = *ret * 10 + (text[k] - '0');
                        *ret_scale *= fraction ? 10 : 1;
                }
        }
        return digits > 0 && text[digits - 1] != '.';
}

bool dockerfile_size_parse(const char *text, uint64_t *ret)
{
        static const char units[] = "kmgtp";
        size_t digits = strspn(text, "0123456789.");
        const char *unit = text + digits;
        const char *found = NULL;
        double number, scale;

        if (!read_number(text, digits, &number, &scale))
                return false;
        while (*unit == ' ')
                unit++;
        if (*unit && (found = strchr(units, tolower((unsigned char)*unit))) != NULL) {
                unit++;
                if ((*unit == 'i' || *unit == 'I') && (unit[1] == 'b' || unit[1] == 'B'))
                        unit++;
        }
        if (*unit == 'b' || *unit == 'B')
                unit++;
        if (*unit != '\0')
                return false;
        number /= scale;
        for (long k = found ? found - units + 1 : 0; k > 0; k--)
                number *= 1024;
        if (number >= 9.2e18)
                return false;
        *ret = (uint64_t)number;
        return true;
}
