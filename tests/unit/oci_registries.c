/* SPDX-License-Identifier: Apache-2.0 */
/* registries.conf, certs.d and the flags: which endpoints a name becomes. */
#include "oci/registries.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static char directory[256];
static struct buffer said; /* all lines of the log */

static void hear(void *context, enum log_level level, const char *line)
{
        (void)context;
        (void)level;
        buffer_printf(&said, "%s\n", line);
}

static const struct log listener = {hear, NULL};

/* A file below the test's directory, with its parents. */
static void plant(const char *name, const char *text)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", directory, name);
        int fd;

        for (char *c = path + strlen(directory) + 1; (c = strchr(c, '/')); c++) {
                *c = '\0';
                (void)mkdir(path, 0700);
                *c = '/';
        }
        fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0) {
                perror(path);
                exit(1);
        }
        fd_close(fd);
}

static struct oci_registries *load(const struct oci_registries_options *given, struct error *err)
{
        struct oci_registries_options options = given ? *given : (struct oci_registries_options){.cert_dir = NULL};
        struct oci_registries *r = NULL;

        options.log = &listener;
        buffer_clear(&said);
        return oci_registries_load(&options, &r, err) < 0 ? NULL : r;
}

/* "[m:]SCHEME HOST PATH" for each endpoint, joined by ", ": m for a mirror; the scheme is s (https), b (both), p
 * (plain), and ! where nothing is verified. */
static const char *resolve_with(const struct oci_registries_options *options, const char *name,
                                enum oci_registries_purpose purpose)
{
        static struct buffer text;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_REGISTRIES struct oci_registries *r = load(options, &err);
        CLEANUP_ENDPOINTS struct oci_registries_endpoints found = OCI_REGISTRIES_ENDPOINTS_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;

        buffer_clear(&text);
        if (!r || oci_reference_parse(name, &ref, &err) < 0 ||
            oci_registries_resolve(r, ref, purpose, &found, &err) < 0) {
                buffer_printf(&text, "!%s", err.message);
                return buffer_text(&text);
        }
        for (size_t i = 0; i < found.count; i++) {
                const struct oci_registries_endpoint *e = &found.items[i];

                buffer_printf(&text, "%s%s%c%s %s %s", i > 0 ? ", " : "", e->mirror ? "m:" : "", "sbp"[e->scheme],
                              e -> verify ? "" : "!", e->host, e->repository);
                if (strcmp(e->account, e->host) != 0)
                        buffer_printf(&text, " (%s)", e->account);
        }
        return buffer_text(&text);
}

static const char *resolve(const char *name)
{
        return resolve_with(NULL, name, OCI_REGISTRIES_PULL);
}

static void test_without_files(void)
{
        plant("conf", "");
        CHECK_STR(resolve("debian"), "s registry-1.docker.io library/debian (docker.io)");
        CHECK_STR(resolve("quay.io/a/b:1"), "s quay.io a/b");
        CHECK_STR(resolve("localhost/x"), "b localhost x");
        CHECK_STR(resolve("localhost:5000/x"), "b localhost:5000 x");
        CHECK_STR(resolve("127.0.0.1:5000/x"), "b 127.0.0.1:5000 x");
        CHECK_STR(resolve("127.8.9.1/x"), "b 127.8.9.1 x");
        CHECK_STR(resolve("[::1]:5000/x"), "b [::1]:5000 x");
        CHECK_STR(resolve("127.0.0.1.example/x"), "s 127.0.0.1.example x");
        CHECK_STR(resolve("127.example:80/x"), "s 127.example:80 x");
        CHECK_STR(resolve("localhost.example/x"), "s localhost.example x");
        CHECK_STR(resolve("[::2]/x"), "s [::2] x");
}

