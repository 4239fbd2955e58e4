/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_TAR_BUILD_H
#define BRYO_TESTS_UNIT_TAR_BUILD_H

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/layer_reader.h"
#include "tests/unit/check.h"

/*
 * Makes tars byte by byte, right and wrong ones, apart from the code under test, and tells what a layer reader sees in
 * one as a text with a line for each entry.
 */
struct tar_header {
        const char *name;
        const char *mode; /* octal digits; NULL: 644 */
        const char *uid;  /* NULL: 0 */
        const char *gid;
        const char *size; /* NULL: 0 */
        const char *mtime;
        char type; /* 0 is the V7 file */
        const char *link;
        const char *magic; /* 8 bytes; NULL: ustar\0 00 */
        const char *major;
        const char *minor;
        const char *prefix;
};

__attribute__((unused)) static void tar_field(char *block, size_t at, size_t size, const char *digits)
{
        CLEANUP_FREE char *text = memory_printf("%0*lo", (int)size - 1, digits ? strtoul(digits, NULL, 8) : 0);

        memcpy(block + at, text, size);
}

__attribute__((unused)) static void tar_sign(char *block)
{
        unsigned sum = 0;
        char text[16];

        memset(block + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
                sum += (unsigned char)block[i];
        snprintf(text, sizeof(text), "%06o", sum);
        memcpy(block + 148, text, 7);
        block[155] = ' ';
}

__attribute__((unused)) static void tar_make(char *block, const struct tar_header *h)
{
        memset(block, 0, 512);
        memcpy(block, h->name, strnlen(h->name, 100));
        tar_field(block, 100, 8, h->mode ? h->mode : "644");
        tar_field(block, 108, 8, h->uid);
        tar_field(block, 116, 8, h->gid);
        tar_field(block, 124, 12, h->size);
        tar_field(block, 136, 12, h->mtime);
        block[156] = h->type;
        if (h->link)
                memcpy(block + 157, h->link, strnlen(h->link, 100));
        memcpy(block + 257,
               h->magic ? h->magic
                        : "ustar\0"
                          "00",
               8);
        tar_field(block, 329, 8, h->major);
        tar_field(block, 337, 8, h->minor);
        if (h->prefix)
                memcpy(block + 345, h->prefix, strnlen(h->prefix, 155));
        tar_sign(block);
}

__attribute__((unused)) static void tar_add(struct buffer *b, const struct tar_header *h)
{
        char block[512];

        tar_make(block, h);
        buffer_append(b, block, sizeof(block));
}

__attribute__((unused)) static void tar_pad(struct buffer *b)
{
        while (b->size % 512)
                buffer_append_char(b, '\0');
}

/* A header and its body. */
__attribute__((unused)) static void tar_add_file(struct buffer *b, const char *name, char type, const void *body,
                                                 size_t size)
{
        char digits[32];

        snprintf(digits, sizeof(digits), "%zo", size);
        tar_add(b, &(struct tar_header){.name = name, .type = type, .size = digits});
        buffer_append(b, body, size);
        tar_pad(b);
}

/* One pax record. */
__attribute__((unused)) static void tar_record(struct buffer *b, const char *key, const void *value, size_t size)
{
        size_t length = strlen(key) + size + 3;
        char digits[32];

        while (length != strlen(key) + size + 3 + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
                length++;
        buffer_printf(b, "%zu %s=", length, key);
        buffer_append(b, value, size);
        buffer_append_char(b, '\n');
}

__attribute__((unused)) static void tar_end(struct buffer *b)
{
        static const char zeros[1024];

        buffer_append(b, zeros, sizeof(zeros));
}

/* A file in memory with these bytes, position 0. */
__attribute__((unused)) static int tar_open(const void *bytes, size_t size)
{
        int fd = memfd_create("tar", MFD_CLOEXEC);

        if (fd < 0 || fd_write_all(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) != 0)
                abort();
        return fd;
}

__attribute__((unused)) static void tar_tell_bytes(struct buffer *b, const void *bytes, size_t size)
{
        const unsigned char *p = bytes;

        for (size_t i = 0; i < size; i++) {
                if (p[i] <= ' ' || p[i] > '~' || p[i] == '\\')
                        buffer_printf(b, "\\%02x", p[i]);
                else
                        buffer_append_char(b, (char)p[i]);
        }
}

/* "file a/b 644 0:0 mtime 1.5 size 3 [0+3@512]" and so on. */
__attribute__((unused)) static int tar_tell(void *context, const struct oci_entry *e, struct error *err)
{
        static const char *const kinds[] = {"file",  "dir",  "symlink",  "hardlink", "char",
                                            "block", "fifo", "whiteout", "opaque"};
        struct buffer *b = context;

        (void)err;
        buffer_printf(b, "%s ", kinds[e->kind]);
        tar_tell_bytes(b, e->path, strlen(e->path));
        if (e->kind != OCI_ENTRY_WHITEOUT && e->kind != OCI_ENTRY_OPAQUE)
                buffer_printf(b, " %o %u:%u", e->mode, e->uid, e->gid);
        if (e->mtime != 0 || e->mtime_ns != 0)
                buffer_printf(b, " mtime %lld.%09u", (long long)e->mtime, e->mtime_ns);
        if (e->kind == OCI_ENTRY_CHAR || e->kind == OCI_ENTRY_BLOCK)
                buffer_printf(b, " dev %u,%u", e->rdev_major, e->rdev_minor);
        if (e->target) {
                buffer_append_string(b, " -> ");
                tar_tell_bytes(b, e->target, strlen(e->target));
        }
        for (size_t i = 0; i < e->xattr_count; i++) {
                buffer_append_char(b, ' ');
                tar_tell_bytes(b, e->xattrs[i].name, strlen(e->xattrs[i].name));
                buffer_append_char(b, '=');
                tar_tell_bytes(b, e->xattrs[i].value, e->xattrs[i].size);
        }
        if (e->kind == OCI_ENTRY_FILE) {
                buffer_printf(b, " size %llu", (unsigned long long)e->size);
                for (size_t i = 0; i < e->extent_count; i++)
                        buffer_printf(b, " [%llu+%llu@%llu]", (unsigned long long)e->extents[i].offset,
                                      (unsigned long long)e->extents[i].length,
                                      (unsigned long long)e->extents[i].source);
        }
        buffer_append_char(b, '\n');
        return 0;
}

/* What scanning a file sees; -1 with the error when it is refused (then `ret` has the entries before). */
__attribute__((unused)) static int tar_scan(int fd, const struct oci_layer_options *options, struct buffer *ret,
                                            struct error *err)
{
        struct oci_layer_reader *r;
        const struct oci_entry *e = NULL;
        int result = 0;

        if (oci_layer_reader_open(fd, options, &r, err) < 0)
                return -1;
        do {
                result = oci_layer_reader_next(r, &e, err);
                if (result == 0 && e != NULL)
                        tar_tell(ret, e, err);
        } while (result == 0 && e != NULL);
        oci_layer_reader_close(r);
        return result;
}

/* Ingests a tar; what passed goes to `ret_tar`. */
__attribute__((unused)) static int tar_ingest(const void *bytes, size_t size, const struct oci_layer_options *options,
                                              struct buffer *ret, struct buffer *ret_tar,
                                              struct oci_layer_info *ret_info, struct error *err)
{
        CLEANUP_FD int in = tar_open(bytes, size);
        CLEANUP_FD int out = memfd_create("out", MFD_CLOEXEC);
        off_t end;

        if (oci_layer_ingest(in, out, options, tar_tell, ret, ret_info, err) < 0)
                return -1;
        end = lseek(out, 0, SEEK_END);
        if (end < 0 || fd_pread_all(out, buffer_reserve(ret_tar, (size_t)end), (size_t)end, 0) < 0)
                abort();
        ret_tar->size += (size_t)end;
        return 0;
}

/* An extended header with records "key=value" separated by '|'. */
__attribute__((unused)) static void tar_add_pax(struct buffer *b, char type, const char *records)
{
        CLEANUP_BUFFER struct buffer r = BUFFER_INIT;
        CLEANUP_FREE char *text = memory_strdup(records);
        char *rest = text;

        for (char *one = strsep(&rest, "|"); one != NULL; one = strsep(&rest, "|")) {
                char *equals = strchr(one, '=');

                *equals = '\0';
                tar_record(&r, one, equals + 1, strlen(equals + 1));
        }
        tar_add_file(b, "pax", type, r.data, r.size);
}

#endif
