/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the blocks of a tar together to members: extended headers, long names, sparse maps, bodies. */
#include "oci/tar_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/limits.h"
#include "oci/pax.h"
#include "oci/quote.h"
#include "oci/sparse.h"
#include "oci/tar_header.h"

struct oci_tar_reader {
        struct oci_stream *stream; /* borrowed */
        char block[OCI_TAR_BLOCK]; /* the header under examination */
        uint64_t at;               /* where it lies */
        struct oci_tar_header header;
        struct oci_pax pax;
        bool has_pax;
        char *long_name; /* GNU `L`, owned */
        char *long_link; /* GNU `K`, owned */
        struct oci_sparse sparse;
        struct oci_extent whole; /* the extent of an ordinary file */
        struct oci_tar_member member;
        uint64_t body;    /* stored bytes of the member's body that were not consumed */
        uint64_t padding; /* and the zeros behind them */
        uint64_t count;
        bool ended;
};

struct oci_tar_reader *oci_tar_reader_new(struct oci_stream *s)
{
        struct oci_tar_reader *r = memory_zalloc(1, sizeof(*r));

        r->stream = s;
        return r;
}

/* Forgets what belonged to the last member. */
static void reset(struct oci_tar_reader *r)
{
        oci_pax_free(&r->pax);
        r->has_pax = false;
        free(r->long_name);
        free(r->long_link);
        r->long_name = r->long_link = NULL;
        oci_sparse_clear(&r->sparse);
        r->member = (struct oci_tar_member){0};
}

void oci_tar_reader_free(struct oci_tar_reader *r)
{
        if (r == NULL)
                return;
        reset(r);
        oci_sparse_free(&r->sparse);
        free(r);
}

static uint64_t padding_of(uint64_t size)
{
        return (OCI_TAR_BLOCK - size % OCI_TAR_BLOCK) % OCI_TAR_BLOCK;
}

/* Reads one block; *ret = false at the end of the input. */
static int read_block(struct oci_tar_reader *r, char *block, bool *ret, struct error *err)
{
        size_t n;

        if (oci_stream_read(r->stream, block, OCI_TAR_BLOCK, &n, err) < 0)
                return -1;
        if (n != 0 && n != OCI_TAR_BLOCK)
                return error_set(err, ENODATA, "the tar ends in the middle of a block");
        *ret = n != 0;
        return 0;
}

static int need_block(struct oci_tar_reader *r, char *block, struct error *err)
{
        bool there;

        if (read_block(r, block, &there, err) < 0)
                return -1;
        return there ? 0 : error_set(err, ENODATA, "the tar ends in the middle of a member");
}

/* Reads the next header block; sets `ended` at the end: two zero blocks, or nothing any more. */
static int read_header(struct oci_tar_reader *r, struct error *err)
{
        bool there;

        r->at = oci_stream_offset(r->stream);
        if (read_block(r, r->block, &there, err) < 0)
                return -1;
        if (there && !oci_tar_block_is_zero(r->block))
                return oci_tar_header_parse(r->block, &r->header, err);
        r->ended = true;
        if (!there)
                return 0;
        if (read_block(r, r->block, &there, err) < 0)
                return -1;
        if (there && !oci_tar_block_is_zero(r->block))
                return error_set(err, EINVAL,
                                 "a single zero block is followed by more: programs differ about where this tar ends");
        return 0;
}

/* The whole body of an extended header. */
static int read_extension(struct oci_tar_reader *r, struct buffer *ret, struct error *err)
{
        uint64_t size = (uint64_t)r->header.size;
        size_t n;

        if (r->header.size < 0 || size > OCI_LIMIT_TAR_EXTENDED)
                return error_set(err, E2BIG, "an extended header is larger than the limit of %u bytes",
                                 OCI_LIMIT_TAR_EXTENDED);
        if (oci_stream_read(r->stream, buffer_reserve(ret, (size_t)size + 1), (size_t)size, &n, err) < 0)
                return -1;
        if (n != size)
                return error_set(err, ENODATA, "the tar ends in the middle of an extended header");
        ret->size += n;
        ret->data[ret->size] = '\0';
        return oci_stream_skip(r->stream, padding_of(size), err);
}

