/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input side of a layer. libarchive does the decompression and nothing else: its "raw" format over the one
 * filter that the first bytes ask for, so that no other of its parsers can be reached (a gzip inside a
 * gzip is refused, too). A plain tar does not pass through libarchive at all.
 */
#include "oci/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/limits.h"
#include "oci/tar_header.h"

#define INPUT_SIZE  (256u * 1024)
#define WINDOW_SIZE (64u * 1024)
#define JUMP_SIZE   (4u * 1024) /* behind a skipped body: a header or two is all that will be looked at */
#define PEEK_SIZE   OCI_TAR_BLOCK

struct oci_stream {
        int fd;
        bool ranged;
        uint64_t offset; /* ranged and feed: where to read next */
        uint64_t left;   /* and how much there is */
        const struct oci_layer_feed *feed;
        int out_fd;
        bool copy;
        enum oci_compression compression;

        /* input */
        char *input;   /* INPUT_SIZE bytes, scanning mode: a window of WINDOW_SIZE */
        size_t peeked; /* bytes of `input` read by detection and not handed on yet */
        bool input_ended;
        uint64_t input_size;      /* bytes read */
        struct sha256 input_hash; /* only when compressed: else the same as `hash` */
        struct error input_error; /* what libarchive's callback met; libarchive only knows that it failed */

        /* uncompressed */
        struct archive *archive; /* NULL when plain */
        bool archive_ended;      /* it must not be asked again */
        const char *block;       /* bytes that arrived and are not consumed */
        size_t block_size;
        uint64_t arrived;
        uint64_t consumed;
        struct sha256 hash;

        /* scanning mode */
        bool scanning;
        bool jumped;   /* the last bytes were skipped over */
        uint64_t base; /* file offset of byte 0 of the tar */
        uint64_t end;  /* size of the tar */
};

