/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: places and their order, keys and their lengths, helpers, and files that mean no good (E8, E11). */
#include "oci/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/base64.h"
#include "oci/credentials_file.h"
#include "oci/credentials_helper.h"
#include "tests/unit/check.h"

static char directory[256];
static char said[1024]; /* the last line of the log */

static void hear(void *context, enum log_level level, const char *line)
{
        (void)context;
        (void)level;
        (void)snprintf(said, sizeof(said), "%s", line);
}

static const struct log listener = {hear, NULL};

/* A file below the test's directory, with its parents; the path is static until the next call but one. */
static const char *plant(const char *name, const char *text, mode_t mode)
{
        static char paths[2][512];
        static int turn;
        char *path = paths[turn ^= 1];
        int fd;

        (void)snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
        for (char *c = path + strlen(directory) + 1; (c = strchr(c, '/')); c++) {
                *c = '\0';
                (void)mkdir(path, 0700);
                *c = '/';
        }
        fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0) {
                perror(path);
                exit(1);
        }
        fd_close(fd);
        return path;
}

static void forget(const char *name)
{
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
        (void)unlink(path);
}

/* "user/secret/identity/registry" of what is found with an --authfile and --creds; "" when nothing is, "!..." the
 * error. */
static const char *find_with(const char *authfile, const char *creds, const char *host, const char *repository,
                             bool mirror)
{
        static char text[1024];
        struct oci_credentials_options options = {
                .log = &listener, .authfile = authfile, .credentials = creds, .helper_seconds = 1};
        CLEANUP_CREDENTIALS struct oci_credentials *c = NULL;
        CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        said[0] = '\0';
        if (oci_credentials_new(&options, &c, &err) < 0 ||
            oci_credentials_find(c, host, repository, mirror ? NULL : host, &found, &err) < 0)
                (void)snprintf(text, sizeof(text), "!%s", err.message);
        else if (!found.origin)
                text[0] = '\0';
        else
                (void)snprintf(text, sizeof(text), "%s/%s/%s/%s", found.user ? found.user : "",
                               found.secret ? found.secret : "", found.identity_token ? found.identity_token : "",
                               found.registry_token ? found.registry_token : "");
        return text;
}

static const char *find(const char *host, const char *repository)
{
        return find_with(NULL, NULL, host, repository, false);
}

