/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WIRE.8: documents of every wrong shape. Each value of a complete document of each kind is replaced by each of a list
 * of wrong ones, left out, and given twice. Nothing crashes; what is refused is refused in one printable sentence of a
 * bounded length that names the document; what is accepted can be written and read again.
 */
#include <ctype.h>

#include "common/memory.h"
#include "oci/auth.h"
#include "oci/auth_token.h"
#include "oci/cache_config.h"
#include "oci/config.h"
#include "oci/credentials_file.h"
#include "oci/manifest.h"
#include "tests/unit/check.h"

#define WHAT "the document"
/* Deeper than any limit on nesting, and long enough to show a message that repeats what it was given. */
#define DEEP 100000
#define LONG (1u << 18)

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "\"sha256:" HEX "\""
#define LAYER  "application/vnd.oci.image.layer.v1.tar+gzip"

static const char manifest_text[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_MANIFEST
        "\",\"artifactType\":\"a/b\",\"config\":{\"mediaType\":\"" OCI_TYPE_CONFIG "\",\"digest\":" DIGEST
        ",\"size\":7,\"data\":\"e30=\"},\"layers\":[{\"mediaType\":\"" LAYER "\",\"digest\":" DIGEST
        ",\"size\":12,\"urls\":[\"https://x/"
        "y\"],\"annotations\":{\"a\":\"b\"}}],\"subject\":{\"mediaType\":\"" OCI_TYPE_MANIFEST "\",\"digest\":" DIGEST
        ",\"size\":3},\"annotations\":{\"k\":\"v\"}}";

static const char index_text[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" OCI_TYPE_INDEX "\",\"manifests\":[{\"mediaType\":\"" OCI_TYPE_MANIFEST
        "\",\"digest\":" DIGEST ",\"size\":7,\"platform\":{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":"
                                "\"v7\",\"os.version\":\"1\",\"os.features\":[\"f\"],"
        "\"features\":[\"g\"]},\"annotations\":{\"a\":\"b\"},\"artifactType\":\"a/b\"}],\"annotations\":{\"k\":\"v\"}}";

static const char config_text[] =
        "{\"created\":\"2024-01-02T03:04:05.678Z\",\"author\":\"me\",\"architecture\":\"amd64\",\"variant\":\"v2\","
        "\"os\":\"linux\",\"os.version\":\"1\","
        "\"os.features\":[\"f\"],\"config\":{\"User\":\"1:2\",\"ExposedPorts\":{\"80/"
        "tcp\":{}},\"Env\":[\"A=b\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"],"
        "\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/"
        "w\",\"Labels\":{\"l\":\"m\"},\"StopSignal\":\"SIGTERM\",\"OnBuild\":[\"RUN true\"],\"Shell\":[\"/s\"],"
        "\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":[\"CMD\",\"t\"],\"Interval\":1,\"Timeout\":2,\"StartPeriod\":3,"
        "\"StartInterval\":4,\"Retries\":5}},"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" DIGEST
        "]},\"history\":[{\"created\":\"2024-01-02T03:04:05Z\",\"created_by\":\"RUN x\","
        "\"author\":\"me\",\"comment\":\"c\",\"empty_layer\":false}],\"moby.buildkit.cache.v0\":\"e30=\"}";

static const char auth_text[] =
        "{\"auths\":{\"r.example\":{\"auth\":\"dTpw\",\"username\":\"u\",\"password\":\"p\",\"email\":\"e\","
        "\"identitytoken\":\"i\",\"registrytoken\":\"r\"},"
        "\"https://index.docker.io/v1/"
        "\":{}},\"credHelpers\":{\"h.example\":\"helper\"},\"credsStore\":\"store\",\"HttpHeaders\":{\"A\":\"b\"}}";

static const char token_text[] = "{\"token\":\"t\",\"access_token\":\"t\",\"expires_in\":300,\"issued_at\":\"2024-01-"
                                 "02T03:04:05Z\",\"refresh_token\":\"r\"}";

/* --- the parsers -------------------------------------------------------------------------- */

static int parse_manifest(const char *text, size_t size, struct error *err)
{
        CLEANUP_MANIFEST struct oci_manifest *m = NULL;

        return oci_manifest_parse(WHAT, text, size, NULL, &m, err);
}

static int parse_index(const char *text, size_t size, struct error *err)
{
        CLEANUP_INDEX struct oci_index *x = NULL;
        CLEANUP_BUFFER struct buffer again = BUFFER_INIT;
        struct oci_index *second = NULL;

        if (oci_index_parse(WHAT, text, size, NULL, &x, err) < 0)
                return -1;
        oci_index_format(x, &again);
        CHECK_INT(oci_index_parse(WHAT, again.data, again.size, NULL, &second, err), 0);
        oci_index_free(second);
        return 0;
}

static int parse_config(const char *text, size_t size, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *c = NULL;
        CLEANUP_CONFIG struct oci_config *second = NULL;
        CLEANUP_BUFFER struct buffer again = BUFFER_INIT;

        if (oci_config_parse(WHAT, text, size, &c, err) < 0)
                return -1;
        oci_config_format(c, &again);
        CHECK_INT(oci_config_parse(WHAT, again.data, again.size, &second, err), 0);
        return 0;
}

static int parse_auth(const char *text, size_t size, struct error *err)
{
        static const char *const hosts[] = {"r.example", "docker.io", "h.example"};
        CLEANUP_CREDENTIALS_FILE struct oci_credentials_file *f = NULL;
        int result = oci_credentials_file_parse(WHAT, text, size, &f, err);

        for (size_t i = 0; result == 0 && i < ARRAY_SIZE(hosts); i++) {
                CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;
                CLEANUP_FREE char *helper = NULL;

                result = oci_credentials_file_find(f, hosts[i], "x", &found, err) < 0 ||
                                         oci_credentials_file_helper(f, hosts[i], &helper, err) < 0
                                 ? -1
                                 : 0;
        }
        return result;
}

static int parse_token(const char *text, size_t size, struct error *err)
{
        CLEANUP_FREE char *token = NULL;
        unsigned seconds;

        return auth_token_parse(WHAT, text, size, &token, &seconds, err);
}

static int parse_cache(const char *text, size_t size, struct error *err)
{
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;

        return oci_cache_config_parse(WHAT, text, size, 1, &c, err);
}

/* --- where the values are -------------------------------------------------------------------- */

struct span {
        size_t begin, end; /* of the value */
        size_t member;     /* of its key, or `begin` for an item of an array */
};

struct spans {
        struct span items[256];
        size_t count;
};

static size_t skip_string(const char *text, size_t at)
{
        for (at++; text[at] != '"'; at++)
                if (text[at] == '\\')
                        at++;
        return at + 1;
}

/* `text` is one of the documents above, without blanks. */
static size_t walk(const char *text, size_t at, size_t member, struct spans *ret)
{
        struct span *own = &ret->items[ret->count++];
        size_t begin = at;

        if (text[at] == '"') {
                at = skip_string(text, at);
        } else if (text[at] == '{' || text[at] == '[') {
                bool object = text[at++] == '{';

                while (text[at] != '}' && text[at] != ']') {
                        size_t key = at;

                        at = object ? skip_string(text, at) + 1 : at;
                        at = walk(text, at, key, ret);
                        at += text[at] == ',';
                }
                at++;
        } else {
                at += strcspn(text + at, ",]}");
        }
        *own = (struct span){begin, at, member};
        return at;
}

/* --- what is put there ------------------------------------------------------------------------ */

static const struct {
        const char *text;
        size_t size; /* 0: up to its end */
} wrong[] = {
        {"null", 0},
        {"true", 0},
        {"7", 0},
        {"-1", 0},
        {"9223372036854775808", 0},
        {"1e400", 0},
        {"-0.5", 0},
        {"\"\"", 0},
        {"\"x\"", 0},
        {"\"../../x\"", 0},
        {"\"a\\nb\\u001b[31m\\u009b\"", 0},
        {"\"\xff\xfe\"", 0},
        {"\"a\\u0000b\"", 0},
        {"\"a\0b\"", 5},
        {"\"\\ud800\"", 0},
        {"[]", 0},
        {"[[]]", 0},
        {"[null]", 0},
        {"{}", 0},
        {"{\"a\":{}}", 0},
        {"{\"\":null}", 0},
        {"{\"a\":1,\"a\":2}", 0},
        {"", 0},
        {"nul", 0},
};

static unsigned tried, accepted;

static void judge(const char *kind, int (*parse)(const char *text, size_t size, struct error *err),
                  const struct buffer *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int result = parse(buffer_text(text), text->size, &err);
        bool sound = true;

        tried++;
        accepted += result == 0;
        if ((result == 0) == error_is_set(&err) || (result < 0 && (err.code == 0 || !err.message[0])))
                sound = false;
        for (const char *c = error_is_set(&err) ? err.message : ""; *c; c++)
                sound = sound && !iscntrl((unsigned char)*c);
        if (result < 0 && (strlen(err.message) > 1024 || !strstr(err.message, WHAT)))
                sound = false;
        if (!sound)
                printf("# %s: result %d, code %d: %.300s\n# from %.300s\n", kind, result, err.code,
                       err.message ? err.message : "", buffer_text(text));
        CHECK(sound);
}

static void put(struct buffer *b, const char *good, size_t begin, size_t end, const char *value, size_t size)
{
        b->size = 0;
        buffer_append(b, good, begin);
        buffer_append(b, value, size);
        buffer_append_string(b, good + end);
}

static void try_document(const char *kind, const char *good,
                         int (*parse)(const char *text, size_t size, struct error *err))
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT, deep = BUFFER_INIT, large = BUFFER_INIT;
        struct spans spans = {.count = 0};

        if (parse(good, strlen(good), &err) < 0)
                printf("# %s: %s\n", kind, err.message);
        CHECK(!error_is_set(&err)); /* else nothing below says anything */
        CHECK_INT(walk(good, 0, 0, &spans), strlen(good));
        for (size_t i = 0; i < DEEP; i++)
                buffer_append_char(&deep, '[');
        for (size_t i = 0; i < DEEP; i++)
                buffer_append_char(&deep, ']');
        memset(buffer_reserve(&large, LONG), 'x', LONG);
        large.size = LONG;
        large.data[0] = large.data[LONG - 1] = '"';
        for (size_t i = 0; i < spans.count; i++) {
                const struct span *s = &spans.items[i];
                CLEANUP_FREE char *member = memory_strndup(good + s->member, s->end - s->member);
                CLEANUP_FREE char *twice = memory_printf("%s,%s", member, member);
                size_t comma = good[s->end] == ',';

                for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
                        put(&text, good, s->begin, s->end, wrong[k].text,
                            wrong[k].size ? wrong[k].size : strlen(wrong[k].text));
                        judge(kind, parse, &text);
                }
                put(&text, good, s->begin, s->end, deep.data, deep.size);
                judge(kind, parse, &text);
                put(&text, good, s->begin, s->end, large.data, large.size);
                judge(kind, parse, &text);
                put(&text, good, s->member, s->end + comma, "", 0);
                judge(kind, parse, &text);
                put(&text, good, s->member, s->end, twice, strlen(twice));
                judge(kind, parse, &text);
        }
        for (size_t size = 0; size < strlen(good); size += 3) { /* and cut */
                text.size = 0;
                buffer_append(&text, good, size);
                judge(kind, parse, &text);
        }
}

