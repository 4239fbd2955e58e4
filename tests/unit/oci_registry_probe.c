/* SPDX-License-Identifier: Apache-2.0 */
/* What a port of this machine may answer to a ClientHello, and what is concluded. */
#include "oci/registry_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/unit/check.h"

/* One connection: reads until two empty lines have come, as a server of HTTP does, and answers. */
struct server {
        int fd;
        const char *answer;
        size_t size;
        char heard[256];
        size_t length;
};

static void *serve(void *context)
{
        struct server *s = context;
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

        while (fd >= 0 && !memmem(s->heard, s->length, "\r\n\r\n", 4)) {
                ssize_t n = read(fd, s->heard + s->length, sizeof(s->heard) - s->length);

                if (n <= 0)
                        break;
                s->length += (size_t)n;
        }
        if (s->size > 0)
                (void)!write(fd, s->answer, s->size);
        else
                usleep(400 * 1000); /* longer than anybody is waited for */
        (void)close(fd);
        return NULL;
}

static bool ask(const char *answer, size_t size, const char *host, struct server *s)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        pthread_t thread;
        char place[64];
        bool plain;

        *s = (struct server){.answer = answer, .size = size};
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(bind(s->fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(s->fd, 4) == 0);
        CHECK(getsockname(s->fd, (struct sockaddr *)&address, &length) == 0);
        CHECK(pthread_create(&thread, NULL, serve, s) == 0);
        (void)snprintf(place, sizeof(place), "%s:%u", host, (unsigned)ntohs(address.sin_port));
        plain = registry_probe_is_plain(place);
        (void)shutdown(s->fd, SHUT_RDWR); /* nobody may have come */
        (void)pthread_join(thread, NULL);
        (void)close(s->fd);
        return plain;
}

static void test_answers(void)
{
        static const struct {
                const char *what, *answer;
                size_t size;
                bool plain;
        } rows[] = {
                {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, true},
                {"a page alone", "<html>", 6, true},
                {"an alert", "\x15\x03\x01\x00\x02\x02\x28", 7, false},
                {"a server's hello", "\x16\x03\x03\x00\x7a\x02", 6, false},
                {"one byte and the end", "H", 1, false},
                {"silence", "", 0, false},
        };
        struct server s;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                bool plain = ask(rows[i].answer, rows[i].size, "127.0.0.1", &s);

                if (plain != rows[i].plain)
                        printf("# %s\n", rows[i].what);
                CHECK(plain == rows[i].plain);
                CHECK(s.length >= 5 && s.heard[0] == 0x16 && s.heard[1] == 3);
                /* the record is as long as it says */
                CHECK_INT(s.length, 5 + (size_t)((unsigned char)s.heard[3] * 256 + (unsigned char)s.heard[4]));
        }
}

static void test_others_are_not_asked(void)
{
        static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
        struct server s;

        CHECK(ask(answer, sizeof(answer) - 1, "localhost", &s));
        CHECK(!ask(answer, sizeof(answer) - 1, "registry.example", &s));
        CHECK(s.length == 0);
        CHECK(setenv("https_proxy", "http://127.0.0.1:1", 1) == 0);
        CHECK(!ask(answer, sizeof(answer) - 1, "127.0.0.1", &s));
        CHECK(s.length == 0);
        CHECK(unsetenv("https_proxy") == 0);
        CHECK(!registry_probe_is_plain("127.0.0.1:1"));
        CHECK(!registry_probe_is_plain("[::1]:1"));
        CHECK(!registry_probe_is_plain("[::1:1"));
}

int main(void)
{
        /* what the environment of the test names must not decide */
        static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                (void)unsetenv(names[i]);
        CHECK_RUN(test_answers);
        CHECK_RUN(test_others_are_not_asked);
        return CHECK_END();
}