static void test_base64(void)
{
        static const struct {
                const char *text, *plain;
        } good[] = {{"", ""}, {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"}, {"/+8=", "\xff\xef"}};
        static const char *const bad[] = {"Y",        "YQ",     "YQ=",  "YR==", "YWJ=",       "Y===", "====",
                                          "YQ==YQ==", "YQ==\n", "Y Q=", "YQ-_", "\xc3\xa4==", "=YWJ"};

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                CLEANUP_BUFFER struct buffer plain = BUFFER_INIT;
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                CHECK_INT(oci_base64_decode(good[i].text, &plain), 0);
                CHECK_STR(buffer_text(&plain), good[i].plain);
                oci_base64_encode(good[i].plain, strlen(good[i].plain), &text);
                CHECK_STR(buffer_text(&text), good[i].text);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_BUFFER struct buffer plain = BUFFER_INIT;

                if (oci_base64_decode(bad[i], &plain) != -1)
                        CHECK_STR(bad[i], "(refused)");
        }
}

/* "aG9zdDpw" is host:p, and so on: the user says which key it was. */
static void test_keys(void)
{
        const char *path =
                plant("keys.json",
                      "{\"auths\": {"
                      "\"quay.io\": {\"auth\": \"aG9zdDpw\"}, \"quay.io/org\": {\"auth\": \"b3JnOnA=\"}, "
                      "\"quay.io/org/repo\": {\"auth\": \"cmVwbzpw\"}, \"quay.io/stub/x\": {}, "
                      "\"https://index.docker.io/v1/\": {\"auth\": \"aHViOnA=\"}, "
                      "\"http://Old.example:5000/v2/\": {\"auth\": \"b2xkOnA=\"}, "
                      "\"plain.example\": {\"username\": \"u\", \"password\": \"p\"}, "
                      "\"token.example\": {\"auth\": \"dTpw\", \"identitytoken\": \"idt\"}, "
                      "\"bearer.example\": {\"registrytoken\": \"regt\"}, "
                      "\"colon.example\": {\"auth\": \"dTpwOnE=\"}, \"nul.example\": {\"auth\": \"dTpwAAA=\"}, "
                      "\"empty.example\": {\"auth\": \"\", \"identitytoken\": \"\"}}}",
                      0600);
        static const struct {
                const char *host, *repository, *expected;
        } rows[] = {
                {"quay.io", "org/repo", "repo/p//"},
                {"quay.io", "org/repo/deep", "repo/p//"},
                {"quay.io", "org/repository", "org/p//"},
                {"quay.io", "orga/repo", "host/p//"},
                {"quay.io", "stub/x", "host/p//"},
                {"quay.io", NULL, "host/p//"},
                {"QUAY.io", "org", "org/p//"},
                {"docker.io", "library/debian", "hub/p//"},
                {"index.docker.io", NULL, "hub/p//"},
                {"registry-1.docker.io", NULL, "hub/p//"},
                {"old.example:5000", "v2", "old/p//"},
                {"old.example", NULL, ""},
                {"plain.example", "x", "u/p//"},
                {"token.example", "x", "u/p/idt/"},
                {"bearer.example", "x", "///regt"},
                {"colon.example", "x", "u/p:q//"},
                {"nul.example", "x", "u/p//"},
                {"empty.example", "x", ""},
                {"io", "x", ""},
                {"quay.io.evil.example", "org/repo", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *is = find_with(path, NULL, rows[i].host, rows[i].repository, false);

                if (strcmp(is, rows[i].expected) != 0)
                        printf("# host %s\n", rows[i].host);
                CHECK_STR(is, rows[i].expected);
        }
}

static void test_order(void)
{
        CLEANUP_FREE char *dir = memory_printf("%s/docker", directory);
        const char *own;

        (void)plant("me/.docker/config.json", "{\"auths\": {\"r\": {\"auth\": \"aG9tZTpw\"}}}", 0600);
        CHECK_STR(find("r", "x"), "home/p//");
        (void)plant("me/.config/containers/auth.json", "{\"auths\": {\"r\": {\"auth\": \"Y29uZmlnOnA=\"}}}", 0600);
        CHECK_STR(find("r", "x"), "config/p//");
        (void)plant("run/containers/auth.json", "{\"auths\": {\"r\": {\"auth\": \"cnVuOnA=\"}}}", 0600);
        CHECK_STR(find("r", "x"), "run/p//");
        (void)plant("docker/config.json", "{\"auths\": {\"r\": {\"auth\": \"ZG9ja2VyOnA=\"}}}", 0600);
        CHECK_STR(find("r", "x"), "run/p//");
        setenv("DOCKER_CONFIG", dir, 1);
        CHECK_STR(find("r", "x"), "docker/p//");
        setenv("DOCKER_AUTH_CONFIG", "{\"auths\": {\"r\": {\"auth\": \"ZW52OnA=\"}}}", 1);
        CHECK_STR(find("r", "x"), "env/p//");
        own = plant("own.json", "{\"auths\": {\"r\": {\"auth\": \"b3duOnA=\"}}}", 0600);
        setenv("REGISTRY_AUTH_FILE", own, 1);
        CHECK_STR(find("r", "x"), "own/p//");
        CHECK_STR(find("other", "x"), ""); /* that file alone */
        CHECK_STR(find_with("/dev/null", NULL, "r", "x", false), "");
        CHECK_STR(find_with(NULL, "me:secret:x", "r", "x", false), "me/secret:x//");
        CHECK_STR(find_with(NULL, "me:secret", "r", "x", true), "own/p//"); /* --creds are not for a mirror */
        unsetenv("REGISTRY_AUTH_FILE");
        unsetenv("DOCKER_AUTH_CONFIG");
        unsetenv("DOCKER_CONFIG");
        /* A place that does not know the registry, or that is empty, lets the next one speak. */
        (void)plant("run/containers/auth.json", " \n", 0600);
        CHECK_STR(find("r", "x"), "config/p//");
        forget("run/containers/auth.json");
        forget("me/.config/containers/auth.json");
        CHECK_STR(find("r", "x"), "home/p//");
        forget("me/.docker/config.json");
        CHECK_STR(find("r", "x"), "");
}

static void test_bad_files(void)
{
        static const struct {
                const char *text, *error;
        } rows[] = {
                {"{", "cannot read the credentials"},
                {"[]", "is no JSON object"},
                {"{\"auths\": 3}", "auths"},
                {"{\"auths\": []}", "auths"},
                {"{\"auths\": {\"r\": 3}}", "the entry \"r\""},
                {"{\"auths\": {\"r\": {\"auth\": 1e400}}}", "auth"},
                {"{\"auths\": {\"r\": {\"auth\": {}}}}", "auth"},
                {"{\"auths\": {\"r\": {\"auth\": \"YWJj\"}}}", "not the base64 of USER:PASSWORD"},
                {"{\"auths\": {\"r\": {\"auth\": \"OnA=\"}}}", "not the base64 of USER:PASSWORD"},
                {"{\"auths\": {\"r\": {\"auth\": \"dToAcA==\"}}}", "not the base64 of USER:PASSWORD"},
                {"{\"auths\": {\"r\": {\"auth\": \"!!!!\"}}}", "not the base64 of USER:PASSWORD"},
                {"{\"auths\": {\"r\": {\"identitytoken\": \"a\\r\\nX: y\"}}}",
                 "a token has a space or a control character"},
                {"{\"auths\": {\"r\": {\"registrytoken\": \"a b\"}}}", "a token has a space or a control character"},
                {"{\"auths\": {\"r\": {\"auth\": \"dTpw\\u0000\"}}}", "NUL"},
                {"{\"credsStore\": {}}", "credsStore"},
                {"{\"credsStore\": \"../../tmp/x\"}", "cannot be a credential helper"},
                {"{\"credsStore\": \"-x\"}", "cannot be a credential helper"},
                {"{\"credsStore\": \"a b\"}", "cannot be a credential helper"},
                {"{\"credsStore\": \"x\\n\"}", "cannot be a credential helper"},
                {"{\"credHelpers\": {\"r\": \"/bin/sh\"}}", "cannot be a credential helper"},
                {"{\"credHelpers\": {\"r\": []}}", "\"r\""},
                {"{\"credHelpers\": \"x\"}", "credHelpers"},
                {"{\"auths\": {}} {}", "cannot read the credentials"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *is = find_with(plant("bad.json", rows[i].text, 0600), NULL, "r", "x", false);

                CHECK(is[0] == '!');
                CHECK_HAS(is, rows[i].error);
        }
        /* null is absent */
        CHECK_STR(find_with(plant("null.json",
                                  "{\"auths\": {\"r\": {\"auth\": null}}, \"credsStore\": null, \"credHelpers\": null}",
                                  0600),
                            NULL, "r", "x", false),
                  "");
        CHECK_STR(find_with(plant("null.json", "{\"auths\": null}", 0600), NULL, "r", "x", false), "");
}

/* Every field with every wrong value (E8): refused or as if it was not there, and never a credential. */
static void test_every_field(void)
{
        static const char *const shapes[] = {
                "%s",
                "{\"auths\": %s}",
                "{\"auths\": {\"r\": %s}}",
                "{\"auths\": {\"r\": {\"auth\": %s}}}",
                "{\"auths\": {\"r\": {\"username\": %s, \"password\": \"p\"}}}",
                "{\"auths\": {\"r\": {\"username\": \"\", \"password\": %s}}}",
                "{\"auths\": {\"r\": {\"identitytoken\": %s}}}",
                "{\"auths\": {\"r\": {\"registrytoken\": %s}}}",
                "{\"credHelpers\": %s}",
                "{\"credHelpers\": {\"r\": %s}}",
                "{\"credsStore\": %s}",
        };
        static const char *const values[] = {
                "null",
                "true",
                "-1",
                "9223372036854775808",
                "1e400",
                "[]",
                "{}",
                "[{}]",
                "\"\"",
                "\"\xff\"",
                "\"\\u0000\"",
                "\"\\ud800\"",
                "\"a\\nb\"",
                "",
                "{\"a\": 1, \"a\": 2}",
                "\"unterminated",
                "nul",
                "1 2",
                "\xef\xbb\xbf{}",
                "\"\x01\"",
        };
        CLEANUP_FREE char *deep = memory_alloc(200001);
        CLEANUP_FREE char *long_text = memory_alloc(1000003);

        memset(deep, '[', 100000);
        memset(deep + 100000, ']', 100000);
        deep[200000] = '\0';
        memset(long_text, 'x', 1000002);
        long_text[0] = long_text[1000001] = '"';
        long_text[1000002] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(values) + 2; k++) {
                        const char *value = k < ARRAY_SIZE(values)    ? values[k]
                                            : k == ARRAY_SIZE(values) ? deep
                                                                      : long_text;
                        const char *hole = strstr(shapes[i], "%s"), *is;
                        CLEANUP_FREE char *text =
                                memory_printf("%.*s%s%s", (int)(hole - shapes[i]), shapes[i], value, hole + 2);
                        /* a token and a user may be long; the name of a helper may not */
                        bool may = value == long_text &&
                                   (strstr(shapes[i], "token") || strstr(shapes[i], "username\": %s"));

                        is = find_with(plant("any.json", text, 0600), NULL, "r", "x", false);
                        if (is[0] != '\0' && is[0] != '!' && !may)
                                CHECK_STR(text, "(no credential)");
                }
        }
}

static void test_odd_files(void)
{
        CLEANUP_FREE char *big = memory_alloc(2u << 20);
        CLEANUP_FREE char *fifo = memory_printf("%s/fifo", directory);
        CLEANUP_FREE char *missing = memory_printf("%s/nowhere/auth.json", directory);

        memset(big, ' ', (2u << 20) - 1);
        big[(2u << 20) - 1] = '\0';
        CHECK_HAS(find_with(plant("big.json", big, 0600), NULL, "r", "x", false), "larger than the limit");
        CHECK_INT(mkfifo(fifo, 0600), 0);
        CHECK_HAS(find_with(fifo, NULL, "r", "x", false), "it is not a regular file");
        CHECK_HAS(find_with("/dev/zero", NULL, "r", "x", false), "it is not a regular file");
        CHECK_HAS(find_with(directory, NULL, "r", "x", false), "it is not a regular file");
        CHECK_HAS(find_with(missing, NULL, "r", "x", false), "does not exist");
        CHECK_HAS(find_with("", NULL, "r", "x", false), "--authfile is empty");
        CHECK_STR(find_with(NULL, "nocolon", "r", "x", false), "!--creds takes USER:PASSWORD");
        CHECK_STR(find_with(NULL, ":x", "r", "x", false), "!--creds takes USER:PASSWORD");
        (void)find_with(plant("open.json", "{\"auths\": {\"r\": {\"auth\": \"dTpw\"}}}", 0644), NULL, "r", "x", false);
        CHECK_HAS(said, "everybody can read it: chmod 600 ");
        (void)find_with(plant("open.json", "{\"auths\": {\"r\": {\"auth\": \"dTpw\"}}}", 0640), NULL, "r", "x", false);
        CHECK_STR(said, "");
        /* nothing secret was taken out of it */
        (void)find_with(plant("open.json", "{\"auths\": {\"r\": {\"auth\": \"dTpw\"}}}", 0644), NULL, "q", "x", false);
        CHECK_STR(said, "");
}

static const char *find_by(const char *helper, const char *script, const char *host)
{
        CLEANUP_FREE char *program = memory_printf("bin/docker-credential-%s", helper);
        CLEANUP_FREE char *text =
                memory_printf("{\"credHelpers\": {\"%s\": \"%s\"}, \"auths\": {\"%s\": {\"auth\": \"ZmlsZTpw\"}}}",
                              host, helper, host);

        if (script)
                (void)plant(program, script, 0755);
        return find_with(plant("helpers.json", text, 0600), NULL, host, "x", false);
}

static void test_helpers(void)
{
        CHECK_STR(find_by("good",
                          "#!/bin/sh\nread -r host\nprintf "
                          "'{\"Username\":\"%s\",\"Secret\":\"%s\",\"ServerURL\":\"\"}' \"$1\" \"$host\"\n",
                          "r:5000"),
                  "get/r:5000//");
        CHECK_STR(find_by("good", NULL, "docker.io"), "get/https://index.docker.io/v1///");
        CHECK_STR(find_by("token", "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"idt\"}'\n", "r"), "//idt/");
        /* It knows nothing: the file's own entry. Only what is wrong is told. */
        CHECK_STR(find_by("none", "#!/bin/sh\necho credentials not found in native keychain; exit 1\n", "r"),
                  "file/p//");
        CHECK_STR(said, "");
        CHECK_STR(find_by("empty", "#!/bin/sh\necho '{}'\n", "r"), "file/p//");
        CHECK_STR(said, "");
        CHECK_STR(find_by("missing", NULL, "r"), "file/p//");
        CHECK_HAS(said, "no credential for r from its helper: there is no program docker-credential-missing in PATH");
        CHECK_STR(find_by("sad", "#!/bin/sh\nprintf 'no \\033[31mkeyring\\nsecond line'; exit 1\n", "r"), "file/p//");
        CHECK_HAS(said, "docker-credential-sad get failed: \"no \\x1b[31mkeyring\"");
        CHECK_STR(find_by("silent", "#!/bin/sh\nexit 3\n", "r"), "file/p//");
        CHECK_HAS(said, "docker-credential-silent get failed without a word");
        CHECK_STR(find_by("killed", "#!/bin/sh\nkill -9 $$\n", "r"), "file/p//");
        CHECK_HAS(said, "was ended by signal 9");
        CHECK_STR(find_by("odd", "#!/bin/sh\necho '{\"Username\":\"a:b\",\"Secret\":\"s\"}'\n", "r"), "file/p//");
        CHECK_HAS(said, "has a user that is none");
        CHECK_STR(find_by("text", "#!/bin/sh\necho hello\n", "r"), "file/p//");
        CHECK_HAS(said, "the answer of docker-credential-text");
        CHECK_STR(find_by("wrong", "#!/bin/sh\necho '[\"Username\"]'\n", "r"), "file/p//");
        CHECK_HAS(said, "is no JSON object");
        CHECK_STR(find_by("loud", "#!/bin/sh\nexec cat /dev/zero\n", "r"), "file/p//");
        CHECK_HAS(said, "says more than the limit of 65536 bytes");
        CHECK_STR(find_by("slow", "#!/bin/sh\nexec sleep 30\n", "r"), "file/p//");
        CHECK_HAS(said, "docker-credential-slow did not answer in time");
        CHECK_STR(find_by("lingering", "#!/bin/sh\nexec >&-; exec sleep 30\n", "r"), "file/p//");
        CHECK_HAS(said, "docker-credential-lingering did not end in time");
}

/* The secret is in no argument and no variable of the helper, which still has the user's environment. */
static void test_helper_environment(void)
{
        setenv("DOCKER_AUTH_CONFIG", "{\"credsStore\": \"env\"}", 1);
        setenv("KEPT", "kept", 1);
        (void)plant("bin/docker-credential-env",
                    "#!/bin/sh\nprintf '{\"Username\":\"%s-%s-%s\",\"Secret\":\"s\"}' \"$#\" \"$KEPT\" "
                    "\"${DOCKER_AUTH_CONFIG-unset}\"\n",
                    0755);
        CHECK_STR(find("r", "x"), "1-kept-unset/s//");
        unsetenv("DOCKER_AUTH_CONFIG");
}

/* WIRE.12 */
static void test_creds_are_for_their_registries(void)
{
        struct strv registries = STRV_INIT;
        struct oci_credentials_options options = {
                .log = &listener, .authfile = "/dev/null", .credentials = "me:secret", .registries = &registries};
        static const struct {
                const char *host, *named, *user;
        } rows[] = {{"r.example", "r.example", "me"},
                    {"R.example", "R.example", "me"},
                    {"moved.example", "r.example", "me"}, /* the place where registries.conf says that it is */
                    {"r.example", NULL, NULL},            /* as a mirror of another one */
                    {"s.example", "s.example", NULL},
                    {"r.example:5000", "r.example:5000", NULL},
                    {"docker.io", "docker.io", NULL}};
        CLEANUP_CREDENTIALS struct oci_credentials *c = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        strv_add(&registries, "r.example");
        CHECK_OK(oci_credentials_new(&options, &c, &err));
        strv_free(&registries);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;

                CHECK_OK(oci_credentials_find(c, rows[i].host, "x", rows[i].named, &found, &err));
                CHECK_STR(found.user ? found.user : "nobody", rows[i].user ? rows[i].user : "nobody");
        }
        oci_credentials_free(STEAL(c));
        options.registries = &registries; /* empty: for none */
        CHECK_OK(oci_credentials_new(&options, &c, &err));
        for (int i = 0; i < 2; i++) {
                CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;

                said[0] = '\0';
                CHECK_OK(oci_credentials_find(c, "r.example", "x", "r.example", &found, &err));
                CHECK(found.user == NULL);
                CHECK((strstr(said, "without the credential of --creds") != NULL) == (i == 0)); /* told once */
        }
}

