/* SPDX-License-Identifier: Apache-2.0 */
/* A small sorted map of strings; images carry tens of labels, so a sorted array is all it takes. */
#include "oci/labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Where `name` is, or where it belongs. */
static size_t position(const struct oci_labels *l, const char *name, bool *ret_found)
{
        size_t low = 0;
        size_t high = l->count;

        *ret_found = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(name, l->items[middle].name);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

void oci_labels_set(struct oci_labels *l, const char *name, const char *value)
{
        bool found;
        size_t at = position(l, name, &found);
        char *copy = memory_strdup(value);

        if (found) {
                free(l->items[at].value);
                l->items[at].value = copy;
                return;
        }
        memory_grow(&l->items, &l->cap, l->count + 1, sizeof(*l->items));
        memmove(l->items + at + 1, l->items + at, (l->count - at) * sizeof(*l->items));
        l->items[at] = (struct oci_label){memory_strdup(name), copy};
        l->count++;
}

const char *oci_labels_find(const struct oci_labels *l, const char *name)
{
        bool found;
        size_t at = position(l, name, &found);

        return found ? l->items[at].value : NULL;
}

void oci_labels_remove(struct oci_labels *l, const char *name)
{
        bool found;
        size_t at = position(l, name, &found);

        if (!found)
                return;
        free(l->items[at].name);
        free(l->items[at].value);
        l->count--;
        memmove(l->items + at, l->items + at + 1, (l->count - at) * sizeof(*l->items));
}

void oci_labels_copy(struct oci_labels *to, const struct oci_labels *from)
{
        struct oci_labels copy = OCI_LABELS_INIT;

        for (size_t i = 0; i < from->count; i++)
                oci_labels_set(&copy, from->items[i].name, from->items[i].value);
        oci_labels_free(to);
        *to = copy;
}

void oci_labels_free(struct oci_labels *l)
{
        for (size_t i = 0; i < l->count; i++) {
                free(l->items[i].name);
                free(l->items[i].value);
        }
        free(l->items);
        *l = (struct oci_labels)OCI_LABELS_INIT;
}
