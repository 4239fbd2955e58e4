/* SPDX-License-Identifier: Apache-2.0 */
/* A root file system becomes an image, or is refused and leaves no name. */
#include "builder/import.h"

#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/store.h"
#include "tests/unit/builder_store.h"
#include "tests/unit/check.h"

#define NAME "docker.io/library/base:latest"

static void make_root(struct buffer *tar)
{
        test_tar_add(tar, "./", '5', NULL, NULL, 0);
        test_tar_add(tar, "./etc/", '5', NULL, NULL, 0);
        test_tar_add(tar, "./etc/motd", '0', NULL, "hello", 5);
        test_tar_add(tar, "./etc/issue", '1', "./etc/motd", NULL, 0);
        test_tar_end(tar);
}

static bool has_name(struct oci_store *store, struct sha256_digest *ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool found = false;

        CHECK_OK(oci_store_ref_find(store, NAME, &found, ret, &err));
        return found;
}

static void test_root_becomes_image(void)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *motd = NULL;
        CLEANUP_FREE char *issue = NULL;
        struct sha256_digest id, named, digest;

        test_store_open(&t);
        make_root(&tar);
        CHECK_OK(test_import(t.store, &tar, NAME, &id, &err));
        CHECK(has_name(t.store, &named) && sha256_equal(&named, &id));
        CHECK_OK(oci_image_load(t.store, &id, &image, &err));
        CHECK_OK(oci_image_load_config(t.store, &id, &config, &err));
        if (!image || !config)
                return;
        CHECK_INT(image->layer_count, 1);
        sha256_of(tar.data, tar.size, &digest);
        CHECK(sha256_equal(&image->layers[0].diff_id, &digest));
        CHECK_INT(image->layers[0].size, tar.size);
        CHECK_INT(image->layers[0].writer, 0);
        CHECK(image->layers[0].index && oci_store_has(t.store, OCI_STORE_INDEXES, image->layers[0].index));
        CHECK(oci_store_blob_has(t.store, &digest));
        CHECK_STR(config->created, "2023-11-14T22:13:20Z");
        CHECK_STR(config->os, "linux");
        CHECK_STR(config->architecture, oci_config_host_architecture());
        CHECK_INT(config->diff_id_count, 1);
        CHECK_INT(config->history_count, 1);
        CHECK_STR(config->history[0].comment, "Imported from a test");
        CHECK_INT(config->history[0].empty_layer, false);
        test_workshop_open(&w, t.store);
        motd = test_read(&w, "base", "/etc/motd");
        issue = test_read(&w, "base", "/etc/issue");
        CHECK_STR(motd, "hello");
        CHECK_STR(issue, "hello");
}

/* The same root is the same image, and costs no second copy. */
static void test_again(void)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest first, second;

        test_store_open(&t);
        make_root(&tar);
        CHECK_OK(test_import(t.store, &tar, NAME, &first, &err));
        CHECK_OK(test_import(t.store, &tar, NAME, &second, &err));
        CHECK(sha256_equal(&first, &second));
}

static void check_refused(const struct buffer *tar, const char *reason)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_image_row *rows = NULL;
        struct sha256_digest id;
        size_t count = 0;

        test_store_open(&t);
        CHECK_INT(test_import(t.store, tar, NAME, &id, &err), -1);
        CHECK_HAS(err.message, "the tar");
        CHECK_HAS(err.message, reason);
        error_clear(&err);
        CHECK(!has_name(t.store, &id));
        CHECK_OK(oci_image_list(t.store, &rows, &count, &err));
        CHECK_INT(count, 0);
        oci_image_rows_free(rows, count);
}

static void test_refused(void)
{
        static const struct {
                const char *name;
                char type;
                const char *target;
                const char *reason;
        } rows[] = {
                {"etc/.wh.passwd", '0', NULL, ".wh."},
                {".wh.x/inside", '0', NULL, ".wh."},
                {"a/.wh..wh..opq", '0', NULL, ".wh."},
                {"link", '1', "nowhere", "nowhere"},
        };
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer cut = BUFFER_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;

                test_tar_add(&tar, "ordinary", '0', NULL, "x", 1);
                test_tar_add(&tar, rows[i].name, rows[i].type, rows[i].target, NULL, 0);
                test_tar_end(&tar);
                check_refused(&tar, rows[i].reason);
        }
        buffer_append_string(&text, "no tar at all");
        check_refused(&text, "");
        test_tar_add(&cut, "file", '0', NULL, "0123456789", 10);
        cut.size -= 505; /* seven bytes of the body are left; a tar that only lacks padding is whole */
        check_refused(&cut, "");
}

/* A name that only looks like a marker is none. */
static void test_lookalike(void)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest id;

        test_store_open(&t);
        test_tar_add(&tar, "a.wh.b", '0', NULL, "x", 1);
        test_tar_add(&tar, ".whiteout", '0', NULL, "x", 1);
        test_tar_end(&tar);
        CHECK_OK(test_import(t.store, &tar, NAME, &id, &err));
}

int main(void)
{
        CHECK_RUN(test_root_becomes_image);
        CHECK_RUN(test_again);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_lookalike);
        return CHECK_END();
}