static void test_flags(void)
{
        CLEANUP_STRV struct strv mirrors = STRV_INIT;
        CLEANUP_STRV struct strv insecure = STRV_INIT;
        CLEANUP_STRV struct strv bad = STRV_INIT;
        struct oci_registries_options o = {.mirrors = &mirrors, .insecure = &insecure};
        static const char *const wrong[] = {"",
                                            "http://",
                                            "ftp://x",
                                            "m.example/A",
                                            "u:p@m.example",
                                            "m.example?x",
                                            "m x",
                                            "http://m.example:port"};

        plant("conf", "");
        strv_add(&mirrors, "m1.example/hub/");
        strv_add(&mirrors, "http://m2");
        strv_add(&mirrors, "localhost:1");
        strv_add(&insecure, "bad.example:5000");
        strv_add(&insecure, "docker.io");
        CHECK_STR(resolve_with(&o, "debian", OCI_REGISTRIES_PULL),
                  "m:s m1.example hub/library/debian, m:p m2 library/debian, m:b localhost:1 library/debian, b! "
                  "registry-1.docker.io library/debian (docker.io)");
        CHECK_STR(resolve_with(&o, "debian", OCI_REGISTRIES_PUSH),
                  "b! registry-1.docker.io library/debian (docker.io)");
        CHECK_STR(resolve_with(&o, "quay.io/x", OCI_REGISTRIES_PULL), "s quay.io x");
        CHECK_STR(resolve_with(&o, "bad.example:5000/x", OCI_REGISTRIES_PUSH), "b! bad.example:5000 x");
        CHECK_STR(resolve_with(&o, "bad.example/x", OCI_REGISTRIES_PUSH), "s bad.example x");
        o.tls = OCI_REGISTRIES_TLS_ON;
        CHECK_STR(resolve_with(&o, "localhost:5000/x", OCI_REGISTRIES_PULL), "s localhost:5000 x");
        CHECK_STR(resolve_with(&o, "bad.example:5000/x", OCI_REGISTRIES_PULL), "s bad.example:5000 x");
        CHECK_HAS(resolve_with(&o, "debian", OCI_REGISTRIES_PULL), "m:s m2 library/debian");
        o.tls = OCI_REGISTRIES_TLS_OFF;
        CHECK_STR(resolve_with(&o, "quay.io/x", OCI_REGISTRIES_PULL), "b! quay.io x");
        o.mirrors = &bad;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                strv_clear(&bad);
                strv_add(&bad, wrong[i]);
                CHECK_HAS(resolve_with(&o, "debian", OCI_REGISTRIES_PULL), "!--registry-mirror ");
        }
        o.mirrors = NULL;
        o.cert_dir = "/nowhere/at/all";
        CHECK_HAS(resolve_with(&o, "debian", OCI_REGISTRIES_PULL), "!--cert-dir /nowhere/at/all is no directory");
}

static void test_rules(void)
{
        plant("conf", "unqualified-search-registries = ['docker.io']\nshort-name-mode = 'enforcing'\n"
                      "[[registry]]\nprefix = 'example.com/foo'\nlocation = 'internal.example/bar'\n"
                      "[[registry.mirror]]\nlocation = 'm1.example:5000'\ninsecure = true\n"
                      "[[registry.mirror]]\nlocation = 'm2.example/deep/er'\npull-from-mirror = 'digest-only'\n"
                      "[[registry.mirror]]\nlocation = 'm3.example'\npull-from-mirror = 'tag-only'\n"
                      "[[registry]]\nlocation = 'example.com'\n"
                      "[[registry]]\nlocation = 'example.com/foo/secret'\nblocked = true\n"
                      "[[registry]]\nprefix = '*.corp.example'\ninsecure = true\n"
                      "[[registry]]\nprefix = '*.moved.example'\nlocation = 'new.example/old'\n"
                      "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'hub.example'\n"
                      "[[registry]]\nlocation = 'plain'\ninsecure = true\n"
                      "[[registry]]\nprefix = 'hub2.example'\nlocation = 'docker.io'\nmirror-by-digest-only = true\n"
                      "[[registry.mirror]]\nlocation = 'm4.example'\n");
        CHECK_STR(resolve("example.com/foo/img:1"),
                  "m:b! m1.example:5000 img, m:s m3.example img, s internal.example bar/img");
        CHECK_STR(resolve("example.com/foo"), "!a mirror in conf: the place m1.example:5000: it is a registry alone: "
                                              "no path is left for the repository");
        CHECK_STR(
                resolve("example.com/foo/img@sha256:0123456789012345678901234567890123456789012345678901234567890123"),
                "m:b! m1.example:5000 img, m:s m2.example deep/er/img, s internal.example bar/img");
        CHECK_STR(resolve_with(NULL, "example.com/foo/img", OCI_REGISTRIES_PUSH), "s example.com foo/img");
        CHECK_STR(resolve("example.com/foobar"), "s example.com foobar");
        CHECK_STR(resolve("example.com:5000/foo/img"), "s example.com:5000 foo/img");
        CHECK_HAS(resolve("example.com/foo/secret"),
                  "!example.com/foo/secret is blocked: [[registry]] example.com/foo/secret in ");
        CHECK_HAS(resolve("example.com/foo/secret/x:1"), "is blocked");
        CHECK_HAS(resolve_with(NULL, "example.com/foo/secret/x", OCI_REGISTRIES_PUSH), "is blocked");
        CHECK_STR(resolve("example.com/foo/secrets"),
                  "m:b! m1.example:5000 secrets, m:s m3.example secrets, s internal.example bar/secrets");
        CHECK_STR(resolve("a.corp.example/x"), "b! a.corp.example x");
        CHECK_STR(resolve("a.b.corp.example:8443/x"), "b! a.b.corp.example:8443 x");
        CHECK_STR(resolve("corp.example/x"), "s corp.example x");
        CHECK_STR(resolve("a.corp.example.evil/x"), "s a.corp.example.evil x");
        CHECK_STR(resolve("a.moved.example/x/y"), "s new.example old/x/y");
        CHECK_STR(resolve("debian"),
                  "m:s hub.example library/debian, s registry-1.docker.io library/debian (docker.io)");
        CHECK_STR(resolve("plain:0/x"), "s plain:0 x");
        CHECK_STR(resolve("hub2.example/library/x"), "s registry-1.docker.io library/x (docker.io)");
        CHECK_HAS(resolve("hub2.example/library/"
                          "x@sha256:0123456789012345678901234567890123456789012345678901234567890123"),
                  "m:s m4.example library/x, ");
        CHECK_STR(buffer_text(&said), "");
}

