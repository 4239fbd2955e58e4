/* SPDX-License-Identifier: Apache-2.0 */
/* Compression by several threads, and what is kept of it. */
#include "tests/unit/check.h"

#include <pthread.h>

#include "oci/compress.h"
#include "oci/compress_block.h"
#include "oci/noise.h"
#include "oci/pack.h"
#include "tests/unit/archive_build.h"

/* ---- the compressor --------------------------------------------------------------------- */

/* Neither all alike nor all noise; the same each time. */
static char *sample(size_t size)
{
        char *bytes = memory_alloc(size + 1);
        uint32_t state = 1;

        for (size_t i = 0; i < size; i++) {
                state = state * 1664525u + 1013904223u;
                bytes[i] = (i / 4096) % 3 == 0 ? (char)(state >> 24) : (char)("layer "[i % 6] + (state >> 31));
        }
        return bytes;
}

static void compress(const struct oci_compress_options *o, const char *bytes, size_t size, size_t step,
                     struct buffer *ret)
{
        CLEANUP_COMPRESSOR struct oci_compressor *c = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        buffer_clear(ret);
        CHECK_OK(oci_compressor_new(o, collect, ret, &c, &err));
        for (size_t at = 0; at < size; at += step)
                CHECK_OK(oci_compressor_write(c, bytes + at, size - at < step ? size - at : step, &err));
        CHECK_OK(oci_compressor_finish(c, &err));
}

static void write_file(const char *name, const void *bytes, size_t size)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, name);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK_INT(fd_write_all(fd, bytes, size), 0);
}

/* The same bytes whatever the threads and however it was fed, and gzip(1) or zstd(1) unpacks them. */
static void check_size(enum oci_compression compression, const char *tool, size_t size)
{
        CLEANUP_FREE char *bytes = sample(size);
        CLEANUP_BUFFER struct buffer first = BUFFER_INIT, other = BUFFER_INIT;
        CLEANUP_FREE char *command = memory_printf("%s -dcq < packed | cmp - plain", tool);
        struct oci_compress_options o = {compression, 1, 1, NULL};

        compress(&o, bytes, size, size / 3 + 7, &first);
        for (unsigned threads = 2; threads <= 5; threads += 3) {
                o.threads = threads;
                compress(&o, bytes, size, threads == 2 ? 65536 : size + 1, &other);
                CHECK_INT(other.size, first.size);
                CHECK(other.size == first.size && memcmp(other.data, first.data, first.size) == 0);
        }
        write_file("packed", first.data, first.size);
        write_file("plain", bytes, size);
        CHECK_INT(run(command), 0);
}

/* KEEP.4 */
static void test_same_bytes(void)
{
        static const struct {
                enum oci_compression compression;
                const char *tool;
        } rows[] = {{OCI_COMPRESSION_GZIP, "gzip"}, {OCI_COMPRESSION_ZSTD, "zstd"}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const size_t block = oci_block_size(rows[i].compression);
                const size_t sizes[] = {0, 1, block - 1, block, block + 1, 6 * block + 12345};

                for (size_t n = 0;
                     n < ARRAY_SIZE(sizes) && (rows[i].compression == OCI_COMPRESSION_GZIP || have("zstd")); n++)
                        check_size(rows[i].compression, rows[i].tool, sizes[n]);
        }
}

/* Bytes of a packed file, as it were: xorshift64*, the same each time. */
static void fill_with_noise(char *bytes, size_t size, uint64_t state)
{
        for (size_t i = 0; i < size; i++) {
                state ^= state >> 12;
                state ^= state << 25;
                state ^= state >> 27;
                bytes[i] = (char)(state * 0x2545f4914f6cdd1dull >> 56);
        }
}

