/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON input: yajl does the lexing and the grammar, this file builds the tree and
 * refuses what yajl lets through but two readers may understand differently.
 */
#include "oci/json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yajl/yajl_parse.h>

#include "common/memory.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/utf8.h"

struct oci_json {
        enum oci_json_kind kind;
        bool truth;             /* BOOL */
        char *text;             /* NUMBER, STRING */
        struct oci_json *items; /* ARRAY, OBJECT */
        char **keys;            /* OBJECT */
        size_t count;
        size_t cap;
        size_t key_cap;
};

/* A document under construction: the way from the root to the innermost open container. */
struct reader {
        const char *what;
        struct error *err;
        struct oci_json root;
        struct oci_json *open[OCI_LIMIT_JSON_DEPTH];
        size_t depth;
        size_t values;
        char *key; /* owned; the member name that waits for its value */
};

static void clear(struct oci_json *v)
{
        for (size_t i = 0; i < v->count; i++) {
                clear(&v->items[i]);
                if (v->keys != NULL)
                        free(v->keys[i]);
        }
        free(v->items);
        free(v->keys);
        free(v->text);
}

void oci_json_free(struct oci_json *root)
{
        if (root == NULL)
                return;
        clear(root);
        free(root);
}

void oci_json_cleanup(struct oci_json **root)
{
        oci_json_free(*root);
}

/* ---- building --------------------------------------------------------- */

/* Where the next value goes, zeroed; NULL with the error set when there are too many. Pointers in `open` stay valid:
 * only the innermost container grows, and nothing points into its items while it does. */
static struct oci_json *place(struct reader *r, enum oci_json_kind kind)
{
        struct oci_json *parent = r->depth > 0 ? r->open[r->depth - 1] : NULL;
        struct oci_json *v;

        if (++r->values > OCI_LIMIT_JSON_VALUES) {
                error_set(r->err, E2BIG, "%s has more than %d JSON values", r->what, OCI_LIMIT_JSON_VALUES);
                return NULL;
        }
        if (parent == NULL) {
                v = &r->root;
        } else {
                memory_grow(&parent->items, &parent->cap, parent->count + 1, sizeof(*parent->items));
                if (parent->kind == OCI_JSON_OBJECT) {
                        memory_grow(&parent->keys, &parent->key_cap, parent->count + 1, sizeof(*parent->keys));
                        parent->keys[parent->count] = STEAL(r->key);
                }
                v = &parent->items[parent->count++];
        }
        *v = (struct oci_json){.kind = kind};
        return v;
}

static char *copy_text(struct reader *r, const unsigned char *text, size_t size)
{
        if (memchr(text, 0, size) == NULL)
                return memory_strndup((const char *)text, size);
        error_set(r->err, EINVAL, "%s has a NUL character inside a string", r->what);
        return NULL;
}

static int on_null(void *context)
{
        return place(context, OCI_JSON_NULL) != NULL;
}

static int on_bool(void *context, int truth)
{
        struct oci_json *v = place(context, OCI_JSON_BOOL);

        if (v != NULL)
                v->truth = truth != 0;
        return v != NULL;
}

static int on_text(struct reader *r, enum oci_json_kind kind, const unsigned char *text, size_t size)
{
        char *copy = copy_text(r, text, size);
        struct oci_json *v = copy ? place(r, kind) : NULL;

        if (v == NULL) {
                free(copy);
                return 0;
        }
        v->text = copy;
        return 1;
}

static int on_number(void *context, const char *text, size_t size)
{
        return on_text(context, OCI_JSON_NUMBER, (const unsigned char *)text, size);
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
        return on_text(context, OCI_JSON_STRING, text, size);
}

static int on_key(void *context, const unsigned char *text, size_t size)
{
        struct reader *r = context;

        r->key = copy_text(r, text, size);
        return r->key != NULL;
}

