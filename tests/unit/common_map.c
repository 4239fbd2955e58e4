/* SPDX-License-Identifier: Apache-2.0 */
#include "common/map.h"

#include "tests/unit/check.h"

static int freed;

static void count_free(void *value)
{
        (void)value;
        freed++;
}

static void test_many_keys(void)
{
        CLEANUP_MAP struct map *m = map_new(NULL);
        static int values[5000];

        for (int i = 0; i < 5000; i++)
                map_set(m, &i, sizeof(i), &values[i]);
        CHECK_INT(map_count(m), 5000);
        for (int i = 0; i < 5000; i++)
                CHECK(map_find(m, &i, sizeof(i)) == &values[i]);
        CHECK(map_find(m, "x", 1) == NULL);
        CHECK(map_find(m, "", 0) == NULL);
}

static void test_replace_and_free(void)
{
        struct map *m = map_new(count_free);
        int a, b;

        map_set(m, "k", 1, &a);
        map_set(m, "k", 1, &b);
        CHECK_INT(freed, 1);
        CHECK(map_find(m, "k", 1) == &b);
        CHECK_INT(map_count(m), 1);
        map_free(m);
        CHECK_INT(freed, 2);
}

int main(void)
{
        CHECK_RUN(test_many_keys);
        CHECK_RUN(test_replace_and_free);
        return CHECK_END();
}