static void test_helper_is_asked_once(void)
{
        struct oci_credentials_options options = {.log = &listener};
        CLEANUP_CREDENTIALS struct oci_credentials *c = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        setenv("DOCKER_AUTH_CONFIG", "{\"credsStore\": \"count\"}", 1);
        (void)plant("bin/docker-credential-count",
                    "#!/bin/sh\necho x >> \"$HOME/asked\"\nprintf '{\"Username\":\"%s\",\"Secret\":\"s\"}' \"$(wc -l < "
                    "\"$HOME/asked\")\"\n",
                    0755);
        CHECK_OK(oci_credentials_new(&options, &c, &err));
        for (int i = 0; i < 3; i++) {
                CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;

                CHECK_OK(oci_credentials_find(c, "r", "x", "r", &found, &err));
                CHECK_STR(found.user, "1");
        }
        unsetenv("DOCKER_AUTH_CONFIG");
}

/* WIRE.11 */
static void test_helper_hosts(void)
{
        static const char *const bad[] = {"", "a\nb", "a b", "a\x7f", "\xc3\xa4"};

        (void)plant("bin/docker-credential-yes", "#!/bin/sh\ncat > \"$HOME/store\"\n", 0755);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;
                CLEANUP_ERROR struct error err = ERROR_INIT;

                CHECK_INT(oci_credentials_helper_get("yes", bad[i], 2, &found, &err), -1);
                CHECK_HAS(err.message, "is no name of a registry");
        }
}