/* Noise is told from bytes that only look even: those that come again, or in an order. */
static void test_noise(void)
{
        char piece[OCI_NOISE_PIECE];
        struct oci_noise n;

        oci_noise_reset(&n);
        for (uint64_t i = 1; i <= 200; i++) {
                fill_with_noise(piece, sizeof(piece), i * 0x9e3779b97f4a7c15ull);
                CHECK(oci_noise_has(&n, piece));
        }
        CHECK(!oci_noise_has(&n, piece)); /* it is the one before */
        for (size_t i = 0; i < sizeof(piece); i++)
                piece[i] = (char)i;
        oci_noise_reset(&n);
        CHECK(!oci_noise_has(&n, piece));
        for (size_t i = 0; i < sizeof(piece); i++)
                piece[i] = "0123456789abcdef"[(unsigned char)piece[i] * 7 % 16];
        CHECK(!oci_noise_has(&n, piece));
        /* one byte in fifty is a space: Huffman codes want no more */
        fill_with_noise(piece, sizeof(piece), 1);
        for (size_t i = 0; i < sizeof(piece); i += 50)
                piece[i] = ' ';
        oci_noise_reset(&n);
        CHECK(!oci_noise_has(&n, piece));
}

/* Noise in a block is stored, what lies around it is not; nothing is lost wherever it begins and ends. */
static void test_noise_is_stored(void)
{
        const size_t size = oci_block_size(OCI_COMPRESSION_GZIP) + 300000, noise = 200000;
        const struct oci_compress_options o = {OCI_COMPRESSION_GZIP, OCI_COMPRESS_LEVEL_DEFAULT, 2, NULL};
        CLEANUP_BUFFER struct buffer packed = BUFFER_INIT;

        for (size_t begin = 0; begin <= size - noise; begin += begin == 0 ? 4097 : 290001) {
                CLEANUP_FREE char *bytes = memory_alloc(size);

                for (size_t i = 0; i < size; i++)
                        bytes[i] = "layer "[i % 6];
                fill_with_noise(bytes + begin, noise, 1 + begin);
                compress(&o, bytes, size, size, &packed);
                CHECK(packed.size > noise && packed.size < noise + 20000);
                /* a stored block has the bytes as they are */
                CHECK(memmem(packed.data, packed.size, bytes + begin + noise / 2, 1000) != NULL);
                write_file("packed", packed.data, packed.size);
                write_file("plain", bytes, size);
                CHECK_INT(run("gzip -dcq < packed | cmp - plain"), 0);
        }
}

struct feed {
        const struct oci_compress_options *o;
        const char *bytes;
        size_t size;
        struct buffer packed;
};

static void *feed(void *context)
{
        struct feed *f = context;

        compress(f->o, f->bytes, f->size, 100000, &f->packed);
        return NULL;
}

