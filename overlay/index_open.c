/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an index: the header is checked, everything else when it is looked at. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/index_read.h"

static const size_t record_sizes[INDEX_TABLES] = {
        [INDEX_INODES] = sizeof(struct index_inode_record),
        [INDEX_DIRENTS] = sizeof(struct index_dirent_record),
        [INDEX_EXTENTS] = sizeof(struct index_extent_record),
        [INDEX_SOURCES] = sizeof(struct index_source_record),
        [INDEX_LINKS] = sizeof(struct index_link_record),
        [INDEX_UNRESOLVED] = sizeof(uint32_t),
        [INDEX_STRINGS] = 1,
};

static int load_bytes(struct overlay_index *index, int *fd, struct error *err)
{
        struct stat st;

        if (fstat(*fd, &st) < 0)
                return error_errno(err, errno, "cannot stat %s", index->label);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EBADMSG, "%s is not a regular file, so it is no index", index->label);
        if ((uint64_t)st.st_size < sizeof(struct index_header_record))
                return error_set(err, EBADMSG, "%s is damaged: %jd bytes are too few for an index", index->label,
                                 (intmax_t)st.st_size);
        index->size = (uint64_t)st.st_size;
        return overlay_index_bytes_open(&index->bytes, fd, index->size, index->label, err);
}

static int check_tables(struct overlay_index *index, const struct index_header_record *h, struct error *err)
{
        uint64_t end = sizeof(*h);

        for (int t = 0; t < INDEX_TABLES; t++) {
                uint64_t offset = le64toh(h->tables[t].offset), count = le64toh(h->tables[t].count);
                uint64_t limit = t == INDEX_STRINGS ? UINT32_MAX : UINT32_MAX - 1;

                if (offset < end || offset % 8 != 0 || offset > index->size || count > limit ||
                    count * record_sizes[t] > index->size - offset)
                        return overlay_index_damaged(index, "bad table", (uint64_t)t, err);
                end = offset + count * record_sizes[t];
                index->tables[t].offset = offset;
                index->tables[t].count = (uint32_t)count;
        }
        index->strings_size = index->tables[INDEX_STRINGS].count;
        return 0;
}

static int read_header(const struct overlay_index *index, struct index_header_record *ret, struct error *err)
{
        const void *at = overlay_index_bytes_at(&index->bytes, 0, sizeof(*ret));

        if (at == NULL)
                return overlay_index_damaged(index, "header", 0, err);
        memcpy(ret, at, sizeof(*ret));
        return 0;
}

static int check_header(struct overlay_index *index, struct error *err)
{
        struct index_header_record h;
        struct index_inode root;

        if (read_header(index, &h, err) < 0)
                return -1;
        if (memcmp(h.magic, INDEX_MAGIC, sizeof(h.magic)) != 0)
                return error_set(err, EBADMSG, "%s is no index: it does not begin with the magic bytes", index->label);
        if (le32toh(h.version) != INDEX_VERSION)
                return error_set(err, EBADMSG, "%s has index version %u, this bryo reads version %u", index->label,
                                 le32toh(h.version), INDEX_VERSION);
        if (le32toh(h.header_size) != sizeof(h) || le64toh(h.file_size) != index->size)
                return error_set(err, EBADMSG, "%s is damaged: it should have %" PRIu64 " bytes and has %" PRIu64,
                                 index->label, le64toh(h.file_size), index->size);
        index->ino_base = le64toh(h.ino_base);
        index->ino_next = le64toh(h.ino_next);
        if (index->ino_base >= INDEX_INO_MAX || index->ino_next >= INDEX_INO_MAX || index->ino_next < index->ino_base)
                return overlay_index_damaged(index, "inode numbers up to", index->ino_next, err);
        memcpy(index->stack, h.stack, sizeof(h.stack));
        memcpy(index->digest.bytes, h.digest, sizeof(h.digest));
        if (check_tables(index, &h, err) < 0)
                return -1;
        if (!overlay_index_read_inode(index, 0, &root) || !S_ISDIR(root.mode) || root.dirent != INDEX_NONE ||
            root.parent != INDEX_NONE || (root.flags & INDEX_HARDLINK) != 0)
                return overlay_index_damaged(index, "inode", 0, err);
        return 0;
}