static void test_helper_stores(void)
{
        struct oci_credential credential = {.user = memory_strdup("u"), .secret = memory_strdup("p\"q")};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = memory_printf("%s/me/store", directory);

        CHECK_OK(oci_credentials_helper_store("yes", "r", 2, &credential, &err));
        CHECK_OK(fd_read_file(AT_FDCWD, path, 1000, false, &text, &err));
        CHECK_STR(buffer_text(&text), "{\"ServerURL\":\"r\",\"Username\":\"u\",\"Secret\":\"p\\\"q\"}");
        buffer_clear(&text);
        CHECK_OK(oci_credentials_helper_erase("yes", "docker.io", 2, &err));
        CHECK_OK(fd_read_file(AT_FDCWD, path, 1000, false, &text, &err));
        CHECK_STR(buffer_text(&text), "https://index.docker.io/v1/");
        oci_credential_free(&credential);
}

int main(void)
{
        CLEANUP_FREE char *home = NULL;
        CLEANUP_FREE char *runtime = NULL;
        CLEANUP_FREE char *path = NULL;

        (void)snprintf(directory, sizeof(directory), "%s/credentials.XXXXXX",
                       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(directory))
                return 1;
        home = memory_printf("%s/me", directory);
        runtime = memory_printf("%s/run", directory);
        path = memory_printf("%s/bin:%s", directory, getenv("PATH"));
        (void)mkdir(home, 0700);
        setenv("HOME", home, 1);
        setenv("XDG_RUNTIME_DIR", runtime, 1);
        setenv("PATH", path, 1);
        unsetenv("XDG_CONFIG_HOME");
        unsetenv("DOCKER_CONFIG");
        unsetenv("DOCKER_AUTH_CONFIG");
        unsetenv("REGISTRY_AUTH_FILE");
        CHECK_RUN(test_base64);
        CHECK_RUN(test_keys);
        CHECK_RUN(test_order);
        CHECK_RUN(test_bad_files);
        CHECK_RUN(test_every_field);
        CHECK_RUN(test_odd_files);
        CHECK_RUN(test_helpers);
        CHECK_RUN(test_helper_environment);
        CHECK_RUN(test_creds_are_for_their_registries);
        CHECK_RUN(test_helper_is_asked_once);
        CHECK_RUN(test_helper_hosts);
        CHECK_RUN(test_helper_stores);
        return CHECK_END();
}
