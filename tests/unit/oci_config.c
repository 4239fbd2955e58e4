/* SPDX-License-Identifier: Apache-2.0 */
/* Configs, manifests, indexes and platforms: pinned bytes, what survives, what is refused. */
#include <errno.h>

#include "common/memory.h"
#include "oci/config.h"
#include "oci/digest.h"
#include "oci/limits.h"
#include "oci/manifest.h"
#include "tests/unit/check.h"

#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define DIGEST "sha256:" ZEROS
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}"

static char *config_again(const char *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_CONFIG struct oci_config *c = NULL, *copy = NULL;
        struct buffer b = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer b2 = BUFFER_INIT;

        if (oci_config_parse("config", text, strlen(text), &c, &err) < 0) {
                buffer_printf(&b, "error: %s", err.message);
                return buffer_steal(&b);
        }
        copy = oci_config_copy(c);
        oci_config_format(c, &b);
        oci_config_format(copy, &b2);
        CHECK_STR(buffer_text(&b2), buffer_text(&b));
        return buffer_steal(&b);
}

static void test_config_round_trip(void)
{
        static const struct {
                const char *text, *back; /* NULL: the same */
        } table[] = {
                {"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{}," ROOTFS "}", NULL},
                {"{\"created\":\"2024-01-01T00:00:00Z\",\"author\":\"A "
                 "<a@b>\",\"architecture\":\"arm\",\"os\":\"linux\",\"os.version\":\"1\",\"os.features\":[\"f\"],"
                 "\"variant\":\"v7\",\"config\":{"
                 "\"User\":\"1:2\",\"ExposedPorts\":{\"80/tcp\":{},\"9/udp\":{}},\"Env\":[\"PATH=/"
                 "bin\",\"E=\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[],\"Volumes\":{\"/a\":{},\"/b\":{}},"
                 "\"WorkingDir\":\"/"
                 "w\",\"Labels\":{\"a\":\"1\",\"b\":\"\"},\"StopSignal\":\"SIGINT\",\"ArgsEscaped\":true,"
                 "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":1000000000,"
                 "\"Timeout\":2,\"StartPeriod\":3,\"StartInterval\":4,\"Retries\":5},\"OnBuild\":[\"RUN "
                 "x\"],\"Shell\":[\"/bin/bash\",\"-c\"],\"Memory\":12,\"x\":{\"y\":[1.50,null]}},"
                 "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST
                 "\"]},\"history\":[{\"created\":\"2024-01-01T00:00:00Z\",\"created_by\":\"RUN a \\u0026\\u0026 "
                 "b\",\"author\":\"x\","
                 "\"comment\":\"y\",\"empty_layer\":true},{}],\"container_config\":{\"Cmd\":null},\"docker_version\":"
                 "\"20\"}",
                 ""},
                /* null is absent, [] is not */
                {"{\"architecture\":\"a\",\"os\":\"l\",\"config\":{\"Cmd\":null,\"Entrypoint\":[],\"Env\":null,"
                 "\"Volumes\":null,\"Labels\":null,\"Healthcheck\":null,\"Shell\":null,\"OnBuild\":null}," ROOTFS
                 ",\"history\":null}",
                 "{\"architecture\":\"a\",\"os\":\"l\",\"config\":{\"Entrypoint\":[]}," ROOTFS "}"},
                /* order of the input does not matter, sets and labels come out sorted */
                {"{" ROOTFS ",\"os\":\"l\",\"config\":{\"Labels\":{\"b\":\"1\",\"a\":\"2\"},\"Volumes\":{\"/z\":{},\"/"
                 "y\":{}},\"ExposedPorts\":{\"2\":{},\"1\":{}}},\"architecture\":\"a\"}",
                 "{\"architecture\":\"a\",\"os\":\"l\",\"config\":{\"ExposedPorts\":{\"1\":{},\"2\":{}},\"Volumes\":{"
                 "\"/y\":{},\"/z\":{}},\"Labels\":{\"a\":\"2\",\"b\":\"1\"}}," ROOTFS "}"},
                {"{\"config\":null," ROOTFS "}", "{\"architecture\":\"\",\"os\":\"\",\"config\":{}," ROOTFS "}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *back = config_again(table[i].text);

                if (table[i].back != NULL && *table[i].back == '\0') {
                        /* escaped on the way out */
                        CLEANUP_FREE char *expected = memory_strdup(table[i].text);
                        char *a = strstr(expected, "<a@b>");
                        CLEANUP_FREE char *whole =
                                memory_printf("%.*s\\u003ca@b\\u003e%s", (int)(a - expected), expected, a + 5);

                        CHECK_STR(back, whole);
                } else {
                        CHECK_STR(back, table[i].back ? table[i].back : table[i].text);
                }
        }
}

static void test_config_refuse(void)
{
        static const struct {
                const char *text, *message;
        } table[] = {
                {"[]", "is an array, not an object"},
                {"{}", "no \"rootfs\""},
                {"{\"rootfs\":null}", "no \"rootfs\""},
                {"{\"rootfs\":{\"diff_ids\":[]}}", "is not \"layers\""},
                {"{\"rootfs\":{\"type\":\"x\"}}", "is not \"layers\""},
                {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../x\"]}}",
                 "diff ID 1: digest \"sha256:../../x\""},
                {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"md5:00\"]}}", "diff ID 1: digest \"md5:00\""},
                {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}", "only strings may be"},
                {"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":\"x\"}}", "not an array"},
                {"{\"os\":1," ROOTFS "}", "\"os\" is a number, not a string"},
                {"{\"OS\":\"linux\"," ROOTFS "}", "\"OS\" must be written \"os\""},
                {"{\"config\":[]," ROOTFS "}", "\"config\" is an array"},
                {"{\"config\":{\"env\":[]}," ROOTFS "}", "\"env\" must be written \"Env\""},
                {"{\"config\":{\"Env\":[\"SECRET_X\"]}," ROOTFS "}", "\"SECRET_X\" is not NAME=VALUE"},
                {"{\"config\":{\"Env\":[\"*\"]}," ROOTFS "}", "\"*\" is not NAME=VALUE"},
                {"{\"config\":{\"Env\":[\"=x\"]}," ROOTFS "}", "\"=x\" is not NAME=VALUE"},
                {"{\"config\":{\"Env\":[\"\"]}," ROOTFS "}", "\"\" is not NAME=VALUE"},
                {"{\"config\":{\"Env\":[\"A=1\\u0000B=2\"]}," ROOTFS "}", "NUL"},
                {"{\"config\":{\"Env\":{}}," ROOTFS "}", "\"Env\" is an object"},
                {"{\"config\":{\"Cmd\":\"x\"}," ROOTFS "}", "\"Cmd\" is a string"},
                {"{\"config\":{\"Cmd\":[null]}," ROOTFS "}", "\"Cmd\" holds null"},
                {"{\"config\":{\"Labels\":{\"a\":1}}," ROOTFS "}", "\"Labels\" holds a number"},
                {"{\"config\":{\"Volumes\":[\"/a\"]}," ROOTFS "}", "\"Volumes\" is an array"},
                {"{\"config\":{\"Healthcheck\":{\"Retries\":1e400}}," ROOTFS "}", "not a whole number"},
                {"{\"config\":{\"Healthcheck\":{\"Retries\":9223372036854775808}}," ROOTFS "}", "not a whole number"},
                {"{\"config\":{\"ArgsEscaped\":1}," ROOTFS "}", "\"ArgsEscaped\" is a number"},
                {"{\"history\":[1]," ROOTFS "}", "\"history\" entry is a number"},
                {"{\"history\":[{\"empty_layer\":\"x\"}]," ROOTFS "}", "\"empty_layer\" is a string"},
                {"{\"os\":\"a\",\"os\":\"b\"," ROOTFS "}", "twice"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *back = config_again(table[i].text);

                CHECK_HAS(back, "error: config");
                CHECK_HAS(back, table[i].message);
        }
}

/* GUARD.6: too many layers. */
static void test_config_layers(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *back = NULL;

        buffer_append_string(&b, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
        for (int i = 0; i <= OCI_LIMIT_LAYERS; i++)
                buffer_printf(&b, "%s\"" DIGEST "\"", i ? "," : "");
        buffer_append_string(&b, "]}}");
        back = config_again(buffer_text(&b));
        CHECK_HAS(back, "more than the limit of 1000 layers");
}

static void test_config_new(void)
{
        CLEANUP_CONFIG struct oci_config *c = oci_config_new();
        CLEANUP_STRV struct strv words = STRV_INIT;

        CHECK_STR(c->os, "linux");
        CHECK_STR(c->architecture, oci_config_host_architecture());
        oci_argv_assign(&c->config.cmd, &words);
        CHECK(c->config.cmd.set);
        strv_add(&words, "x");
        oci_argv_assign(&c->config.cmd, &words);
        CHECK_INT(c->config.cmd.items.count, 1);
        oci_argv_assign(&c->config.cmd, NULL);
        CHECK(!c->config.cmd.set);
        CHECK_INT(c->config.cmd.items.count, 0);
}

/* ---- manifests ------------------------------------------------------------------------------- */

#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":7}"
#define MANIFEST                                                                                                       \
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_MANIFEST                                                      \
        "\",\"config\":" DESCRIPTOR(OCI_TYPE_CONFIG) ",\"layers\":[" DESCRIPTOR(OCI_TYPE_LAYER) "]}"
#define INDEX                                                                                                          \
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_INDEX "\",\"manifests\":[" DESCRIPTOR(OCI_TYPE_MANIFEST) "]}"

static char *document_again(const char *text, const char *type)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_MANIFEST struct oci_manifest *m = NULL;
        CLEANUP_INDEX struct oci_index *x = NULL;
        struct buffer b = BUFFER_INIT;
        enum oci_document kind = OCI_DOCUMENT_INDEX;
        int result = oci_document_detect("doc", text, strlen(text), type, &kind, &err);

        if (result == 0 && kind == OCI_DOCUMENT_MANIFEST)
                result = oci_manifest_parse("doc", text, strlen(text), type, &m, &err);
        else if (result == 0)
                result = oci_index_parse("doc", text, strlen(text), type, &x, &err);
        if (result < 0)
                buffer_printf(&b, "error: %s", err.message);
        else if (m != NULL)
                oci_manifest_format(m, &b);
        else
                oci_index_format(x, &b);
        return buffer_steal(&b);
}

static void test_document_round_trip(void)
{
        static const struct {
                const char *text, *type, *back;
        } table[] = {
                {MANIFEST, NULL, NULL},
                {MANIFEST, OCI_TYPE_MANIFEST, NULL},
                {INDEX, NULL, NULL},
                {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(OCI_TYPE_CONFIG) ",\"layers\":[" DESCRIPTOR(
                         OCI_TYPE_LAYER) "]}",
                 NULL, MANIFEST},
                {"{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR(OCI_TYPE_MANIFEST) "]}", NULL, INDEX},
                {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(OCI_TYPE_DOCKER_CONFIG) ",\"layers\":[]}", NULL,
                 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_DOCKER_MANIFEST
                 "\",\"config\":" DESCRIPTOR(OCI_TYPE_DOCKER_CONFIG) ",\"layers\":[]}"},
                {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_MANIFEST
                 "\",\"artifactType\":\"a/b\",\"config\":" DESCRIPTOR(
                         "x/y") ",\"layers\":[{\"mediaType\":\"x/y\",\"digest\":\"" DIGEST "\",\"size\":0,"
                                "\"urls\":[\"https://"
                                "a\"],\"annotations\":{\"a\":\"b\"},\"platform\":{\"architecture\":\"arm\",\"os\":"
                                "\"linux\",\"os.version\":\"1\",\"os.features\":[\"x\"],\"variant\":\"v7\"},"
                                "\"artifactType\":\"c/d\"}],"
                                "\"subject\":" DESCRIPTOR("x/y") ",\"annotations\":{\"k\":\"v\"}}",
                 NULL, NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *back = document_again(table[i].text, table[i].type);

                CHECK_STR(back, table[i].back ? table[i].back : table[i].text);
        }
}

#define BAD_SIZE(size)                                                                                                 \
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" DIGEST "\",\"size\":" size                \
        "},\"layers\":[]}"
#define BAD_DIGEST(digest)                                                                                             \
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":" digest ",\"size\":1},\"layers\":[]}"

static void test_document_refuse(void)
{
        static const struct {
                const char *text, *type, *message;
        } table[] = {
                {"[]", NULL, "not an object"},
                {"{}", NULL, "\"schemaVersion\" is not 2"},
                {"{\"schemaVersion\":\"2\"}", NULL, "is a string"},
                {"{\"schemaVersion\":3}", NULL, "is not 2"},
                {"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, "schema 1, which was withdrawn"},
                {"{\"schemaVersion\":2,\"fsLayers\":[]}", NULL, "schema 1"},
                {MANIFEST, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"},
                {MANIFEST, "text/html", "is of type \"text/html\", neither"},
                {MANIFEST, OCI_TYPE_INDEX, "but was given as"},
                {MANIFEST, OCI_TYPE_DOCKER_MANIFEST, "but was given as"},
                {INDEX, OCI_TYPE_MANIFEST, "but was given as"},
                {"{\"schemaVersion\":2,\"manifests\":[]}", OCI_TYPE_MANIFEST, "is not what its type says"},
                {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_MANIFEST "\",\"manifests\":[]}", NULL,
                 "is not what its type says"},
                {"{\"schemaVersion\":2,\"mediaType\":\"a\\u001b/b\",\"manifests\":[]}", NULL, "type \"a\\x1b/b\""},
                {"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", NULL, "has both of"},
                {"{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}", NULL, "has both of"},
                {"{\"schemaVersion\":2}", NULL, "has none of"},
                {"{\"schemaVersion\":2,\"Layers\":[],\"manifests\":[]}", NULL, "\"Layers\" must be written \"layers\""},
                {"{\"schemaVersion\":2,\"layers\":[],\"layers\":[]}", NULL, "twice"},
                {"{\"schemaVersion\":2,\"layers\":[]}", NULL, "no \"config\""},
                {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR("x") "}", NULL, "no \"layers\""},
                {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR("x") ",\"layers\":null}", NULL, "no \"layers\""},
                {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR("x") ",\"layers\":[1]}", NULL,
                 "a descriptor is a number"},
                {"{\"schemaVersion\":2,\"config\":{\"digest\":\"" DIGEST "\",\"size\":1},\"layers\":[]}", NULL,
                 "no \"mediaType\""},
                {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"size\":1},\"layers\":[]}", NULL,
                 "no \"digest\""},
                {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" DIGEST
                 "\",\"Size\":1,\"size\":2},\"layers\":[]}",
                 NULL, "\"Size\" must be written"},
                {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" DIGEST "\"},\"layers\":[]}", NULL,
                 "\"size\" is missing"},
                {BAD_SIZE("-1"), NULL, "\"size\" is missing, negative"},
                {BAD_SIZE("9223372036854775807"), NULL, "too large"},
                {BAD_SIZE("9223372036854775808"), NULL, "not a whole number"},
                {BAD_SIZE("1e400"), NULL, "not a whole number"},
                {BAD_SIZE("\"1\""), NULL, "is a string"},
                {BAD_SIZE("null"), NULL, "missing"},
                {BAD_DIGEST("\"sha256:../../x\""), NULL, "digest \"sha256:../../x\""},
                {BAD_DIGEST("\"\""), NULL, "digest \"\""},
                {BAD_DIGEST("\"" DIGEST "0\""), NULL, "digest "},
                {BAD_DIGEST("\"" DIGEST "\\n\""), NULL, "digest "},
                {BAD_DIGEST("\"SHA256:" ZEROS "\""), NULL, "digest "},
                {BAD_DIGEST("7"), NULL, "is a number"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *back = document_again(table[i].text, table[i].type);

                CHECK_HAS(back, "error: doc");
                CHECK_HAS(back, table[i].message);
        }
}

/* Thousands of damaged documents: an error or a result, never a crash (the sanitizers watch). */
static void test_mutations(void)
{
        static const char *const texts[] = {
                MANIFEST,
                INDEX,
                "{\"config\":{\"Env\":[\"A=1\"],\"Cmd\":[],\"Labels\":{\"a\":\"\\u00e9\\ud83d\\ude00\"},"
                "\"Healthcheck\":{\"Retries\":5},\"x\":[1.5e3,null]}," ROOTFS ",\"history\":[{\"empty_layer\":true}]}",
        };
        static const char *const inserts[] = {
                "null",    "-1",      "9223372036854775808",
                "1e400",   "\"\"",    "[]",
                "{}",      "\xff",    "\\u0000",
                "\\ud800", "{\"a\":", "[",
                "]",       "}",       ",",
                ":",       "\"",      "\\",
        };
        unsigned seed = 1;

        for (int round = 0; round < 6000; round++) {
                const char *text = texts[round % 3];
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *config = NULL, *document = NULL;
                size_t at = (seed = seed * 1103515245 + 12345, seed >> 8) % strlen(text);
                size_t cut = (seed = seed * 1103515245 + 12345, seed >> 8) % 12;
                const char *insert = inserts[(seed = seed * 1103515245 + 12345, seed >> 8) % ARRAY_SIZE(inserts)];

                buffer_append(&b, text, at);
                buffer_append_string(&b, seed & 0x800000 ? insert : "");
                if (at + cut < strlen(text))
                        buffer_append_string(&b, text + at + cut);
                config = config_again(buffer_text(&b));
                document = document_again(buffer_text(&b), NULL);
                CHECK(*config != '\0' && *document != '\0');
        }
}

/* ---- platforms -------------------------------------------------------------------------------- */

static void test_platform_parse(void)
{
        static const struct {
                const char *text, *back;
        } table[] = {
                {"linux/amd64", "linux/amd64"},
                {"linux/arm/v7", "linux/arm/v7"},
                {"linux/x86_64", "linux/amd64"},
                {"linux/aarch64", "linux/arm64"},
                {"linux/armhf", "linux/arm/v7"},
                {"linux/armel", "linux/arm/v6"},
                {"arm64", "linux/arm64"},
                {"aarch64", "linux/arm64"},
                {"armhf", "linux/arm/v7"},
                {"macos/arm64", "darwin/arm64"},
                {"windows/amd64", "windows/amd64"},
                {"", NULL},
                {"linux/", NULL},
                {"/amd64", NULL},
                {"linux/a/b/c", NULL},
                {"linux/a b", NULL},
                {"linux//v7", NULL},
                {"linux/\x1b", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_PLATFORM struct oci_platform *p = NULL;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

                CHECK_INT(oci_platform_parse(table[i].text, &p, &err), table[i].back ? 0 : -1);
                if (p != NULL)
                        oci_platform_format(p, &b);
                CHECK_STR(p ? buffer_text(&b) : NULL, table[i].back);
        }
}

static void test_choose(void)
{
        static const struct {
                const char *have; /* platforms separated by spaces; "-" without one, "att" an attestation */
                const char *want;
                int index; /* -1: none */
        } table[] = {
                {"linux/amd64", "linux/amd64", 0},
                {"linux/arm64 linux/amd64", "linux/amd64", 1},
                {"windows/amd64 linux/amd64", "linux/amd64", 1},
                {"linux/amd64 linux/amd64", "linux/amd64", 0},
                {"linux/amd64/v3 linux/amd64", "linux/amd64", 1},
                {"linux/amd64/v3", "linux/amd64", -1},
                {"linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v3", 1},
                {"linux/amd64/v1", "linux/amd64", 0},
                {"linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm/v8", "linux/arm/v7", 2},
                {"linux/arm/v5 linux/arm/v6", "linux/arm/v7", 1},
                {"linux/arm/v7", "linux/arm/v6", -1},
                {"linux/arm", "linux/arm/v7", 0},
                {"linux/arm64/v8", "linux/arm64", 0},
                {"linux/arm/v7 linux/arm64", "linux/arm64", 1},
                {"linux/arm/v5 linux/arm/v7", "linux/arm64", 1},
                {"linux/arm64", "linux/arm/v7", -1},
                {"linux/386", "linux/amd64", -1},
                {"att linux/amd64", "linux/amd64", 1},
                {"att", "linux/amd64", -1},
                {"-", "linux/amd64", 0},
                {"- -", "linux/amd64", -1},
                {"- linux/amd64", "linux/amd64", 1},
                {"unknown/unknown -", "linux/amd64", 1},
                {"linux/amd64/weird", "linux/amd64", -1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_INDEX struct oci_index *x = oci_index_new(OCI_TYPE_INDEX);
                CLEANUP_PLATFORM struct oci_platform *want = NULL;
                CLEANUP_FREE char *text = memory_strdup(table[i].have);
                const struct oci_descriptor *chosen = NULL;
                char *rest = text;

                for (char *one = strsep(&rest, " "); one != NULL; one = strsep(&rest, " ")) {
                        struct oci_descriptor *d = oci_index_add_manifest(x, &(struct oci_descriptor){.size = 1});

                        if (strcmp(one, "att") == 0) {
                                CHECK_OK(oci_platform_parse("linux/amd64", &d->platform, &err));
                                oci_labels_set(&d->annotations, "vnd.docker.reference.type", "attestation-manifest");
                        } else if (strcmp(one, "-") != 0) {
                                CHECK_OK(oci_platform_parse(one, &d->platform, &err));
                        }
                }
                CHECK_OK(oci_platform_parse(table[i].want, &want, &err));
                if (oci_index_choose("index x", x, want, &chosen, &err) < 0)
                        CHECK_HAS(err.message, "index x has no image for linux/");
                if ((chosen ? chosen - x->manifests : -1) != table[i].index)
                        printf("# %s for %s\n", table[i].have, table[i].want);
                CHECK_INT(chosen ? chosen - x->manifests : -1, table[i].index);
        }
}

int main(void)
{
        CHECK_RUN(test_config_round_trip);
        CHECK_RUN(test_config_refuse);
        CHECK_RUN(test_config_layers);
        CHECK_RUN(test_config_new);
        CHECK_RUN(test_document_round_trip);
        CHECK_RUN(test_document_refuse);
        CHECK_RUN(test_mutations);
        CHECK_RUN(test_platform_parse);
        CHECK_RUN(test_choose);
        return CHECK_END();
}