static int fail_mixed(struct error *err)
{
        return error_set(err, EINVAL,
                         "more than one extended header for one member: programs differ about which one counts");
}

static int take_pax(struct oci_tar_reader *r, struct error *err)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

        if (r->has_pax || r->long_name != NULL || r->long_link != NULL)
                return fail_mixed(err);
        r->has_pax = true;
        if (read_extension(r, &b, err) < 0)
                return -1;
        return oci_pax_parse(buffer_text(&b), b.size, &r->pax, err);
}

static int take_global(struct oci_tar_reader *r, struct error *err)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

        if (r->has_pax || r->long_name != NULL || r->long_link != NULL)
                return fail_mixed(err);
        if (read_extension(r, &b, err) < 0)
                return -1;
        return oci_pax_check_global(buffer_text(&b), b.size, err);
}

static int take_long(struct oci_tar_reader *r, char **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

        if (r->has_pax || *ret != NULL)
                return fail_mixed(err);
        if (read_extension(r, &b, err) < 0)
                return -1;
        *ret = memory_strdup(buffer_text(&b)); /* ends at its first NUL */
        return 0;
}

/* Reads headers up to that of the member itself. */
static int read_headers(struct oci_tar_reader *r, struct error *err)
{
        for (;;) {
                int result;

                if (read_header(r, err) < 0)
                        return -1;
                if (r->ended) {
                        if (r->has_pax || r->long_name != NULL || r->long_link != NULL)
                                return error_set(err, EINVAL, "the tar ends with an extended header");
                        return 0;
                }
                switch (r->header.type) {
                case 'x':
                        result = take_pax(r, err);
                        break;
                case 'g':
                        result = take_global(r, err);
                        break;
                case 'L':
                        result = take_long(r, &r->long_name, err);
                        break;
                case 'K':
                        result = take_long(r, &r->long_link, err);
                        break;
                default:
                        return 0;
                }
                if (result < 0)
                        return -1;
        }
}

/* ---- sparse members --------------------------------------------------------- */

static int add_old_region(struct oci_tar_reader *r, const char *field, bool *ret_more, struct error *err)
{
        int64_t offset, length;

        *ret_more = field[0] != '\0';
        if (!*ret_more)
                return 0;
        if (!oci_tar_number_parse(field, OCI_TAR_LONG, &offset) ||
            !oci_tar_number_parse(field + OCI_TAR_LONG, OCI_TAR_LONG, &length))
                return error_set(err, EINVAL, "sparse map: not a number");
        return oci_sparse_add(&r->sparse, offset, length, r->member.size, err);
}

static int add_old_regions(struct oci_tar_reader *r, const char *fields, size_t count, struct error *err)
{
        bool more = true;

        for (size_t i = 0; i < count && more; i++)
                if (add_old_region(r, fields + i * 2 * OCI_TAR_LONG, &more, err) < 0)
                        return -1;
        return 0;
}

/* GNU's own type `S`: regions in the header, then in blocks behind it. */
static int read_old_sparse(struct oci_tar_reader *r, struct error *err)
{
        int64_t size;
        char block[OCI_TAR_BLOCK];
        char extended = r->block[OCI_TAR_GNU_EXTENDED];

        if (r->header.format != OCI_TAR_GNU)
                return error_set(err, EINVAL, "a sparse member without GNU header");
        if (!oci_tar_number_parse(r->block + OCI_TAR_GNU_REALSIZE, OCI_TAR_LONG, &size) || size < 0 ||
            (uint64_t)size > OCI_LIMIT_FILE_SIZE)
                return error_set(err, EINVAL, "sparse map: the size of the file is wrong");
        r->member.size = (uint64_t)size;
        if (add_old_regions(r, r->block + OCI_TAR_GNU_SPARSE, 4, err) < 0)
                return -1;
        while (extended != 0) {
                if (need_block(r, block, err) < 0 || add_old_regions(r, block, 21, err) < 0)
                        return -1;
                extended = block[OCI_TAR_MORE_EXTENDED];
        }
        return 0;
}

