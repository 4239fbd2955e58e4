/* SPDX-License-Identifier: Apache-2.0 */
/* Changing one member of somebody's JSON: what changed, and that nothing else did. */
#include "oci/json_text.h"

#include "common/memory.h"
#include "tests/unit/check.h"

static const char *const login[] = {"auths", "r", NULL};

static const char *change(bool set, const char *text, const char *const *path, const char *value)
{
        static struct buffer shown;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        buffer_clear(&shown);
        if ((set ? oci_json_text_set("f", text, path, value, &shown, &err)
                 : oci_json_text_remove("f", text, path, &shown, &err)) < 0) {
                buffer_clear(&shown);
                buffer_printf(&shown, "!%s", err.message);
        }
        return buffer_text(&shown);
}

static void test_set(void)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                {"", "{\n\t\"auths\": {\n\t\t\"r\": {\n\t\t\t\"auth\": \"x\"\n\t\t}\n\t}\n}\n"},
                {" \n", "{\n\t\"auths\": {\n\t\t\"r\": {\n\t\t\t\"auth\": \"x\"\n\t\t}\n\t}\n}\n"},
                {"{}", "{\"auths\":{\"r\":{\"auth\": \"x\"}}}"},
                {"{\"a\":1}", "{\"a\":1,\"auths\":{\"r\":{\"auth\": \"x\"}}}"},
                {"{\"auths\": {}, \"b\" : [1,  2]}\n", "{\"auths\": {\"r\":{\"auth\": \"x\"}}, \"b\" : [1,  2]}\n"},
                {"{\"auths\": {\"q\": {\"auth\": \"}]\\\"{\"}}}",
                 "{\"auths\": {\"q\": {\"auth\": \"}]\\\"{\"},\"r\":{\"auth\": \"x\"}}}"},
                {"{\"auths\": {\"\\u0072\": 1e3 , \"s\": -0}}",
                 "{\"auths\": {\"\\u0072\": {\"auth\": \"x\"} , \"s\": -0}}"},
                {"{\"auths\": {\"r\": null}}", "{\"auths\": {\"r\": {\"auth\": \"x\"}}}"},
                {"{\n  \"x\": [ {\"r\": 1} ],\n  \"auths\": {\n    \"q\": {}\n  }\n}\n",
                 "{\n  \"x\": [ {\"r\": 1} ],\n  \"auths\": {\n    \"q\": {},\n    \"r\": {\n      \"auth\": \"x\"\n   "
                 " }\n  }\n}\n"},
                {"{\n  \"auths\": {\n  },\n  \"z\": true\n}",
                 "{\n  \"auths\": {\n    \"r\": {\n      \"auth\": \"x\"\n    }\n  },\n  \"z\": true\n}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                CHECK_STR(change(true, rows[i].before, login, "{\n\t\"auth\": \"x\"\n}"), rows[i].after);
        CHECK_STR(change(true, "[]", login, "1"), "!f is no JSON object");
        CHECK_STR(change(true, "{\"auths\": []}", login, "1"), "!f: \"auths\" is no JSON object");
        CHECK_HAS(change(true, "{\"auths\": {}", login, "1"), "!");
}

static void test_remove(void)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                {"", ""},
                {"{ }", "{ }"},
                {"{\"auths\":[]}", "{\"auths\":[]}"},
                {"{\"auths\": {\"s\": 1}}", "{\"auths\": {\"s\": 1}}"},
                {"{\"auths\": {\"r\": 1}, \"x\":\t2}", "{\"auths\": {}, \"x\":\t2}"},
                {"{\"auths\": {\n  \"r\": 1\n}}", "{\"auths\": {}}"},
                {"{\"auths\": {\"r\": 1, \"s\": 2}}", "{\"auths\": {\"s\": 2}}"},
                {"{\"auths\": {\"q\": 0, \"r\": {\"a\": [1, 2]}}}", "{\"auths\": {\"q\": 0}}"},
                {"{\"auths\": {\n  \"q\": 0,\n  \"r\": 1,\n  \"s\": 2\n}}",
                 "{\"auths\": {\n  \"q\": 0,\n  \"s\": 2\n}}"},
                {"{\"auths\": {\n  \"q\": 0,\n  \"r\": 1\n}}", "{\"auths\": {\n  \"q\": 0\n}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                CHECK_STR(change(false, rows[i].before, login, NULL), rows[i].after);
        CHECK_HAS(change(false, "{", login, NULL), "!");
}

int main(void)
{
        CHECK_RUN(test_set);
        CHECK_RUN(test_remove);
        return CHECK_END();
}