static void test_bad_files(void)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"[[registry]]\n", "line 1: \"registry\" has neither prefix nor location"},
                {"[[registry]]\nprefix = 'a.b'\n", "\"a.b\" has no location"},
                {"[[registry]]\nlocation = 'a.b/x:1'", "has a tag or digest"},
                {"[[registry]]\nlocation = 'a.b/x@sha256:1'", "has a tag or digest"},
                {"[[registry]]\nlocation = 'https://a.b'", "is no host[:port][/path]"},
                {"[[registry]]\nlocation = 'a b'", "is no host[:port][/path]"},
                {"[[registry]]\nlocation = '/x'", "is no host[:port][/path]"},
                {"[[registry]]\nprefix = '*.a.b/x'\nlocation = 'c.d'", "must be \"*.\" and a domain alone"},
                {"[[registry]]\nprefix = '*.a.b:5000'", "must be \"*.\" and a domain alone"},
                {"[[registry]]\nprefix = 'a.*.b'\nlocation = 'c.d'", "is no host[:port][/path]"},
                {"[[registry]]\nlocation = 'a.b'\n[[registry]]\nlocation = 'a.b'",
                 "line 3: \"a.b\" has a [[registry]] already"},
                {"[[registry]]\nlocation = 'a.b'\nblocked = 'yes'",
                 "line 3: \"blocked\" must be true or false, not a string"},
                {"[[registry]]\nlocation = 1", "\"location\" must be a string"},
                {"[registry]\nlocation = 'a.b'", "\"registry\" must be an array, not a table"},
                {"registry = ['a.b']", "the items of \"registry\" must each be a table"},
                {"[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\n", "\"mirror\" has no location"},
                {"[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation='*.c'", "is no host[:port][/path]"},
                {"[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation='c.d'\npull-from-mirror='some'",
                 "is none of all, digest-only and tag-only"},
                {"[[registry]]\nlocation = 'a.b'\nmirror-by-digest-only = "
                 "true\n[[registry.mirror]]\nlocation='c.d'\npull-from-mirror='all'",
                 "cannot be given beside mirror-by-digest-only"},
                {"[registries.search]\nregistries = ['a.b']", "is version 1 of the format"},
                {"unqualified-search-registries = 'a.b'", "must be an array"},
                {"[aliases]\nx = 1", "\"x\" must be a string"},
                {"[aliases]\n'x:1' = 'a.b/x'", "is no short name without tag and digest"},
                {"[aliases]\n'a.b/x' = 'a.b/x'", "is no short name"},
                {"[aliases]\nx = 'a.b/x:1'", "is no full name of a repository"},
                {"[aliases]\nx = 'lib/x'", "is no full name of a repository"},
                {"[aliases]\nX = 'a.b/x'", "is no short name"},
                {"[[registry]", "line 1: \"]]\" is expected"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *is;

                plant("conf", rows[i].text);
                is = resolve("debian");
                CHECK(is[0] == '!');
                CHECK_HAS(is, rows[i].error);
        }
        plant("conf", "surprise = 1\n[[registry]]\nlocation = 'a.b'\ninsecrue = true\n[[registry.mirror]]\nlocation = "
                      "'c.d'\nprefix = 'x'\n");
        CHECK_STR(resolve("a.b/x"), "m:s c.d x, s a.b x");
        CHECK_HAS(buffer_text(&said), "line 1: \"surprise\" is not understood and ignored\n");
        CHECK_HAS(buffer_text(&said), "line 4: \"insecrue\" is not understood and ignored\n");
        CHECK_HAS(buffer_text(&said), "line 7: \"prefix\" is not understood and ignored\n");
}