/* Version 1.0: lines "count", then offset and length in turn, in front of the body, padded to a block. */
static int read_sparse_head(struct oci_tar_reader *r, struct error *err)
{
        CLEANUP_BUFFER struct buffer map = BUFFER_INIT;
        char block[OCI_TAR_BLOCK];
        uint64_t lines = 0;
        uint64_t wanted = 0;
        char *rest;

        do {
                if (map.size > OCI_LIMIT_TAR_EXTENDED * 8)
                        return error_set(err, E2BIG, "sparse map: more than the limit of %u regions", OCI_LIMIT_SPARSE);
                if (r->body < OCI_TAR_BLOCK)
                        return error_set(err, EINVAL, "sparse map: longer than the member");
                if (need_block(r, block, err) < 0)
                        return -1;
                r->body -= OCI_TAR_BLOCK;
                for (size_t i = 0; i < OCI_TAR_BLOCK && (wanted == 0 || lines < wanted); i++) {
                        buffer_append_char(&map, block[i]);
                        if (block[i] != '\n')
                                continue;
                        if (lines++ == 0) {
                                wanted = 1 + 2 * strtoull(buffer_text(&map), &rest, 10);
                                if (*rest != '\n' || map.data[0] < '0' || map.data[0] > '9')
                                        return error_set(err, EINVAL, "sparse map: the count of regions is wrong");
                                if (wanted > 1 + 2 * OCI_LIMIT_SPARSE)
                                        return error_set(err, E2BIG, "sparse map: more than the limit of %u regions",
                                                         OCI_LIMIT_SPARSE);
                        }
                }
        } while (wanted == 0 || lines < wanted);
        rest = strchr(map.data, '\n') + 1;
        if (strlen(map.data) != map.size)
                return error_set(err, EINVAL, "sparse map: not pairs of numbers");
        return oci_sparse_add_text(&r->sparse, rest, '\n', r->member.size, err);
}

/* Versions 0.0 and 0.1. GNU tar and Go want the count, and nothing else decides how much of the map they read. */
static int read_sparse_records(struct oci_tar_reader *r, struct error *err)
{
        if (oci_sparse_add_text(&r->sparse, buffer_text(&r->pax.sparse_map), ',', r->member.size, err) < 0)
                return -1;
        if (r->sparse.count == 0 || !r->pax.has_sparse_count || (uint64_t)r->pax.sparse_count != r->sparse.count)
                return error_set(err, EINVAL, "sparse map: it has not the announced number of regions");
        return 0;
}

static int read_pax_sparse(struct oci_tar_reader *r, struct error *err)
{
        struct oci_tar_member *m = &r->member;

        if (!r->pax.has_sparse_size || r->pax.sparse_size < 0 || (uint64_t)r->pax.sparse_size > OCI_LIMIT_FILE_SIZE)
                return error_set(err, EINVAL, "sparse map: the size of the file is wrong");
        m->size = (uint64_t)r->pax.sparse_size;
        if (r->pax.sparse_name != NULL)
                m->name = r->pax.sparse_name;
        if (r->pax.sparse_major == 1 && r->pax.sparse_minor == 0)
                return read_sparse_head(r, err);
        if (r->pax.sparse_major == 0 && r->pax.sparse_minor >= 0 && r->pax.sparse_minor <= 1)
                return read_sparse_records(r, err);
        return error_set(err, EINVAL, "sparse map: unknown version %lld.%lld", (long long)r->pax.sparse_major,
                         (long long)r->pax.sparse_minor);
}