static int open_container(struct reader *r, enum oci_json_kind kind)
{
        struct oci_json *v;

        if (r->depth == OCI_LIMIT_JSON_DEPTH) {
                error_set(r->err, E2BIG, "%s nests deeper than %d levels", r->what, OCI_LIMIT_JSON_DEPTH);
                return 0;
        }
        v = place(r, kind);
        if (v == NULL)
                return 0;
        r->open[r->depth++] = v;
        return 1;
}

static int on_start_map(void *context)
{
        return open_container(context, OCI_JSON_OBJECT);
}

static int on_start_array(void *context)
{
        return open_container(context, OCI_JSON_ARRAY);
}

static int on_end_array(void *context)
{
        struct reader *r = context;

        r->depth--;
        return 1;
}

static int compare_keys(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorting finds duplicates in n log n: a hostile document may hold 500,000 keys. */
static int on_end_map(void *context)
{
        struct reader *r = context;
        const struct oci_json *v = r->open[--r->depth];
        CLEANUP_FREE char **sorted = NULL;

        if (v->count < 2)
                return 1;
        sorted = memory_dup(v->keys, v->count * sizeof(*sorted));
        qsort(sorted, v->count, sizeof(*sorted), compare_keys);
        for (size_t i = 1; i < v->count; i++) {
                if (strcmp(sorted[i - 1], sorted[i]) == 0) {
                        CLEANUP_FREE char *quoted = oci_quote(sorted[i]);

                        error_set(r->err, EINVAL, "%s has the key %s twice", r->what, quoted);
                        return 0;
                }
        }
        return 1;
}

static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_start_map,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end_map,
        .yajl_start_array = on_start_array,
        .yajl_end_array = on_end_array,
};

/* ---- checks in front of yajl ------------------------------------------- */

/* Four hex digits, or -1. */
static int hex_value(const char *p, const char *end)
{
        int value = 0;

        if (end - p < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                char c = p[i];

                if (c >= '0' && c <= '9')
                        value = value * 16 + (c - '0');
                else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                        value = value * 16 + ((c | 0x20) - 'a' + 10);
                else
                        return -1;
        }
        return value;
}

/* yajl turns half a surrogate pair into '?', which would let two documents become one. Returns false if there is one.
 */
static bool surrogates_are_paired(const char *p, size_t size)
{
        const char *end = p + size;

        while (p < end) {
                int first, second;

                if (*p++ != '\\')
                        continue;
                if (p == end || *p++ != 'u')
                        continue;
                first = hex_value(p, end);
                if (first < 0xd800 || first > 0xdfff)
                        continue;
                second = end - p >= 10 && p[4] == '\\' && p[5] == 'u' ? hex_value(p + 6, end) : -1;
                if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
                        return false;
                p += 10;
        }
        return true;
}

static bool is_blank(const char *p, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (p[i] == '\0' || strchr(" \t\r\n", p[i]) == NULL)
                        return false;
        return true;
}

static int check_text(const char *what, const void *bytes, size_t size, struct error *err)
{
        if (size > OCI_LIMIT_JSON_SIZE)
                return error_set(err, E2BIG, "%s is larger than the limit of %u bytes", what, OCI_LIMIT_JSON_SIZE);
        if (is_blank(bytes, size))
                return error_set(err, EINVAL, "%s is empty, not JSON", what);
        if (!oci_utf8_is_valid(bytes, size))
                return error_set(err, EINVAL, "%s is not valid UTF-8", what);
        if (!surrogates_are_paired(bytes, size))
                return error_set(err, EINVAL, "%s has half of a surrogate pair in a string", what);
        return 0;
}

/* yajl's message without its line break. */
static int fail_yajl(const char *what, yajl_handle handle, struct error *err)
{
        unsigned char *text = yajl_get_error(handle, 0, NULL, 0);
        int length = (int)strcspn((const char *)text, "\n");

        error_set(err, EINVAL, "%s is not valid JSON: %.*s", what, length, (const char *)text);
        yajl_free_error(handle, text);
        return -1;
}

