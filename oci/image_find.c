/* SPDX-License-Identifier: Apache-2.0 */
/* Finding images: by what a user typed, and all of them as rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/quote.h"
#include "oci/reference.h"
#include "oci/time.h"

#define LOCAL "localhost/"

/* ---- one ------------------------------------------------------------------------------- */

struct search {
        const char *prefix;                   /* hex characters of the ID, or NULL */
        const struct sha256_digest *manifest; /* manifest digest, or NULL */
        size_t count;
        struct sha256_digest id;
};

static int match(void *context, const struct oci_image *i, struct error *err)
{
        struct search *s = context;
        char hex[SHA256_HEX_SIZE + 1];
        bool hit;

        (void)err;
        sha256_to_hex(&i->id, hex);
        if (s->prefix != NULL)
                hit = strncmp(hex, s->prefix, strlen(s->prefix)) == 0;
        else
                hit = sha256_equal(&i->id, s->manifest) ||
                      (i->manifest != NULL && sha256_equal(&i->manifest->digest, s->manifest)) ||
                      (i->list != NULL && sha256_equal(&i->list->digest, s->manifest));
        if (hit) {
                s->count++;
                s->id = i->id;
        }
        return 0;
}

static int fail_missing(const char *text, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(text);

        return error_set(err, ENOENT, "no such image: %s", quoted);
}

static int search(struct oci_store *s, const char *text, struct search *what, struct sha256_digest *ret_id,
                  struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (oci_image_each(s, match, what, err) < 0)
                return -1;
        if (what->count == 1) {
                *ret_id = what->id;
                return 0;
        }
        if (what->count == 0)
                return fail_missing(text, err);
        quoted = oci_quote(text);
        return error_set(err, EINVAL, "%s is the beginning of %zu image IDs: give more of it", quoted, what->count);
}

/* By its reference. *ret_found = false when the text is no reference, or nothing here. */
static int resolve_reference(struct oci_store *s, const struct oci_reference *r, const char *text, bool *ret_found,
                             struct sha256_digest *ret_id, char **ret_name, struct error *err)
{
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        struct search what = {.manifest = &r->digest};

        if (r->has_digest) {
                *ret_found = true;
                return search(s, text, &what, ret_id, err);
        }
        oci_reference_format(r, &name);
        if (oci_store_ref_find(s, buffer_text(&name), ret_found, ret_id, err) < 0)
                return -1;
        if (*ret_found && ret_name != NULL)
                *ret_name = buffer_steal(&name);
        return 0;
}

/* podman and buildah call app, which was built here, localhost/app: it is the same name where there is no such registry. */
static int resolve_local(struct oci_store *s, const char *text, bool *ret_found, struct sha256_digest *ret_id,
                         char **ret_name, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *r = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (oci_reference_parse(text, &r, &ignored) < 0)
                return 0;
        return resolve_reference(s, r, text, ret_found, ret_id, ret_name, err);
}

int oci_image_resolve(struct oci_store *s, const char *text, struct sha256_digest *ret_id, char **ret_name,
                      struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *r = NULL;
        CLEANUP_ERROR struct error invalid = ERROR_INIT;
        struct search what = {.prefix = strncmp(text, "sha256:", 7) == 0 ? text + 7 : text};
        size_t n = strlen(what.prefix);
        bool is_id = n >= 1 && n <= SHA256_HEX_SIZE && strspn(what.prefix, "0123456789abcdef") == n;
        bool found = false;

        if (ret_name != NULL)
                *ret_name = NULL;
        if (oci_reference_parse(text, &r, &invalid) == 0 &&
            resolve_reference(s, r, text, &found, ret_id, ret_name, err) < 0)
                return -1;
        if (!found && strncmp(text, LOCAL, strlen(LOCAL)) == 0 &&
            resolve_local(s, text + strlen(LOCAL), &found, ret_id, ret_name, err) < 0)
                return -1;
        if (found)
                return 0;
        if (is_id)
                return search(s, text, &what, ret_id, err);
        if (error_is_set(&invalid))
                return error_move(err, &invalid);
        return fail_missing(text, err);
}

/* ---- all ------------------------------------------------------------------------------------- */

struct rows {
        struct oci_image_row *items;
        size_t count;
        size_t cap;
        const struct oci_ref *refs;
        size_t ref_count;
};

static void add_row(struct rows *rows, const struct oci_image *i, const struct oci_ref *ref)
{
        CLEANUP_REFERENCE struct oci_reference *r = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_BUFFER struct buffer repository = BUFFER_INIT;
        struct oci_image_row *row;
        struct timespec created = {0};

        memory_grow(&rows->items, &rows->cap, rows->count + 1, sizeof(*rows->items));
        row = &rows->items[rows->count++];
        *row = (struct oci_image_row){.id = i->id, .size = oci_image_size(i)};
        row->has_digest = i->list || i->manifest;
        if (row->has_digest)
                row->digest = (i->list ? i->list : i->manifest)->digest;
        row->created = i->created ? memory_strdup(i->created) : NULL;
        /* a time nobody can read is shown as the epoch, as one that is not there */
        if (i->created != NULL && oci_time_parse(i->created, &created, &ignored) == 0)
                row->created_seconds = created.tv_sec;
        error_clear(&ignored);
        if (ref == NULL)
                return;
        row->name = memory_strdup(ref->name);
        if (oci_reference_parse(ref->name, &r, &ignored) < 0)
                return;
        oci_reference_format_repository(r, &repository);
        row->repository = buffer_steal(&repository);
        row->tag = r->tag ? memory_strdup(r->tag) : NULL;
}

static int add_rows(void *context, const struct oci_image *i, struct error *err)
{
        struct rows *rows = context;
        bool named = false;

        (void)err;
        for (size_t n = 0; n < rows->ref_count; n++) {
                if (!sha256_equal(&rows->refs[n].image, &i->id))
                        continue;
                add_row(rows, i, &rows->refs[n]);
                named = true;
        }
        if (!named)
                add_row(rows, i, NULL);
        return 0;
}

static int compare_rows(const void *a, const void *b)
{
        const struct oci_image_row *x = a;
        const struct oci_image_row *y = b;

        if (x->created_seconds != y->created_seconds)
                return x->created_seconds > y->created_seconds ? -1 : 1;
        if (x->name != NULL && y->name != NULL)
                return strcmp(x->name, y->name);
        if (x->name != NULL || y->name != NULL)
                return x->name != NULL ? -1 : 1;
        return memcmp(&x->id, &y->id, sizeof(x->id));
}

int oci_image_list(struct oci_store *s, struct oci_image_row **ret, size_t *ret_count, struct error *err)
{
        struct rows rows = {.items = NULL};
        struct oci_ref *refs = NULL;
        int result;

        if (oci_store_ref_list(s, &refs, &rows.ref_count, err) < 0)
                return -1;
        rows.refs = refs;
        result = oci_image_each(s, add_rows, &rows, err);
        oci_refs_free(refs, rows.ref_count);
        if (result < 0) {
                oci_image_rows_free(rows.items, rows.count);
                return -1;
        }
        if (rows.count > 1)
                qsort(rows.items, rows.count, sizeof(*rows.items), compare_rows);
        *ret = rows.items;
        *ret_count = rows.count;
        return 0;
}

void oci_image_rows_free(struct oci_image_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                free(rows[i].repository);
                free(rows[i].tag);
                free(rows[i].name);
                free(rows[i].created);
        }
        free(rows);
}
