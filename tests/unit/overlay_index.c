/* SPDX-License-Identifier: Apache-2.0 */
/* The index file: what is written is read, and what is damaged is refused by name, whatever is done with it. */
#include "tests/unit/overlay_index_use.h"

static struct fixture f;
static struct index_use use = {.f = &f};

/* The bytes of the index that is to be damaged. */
static char *make_victim(size_t *ret_size)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct buffer bytes = BUFFER_INIT;

        index_use_begin(&f);
        CHECK_OK(fd_read_file(f.fd, "index-1", 1 << 20, true, &bytes, &err));
        *ret_size = bytes.size;
        return buffer_steal(&bytes);
}

static void use_bytes(const char *bytes, size_t size)
{
        int fd = openat(f.fd, "victim", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK_INT(fd_write_all(fd, bytes, size), 0);
        close(fd);
        index_use(&use, "victim");
}

static void test_truncated(void)
{
        size_t size;
        CLEANUP_FREE char *bytes = make_victim(&size);

        use.refused = use.survived = 0;
        for (size_t at = 0; at < size; at += 64)
                use_bytes(bytes, at);
        CHECK_INT(use.survived, 0);
        use_bytes(bytes, size);
        CHECK_INT(use.survived, 1);
        fixture_end(&f);
}

static void test_flipped_bits(void)
{
        size_t size;
        CLEANUP_FREE char *bytes = make_victim(&size);

        use.refused = use.survived = 0;
        for (size_t at = 0; at < size; at++) {
                char old = bytes[at];

                bytes[at] ^= (char)(1 << (at % 8));
                use_bytes(bytes, size);
                bytes[at] = (char)0xff;
                use_bytes(bytes, size);
                bytes[at] = old;
        }
        printf("# %zu bytes, %lu refused at once, %lu used\n", size, use.refused, use.survived);
        CHECK(use.refused > 100);
        CHECK(use.survived > 100);
        fixture_end(&f);
}

/* Numbers that lead back up: each 32-bit word becomes a small number in turn. */
static void test_crossed_numbers(void)
{
        size_t size;
        CLEANUP_FREE char *bytes = make_victim(&size);

        for (size_t at = 200; at + 4 <= size; at += 4) {
                for (char number = 0; number < 6; number++) {
                        char old[4];

                        memcpy(old, bytes + at, 4);
                        memcpy(bytes + at, (char[]){number, 0, 0, 0}, 4);
                        use_bytes(bytes, size);
                        memcpy(bytes + at, old, 4);
                }
        }
        fixture_end(&f);
}

static void test_digest(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index_options options = {.label = "layer abc", .verify = true};
        struct overlay_index *index = NULL;
        size_t size;
        CLEANUP_FREE char *bytes = make_victim(&size);
        int fd;

        bytes[size - 9] ^= 1;
        fd = openat(f.fd, "victim", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CHECK_INT(fd_write_all(fd, bytes, size), 0);
        close(fd);
        CHECK(overlay_index_open(f.fd, "victim", &options, &index, &err) < 0);
        CHECK_HAS(err.message, "layer abc");
        CHECK_HAS(err.message, "digest");
        error_clear(&err);
        options.verify = false;
        CHECK_OK(overlay_index_open(f.fd, "victim", &options, &index, &err));
        overlay_index_unref(index);
        CHECK(overlay_index_open(f.fd, "missing", NULL, &index, &err) < 0);
        CHECK_INT(err.code, ENOENT);
        error_clear(&err);
        CHECK_INT(mkfifoat(f.fd, "fifo", 0600), 0);
        CHECK(overlay_index_open(f.fd, "fifo", NULL, &index, &err) < 0);
        CHECK_INT(err.code, EBADMSG);
        fixture_end(&f);
}

static void test_sources(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index_source row;
        struct overlay_tree *tree;
        struct stat st;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_write(tree, "/a", "1234567");
        fixture_write(tree, "/b", "123");
        fixture_write(tree, "/b", "12");
        fixture_seal(&f, tree, false);
        CHECK_INT(overlay_index_source_count(f.layers[0]), 1);
        CHECK_OK(overlay_index_source(f.layers[0], 0, &row, &err));
        CHECK_STR(row.name, "data-0");
        CHECK_INT(row.used, 9);
        CHECK_INT(fstatat(f.fd, "data-0", &st, 0), 0);
        CHECK_INT(row.size, st.st_size);
        /* a source that is too short, then gone: the file is refused and the source is named */
        CHECK_INT(truncate((char[128]){0}, 0), -1);
        {
                int fd = openat(f.fd, "data-0", O_WRONLY | O_CLOEXEC);

                CHECK_INT(ftruncate(fd, 3), 0);
                close(fd);
        }
        tree = fixture_tree(&f);
        {
                CLEANUP_FREE char *text = fixture_read(tree, "/a");

                CHECK_HAS(text, "data-0");
                CHECK_HAS(text, "/a");
        }
        CHECK(overlay_tree_failure(tree, &err) < 0);
        CHECK_INT(err.code, EIO);
        error_clear(&err);
        overlay_tree_close(tree);
        unlinkat(f.fd, "data-0", 0);
        tree = fixture_tree(&f);
        {
                CLEANUP_FREE char *text = fixture_read(tree, "/a");

                CHECK_HAS(text, "data-0");
        }
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_source_names(void)
{
        static const char *const bad[] = {"",  "/a",    "a/",  "a//b", "..",      "a/../b",
                                          ".", "a/./b", "a b", "a\n",  "\xc3\xa4"};
        static const char *const good[] = {"a", "data/0123abc", "blobs/sha256/x_y-z+1.2", "...", "a/...b"};

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (overlay_source_name_is_valid(bad[i], strlen(bad[i])))
                        CHECK_STR(bad[i], "(refused)");
        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (!overlay_source_name_is_valid(good[i], strlen(good[i])))
                        CHECK_STR(good[i], "(taken)");
}

static unsigned open_descriptors(void)
{
        unsigned count = 0;

        for (int fd = 0; fd < 256; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

/* Many sources, few descriptors. */
static void test_descriptors(void)
{
        struct overlay_tree *tree;
        unsigned before;
        char path[16];

        fixture_begin(&f); /* its pool opens 4 at a time */
        for (int i = 0; i < 20; i++) {
                tree = fixture_tree(&f);
                snprintf(path, sizeof(path), "/f%d", i);
                fixture_write(tree, path, path);
                fixture_seal(&f, tree, false);
        }
        before = open_descriptors();
        tree = fixture_tree(&f);
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 20; i++) {
                        snprintf(path, sizeof(path), "/f%d", i);
                        CHECK_TEXT(tree, path, path);
                        CHECK(open_descriptors() <= before + 4);
                }
        overlay_tree_close(tree);
        CHECK_INT(open_descriptors(), before);
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_truncated);
        CHECK_RUN(test_flipped_bits);
        CHECK_RUN(test_crossed_numbers);
        CHECK_RUN(test_digest);
        CHECK_RUN(test_sources);
        CHECK_RUN(test_source_names);
        CHECK_RUN(test_descriptors);
        return CHECK_END();
}