/* More streams than a pool has blocks for, of both kinds: each gets its own bytes, as if it were alone. */
static void test_shared_pool(void)
{
        CLEANUP_COMPRESS_POOL struct oci_compress_pool *pool = oci_compress_pool_new(2);
        const size_t size = 3 * oci_block_size(OCI_COMPRESSION_ZSTD) + 12345;
        const struct oci_compress_options alone[] = {{OCI_COMPRESSION_GZIP, 1, 1, NULL}, {OCI_COMPRESSION_ZSTD, 1, 1, NULL}};
        const struct oci_compress_options shared[] = {{OCI_COMPRESSION_GZIP, 1, 0, pool}, {OCI_COMPRESSION_ZSTD, 1, 0, pool}};
        CLEANUP_FREE char *bytes = sample(size + 12);
        CLEANUP_BUFFER struct buffer expected = BUFFER_INIT;
        struct feed feeds[12];
        pthread_t threads[ARRAY_SIZE(feeds)];

        for (size_t i = 0; i < ARRAY_SIZE(feeds); i++) {
                feeds[i] = (struct feed){.o = &shared[i % 2], .bytes = bytes + i, .size = size};
                CHECK_INT(pthread_create(&threads[i], NULL, feed, &feeds[i]), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(feeds); i++) {
                CHECK_INT(pthread_join(threads[i], NULL), 0);
                compress(&alone[i % 2], bytes + i, size, size, &expected);
                CHECK(expected.size == feeds[i].packed.size && memcmp(expected.data, feeds[i].packed.data, expected.size) == 0);
                buffer_free(&feeds[i].packed);
        }
}

static int refuse(void *context, const void *bytes, size_t size, struct error *err)
{
        (void)bytes, (void)size;
        return --*(int *)context < 0 ? error_set(err, ENOSPC, "the disk is full") : 0;
}

/* A writer that fails in the middle: the error comes out, and all threads end. */
static void test_writer_fails(void)
{
        const size_t size = 12 * oci_block_size(OCI_COMPRESSION_GZIP);
        CLEANUP_FREE char *bytes = sample(size);

        for (int good = 0; good < 12; good += 5) {
                const struct oci_compress_options o = {OCI_COMPRESSION_GZIP, 1, 3, NULL};
                CLEANUP_COMPRESSOR struct oci_compressor *c = NULL;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                int left = good;
                bool failed;

                CHECK_OK(oci_compressor_new(&o, refuse, &left, &c, &err));
                failed = oci_compressor_write(c, bytes, size, &err) < 0 || oci_compressor_finish(c, &err) < 0;
                CHECK(failed);
                CHECK_STR(err.message, "the disk is full");
        }
}

static void test_options(void)
{
        static const struct {
                struct oci_compress_options o;
                int level; /* -1: refused */
        } rows[] = {
                {{OCI_COMPRESSION_GZIP, OCI_COMPRESS_LEVEL_DEFAULT, 0, NULL}, 2},
                {{OCI_COMPRESSION_GZIP, 0, 0, NULL}, 0},
                {{OCI_COMPRESSION_GZIP, 9, 0, NULL}, 9},
                {{OCI_COMPRESSION_GZIP, 10, 0, NULL}, -1},
                {{OCI_COMPRESSION_ZSTD, OCI_COMPRESS_LEVEL_DEFAULT, 0, NULL}, 3},
                {{OCI_COMPRESSION_ZSTD, 0, 0, NULL}, 3},
                {{OCI_COMPRESSION_ZSTD, 22, 0, NULL}, 22},
                {{OCI_COMPRESSION_ZSTD, 23, 0, NULL}, -1},
                {{OCI_COMPRESSION_ZSTD, -2, 0, NULL}, -1},
                {{OCI_COMPRESSION_NONE, OCI_COMPRESS_LEVEL_DEFAULT, 0, NULL}, 0},
                {{OCI_COMPRESSION_NONE, 3, 0, NULL}, -1},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        enum oci_compression c;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CHECK_INT(oci_compress_check(&rows[i].o, &err), rows[i].level < 0 ? -1 : 0);
                error_clear(&err);
                if (rows[i].level >= 0)
                        CHECK_INT(oci_compress_level(&rows[i].o), rows[i].level);
        }
        CHECK_INT(oci_compression_parse("uncompressed", &c, &err), 0);
        CHECK_INT(c, OCI_COMPRESSION_NONE);
        CHECK_INT(oci_compression_parse("xz", &c, &err), -1);
        CHECK_STR(err.message, "the compressions are gzip, zstd and none, not xz");
}

/* ---- what is kept -------------------------------------------------------------------------- */

static const struct oci_compress_options gzip = {OCI_COMPRESSION_GZIP, OCI_COMPRESS_LEVEL_DEFAULT, 2, NULL};

static int ensure(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_layer_stream *from,
                  const struct oci_compress_options *compress, struct oci_descriptor *ret, struct error *err)
{
        const struct oci_compressed_options o = {*compress, *from, NULL};

        return oci_compressed_ensure(s, layer, &o, ret, err);
}

/* KEEP.3 */
static void test_kept(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("kept");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);
        struct oci_descriptor first = {0}, second = {0}, zstd = {0};
        const struct oci_compress_options other = {OCI_COMPRESSION_ZSTD, 5, 1, NULL};
        int calls = 0;
        const struct oci_layer_stream from = {stream, &calls};
        bool found = true;

        CHECK_OK(oci_compressed_find(s, &image->layers[1], &gzip, &found, &first, &err));
        CHECK(!found);
        CHECK_OK(ensure(s, &image->layers[1], &from, &gzip, &first, &err));
        CHECK_OK(ensure(s, &image->layers[1], &from, &gzip, &second, &err));
        CHECK_INT(calls, 1);
        CHECK_STR(first.media_type, OCI_TYPE_LAYER_GZIP);
        CHECK(sha256_equal(&first.digest, &second.digest) && oci_store_blob_has(s, &first.digest));
        CHECK_OK(ensure(s, &image->layers[1], &from, &other, &zstd, &err));
        CHECK_INT(calls, 2);
        CHECK_STR(zstd.media_type, OCI_TYPE_LAYER_ZSTD);
        /* the blob was dropped: it is made again */
        oci_descriptor_clear(&second);
        CHECK_OK(oci_store_blob_remove(s, &first.digest, &err));
        CHECK_OK(ensure(s, &image->layers[1], &from, &gzip, &second, &err));
        CHECK_INT(calls, 3);
        CHECK(sha256_equal(&first.digest, &second.digest) && oci_store_blob_has(s, &first.digest));
        /* a tar that is a blob of the store is not asked for */
        oci_descriptor_clear(&second);
        CHECK_OK(ensure(s, &image->layers[0], &from, &gzip, &second, &err));
        CHECK_INT(calls, 3);
        oci_descriptor_clear(&first);
        oci_descriptor_clear(&second);
        oci_descriptor_clear(&zstd);
}

