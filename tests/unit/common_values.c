/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/memory.h"
#include "common/path.h"
#include "common/sha256.h"
#include "common/siphash.h"
#include "common/strv.h"
#include "tests/unit/check.h"

static void test_error_keeps_the_first(void)
{
        CLEANUP_ERROR struct error first = ERROR_INIT;
        struct error second = ERROR_INIT;

        CHECK_INT(error_errno(&first, ENOENT, "cannot open %s", "a"), -1);
        CHECK_STR(first.message, "cannot open a: No such file or directory");
        CHECK_INT(error_set(&second, EIO, "b"), -1);
        CHECK_INT(error_move(&first, &second), -1);
        CHECK_INT(first.code, ENOENT);
        CHECK(!error_is_set(&second));
        CHECK_INT(error_wrap(&first, "step %d", 2), -1);
        CHECK_STR(first.message, "step 2: cannot open a: No such file or directory");
}

static void test_environment(void)
{
        CLEANUP_STRV struct strv v = STRV_INIT;

        strv_env_set(&v, "A", "1");
        strv_env_set(&v, "AB", "2");
        strv_env_set(&v, "A", "3");
        CHECK_INT(v.count, 2);
        CHECK_STR(v.items[0], "A=3");
        CHECK_STR(strv_env_find(&v, "AB"), "2");
        CHECK_STR(strv_env_find(&v, "B"), NULL);
        CHECK(strv_array(&v)[2] == NULL);
}

static void test_sha256(void)
{
        struct sha256_digest d, parsed;
        char hex[SHA256_HEX_SIZE + 1];

        /* FIPS 180-2, appendix B.1 */
        sha256_of("abc", 3, &d);
        sha256_to_hex(&d, hex);
        CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(sha256_from_hex(hex, &parsed) && sha256_equal(&d, &parsed));
        hex[0] = 'B';
        CHECK(!sha256_from_hex(hex, &parsed));
        CHECK(!sha256_from_hex("ba78", &parsed));
}

static void test_fields_have_one_reading(void)
{
        struct sha256_digest ab, a_b;
        struct sha256 h;

        sha256_init(&h);
        sha256_field_string(&h, "ab");
        sha256_field_string(&h, "");
        sha256_final(&h, &ab);
        sha256_init(&h);
        sha256_field_string(&h, "a");
        sha256_field_string(&h, "b");
        sha256_final(&h, &a_b);
        CHECK(!sha256_equal(&ab, &a_b));
}

static void test_buffer(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *text = NULL;

        CHECK_STR(buffer_text(&b), "");
        for (int i = 0; i < 1000; i++)
                buffer_printf(&b, "%d", i % 10);
        CHECK_INT(b.size, 1000);
        text = buffer_steal(&b);
        CHECK_INT(strlen(text), 1000);
        CHECK_INT(b.size, 0);
}

static void test_clean_path(void)
{
        static const struct {
                const char *path, *expected;
        } cases[] = {
                { "", "" },       { "/", "" },          { ".", "" },           { "..", "" },     { "/a/./b//c/", "a/b/c" },
                { "a/../b", "b" }, { "a/x/../../c", "c" }, { "../../a", "a" }, { "a..", "a.." }, { "./...", "..." },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *clean = path_clean(cases[i].path);

                CHECK_STR(clean, cases[i].expected);
        }
}

static void test_siphash(void)
{
        const struct siphash_key zero = { { 0, 0 } }, other = { { 1, 0 } };

        /* every part of the input counts */
        CHECK(siphash_of(&zero, 0, "abcdefghi", 9) != siphash_of(&other, 0, "abcdefghi", 9));
        CHECK(siphash_of(&zero, 0, "abcdefghi", 9) != siphash_of(&zero, 1, "abcdefghi", 9));
        CHECK(siphash_of(&zero, 0, "abcdefghi", 9) != siphash_of(&zero, 0, "abcdefghj", 9));
        CHECK(siphash_of(&zero, 0, "a", 1) != siphash_of(&zero, 0, "a\0", 2));
        CHECK(siphash_of(&zero, 0, "abc", 3) == siphash_of(&zero, 0, "abcd", 3));
}

int main(void)
{
        CHECK_RUN(test_error_keeps_the_first);
        CHECK_RUN(test_environment);
        CHECK_RUN(test_sha256);
        CHECK_RUN(test_fields_have_one_reading);
        CHECK_RUN(test_buffer);
        CHECK_RUN(test_clean_path);
        CHECK_RUN(test_siphash);
        return CHECK_END();
}
