/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse maps of tar members. */
#include "oci/sparse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/memory.h"
#include "oci/limits.h"

int oci_sparse_add(struct oci_sparse *s, int64_t offset, int64_t length, uint64_t file_size, struct error *err)
{
        const struct oci_extent *last = s->count > 0 ? &s->extents[s->count - 1] : NULL;
        uint64_t start = (uint64_t)offset;
        uint64_t size = (uint64_t)length;

        if (offset < 0 || length < 0 || start > file_size || size > file_size - start)
                return error_set(err, EINVAL, "sparse map: a region lies outside of the file");
        if (last != NULL && start < last->offset + last->length)
                return error_set(err, EINVAL, "sparse map: regions overlap or are out of order");
        if (s->count == OCI_LIMIT_SPARSE)
                return error_set(err, E2BIG, "sparse map: more than the limit of %u regions", OCI_LIMIT_SPARSE);
        memory_grow(&s->extents, &s->cap, s->count + 1, sizeof(*s->extents));
        s->extents[s->count++] = (struct oci_extent){.offset = start, .length = size};
        return 0;
}

static bool next_number(const char **text, char separator, int64_t *ret)
{
        const char *p = *text;

        *ret = 0;
        if (*p < '0' || *p > '9')
                return false;
        for (; *p >= '0' && *p <= '9'; p++) {
                if (*ret > (int64_t)OCI_LIMIT_FILE_SIZE)
                        return false;
                *ret = *ret * 10 + (*p - '0');
        }
        if (*p != separator && *p != '\0')
                return false;
        *text = *p ? p + 1 : p;
        return true;
}

int oci_sparse_add_text(struct oci_sparse *s, const char *text, char separator, uint64_t file_size, struct error *err)
{
        int64_t offset, length;

        while (*text) {
                if (!next_number(&text, separator, &offset) || !next_number(&text, separator, &length))
                        return error_set(err, EINVAL, "sparse map: not pairs of numbers");
                if (oci_sparse_add(s, offset, length, file_size, err) < 0)
                        return -1;
        }
        return 0;
}

int oci_sparse_place(struct oci_sparse *s, uint64_t source, uint64_t stored, struct error *err)
{
        uint64_t used = 0;
        size_t kept = 0;

        for (size_t i = 0; i < s->count; i++) {
                struct oci_extent e = s->extents[i];

                if (e.length > stored - used)
                        return error_set(err, EINVAL, "sparse map: regions have more bytes than the member");
                e.source = source + used;
                used += e.length;
                if (e.length > 0)
                        s->extents[kept++] = e;
        }
        s->count = kept;
        if (used != stored)
                return error_set(err, EINVAL, "sparse map: the member has more bytes than the regions");
        return 0;
}

void oci_sparse_clear(struct oci_sparse *s)
{
        s->count = 0;
}

void oci_sparse_free(struct oci_sparse *s)
{
        free(s->extents);
        *s = (struct oci_sparse){0};
}
