/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_PAX_H
#define BRYO_OCI_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "oci/entry.h"

/*
 * A pax extended header (POSIX.1-2001 pax, "pax Extended Header"): records "LENGTH KEY=VALUE\n" that override the
 * header behind them. Internal to this room. Understood: path, linkpath, size, uid, gid, mtime, SCHILY.xattr.* and
 * GNU.sparse.*; the rest is skipped. Of a key given twice the last counts, as for GNU tar, Go and Python; an empty
 * value, which POSIX says takes the key back and Python does not, is refused.
 */
struct oci_pax {
        char *path; /* owned, like all texts here; NULL: not given */
        char *link;
        bool has_size, has_uid, has_gid, has_mtime;
        int64_t size;
        int64_t uid;
        int64_t gid;
        int64_t mtime;
        uint32_t mtime_ns;
        struct oci_xattr *xattrs; /* name and value owned */
        size_t xattr_count;
        size_t xattr_cap;
        /* GNU.sparse.*: versions 0.0 and 0.1 leave the map here as "offset,length,...", 1.0 puts it in front of the
         * body */
        char *sparse_name;
        bool has_sparse_size;
        int64_t sparse_size;
        bool has_sparse_count;
        int64_t sparse_count; /* regions announced */
        int64_t sparse_major;
        int64_t sparse_minor;
        bool has_sparse_version;
        struct buffer sparse_map;
        char *sparse_offset; /* 0.0: waits for its numbytes */
};

#define OCI_PAX_INIT                                                                                                   \
        {                                                                                                              \
                .path = NULL                                                                                           \
        }

/* Reads all records of one header. EINVAL for a malformed record, E2BIG for a limit. Free `p` also after a failure. */
int oci_pax_parse(const void *bytes, size_t size, struct oci_pax *p, struct error *err);
/* The same for a global header: only that it says nothing an entry would inherit, because Go ignores it and GNU tar
 * does not. */
int oci_pax_check_global(const void *bytes, size_t size, struct error *err);
void oci_pax_free(struct oci_pax *p);

/* Appends one record. `key` has no '='. */
void oci_pax_append(struct buffer *b, const char *key, const void *value, size_t size);

#endif