int oci_json_parse(const char *what, const void *bytes, size_t size, struct oci_json **ret, struct error *err)
{
        struct reader r = {.what = what, .err = err};
        yajl_handle handle;
        yajl_status status;

        if (check_text(what, bytes, size, err) < 0)
                return -1;
        handle = yajl_alloc(&callbacks, NULL, &r);
        if (handle == NULL)
                abort(); /* out of memory, see common/memory.h */
        status = yajl_parse(handle, bytes, size);
        if (status == yajl_status_ok)
                status = yajl_complete_parse(handle);
        if (status == yajl_status_error)
                fail_yajl(what, handle, err);
        yajl_free(handle);
        free(r.key);
        if (error_is_set(err)) {
                clear(&r.root);
                return -1;
        }
        *ret = memory_dup(&r.root, sizeof(r.root));
        return 0;
}

/* ---- looking at values -------------------------------------------------- */

enum oci_json_kind oci_json_kind(const struct oci_json *v)
{
        return v->kind;
}

const char *oci_json_kind_name(enum oci_json_kind kind)
{
        static const char *const names[] = {
                [OCI_JSON_NULL] = "null",       [OCI_JSON_BOOL] = "a boolean", [OCI_JSON_NUMBER] = "a number",
                [OCI_JSON_STRING] = "a string", [OCI_JSON_ARRAY] = "an array", [OCI_JSON_OBJECT] = "an object",
        };

        return names[kind];
}

bool oci_json_bool(const struct oci_json *v)
{
        assert(v->kind == OCI_JSON_BOOL);
        return v->truth;
}

const char *oci_json_string(const struct oci_json *v)
{
        assert(v->kind == OCI_JSON_STRING);
        return v->text;
}

const char *oci_json_number(const struct oci_json *v)
{
        assert(v->kind == OCI_JSON_NUMBER);
        return v->text;
}

size_t oci_json_count(const struct oci_json *v)
{
        return v->count;
}

const struct oci_json *oci_json_item(const struct oci_json *v, size_t i)
{
        assert(i < v->count);
        return &v->items[i];
}

const char *oci_json_key(const struct oci_json *object, size_t i)
{
        assert(object->kind == OCI_JSON_OBJECT && i < object->count);
        return object->keys[i];
}

const struct oci_json *oci_json_find(const struct oci_json *object, const char *key)
{
        assert(object->kind == OCI_JSON_OBJECT);
        for (size_t i = 0; i < object->count; i++)
                if (strcmp(object->keys[i], key) == 0)
                        return &object->items[i];
        return NULL;
}

/* The member, if it has the kind; *ret = NULL when absent or null. */
static int get(const char *what, const struct oci_json *object, const char *key, enum oci_json_kind kind,
               const struct oci_json **ret, struct error *err)
{
        const struct oci_json *v = oci_json_find(object, key);

        *ret = NULL;
        if (v == NULL || v->kind == OCI_JSON_NULL)
                return 0;
        if (v->kind != kind)
                return error_set(err, EINVAL, "%s: \"%s\" is %s, not %s", what, key, oci_json_kind_name(v->kind),
                                 oci_json_kind_name(kind));
        *ret = v;
        return 0;
}

int oci_json_get_string(const char *what, const struct oci_json *object, const char *key, char **ret, struct error *err)
{
        const struct oci_json *v;

        if (get(what, object, key, OCI_JSON_STRING, &v, err) < 0)
                return -1;
        if (v != NULL)
                *ret = memory_strdup(v->text);
        return 0;
}

int oci_json_get_bool(const char *what, const struct oci_json *object, const char *key, bool *ret, struct error *err)
{
        const struct oci_json *v;

        if (get(what, object, key, OCI_JSON_BOOL, &v, err) < 0)
                return -1;
        if (v != NULL)
                *ret = v->truth;
        return 0;
}