int overlay_index_open(int dirfd, const char *name, const struct overlay_index_options *options,
                       struct overlay_index **ret, struct error *err)
{
        struct overlay_index *index = memory_zalloc(1, sizeof(*index));
        CLEANUP_FD int fd = -1;

        atomic_init(&index->refs, 1);
        index->label = memory_strdup(options != NULL && options->label != NULL ? options->label : name);
        /* O_NONBLOCK: a FIFO in its place must not hang us; load_bytes refuses it */
        fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) {
                error_errno(err, errno, "cannot open %s", index->label);
                goto fail;
        }
        if (load_bytes(index, &fd, err) < 0 || check_header(index, err) < 0)
                goto fail;
        if (options != NULL && options->verify && overlay_index_verify(index, err) < 0)
                goto fail;
        *ret = index;
        return 0;
fail:
        overlay_index_unref(index);
        return -1;
}

struct overlay_index *overlay_index_ref(struct overlay_index *index)
{
        atomic_fetch_add(&index->refs, 1);
        return index;
}

struct overlay_index *overlay_index_unref(struct overlay_index *index)
{
        if (index == NULL || atomic_fetch_sub(&index->refs, 1) != 1)
                return NULL;
        overlay_index_bytes_close(&index->bytes);
        free(index->label);
        free(index);
        return NULL;
}

int overlay_index_verify(const struct overlay_index *index, struct error *err)
{
        struct index_header_record h;
        struct sha256_digest digest;
        struct sha256 hash;

        if (read_header(index, &h, err) < 0)
                return -1;
        memset(h.digest, 0, sizeof(h.digest));
        sha256_init(&hash);
        sha256_update(&hash, &h, sizeof(h));
        for (uint64_t offset = sizeof(h), size; offset < index->size; offset += size) {
                const void *at;

                size = index->size - offset < INDEX_PIECE_SIZE ? index->size - offset : INDEX_PIECE_SIZE;
                at = overlay_index_bytes_at(&index->bytes, offset, size);
                if (at == NULL)
                        return overlay_index_damaged(index, "the range at", offset, err);
                sha256_update(&hash, at, (size_t)size);
        }
        sha256_final(&hash, &digest);
        if (!sha256_equal(&digest, &index->digest))
                return error_set(err, EBADMSG, "%s is damaged: its bytes do not have the digest in its header",
                                 index->label);
        return 0;
}

void overlay_index_digest(const struct overlay_index *index, struct sha256_digest *ret)
{
        *ret = index->digest;
}

const char *overlay_index_label(const struct overlay_index *index)
{
        return index->label;
}

uint64_t overlay_index_size(const struct overlay_index *index)
{
        return index->size;
}

uint32_t overlay_index_inode_count(const struct overlay_index *index)
{
        return index->tables[INDEX_INODES].count;
}

uint32_t overlay_index_source_count(const struct overlay_index *index)
{
        return index->tables[INDEX_SOURCES].count;
}

int overlay_index_source(const struct overlay_index *index, uint32_t number, struct overlay_index_source *ret,
                         struct error *err)
{
        if (!overlay_index_read_source(index, number, ret))
                return overlay_index_damaged(index, "source", number, err);
        return 0;
}

int overlay_index_walk_extents(const struct overlay_index *index,
                               int (*visit)(void *context, const struct overlay_extent *extent, struct error *err),
                               void *context, struct error *err)
{
        for (uint32_t i = 0; i < index->tables[INDEX_EXTENTS].count; i++) {
                struct overlay_extent extent;

                if (!overlay_index_read_extent(index, i, &extent))
                        return overlay_index_damaged(index, "extent", i, err);
                if (visit(context, &extent, err) < 0)
                        return -1;
        }
        return 0;
}
