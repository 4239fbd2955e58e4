/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people. */
#include "cmd/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"

void cmd_units_format_size(uint64_t bytes, int digits, struct buffer *ret)
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
        double value = (double)bytes;
        char text[32];
        size_t unit = 0;

        for (;;) {
                snprintf(text, sizeof(text), "%.*g", digits, value);
                /* rounding may carry into the next unit: 999.95 with three digits is 1e+03 */
                if ((value < 1000 && !strchr(text, 'e')) || unit + 1 == ARRAY_SIZE(units))
                        break;
                value /= 1000;
                unit++;
        }
        buffer_printf(ret, "%s%s", text, units[unit]);
}

static void append_count(struct buffer *ret, int64_t count, const char *what)
{
        buffer_printf(ret, "%" PRId64 " %s ago", count, what);
}

void cmd_units_format_age(int64_t seconds, struct buffer *ret)
{
        int64_t minutes = seconds / 60;
        int64_t whole_hours = seconds / 3600;
        int64_t hours = (seconds + 1800) / 3600;

        if (seconds < 1)
                buffer_append_string(ret, "Less than a second ago");
        else if (seconds == 1)
                buffer_append_string(ret, "1 second ago");
        else if (seconds < 60)
                append_count(ret, seconds, "seconds");
        else if (minutes == 1)
                buffer_append_string(ret, "About a minute ago");
        else if (minutes < 60)
                append_count(ret, minutes, "minutes");
        else if (hours == 1)
                buffer_append_string(ret, "About an hour ago");
        else if (hours < 48)
                append_count(ret, hours, "hours");
        else if (hours < 24 * 7 * 2)
                append_count(ret, hours / 24, "days");
        else if (hours < 24 * 30 * 2)
                append_count(ret, hours / 24 / 7, "weeks");
        else if (hours < 24 * 365 * 2)
                append_count(ret, hours / 24 / 30, "months");
        else
                append_count(ret, whole_hours / 24 / 365, "years");
}

void cmd_units_format_time(int64_t seconds, struct buffer *ret)
{
        time_t when = (time_t)seconds;
        struct tm local;
        char text[128];

        if (localtime_r(&when, &local) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z %Z", &local) > 0)
                buffer_append_string(ret, text);
        else
                buffer_append_string(ret, "N/A");
}