/* RFC 8878, 3.1.2: zstd may begin with a frame of somebody's own, which readers pass over (zstd:chunked has such). */
static bool is_skippable_frame(const void *bytes, size_t size)
{
        const unsigned char *b = bytes;

        return size >= 4 && (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18;
}

enum oci_compression oci_layer_detect(const void *bytes, size_t size)
{
        static const struct {
                enum oci_compression compression;
                size_t size;
                const char *magic;
        } table[] = {
                {OCI_COMPRESSION_GZIP, 2, "\x1f\x8b"},
                {OCI_COMPRESSION_ZSTD, 4, "\x28\xb5\x2f\xfd"},
                {OCI_COMPRESSION_BZIP2, 3, "BZh"},
                {OCI_COMPRESSION_XZ, 6,
                 "\xfd"
                 "7zXZ\0"},
        };

        /* a tar whose first name happens to start with a magic is a tar */
        if (size >= OCI_TAR_BLOCK && oci_tar_block_is_header(bytes))
                return OCI_COMPRESSION_NONE;
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (size >= table[i].size && memcmp(bytes, table[i].magic, table[i].size) == 0)
                        return table[i].compression;
        return is_skippable_frame(bytes, size) ? OCI_COMPRESSION_ZSTD : OCI_COMPRESSION_NONE;
}

static int fail_read(struct error *err)
{
        return error_errno(err, errno, "cannot read the tar");
}

/* The packed bytes: unless they are the tar itself, or checked elsewhere. */
static bool hashes_input(const struct oci_stream *s)
{
        return s->copy && s->compression != OCI_COMPRESSION_NONE && s->feed == NULL;
}

/* With a feed, as much as is there, or the end; waits for it. */
static int await(struct oci_stream *s, struct error *err)
{
        uint64_t size = 0;

        if (s->feed == NULL || s->left > 0)
                return 0;
        if (s->feed->wait(s->feed->context, s->offset, &size, err) < 0)
                return -1;
        s->left = size > s->offset ? size - s->offset : 0;
        return 0;
}

/* read(2), or pread inside what there is. 0 at the end. */
static ssize_t read_some(struct oci_stream *s, char *to, size_t size, struct error *err)
{
        const bool counted = s->ranged || s->feed != NULL;
        ssize_t n;

        if (await(s, err) < 0)
                return -1;
        if (counted && size > s->left)
                size = (size_t)s->left;
        do
                n = counted ? pread(s->fd, to, size, (off_t)s->offset) : read(s->fd, to, size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return fail_read(err);
        if (counted) {
                s->offset += (uint64_t)n;
                s->left -= (uint64_t)n;
        }
        return n;
}

/* Reads the next piece of input into `s->input`; 0 at its end. */
static ssize_t read_input(struct oci_stream *s, struct error *err)
{
        ssize_t n;

        if (s->input_ended)
                return 0;
        n = read_some(s, s->input, INPUT_SIZE, err);
        if (n < 0)
                return -1;
        s->input_ended = n == 0;
        s->input_size += (uint64_t)n;
        if (hashes_input(s))
                sha256_update(&s->input_hash, s->input, (size_t)n);
        return n;
}

/* ---- libarchive ---------------------------------------------------------- */

static la_ssize_t on_read(struct archive *a, void *context, const void **ret)
{
        struct oci_stream *s = context;
        ssize_t n = (ssize_t)s->peeked;

        s->peeked = 0;
        if (n == 0)
                n = read_input(s, &s->input_error);
        if (n < 0)
                archive_set_error(a, s->input_error.code, "%s", s->input_error.message);
        *ret = s->input;
        return n;
}

static int fail_archive(struct oci_stream *s, struct error *err)
{
        const char *text = archive_error_string(s->archive);

        if (error_is_set(&s->input_error))
                return error_move(err, &s->input_error);
        return error_set(err, EBADMSG, "cannot decompress the layer: %s", text ? text : "no reason given");
}

static const char *compression_name(enum oci_compression c)
{
        static const char *const names[] = {
                [OCI_COMPRESSION_NONE] = "none",   [OCI_COMPRESSION_GZIP] = "gzip", [OCI_COMPRESSION_ZSTD] = "zstd",
                [OCI_COMPRESSION_BZIP2] = "bzip2", [OCI_COMPRESSION_XZ] = "xz",
        };

        return names[c];
}

static int enable_filter(const struct oci_stream *s, enum oci_compression c)
{
        struct archive *a = s->archive;

        switch (c) {
        case OCI_COMPRESSION_GZIP:
                return archive_read_support_filter_gzip(a);
        case OCI_COMPRESSION_ZSTD:
                /* libarchive's own search would not know it by that */
                if (is_skippable_frame(s->input, s->peeked))
                        return archive_read_append_filter(a, ARCHIVE_FILTER_ZSTD);
                return archive_read_support_filter_zstd(a);
        case OCI_COMPRESSION_BZIP2:
                return archive_read_support_filter_bzip2(a);
        case OCI_COMPRESSION_XZ:
                return archive_read_support_filter_xz(a);
        case OCI_COMPRESSION_NONE:
                break;
        }
        return ARCHIVE_OK;
}

static int open_archive(struct oci_stream *s, struct error *err)
{
        struct archive_entry *entry;
        int r;

        s->archive = archive_read_new();
        if (s->archive == NULL)
                abort(); /* out of memory, see common/memory.h */
        /* anything but OK means that libarchive would run a program found in PATH instead */
        if (enable_filter(s, s->compression) != ARCHIVE_OK)
                return error_set(err, ENOTSUP, "this libarchive cannot read %s: install one that was built with it",
                                 compression_name(s->compression));
        if (archive_read_support_format_raw(s->archive) != ARCHIVE_OK ||
            archive_read_support_format_empty(s->archive) != ARCHIVE_OK ||
            archive_read_open(s->archive, s, NULL, on_read, NULL) != ARCHIVE_OK)
                return fail_archive(s, err);
        /* the count includes the client at the bottom; a filter that saw its magic stacks itself until it sees none */
        if (archive_filter_count(s->archive) != 2)
                return error_set(err, EINVAL, "the layer is %s %s",
                                 archive_filter_count(s->archive) < 2 ? "not valid" : "packed twice with",
                                 compression_name(s->compression));
        r = archive_read_next_header(s->archive, &entry);
        s->archive_ended = r == ARCHIVE_EOF; /* nothing, compressed */
        return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0 : fail_archive(s, err);
}

/* ---- arriving bytes ------------------------------------------------------- */

static int check_expansion(const struct oci_stream *s, struct error *err)
{
        uint64_t allowed = OCI_LIMIT_EXPANSION_FREE + OCI_LIMIT_EXPANSION_RATIO * s->input_size;

        if (s->arrived > OCI_LIMIT_TAR_SIZE)
                return error_set(err, EFBIG, "the tar is larger than the limit of %llu bytes", OCI_LIMIT_TAR_SIZE);
        if (s->archive == NULL || s->arrived <= allowed)
                return 0;
        return error_set(err, EFBIG,
                         "%llu compressed bytes unpack to more than the limit of %llu bytes (1 GiB + %u times as much)",
                         (unsigned long long)s->input_size, (unsigned long long)allowed, OCI_LIMIT_EXPANSION_RATIO);
}

/* Waits for more bytes in `block`; block_size stays 0 at the end. */
static int next_block(struct oci_stream *s, struct error *err)
{
        const void *bytes = s->input;
        size_t size = s->peeked;
        la_int64_t offset;

        if (s->archive != NULL) {
                int r = s->archive_ended ? ARCHIVE_EOF : archive_read_data_block(s->archive, &bytes, &size, &offset);

                s->archive_ended = r == ARCHIVE_EOF;
                if (s->archive_ended)
                        return 0;
                if (r != ARCHIVE_OK)
                        return fail_archive(s, err);
        } else if (size > 0) {
                s->peeked = 0;
        } else {
                ssize_t n = read_input(s, err);

                if (n < 0)
                        return -1;
                size = (size_t)n;
        }
        s->block = bytes;
        s->block_size = size;
        s->arrived += size;
        if (check_expansion(s, err) < 0)
                return -1;
        if (s->copy)
                sha256_update(&s->hash, bytes, size);
        if (s->out_fd >= 0 && fd_write_all(s->out_fd, bytes, size) < 0)
                return error_errno(err, errno, "cannot write the unpacked layer");
        return 0;
}

/* Scanning mode: puts the bytes from `consumed` on into the window. */
static int fill_window(struct oci_stream *s, struct error *err)
{
        uint64_t left = s->end - s->consumed;
        size_t most = s->jumped ? JUMP_SIZE : WINDOW_SIZE;
        size_t size = left < most ? (size_t)left : most;

        s->jumped = false;
        if (size > 0 && fd_pread_all(s->fd, s->input, size, (off_t)(s->base + s->consumed)) < 0)
                return fail_read(err);
        s->block = s->input;
        s->block_size = size;
        return 0;
}

static int need_block(struct oci_stream *s, struct error *err)
{
        if (s->block_size > 0)
                return 0;
        return s->scanning ? fill_window(s, err) : next_block(s, err);
}

static void consume(struct oci_stream *s, size_t size)
{
        s->block += size;
        s->block_size -= size;
        s->consumed += size;
}

/* ---- the interface ---------------------------------------------------------- */

/* Reads enough to see what the input is. */
static int peek(struct oci_stream *s, struct error *err)
{
        while (s->peeked < PEEK_SIZE) {
                ssize_t n = read_some(s, s->input + s->peeked, INPUT_SIZE - s->peeked, err);

                if (n < 0)
                        return -1;
                if (n == 0)
                        break;
                s->peeked += (size_t)n;
        }
        s->input_size = s->peeked;
        s->compression = oci_layer_detect(s->input, s->peeked);
        if (hashes_input(s))
                sha256_update(&s->input_hash, s->input, s->peeked);
        return 0;
}

/* True when the input is a regular file that pread can walk through; then nothing has been read yet. */
static int try_scanning(struct oci_stream *s, struct error *err)
{
        char head[PEEK_SIZE];
        struct stat st;
        off_t at = lseek(s->fd, 0, SEEK_CUR);
        ssize_t n;

        if (s->copy || at < 0)
                return 0;
        if (fstat(s->fd, &st) < 0)
                return fail_read(err);
        if (!S_ISREG(st.st_mode))
                return 0;
        n = pread(s->fd, head, sizeof(head), at);
        if (n < 0)
                return fail_read(err);
        if (oci_layer_detect(head, (size_t)n) != OCI_COMPRESSION_NONE)
                return 0;
        s->scanning = true;
        s->base = (uint64_t)at;
        s->end = st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
        return 0;
}

int oci_stream_open(const struct oci_stream_input *input, int out_fd, bool copy, struct oci_stream **ret,
                    struct error *err)
{
        CLEANUP_STREAM struct oci_stream *s = memory_zalloc(1, sizeof(*s));

        assert(copy || !input->ranged);
        s->fd = input->fd;
        s->ranged = input->ranged;
        s->offset = input->offset;
        s->left = input->size;
        s->feed = input->feed;
        s->out_fd = out_fd;
        s->copy = copy;
        sha256_init(&s->hash);
        sha256_init(&s->input_hash);
        if (try_scanning(s, err) < 0)
                return -1;
        s->input = memory_alloc(s->scanning ? WINDOW_SIZE : INPUT_SIZE);
        if (!s->scanning && peek(s, err) < 0)
                return -1;
        if (s->compression != OCI_COMPRESSION_NONE && open_archive(s, err) < 0)
                return -1;
        *ret = STEAL(s);
        return 0;
}

void oci_stream_close(struct oci_stream *s)
{
        if (s == NULL)
                return;
        if (s->archive != NULL)
                (void)archive_read_free(s->archive); /* reads only: nothing can be lost */
        error_clear(&s->input_error);
        free(s->input);
        free(s);
}

void oci_stream_cleanup(struct oci_stream **s)
{
        oci_stream_close(*s);
}

uint64_t oci_stream_offset(const struct oci_stream *s)
{
        return s->consumed;
}

int oci_stream_read(struct oci_stream *s, void *bytes, size_t size, size_t *ret_size, struct error *err)
{
        char *to = bytes;
        size_t done = 0;

        while (done < size) {
                size_t n;

                if (need_block(s, err) < 0)
                        return -1;
                if (s->block_size == 0)
                        break;
                n = s->block_size < size - done ? s->block_size : size - done;
                memcpy(to + done, s->block, n);
                consume(s, n);
                done += n;
        }
        *ret_size = done;
        return 0;
}

int oci_stream_skip(struct oci_stream *s, uint64_t size, struct error *err)
{
        if (s->scanning && size > s->block_size) {
                if (size > s->end - s->consumed)
                        return error_set(err, ENODATA, "the tar ends in the middle of a member");
                s->consumed += size;
                s->block_size = 0;
                s->jumped = true;
                return 0;
        }
        while (size > 0) {
                size_t n;

                if (need_block(s, err) < 0)
                        return -1;
                if (s->block_size == 0)
                        return error_set(err, ENODATA, "the tar ends in the middle of a member");
                n = s->block_size < size ? s->block_size : (size_t)size;
                consume(s, n);
                size -= n;
        }
        return 0;
}

int oci_stream_finish(struct oci_stream *s, struct oci_layer_info *ret, struct error *err)
{
        struct sha256 hash;

        for (;;) {
                if (need_block(s, err) < 0)
                        return -1;
                if (s->block_size == 0)
                        break;
                consume(s, s->block_size);
        }
        /* a decompressor may stop before the end of its input: the digest is that of all of it */
        while (!s->input_ended)
                if (read_input(s, err) < 0)
                        return -1;
        hash = s->hash;
        sha256_final(&hash, &ret->diff_id);
        ret->size = s->consumed;
        ret->compression = s->compression;
        ret->blob_size = s->input_size;
        ret->blob_digest = ret->diff_id;
        if (hashes_input(s)) {
                hash = s->input_hash;
                sha256_final(&hash, &ret->blob_digest);
        }
        return 0;
}
