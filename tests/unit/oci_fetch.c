/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames between a process and its fetch child, and the addresses that redirects may not reach (C11.8). What the
 * child does with servers is in tests/e2e/fetch-*.sh.
 */
#include "oci/fetch.h"

#include <stdlib.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/fetch_frame.h"
#include "oci/fetch_local.h"
#include "tests/unit/check.h"

static void test_frame_round_trip(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer in = BUFFER_INIT;
        unsigned type;
        struct oci_frame_field field;
        int pair[2], fds[2], nothing[1];
        size_t at = 0;

        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        oci_frame_begin(&out, FETCH_REQUEST);
        oci_frame_text(&out, FETCH_TAG_URL, "http://a/");
        oci_frame_number(&out, FETCH_TAG_LIMIT, 0x123456789abcdef0ull);
        fds[0] = pair[0];
        fds[1] = pair[1];
        CHECK_OK(oci_frame_send(pair[0], &out, fds, 2, &err));
        /* only one is wanted: the other one is closed, not kept */
        CHECK_OK(oci_frame_receive(pair[1], false, &in, nothing, 1, &err));
        CHECK(nothing[0] >= 0);
        CHECK(fcntl(nothing[0], F_GETFD) & FD_CLOEXEC);
        CHECK_OK(oci_frame_check(&in, FETCH_TAG_MAX, &type, &err));
        CHECK_INT(type, FETCH_REQUEST);
        CHECK(oci_frame_next(&in, &at, &field) && field.tag == FETCH_TAG_URL && field.size == 9);
        CHECK(oci_frame_next(&in, &at, &field) && field.number == 0x123456789abcdef0ull);
        CHECK(!oci_frame_next(&in, &at, &field));
        (void)fd_close(nothing[0]);
        (void)fd_close(pair[0]);
        buffer_clear(&in);
        CHECK_OK(oci_frame_receive(pair[1], false, &in, NULL, 0, &err));
        CHECK_INT(in.size, 0);
        (void)fd_close(pair[1]);
}

static void test_frame_bounds(void)
{
        static const char *const bad[] = {
                "X", "BF\2\1", "BF\1\1\2", "BF\1\1\2\377\0\0\0abc", "BF\1\1\0\0\0\0\0", "BF\1\1\77\0\0\0\0"};
        static const size_t sizes[] = {1, 4, 5, 12, 9, 9};
        CLEANUP_BUFFER struct buffer large = BUFFER_INIT;
        CLEANUP_FREE char *bytes = memory_zalloc(OCI_FRAME_MAX, 1);
        CLEANUP_ERROR struct error send_err = ERROR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                unsigned type;

                buffer_append(&b, bad[i], sizes[i]);
                CHECK(oci_frame_check(&b, FETCH_TAG_MAX, &type, &err) < 0);
                CHECK_INT(err.code, EPROTO);
        }
        oci_frame_begin(&large, FETCH_REQUEST);
        oci_frame_bytes(&large, FETCH_TAG_URL, bytes, OCI_FRAME_MAX);
        CHECK(oci_frame_send(-1, &large, NULL, 0, &send_err) < 0);
        CHECK_INT(send_err.code, EMSGSIZE);
}

static void test_headers_have_no_line_breaks(void)
{
        const struct oci_fetch_options options = {.log = NULL};
        struct oci_fetch *f = oci_fetch_new(&options);
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_fetch_request request = {.url = "http://127.0.0.1:9/", .authorization = "x\r\nHost: y", .fd = -1};
        struct oci_fetch_response response;

        CHECK(oci_fetch_do(f, &request, &response, &err) < 0);
        CHECK_HAS(err.message, "line break");
        oci_fetch_free(f);
}

static void test_local_hosts(void)
{
        static const char *const local[] = {"localhost",
                                            "x.localhost",
                                            "127.0.0.1",
                                            "127.1",
                                            "2130706433",
                                            "0x7f000001",
                                            "0.0.0.0",
                                            "169.254.169.254",
                                            "[::1]",
                                            "[::]",
                                            "[fe80::1]",
                                            "[::ffff:127.0.0.1]",
                                            "[::ffff:169.254.169.254]",
                                            "[64:ff9b::7f00:1]"};
        static const char *const far[] = {"example.org", "10.0.0.1",      "192.168.1.1", "172.16.0.1",
                                          "8.8.8.8",     "[2001:db8::1]", "[fd00::1]",   "localhost.example.org"};

        for (size_t i = 0; i < ARRAY_SIZE(local); i++)
                if (!fetch_local_is_host(local[i]))
                        check_report_(__FILE__, __LINE__, local[i]);
        for (size_t i = 0; i < ARRAY_SIZE(far); i++)
                if (fetch_local_is_host(far[i]))
                        check_report_(__FILE__, __LINE__, far[i]);
}

static void test_local_addresses(void)
{
        struct sockaddr_in in = {.sin_family = AF_INET};
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

        CHECK(inet_pton(AF_INET, "127.9.9.9", &in.sin_addr) == 1);
        CHECK(fetch_local_is_address((const struct sockaddr *)(const void *)&in));
        CHECK(inet_pton(AF_INET, "10.1.2.3", &in.sin_addr) == 1);
        CHECK(!fetch_local_is_address((const struct sockaddr *)(const void *)&in));
        CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr) == 1);
        CHECK(fetch_local_is_address((const struct sockaddr *)(const void *)&in6));
        CHECK(inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr) == 1);
        CHECK(!fetch_local_is_address((const struct sockaddr *)(const void *)&in6));
}

/* What a message says of the proxy: the variable, and the host without credentials. */
static void test_proxy_words(void)
{
        static const struct {
                const char *variable, *value, *scheme, *words;
        } rows[] = {
                {"https_proxy", "http://me:secret@proxy.example:3128/", "https",
                 ", for which $https_proxy names the proxy proxy.example:3128"},
                {"HTTPS_PROXY", "proxy.example", "https", ", for which $HTTPS_PROXY names the proxy proxy.example"},
                {"https_proxy", "http://proxy.example", "http", ""},
                {"all_proxy", "socks5h://[::1]:9", "http", ", for which $all_proxy names the proxy [::1]:9"},
                {"http_proxy", "", "http", ""},
        };
        static const char *const all[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_FREE char *words = NULL;

                for (size_t k = 0; k < ARRAY_SIZE(all); k++)
                        CHECK(unsetenv(all[k]) == 0);
                CHECK(setenv(rows[i].variable, rows[i].value, 1) == 0);
                words = fetch_local_proxy_words(rows[i].scheme);
                CHECK_STR(words, rows[i].words);
                CHECK(unsetenv(rows[i].variable) == 0);
        }
}

int main(void)
{
        CHECK_RUN(test_frame_round_trip);
        CHECK_RUN(test_frame_bounds);
        CHECK_RUN(test_headers_have_no_line_breaks);
        CHECK_RUN(test_local_hosts);
        CHECK_RUN(test_local_addresses);
        CHECK_RUN(test_proxy_words);
        return CHECK_END();
}
