/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out: pinned bytes, and documents that two readers could understand differently. */
#include <errno.h>

#include "common/memory.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "tests/unit/check.h"

static int parse(const char *text, struct oci_json **ret, struct error *err)
{
        return oci_json_parse("test.json", text, strlen(text), ret, err);
}

static void test_round_trip(void)
{
        static const struct {
                const char *text, *back;
        } table[] = {
                {"null", "null"},
                {" true ", "true"},
                {"-0", "-0"},
                {"1E400", "1E400"},
                {"123456789012345678901234567890", "123456789012345678901234567890"},
                {"1.50e-3", "1.50e-3"},
                {"\"\"", "\"\""},
                {"[]", "[]"},
                {"{}", "{}"},
                {"[ 1 , [ ] , {\"b\":null,\"a\":[false]} ]", "[1,[],{\"b\":null,\"a\":[false]}]"},
                {"\"\\u0041\\/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\"", "\"A/\\b\\f\\n\\r\\t\\\"\\\\\\u001f\""},
                {"\"<a href='x'>&\"", "\"\\u003ca href='x'\\u003e\\u0026\""},
                {"\"\\u2028\\u2029\\u2027\"", "\"\\u2028\\u2029\xe2\x80\xa7\""},
                {"\"gr\xc3\xbcn \\ud83d\\ude00\x7f\"", "\"gr\xc3\xbcn \xf0\x9f\x98\x80\x7f\""},
                {"\"\\\\ud800\"", "\"\\\\ud800\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_JSON struct oci_json *v = NULL;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

                CHECK_OK(parse(table[i].text, &v, &err));
                if (v == NULL)
                        continue;
                oci_json_format(v, &b);
                CHECK_STR(buffer_text(&b), table[i].back);
        }
}

static void test_refuse(void)
{
        static const struct {
                const char *text, *message;
                int code;
        } table[] = {
                {"", "is empty", EINVAL},
                {"  ", "is empty", EINVAL},
                {"{", "not valid JSON", EINVAL},
                {"{}x", "not valid JSON", EINVAL},
                {"{} {}", "not valid JSON", EINVAL},
                {"[1,]", "not valid JSON", EINVAL},
                {"{\"a\":1,}", "not valid JSON", EINVAL},
                {"{a:1}", "not valid JSON", EINVAL},
                {"'a'", "not valid JSON", EINVAL},
                {"01", "not valid JSON", EINVAL},
                {"+1", "not valid JSON", EINVAL},
                {"NaN", "not valid JSON", EINVAL},
                {"// c\n1", "not valid JSON", EINVAL},
                {"/* c */ 1", "not valid JSON", EINVAL},
                {"\xef\xbb\xbf{}", "not valid JSON", EINVAL},
                {"\"a\nb\"", "not valid JSON", EINVAL},
                {"{\"a\":1,\"b\":2,\"a\":3}", "has the key \"a\" twice", EINVAL},
                {"{\"a\":1,\"\\u0061\":3}", "has the key \"a\" twice", EINVAL},
                {"[{\"x\":{\"a\\n\":1,\"a\\n\":3}}]", "the key \"a\\x0a\" twice", EINVAL},
                {"\"a\\u0000b\"", "NUL", EINVAL},
                {"{\"a\\u0000b\":1}", "NUL", EINVAL},
                {"\"\xff\"", "UTF-8", EINVAL},
                {"\"\xc0\x80\"", "UTF-8", EINVAL},
                {"\"\xed\xa0\x80\"", "UTF-8", EINVAL},
                {"\"\xf4\x90\x80\x80\"", "UTF-8", EINVAL},
                {"\"\xe2\x82\"", "UTF-8", EINVAL},
                {"\"\\ud800\"", "surrogate", EINVAL},
                {"\"\\udc00\"", "surrogate", EINVAL},
                {"\"\\ud800\\u0041\"", "surrogate", EINVAL},
                {"\"\\ud800\\ud800\"", "surrogate", EINVAL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_JSON struct oci_json *v = NULL;

                CHECK_INT(parse(table[i].text, &v, &err), -1);
                CHECK_INT(err.code, table[i].code);
                CHECK_HAS(err.message, table[i].message);
                CHECK_HAS(err.message, "test.json");
        }
}

static void repeat(struct buffer *b, const char *s, size_t n)
{
        while (n-- > 0)
                buffer_append_string(b, s);
}

/* GUARD.6: documents too large, too deep, of too many values. */
static void test_limits(void)
{
        static const struct {
                const char *head;
                size_t count;
                const char *tail;
                int code;
        } table[] = {
                {"[", 1000000, "", E2BIG},
                {"{\"a\":", 100000, "", E2BIG},
                {"[", OCI_LIMIT_JSON_DEPTH + 1, "]", E2BIG},
                {"[", OCI_LIMIT_JSON_DEPTH, "]", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_JSON struct oci_json *v = NULL;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

                repeat(&b, table[i].head, table[i].count);
                repeat(&b, table[i].tail, table[i].count);
                CHECK_INT(oci_json_parse("t", b.data, b.size, &v, &err), table[i].code ? -1 : 0);
                CHECK_INT(err.code, table[i].code);
        }
        for (size_t values = OCI_LIMIT_JSON_VALUES - 1; values <= OCI_LIMIT_JSON_VALUES; values++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_JSON struct oci_json *v = NULL;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

                buffer_append_string(&b, "[0");
                repeat(&b, ",0", values - 1);
                buffer_append_string(&b, "]");
                CHECK_INT(oci_json_parse("t", b.data, b.size, &v, &err), values < OCI_LIMIT_JSON_VALUES ? 0 : -1);
        }
        {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_JSON struct oci_json *v = NULL;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

                repeat(&b, " ", OCI_LIMIT_JSON_SIZE);
                buffer_append_string(&b, "1");
                CHECK_INT(oci_json_parse("t", b.data, b.size, &v, &err), -1);
                CHECK_HAS(err.message, "larger than the limit");
        }
}

/* 100,000 members: the search for duplicates must not be quadratic (the test would take minutes) */
static void test_many_keys(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

        buffer_append_char(&b, '{');
        for (int i = 0; i < 100000; i++)
                buffer_printf(&b, "%s\"k%d\":%d", i ? "," : "", i, i);
        buffer_append_char(&b, '}');
        CHECK_OK(oci_json_parse("t", b.data, b.size, &v, &err));
        if (v != NULL)
                CHECK_STR(oci_json_number(oci_json_find(v, "k99999")), "99999");
}

static void test_access(void)
{
        static const struct {
                const char *number;
                bool good;
                long long value;
        } integers[] = {
                {"0", true, 0},
                {"-1", true, -1},
                {"9223372036854775807", true, INT64_MAX},
                {"-9223372036854775808", true, INT64_MIN},
                {"9223372036854775808", false, 0},
                {"1.0", false, 0},
                {"1e3", false, 0},
                {"1e400", false, 0},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_JSON struct oci_json *v = NULL;
        CLEANUP_FREE char *s = NULL;
        const struct oci_json *member = NULL;
        bool truth = true;
        int64_t n = 7;

        CHECK_OK(parse("{\"s\":\"x\",\"n\":null,\"o\":{\"k\":1},\"a\":[1,2],\"f\":false}", &v, &err));
        CHECK_OK(oci_json_get_string("t", v, "n", &s, &err));
        CHECK_STR(s, NULL);
        CHECK_OK(oci_json_get_string("t", v, "s", &s, &err));
        CHECK_STR(s, "x");
        CHECK_OK(oci_json_get_int("t", v, "absent", &n, &err));
        CHECK_INT(n, 7);
        CHECK_OK(oci_json_get_bool("t", v, "f", &truth, &err));
        CHECK(!truth);
        CHECK_OK(oci_json_get_array("t", v, "a", &member, &err));
        CHECK_INT(oci_json_count(member), 2);
        CHECK_OK(oci_json_get_object("t", v, "o", &member, &err));
        CHECK_STR(oci_json_key(member, 0), "k");
        CHECK_OK(oci_json_get_object("t", v, "absent", &member, &err));
        CHECK(member == NULL);
        CHECK(oci_json_find(v, "S") == NULL);
        CHECK_INT(oci_json_get_int("t", v, "s", &n, &err), -1);
        CHECK_STR(err.message, "t: \"s\" is a string, not a number");
        error_clear(&err);
        CHECK_INT(oci_json_get_object("t", v, "a", &member, &err), -1);
        CHECK_STR(err.message, "t: \"a\" is an array, not an object");
        error_clear(&err);
        for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
                CLEANUP_FREE char *text = memory_printf("{\"i\":%s}", integers[i].number);
                CLEANUP_JSON struct oci_json *o = NULL;

                n = 0;
                CHECK_OK(parse(text, &o, &err));
                CHECK_INT(oci_json_get_int("t", o, "i", &n, &err), integers[i].good ? 0 : -1);
                CHECK_INT(n, integers[i].value);
                error_clear(&err);
        }
}

static void test_writer(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&b);

        oci_json_begin_object(&w, NULL);
        oci_json_add_string(&w, "a\"", "\xff\xc3(\xe2\x82");
        oci_json_add_string_if(&w, "b", "");
        oci_json_add_string_if(&w, "c", NULL);
        oci_json_begin_array(&w, "d");
        oci_json_add_int(&w, NULL, INT64_MIN);
        oci_json_begin_object(&w, NULL);
        oci_json_end_object(&w);
        oci_json_add_null(&w, NULL);
        oci_json_end_array(&w);
        oci_json_add_bool(&w, "e", true);
        oci_json_add_raw(&w, "f", "[1]");
        oci_json_end_object(&w);
        CHECK_STR(buffer_text(&b), "{\"a\\\"\":\"\\ufffd\\ufffd(\\ufffd\\ufffd\",\"d\":[-9223372036854775808,{},null],"
                                   "\"e\":true,\"f\":[1]}");
}

int main(void)
{
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_refuse);
        CHECK_RUN(test_limits);
        CHECK_RUN(test_many_keys);
        CHECK_RUN(test_access);
        CHECK_RUN(test_writer);
        return CHECK_END();
}
