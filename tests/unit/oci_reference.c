/* SPDX-License-Identifier: Apache-2.0 */
/* References, digests and times: the small grammars. */
#include <errno.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/labels.h"
#include "oci/quote.h"
#include "oci/reference.h"
#include "oci/time.h"
#include "tests/unit/check.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define D   "sha256:" HEX
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_reference_normalise(void)
{
        static const struct {
                const char *text, *full, *familiar, *repository;
        } table[] = {
                {"busybox", "docker.io/library/busybox:latest", "busybox:latest", "busybox"},
                {"busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36", "busybox"},
                {"library/busybox", "docker.io/library/busybox:latest", "busybox:latest", "busybox"},
                {"docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest", "busybox"},
                {"index.docker.io/a/b:c", "docker.io/a/b:c", "a/b:c", "a/b"},
                {"diamol/base", "docker.io/diamol/base:latest", "diamol/base:latest", "diamol/base"},
                {"localhost/x", "localhost/x:latest", "localhost/x:latest", "localhost/x"},
                {"localhost", "docker.io/library/localhost:latest", "localhost:latest", "localhost"},
                {"localhost:5000", "docker.io/library/localhost:5000", "localhost:5000", "localhost"},
                {"localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest", "localhost:5000/x"},
                {"localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x"},
                {"ghcr.io/a/b/c/d@" D, "ghcr.io/a/b/c/d@" D, "ghcr.io/a/b/c/d@" D, "ghcr.io/a/b/c/d"},
                {"x:t@" D, "docker.io/library/x:t@" D, "x:t@" D, "x"},
                {"[2001:db8::1]:5000/x", "[2001:db8::1]:5000/x:latest", "[2001:db8::1]:5000/x:latest",
                 "[2001:db8::1]:5000/x"},
                {"[::1]/x:1", "[::1]/x:1", "[::1]/x:1", "[::1]/x"},
                {"Host/x", "Host/x:latest", "Host/x:latest", "Host/x"},
                {"a_b/c__d/e-f/g---h.i", "docker.io/a_b/c__d/e-f/g---h.i:latest", "a_b/c__d/e-f/g---h.i:latest",
                 "a_b/c__d/e-f/g---h.i"},
                {"docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest", "library/a/b"},
                {"x:_-._A9", "docker.io/library/x:_-._A9", "x:_-._A9", "x"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_REFERENCE struct oci_reference *r = NULL, *copy = NULL, *again = NULL;
                CLEANUP_BUFFER struct buffer full = BUFFER_INIT, familiar = BUFFER_INIT, repository = BUFFER_INIT,
                                             back = BUFFER_INIT;

                CHECK_OK(oci_reference_parse(table[i].text, &r, &err));
                if (r == NULL)
                        continue;
                copy = oci_reference_copy(r);
                oci_reference_format(copy, &full);
                oci_reference_format_familiar(r, &familiar);
                oci_reference_format_repository(r, &repository);
                CHECK_STR(buffer_text(&full), table[i].full);
                CHECK_STR(buffer_text(&familiar), table[i].familiar);
                CHECK_STR(buffer_text(&repository), table[i].repository);
                /* what is printed must be read back as the same image */
                CHECK_OK(oci_reference_parse(buffer_text(&familiar), &again, &err));
                if (again != NULL)
                        oci_reference_format(again, &back);
                CHECK_STR(buffer_text(&back), table[i].full);
        }
}

static void test_reference_refuse(void)
{
        static const struct {
                const char *text, *message;
        } table[] = {
                {"", "is empty"},
                {"DIAMOL/BASE", "repository name must be lower case: did you mean diamol/base?"},
                {"Busybox:Tag", "did you mean busybox:Tag?"},
                {"ghcr.io/A/b@" D, "did you mean ghcr.io/a/b@" D "?"},
                {"A B", "invalid reference \"A B\": repository name must be lower case"},
                {HEX, "64 hex characters are an image ID"},
                {"x:", "a tag has 1 to 128"},
                {"x:-a", "a tag has 1 to 128"},
                {"x:.a", "a tag has 1 to 128"},
                {"x:a b", "a tag has 1 to 128"},
                {"x:" A64 A64 "a", "a tag has 1 to 128"},
                {"x@sha256:abc", "is not \"sha256:\" and 64"},
                {"x@md5:abc", "is not \"sha256:\" and 64"},
                {"x@", "is not \"sha256:\" and 64"},
                {"@" D, "a repository name is made of"},
                {"/x", "a repository name is made of"},
                {"x/", "a repository name is made of"},
                {"a//b", "a repository name is made of"},
                {"../x", "is not a host name"},
                {"a/../b", "a repository name is made of"},
                {"-a/b", "a repository name is made of"},
                {"a-/b", "a repository name is made of"},
                {"a___b", "a repository name is made of"},
                {"a..b", "a repository name is made of"},
                {"a._b", "a repository name is made of"},
                {"x\n", "invalid reference \"x\\x0a\""},
                {"\x1b[31m", "\\x1b[31m"},
                {"a.b-/x", "is not a host name"},
                {"-a.b/x", "is not a host name"},
                {"a.b:/x", "is not a host name"},
                {"a.b:x/y", "is not a host name"},
                {"[::1/x", "is not a host name"},
                {"a.b.c/" A64 A64 "/" A64 A64, "longer than 255"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_REFERENCE struct oci_reference *r = NULL;

                CHECK_INT(oci_reference_parse(table[i].text, &r, &err), -1);
                CHECK_INT(err.code, EINVAL);
                CHECK_HAS(err.message, table[i].message);
        }
}

/* threats: a digest is refused before a path or a URL can be made from it */
static void test_digest(void)
{
        static const char *const bad[] = {
                "",
                "sha256",
                "sha256:",
                HEX,
                "sha256:../../x",
                "sha256:" HEX "0",
                "sha256: " HEX,
                "SHA256:" HEX,
                "md5:" HEX,
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
                "sha256:" HEX "\n",
                "\nsha256:" HEX,
                "sha256:/3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha512:" HEX HEX,
                "sha256+b64:" HEX,
                "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest d;
        char text[OCI_DIGEST_TEXT + 1];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CHECK_INT(oci_digest_parse(bad[i], &d, &err), -1);
                CHECK_HAS(err.message, "digest ");
                CHECK(strchr(err.message, '\n') == NULL);
                CHECK(!oci_digest_is_valid(bad[i]));
                error_clear(&err);
        }
        CHECK_OK(oci_digest_parse(D, &d, &err));
        oci_digest_format(&d, text);
        CHECK_STR(text, D);
}

static void test_quote(void)
{
        CLEANUP_FREE char *plain = oci_quote("a b");
        CLEANUP_FREE char *ugly = oci_quote("\x1b]52;\"\\\xff\x9b\x7f");
        CLEANUP_FREE char *bytes = oci_quote_bytes("a\0b", 3);
        CLEANUP_FREE char *lengthy = oci_quote(A64 A64 "b");

        CHECK_STR(plain, "\"a b\"");
        CHECK_STR(ugly, "\"\\x1b]52;\\\"\\\\\\xff\\x9b\\x7f\"");
        CHECK_STR(bytes, "\"a\\x00b\"");
        CHECK_STR(lengthy, "\"" A64 A64 "...\"");
}

static void test_time(void)
{
        static const struct {
                const char *text;
                long long seconds;
                long nanoseconds;
                const char *back;
        } good[] = {
                {"1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"},
                {"2024-02-29T12:00:00.5Z", 1709208000, 500000000, "2024-02-29T12:00:00.5Z"},
                {"2024-02-29T12:00:00.123456789+01:30", 1709202600, 123456789, "2024-02-29T10:30:00.123456789Z"},
                {"1969-12-31T23:59:59-00:00", -1, 0, "1969-12-31T23:59:59Z"},
                {"0001-01-01T00:00:00Z", -62135596800, 0, "0001-01-01T00:00:00Z"},
                {"9999-12-31T23:59:59.000000001Z", 253402300799, 1, "9999-12-31T23:59:59.000000001Z"},
                {"2000-02-29t00:00:00z", 951782400, 0, "2000-02-29T00:00:00Z"},
                {"2016-12-31T23:59:60Z", 1483228800, 0, "2017-01-01T00:00:00Z"},
        };
        static const char *const bad[] = {
                "",
                "2024",
                "2024-02-30T00:00:00Z",
                "2023-02-29T00:00:00Z",
                "2024-13-01T00:00:00Z",
                "2024-00-01T00:00:00Z",
                "2024-01-01T24:00:00Z",
                "2024-01-01T00:60:00Z",
                "2024-01-01T00:00:61Z",
                "2024-01-01T00:00:00",
                "2024-01-01",
                "2024-01-01T00:00:00.Z",
                "2024-01-01T00:00:00.1234567890Z",
                "2024-01-01T00:00:00+1:00",
                "2024-01-01T00:00:00+24:00",
                "2024-01-01T00:00:00Zx",
                "-024-01-01T00:00:00Z",
                "1900-02-29T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "2024-01-01T00:00:00+",
        };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                struct timespec t = {0};

                CHECK_OK(oci_time_parse(good[i].text, &t, &err));
                CHECK_INT(t.tv_sec, good[i].seconds);
                CHECK_INT(t.tv_nsec, good[i].nanoseconds);
                oci_time_format(t, &b);
                CHECK_STR(buffer_text(&b), good[i].back);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct timespec t;

                CHECK_INT(oci_time_parse(bad[i], &t, &err), -1);
                CHECK_HAS(err.message, "RFC 3339");
        }
}

/* every day of four centuries, both ways */
static void test_time_days(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int failures = 0;

        for (long long day = -146097; day <= 146097; day++) {
                struct timespec t = {.tv_sec = day * 86400 + 4711};
                struct timespec back = {0};

                buffer_clear(&b);
                oci_time_format(t, &b);
                if (oci_time_parse(buffer_text(&b), &back, &err) < 0 || back.tv_sec != t.tv_sec)
                        failures++;
                error_clear(&err);
        }
        CHECK_INT(failures, 0);
}

static void test_labels(void)
{
        struct oci_labels l = OCI_LABELS_INIT, copy = OCI_LABELS_INIT;

        oci_labels_set(&l, "b", "1");
        oci_labels_set(&l, "a", "2");
        oci_labels_set(&l, "c", "3");
        oci_labels_set(&l, "b", "4");
        CHECK_INT(l.count, 3);
        CHECK_STR(l.items[0].name, "a");
        CHECK_STR(l.items[2].name, "c");
        CHECK_STR(oci_labels_find(&l, "b"), "4");
        CHECK_STR(oci_labels_find(&l, "d"), NULL);
        oci_labels_copy(&copy, &l);
        oci_labels_remove(&l, "a");
        oci_labels_remove(&l, "zz");
        CHECK_INT(l.count, 2);
        CHECK_STR(oci_labels_find(&copy, "a"), "2");
        oci_labels_free(&l);
        oci_labels_free(&copy);
}

int main(void)
{
        CHECK_RUN(test_reference_normalise);
        CHECK_RUN(test_reference_refuse);
        CHECK_RUN(test_digest);
        CHECK_RUN(test_quote);
        CHECK_RUN(test_time);
        CHECK_RUN(test_time_days);
        CHECK_RUN(test_labels);
        return CHECK_END();
}