int oci_json_get_int(const char *what, const struct oci_json *object, const char *key, int64_t *ret, struct error *err)
{
        const struct oci_json *v;
        char *end;
        long long value;

        if (get(what, object, key, OCI_JSON_NUMBER, &v, err) < 0)
                return -1;
        if (v == NULL)
                return 0;
        errno = 0;
        value = strtoll(v->text, &end, 10);
        if (errno != 0 || *end != '\0') {
                CLEANUP_FREE char *quoted = oci_quote(v->text);

                return error_set(err, EINVAL, "%s: \"%s\" is %s, not a whole number of 64 bits", what, key, quoted);
        }
        *ret = value;
        return 0;
}

int oci_json_get_object(const char *what, const struct oci_json *object, const char *key, const struct oci_json **ret,
                        struct error *err)
{
        return get(what, object, key, OCI_JSON_OBJECT, ret, err);
}

int oci_json_get_array(const char *what, const struct oci_json *object, const char *key, const struct oci_json **ret,
                       struct error *err)
{
        return get(what, object, key, OCI_JSON_ARRAY, ret, err);
}

static int fail_item(const char *what, const char *key, const struct oci_json *item, struct error *err)
{
        return error_set(err, EINVAL, "%s: \"%s\" holds %s where only strings may be", what, key,
                         oci_json_kind_name(item->kind));
}

int oci_json_get_strings(const char *what, const struct oci_json *object, const char *key, struct strv *ret,
                         struct error *err)
{
        const struct oci_json *v;

        if (get(what, object, key, OCI_JSON_ARRAY, &v, err) < 0)
                return -1;
        for (size_t i = 0; v != NULL && i < v->count; i++) {
                if (v->items[i].kind != OCI_JSON_STRING)
                        return fail_item(what, key, &v->items[i], err);
                strv_add(ret, v->items[i].text);
        }
        return 0;
}

int oci_json_get_labels(const char *what, const struct oci_json *object, const char *key, struct oci_labels *ret,
                        struct error *err)
{
        const struct oci_json *v;

        if (get(what, object, key, OCI_JSON_OBJECT, &v, err) < 0)
                return -1;
        for (size_t i = 0; v != NULL && i < v->count; i++) {
                if (v->items[i].kind != OCI_JSON_STRING)
                        return fail_item(what, key, &v->items[i], err);
                oci_labels_set(ret, v->keys[i], v->items[i].text);
        }
        return 0;
}

int oci_json_get_unknown(const char *what, const struct oci_json *object, const char *const *known,
                         struct oci_labels *extra, struct error *err)
{
        for (size_t i = 0; i < object->count; i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                bool found = false;

                for (size_t k = 0; known[k] != NULL && !found; k++) {
                        found = strcmp(object->keys[i], known[k]) == 0;
                        if (!found && strcasecmp(object->keys[i], known[k]) == 0)
                                return error_set(err, EINVAL, "%s: \"%s\" must be written \"%s\"", what,
                                                 object->keys[i], known[k]);
                }
                if (found || extra == NULL)
                        continue;
                oci_json_format(&object->items[i], &text);
                oci_labels_set(extra, object->keys[i], buffer_text(&text));
        }
        return 0;
}

/* ---- writing back -------------------------------------------------------- */

static void write_value(const struct oci_json *v, const char *key, struct oci_json_writer *w)
{
        switch (v->kind) {
        case OCI_JSON_NULL:
                oci_json_add_null(w, key);
                break;
        case OCI_JSON_BOOL:
                oci_json_add_bool(w, key, v->truth);
                break;
        case OCI_JSON_NUMBER:
                oci_json_add_raw(w, key, v->text);
                break;
        case OCI_JSON_STRING:
                oci_json_add_string(w, key, v->text);
                break;
        case OCI_JSON_ARRAY:
                oci_json_begin_array(w, key);
                for (size_t i = 0; i < v->count; i++)
                        write_value(&v->items[i], NULL, w);
                oci_json_end_array(w);
                break;
        case OCI_JSON_OBJECT:
                oci_json_begin_object(w, key);
                for (size_t i = 0; i < v->count; i++)
                        write_value(&v->items[i], v->keys[i], w);
                oci_json_end_object(w);
                break;
        }
}

void oci_json_format(const struct oci_json *v, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        write_value(v, NULL, &w);
}
