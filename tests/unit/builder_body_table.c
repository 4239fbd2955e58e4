/* SPDX-License-Identifier: Apache-2.0 */
/* The table of bodies: what is found in it again, and what is not believed any more after a boot. */
#include "builder/body_table.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/builder_store.h"
#include "tests/unit/check.h"

#define DATA  "data/00112233445566778899aabbccddeeff"
#define LAYER "blobs/00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "data/tar-0011"
#define BOOT  16 /* where the header has it */

static struct overlay_source *source(struct builder_workshop *w, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_source *ret = NULL;

        CHECK_OK(overlay_pool_ensure(w->pool, name, 1000000, &ret, &err));
        return ret;
}

static void add(struct builder_body_table *t, struct overlay_source *s, uint64_t offset, uint64_t size,
                unsigned char mark)
{
        const struct overlay_piece piece = {0, size, s, offset};
        const struct sha256_digest digest = {{mark}};

        builder_body_table_add(t, &piece, 1, size, &digest);
}

/* The mark of the digest that is known of these bytes, 0 when none is. */
static int find(struct builder_body_table *t, struct overlay_source *s, uint64_t offset, uint64_t size)
{
        const struct overlay_piece piece = {0, size, s, offset};
        struct sha256_digest digest;

        return builder_body_table_find(t, &piece, 1, size, &digest) ? digest.bytes[0] : 0;
}

static void reopen(struct builder_workshop *w, struct builder_body_table **t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (*t)
                CHECK_OK(builder_body_table_save(*t, &err));
        builder_body_table_free(*t);
        *t = builder_body_table_new(w->store, w->pool, NULL);
}

static void test_found_again(void)
{
        CLEANUP_TEST_STORE struct test_store store = {0};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct builder_body_table *t = NULL;
        struct overlay_source *data, *layer, *other;

        test_store_open(&store);
        test_workshop_open(&w, store.store);
        data = source(&w, DATA);
        layer = source(&w, LAYER);
        other = source(&w, OTHER);
        reopen(&w, &t);
        for (unsigned round = 0; round < 2; round++) {
                for (unsigned char i = 1; i <= 50; i++) {
                        if (round == 0) {
                                add(t, data, i * 100, 100, i);
                                add(t, layer, i * 100, 100, (unsigned char)(100 + i));
                        }
                        CHECK_INT(find(t, data, i * 100, 100), i);
                        CHECK_INT(find(t, layer, i * 100, 100), 100 + i);
                }
                CHECK_INT(find(t, data, 50, 100), 0);
                CHECK_INT(find(t, data, 100, 99), 0);
                CHECK_INT(find(t, layer, 0, 100), 0);
                reopen(&w, &t);
        }
        /* backwards, so that no guess at the next one helps */
        for (unsigned char i = 50; i > 0; i--)
                CHECK_INT(find(t, layer, i * 100, 100), 100 + i);
        /* the same bytes at a second place */
        add(t, data, 77, 100, 101);
        reopen(&w, &t);
        CHECK_INT(find(t, data, 77, 100), 101);
        CHECK_INT(find(t, layer, 100, 100), 101);
        add(t, other, 0, 100, 9);
        CHECK_INT(find(t, other, 0, 100), 0);
        builder_body_table_free(t);
        (void)overlay_source_unref(data);
        (void)overlay_source_unref(layer);
        (void)overlay_source_unref(other);
}

/* Two pieces, or a hole: not one run of bytes. */
static void test_pieces(void)
{
        CLEANUP_TEST_STORE struct test_store store = {0};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        const struct sha256_digest digest = {{1}};
        struct builder_body_table *t = NULL;
        struct overlay_source *data;
        struct sha256_digest found;

        test_store_open(&store);
        test_workshop_open(&w, store.store);
        data = source(&w, DATA);
        reopen(&w, &t);
        const struct overlay_piece pieces[] = {{0, 10, data, 0}, {10, 10, data, 50}};

        builder_body_table_add(t, pieces, 2, 20, &digest);
        CHECK(!builder_body_table_find(t, pieces, 2, 20, &found));
        builder_body_table_add(t, pieces, 1, 20, &digest);
        CHECK(!builder_body_table_find(t, pieces, 1, 20, &found));
        CHECK(!builder_body_table_find(t, pieces, 1, 10, &found));
        builder_body_table_free(t);
        (void)overlay_source_unref(data);
}

/* A step's data file may have lost in a power cut what was not synced; a layer's tar was synced. */
static void test_another_boot(void)
{
        CLEANUP_TEST_STORE struct test_store store = {0};
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FD int fd = -1;
        struct builder_body_table *t = NULL;
        struct overlay_source *data, *layer;

        test_store_open(&store);
        test_workshop_open(&w, store.store);
        data = source(&w, DATA);
        layer = source(&w, LAYER);
        reopen(&w, &t);
        add(t, data, 0, 10, 1);
        add(t, layer, 0, 20, 2);
        add(t, data, 10, 30, 3);
        add(t, layer, 20, 40, 4);
        reopen(&w, &t);
        builder_body_table_free(t);
        t = NULL;
        path = memory_printf("%s/digests/bodies", oci_store_path(store.store));
        fd = open(path, O_WRONLY | O_CLOEXEC);
        CHECK(fd >= 0);
        CHECK_INT(fd_pwrite_all(fd, "00000000", 8, BOOT), 0);
        reopen(&w, &t);
        CHECK_INT(find(t, data, 0, 10), 0);
        CHECK_INT(find(t, data, 10, 30), 0);
        CHECK_INT(find(t, layer, 0, 20), 2);
        CHECK_INT(find(t, layer, 20, 40), 4);
        builder_body_table_free(t);
        (void)overlay_source_unref(data);
        (void)overlay_source_unref(layer);
}

int main(void)
{
        CHECK_RUN(test_found_again);
        CHECK_RUN(test_pieces);
        CHECK_RUN(test_another_boot);
        return CHECK_END();
}