static const char *expand(const char *text)
{
        static struct buffer shown;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_REGISTRIES struct oci_registries *r = load(NULL, &err);
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;

        buffer_clear(&shown);
        if (!r || oci_registries_expand(r, text, &ref, &err) < 0)
                buffer_printf(&shown, "!%s", err.message);
        else
                oci_reference_format(ref, &shown);
        return buffer_text(&shown);
}

static void test_aliases(void)
{
        plant("conf", "unqualified-search-registries = ['quay.io']\n[aliases]\ntool = 'quay.io/corp/tool'\n'my/tool' = "
                      "'localhost/t'\n"
                      "gone = 'a.b/gone'\nlater = 'a.b/early'\n");
        plant("xdg/containers/registries.conf.d/50-x.conf",
              "[aliases]\ngone = ''\nlater = 'a.b/late'\n[[registry]]\nlocation = 'a.b'\nblocked = true\n");
        plant("xdg/containers/registries.conf.d/60-x.conf", "[[registry]]\nlocation = 'a.b'\ninsecure = true\n");
        plant("xdg/containers/registries.conf.d/70-x.conf.bak", "nonsense");
        CHECK_STR(expand("tool"), "quay.io/corp/tool:latest");
        CHECK_HAS(buffer_text(&said), "tool is quay.io/corp/tool by an alias");
        CHECK_STR(expand("tool:1"), "quay.io/corp/tool:1");
        CHECK_HAS(expand("tool:1@sha256:0123456789012345678901234567890123456789012345678901234567890123"),
                  "quay.io/corp/tool:1@sha256:0123");
        CHECK_HAS(expand("tool@sha256:0123456789012345678901234567890123456789012345678901234567890123"),
                  "quay.io/corp/tool@sha256:0123");
        CHECK_STR(expand("my/tool:2"), "localhost/t:2");
        CHECK_STR(expand("docker.io/tool"), "docker.io/library/tool:latest");
        CHECK_STR(buffer_text(&said), "");
        CHECK_STR(expand("later"), "a.b/late:latest");
        CHECK_STR(resolve("a.b/x"), "b! a.b x");
        CHECK_STR(expand("gone"), "docker.io/library/gone:latest");
        CHECK_HAS(buffer_text(&said), "gone is looked for in docker.io alone: unqualified-search-registries of ");
        CHECK_STR(expand("localhost:5000/x"), "localhost:5000/x:latest");
        CHECK_STR(buffer_text(&said), "");
        CHECK_HAS(expand("Tool"), "!");
        (void)unlink("xdg/containers/registries.conf.d/50-x.conf");
        (void)unlink("xdg/containers/registries.conf.d/60-x.conf");
}

