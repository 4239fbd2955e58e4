/* SPDX-License-Identifier: Apache-2.0 */
/* Stores filled by hand, for unit tests of the builder. */
#include "tests/unit/builder_store.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/body.h"
#include "builder/commit.h"
#include "builder/import.h"
#include "builder/record.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"

static void die(const char *what, const struct error *err)
{
        printf("# %s: %s\n", what, err && err->message ? err->message : "failed");
        exit(1);
}

void test_store_open(struct test_store *t)
{
        struct error err = ERROR_INIT;
        char path[] = "/var/tmp/bryo-builder.XXXXXX";

        if (!mkdtemp(path))
                die("cannot make a directory in /var/tmp", NULL);
        t->path = memory_strdup(path);
        if (oci_store_open(path, NULL, &t->store, &err) < 0)
                die("cannot open a new store", &err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
        (void)st;
        (void)kind;
        (void)where;
        return remove(path);
}

void test_store_close(struct test_store *t)
{
        oci_store_close(t->store);
        if (t->path && nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
                die("cannot remove the test's store", NULL);
        free(t->path);
}

static int open_body(void *context, const char *source, int *ret_fd, struct error *err)
{
        return builder_body_open(context, source, ret_fd, err);
}

void test_workshop_open(struct builder_workshop *w, struct oci_store *store)
{
        const struct overlay_pool_options options = {.open = open_body, .context = store};
        struct error err = ERROR_INIT;

        if (builder_workshop_open(w, store, NULL, &err) < 0)
                die("cannot open a workshop", &err);
        overlay_pool_free(w->pool);
        w->pool = overlay_pool_new(&options);
}

/* --- tars ------------------------------------------------------------------ */

void test_tar_add(struct buffer *tar, const char *name, char type, const char *target, const void *body, size_t size)
{
        char header[512] = {0};
        unsigned sum = 0;

        snprintf(header, 100, "%s", name);
        snprintf(header + 100, 8, "%07o", type == '5' ? 0755u : 0644u);
        snprintf(header + 108, 8, "%07o", 0u);
        snprintf(header + 116, 8, "%07o", 0u);
        snprintf(header + 124, 12, "%011zo", size);
        snprintf(header + 136, 12, "%011o", 1700000000u);
        memset(header + 148, ' ', 8);
        header[156] = type;
        if (target)
                snprintf(header + 157, 100, "%s", target);
        memcpy(header + 257, "ustar\00000", 8);
        for (size_t i = 0; i < sizeof(header); i++)
                sum += (unsigned char)header[i];
        snprintf(header + 148, 8, "%06o", sum);
        buffer_append(tar, header, sizeof(header));
        buffer_append(tar, body, size);
        while (tar->size % 512 != 0)
                buffer_append_char(tar, '\0');
}

void test_tar_end(struct buffer *tar)
{
        static const char zeros[1024];

        buffer_append(tar, zeros, sizeof(zeros));
}

int test_file(const struct buffer *bytes)
{
        int fd = memfd_create("bytes", MFD_CLOEXEC);

        if (fd < 0 || fd_write_all(fd, bytes->data, bytes->size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                die("cannot make a file in memory", NULL);
        return fd;
}

void test_read_fd(int fd, struct buffer *ret)
{
        struct stat st;

        if (fstat(fd, &st) < 0 || fd_pread_all(fd, buffer_reserve(ret, (size_t)st.st_size), (size_t)st.st_size, 0) < 0)
                die("cannot read a file back", NULL);
        ret->size += (size_t)st.st_size;
}

char *test_noise(unsigned seed, size_t size)
{
        char *bytes = memory_alloc(size + 1);
        uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

        for (size_t i = 0; i < size; i++) {
                state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                bytes[i] = (char)('a' + (state >> 33) % 26);
        }
        bytes[size] = '\0';
        return bytes;
}

int test_import(struct oci_store *store, const struct buffer *tar, const char *name, struct sha256_digest *ret,
                struct error *err)
{
        CLEANUP_FD int fd = test_file(tar);
        const struct builder_import_options o = {
                .store = store,
                .fd = fd,
                .what = "the tar",
                .name = name,
                .message = "Imported from a test",
                .created = {.tv_sec = 1700000000},
        };

        return builder_import(&o, ret, err);
}

/* --- images ---------------------------------------------------------------- */

void test_write(struct overlay_tree *tree, const char *name, const void *bytes, size_t size)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        const struct overlay_make make = {.mode = S_IFREG | 0644};
        struct error err = ERROR_INIT;

        overlay_tree_root(tree, &root);
        if (overlay_node_make(&root, name, &make, &node, &err) < 0 || overlay_node_append(&node, bytes, size, &err) < 0)
                die("cannot write into a tree", &err);
}

static void seal(struct builder_workshop *w, const struct builder_chain *chain, test_fill_function *fill, void *context,
                 struct builder_layer *ret)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {.workshop = w};
        struct sha256_digest content;
        struct error err = ERROR_INIT;

        if (builder_chain_open(chain, w, NULL, &upper, &tree, &err) < 0)
                die("cannot open a tree", &err);
        fill(context, tree);
        if (builder_chain_seal(tree, &upper, true, ret, &content, &err) < 0)
                die("cannot seal a tree", &err);
}

void test_build(struct builder_workshop *w, const char *name, test_fill_function *fill, void *context)
{
        CLEANUP_STATE struct builder_state state = BUILDER_STATE_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct builder_layer layer;
        struct sha256_digest id;
        struct error err = ERROR_INIT;

        builder_state_init(&state);
        seal(w, &state.chain, fill, context, &layer);
        builder_chain_add(&state.chain, &layer);
        builder_layer_free(&layer);
        strv_add(&names, name);
        if (builder_commit(w, &state, &names, &id, &err) < 0)
                die("cannot commit an image", &err);
}

void test_record(struct builder_workshop *w, const char *key, bool current, test_fill_function *fill, void *context,
                 char **ret_index)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        CLEANUP_CHAIN struct builder_chain chain = BUILDER_CHAIN_INIT;
        struct sha256_digest digest;
        struct error err = ERROR_INIT;

        seal(w, &chain, fill, context, &record.layer);
        record.boot = current ? builder_record_boot() : memory_strdup("a boot that was");
        record.title = memory_strdup("RUN something");
        *ret_index = memory_strdup(record.layer.index);
        if (!sha256_from_hex(key, &digest) || builder_record_save(w, &digest, &record, &err) < 0)
                die("cannot save a step record", &err);
}

int test_tree_open(struct builder_workshop *w, const char *image, struct builder_upper *upper,
                   struct overlay_tree **ret, struct error *err)
{
        CLEANUP_STATE struct builder_state state = BUILDER_STATE_INIT;
        struct sha256_digest id;

        if (oci_image_resolve(w->store, image, &id, NULL, err) < 0 || builder_state_load(&state, w, &id, err) < 0)
                return -1;
        return builder_chain_open(&state.chain, w, NULL, upper, ret, err);
}

char *test_read(struct builder_workshop *w, const char *image, const char *path)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {.workshop = w};
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (test_tree_open(w, image, &upper, &tree, &err) < 0 ||
            overlay_tree_resolve(tree, NULL, path, 0, &node, &err) < 0 ||
            overlay_node_read_all(&node, (size_t)1 << 26, &bytes, &err) < 0)
                return memory_strdup(err.message);
        return buffer_steal(&bytes);
}
