/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes one tar header block, as strictly as Go's archive/tar, whose reading of a layer is the one that counts
 * elsewhere. */
#include "oci/tar_header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool octal_number(const unsigned char *field, size_t size, int64_t *ret)
{
        uint64_t value = 0;
        size_t i = 0;

        /* a NUL before the digits ends the number for Python, and is a blank for GNU tar and Go: it is none here */
        while (i < size && field[i] == ' ')
                i++;
        for (; i < size && field[i] >= '0' && field[i] <= '7'; i++) {
                if (value >> 60 != 0)
                        return false;
                value = value * 8 + (uint64_t)(field[i] - '0');
        }
        while (i < size && (field[i] == ' ' || field[i] == '\0'))
                i++;
        *ret = (int64_t)value;
        return i == size;
}

/* Two's complement, big endian; the top bit is the mark, the next one the sign. Other first bytes are numbers that no
 * field needs, and that Python does not take for any. */
static bool binary_number(const unsigned char *field, size_t size, int64_t *ret)
{
        unsigned char fill = field[0] == 0xff ? 0xff : 0;
        uint64_t value = fill ? UINT64_MAX : 0;

        if (field[0] != 0x80 && field[0] != 0xff)
                return false;
        for (size_t i = 1; i < size; i++) {
                if ((value >> 56 & 0xff) != fill)
                        return false;
                value = value << 8 | field[i];
        }
        *ret = (int64_t)value;
        return (*ret < 0) == (fill != 0);
}

bool oci_tar_number_parse(const void *field, size_t size, int64_t *ret)
{
        const unsigned char *p = field;

        return p[0] & 0x80 ? binary_number(p, size, ret) : octal_number(p, size, ret);
}

/* The sum of the four 16-bit numbers in `lanes`. */
static int64_t add_lanes(uint64_t lanes)
{
        return (int64_t)((lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) + (lanes >> 48));
}

/*
 * Of the block with blanks for its checksum. Eight bytes at a time: a layer is written with a block for each of its files, and
 * this was a sixth of the time of making one. A byte from 128 on counts 256 less when it is signed.
 */
static void sums(const unsigned char *block, int64_t *ret_unsigned, int64_t *ret_signed)
{
        const uint64_t even = UINT64_C(0x00ff00ff00ff00ff), bits = UINT64_C(0x0001000100010001);
        uint64_t words[OCI_TAR_BLOCK / 8], sum = 0, high = 0;
        unsigned char copy[OCI_TAR_BLOCK];

        memcpy(copy, block, sizeof(copy));
        memset(copy + OCI_TAR_CHECKSUM, ' ', OCI_TAR_SHORT);
        memcpy(words, copy, sizeof(words));
        for (size_t i = 0; i < OCI_TAR_BLOCK / 8; i++) { /* a lane grows by 510 at most: 64 times fits 16 bits */
                sum += (words[i] & even) + (words[i] >> 8 & even);
                high += (words[i] >> 7 & bits) + (words[i] >> 15 & bits);
        }
        *ret_unsigned = add_lanes(sum);
        *ret_signed = *ret_unsigned - 256 * add_lanes(high);
}

bool oci_tar_block_is_zero(const void *block)
{
        const unsigned char *p = block;

        return p[0] == 0 && memcmp(p, p + 1, OCI_TAR_BLOCK - 1) == 0;
}

bool oci_tar_block_is_header(const void *block)
{
        int64_t stored, plain, old;

        if (!oci_tar_number_parse((const char *)block + OCI_TAR_CHECKSUM, OCI_TAR_SHORT, &stored))
                return false;
        sums(block, &plain, &old);
        return !oci_tar_block_is_zero(block) && (stored == plain || stored == old);
}

void oci_tar_block_sign(void *block)
{
        unsigned char *p = block;
        int64_t plain, old;
        char text[OCI_TAR_SHORT];

        sums(p, &plain, &old);
        /* six digits, NUL, space: what every writer since V7 does */
        (void)snprintf(text, sizeof(text), "%06o", (unsigned)plain & 0777777);
        memcpy(p + OCI_TAR_CHECKSUM, text, 7);
        p[OCI_TAR_CHECKSUM + 7] = ' ';
}

static enum oci_tar_format format_of(const char *block)
{
        if (memcmp(block + OCI_TAR_MAGIC, "ustar  ", 8) == 0)
                return OCI_TAR_GNU;
        if (memcmp(block + OCI_TAR_MAGIC, "ustar", 6) != 0)
                return OCI_TAR_V7;
        return memcmp(block + 508, "tar", 4) == 0 ? OCI_TAR_STAR : OCI_TAR_USTAR;
}

static int number(const char *block, size_t at, size_t size, const char *what, int64_t *ret, struct error *err)
{
        if (oci_tar_number_parse(block + at, size, ret))
                return 0;
        return error_set(err, EINVAL, "the %s field is not a number", what);
}

/* name, or prefix "/" name */
static void copy_name(const char *block, struct oci_tar_header *h)
{
        size_t prefix = 0;

        if (h->format == OCI_TAR_USTAR)
                prefix = strnlen(block + OCI_TAR_PREFIX, OCI_TAR_PREFIX_SIZE);
        else if (h->format == OCI_TAR_STAR)
                prefix = strnlen(block + OCI_TAR_PREFIX, 131);
        memcpy(h->name, block + OCI_TAR_PREFIX, prefix);
        if (prefix > 0)
                h->name[prefix++] = '/';
        memcpy(h->name + prefix, block + OCI_TAR_NAME, OCI_TAR_NAME_SIZE);
        h->name[prefix + OCI_TAR_NAME_SIZE] = '\0';
}

int oci_tar_header_parse(const void *bytes, struct oci_tar_header *ret, struct error *err)
{
        const char *block = bytes;

        if (!oci_tar_block_is_header(block))
                return error_set(err, EINVAL, "not a tar header: the checksum is wrong");
        ret->format = format_of(block);
        /* V7 has nothing there, GNU times of access and change that only incremental backups use */
        if ((ret->format == OCI_TAR_V7 || ret->format == OCI_TAR_GNU) && block[OCI_TAR_PREFIX] != '\0')
                return error_set(err, EINVAL,
                                 "a name's prefix without the mark of ustar: programs differ about whether it counts");
        ret->type = block[OCI_TAR_TYPE];
        copy_name(block, ret);
        memcpy(ret->link, block + OCI_TAR_LINK, OCI_TAR_LINK_SIZE);
        ret->link[OCI_TAR_LINK_SIZE] = '\0';
        ret->rdev_major = ret->rdev_minor = 0;
        if (number(block, OCI_TAR_MODE, OCI_TAR_SHORT, "mode", &ret->mode, err) < 0 ||
            number(block, OCI_TAR_UID, OCI_TAR_SHORT, "uid", &ret->uid, err) < 0 ||
            number(block, OCI_TAR_GID, OCI_TAR_SHORT, "gid", &ret->gid, err) < 0 ||
            number(block, OCI_TAR_SIZE, OCI_TAR_LONG, "size", &ret->size, err) < 0 ||
            number(block, OCI_TAR_MTIME, OCI_TAR_LONG, "mtime", &ret->mtime, err) < 0)
                return -1;
        if (ret->format == OCI_TAR_V7)
                return 0;
        if (number(block, OCI_TAR_DEVMAJOR, OCI_TAR_SHORT, "device major", &ret->rdev_major, err) < 0 ||
            number(block, OCI_TAR_DEVMINOR, OCI_TAR_SHORT, "device minor", &ret->rdev_minor, err) < 0)
                return -1;
        return 0;
}
