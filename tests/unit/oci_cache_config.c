/* SPDX-License-Identifier: Apache-2.0 */
/* The list of steps of a cache: its bytes, and what is refused. */
#include "oci/cache_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/limits.h"
#include "tests/unit/check.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define LAYER "\"layer\":{\"number\":1,\"diffId\":\"sha256:" B64 "\",\"size\":10240}"
#define STEP                                                                                                           \
        "{\"keys\":[\"" A64 "\",\"" B64 "\"],\"identity\":\"" B64                                                       \
        "\",\"created\":[1700000000,5],\"made\":1700000001,\"title\":\"RUN make\"," LAYER "}"
#define MOUNT "{\"name\":\"" A64 "\",\"id\":\"/npm\"," LAYER "}"
#define WHOLE "{\"version\":1,\"steps\":[" STEP "],\"mounts\":[" MOUNT "]}"

static void test_round_trip(void)
{
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        CHECK_OK(oci_cache_config_parse("it", WHOLE, strlen(WHOLE), 2, &c, &err));
        CHECK_INT(c.step_count, 1);
        CHECK_INT(c.steps[0].key_count, 2);
        CHECK_INT(c.steps[0].created_ns, 5);
        CHECK_INT(c.steps[0].layer.number, 1);
        CHECK_STR(c.mounts[0].name, A64);
        oci_cache_config_format(&c, &text);
        CHECK_STR(buffer_text(&text), WHOLE);
}

static void test_nothing_in_it(void)
{
        static const char empty[] = "{\"version\":1,\"steps\":[]}";
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        CHECK_OK(oci_cache_config_parse("it", empty, strlen(empty), 0, &c, &err));
        oci_cache_config_format(&c, &text);
        CHECK_STR(buffer_text(&text), empty);
}

/* The whole document with one text in it replaced. */
static char *with(const char *old, const char *new)
{
        const char *at = strstr(WHOLE, old);

        CHECK(at != NULL);
        return at ? memory_printf("%.*s%s%s", (int)(at - WHOLE), WHOLE, new, at + strlen(old)) : memory_strdup("");
}

static void check_refused(const char *old, const char *new, int code)
{
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;
        CLEANUP_FREE char *text = with(old, new);
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (oci_cache_config_parse("the cache", text, strlen(text), 2, &c, &err) == 0) {
                printf("# taken: %s for %s\n", new, old);
                CHECK(text == NULL); /* a document with a mistake was taken */
                return;
        }
        CHECK_INT(err.code, code);
        CHECK_HAS(err.message, "the cache");
}

static void test_refused(void)
{
        static const struct {
                const char *old, *new;
        } rows[] = {
                { "\"version\":1,", "" },
                { "\"steps\":[", "\"steps\":{}, \"others\":[" },
                { "[\"" A64 "\",\"" B64 "\"]", "[]" },
                { "[\"" A64 "\",\"" B64 "\"]", "[\"" A64 "\",1]" },
                { "[\"" A64 "\",\"" B64 "\"]", "[\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\",\"" A64 "\"]" },
                { "[\"" A64 "\",\"" B64 "\"]", "[\"../../etc/passwd\"]" },
                { "\"identity\":\"" B64 "\",", "" },
                { "\"identity\":\"b", "\"identity\":\"B" },
                { "[1700000000,5]", "[1700000000]" },
                { "[1700000000,5]", "[1700000000,1000000000]" },
                { "[1700000000,5]", "[1e3,5]" },
                { "[1700000000,5]", "[9223372036854775807,5]" },
                { "[1700000000,5]", "null" },
                { "\"made\":1700000001", "\"made\":-1" },
                { "\"made\":1700000001", "\"made\":\"now\"" },
                { "\"title\":\"RUN make\",", "" },
                { "\"number\":1", "\"number\":2" },
                { "\"number\":1", "\"number\":-1" },
                { "\"number\":1", "\"number\":1.5" },
                { "\"size\":10240", "\"size\":-1" },
                { "\"size\":10240", "\"size\":4503599627370497" },
                { "\"diffId\":\"sha256:", "\"diffId\":\"md5:" },
                { "\"name\":\"a", "\"name\":\"/" },
                { "/npm", "a b" },
                { "/npm", "" },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                check_refused(rows[i].old, rows[i].new, rows[i].old[1] == 'v' ? ENOTSUP : EINVAL);
        check_refused("\"version\":1,", "\"version\":2,", ENOTSUP);
}

static void test_titles(void)
{
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;
        CLEANUP_FREE char *text = with("RUN make", "RUN \\u001b[2J\\nmake\\u007f");
        CLEANUP_ERROR struct error err = ERROR_INIT;

        CHECK_OK(oci_cache_config_parse("it", text, strlen(text), 2, &c, &err));
        CHECK_STR(c.steps[0].title, "RUN  [2J make ");
}

int main(void)
{
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_nothing_in_it);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_titles);
        return CHECK_END();
}
