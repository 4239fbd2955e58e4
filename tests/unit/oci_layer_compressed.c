/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed layers: every kind, joined, nested, damaged, and those that grow too much. */
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/resource.h>

#include "oci/layer_reader.h"
#include "tests/unit/tar_build.h"

#ifdef BRYO_SANITIZED
#define BRYO_TEST_SANITIZED true /* the sanitizer's shadow memory counts, too */
#else
#define BRYO_TEST_SANITIZED false
#endif

/* ---- compression -------------------------------------------------------------------------------- */

struct compressor {
        const char *name;
        int (*add)(struct archive *);
        enum oci_compression compression;
};

static const struct compressor compressors[] = {
        {"gzip", archive_write_add_filter_gzip, OCI_COMPRESSION_GZIP},
        {"zstd", archive_write_add_filter_zstd, OCI_COMPRESSION_ZSTD},
        {"bzip2", archive_write_add_filter_bzip2, OCI_COMPRESSION_BZIP2},
        {"xz", archive_write_add_filter_xz, OCI_COMPRESSION_XZ},
};

static la_ssize_t keep(struct archive *a, void *context, const void *bytes, size_t size)
{
        (void)a;
        buffer_append(context, bytes, size);
        return (la_ssize_t)size;
}

static void compress_with(const struct compressor *c, const void *bytes, size_t size, struct buffer *ret)
{
        struct archive *a = archive_write_new();
        struct archive_entry *e = archive_entry_new();

        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_pathname(e, "x");
        if (c->add(a) != ARCHIVE_OK || archive_write_set_format_raw(a) != ARCHIVE_OK ||
            archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
            archive_write_open(a, ret, NULL, keep, NULL) != ARCHIVE_OK || archive_write_header(a, e) != ARCHIVE_OK ||
            archive_write_data(a, bytes, size) != (la_ssize_t)size || archive_write_free(a) != ARCHIVE_OK)
                abort();
        archive_entry_free(e);
}

static void make_sample(struct buffer *b)
{
        char noise[5000];
        unsigned seed = 1;

        for (size_t i = 0; i < sizeof(noise); i++)
                noise[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
        tar_add_file(b, "caf\xe9", '0', noise, sizeof(noise));
        tar_add_pax(b, 'x', "path=gr\xc3\xbcn");
        tar_add_file(b, "u", '0', "abc", 3);
        tar_end(b);
        buffer_append_string(b, "behind the end"); /* counts for the digest all the same */
}

static const char sample_text[] =
        "file caf\\e9 644 0:0 size 5000 [0+5000@512]\nfile gr\\c3\\bcn 644 0:0 size 3 [0+3@7168]\n";

/* TAKEN.1 */
static void test_compressed(void)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        struct sha256_digest plain, packed;

        make_sample(&tar);
        sha256_of(tar.data, tar.size, &plain);
        for (size_t i = 0; i < ARRAY_SIZE(compressors); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer blob = BUFFER_INIT, seen = BUFFER_INIT, out = BUFFER_INIT,
                                             scanned = BUFFER_INIT;
                struct oci_layer_info info = {0};
                CLEANUP_FD int fd = -1;

                compress_with(&compressors[i], tar.data, tar.size, &blob);
                if (compressors[i].compression == OCI_COMPRESSION_GZIP)
                        buffer_append_string(&blob, "junk behind the stream");
                sha256_of(blob.data, blob.size, &packed);
                CHECK_OK(tar_ingest(blob.data, blob.size, NULL, &seen, &out, &info, &err));
                CHECK_STR(buffer_text(&seen), sample_text);
                CHECK_INT(info.compression, compressors[i].compression);
                CHECK_INT(info.size, tar.size);
                CHECK_INT(info.blob_size, blob.size);
                CHECK_INT(info.entry_count, 2);
                CHECK(sha256_equal(&info.diff_id, &plain));
                CHECK(sha256_equal(&info.blob_digest, &packed));
                CHECK(out.size == tar.size && memcmp(out.data, tar.data, tar.size) == 0);
                CHECK(oci_layer_is_archive(blob.data, blob.size));
                fd = tar_open(blob.data, blob.size);
                CHECK_OK(tar_scan(fd, NULL, &scanned, &err));
                CHECK_STR(buffer_text(&scanned), sample_text);
        }
}

/* Two streams one behind the other are one (estargz, zstd:chunked, pigz); one inside the other is refused. */
static void test_joined_and_nested(void)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;

        make_sample(&tar);
        for (size_t i = 0; i < ARRAY_SIZE(compressors); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer blob = BUFFER_INIT, seen = BUFFER_INIT, out = BUFFER_INIT,
                                             nested = BUFFER_INIT;
                struct oci_layer_info info = {0};

                compress_with(&compressors[i], tar.data, 700, &blob);
                if (compressors[i].compression == OCI_COMPRESSION_ZSTD)
                        buffer_append(&blob, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
                compress_with(&compressors[i], tar.data + 700, tar.size - 700, &blob);
                CHECK_OK(tar_ingest(blob.data, blob.size, NULL, &seen, &out, &info, &err));
                CHECK_STR(buffer_text(&seen), sample_text);
                CHECK_INT(info.size, tar.size);
                compress_with(&compressors[i], blob.data, blob.size, &nested);
                buffer_clear(&seen);
                CHECK_INT(tar_ingest(nested.data, nested.size, NULL, &seen, &out, &info, &err), -1);
                CHECK_HAS(err.message, "packed twice");
        }
}

