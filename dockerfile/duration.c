/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as Go writes them: "1h15m30.5s". */
#include "dockerfile/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/memory.h"

static const struct {
        const char *name;
        int64_t nanoseconds;
} units[] = {
        {"ns", 1},
        {"us", 1000},
        {"\xC2\xB5s", 1000}, /* micro sign */
        {"\xCE\xBCs", 1000}, /* Greek mu */
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", INT64_C(60) * 1000000000},
        {"h", INT64_C(3600) * 1000000000},
};

/* The unit at *text, which moves behind it; 0 when there is none. A unit ends where the next number begins. */
static int64_t read_unit(const char **text)
{
        size_t size = strcspn(*text, ".0123456789");

        for (size_t k = 0; k < ARRAY_SIZE(units); k++)
                if (size == strlen(units[k].name) && memcmp(*text, units[k].name, size) == 0) {
                        *text += size;
                        return units[k].nanoseconds;
                }
        return 0;
}

/* One "1.5h" at *text, added to *total; false when it is malformed, *overflow when it is too long a time. */
static bool read_part(const char **text, int64_t *total, bool *overflow)
{
        int64_t whole = 0;
        double fraction = 0;
        double scale = 1;
        bool digits = false;
        int64_t unit;
        int64_t part;

        for (; isdigit((unsigned char)**text); (*text)++, digits = true)
                *overflow |= __builtin_mul_overflow(whole, 10, &whole) ||
                             __builtin_add_overflow(whole, **text - '0', &whole);
        if (**text == '.')
                for ((*text)++; isdigit((unsigned char)**text); (*text)++, digits = true)
                        if (scale < 1e15) {
                                fraction = fraction * 10 + (**text - '0');
                                scale *= 10;
                        }
        unit = digits ? read_unit(text) : 0;
        if (unit == 0)
                return false;
        *overflow |= __builtin_mul_overflow(whole, unit, &part) ||
                     __builtin_add_overflow(part, (int64_t)(fraction * ((double)unit / scale)), &part) ||
                     __builtin_add_overflow(*total, part, total);
        return true;
}

int dockerfile_duration_parse(const char *text, int64_t *ret, struct error *err)
{
        const char *at = text;
        bool negative = *at == '-';
        bool overflow = false;
        int64_t total = 0;

        if (*at == '-' || *at == '+')
                at++;
        if (strcmp(at, "0") == 0) {
                *ret = 0;
                return 0;
        }
        if (*at == '\0')
                return error_set(err, EINVAL, "'%s' is not a duration such as 30s or 1m30s", text);
        while (*at != '\0' && !overflow) {
                const char *part = at;

                if (read_part(&at, &total, &overflow))
                        continue;
                if (part[strspn(part, ".0123456789")] == '\0' && isdigit((unsigned char)*part))
                        return error_set(err, EINVAL, "the duration '%s' has no unit: write %ss", text, text);
                return error_set(err, EINVAL, "'%s' is not a duration such as 30s or 1m30s", text);
        }
        if (overflow)
                return error_set(err, ERANGE, "the duration '%s' is too long", text);
        *ret = negative ? -total : total;
        return 0;
}
