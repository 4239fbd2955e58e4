/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication without a network: challenges as servers write them, scopes, realms, answers of token servers. */
#include "oci/auth.h"

#include <errno.h>

#include "common/memory.h"
#include "oci/limits.h"
#include "oci/registry_client.h"
#include "tests/unit/check.h"

/* One value of WWW-Authenticate, and all challenges in it: scheme(realm|service|scope|error), "-" for what is not
 * there. */
static const struct {
        const char *value, *expected;
} challenges[] = {
        {"Basic realm=\"x\"", "basic(x|-|-|-)"},
        {"basic realm=x", "basic(x|-|-|-)"},
        {"BASIC", "basic(-|-|-|-)"},
        {"Bearer "
         "realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"",
         "bearer(https://auth.docker.io/token|registry.docker.io|repository:a/b:pull,push|-)"},
        {"Bearer realm=\"r\" , service = s ,, scope=\"c\",error=\"insufficient_scope\"",
         "bearer(r|s|c|insufficient_scope)"},
        {"  ,, Bearer\trealm=r", "bearer(r|-|-|-)"},
        {"Bearer realm=\"r\", Basic realm=\"b\"", "bearer(r|-|-|-) basic(b|-|-|-)"},
        {"Basic realm=\"b\",Bearer realm=\"r\",service=\"s\"", "basic(b|-|-|-) bearer(r|s|-|-)"},
        {"Negotiate, Basic realm=\"b\"", "other(-|-|-|-) basic(b|-|-|-)"},
        {"Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gJDAi==, Basic realm=\"b\"", "other(-|-|-|-) basic(b|-|-|-)"},
        {"Digest realm=\"d\", qop=\"auth,auth-int\", nonce=\"x\", Bearer realm=r", "other(d|-|-|-) bearer(r|-|-|-)"},
        {"Bearer realm=\"a \\\"quoted\\\" \\\\ one\"", "bearer(a \"quoted\" \\ one|-|-|-)"},
        {"Bearer realm=\"with, comma and = in it\",scope=\"x y\"", "bearer(with, comma and = in it|-|x y|-)"},
        {"Bearer REALM=\"r\",Service=\"s\"", "bearer(r|s|-|-)"},
        {"Bearer realm=\"first\",realm=\"second\"", "bearer(first|-|-|-)"},
        {"Bearer realm=\"\"", "bearer(|-|-|-)"},
        {"Bearer realm=", "bearer(-|-|-|-)"},
        {"Bearer realm=\"not closed", "bearer(-|-|-|-)"},
        {"Bearer realm=\"ends in a backslash\\", "bearer(-|-|-|-)"},
        {"Bearer realm=\"line\nbreak\"", "bearer(-|-|-|-)"},
        {"Bearer realm=\"r\" garbage=", "bearer(r|-|-|-)"},
        {"=", ""},
        {"", ""},
        {"\"", ""},
        {",,,", ""},
        {"Bearer=realm", ""},
};

static void describe(const struct auth_challenges *c, struct buffer *ret)
{
        static const char *const names[] = {"other", "basic", "bearer"};

        for (size_t i = 0; i < c->count; i++) {
                const struct auth_challenge *one = &c->items[i];

                buffer_printf(ret, "%s%s(%s|%s|%s|%s)", i > 0 ? " " : "", names[one->scheme],
                              one->realm ? one->realm : "-", one->service ? one->service : "-",
                              one->scope ? one->scope : "-", one->error ? one->error : "-");
        }
}

static void test_challenges(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(challenges); i++) {
                CLEANUP_CHALLENGES struct auth_challenges parsed = AUTH_CHALLENGES_INIT;
                CLEANUP_STRV struct strv values = STRV_INIT;
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                strv_add(&values, challenges[i].value);
                auth_challenges_parse(&values, &parsed);
                describe(&parsed, &text);
                CHECK_STR(buffer_text(&text), challenges[i].expected);
        }
}

static void test_challenges_of_several_headers(void)
{
        CLEANUP_CHALLENGES struct auth_challenges parsed = AUTH_CHALLENGES_INIT;
        CLEANUP_STRV struct strv values = STRV_INIT;

        strv_add(&values, "Basic realm=\"b\"");
        strv_add(&values, "Bearer service=\"without a realm\"");
        auth_challenges_parse(&values, &parsed);
        CHECK_INT(auth_challenges_choose(&parsed)->scheme, AUTH_BASIC);
        strv_clear(&values);
        strv_add(&values, "Bearer realm=\"r\"");
        auth_challenges_parse(&values, &parsed);
        CHECK_STR(auth_challenges_choose(&parsed)->realm, "r");
        strv_clear(&values);
        for (int i = 0; i < 100; i++)
                strv_add(&values, "A,B,C,D");
        auth_challenges_parse(&values, &parsed);
        CHECK_INT(parsed.count, OCI_LIMIT_CHALLENGES);
}

