/* SPDX-License-Identifier: Apache-2.0 */
/* Images out of one store and into another. */
#include "builder/archive.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"
#include "oci/layer_writer.h"
#include "tests/unit/builder_store.h"
#include "tests/unit/check.h"

static void fill(void *context, struct overlay_tree *tree)
{
        test_write(tree, "file", context, strlen(context));
}

/* The archive's descriptor, at its start. */
static int save(struct oci_store *store, const char *const *images, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_FD int fd = memfd_create("archive", MFD_CLOEXEC);
        struct builder_save_options o = {.store = store, .images = &words, .fd = fd};

        for (; *images; images++)
                strv_add(&words, *images);
        if (builder_archive_save(&o, err) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -1;
        return fd_steal(&fd);
}

static int load(struct oci_store *store, int fd, struct oci_archive_loaded **ret, size_t *ret_count, struct error *err)
{
        const struct builder_load_options o = {.store = store, .fd = fd, .what = "the archive"};

        return builder_archive_load(&o, ret, ret_count, err);
}

static void name_twice(struct oci_store *store, const char *image, const char *other)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest id;

        CHECK_OK(oci_image_resolve(store, image, &id, NULL, &err));
        CHECK_OK(oci_store_ref_set(store, other, &id, NULL, &err));
}

/* One image under two names and one more: built here, saved, loaded elsewhere, saved there. */
static void test_round_trip(void)
{
        CLEANUP_TEST_STORE struct test_store here = {.path = NULL};
        CLEANUP_TEST_STORE struct test_store there = {.path = NULL};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_WORKSHOP struct builder_workshop other = BUILDER_WORKSHOP_INIT;
        CLEANUP_BUFFER struct buffer first = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer second = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FD int archive = -1;
        CLEANUP_FD int again = -1;
        const char *const images[] = {"one:1", "two", "one:other", NULL};
        struct oci_archive_loaded *loaded = NULL;
        size_t count = 0;

        test_store_open(&here);
        test_store_open(&there);
        test_workshop_open(&w, here.store);
        test_build(&w, "docker.io/library/one:1", fill, (char[]){"first"});
        test_build(&w, "docker.io/library/two:latest", fill, (char[]){"second"});
        name_twice(here.store, "one:1", "docker.io/library/one:other");

        archive = save(here.store, images, &err);
        CHECK_OK(archive);
        CHECK_OK(load(there.store, archive, &loaded, &count, &err));
        CHECK_INT(count, 2);
        if (count == 2) {
                CHECK_INT(loaded[0].names.count + loaded[1].names.count, 3);
        }
        oci_archive_loaded_free(loaded, count);
        test_workshop_open(&other, there.store);
        text = test_read(&other, "one:other", "/file");
        CHECK_STR(text, "first");

        again = save(there.store, images, &err);
        CHECK_OK(again);
        test_read_fd(archive, &first);
        test_read_fd(again, &second);
        CHECK_INT(second.size, first.size);
        CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
}

static int begin(void *context, int *ret_fd, struct error *err)
{
        (void)ret_fd;
        *(bool *)context = true;
        return error_set(err, EIO, "begun");
}

/* Nothing is begun for a name that is not there. */
static void test_unknown(void)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool begun = false;
        const struct builder_save_options o = {.images = &words, .fd = -1, .begin = begin, .context = &begun};
        struct builder_save_options own = o;

        test_store_open(&t);
        test_workshop_open(&w, t.store);
        test_build(&w, "docker.io/library/one:latest", fill, (char[]){"x"});
        own.store = t.store;
        strv_add(&words, "one");
        strv_add(&words, "absent");
        CHECK_INT(builder_archive_save(&own, &err), -1);
        CHECK_HAS(err.message, "absent");
        CHECK(!begun);
        error_clear(&err);
        strv_clear(&words);
        strv_add(&words, "one");
        CHECK_INT(builder_archive_save(&own, &err), -1);
        CHECK_HAS(err.message, "begun");
        CHECK(begun);
}

static void test_garbage(void)
{
        CLEANUP_TEST_STORE struct test_store t = {.path = NULL};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_archive_loaded *loaded = NULL;
        CLEANUP_FD int fd = -1;
        size_t count = 0;

        test_store_open(&t);
        buffer_append_string(&text, "no archive");
        fd = test_file(&text);
        CHECK_INT(load(t.store, fd, &loaded, &count, &err), -1);
        CHECK_HAS(err.message, "the archive");
        CHECK_INT(count, 0);
        CHECK(loaded == NULL);
}

int main(void)
{
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_unknown);
        CHECK_RUN(test_garbage);
        return CHECK_END();
}