/* GUARD.8: every eighth cut and some flips: an error, never a hang and never the wrong digest. */
static void test_damaged(void)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        struct sha256_digest plain;

        make_sample(&tar);
        sha256_of(tar.data, tar.size, &plain);
        for (size_t i = 0; i < ARRAY_SIZE(compressors); i++) {
                CLEANUP_BUFFER struct buffer blob = BUFFER_INIT;

                compress_with(&compressors[i], tar.data, tar.size, &blob);
                for (size_t cut = 0; cut < blob.size; cut += blob.size < 200 ? 1 : 61) {
                        CLEANUP_ERROR struct error err = ERROR_INIT;
                        CLEANUP_BUFFER struct buffer seen = BUFFER_INIT, out = BUFFER_INIT;
                        struct oci_layer_info info = {0};

                        if (tar_ingest(blob.data, cut, NULL, &seen, &out, &info, &err) == 0)
                                CHECK(cut == 0 || (cut + 61 >= blob.size && sha256_equal(&info.diff_id, &plain)));
                }
                for (size_t at = 0; at < blob.size; at += 37) {
                        CLEANUP_ERROR struct error err = ERROR_INIT;
                        CLEANUP_BUFFER struct buffer seen = BUFFER_INIT, out = BUFFER_INIT;
                        struct oci_layer_info info = {0};

                        blob.data[at] ^= 0x10;
                        (void)tar_ingest(blob.data, blob.size, NULL, &seen, &out, &info, &err);
                        blob.data[at] ^= 0x10;
                }
        }
}

/* A zstd frame of `count` blocks that are 128 KiB of one byte: four bytes each. */
static void add_frame(struct buffer *b, unsigned char window, size_t count, char fill)
{
        static const char block[] = {0x02, 0x00, 0x10}, last[] = {0x03, 0x00, 0x10};

        buffer_append(b, "\x28\xb5\x2f\xfd\0", 5);
        buffer_append_char(b, (char)window);
        for (size_t i = 1; i <= count; i++) {
                buffer_append(b, i == count ? last : block, 3);
                buffer_append_char(b, fill);
        }
}

/* GUARD.6: 96 KiB that unpack to 3 GiB of zeros: behind the end of the tar, they are still to be written and digested. */
static void test_expansion(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer blob = BUFFER_INIT;
        CLEANUP_FD int in = -1;
        struct oci_layer_info info = {0};
        struct rusage usage;

        add_frame(&blob, 0x38, 24576, 0);
        in = tar_open(blob.data, blob.size);
        CHECK_INT(oci_layer_ingest(in, -1, NULL, NULL, NULL, &info, &err), -1);
        CHECK_HAS(err.message, "compressed bytes unpack to more than the limit of");
        getrusage(RUSAGE_SELF, &usage);
        CHECK(usage.ru_maxrss < 128 * 1024 || BRYO_TEST_SANITIZED);
}

/* A frame that asks for 2 GiB of memory. */
static void test_window(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer blob = BUFFER_INIT;
        CLEANUP_FD int in = -1;
        struct oci_layer_info info = {0};

        add_frame(&blob, 0xa8, 8, 0);
        in = tar_open(blob.data, blob.size);
        CHECK_INT(oci_layer_ingest(in, -1, NULL, NULL, NULL, &info, &err), -1);
        CHECK_HAS(err.message, "cannot decompress the layer");
}

/* TAKEN.3: libc's locale must not matter: the same names in C and, where there is one, in a UTF-8 locale. */
static void test_locale(void)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT, blob = BUFFER_INIT;
        static const char *const locales[] = {"C", "C.UTF-8"};

        make_sample(&tar);
        compress_with(&compressors[0], tar.data, tar.size, &blob);
        for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer seen = BUFFER_INIT, uncompressed = BUFFER_INIT;
                CLEANUP_FD int fd = tar_open(blob.data, blob.size);
                CLEANUP_FD int plain = tar_open(tar.data, tar.size);

                if (setlocale(LC_ALL, locales[i]) == NULL)
                        continue;
                CHECK_OK(tar_scan(plain, NULL, &uncompressed, &err));
                CHECK_STR(buffer_text(&uncompressed), sample_text);
                CHECK_OK(tar_scan(fd, NULL, &seen, &err));
                CHECK_STR(buffer_text(&seen), sample_text);
        }
        setlocale(LC_ALL, "C");
}

static void test_empty(void)
{
        CLEANUP_BUFFER struct buffer blob = BUFFER_INIT, seen = BUFFER_INIT, out = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_layer_info info = {0};

        compress_with(&compressors[0], "", 0, &blob);
        CHECK_OK(tar_ingest(blob.data, blob.size, NULL, &seen, &out, &info, &err));
        CHECK_INT(info.size, 0);
}

int main(void)
{
        CHECK_RUN(test_compressed);
        CHECK_RUN(test_joined_and_nested);
        CHECK_RUN(test_damaged);
        CHECK_RUN(test_expansion);
        CHECK_RUN(test_window);
        CHECK_RUN(test_locale);
        CHECK_RUN(test_empty);
        return CHECK_END();
}
