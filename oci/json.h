/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_JSON_H
#define BRYO_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"
#include "oci/labels.h"

/*
 * Reading JSON: a document becomes an immutable tree of values, owned by its
 * root. Stricter than JSON where leniency lets two readers see two documents:
 * duplicate keys, NUL inside a string, bad UTF-8, trailing text, a byte order
 * mark, and documents beyond the limits of oci/limits.h are refused.
 * Numbers keep their text, so that what is not understood is written back as it
 * came. All messages name `what` ("manifest sha256:...") and, where one value is
 * wrong, its key.
 */
struct oci_json;

enum oci_json_kind {
        OCI_JSON_NULL,
        OCI_JSON_BOOL,
        OCI_JSON_NUMBER,
        OCI_JSON_STRING,
        OCI_JSON_ARRAY,
        OCI_JSON_OBJECT,
};

/* Reads one document. EINVAL, or E2BIG for a limit. The caller frees *ret, which frees all values below it. */
int oci_json_parse(const char *what, const void *bytes, size_t size, struct oci_json **ret, struct error *err);
void oci_json_free(struct oci_json *root);
void oci_json_cleanup(struct oci_json **root);
#define CLEANUP_JSON __attribute__((cleanup(oci_json_cleanup)))

enum oci_json_kind oci_json_kind(const struct oci_json *v);
const char *oci_json_kind_name(enum oci_json_kind kind);
/* The value must be of the kind (asserted). Strings and number texts have no NUL inside. */
bool oci_json_bool(const struct oci_json *v);
const char *oci_json_string(const struct oci_json *v);
const char *oci_json_number(const struct oci_json *v);
/* Array items, or object members in the order of the text. */
size_t oci_json_count(const struct oci_json *v);
const struct oci_json *oci_json_item(const struct oci_json *v, size_t i);
const char *oci_json_key(const struct oci_json *object, size_t i);
/* The member of that exact name, or NULL. A member that is null is found as OCI_JSON_NULL. */
const struct oci_json *oci_json_find(const struct oci_json *object, const char *key);

/*
 * Typed access to members. "optional": absent or null leaves *ret as it is and
 * returns 0; a wrong kind is EINVAL. Heap strings are the caller's.
 */
int oci_json_get_string(const char *what, const struct oci_json *object, const char *key, char **ret,
                        struct error *err);
int oci_json_get_bool(const char *what, const struct oci_json *object, const char *key, bool *ret, struct error *err);
/* An integer without fraction or exponent that fits; anything else is EINVAL. */
int oci_json_get_int(const char *what, const struct oci_json *object, const char *key, int64_t *ret, struct error *err);
/* The member as an object or array for further reading; *ret = NULL when absent or null. */
int oci_json_get_object(const char *what, const struct oci_json *object, const char *key, const struct oci_json **ret,
                        struct error *err);
int oci_json_get_array(const char *what, const struct oci_json *object, const char *key, const struct oci_json **ret,
                       struct error *err);

/* The member as a list of strings, appended to `ret`; each item must be a string. */
int oci_json_get_strings(const char *what, const struct oci_json *object, const char *key, struct strv *ret,
                         struct error *err);
/* The member as a map of strings. */
int oci_json_get_labels(const char *what, const struct oci_json *object, const char *key, struct oci_labels *ret,
                        struct error *err);
/*
 * Refuses members that differ from one of the `known` names (NULL-terminated) in letter case only: Go's decoder, which
 * everybody else uses, takes them for the known one. Members that are not known at all go to `extra` as JSON texts
 * (NULL: dropped).
 */
int oci_json_get_unknown(const char *what, const struct oci_json *object, const char *const *known,
                         struct oci_labels *extra, struct error *err);

/* Appends the value as compact JSON: members in their order, numbers as they came, strings escaped as the writer does.
 */
void oci_json_format(const struct oci_json *v, struct buffer *ret);

#endif
