/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and ages in docker's words; text of images made fit for a terminal; tables; indented JSON. */
#include "cmd/columns.h"
#include "cmd/indent.h"
#include "cmd/table.h"
#include "cmd/text.h"
#include "cmd/units.h"
#include "common/memory.h"
#include "tests/unit/check.h"

#include <string.h>
#include <time.h>

static void test_sizes(void)
{
        static const struct {
                uint64_t bytes;
                int digits;
                const char *text;
        } rows[] = {
                {0, 3, "0B"},
                {1, 3, "1B"},
                {999, 3, "999B"},
                {1000, 3, "1kB"},
                {1024, 3, "1.02kB"},
                {4014000, 3, "4.01MB"},
                {77800000, 3, "77.8MB"},
                {118000000, 3, "118MB"},
                {999499, 3, "999kB"},
                {999950, 3, "1MB"}, /* rounds into the next unit; go-units says 1e+03kB */
                {12345678, 4, "12.35MB"},
                {12300000, 4, "12.3MB"},
                {1500000000, 4, "1.5GB"},
                {UINT64_MAX, 3, "18.4EB"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_units_format_size(rows[i].bytes, rows[i].digits, &text);
                CHECK_STR(text.data, rows[i].text);
        }
}

static void test_ages(void)
{
        enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
        static const struct {
                int64_t seconds;
                const char *text;
        } rows[] = {
                {-100, "Less than a second ago"},
                {0, "Less than a second ago"},
                {1, "1 second ago"},
                {59, "59 seconds ago"},
                {MINUTE, "About a minute ago"},
                {2 * MINUTE - 1, "About a minute ago"},
                {2 * MINUTE, "2 minutes ago"},
                {HOUR - 1, "59 minutes ago"},
                {HOUR, "About an hour ago"},
                {HOUR + 30 * MINUTE, "2 hours ago"},
                {47 * HOUR, "47 hours ago"},
                {2 * DAY, "2 days ago"},
                {13 * DAY, "13 days ago"},
                {14 * DAY, "2 weeks ago"},
                {59 * DAY, "8 weeks ago"},
                {60 * DAY, "2 months ago"},
                {729 * DAY, "24 months ago"},
                {730 * DAY, "2 years ago"},
                {(int64_t)50 * 365 * DAY, "50 years ago"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_units_format_age(rows[i].seconds, &text);
                CHECK_STR(text.data, rows[i].text);
        }
}

static void test_times(void)
{
        CLEANUP_BUFFER struct buffer utc = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer local = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer never = BUFFER_INIT;

        setenv("TZ", "UTC", 1);
        tzset();
        cmd_units_format_time(1709208000, &utc);
        CHECK_STR(utc.data, "2024-02-29 12:00:00 +0000 UTC");
        setenv("TZ", "CET-1", 1);
        tzset();
        cmd_units_format_time(1709208000, &local);
        CHECK_STR(local.data, "2024-02-29 13:00:00 +0100 CET");
        cmd_units_format_time(INT64_MAX, &never); /* a year that no struct tm holds */
        CHECK_STR(never.data, "N/A");
}

static void test_visible(void)
{
        static const struct {
                const char *text;
                const char *shown;
        } rows[] = {
                {"plain \xc3\xbc \xe2\x9c\x93", "plain \xc3\xbc \xe2\x9c\x93"},
                {"a\tb\nc\rd", "a b c d"},
                {"\033[31mred\033]0;title\007", "\\x1b[31mred\\x1b]0;title\\x07"},
                {"\x7f", "\\x7f"},
                {"c1 \xc2\x9b here", "c1 \\xc2\\x9b here"}, /* CSI in UTF-8 */
                {"\xff\x9b cut \xe2\x9c", "\\xff\\x9b cut \\xe2\\x9c"},
                {"", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_text_append_visible(&text, rows[i].text);
                CHECK_STR(buffer_text(&text), rows[i].shown);
        }
}

static void test_output(void)
{
        static const struct {
                const char *text;
                const char *shown;
        } rows[] = {
                {"plain \xc3\xbc\ttab", "plain \xc3\xbc\ttab"},
                {"\033[31mred\033[0m \033[38;5;1m\033[4:3mx\033[m", "red x"},
                {"\033]0;title\007 \033[6n \033[2J", "^[]0;title^G ^[[6n ^[[2J"},
                {"\033]52;c;aGk=\033\\", "^[]52;c;aGk=^[\\"},
                {"one\rtwo\nthree\x7f", "one^Mtwo^Jthree^?"},
                {"\x9b" "31m \xc2\x9b" "31m", "\\x9b31m \\u009b31m"},         /* CSI as a byte and in UTF-8 */
                {"a\xe2\x80\xae" "b \xe2\x81\xa6" "c", "a\\u202eb \\u2066c"}, /* the order of characters */
                {"\xe2\x80\xa8 \xef\xbb\xbf \xf3\xa0\x81\xa1", "\\u2028 \\ufeff \\U000e0061"},
                {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7"}, /* joined */
                {"\xc0\xaf \xed\xa0\x80 \xe2\x9c", "\\xc0\\xaf \\xed\\xa0\\x80 \\xe2\\x9c"},
                {"\033[31", "^[[31"},
                {"", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_text_append_output(&text, rows[i].text, strlen(rows[i].text));
                CHECK_STR(buffer_text(&text), rows[i].shown);
        }
}

static void test_message(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        cmd_text_append_message(&text, "first\n\tsecond\033[1m\r\n");
        CHECK_STR(buffer_text(&text), "first\n\tsecond^M\n");
}

static void test_columns(void)
{
        static const struct {
                const char *text;
                size_t width;
                const char *shown;
                size_t columns;
        } rows[] = {
                {"plain", 5, "plain", 5},
                {"plain", 4, "pla\xe2\x80\xa6", 4},
                {"plain", 1, "\xe2\x80\xa6", 1},
                {"plain", 0, "", 0},
                {"\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac", 4},      /* wide */
                {"\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5\xe2\x80\xa6", 3},
                {"\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6", 1},
                {"e\xcc\x81" "e\xcc\x81", 2, "e\xcc\x81" "e\xcc\x81", 2},                /* combining */
                {"a\tb", 3, "a b", 3},
        };
        struct cmd_columns *c = cmd_columns_new();

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                CHECK_INT(cmd_columns_append(c, &text, rows[i].text, rows[i].width), rows[i].columns);
                CHECK_STR(buffer_text(&text), rows[i].shown);
        }
        cmd_columns_free(c);
}

static void test_cut(void)
{
        static const struct {
                const char *text;
                size_t width;
                const char *shown;
        } rows[] = {
                {"12345", 5, "12345"},
                {"123456", 5, "1234\xe2\x80\xa6"},
                {"\xc3\xbc\xc3\xbc\xc3\xbc", 3, "\xc3\xbc\xc3\xbc\xc3\xbc"},
                {"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 3, "\xc3\xbc\xc3\xbc\xe2\x80\xa6"},
                {"", 5, ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_text_append_cut(&text, rows[i].text, rows[i].width);
                CHECK_STR(buffer_text(&text), rows[i].shown);
        }
}

static void test_table(void)
{
        static const char *const cells[] = {"REPOSITORY", "TAG", "SIZE", "b\xc3\xbcsybox", "a-long-tag",
                                            "4.01MB",     "x",   "",     "1\033B"};
        CLEANUP_TABLE struct cmd_table table = {.columns = 3};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
                cmd_table_add(&table, cells[i]);
        cmd_table_format(&table, &text);
        CHECK_STR(text.data, "REPOSITORY   TAG          SIZE\n"
                             "b\xc3\xbcsybox      a-long-tag   4.01MB\n"
                             "x                         1\\x1bB\n");
}

static void test_narrow_table(void)
{
        CLEANUP_TABLE struct cmd_table table = {.columns = 2};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        cmd_table_add(&table, "TAG");
        cmd_table_add(&table, "ID");
        cmd_table_format(&table, &text);
        CHECK_STR(text.data, "TAG       ID\n"); /* docker's least width of ten */
}

static void test_indent(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        cmd_indent_format("[{\"a\":1,\"b\":[],\"c\":{\"d\\\"{\":\"x,[:]\\\\\"},\"e\":{}}]", &text);
        CHECK_STR(text.data, "[\n"
                             "    {\n"
                             "        \"a\": 1,\n"
                             "        \"b\": [],\n"
                             "        \"c\": {\n"
                             "            \"d\\\"{\": \"x,[:]\\\\\"\n"
                             "        },\n"
                             "        \"e\": {}\n"
                             "    }\n"
                             "]\n");
}

int main(void)
{
        CHECK_RUN(test_sizes);
        CHECK_RUN(test_ages);
        CHECK_RUN(test_times);
        CHECK_RUN(test_visible);
        CHECK_RUN(test_output);
        CHECK_RUN(test_message);
        CHECK_RUN(test_columns);
        CHECK_RUN(test_cut);
        CHECK_RUN(test_table);
        CHECK_RUN(test_narrow_table);
        CHECK_RUN(test_indent);
        return CHECK_END();
}
