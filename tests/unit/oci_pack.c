/* SPDX-License-Identifier: Apache-2.0 */
/* Which manifest and which blobs an image gets. */
#include "tests/unit/check.h"

#include "oci/pack.h"
#include "tests/unit/archive_build.h"

static int calls;

/* "TYPE:PLACE " for each layer, where TYPE is what follows "layer." or "diff." in the media type. */
static char *pack(struct oci_store *s, const struct oci_image *image, struct oci_pack_options o)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_PACKED struct oci_packed *p = NULL;
        struct buffer text = BUFFER_INIT;

        o.stream = (struct oci_layer_stream){stream, &calls};
        o.log = &test_log;
        if (oci_image_pack(s, image, &o, &p, &err) < 0) {
                buffer_printf(&text, "error: %s", err.message);
                return buffer_steal(&text);
        }
        buffer_append_string(&text, strstr(p->manifest->media_type, "docker") ? "docker" : "oci");
        for (size_t i = 0; i < p->manifest->layer_count; i++) {
                static const char *const places[] = {"blob", "tar", "elsewhere"};
                const char *type = p->manifest->layers[i].media_type;
                const char *at = strstr(type, "diff.") ? strstr(type, "diff.") + 5 : strstr(type, "layer.") + 6;

                buffer_printf(&text, " %s:%s", at, places[p->places[i]]);
        }
        return buffer_steal(&text);
}

/* The image with layer 0 as if it had come in a blob of this type and these bytes. */
static struct oci_image *from_outside(struct oci_store *s, const char *type, const char *bytes)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_image *image = make_image(s);
        struct oci_descriptor d = {.media_type = (char *)type, .size = strlen(bytes)};

        CHECK_OK(oci_store_blob_save(s, bytes, strlen(bytes), &d.digest, &err));
        image->layers[0].blob = oci_descriptor_dup(&d);
        return image;
}

static const struct oci_pack_options usual = OCI_PACK_DEFAULT;

static void check_row(struct oci_store *s, const char *type, struct oci_pack_options o, const char *expected)
{
        CLEANUP_IMAGE struct oci_image *image = type ? from_outside(s, type, "packed") : make_image(s);
        CLEANUP_FREE char *is = pack(s, image, o);

        CHECK_STR(is, expected);
}

/* FORM.4, KEEP.2 */
static void test_families(void)
{
        CLEANUP_STORE struct oci_store *s = open_store("families");
        struct oci_pack_options docker = usual, zstd = usual, none = usual, forced = usual, both;

        docker.docker_types = true;
        zstd.compress.compression = OCI_COMPRESSION_ZSTD;
        none.compress.compression = OCI_COMPRESSION_NONE;
        forced.force = true;
        both = zstd;
        both.docker_types = true;
        check_row(s, NULL, usual, "oci v1.tar+gzip:blob v1.tar+gzip:blob");
        check_row(s, NULL, zstd, "oci v1.tar+zstd:blob v1.tar+zstd:blob");
        check_row(s, NULL, none, "oci v1.tar:tar v1.tar:tar");
        check_row(s, NULL, docker, "docker tar.gzip:blob tar.gzip:blob");
        check_row(s, NULL, both,
                  "error: Docker's media types cannot say zstd: use OCI's media types, or another compression");
        /* what came from outside keeps its blob, in the manifest's family */
        check_row(s, OCI_TYPE_DOCKER_LAYER, zstd, "oci v1.tar+gzip:blob v1.tar+zstd:blob");
        check_row(s, OCI_TYPE_LAYER_ZSTD, usual, "oci v1.tar+zstd:blob v1.tar+gzip:blob");
        check_row(s, OCI_TYPE_LAYER_ZSTD, forced, "oci v1.tar+gzip:blob v1.tar+gzip:blob");
        check_row(s, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", usual,
                  "oci nondistributable.v1.tar+gzip:blob v1.tar+gzip:blob");
        check_row(s, OCI_TYPE_LAYER_ZSTD, docker,
                  "error: layer 1 is compressed with zstd, which Docker's media types cannot say: use OCI's, or "
                  "compress all layers "
                  "with gzip (force-compression=true)");
}

static void test_missing_blob(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("missing");
        CLEANUP_IMAGE struct oci_image *image = from_outside(s, OCI_TYPE_LAYER_GZIP, "gone");
        struct oci_pack_options elsewhere = usual;
        CLEANUP_FREE char *named = NULL, *made = NULL;

        CHECK_OK(oci_store_blob_remove(s, &image->layers[0].blob->digest, &err));
        elsewhere.elsewhere = true;
        named = pack(s, image, elsewhere);
        CHECK_STR(named, "oci v1.tar+gzip:elsewhere v1.tar+gzip:blob");
        log_text[0] = '\0';
        made = pack(s, image, usual);
        CHECK_STR(made, "oci v1.tar+gzip:blob v1.tar+gzip:blob");
        CHECK_HAS(log_text, "is compressed again, and so gets another digest");
}

/* The manifest an image came with goes out byte for byte until something else is asked for. */
static void test_own_manifest(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("own");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);
        CLEANUP_PACKED struct oci_packed *first = NULL, *again = NULL, *noted = NULL;
        struct oci_pack_options o = usual, notes = usual;
        struct oci_labels annotations = {0};
        CLEANUP_FREE char *mixed = NULL;

        o.docker_types = true;
        o.stream = notes.stream = (struct oci_layer_stream){stream, &calls};
        CHECK_OK(oci_image_pack(s, image, &o, &first, &err));
        CHECK_OK(oci_store_blob_save(s, first->bytes.data, first->bytes.size, NULL, &err));
        image->manifest = oci_descriptor_dup(&first->descriptor);
        o.docker_types = false;
        CHECK_OK(oci_image_pack(s, image, &o, &again, &err));
        CHECK(sha256_equal(&first->descriptor.digest, &again->descriptor.digest));
        CHECK_STR(again->descriptor.platform->os, "linux");
        o.compress.compression =
                OCI_COMPRESSION_ZSTD; /* a layer of ours in it has no other form than what is asked for */
        mixed = pack(s, image, o);
        CHECK_STR(mixed, "oci v1.tar+zstd:blob v1.tar+zstd:blob");
        oci_labels_set(&annotations, "a", "b");
        notes.annotations = &annotations;
        CHECK_OK(oci_image_pack(s, image, &notes, &noted, &err));
        CHECK_STR(oci_labels_find(&noted->manifest->annotations, "a"), "b");
        CHECK_STR(noted->manifest->media_type, OCI_TYPE_MANIFEST);
        oci_labels_free(&annotations);
}

int main(void)
{
        CHECK(mkdtemp(root) != NULL);
        CHECK_RUN(test_families);
        CHECK_RUN(test_missing_blob);
        CHECK_RUN(test_own_manifest);
        (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return CHECK_END();
}
