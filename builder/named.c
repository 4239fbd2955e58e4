/* SPDX-License-Identifier: Apache-2.0 */
/* --build-context: other things under the names that a Dockerfile uses. */
#include "builder/named.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/image_layers.h"
#include "builder/inputs.h"
#include "builder/origin.h"
#include "common/memory.h"
#include "oci/archive.h"
#include "oci/config.h"
#include "oci/reference.h"

#define IMAGE  "docker-image://"
#define LAYOUT "oci-layout://"
#define TARGET "target:"

struct entry {
        char *name;  /* normal: as the user would write it, lower case, no ":latest"; perhaps with ::PLATFORM */
        char *value; /* as given */
        bool is_image;
        pthread_mutex_t lock;          /* guards the two below */
        struct builder_source *source; /* files, opened; owned */
        struct builder_time made;
        bool has_image;
        struct sha256_digest image; /* of an OCI layout, loaded into the store */
};

struct builder_named {
        char *platform; /* "linux/arm64": what is built for */
        struct entry *entries;
        size_t count;
};

/* --- names ---------------------------------------------------------------------- */

/* alpine, alpine:latest and docker.io/library/alpine are one name (docker buildx, util/buildflags). Heap text. */
static char *normal_name(const char *text)
{
        const char *platform = strstr(text, "::");
        CLEANUP_FREE char *bare = platform ? memory_strndup(text, (size_t)(platform - text)) : memory_strdup(text);
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        for (char *c = bare; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c + 32);
        if (oci_reference_parse(bare, &reference, &err) < 0)
                buffer_append_string(&name, bare);
        else
                oci_reference_format_familiar(reference, &name);
        if (name.size > 7 && strcmp(name.data + name.size - 7, ":latest") == 0)
                name.data[name.size -= 7] = '\0';
        buffer_append_string(&name, platform ? platform : "");
        return buffer_steal(&name);
}

static struct entry *find_exact(const struct builder_named *n, const char *name)
{
        for (size_t i = n->count; i-- > 0;)
                if (strcmp(n->entries[i].name, name) == 0)
                        return &n->entries[i];
        return NULL;
}

static struct entry *find(const struct builder_named *n, const char *text)
{
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *here = NULL;
        struct entry *entry;

        if (!n)
                return NULL;
        name = normal_name(text);
        here = memory_printf("%s::%s", name, n->platform);
        entry = find_exact(n, here);
        return entry ? entry : find_exact(n, name);
}

bool builder_named_has(const struct builder_named *n, const char *name)
{
        return find(n, name) != NULL;
}

static int add(struct builder_named *n, const char *text, struct error *err)
{
        const char *equals = strchr(text, '=');
        struct entry *e = &n->entries[n->count];
        CLEANUP_FREE char *name = NULL;

        if (!equals || equals == text || equals[1] == '\0')
                return error_set(
                        err, EINVAL,
                        "--build-context %s: write --build-context NAME=DIRECTORY, or an image, a layout or a URL",
                        text);
        if (strncmp(equals + 1, TARGET, strlen(TARGET)) == 0)
                return error_set(
                        err, ENOTSUP,
                        "--build-context %s: target: names another target of a bake file, which bryo does not read",
                        text);
        e->value = memory_strdup(equals + 1);
        name = memory_strndup(text, (size_t)(equals - text));
        e->name = normal_name(name);
        e->is_image = strncmp(e->value, IMAGE, strlen(IMAGE)) == 0 || strncmp(e->value, LAYOUT, strlen(LAYOUT)) == 0;
        pthread_mutex_init(&e->lock, NULL);
        n->count++;
        return 0;
}

int builder_named_new(const struct strv *texts, const struct oci_platform *platform, struct builder_named **ret,
                      struct error *err)
{
        struct builder_named *n = memory_zalloc(1, sizeof(*n));
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        oci_platform_format(platform ? platform : host, &text);
        n->platform = buffer_steal(&text);
        n->entries = memory_zalloc(texts->count + 1, sizeof(*n->entries));
        for (size_t i = 0; i < texts->count; i++)
                if (add(n, texts->items[i], err) < 0) {
                        builder_named_free(n);
                        return -1;
                }
        *ret = n;
        return 0;
}

void builder_named_free(struct builder_named *n)
{
        if (!n)
                return;
        for (size_t i = 0; i < n->count; i++) {
                builder_source_free(n->entries[i].source);
                pthread_mutex_destroy(&n->entries[i].lock);
                free(n->entries[i].name);
                free(n->entries[i].value);
        }
        free(n->entries);
        free(n->platform);
        free(n);
}

/* --- what they stand for ------------------------------------------------------------- */