/* A tar that is not what it was becomes no blob and no record. */
static void test_wrong_tar(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("wrong");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);
        const struct oci_layer_stream from = {stream_wrong, NULL}, nothing = {NULL, NULL};
        struct oci_descriptor d = {0};

        CHECK_INT(ensure(s, &image->layers[1], &from, &gzip, &d, &err), -1);
        CHECK_HAS(err.message, "are not what they were (3584 of 6144 bytes)");
        error_clear(&err);
        CHECK_INT(ensure(s, &image->layers[1], &nothing, &gzip, &d, &err), -1);
        CHECK_INT(err.code, ENOENT);
        CHECK_INT(run("test $(ls wrong/blobs/sha256 | wc -l) = 2 && test -z \"$(ls wrong/compressed wrong/tmp/*/ | "
                      "grep -v lock)\" || ls -R wrong"),
                  0);
}

static void test_damaged_record(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("damaged");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);
        struct oci_descriptor d = {0};
        int calls = 0;
        const struct oci_layer_stream from = {stream, &calls};
        static const char *const texts[] = {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"blob\":{\"size\":-1}}"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                CLEANUP_FREE char *command = memory_printf(
                        "for f in damaged/compressed/*-gzip-2; do printf '%%s' '%s' > $f; done", texts[i]);

                CHECK_OK(ensure(s, &image->layers[1], &from, &gzip, &d, &err));
                oci_descriptor_clear(&d);
                CHECK_INT(calls, i + 1);
                CHECK_INT(run(command), 0);
                log_text[0] = '\0';
        }
        CHECK_OK(ensure(s, &image->layers[1], &from, &gzip, &d, &err));
        CHECK_HAS(log_text, "a layer is compressed again: ");
        oci_descriptor_clear(&d);
}

int main(void)
{
        CHECK(mkdtemp(root) != NULL);
        CHECK_RUN(test_same_bytes);
        CHECK_RUN(test_noise);
        CHECK_RUN(test_noise_is_stored);
        CHECK_RUN(test_shared_pool);
        CHECK_RUN(test_writer_fails);
        CHECK_RUN(test_options);
        CHECK_RUN(test_kept);
        CHECK_RUN(test_wrong_tar);
        CHECK_RUN(test_damaged_record);
        (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return CHECK_END();
}
