/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of keys: what differs, in words. */
#include <string.h>

#include "builder/parts.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static void check_difference(struct builder_parts *before, struct builder_parts *after, const char *expected)
{
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;

        builder_parts_compare(buffer_text(&before->text), buffer_text(&after->text), 2, &said);
        CHECK_STR(buffer_text(&said), expected);
        builder_parts_clear(before);
        builder_parts_clear(after);
}

static void test_compare(void)
{
        struct builder_parts a = BUILDER_PARTS_INIT, b = BUILDER_PARTS_INIT;

        check_difference(&a, &b, "");
        builder_parts_add_text(&a, "file", "x", "1");
        builder_parts_add_text(&b, "file", "x", "1");
        check_difference(&a, &b, "");
        builder_parts_add_text(&a, "file", "x", "1");
        builder_parts_add_text(&b, "file", "x", "2");
        check_difference(&a, &b, "file x changed");
        builder_parts_add_text(&a, "file", "", NULL);
        builder_parts_add_text(&b, "the user", NULL, "");
        check_difference(&a, &b, "the user is new, file . is gone");
        builder_parts_add_text(&a, "file", "two\nlines", "1");
        check_difference(&a, &b, "file two\\x0alines is gone");
        for (const char *name = "abcd"; *name; name++)
                builder_parts_add(&b, "file", name, name, 1);
        builder_parts_add_text(&b, BUILDER_PART_PARENT, NULL, "p");
        check_difference(&a, &b, "file abcd is new, file bcd is new and 2 more, what it stands on changed");
        builder_parts_add_text(NULL, "file", "x", "1");
        builder_parts_clear(NULL);
        builder_parts_free(&a);
        builder_parts_free(&b);
}

static void test_fold(void)
{
        struct builder_parts p = BUILDER_PARTS_INIT, q = BUILDER_PARTS_INIT;
        struct builder_parts few = BUILDER_PARTS_INIT, many = BUILDER_PARTS_INIT, other = BUILDER_PARTS_INIT;

        builder_parts_add_text(&p, "argument", "A", "1");
        builder_parts_add_text(&p, "file", "d/one", "1");
        builder_parts_add_text(&p, "file", "d/two", "2");
        builder_parts_add_text(&p, "file", "three", "3");
        builder_parts_add_text(&q, "file", "three", "3"); /* the order of files is no difference */
        builder_parts_add_text(&q, "file", "d/two", "2");
        builder_parts_add_text(&q, "file", "d/one", "other");
        builder_parts_add_text(&q, "argument", "A", "1");
        builder_parts_fold(p.text.data, 3, &few.text);
        CHECK_STR(few.text.data, p.text.data);
        builder_parts_fold(p.text.data, 2, &many.text);
        builder_parts_fold(q.text.data, 2, &other.text);
        check_difference(&many, &other, "a file in d changed");
        builder_parts_free(&p);
        builder_parts_free(&q);
        builder_parts_free(&few);
        builder_parts_free(&many);
        builder_parts_free(&other);
}

/* A store that somebody else wrote: no crash, nothing made up. */
static void test_damage(void)
{
        static const char *const texts[] = {"",
                                            "\n",
                                            "short\n",
                                            "0123456789abcdef",
                                            "0123456789abcdefX y\n",
                                            "0123456789abcdef \n",
                                            "0123456789abcdef file x\nrest"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
                        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;

                        builder_parts_compare(texts[i], texts[k], 5, &said);
                        builder_parts_fold(texts[i], 0, &said);
                        if (i == k)
                                CHECK(strstr(buffer_text(&said), "changed") == NULL);
                }
}

int main(void)
{
        CHECK_RUN(test_compare);
        CHECK_RUN(test_fold);
        CHECK_RUN(test_damage);
        return CHECK_END();
}
