/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a layer's entries. */
#include "oci/entry.h"

#include <string.h>
#include <sys/stat.h>

/* What an entry is inside the directory where two paths part. */
enum rank {
        RANK_SELF, /* the directory itself */
        RANK_OPAQUE,
        RANK_WHITEOUT,
        RANK_CHILD,
};

static enum rank rank_of(const struct oci_entry *e, const char *rest)
{
        if (*rest == '\0')
                return e->kind == OCI_ENTRY_OPAQUE ? RANK_OPAQUE : RANK_SELF;
        if (e->kind == OCI_ENTRY_WHITEOUT && strchr(rest, '/') == NULL)
                return RANK_WHITEOUT;
        return RANK_CHILD;
}

int oci_entry_compare(const struct oci_entry *a, const struct oci_entry *b)
{
        const char *p = a->path;
        const char *q = b->path;

        for (;;) {
                enum rank x = rank_of(a, p);
                enum rank y = rank_of(b, q);
                size_t n = strcspn(p, "/");
                size_t m = strcspn(q, "/");
                int order;

                if (x != y)
                        return x < y ? -1 : 1;
                if (x == RANK_SELF || x == RANK_OPAQUE)
                        return 0;
                order = memcmp(p, q, n < m ? n : m);
                if (order != 0 || n != m)
                        return order != 0 ? order : n < m ? -1 : 1;
                p += n + (p[n] == '/');
                q += m + (q[m] == '/');
                if (x == RANK_WHITEOUT)
                        return 0;
        }
}

enum oci_entry_kind oci_entry_kind_of(uint32_t mode)
{
        switch (mode & S_IFMT) {
        case S_IFDIR:
                return OCI_ENTRY_DIRECTORY;
        case S_IFLNK:
                return OCI_ENTRY_SYMLINK;
        case S_IFCHR:
                return OCI_ENTRY_CHAR;
        case S_IFBLK:
                return OCI_ENTRY_BLOCK;
        case S_IFIFO:
                return OCI_ENTRY_FIFO;
        default:
                return OCI_ENTRY_FILE;
        }
}
