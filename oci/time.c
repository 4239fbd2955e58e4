/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3339 by hand: strftime and strptime know no fractions and no offsets, and gmtime and mktime depend on
 * time zone files. Day arithmetic is the proleptic Gregorian calendar counted from 1 March, so that leap days end
 * years.
 */
#include "oci/time.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "oci/quote.h"

#define DAY 86400

/* Days since 1970-01-01 of a date. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = (y >= 0 ? y : y - 399) / 400;
        int64_t year_of_era = y - era * 400;
        int64_t month_from_march = month > 2 ? month - 3 : month + 9;
        int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;

        return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
        int64_t z = days + 719468;
        int64_t era = (z >= 0 ? z : z - 146096) / 146097;
        int64_t day_of_era = z - era * 146097;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t month_from_march = (5 * day_of_year + 2) / 153;

        *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
        *year = year_of_era + era * 400 + (*month <= 2);
}

void oci_time_format(struct timespec t, struct buffer *ret)
{
        int64_t days = t.tv_sec / DAY;
        int64_t second = t.tv_sec % DAY;
        int64_t year, month, day;
        char fraction[16];

        if (second < 0) {
                second += DAY;
                days--;
        }
        date_from_days(days, &year, &month, &day);
        buffer_printf(ret, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld", (long long)year, (long long)month,
                      (long long)day, (long long)(second / 3600), (long long)(second / 60 % 60),
                      (long long)(second % 60));
        if (t.tv_nsec > 0) {
                size_t n = (size_t)snprintf(fraction, sizeof(fraction), ".%09ld", t.tv_nsec);

                while (fraction[n - 1] == '0')
                        n--;
                buffer_append(ret, fraction, n);
        }
        buffer_append_char(ret, 'Z');
}

/* Reads exactly `count` digits. */
static bool digits(const char **p, size_t count, int64_t *ret)
{
        *ret = 0;
        for (size_t i = 0; i < count; i++, (*p)++) {
                if (**p < '0' || **p > '9')
                        return false;
                *ret = *ret * 10 + (**p - '0');
        }
        return true;
}

static bool literal(const char **p, char c)
{
        return *(*p)++ == c;
}

static bool fraction_digits(const char **p, long *ret)
{
        long scale = 100000000;

        *ret = 0;
        if (**p != '.')
                return true;
        (*p)++;
        if (**p < '0' || **p > '9')
                return false;
        for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10) {
                if (scale == 0)
                        return false;
                *ret += (**p - '0') * scale;
        }
        return true;
}

/* "Z" or "+hh:mm": seconds east of UTC. */
static bool zone(const char **p, int64_t *ret)
{
        int64_t hour, minute;
        char sign = *(*p)++;

        *ret = 0;
        if (sign == 'Z' || sign == 'z')
                return true;
        if (sign != '+' && sign != '-')
                return false;
        if (!digits(p, 2, &hour) || **p != ':' || !literal(p, ':') || !digits(p, 2, &minute) || hour > 23 ||
            minute > 59)
                return false;
        *ret = (hour * 3600 + minute * 60) * (sign == '-' ? -1 : 1);
        return true;
}

static bool date(const char **p, int64_t *ret_days)
{
        static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int64_t year, month, day;
        bool leap;

        if (!digits(p, 4, &year) || !literal(p, '-') || !digits(p, 2, &month) || !literal(p, '-') ||
            !digits(p, 2, &day))
                return false;
        leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (year < 1 || month < 1 || month > 12 || day < 1 || day > length[month - 1] + (month == 2 && leap))
                return false;
        *ret_days = days_from_date(year, month, day);
        return true;
}

static bool scan(const char *p, struct timespec *ret)
{
        int64_t days, hour, minute, second, east;
        long nanoseconds;

        if (!date(&p, &days) || (*p != 'T' && *p != 't' && *p != ' '))
                return false;
        p++;
        if (!digits(&p, 2, &hour) || !literal(&p, ':') || !digits(&p, 2, &minute) || !literal(&p, ':') ||
            !digits(&p, 2, &second) || hour > 23 || minute > 59 || second > 60)
                return false;
        if (!fraction_digits(&p, &nanoseconds) || *p == '\0' || !zone(&p, &east) || *p != '\0')
                return false;
        ret->tv_sec = days * DAY + hour * 3600 + minute * 60 + second - east;
        ret->tv_nsec = nanoseconds;
        return true;
}

int oci_time_parse(const char *text, struct timespec *ret, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (scan(text, ret))
                return 0;
        quoted = oci_quote(text);
        return error_set(err, EINVAL, "time %s is not in the form of RFC 3339 (2024-02-29T12:00:00Z)", quoted);
}
