/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_INDEX_FORMAT_H
#define BRYO_OVERLAY_INDEX_FORMAT_H

#include <stdint.h>

/*
 * The index file, version 1. doc/index.md tells the same story for readers
 * without a compiler.
 *
 *     file    = header table[INODES] .. table[STRINGS] ; each table starts at a multiple of 8, gaps are zeros
 *     table   = record*                                ; of fixed size, so record n is found without parsing
 *     INODES  = inode+     ; number 0 is the root directory
 *     DIRENTS = dirent*    ; those of one directory are contiguous and sorted by the bytes of their names
 *     EXTENTS = extent*    ; those of one body are contiguous, sorted by offset, and do not overlap
 *     SOURCES = source*
 *     LINKS   = link*      ; those of one inode with several names are contiguous: all its names
 *     UNRESOLVED = le32*   ; numbers of the inodes that are hard links to a path of the layers below
 *     STRINGS = byte*      ; names, targets, xattr blobs
 *     xattrs  = (le16 name_size, le32 value_size, name, NUL, value)*  ; sorted by name, inside STRINGS
 *
 * Everything is little endian. A number that points nowhere is INDEX_NONE.
 *
 * What keeps a hostile file from looping a reader: an inode that is a directory, or has
 * one name, repeats where that name is (`parent`, `dirent`), and a reader
 * refuses a name whose inode says otherwise. So every directory has at most
 * one way in, the root has none, and what can be reached is a tree.
 *
 * Limits, with reasons:
 *   - names 1..255 bytes (NAME_MAX), no '/', no NUL, not "." or ".."
 *   - link targets 1..4095 bytes (PATH_MAX less the NUL)
 *   - sizes and body offsets up to 2^63-1 (off_t)
 *   - depth 16384 directories (a walker keeps one frame for each)
 *   - 2^32-2 records in a table, 4 GiB of strings: numbers are 32 bits to keep a file of a layer near 130 bytes
 *   - xattr names 1..255 bytes, values up to 64 KiB, 1 MiB of them on one inode (Linux: XATTR_NAME_MAX, XATTR_SIZE_MAX)
 *   - inode numbers below 2^48, so that a stack of layers cannot run out of 64 bits
 */
#define INDEX_MAGIC      "bryoidx\n"
#define INDEX_VERSION    1
#define INDEX_NONE       UINT32_MAX
#define INDEX_DEPTH_MAX  16384
#define INDEX_NAME_MAX   255
#define INDEX_TARGET_MAX 4095
#define INDEX_XATTRS_MAX (1U << 20)
#define INDEX_XATTR_MAX  65536
#define INDEX_INO_MAX    (UINT64_C(1) << 48)
#define INDEX_STACK_SIZE 16

enum index_table {
        INDEX_INODES,
        INDEX_DIRENTS,
        INDEX_EXTENTS,
        INDEX_SOURCES,
        INDEX_LINKS,
        INDEX_UNRESOLVED,
        INDEX_STRINGS,
        INDEX_TABLES
};

struct index_header_record {
        char magic[8];
        uint32_t version;
        uint32_t header_size; /* of this struct */
        uint64_t file_size;
        /*
         * Inode numbers. A sealed step writes the numbers its nodes had, valid only on the
         * very layers it was made on: `stack` names those, `ino_base` is the first number they leave free,
         * and `ino_next` the first that this layer leaves free. All zero in an imported layer, and ignored
         * when the stack below is another one: numbers are then made from record numbers.
         */
        uint64_t ino_base;
        uint64_t ino_next;
        uint8_t stack[INDEX_STACK_SIZE];
        uint8_t digest[32]; /* SHA-256 of the whole file with this field as zeros */
        struct {
                uint64_t offset;
                uint64_t count; /* records; of STRINGS bytes */
        } tables[INDEX_TABLES];
};

enum index_inode_flags {
        INDEX_OPAQUE = 1,   /* directory: hides what is below */
        INDEX_IMPLICIT = 2, /* directory: only implied by its children, the attributes are those of the layer below */
        INDEX_HARDLINK = 4, /* unresolved hard link; `first`, `count` are the target path; the rest is zero */
};

struct index_inode_record {
        uint32_t mode; /* S_IFMT and 07777 bits */
        uint32_t flags;
        uint32_t uid;
        uint32_t gid;
        uint32_t nlink; /* names in this layer; 1 for directories */
        uint32_t rdev_major;
        uint32_t rdev_minor;
        uint32_t mtime_nsec;
        uint64_t size;
        uint64_t mtime_sec; /* two's complement */
        uint64_t ino;
        uint32_t parent; /* nlink 1: the directory of its one name; else INDEX_NONE */
        uint32_t dirent; /* nlink 1: that name; else INDEX_NONE; both INDEX_NONE for the root */
        uint32_t xattrs; /* in STRINGS */
        uint32_t xattrs_size;
        uint32_t first; /* directory: DIRENTS; file: EXTENTS; symlink and unresolved link: STRINGS */
        uint32_t count;
        uint32_t subdirs;    /* directory: how many of its dirents are directories */
        uint32_t first_link; /* nlink > 1: LINKS */
};

enum index_kind {
        /* otherwise S_IFMT bits >> 12, which are also the DT_ values of readdir(3) */
        INDEX_KIND_WHITEOUT = 14,
        INDEX_KIND_HARDLINK = 15 /* unresolved */
};

struct index_dirent_record {
        uint32_t name; /* in STRINGS */
        uint16_t name_size;
        uint8_t kind;
        uint8_t zero;
        uint32_t inode; /* INDEX_NONE for a whiteout */
};

struct index_extent_record {
        uint64_t offset;
        uint64_t length;
        uint64_t source_offset;
        uint32_t source;
        uint32_t zero;
};

struct index_source_record {
        uint32_t name; /* in STRINGS */
        uint32_t name_size;
        uint64_t size;
        uint64_t used;
};

struct index_link_record {
        uint32_t dir;
        uint32_t dirent;
};

_Static_assert(sizeof(struct index_header_record) == 200, "header has no padding");
_Static_assert(sizeof(struct index_inode_record) == 88, "inode has no padding");
_Static_assert(sizeof(struct index_dirent_record) == 12, "dirent has no padding");
_Static_assert(sizeof(struct index_extent_record) == 32, "extent has no padding");
_Static_assert(sizeof(struct index_source_record) == 24, "source has no padding");
_Static_assert(sizeof(struct index_link_record) == 8, "link has no padding");

#endif