static void format_cache(struct buffer *ret)
{
        CLEANUP_CACHE_CONFIG struct oci_cache_config c = OCI_CACHE_CONFIG_INIT;
        struct oci_cache_step *step = oci_cache_config_add_step(&c);
        struct oci_cache_mount *mount;

        step->key_count = 2;
        memset(step->keys, 7, sizeof(step->keys));
        memset(&step->identity, 8, sizeof(step->identity));
        step->created = step->made = 1700000000;
        step->title = memory_strdup("RUN x");
        step->has_layer = true;
        step->layer.size = 1024;
        mount = oci_cache_config_add_mount(&c);
        memset(mount->name, 'a', SHA256_HEX_SIZE);
        mount->id = memory_strdup("/cache");
        mount->layer.size = 1024;
        oci_cache_config_format(&c, ret);
}

static void test_documents(void)
{
        CLEANUP_BUFFER struct buffer cache = BUFFER_INIT;

        format_cache(&cache);
        try_document("manifest", manifest_text, parse_manifest);
        try_document("index", index_text, parse_index);
        try_document("config", config_text, parse_config);
        try_document("credentials", auth_text, parse_auth);
        try_document("token", token_text, parse_token);
        try_document("cache", buffer_text(&cache), parse_cache);
        printf("# %u documents, of which %u were accepted\n", tried, accepted);
        CHECK(tried >= 2000);
        CHECK(accepted < tried / 2);
}

int main(void)
{
        CHECK_RUN(test_documents);
        return CHECK_END();
}
