/* SPDX-License-Identifier: Apache-2.0 */
/* Writing an index: one growing table for each kind of record, put one behind the other at the end. */
#include "overlay/index_write.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"

#define SPILL_SIZE (4U << 20)

struct table {
        struct buffer tail; /* what is not in the spill file */
        uint64_t spilled;   /* bytes that are */
        int fd;             /* -1 until the first spill */
};

struct overlay_index_writer {
        int dirfd;
        struct table tables[INDEX_TABLES];
        uint64_t counts[INDEX_TABLES];
        struct error failure; /* the first one */
};

struct overlay_index_writer *overlay_index_writer_new(int dirfd)
{
        struct overlay_index_writer *writer = memory_zalloc(1, sizeof(*writer));

        writer->dirfd = dirfd;
        for (int t = 0; t < INDEX_TABLES; t++)
                writer->tables[t].fd = -1;
        return writer;
}

void overlay_index_writer_free(struct overlay_index_writer *writer)
{
        if (writer == NULL)
                return;
        for (int t = 0; t < INDEX_TABLES; t++) {
                buffer_free(&writer->tables[t].tail);
                fd_close(writer->tables[t].fd);
        }
        error_clear(&writer->failure);
        free(writer);
}

static void fail(struct overlay_index_writer *writer, int code, const char *what)
{
        if (!error_is_set(&writer->failure))
                error_errno(&writer->failure, code, "%s", what);
}

/* A file without a name in the output's directory; where O_TMPFILE is not known (NFS) one that loses its name at once.
 */
static int open_spill(int dirfd)
{
        int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        uint64_t random = 0;
        char name[32];

        if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
                return fd;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
                return -1;
        snprintf(name, sizeof(name), ".spill-%016" PRIx64, random);
        fd = openat(dirfd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 && unlinkat(dirfd, name, 0) < 0)
                return fd_close(fd);
        return fd;
}

static void spill(struct overlay_index_writer *writer, struct table *table)
{
        if (table->fd < 0)
                table->fd = open_spill(writer->dirfd);
        if (table->fd < 0 || fd_pwrite_all(table->fd, table->tail.data, table->tail.size, (off_t)table->spilled) < 0) {
                fail(writer, errno, "cannot write a temporary file for the index");
                /* the bytes are lost, and so is the index: only memory must stay bounded */
        }
        table->spilled += table->tail.size;
        buffer_clear(&table->tail);
}

static uint32_t append(struct overlay_index_writer *writer, enum index_table t, const void *bytes, size_t size,
                       uint64_t count)
{
        struct table *table = &writer->tables[t];
        uint64_t number = writer->counts[t];

        if (number + count >= UINT32_MAX) {
                fail(writer, EFBIG, "too many records for one index");
                return 0;
        }
        buffer_append(&table->tail, bytes, size);
        writer->counts[t] += count;
        if (table->tail.size >= SPILL_SIZE)
                spill(writer, table);
        return (uint32_t)number;
}

static void encode_inode(const struct index_inode *i, struct index_inode_record *r)
{
        *r = (struct index_inode_record){
                .mode = htole32(i->mode),
                .flags = htole32(i->flags),
                .uid = htole32(i->uid),
                .gid = htole32(i->gid),
                .nlink = htole32(i->nlink),
                .rdev_major = htole32(major(i->rdev)),
                .rdev_minor = htole32(minor(i->rdev)),
                .mtime_nsec = htole32(i->mtime_nsec),
                .size = htole64(i->size),
                .mtime_sec = htole64((uint64_t)i->mtime_sec),
                .ino = htole64(i->ino),
                .parent = htole32(i->parent),
                .dirent = htole32(i->dirent),
                .xattrs = htole32(i->xattrs),
                .xattrs_size = htole32(i->xattrs_size),
                .first = htole32(i->first),
                .count = htole32(i->count),
                .subdirs = htole32(i->subdirs),
                .first_link = htole32(i->first_link),
        };
}

uint32_t overlay_index_writer_inode(struct overlay_index_writer *writer, const struct index_inode *inode)
{
        struct index_inode_record r;

        encode_inode(inode, &r);
        return append(writer, INDEX_INODES, &r, sizeof(r), 1);
}

void overlay_index_writer_patch_inode(struct overlay_index_writer *writer, uint32_t number,
                                      const struct index_inode *inode)
{
        struct table *table = &writer->tables[INDEX_INODES];
        uint64_t at = (uint64_t)number * sizeof(struct index_inode_record);
        struct index_inode_record r;

        encode_inode(inode, &r);
        if (at >= table->spilled) {
                if (at - table->spilled + sizeof(r) <= table->tail.size)
                        memcpy(table->tail.data + (at - table->spilled), &r, sizeof(r));
        } else if (table->fd < 0 || fd_pwrite_all(table->fd, &r, sizeof(r), (off_t)at) < 0) {
                fail(writer, errno, "cannot write a temporary file for the index");
        }
}

uint32_t overlay_index_writer_string(struct overlay_index_writer *writer, const void *bytes, size_t size)
{
        return append(writer, INDEX_STRINGS, bytes, size, size);
}

uint32_t overlay_index_writer_dirent(struct overlay_index_writer *writer, const char *name, size_t size, uint8_t kind,
                                     uint32_t inode)
{
        struct index_dirent_record r = {
                .name = htole32(overlay_index_writer_string(writer, name, size)),
                .name_size = htole16((uint16_t)size),
                .kind = kind,
                .inode = htole32(inode),
        };

        return append(writer, INDEX_DIRENTS, &r, sizeof(r), 1);
}

