/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_TAR_HEADER_H
#define BRYO_OCI_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/*
 * One 512-byte header block of a tar: POSIX.1-2001 pax, "ustar Interchange Format", and GNU tar's src/tar.h
 * for the GNU variant. Internal to this room.
 */
#define OCI_TAR_BLOCK 512

/* Offsets and widths of the fields. */
#define OCI_TAR_NAME        0
#define OCI_TAR_NAME_SIZE   100
#define OCI_TAR_MODE        100
#define OCI_TAR_UID         108
#define OCI_TAR_GID         116
#define OCI_TAR_SIZE        124
#define OCI_TAR_MTIME       136
#define OCI_TAR_CHECKSUM    148
#define OCI_TAR_TYPE        156
#define OCI_TAR_LINK        157
#define OCI_TAR_LINK_SIZE   100
#define OCI_TAR_MAGIC       257
#define OCI_TAR_DEVMAJOR    329
#define OCI_TAR_DEVMINOR    337
#define OCI_TAR_PREFIX      345
#define OCI_TAR_PREFIX_SIZE 155
#define OCI_TAR_SHORT       8  /* mode, uid, gid, checksum, device numbers */
#define OCI_TAR_LONG        12 /* size, mtime, sparse numbers */
/* GNU only, over the prefix: */
#define OCI_TAR_GNU_SPARSE   386
#define OCI_TAR_GNU_EXTENDED 482
#define OCI_TAR_GNU_REALSIZE 483
/* A block of more sparse numbers after a GNU header: */
#define OCI_TAR_MORE_EXTENDED 504

enum oci_tar_format {
        OCI_TAR_V7,
        OCI_TAR_USTAR, /* and pax */
        OCI_TAR_STAR,  /* ustar with a shorter prefix */
        OCI_TAR_GNU,
};

/* A decoded header. Texts have no NUL inside. */
struct oci_tar_header {
        enum oci_tar_format format;
        char type;
        char name[OCI_TAR_PREFIX_SIZE + 1 + OCI_TAR_NAME_SIZE + 1];
        char link[OCI_TAR_LINK_SIZE + 1];
        int64_t mode;
        int64_t uid;
        int64_t gid;
        int64_t size;
        int64_t mtime;
        int64_t rdev_major;
        int64_t rdev_minor;
};

/* True if the checksum is right (sums of signed bytes, which old tars wrote, count too). */
bool oci_tar_block_is_header(const void *block);
bool oci_tar_block_is_zero(const void *block);
/* Decodes a block. EINVAL for a wrong checksum or a field that is no number. */
int oci_tar_header_parse(const void *block, struct oci_tar_header *ret, struct error *err);
/* A numeric field: octal text, or GNU's base-256 when the top bit is set. False if it is neither. */
bool oci_tar_number_parse(const void *field, size_t size, int64_t *ret);
/* Writes the checksum field. */
void oci_tar_block_sign(void *block);

#endif
