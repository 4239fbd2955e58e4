/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_INDEX_H
#define BRYO_OVERLAY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"

/*
 * An index is the immutable metadata of one layer: every entry, its
 * attributes, and where its bytes are. overlay/index_format.h and doc/index.md
 * say what the file looks like. It is opened without being parsed: what a
 * caller touches is checked when it is touched, so a damaged or hostile file
 * gives an error that names it (code EBADMSG), never a crash, an endless loop
 * or an access outside of it; one that cannot be read gives EIO.
 *
 * An open index is immutable and may be used from any thread.
 */
struct overlay_index;

struct overlay_index_options {
        const char *label;     /* how errors name it; NULL means the file name */
        const struct log *log; /* may be NULL */
        bool verify;           /* also check the digest of the whole file now */
};

/*
 * Opens `name` below `dirfd` (the last component is not followed if it is a
 * symlink). A small file is read at once; of a large one a descriptor is kept,
 * and what is looked at is read then. `options` may be NULL.
 */
int overlay_index_open(int dirfd, const char *name, const struct overlay_index_options *options,
                       struct overlay_index **ret, struct error *err);
struct overlay_index *overlay_index_ref(struct overlay_index *index);
/* Accepts NULL; returns NULL. */
struct overlay_index *overlay_index_unref(struct overlay_index *index);

/* Reads the whole file and compares it with the digest in its header. */
int overlay_index_verify(const struct overlay_index *index, struct error *err);
/* The digest of the whole file (its own field as zeros): what identifies the content; the file name does not. */
void overlay_index_digest(const struct overlay_index *index, struct sha256_digest *ret);
const char *overlay_index_label(const struct overlay_index *index);
/* Size of the index file in bytes. */
uint64_t overlay_index_size(const struct overlay_index *index);
/* Inode records, the root included: at least 1. */
uint32_t overlay_index_inode_count(const struct overlay_index *index);

/* One row of the table of sources: what prune marks, what keeps a tar alive. */
struct overlay_index_source {
        char name[129]; /* NUL-terminated */
        uint64_t size;  /* the least size the source must have */
        uint64_t used;  /* bytes of it that bodies of this index point at; a range used twice counts twice */
};

uint32_t overlay_index_source_count(const struct overlay_index *index);
int overlay_index_source(const struct overlay_index *index, uint32_t number, struct overlay_index_source *ret,
                         struct error *err);

/* One piece of a body. Between and behind extents a body is zeros up to the file's size. */
struct overlay_extent {
        uint64_t offset;        /* in the file */
        uint64_t length;        /* never 0 */
        uint64_t source_offset; /* in the source */
        uint32_t source;        /* number of the source in its index */
};

/* Visits every extent of every body once, hard links not repeated: the live ranges for prune. Order is not defined. */
int overlay_index_walk_extents(const struct overlay_index *index,
                               int (*visit)(void *context, const struct overlay_extent *extent, struct error *err),
                               void *context, struct error *err);

struct overlay_xattr {
        const char *name;  /* NUL-terminated */
        const void *value; /* `size` bytes */
        size_t size;
};

/*
 * What overlay_index_walk shows for one entry. All pointers are valid only
 * during the call.
 */
struct overlay_walk_entry {
        const char *path; /* relative to the root, without leading or trailing '/'; "" for the root; raw bytes */
        size_t path_size;
        bool whiteout;   /* path is deleted from the layers below; nothing else is set */
        bool opaque;     /* a directory that replaces, and does not merge with, what is below */
        bool implicit;   /* a directory that the layer itself has no entry for: attributes are those of the layers below
                          */
        bool unresolved; /* a hard link to `link`, a path of the layers below; no attributes */
        const char *link; /* not NULL: a hard link to this path, which was visited before (or, unresolved, is below) */
        mode_t mode;      /* kind and permissions; for a hard link those of its target */
        uid_t uid;
        gid_t gid;
        uint64_t rdev; /* as of makedev(3) */
        uint64_t size;
        int64_t mtime_sec;
        uint32_t mtime_nsec;
        uint32_t inode;                     /* number of the inode record: equal for the names of one inode */
        const char *target;                 /* of a symlink, NUL-terminated */
        const struct overlay_xattr *xattrs; /* sorted by name */
        size_t xattr_count;
        const struct overlay_extent
                *extents; /* of a regular file that is no hard link to an earlier entry; sorted by offset */
        size_t extent_count;
};

/*
 * Visits the layer in canonical order, the order of a layer tar: the root
 * (always, as path ""; `implicit` when the layer has no entry for it), then in
 * each directory its whiteouts sorted by bytes, then its children sorted by
 * bytes, a child directory with all that is in it before the next child. A
 * hard link always follows its target. Stops when `visit` returns -1.
 */
int overlay_index_walk(const struct overlay_index *index,
                       int (*visit)(void *context, const struct overlay_walk_entry *entry, struct error *err),
                       void *context, struct error *err);

#endif
