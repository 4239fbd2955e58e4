/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_BUILDER_STORE_H
#define BRYO_TESTS_UNIT_BUILDER_STORE_H

#include "builder/state.h"
#include "builder/workshop.h"
#include "common/buffer.h"
#include "common/error.h"

/* A store in a directory of its own, tars and images to fill it, for the tests of import, save, load and prune. */
struct test_store {
        char *path; /* owned; removed at the end */
        struct oci_store *store;
};

/* Ends the test program when the store cannot be made. */
void test_store_open(struct test_store *t);
void test_store_close(struct test_store *t);
#define CLEANUP_TEST_STORE __attribute__((cleanup(test_store_close)))

/* A workshop whose pool finds parked blobs. */
void test_workshop_open(struct builder_workshop *w, struct oci_store *store);

/* Appends a ustar entry; `type` is '0' file, '5' directory, '1' hard link to `target`. */
void test_tar_add(struct buffer *tar, const char *name, char type, const char *target, const void *body, size_t size);
void test_tar_end(struct buffer *tar);
/* A file without a name that holds the bytes, to be read from its start. */
int test_file(const struct buffer *bytes);
/* Everything in a file. */
void test_read_fd(int fd, struct buffer *ret);
/* `size` bytes that no other seed gives and that do not repeat. */
char *test_noise(unsigned seed, size_t size);

/* builder_import of the bytes under a name ("docker.io/library/x:latest"). */
int test_import(struct oci_store *store, const struct buffer *tar, const char *name, struct sha256_digest *ret,
                struct error *err);

/* Makes an image of one layer above scratch: what `fill` does to an empty tree. */
typedef void test_fill_function(void *context, struct overlay_tree *tree);
void test_build(struct builder_workshop *w, const char *name, test_fill_function *fill, void *context);
/* The same, as a step record under a key and without an image; `durable`, or of another boot. */
void test_record(struct builder_workshop *w, const char *key, bool current, test_fill_function *fill, void *context,
                 char **ret_index);
void test_write(struct overlay_tree *tree, const char *name, const void *bytes, size_t size);

/* The bytes of a file of an image, as a heap string; its error's text when it cannot be read. */
char *test_read(struct builder_workshop *w, const char *image, const char *path);
/* Opens the tree of an image. */
int test_tree_open(struct builder_workshop *w, const char *image, struct builder_upper *upper,
                   struct overlay_tree **ret, struct error *err);

#endif
