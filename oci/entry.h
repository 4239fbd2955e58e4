/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_ENTRY_H
#define BRYO_OCI_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/*
 * One entry of a layer: what the reader hands out and the writer takes. A plain
 * value; all pointers are borrowed (from the reader until its next call, from
 * the caller during a write).
 */
enum oci_entry_kind {
        OCI_ENTRY_FILE,
        OCI_ENTRY_DIRECTORY,
        OCI_ENTRY_SYMLINK,
        OCI_ENTRY_HARDLINK,
        OCI_ENTRY_CHAR,
        OCI_ENTRY_BLOCK,
        OCI_ENTRY_FIFO,
        OCI_ENTRY_WHITEOUT, /* `path` is removed from the layers below */
        OCI_ENTRY_OPAQUE,   /* everything below the directory `path` is removed from the layers below; "" is the root */
};

/* The kind of a node with these S_IFMT bits: a file unless they say something else. */
enum oci_entry_kind oci_entry_kind_of(uint32_t mode);

/* `length` bytes of a file at `offset` lie at `source` of the uncompressed tar. What no extent covers is a hole. */
struct oci_extent {
        uint64_t offset;
        uint64_t source;
        uint64_t length;
};

struct oci_xattr {
        const char *name;  /* "security.capability"; raw bytes */
        const void *value; /* raw bytes */
        size_t size;
};

struct oci_entry {
        enum oci_entry_kind kind;
        const char
                *path; /* raw bytes; relative, without "." ".." "//" or a slash at the end; "" is the root directory */
        uint32_t mode; /* permission bits and suid, sgid, sticky (07777) */
        uint32_t uid;
        uint32_t gid;
        int64_t mtime;     /* seconds since the epoch, may be negative */
        uint32_t mtime_ns; /* 0..999999999 */
        uint64_t size;     /* files: bytes; else 0 */
        uint32_t rdev_major;
        uint32_t rdev_minor;
        const char *target; /* symlink: its text as it is; hard link: the other path, cleaned like `path`; else NULL */
        const struct oci_xattr *xattrs;
        size_t xattr_count;
        const struct oci_extent
                *extents; /* files, from the reader: ascending, not overlapping; the writer ignores them */
        size_t extent_count;
};

/*
 * The canonical order of a layer's entries, as qsort wants it: depth first; a directory, then its opaque marker, then
 * the whiteouts in it by name, then its children by name, names compared bytewise. 0 only for the same path and rank.
 */
int oci_entry_compare(const struct oci_entry *a, const struct oci_entry *b);

#endif