static int open_source(struct builder_job *job, struct entry *e, struct error *err)
{
        CLEANUP_ORIGIN struct builder_origin origin = BUILDER_ORIGIN_INIT;

        if (strcmp(e->value, "-") == 0)
                return error_set(err, EINVAL, "standard input is read for the context only");
        if (builder_origin_open(job, e->value, false, &origin, err) < 0)
                return -1;
        if (origin.is_directory && builder_inputs_read_ignore(origin.source, err) < 0)
                return -1;
        e->source = STEAL(origin.source);
        e->made = origin.made;
        return 0;
}

/* DIR[:TAG][@DIGEST]; the directory may have a colon in its name if a slash follows it. */
static int parse_layout(const char *text, char **ret_directory, struct oci_archive_choice *ret, char **ret_tag,
                        struct error *err)
{
        const char *at = strrchr(text, '@');
        CLEANUP_FREE char *rest = at ? memory_strndup(text, (size_t)(at - text)) : memory_strdup(text);
        char *colon = strrchr(rest, ':');

        if (at) {
                if (strncmp(at + 1, "sha256:", 7) != 0 || !sha256_from_hex(at + 8, &ret->digest))
                        return error_set(err, EINVAL, "@%s is not sha256: and 64 hex digits", at + 1);
                ret->has_digest = true;
        }
        if (colon && !strchr(colon, '/')) {
                *colon = '\0';
                *ret_tag = memory_strdup(colon + 1);
                ret->tag = *ret_tag;
        }
        *ret_directory = STEAL(rest);
        return 0;
}

static int load_layout(struct builder_job *job, struct entry *e, struct error *err)
{
        struct oci_archive_choice choice = {.tag = NULL};
        const struct oci_archive_load_options options = {
                .keep_compressed = true, .log = job->workshop.log, .choice = &choice};
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_FREE char *directory = NULL;
        CLEANUP_FREE char *tag = NULL;
        struct oci_archive_loaded *loaded = NULL;
        size_t count = 0;
        int result;

        if (parse_layout(e->value + strlen(LAYOUT), &directory, &choice, &tag, err) < 0)
                return -1;
        result = oci_archive_load(job->workshop.store, directory, &options, &loaded, &count, err);
        if (result == 0 && count != 1)
                result = error_set(err, EINVAL, "it holds %zu images: say which one with :TAG or @DIGEST", count);
        if (result == 0)
                e->image = loaded[0].image;
        oci_archive_loaded_free(loaded, count);
        if (result < 0 || oci_image_load(job->workshop.store, &e->image, &image, err) < 0 ||
            builder_image_index(&job->workshop, image, err) < 0 || oci_image_save(job->workshop.store, image, err) < 0)
                return -1;
        e->has_image = true;
        return 0;
}

static int load_image(struct builder_job *job, struct entry *e, struct builder_state *ret, struct error *err)
{
        int result = 0;

        if (strcmp(e->value, IMAGE "scratch") == 0) {
                builder_state_init(ret);
                return 0;
        }
        if (strncmp(e->value, IMAGE, strlen(IMAGE)) == 0)
                return builder_job_base(job, e->value + strlen(IMAGE), NULL, 0, ret, err);
        pthread_mutex_lock(&e->lock);
        if (!e->has_image)
                result = load_layout(job, e, err);
        pthread_mutex_unlock(&e->lock);
        return result < 0 ? -1 : builder_state_load(ret, &job->workshop, &e->image, err);
}

int builder_named_open(struct builder_job *job, const char *name, struct builder_source **ret_source,
                       struct builder_state *ret_image, struct error *err)
{
        struct entry *e = find(job->named, name);
        int result = 0;

        *ret_source = NULL;
        if (e->is_image) {
                result = load_image(job, e, ret_image, err);
        } else {
                pthread_mutex_lock(&e->lock);
                if (!e->source)
                        result = open_source(job, e, err);
                *ret_source = e->source;
                pthread_mutex_unlock(&e->lock);
        }
        return result < 0 ? error_wrap(err, "--build-context %s", e->name) : 0;
}

int builder_named_made(struct builder_job *job, const char *name, struct builder_source **ret_source, struct builder_time *ret,
                       struct error *err)
{
        struct entry *e = find(job->named, name);
        int result = 0;

        *ret_source = NULL;
        *ret = (struct builder_time){.known = false};
        if (e->is_image)
                return 0;
        pthread_mutex_lock(&e->lock);
        if (!e->source)
                result = open_source(job, e, err);
        *ret_source = e->source;
        *ret = e->made;
        pthread_mutex_unlock(&e->lock);
        return result < 0 ? error_wrap(err, "--build-context %s", e->name) : 0;
}
