/* SPDX-License-Identifier: Apache-2.0 */
/* subuid(5) files, honest and not, and the maps that come of them. */
#include "sandbox/idmap.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static struct buffer warnings;

static void warn(void *context, enum log_level level, const char *line)
{
        (void)context;
        (void)level;
        buffer_printf(&warnings, "%s\n", line);
}

static const struct log sink = {warn, NULL};

static char *format(const struct sandbox_idmap *map)
{
        struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < map->count; i++)
                buffer_printf(&text, "%s%u %u %u", i ? "; " : "", map->ranges[i].inside, map->ranges[i].outside,
                              map->ranges[i].count);
        return buffer_steal(&text);
}

static void test_subordinate(void)
{
        static const struct {
                const char *text, *map;
                uint32_t ids;
                bool warned;
        } cases[] = {
                {"", "0 1000 1", 0, false},
                {"\n\n", "0 1000 1", 0, false},
                {"moss:100000:65536\n", "0 1000 1; 1 100000 65536", 65536, false},
                {"moss:100000:65536", "0 1000 1; 1 100000 65536", 65536, false},
                {"1000:100000:65536\n", "0 1000 1; 1 100000 65536", 65536, false},
                {"other:1:2\nmoss:5:6\nmos:7:8\nmossy:9:10\n1000:20:3\n10000:30:1\n", "0 1000 1; 1 5 6; 7 20 3", 9,
                 false},
                {"moss:200:10\nmoss:100:10\n", "0 1000 1; 1 200 10; 11 100 10", 20, false},
                /* the same id twice, in every way two ranges can meet */
                {"moss:100:10\nmoss:100:10\n", "0 1000 1; 1 100 10", 10, true},
                {"moss:100:10\nmoss:105:10\n", "0 1000 1; 1 100 10; 11 110 5", 15, true},
                {"moss:100:10\nmoss:95:10\n", "0 1000 1; 1 100 10; 11 95 5", 15, true},
                {"moss:100:10\nmoss:95:20\n", "0 1000 1; 1 100 10; 11 95 5; 16 110 5", 20, true},
                {"moss:100:10\nmoss:120:10\nmoss:90:60\n",
                 "0 1000 1; 1 100 10; 11 120 10; 21 90 10; 31 110 10; 41 130 20", 60, true},
                {"moss:999:3\n", "0 1000 1; 1 999 1; 2 1001 1", 2, true},
                {"moss:1000:1\n", "0 1000 1", 0, true},
                /* numbers that are none, or too large */
                {"moss:100:0\n", "0 1000 1", 0, false},
                {"moss:-1:10\n", "0 1000 1", 0, true},
                {"moss:+1:10\n", "0 1000 1", 0, true},
                {"moss: 1:10\n", "0 1000 1", 0, true},
                {"moss:0x10:10\n", "0 1000 1", 0, true},
                {"moss:10\n", "0 1000 1", 0, true},
                {"moss\n", "0 1000 1", 0, true},
                {"moss:10:10:10\n", "0 1000 1", 0, true},
                {"moss:10:10 \n", "0 1000 1", 0, true},
                {"moss:10:4294967297\n", "0 1000 1", 0, true},
                {"moss:10:99999999999999999999\n", "0 1000 1", 0, true},
                {"moss:4294967295:1\n", "0 1000 1", 0, true},
                {"moss:4294967296:1\n", "0 1000 1", 0, true},
                {"moss:4294967290:10\n", "0 1000 1; 1 4294967290 5", 5, true},
                {"moss:2000:4294967296\n", "0 1000 1; 1 2000 4294965295", 4294965295, true},
                {"moss:0:4294967296\n", "0 1000 1; 1 0 1000; 1001 1001 4294966294", 4294967294, true},
                {":100:10\n::\n:::\n", "0 1000 1", 0, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_IDMAP struct sandbox_idmap map = SANDBOX_IDMAP_INIT;
                CLEANUP_FREE char *got = NULL;

                buffer_clear(&warnings);
                CHECK_INT(sandbox_idmap_parse_subordinate(cases[i].text, "moss", 1000, 1000, &sink, &map),
                          cases[i].ids);
                got = format(&map);
                CHECK_STR(got, cases[i].map);
                if ((warnings.size > 0) != cases[i].warned) {
                        printf("# %s: %s\n", cases[i].text, buffer_text(&warnings));
                        CHECK_INT(warnings.size > 0, cases[i].warned);
                }
        }
}

static void test_without_name(void)
{
        CLEANUP_IDMAP struct sandbox_idmap map = SANDBOX_IDMAP_INIT;

        CHECK_INT(sandbox_idmap_parse_subordinate("moss:1:2\n1000:5:3\n", NULL, 1000, 77, NULL, &map), 3);
        CHECK_INT(map.ranges[0].outside, 77);
}

static void test_many_ranges(void)
{
        CLEANUP_IDMAP struct sandbox_idmap map = SANDBOX_IDMAP_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for (int i = 0; i < 400; i++)
                buffer_printf(&text, "moss:%d:10\n", 100000 + i * 100);
        buffer_clear(&warnings);
        CHECK_INT(sandbox_idmap_parse_subordinate(buffer_text(&text), "moss", 1000, 1000, &sink, &map), 339 * 10);
        CHECK_INT(map.count, SANDBOX_IDMAP_MAX);
        CHECK_HAS(buffer_text(&warnings), "fits into the map");
}

static void test_suggest(void)
{
        static const struct {
                const char *text;
                uint32_t start;
        } cases[] = {
                {"", 100000},
                {"a:100000:65536\n", 165536},
                {"a:300000:65536\nb:100000:65536\nbroken\n", 365536},
                {"a:10:20\n", 100000},
                {"a:600000000:65536\n", 0},
                {"a:0:4294967296\n", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                CHECK_INT(sandbox_idmap_suggest(cases[i].text), cases[i].start);
}

static void test_own(void)
{
        static const struct {
                const char *text, *map, *message;
        } cases[] = {
                {"         0          0 4294967295\n", "0 0 4294967295", NULL},
                {"0 1000 1\n1 100000 65536\n", "0 0 1; 1 1 65536", NULL},
                {"5 1000 1\n", "5 5 1", NULL},
                {"", NULL, "no ids mapped"},
                {"0 0\n", NULL, "cannot read"},
                {"0 0 1\nx\n", NULL, "cannot read"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_IDMAP struct sandbox_idmap map = SANDBOX_IDMAP_INIT;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *got = NULL;

                CHECK_INT(sandbox_idmap_parse_own(cases[i].text, &map, &err), cases[i].map ? 0 : -1);
                got = format(&map);
                if (cases[i].map)
                        CHECK_STR(got, cases[i].map);
                else
                        CHECK_HAS(err.message, cases[i].message);
        }
}

int main(void)
{
        CHECK_RUN(test_subordinate);
        CHECK_RUN(test_without_name);
        CHECK_RUN(test_many_ranges);
        CHECK_RUN(test_suggest);
        CHECK_RUN(test_own);
        buffer_free(&warnings);
        return CHECK_END();
}
