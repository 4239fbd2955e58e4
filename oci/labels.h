/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_LABELS_H
#define BRYO_OCI_LABELS_H

#include <stddef.h>

/* A map of strings kept sorted by name (bytewise, as Go writes maps): labels, annotations, unknown JSON members. */
struct oci_label {
        char *name;
        char *value;
};

struct oci_labels {
        struct oci_label *items;
        size_t count;
        size_t cap;
};

#define OCI_LABELS_INIT                                                                                                \
        {                                                                                                              \
                NULL, 0, 0                                                                                             \
        }

/* Adds or replaces; both texts are copied. */
void oci_labels_set(struct oci_labels *l, const char *name, const char *value);
/* The value, or NULL. */
const char *oci_labels_find(const struct oci_labels *l, const char *name);
void oci_labels_remove(struct oci_labels *l, const char *name);
void oci_labels_copy(struct oci_labels *to, const struct oci_labels *from);
void oci_labels_free(struct oci_labels *l);

#endif
