/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_TOML_H
#define BRYO_OCI_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/*
 * Reading TOML (toml.io, version 1.0), as much of it as files about registries use: tables, arrays of tables, dotted
 * and quoted keys, strings on one line, booleans, decimal integers, arrays, inline tables. Strings of several lines,
 * floats, dates and other integers are refused by name. A document becomes an immutable tree that its root owns. Errors
 * name `what` and the line.
 */
struct oci_toml;

enum oci_toml_kind {
        OCI_TOML_STRING,
        OCI_TOML_BOOL,
        OCI_TOML_INTEGER,
        OCI_TOML_ARRAY, /* of values, or of tables ([[x]]) */
        OCI_TOML_TABLE,
};

/* Reads one document. EINVAL. The caller frees *ret, a table, which frees all values below it. */
int oci_toml_parse(const char *what, const char *text, size_t size, struct oci_toml **ret, struct error *err);
void oci_toml_free(struct oci_toml *root);
void oci_toml_cleanup(struct oci_toml **root);
#define CLEANUP_TOML __attribute__((cleanup(oci_toml_cleanup)))

enum oci_toml_kind oci_toml_kind(const struct oci_toml *v);
/* Where it begins, from 1. */
unsigned oci_toml_line(const struct oci_toml *v);
/* Array items, or members of a table in the order of the text. */
size_t oci_toml_count(const struct oci_toml *v);
const struct oci_toml *oci_toml_item(const struct oci_toml *v, size_t i);
const char *oci_toml_key(const struct oci_toml *table, size_t i);
/* The member of that exact name, or NULL. */
const struct oci_toml *oci_toml_find(const struct oci_toml *table, const char *key);
/* The value must be of the kind (asserted). */
const char *oci_toml_string(const struct oci_toml *v);

/* Typed access: an absent member leaves *ret as it is; another kind is EINVAL. Texts are borrowed from the tree. */
int oci_toml_get_string(const char *what, const struct oci_toml *table, const char *key, const char **ret,
                        struct error *err);
int oci_toml_get_bool(const char *what, const struct oci_toml *table, const char *key, bool *ret, struct error *err);
int oci_toml_get_table(const char *what, const struct oci_toml *table, const char *key, const struct oci_toml **ret,
                       struct error *err);
/* An array whose items are all of one kind. */
int oci_toml_get_array(const char *what, const struct oci_toml *table, const char *key, enum oci_toml_kind items,
                       const struct oci_toml **ret, struct error *err);

#endif
