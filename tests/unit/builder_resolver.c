/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /etc/resolv.conf that commands get. */
#include "builder/resolver.h"
#include "tests/unit/check.h"

/* RUN.8: the file behind systemd-resolved's stub is taken only where nothing but the stub is named. */
static void test_stub(void)
{
        static const struct {
                const char *text;
                bool stub;
        } cases[] = {
                { "", false },
                { "nameserver 127.0.0.53\n", true },
                { "# systemd\nnameserver 127.0.0.53\noptions edns0\nsearch a.b\n", true },
                { "nameserver\t127.0.0.53", true },
                { "nameserver 127.0.0.53\nnameserver 10.0.0.1\n", false },
                { "nameserver 10.0.0.1\n", false },
                { "nameserver 127.0.0.1\n", false },
                { "#nameserver 127.0.0.53\n", false },
                { "nameservers 127.0.0.53\n", false },
                { "search 127.0.0.53\n", false },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                buffer_append_string(&text, cases[i].text);
                CHECK_INT(builder_resolv_conf_is_stub(&text), cases[i].stub);
        }
}

static void test_replace(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_STRV struct strv none = STRV_INIT;
        CLEANUP_STRV struct strv two = STRV_INIT;

        strv_add(&two, "a");
        strv_add(&two, "b");
        buffer_append_string(&text, "domain old\nnameserver 1.1.1.1\nsearch x y\noptions rotate\nnameserver 2.2.2.2");
        builder_resolv_conf_replace(&text, "nameserver", &none);
        CHECK_STR(buffer_text(&text), "domain old\nnameserver 1.1.1.1\nsearch x y\noptions rotate\nnameserver 2.2.2.2");
        builder_resolv_conf_replace(&text, "nameserver", &two);
        CHECK_STR(buffer_text(&text), "domain old\nsearch x y\noptions rotate\nnameserver a\nnameserver b\n");
        builder_resolv_conf_replace(&text, "search", &two);
        CHECK_STR(buffer_text(&text), "options rotate\nnameserver a\nnameserver b\nsearch a b\n");
}

int main(void)
{
        CHECK_RUN(test_stub);
        CHECK_RUN(test_replace);
        return CHECK_END();
}