/* ---- members ------------------------------------------------------------------ */

static bool has_slash(const char *name)
{
        return *name != '\0' && name[strlen(name) - 1] == '/';
}

static int find_kind(const struct oci_tar_reader *r, enum oci_entry_kind *ret, struct error *err)
{
        const char *name = r->member.name;
        bool slash = has_slash(name);
        CLEANUP_FREE char *quoted = NULL;

        switch (r->header.type) {
        case '\0': /* V7 knew directories by the slash only */
                *ret = slash ? OCI_ENTRY_DIRECTORY : OCI_ENTRY_FILE;
                if (slash != has_slash(r->header.name))
                        return error_set(err, EINVAL,
                                         "only one of its two names ends in '/': programs differ about whether it is a "
                                         "directory");
                return 0;
        case '0':
        case '7':
        case 'S':
                *ret = OCI_ENTRY_FILE;
                if (slash)
                        return error_set(
                                err, EINVAL,
                                "a file whose name ends in '/': programs differ about whether it is a directory");
                return 0;
        case '1':
                *ret = OCI_ENTRY_HARDLINK;
                return 0;
        case '2':
                *ret = OCI_ENTRY_SYMLINK;
                return 0;
        case '3':
                *ret = OCI_ENTRY_CHAR;
                return 0;
        case '4':
                *ret = OCI_ENTRY_BLOCK;
                return 0;
        case '5':
                *ret = OCI_ENTRY_DIRECTORY;
                return 0;
        case '6':
                *ret = OCI_ENTRY_FIFO;
                return 0;
        default:
                quoted = oci_quote_bytes(&r->header.type, 1);
                return error_set(err, EINVAL, "unknown type of member %s", quoted);
        }
}

static int find_owner(const char *what, bool has, int64_t from_pax, int64_t from_header, uint32_t *ret,
                      struct error *err)
{
        int64_t id = has ? from_pax : from_header;

        /* the last id means "unchanged" to chown(2) */
        if (id < 0 || id >= UINT32_MAX)
                return error_set(err, EINVAL, "the %s %lld is out of range", what, (long long)id);
        *ret = (uint32_t)id;
        return 0;
}

/* Attributes, from the extended header where it has them. */
static int fill_attributes(struct oci_tar_reader *r, struct error *err)
{
        struct oci_tar_member *m = &r->member;
        const struct oci_pax *p = &r->pax;

        m->name = p->path ? p->path : r->long_name ? r->long_name : r->header.name;
        m->link = p->link ? p->link : r->long_link ? r->long_link : r->header.link;
        m->mode = (uint32_t)r->header.mode & 07777;
        m->mtime = p->has_mtime ? p->mtime : r->header.mtime;
        m->mtime_ns = p->has_mtime ? p->mtime_ns : 0;
        m->xattrs = p->xattrs;
        m->xattr_count = p->xattr_count;
        if (find_kind(r, &m->kind, err) < 0)
                return -1;
        if (find_owner("user id", p->has_uid, p->uid, r->header.uid, &m->uid, err) < 0 ||
            find_owner("group id", p->has_gid, p->gid, r->header.gid, &m->gid, err) < 0)
                return -1;
        if (m->kind == OCI_ENTRY_CHAR || m->kind == OCI_ENTRY_BLOCK) {
                if (r->header.rdev_major < 0 || r->header.rdev_minor < 0 || r->header.rdev_major > UINT32_MAX ||
                    r->header.rdev_minor > UINT32_MAX)
                        return error_set(err, EINVAL, "the device number is out of range");
                m->rdev_major = (uint32_t)r->header.rdev_major;
                m->rdev_minor = (uint32_t)r->header.rdev_minor;
        }
        if (m->kind != OCI_ENTRY_SYMLINK && m->kind != OCI_ENTRY_HARDLINK)
                m->link = NULL;
        else if (*m->link == '\0')
                return error_set(err, EINVAL, "a link without a target");
        return 0;
}

