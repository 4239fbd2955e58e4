/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Go prints them: what history lines are made of. */
#include "builder/gotext.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static void test_duration(void)
{
        static const struct {
                int64_t nanoseconds;
                const char *text; /* as time.Duration(n).String() */
        } rows[] = {
                { 0, "0s" },
                { 1, "1ns" },
                { 999, "999ns" },
                { 1000, "1\u00b5s" },
                { 1500, "1.5\u00b5s" },
                { 1000000, "1ms" },
                { 20050000, "20.05ms" },
                { 999999999, "999.999999ms" },
                { 1000000000, "1s" },
                { 1500000000, "1.5s" },
                { 1000000001, "1.000000001s" },
                { 59999000000, "59.999s" },
                { 60000000000, "1m0s" },
                { 61000000000, "1m1s" },
                { 3600000000000, "1h0m0s" },
                { 3661500000000, "1h1m1.5s" },
                { 360000000000000, "100h0m0s" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                builder_gotext_duration(&text, rows[i].nanoseconds);
                CHECK_STR(text.data, rows[i].text);
        }
}

int main(void)
{
        CHECK_RUN(test_duration);
        return CHECK_END();
}
