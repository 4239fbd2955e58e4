/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_INDEX_READ_H
#define BRYO_OVERLAY_INDEX_READ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/sha256.h"
#include "overlay/index.h"
#include "overlay/index_bytes.h"
#include "overlay/index_format.h"

/*
 * Checked access to the records of an open index; internal to overlay/. Each
 * function returns false when the record is outside its table or points
 * outside of another one or breaks a limit or cannot be read: the caller says which index is damaged
 * (overlay_index_damaged). Nothing here allocates.
 */

struct overlay_index {
        atomic_uint refs;
        char *label;
        struct index_bytes bytes;
        uint64_t size;
        uint64_t ino_base;
        uint64_t ino_next;
        uint8_t stack[INDEX_STACK_SIZE];
        struct sha256_digest digest;
        struct {
                uint64_t offset;
                uint32_t count;
        } tables[INDEX_TABLES];
        uint64_t strings_size; /* tables[INDEX_STRINGS].count would be too narrow */
};

struct index_inode {
        mode_t mode;
        uint32_t flags;
        uint32_t uid;
        uint32_t gid;
        uint32_t nlink;
        uint32_t mtime_nsec;
        uint64_t rdev;
        uint64_t size;
        int64_t mtime_sec;
        uint64_t ino;
        uint32_t parent;
        uint32_t dirent;
        uint32_t xattrs;
        uint32_t xattrs_size;
        uint32_t first;
        uint32_t count;
        uint32_t subdirs;
        uint32_t first_link;
};

struct index_dirent {
        const char *name; /* `size` bytes, not terminated */
        uint32_t size;
        uint8_t kind;
        uint32_t inode;
};

bool overlay_index_read_inode(const struct overlay_index *index, uint32_t number, struct index_inode *ret);
/* The name's length is checked, its bytes are not (overlay_name_is_valid). */
bool overlay_index_read_dirent(const struct overlay_index *index, uint32_t number, struct index_dirent *ret);
bool overlay_index_read_extent(const struct overlay_index *index, uint32_t number, struct overlay_extent *ret);
bool overlay_index_read_link(const struct overlay_index *index, uint32_t number, uint32_t *ret_dir,
                             uint32_t *ret_dirent);
bool overlay_index_read_unresolved(const struct overlay_index *index, uint32_t number, uint32_t *ret_inode);
bool overlay_index_read_source(const struct overlay_index *index, uint32_t number, struct overlay_index_source *ret);
/* NULL when outside. */
const void *overlay_index_string(const struct overlay_index *index, uint32_t offset, uint32_t size);

/* Looks for a name among `count` dirents at `first`. Returns 1, 0, or -1 for a damaged index. */
int overlay_index_find(const struct overlay_index *index, uint32_t first, uint32_t count, const char *name, size_t size,
                       uint32_t *ret_number, struct index_dirent *ret);

/* One name of an inode that is not a directory: `which` counts from 0 to nlink - 1. */
bool overlay_index_read_name(const struct overlay_index *index, const struct index_inode *inode, uint32_t which,
                             uint32_t *ret_dir, uint32_t *ret_dirent);

/* Sets EBADMSG "LABEL is damaged: WHAT number NUMBER", or EIO and the reason when the file could not be read; returns
 * -1. */
int overlay_index_damaged(const struct overlay_index *index, const char *what, uint64_t number, struct error *err);

bool overlay_name_is_valid(const char *name, size_t size);
/* memcmp order, shorter first. */
int overlay_name_compare(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