static void test_nothing_to_choose(void)
{
        CLEANUP_CHALLENGES struct auth_challenges parsed = AUTH_CHALLENGES_INIT;
        CLEANUP_STRV struct strv values = STRV_INIT;

        CHECK(!auth_challenges_choose(&parsed));
        strv_add(&values, "Negotiate, NTLM");
        auth_challenges_parse(&values, &parsed);
        CHECK(!auth_challenges_choose(&parsed));
}

static void test_scopes(void)
{
        static const struct {
                const char *have, *want;
                bool covers;
        } rows[] = {
                {"repository:a/b:pull", "repository:a/b:pull", true},
                {"repository:a/b:pull,push", "repository:a/b:pull", true},
                {"repository:a/b:pull,push", "repository:a/b:push,pull", true},
                {"repository:a/b:pull", "repository:a/b:pull,push", false},
                {"repository:a/b:pull", "repository:a/bc:pull", false},
                {"repository:a/bc:pull", "repository:a/b:pull", false},
                {"repository:a/b:pullpush", "repository:a/b:pull", false},
                {"repository:a/b:pull", "repository:a/b:pullpush", false},
                {"repository:host:5000/a:pull", "repository:host:5000/a:pull", true},
                {"registry:catalog:*", "registry:catalog:*", true},
                {"registry:catalog:*", "repository:a:pull", false},
                {"x", "x", true},
                {"x", "y", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_STRV struct strv have = STRV_INIT;

                strv_add(&have, "repository:z:pull");
                strv_add(&have, rows[i].have);
                if (auth_scopes_cover(&have, rows[i].want) != rows[i].covers)
                        check_report_(__FILE__, __LINE__, rows[i].want);
        }
}

/* E5: where a credential may be sent. */
static void test_realms(void)
{
        static const struct {
                const char *origin, *realm, *error; /* NULL: allowed */
        } rows[] = {
                {"https://registry-1.docker.io", "https://auth.docker.io/token", NULL},
                {"https://r.example", "https://r.example:8443/t?x=y", NULL},
                {"https://r.example", "https://10.0.0.1/token", NULL},
                {"http://localhost:5000", "http://localhost:5001/token", NULL},
                {"http://localhost:5000", "http://127.0.0.1:5001/token", NULL},
                {"http://localhost:5000", "https://auth.example/token", NULL},
                {"http://localhost:5000", "http://auth.example/token", "not https"},
                {"http://r.example", "http://auth.example/token", "not https"},
                {"http://r.example", "http://127.0.0.1/token", "this machine"},
                {"https://r.example", "http://r.example/token", "not https"},
                {"https://localhost:5000", "http://localhost:5000/token", "not https"},
                {"https://r.example", "https://127.0.0.1/token", "this machine"},
                {"https://r.example", "https://localhost/token", "this machine"},
                {"https://r.example", "https://x.localhost/token", "this machine"},
                {"https://r.example", "https://[::1]/token", "this machine"},
                {"https://r.example", "https://[::ffff:127.0.0.1]/token", "this machine"},
                {"https://r.example", "https://169.254.169.254/token", "this machine"},
                {"https://r.example", "https://0x7f.1/token", "this machine"},
                {"https://r.example", "https://user@auth.example/token", "user in its URL"},
                {"https://r.example", "https://user:password@auth.example/token", "user in its URL"},
                {"https://r.example", "https://auth.example@127.0.0.1/", "user in its URL"},
                {"https://r.example", "file:///etc/passwd", "none"},
                {"https://r.example", "gopher://auth.example/", "not https"},
                {"https://r.example", "/token", "none"},
                {"https://r.example", "", "none"},
                {"https://r.example", "https://", "none"},
                {"https://r.example", "https://a b/", "none"},
                {"https://r.example", "https://auth.example\\@evil/", "none"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_URL struct oci_url origin = OCI_URL_INIT;
                CLEANUP_URL struct oci_url realm = OCI_URL_INIT;

                CHECK_OK(oci_url_parse(rows[i].origin, &origin, &err));
                if (!rows[i].error)
                        CHECK_OK(auth_realm_check(&origin, false, rows[i].realm, &realm, &err));
                else if (auth_realm_check(&origin, false, rows[i].realm, &realm, &err) == 0)
                        check_report_(__FILE__, __LINE__, rows[i].realm);
                else
                        CHECK_HAS(err.message, rows[i].error);
        }
}

static void test_tokens(void)
{
        static const struct {
                const char *text, *token; /* NULL: refused */
                unsigned seconds;
        } rows[] = {
                {"{\"token\":\"abc\"}", "abc", 60},
                {"{\"token\":\"abc\",\"expires_in\":300}", "abc", 300},
                {"{\"access_token\":\"abc\",\"expires_in\":\"300\"}", "abc", 300},
                {"{\"token\":\"a\",\"access_token\":\"b\"}", "a", 60},
                {"{\"token\":null,\"access_token\":\"b\"}", "b", 60},
                {"{\"token\":\"abc\",\"expires_in\":null}", "abc", 60},
                {"{\"token\":\"abc\",\"expires_in\":-5}", "abc", 60},
                {"{\"token\":\"abc\",\"expires_in\":0}", "abc", 60},
                {"{\"token\":\"abc\",\"expires_in\":[]}", "abc", 60},
                {"{\"token\":\"abc\",\"expires_in\":1e400}", "abc", 1},
                {"{\"token\":\"abc\",\"expires_in\":99999999999999999999}", "abc", OCI_LIMIT_TOKEN_LIFE_MAX},
                {"{}", NULL, 0},
                {"{\"token\":\"\"}", NULL, 0},
                {"{\"token\":1}", NULL, 0},
                {"{\"token\":\"a b\"}", NULL, 0},
                {"{\"token\":\"a\\r\\nHost: x\"}", NULL, 0},
                {"{\"token\":\"a\\u0000b\"}", NULL, 0},
                {"{\"token\":\"\\u00e9\"}", NULL, 0},
                {"{\"token\":\"a\",\"token\":\"b\"}", NULL, 0},
                {"[]", NULL, 0},
                {"\"abc\"", NULL, 0},
                {"", NULL, 0},
                {"<html>", NULL, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *token = NULL;
                unsigned seconds = 0;

                if (auth_token_parse("the answer", rows[i].text, strlen(rows[i].text), &token, &seconds, &err) == 0) {
                        CHECK_STR(token, rows[i].token);
                        CHECK_INT(seconds, rows[i].seconds);
                } else if (rows[i].token) {
                        check_report_(__FILE__, __LINE__, rows[i].text);
                }
        }
}

static void test_long_tokens(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *long_one = memory_zalloc(OCI_LIMIT_TOKEN + 2, 1);
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *token = NULL;
        unsigned seconds;

        memset(long_one, 'x', OCI_LIMIT_TOKEN + 1);
        text = memory_printf("{\"token\":\"%s\"}", long_one);
        CHECK(auth_token_parse("the answer", text, strlen(text), &token, &seconds, &err) < 0);
        error_clear(&err);
        free(text);
        text = memory_printf("{\"token\":\"%s\"}", long_one + 1);
        CHECK_OK(auth_token_parse("the answer", text, strlen(text), &token, &seconds, &err));
}

static void test_retry_after(void)
{
        const time_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

        CHECK_INT(registry_retry_after(NULL, now), -1);
        CHECK_INT(registry_retry_after("", now), -1);
        CHECK_INT(registry_retry_after("soon", now), -1);
        CHECK_INT(registry_retry_after("0", now), 0);
        CHECK_INT(registry_retry_after("17", now), 17);
        CHECK_INT(registry_retry_after("99999999999999999999999", now), OCI_LIMIT_RETRY_AFTER);
        CHECK_INT(registry_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 0);
        CHECK_INT(registry_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10);
        CHECK_INT(registry_retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now), 0);
        CHECK_INT(registry_retry_after("Mon, 06 Nov 2034 08:40:00 GMT", now), OCI_LIMIT_RETRY_AFTER);
        CHECK_INT(registry_retry_after("Sun, 06 Nov 1994 08:49:47", now), -1);
}

int main(void)
{
        CHECK_RUN(test_challenges);
        CHECK_RUN(test_challenges_of_several_headers);
        CHECK_RUN(test_nothing_to_choose);
        CHECK_RUN(test_scopes);
        CHECK_RUN(test_realms);
        CHECK_RUN(test_tokens);
        CHECK_RUN(test_long_tokens);
        CHECK_RUN(test_retry_after);
        return CHECK_END();
}
