/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags: one file for each full name, of three lines:
 *
 *     bryo-ref 1
 *     name docker.io/library/x:latest
 *     image sha256:HEX
 *
 * The file's name is the tag's with everything but letters, digits and . _ - as %XX; a name that would become too long
 * is "long-" and its digest. The name inside counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/quote.h"
#include "oci/store_private.h"

#define MAX_FILE_NAME 240

static char *file_name(const char *name)
{
        struct buffer b = BUFFER_INIT;
        struct sha256_digest d;
        char hex[SHA256_HEX_SIZE + 1];

        for (const char *p = name; *p; p++) {
                if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' ||
                    (p > name && (*p == '.' || *p == '-')))
                        buffer_append_char(&b, *p);
                else
                        buffer_printf(&b, "%%%02X", (unsigned char)*p);
        }
        if (b.size > MAX_FILE_NAME) {
                sha256_of(name, strlen(name), &d);
                sha256_to_hex(&d, hex);
                buffer_clear(&b);
                buffer_printf(&b, "long-%s", hex);
        }
        return buffer_steal(&b);
}

static char *format(const char *name, const struct sha256_digest *image)
{
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(image, digest);
        return memory_printf("bryo-ref 1\nname %s\nimage %s\n", name, digest);
}

/* Takes "KEY value\n" off the text. */
static char *take_line(char **text, const char *key)
{
        char *line = *text;
        char *end = strchr(line, '\n');

        if (end == NULL || strncmp(line, key, strlen(key)) != 0)
                return NULL;
        *end = '\0';
        *text = end + 1;
        return line + strlen(key);
}

static int parse(const struct oci_store *s, const char *file, char *text, struct oci_ref *ret, struct error *err)
{
        const char *head = take_line(&text, "bryo-ref 1");
        const char *name = head ? take_line(&text, "name ") : NULL;
        const char *image = name ? take_line(&text, "image ") : NULL;

        if (image == NULL || *head != '\0' || *text != '\0')
                return error_set(err, EINVAL, "%s/refs/%s is damaged: remove it and tag the image again", s->path,
                                 file);
        if (oci_digest_parse(image, &ret->image, err) < 0)
                return error_wrap(err, "%s/refs/%s", s->path, file);
        ret->name = memory_strdup(name);
        return 0;
}

int oci_store_ref_find(struct oci_store *s, const char *name, bool *ret_found, struct sha256_digest *ret_image,
                       struct error *err)
{
        CLEANUP_FREE char *file = file_name(name);
        CLEANUP_FREE char *found = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error missing = ERROR_INIT;
        struct oci_ref ref = {.name = NULL};

        *ret_found = false;
        if (oci_store_load(s, OCI_STORE_REFS, file, &text, &missing) < 0)
                return missing.code == ENOENT ? 0 : error_move(err, &missing);
        if (parse(s, file, text.data, &ref, err) < 0)
                return -1;
        found = ref.name;
        *ret_found = strcmp(found, name) == 0;
        if (*ret_found)
                *ret_image = ref.image;
        return 0;
}

int oci_store_ref_set(struct oci_store *s, const char *name, const struct sha256_digest *image, bool *ret_changed,
                      struct error *err)
{
        CLEANUP_FREE char *file = file_name(name);
        CLEANUP_FREE char *text = format(name, image);
        bool changed;

        if (strchr(name, '\n') != NULL || *name == '\0')
                return error_set(err, EINVAL, "a tag's name is empty or has a line break in it");
        if (oci_store_replace(s, OCI_STORE_REFS, file, text, strlen(text), true, &changed, err) < 0)
                return -1;
        if (ret_changed != NULL)
                *ret_changed = changed;
        return changed ? oci_store_area_sync(s, OCI_STORE_REFS, err) : 0;
}

int oci_store_ref_remove(struct oci_store *s, const char *name, bool *ret_found, struct error *err)
{
        CLEANUP_FREE char *file = file_name(name);
        struct sha256_digest image;
        CLEANUP_ERROR struct error damaged = ERROR_INIT;
        bool found;

        /* a damaged tag can be removed all the same */
        if (oci_store_ref_find(s, name, &found, &image, &damaged) < 0)
                found = oci_store_has(s, OCI_STORE_REFS, file);
        if (ret_found != NULL)
                *ret_found = found;
        if (!found)
                return 0;
        if (oci_store_remove(s, OCI_STORE_REFS, file, err) < 0)
                return -1;
        return oci_store_area_sync(s, OCI_STORE_REFS, err);
}

int oci_store_ref_load(struct oci_store *s, const char *object, struct oci_ref *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        *ret = (struct oci_ref){.name = NULL};
        if (oci_store_load(s, OCI_STORE_REFS, object, &text, err) < 0)
                return -1;
        return parse(s, object, text.data, ret, err);
}

/* ---- listing ------------------------------------------------------------------------- */

struct list {
        struct oci_store *store;
        struct oci_ref *refs;
        size_t count;
        size_t cap;
};

static int add(void *context, const struct oci_store_object *o, struct error *err)
{
        struct list *l = context;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error own = ERROR_INIT;
        struct oci_ref ref = {.name = NULL};

        (void)err;
        if (oci_store_load(l->store, OCI_STORE_REFS, o->name, &text, &own) < 0 ||
            parse(l->store, o->name, text.data, &ref, &own) < 0) {
                if (own.code != ENOENT) /* removed meanwhile */
                        log_print(l->store->log, LOG_WARNING, "%s", own.message);
                return 0;
        }
        memory_grow(&l->refs, &l->cap, l->count + 1, sizeof(*l->refs));
        l->refs[l->count++] = ref;
        return 0;
}

static int compare_refs(const void *a, const void *b)
{
        return strcmp(((const struct oci_ref *)a)->name, ((const struct oci_ref *)b)->name);
}

int oci_store_ref_list(struct oci_store *s, struct oci_ref **ret, size_t *ret_count, struct error *err)
{
        struct list l = {.store = s};

        if (oci_store_each(s, OCI_STORE_REFS, add, &l, err) < 0) {
                oci_refs_free(l.refs, l.count);
                return -1;
        }
        if (l.count > 1)
                qsort(l.refs, l.count, sizeof(*l.refs), compare_refs);
        *ret = l.refs;
        *ret_count = l.count;
        return 0;
}

void oci_refs_free(struct oci_ref *refs, size_t count)
{
        for (size_t i = 0; i < count; i++)
                free(refs[i].name);
        free(refs);
}
