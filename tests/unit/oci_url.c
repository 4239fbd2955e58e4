/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: what is taken apart, what is refused, and what is never shown. */
#include "oci/url.h"

#include "common/memory.h"
#include "common/redact.h"
#include "tests/unit/check.h"

static void test_parts(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_URL struct oci_url u = OCI_URL_INIT;
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *basic = NULL;

        CHECK_OK(oci_url_parse("HTTPS://me:p%40ss@Example.ORG:8443/a/b?c=d#main:sub", &u, &err));
        CHECK_STR(u.scheme, "https");
        CHECK_STR(u.user, "me:p%40ss");
        CHECK_STR(u.host, "example.org");
        CHECK_INT(u.port, 8443);
        CHECK_STR(u.path, "/a/b");
        CHECK_STR(u.query, "c=d");
        CHECK_STR(u.fragment, "main:sub");
        text = oci_url_format(&u);
        CHECK_STR(text, "https://example.org:8443/a/b?c=d");
        basic = oci_url_basic(&u);
        CHECK_STR(basic, "Basic bWU6cEBzcw==");
}

static void test_small(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_URL struct oci_url u = OCI_URL_INIT;
        CLEANUP_URL struct oci_url v = OCI_URL_INIT;

        CHECK_OK(oci_url_parse("http://[::1]:80", &u, &err));
        CHECK_STR(u.host, "[::1]");
        CHECK_STR(u.path, "");
        CHECK(!u.query && !u.fragment && !u.user && !oci_url_basic(&u));
        CHECK_OK(oci_url_parse("http://[::1]/x", &v, &err));
        CHECK(oci_url_is_same_origin(&u, &v));
        oci_url_free(&v);
        CHECK_OK(oci_url_parse("https://[::1]:80/x", &v, &err));
        CHECK(!oci_url_is_same_origin(&u, &v));
}

static void test_refused(void)
{
        static const char *const bad[] = {
                "",
                "x",
                "http:/x",
                "http:///x",
                "://x",
                "http://-oProxy/x",
                "http://a b",
                "http://a/\n",
                "http://a\\@b/",
                "http://a:99999/",
                "http://a:0/",
                "http://a:8x/",
                "http://[::1",
                "http://[x]/",
                "http://a/\x7f",
                "1http://a",
                "http://a%00b/x",
                "http://a\tb/",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_URL struct oci_url u = OCI_URL_INIT;

                if (oci_url_parse(bad[i], &u, &err) == 0)
                        printf("# taken: %s\n", bad[i]);
                CHECK(error_is_set(&err));
        }
}

static void test_bad_url_is_shown_without_user(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_url u;

        CHECK(oci_url_parse("https://u:secret@h:99999/x", &u, &err) < 0);
        CHECK_HAS(err.message, "https://xxxxx@h:99999/x");
        CHECK(strstr(err.message, "secret") == NULL);
}

static void test_decode(void)
{
        static const struct {
                const char *from, *to;
        } table[] = {{"a%2fb", "a/b"}, {"%", "%"}, {"%2", "%2"}, {"%zz", "%zz"}, {"a%00b", "a"}, {"%2e%2E", ".."}};

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *got = oci_url_decode(table[i].from);

                CHECK_STR(got, table[i].to);
        }
}

static void test_redact(void)
{
        static const struct {
                const char *from, *to;
        } table[] = {
                {"ADD https://u:p@h/x /d", "ADD https://xxxxx@h/x /d"},
                {"a https://tok@h b ssh://git@h/y", "a https://xxxxx@h b ssh://xxxxx@h/y"},
                {"https://u:p@q@h/x", "https://xxxxx@h/x"},
                {"https://h/x@y", "https://h/x@y"},
                {"\"https://h\" a@b", "\"https://h\" a@b"},
                {"no url", "no url"},
        };
        char line[] = "ADD https://u:p@h/x /d";

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *got = redact_urls(table[i].from);

                CHECK_STR(got, table[i].to);
        }
        redact_urls_in_place(line);
        CHECK_STR(line, "ADD https://xxx@h/x /d");
}

/* RFC 3986, section 5.4, as far as a Location or Link goes; and what is no URL after it was put together. */
static void test_references(void)
{
        static const struct {
                const char *text, *expected; /* NULL: refused */
        } rows[] = {
                {"http://other/x", "http://other/x"},
                {"HTTPS://Other:8443/x?y", "https://other:8443/x?y"},
                {"//other/x", "https://other/x"},
                {"/x", "https://a:5000/x"},
                {"/x?y=z#f", "https://a:5000/x?y=z"},
                {"g", "https://a:5000/b/c/g"},
                {"./g", "https://a:5000/b/c/g"},
                {"g/", "https://a:5000/b/c/g/"},
                {"../g", "https://a:5000/b/g"},
                {"../../../g", "https://a:5000/g"},
                {"/../../g", "https://a:5000/g"},
                {"g/..", "https://a:5000/b/c/"},
                {"g/.", "https://a:5000/b/c/g/"},
                {"..g", "https://a:5000/b/c/..g"},
                {"?y", "https://a:5000/b/c/d?y"},
                {"#f", "https://a:5000/b/c/d"},
                {"", "https://a:5000/b/c/d"},
                {"g?x=../y", "https://a:5000/b/c/g?x=../y"},
                {"http://", NULL},
                {"//", NULL},
                {"/a b", NULL},
                {"/a\nb", NULL},
                {"mailto:x", NULL},
                {"file:///etc/passwd", NULL},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_URL struct oci_url base = OCI_URL_INIT;

        CHECK_OK(oci_url_parse("https://a:5000/b/c/d?e=f", &base, &err));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_ERROR struct error resolve_err = ERROR_INIT;
                CLEANUP_URL struct oci_url u = OCI_URL_INIT;
                CLEANUP_FREE char *text = NULL;

                if (oci_url_resolve(&base, rows[i].text, &u, &resolve_err) == 0)
                        text = oci_url_format(&u);
                CHECK_STR(text, rows[i].expected);
        }
}

static void test_base_without_a_path(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_URL struct oci_url base = OCI_URL_INIT;
        CLEANUP_URL struct oci_url u = OCI_URL_INIT;
        CLEANUP_FREE char *text = NULL;

        CHECK_OK(oci_url_parse("http://a", &base, &err));
        CHECK_OK(oci_url_resolve(&base, "g", &u, &err));
        text = oci_url_format(&u);
        CHECK_STR(text, "http://a/g");
}

static void test_encode(void)
{
        CLEANUP_FREE char *text = oci_url_encode("a-Z0_.~ /:?&=%\xc3\xa9");

        CHECK_STR(text, "a-Z0_.~%20%2F%3A%3F%26%3D%25%C3%A9");
}

int main(void)
{
        CHECK_RUN(test_parts);
        CHECK_RUN(test_small);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_bad_url_is_shown_without_user);
        CHECK_RUN(test_decode);
        CHECK_RUN(test_redact);
        CHECK_RUN(test_references);
        CHECK_RUN(test_base_without_a_path);
        CHECK_RUN(test_encode);
        return CHECK_END();
}