uint32_t overlay_index_writer_extent(struct overlay_index_writer *writer, const struct overlay_extent *extent)
{
        struct index_extent_record r = {
                .offset = htole64(extent->offset),
                .length = htole64(extent->length),
                .source_offset = htole64(extent->source_offset),
                .source = htole32(extent->source),
        };

        return append(writer, INDEX_EXTENTS, &r, sizeof(r), 1);
}

uint32_t overlay_index_writer_source(struct overlay_index_writer *writer, const char *name, uint64_t size,
                                     uint64_t used)
{
        struct index_source_record r = {
                .name = htole32(overlay_index_writer_string(writer, name, strlen(name))),
                .name_size = htole32((uint32_t)strlen(name)),
                .size = htole64(size),
                .used = htole64(used),
        };

        return append(writer, INDEX_SOURCES, &r, sizeof(r), 1);
}

uint32_t overlay_index_writer_link(struct overlay_index_writer *writer, uint32_t dir, uint32_t dirent)
{
        struct index_link_record r = {.dir = htole32(dir), .dirent = htole32(dirent)};

        return append(writer, INDEX_LINKS, &r, sizeof(r), 1);
}

uint32_t overlay_index_writer_unresolved(struct overlay_index_writer *writer, uint32_t inode)
{
        uint32_t r = htole32(inode);

        return append(writer, INDEX_UNRESOLVED, &r, sizeof(r), 1);
}

uint32_t overlay_index_writer_count(const struct overlay_index_writer *writer, enum index_table table)
{
        return (uint32_t)writer->counts[table];
}

static void fill_header(const struct overlay_index_writer *writer, const struct overlay_index_numbers *numbers,
                        struct index_header_record *h)
{
        uint64_t offset = sizeof(*h);

        *h = (struct index_header_record){
                .version = htole32(INDEX_VERSION),
                .header_size = htole32(sizeof(*h)),
                .ino_base = htole64(numbers->ino_base),
                .ino_next = htole64(numbers->ino_next),
        };
        memcpy(h->magic, INDEX_MAGIC, sizeof(h->magic));
        memcpy(h->stack, numbers->stack, sizeof(h->stack));
        for (int t = 0; t < INDEX_TABLES; t++) {
                h->tables[t].offset = htole64(offset);
                h->tables[t].count = htole64(writer->counts[t]);
                offset += writer->tables[t].spilled + writer->tables[t].tail.size;
                offset = (offset + 7) & ~UINT64_C(7);
        }
        h->file_size = htole64(offset);
}

static int put(int fd, struct sha256 *hash, const void *bytes, size_t size)
{
        sha256_update(hash, bytes, size);
        return fd_write_all(fd, bytes, size);
}

static int put_table(int fd, struct sha256 *hash, const struct table *table)
{
        static const char zeros[8];
        uint64_t size = table->spilled + table->tail.size;
        CLEANUP_FREE char *chunk = NULL;
        const size_t chunk_size = 1U << 18;

        if (table->spilled > 0)
                chunk = memory_alloc(chunk_size);
        for (uint64_t at = 0; at < table->spilled;) {
                size_t n = table->spilled - at < chunk_size ? (size_t)(table->spilled - at) : chunk_size;

                if (fd_pread_all(table->fd, chunk, n, (off_t)at) < 0 || put(fd, hash, chunk, n) < 0)
                        return -1;
                at += n;
        }
        if (table->tail.size > 0 && put(fd, hash, table->tail.data, table->tail.size) < 0)
                return -1;
        return put(fd, hash, zeros, (size_t)(-size & 7));
}

static int put_file(const struct overlay_index_writer *writer, int fd, struct index_header_record *h)
{
        struct sha256_digest digest;
        struct sha256 hash;

        sha256_init(&hash);
        if (put(fd, &hash, h, sizeof(*h)) < 0)
                return -1;
        for (int t = 0; t < INDEX_TABLES; t++)
                if (put_table(fd, &hash, &writer->tables[t]) < 0)
                        return -1;
        sha256_final(&hash, &digest);
        memcpy(h->digest, digest.bytes, sizeof(h->digest));
        return fd_pwrite_all(fd, h, sizeof(*h), 0);
}

int overlay_index_writer_finish(struct overlay_index_writer *writer, const char *name,
                                const struct overlay_index_numbers *numbers, struct sha256_digest *ret_digest,
                                uint64_t *ret_size, struct error *err)
{
        struct index_header_record h;
        CLEANUP_FD int fd = -1;

        if (error_is_set(&writer->failure)) {
                error_move(err, &writer->failure);
                return error_wrap(err, "cannot write index %s", name);
        }
        fill_header(writer, numbers, &h);
        fd = openat(writer->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0) /* an odd umask may have taken bits from the owner */
                return error_errno(err, errno, "cannot create index %s", name);
        if (put_file(writer, fd, &h) < 0 || fd_settle(fd) < 0) {
                error_errno(err, errno, "cannot write index %s", name);
                (void)unlinkat(writer->dirfd, name, 0); /* the write error is what counts */
                return -1;
        }
        memcpy(ret_digest->bytes, h.digest, sizeof(h.digest));
        *ret_size = le64toh(h.file_size);
        return 0;
}