static void test_user_file(void)
{
        unsetenv("CONTAINERS_REGISTRIES_CONF");
        plant("xdg/containers/registries.conf", "[[registry]]\nlocation = 'quay.io'\nblocked = true\n");
        CHECK_HAS(resolve("quay.io/x"), "xdg/containers/registries.conf");
        setenv("CONTAINERS_REGISTRIES_CONF", "nowhere.conf", 1);
        CHECK_HAS(resolve("quay.io/x"), "!the file of CONTAINERS_REGISTRIES_CONF, nowhere.conf, does not exist");
        setenv("CONTAINERS_REGISTRIES_CONF", "/dev/null", 1);
        CHECK_STR(resolve("quay.io/x"), "s quay.io x");
        setenv("CONTAINERS_REGISTRIES_CONF", "/dev/zero", 1);
        CHECK_HAS(resolve("quay.io/x"), "it is not a regular file");
        setenv("CONTAINERS_REGISTRIES_CONF", "conf", 1);
}

/* "authorities|certificate|key" of the first endpoint. */
static const char *certificates(const char *cert_dir, const char *name)
{
        static struct buffer text;
        struct oci_registries_options options = {.cert_dir = cert_dir};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_REGISTRIES struct oci_registries *r = load(&options, &err);
        CLEANUP_ENDPOINTS struct oci_registries_endpoints found = OCI_REGISTRIES_ENDPOINTS_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;

        buffer_clear(&text);
        if (!r || oci_reference_parse(name, &ref, &err) < 0 ||
            oci_registries_resolve(r, ref, OCI_REGISTRIES_PULL, &found, &err) < 0) {
                buffer_printf(&text, "!%s", err.message);
                return buffer_text(&text);
        }
        for (const char *c = buffer_text(&found.items[0].ca); *c; c++)
                buffer_append_char(&text, *c == '\n' ? ' ' : *c);
        buffer_printf(&text, "|%s|%s",
                      found.items[0].client_certificate ? strrchr(found.items[0].client_certificate, '/') + 1 : "",
                      found.items[0].client_key ? strrchr(found.items[0].client_key, '/') + 1 : "");
        return buffer_text(&text);
}

static void test_certificates(void)
{
        plant("conf", "");
        plant("xdg/containers/certs.d/r.example:5000/b.crt", "-----BEGIN B\n");
        plant("xdg/containers/certs.d/r.example:5000/a.crt", "-----BEGIN A\n");
        plant("xdg/containers/certs.d/r.example:5000/c.cert", "C");
        plant("xdg/containers/certs.d/r.example:5000/c.key", "K");
        plant("xdg/docker/certs.d/docker.io/ca.crt", "-----BEGIN D\n");
        plant("xdg/docker/certs.d/r.example:5000/ca.crt", "-----BEGIN E\n");
        plant("own/ca.crt", "-----BEGIN O\n");
        plant("xdg/containers/certs.d/nokey.example/c.cert", "C");
        plant("xdg/containers/certs.d/nocert.example/c.key", "K");
        plant("xdg/containers/certs.d/noca.example/ca.crt", "hello");
        CHECK_STR(certificates(NULL, "r.example:5000/x"), "-----BEGIN A  -----BEGIN B  |c.cert|c.key");
        CHECK_STR(certificates(NULL, "r.example/x"), "||");
        CHECK_STR(certificates(NULL, "x"), "-----BEGIN D  ||");
        CHECK_STR(certificates("own", "anything.example/x"), "-----BEGIN O  ||");
        CHECK_HAS(certificates(NULL, "nokey.example/x"), "has no key: ");
        CHECK_HAS(certificates(NULL, "nocert.example/x"), "has no certificate: ");
        CHECK_HAS(certificates(NULL, "noca.example/x"), "is no certificate (PEM)");
}

int main(void)
{
        CLEANUP_FREE char *config = NULL;

        (void)snprintf(directory, sizeof(directory), "%s/registries.XXXXXX",
                       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(directory) || chdir(directory) < 0)
                return 1;
        config = memory_printf("%s/xdg", directory);
        setenv("XDG_CONFIG_HOME", config, 1);
        setenv("CONTAINERS_REGISTRIES_CONF", "conf", 1);
        CHECK_RUN(test_without_files);
        CHECK_RUN(test_flags);
        CHECK_RUN(test_rules);
        CHECK_RUN(test_bad_files);
        CHECK_RUN(test_aliases);
        CHECK_RUN(test_user_file);
        CHECK_RUN(test_certificates);
        buffer_free(&said);
        return CHECK_END();
}