static bool is_sparse(const struct oci_tar_reader *r)
{
        const struct oci_pax *p = &r->pax;

        return p->has_sparse_version || p->has_sparse_size || p->has_sparse_count || p->sparse_map.size > 0 ||
               p->sparse_name != NULL;
}

/* Where the body is. The stream stands right behind the header block. */
static int fill_body(struct oci_tar_reader *r, struct error *err)
{
        struct oci_tar_member *m = &r->member;
        int64_t size = r->pax.has_size ? r->pax.size : r->header.size;
        int result = 0;

        if (r->header.size < 0)
                size = r->header.size; /* what overrides it does not make the header valid */
        if (size < 0 || (uint64_t)size > OCI_LIMIT_FILE_SIZE)
                return error_set(err, EFBIG, "the size %lld is negative or above the limit of %llu bytes",
                                 (long long)size, OCI_LIMIT_FILE_SIZE);
        if (is_sparse(r) && (m->kind != OCI_ENTRY_FILE || r->header.type == 'S'))
                return error_set(err, EINVAL, "a sparse map for what is no ordinary file");
        if (m->kind == OCI_ENTRY_HARDLINK && !r->pax.has_size)
                return 0;
        if (m->kind != OCI_ENTRY_FILE)
                return size == 0 ? 0
                                 : error_set(err, EINVAL,
                                             "a body where none belongs: programs differ about whether it is skipped");
        r->body = (uint64_t)size;
        r->padding = padding_of((uint64_t)size);
        m->size = (uint64_t)size;
        if (r->header.type != 'S' && !is_sparse(r)) {
                r->whole = (struct oci_extent){.source = oci_stream_offset(r->stream), .length = m->size};
                m->extents = &r->whole;
                m->extent_count = size > 0;
                return 0;
        }
        result = r->header.type == 'S' ? read_old_sparse(r, err) : read_pax_sparse(r, err);
        if (result < 0 || oci_sparse_place(&r->sparse, oci_stream_offset(r->stream), r->body, err) < 0)
                return -1;
        m->extents = r->sparse.extents;
        m->extent_count = r->sparse.count;
        return 0;
}

/* Names the place of a failure. */
static int wrap(const struct oci_tar_reader *r, struct error *err)
{
        CLEANUP_FREE char *quoted = r->member.name ? oci_quote(r->member.name) : NULL;

        return error_wrap(err, "tar, byte %llu%s%s", (unsigned long long)r->at, quoted ? ", " : "",
                          quoted ? quoted : "");
}

/* Passes over what is left of the last member. Some writers stop at its last byte, without padding or end: Go reads that. */
static int finish_member(struct oci_tar_reader *r, struct error *err)
{
        char padding[OCI_TAR_BLOCK];
        size_t n = 0;

        if (oci_stream_skip(r->stream, r->body, err) < 0 ||
            oci_stream_read(r->stream, padding, r->padding, &n, err) < 0)
                return -1;
        r->ended = n < r->padding;
        r->body = r->padding = 0;
        return 0;
}

int oci_tar_reader_next(struct oci_tar_reader *r, const struct oci_tar_member **ret, struct error *err)
{
        *ret = NULL;
        if (r->ended)
                return 0;
        if (finish_member(r, err) < 0)
                return wrap(r, err);
        if (r->ended)
                return 0;
        reset(r);
        if (read_headers(r, err) < 0)
                return wrap(r, err);
        if (r->ended)
                return 0;
        if (++r->count > OCI_LIMIT_TAR_ENTRIES)
                return error_set(err, E2BIG, "the tar has more than the limit of %u members", OCI_LIMIT_TAR_ENTRIES);
        if (fill_attributes(r, err) < 0 || fill_body(r, err) < 0)
                return wrap(r, err);
        *ret = &r->member;
        return 0;
}
