/* SPDX-License-Identifier: Apache-2.0 */
/* Where bytes go: in place, at the tail, shared, given back; and what happens when the disk is full. */
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/overlay_fixture.h"

static struct fixture f;

static uint64_t make_file(struct overlay_tree *tree, const char *name)
{
        struct overlay_create create = {.mode = S_IFREG | 0644};
        struct overlay_attr attr = {0};

        CHECK_INT(overlay_ops_make(tree, 1, name, &create, &attr), 0);
        return attr.ino;
}

static struct stat data_stat(const char *name)
{
        struct stat st = {0};

        (void)fstatat(f.fd, name, &st, 0);
        return st;
}

static void test_in_place(void)
{
        struct overlay_tree *tree;
        char bytes[8192];
        uint64_t ino;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        ino = make_file(tree, "a");
        memset(bytes, 'a', sizeof(bytes));
        for (int i = 0; i < 100; i++)
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, sizeof(bytes), 0, 0), sizeof(bytes));
        CHECK_INT(data_stat("data-0").st_size, sizeof(bytes));
        /* an append goes on where the file ends, and is in place afterwards too */
        CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, 100, sizeof(bytes) - 50, 0), 100);
        CHECK_INT(data_stat("data-0").st_size, sizeof(bytes) + 50);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "", 0, 5, 0), 0);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

/* A copy shares bytes, and neither sees what happens to the other afterwards. */
static void test_sharing(void)
{
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        uint64_t a, b, lower;
        char bytes[300000], is[16];

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_write(tree, "/lower", "from the layer below");
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        a = make_file(tree, "a");
        b = make_file(tree, "b");
        memset(bytes, 'a', sizeof(bytes));
        CHECK_INT(overlay_ops_write_sz(tree, a, bytes, sizeof(bytes), 0, 0), sizeof(bytes));
        CHECK_INT(overlay_ops_copy_sz(tree, a, 0, b, 0, 1 << 30), sizeof(bytes));
        CHECK_INT(data_stat("data-1").st_size, sizeof(bytes));
        CHECK_INT(overlay_ops_write_sz(tree, a, "xyz", 3, 1000, 0), 3);
        CHECK_INT(overlay_ops_write_sz(tree, b, "XYZ", 3, 2000, 0), 3);
        CHECK_INT(overlay_ops_read_sz(tree, b, is, 4, 999), 4);
        CHECK(memcmp(is, "aaaa", 4) == 0);
        CHECK_INT(overlay_ops_read_sz(tree, a, is, 4, 1999), 4);
        CHECK(memcmp(is, "aaaa", 4) == 0);
        /* one dies: the other must not lose its bytes */
        CHECK_INT(overlay_ops_unlink(tree, 1, "a"), 0);
        overlay_ops_forget(tree, a, 1);
        for (size_t at = 3000; at < sizeof(bytes); at += 4096) {
                CHECK_INT(overlay_ops_read_sz(tree, b, is, 4, at), 4);
                CHECK(memcmp(is, "aaaa", 4) == 0);
        }
        {
                struct overlay_attr attr;

                CHECK_INT(overlay_ops_lookup(tree, 1, "lower", &attr), 0);
                lower = attr.ino;
        }
        CHECK_INT(overlay_ops_copy_sz(tree, lower, 5, b, 400000, 8), 8);
        CHECK_INT(overlay_ops_read_sz(tree, b, is, 16, 400000), 8);
        CHECK(memcmp(is, "the laye", 8) == 0);
        CHECK_INT(overlay_ops_copy_sz(tree, b, 0, b, 100, 200), -EINVAL);
        overlay_ops_detach(tree);
        result = fixture_seal(&f, tree, false);
        CHECK_INT(result.data_used, sizeof(bytes) - 3 + 3);
        CHECK_INT(overlay_index_source_count(f.layers[1]), 2);
        fixture_end(&f);
}

/* What is written and removed is given back while the tree is open. */
static void test_space_comes_back(void)
{
        const size_t size = 1 << 20;
        CLEANUP_FREE char *bytes = memory_alloc(size);
        struct overlay_seal_result result;
        struct overlay_attr attr;
        struct overlay_tree *tree;
        uint64_t ino, keep;

        memset(bytes, 'x', size);
        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        keep = make_file(tree, "keep");
        CHECK_INT(overlay_ops_write_sz(tree, keep, bytes, 5000, 0, 0), 5000);
        ino = make_file(tree, "big");
        for (uint64_t at = 0; at < 64; at++)
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, size, at * size, 0), (ssize_t)size);
        CHECK(data_stat("data-0").st_blocks * 512 >= 64 << 20);
        CHECK_INT(overlay_ops_unlink(tree, 1, "big"), 0);
        /* still open */
        CHECK_INT(overlay_ops_read_sz(tree, ino, bytes, 1, 33 * size), 1);
        CHECK_INT(bytes[0], 'x');
        CHECK(data_stat("data-0").st_blocks * 512 >= 64 << 20);
        overlay_ops_forget(tree, ino, 1);
        CHECK(data_stat("data-0").st_blocks * 512 < 256 << 10);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), -ESTALE);
        /* many small ones, in another order */
        for (int i = 0; i < 2000; i++) {
                char name[16];

                snprintf(name, sizeof(name), "s%d", i);
                ino = make_file(tree, name);
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, 3000, 0, 0), 3000);
                overlay_ops_forget(tree, ino, 1);
        }
        CHECK(data_stat("data-0").st_blocks * 512 > 5 << 20);
        for (int i = 0; i < 2000; i++) {
                char name[16];

                snprintf(name, sizeof(name), "s%d", i % 2 == 0 ? i : 2000 - i);
                CHECK_INT(overlay_ops_unlink(tree, 1, name), 0);
        }
        /* but for the least reserve, which waits for what is written next (overlay/reserve.c) */
        CHECK(data_stat("data-0").st_blocks * 512 < (512 << 10) + (2 << 20));
        /* truncating gives back too, and what is left is right */
        ino = make_file(tree, "t");
        for (uint64_t at = 0; at < 8; at++)
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, size, at * size, 0), (ssize_t)size);
        {
                struct overlay_change change = {.set = OVERLAY_SET_SIZE, .size = 100000};

                CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        }
        CHECK(data_stat("data-0").st_blocks * 512 < (1 << 20) + (2 << 20));
        CHECK_INT(overlay_ops_read_sz(tree, ino, bytes, size, 99990), 10);
        overlay_ops_detach(tree);
        result = fixture_seal(&f, tree, false);
        CHECK_INT(result.data_used, 105000);
        CHECK(data_stat("data-0").st_blocks * 512 < 256 << 10);
        fixture_end(&f);
}

static void test_full_disk(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct rlimit old, small = {65536, 65536};
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        char bytes[16384];
        uint64_t ino;
        ssize_t n = 0;

        memset(bytes, 'f', sizeof(bytes));
        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        ino = make_file(tree, "full");
        /* the nearest thing to a full disk that needs no mount: EFBIG */
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &old);
        small.rlim_max = old.rlim_max;
        setrlimit(RLIMIT_FSIZE, &small);
        CHECK_INT(overlay_ops_fsync(tree, ino), 0);
        for (uint64_t at = 0; n >= 0 && at < 1 << 20; at += sizeof(bytes))
                n = overlay_ops_write_sz(tree, ino, bytes, sizeof(bytes), at, 0);
        setrlimit(RLIMIT_FSIZE, &old);
        CHECK_INT(n, -EFBIG);
        CHECK_INT(overlay_ops_fsync(tree, ino), -EFBIG);
        /* later writes go on: the step is lost, but memory and disk stay in order */
        CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, 10, 0, 0), 10);
        overlay_ops_detach(tree);
        CHECK(overlay_tree_failure(tree, &err) < 0);
        CHECK_HAS(err.message, "/full");
        error_clear(&err);
        CHECK(overlay_tree_seal(tree, f.fd, "never", true, &result, &err) < 0);
        CHECK_HAS(err.message, "/full");
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_edges(void)
{
        struct overlay_tree *tree;
        struct overlay_change change = {.set = OVERLAY_SET_SIZE};
        struct overlay_attr attr;
        uint64_t ino;
        int64_t at;
        char byte;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        ino = make_file(tree, "far");
        CHECK_INT(overlay_ops_write_sz(tree, ino, "x", 1, INT64_MAX - 1, 0), 1);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "x", 1, INT64_MAX, 0), -EFBIG);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "xx", 2, INT64_MAX - 1, 0), -EFBIG);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "x", 1, UINT64_MAX, 0), -EFBIG);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.size, INT64_MAX);
        CHECK_INT(attr.allocated, 1);
        CHECK_INT(overlay_ops_read_sz(tree, ino, &byte, 1, INT64_MAX - 1), 1);
        CHECK_INT(overlay_ops_read_sz(tree, ino, &byte, 1, UINT64_MAX), 0);
        CHECK_INT(overlay_ops_lseek(tree, ino, 0, SEEK_DATA, &at), 0);
        CHECK_INT(at, INT64_MAX - 1);
        CHECK_INT(overlay_ops_lseek(tree, ino, 0, SEEK_HOLE, &at), 0);
        CHECK_INT(at, 0);
        CHECK_INT(overlay_ops_lseek(tree, ino, INT64_MAX, SEEK_HOLE, &at), -ENXIO);
        CHECK_INT(overlay_ops_lseek(tree, ino, 0, 17, &at), -EINVAL);
        CHECK_INT(overlay_ops_fallocate(tree, ino, 0, INT64_MAX, 1), -EFBIG);
        CHECK_INT(overlay_ops_fallocate(tree, ino, 0, 0, 0), -EINVAL);
        CHECK_INT(overlay_ops_fallocate(tree, ino, FALLOC_FL_PUNCH_HOLE, 0, 1), -EOPNOTSUPP);
        CHECK_INT(overlay_ops_fallocate(tree, ino, 0x08, 0, 1), -EOPNOTSUPP);
        change.size = (uint64_t)INT64_MAX + 1;
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), -EFBIG);
        CHECK_INT(overlay_ops_setattr(tree, 1, &(struct overlay_change){.set = OVERLAY_SET_SIZE}, true, &attr),
                  -EISDIR);
        CHECK_INT(overlay_ops_read_sz(tree, 1, &byte, 1, 0), -EISDIR);
        CHECK_INT(overlay_ops_read_sz(tree, 12345, &byte, 1, 0), -ESTALE);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void observe(void *context, const void *bytes, size_t size)
{
        buffer_append(context, bytes, size);
}

static void test_append_fd(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_make make = {.mode = S_IFREG | 0644};
        struct buffer seen = BUFFER_INIT;
        struct overlay_tree *tree;
        struct overlay_ref root, ref;
        uint64_t size;
        int fd;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        overlay_tree_root(tree, &root);
        fd = openat(f.fd, "context", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK_INT(fd_write_all(fd, "0123456789", 10), 0);
        CHECK_INT(lseek(fd, 2, SEEK_SET), 2);
        CHECK_OK(overlay_node_make(&root, "x", &make, &ref, &err));
        CHECK_OK(overlay_node_append_fd(&ref, fd, 3, NULL, NULL, &size, &err));
        CHECK_INT(size, 3);
        CHECK_OK(overlay_node_append_fd(&ref, fd, UINT64_MAX, observe, &seen, &size, &err));
        CHECK_INT(size, 5);
        CHECK_STR(buffer_text(&seen), "56789");
        CHECK_TEXT(tree, "/x", "23456789");
        close(fd);
        /* a file of /proc says it is empty */
        fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
        CHECK_OK(overlay_node_append_fd(&ref, fd, UINT64_MAX, NULL, NULL, &size, &err));
        CHECK(size > 1);
        close(fd);
        overlay_ref_release(&ref);
        overlay_ref_release(&root);
        fixture_seal(&f, tree, false);
        buffer_free(&seen);
        fixture_end(&f);
}

static void test_graft(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_graft_map *map = overlay_graft_map_new();
        struct overlay_owner owner = {7, 8};
        struct overlay_graft graft = {.owner = &owner, .mode = 0700};
        struct overlay_seal_result result;
        struct overlay_tree *from, *to;
        struct overlay_ref a, b, root, ref, again;

        fixture_begin(&f);
        from = fixture_tree(&f);
        fixture_write(from, "/a", "grafted");
        fixture_link(from, "/a", "/b");
        fixture_symlink(from, "a", "/l");
        CHECK_OK(overlay_tree_resolve(from, NULL, "/a", 0, &a, &err));
        CHECK_OK(overlay_node_set_xattr(&a, "user.x", "1", 1, &err));
        overlay_ref_release(&a);
        fixture_seal(&f, from, false);
        from = fixture_tree(&f);
        /* into a tree that has nothing of it below */
        f.layer_count = 0;
        to = fixture_tree(&f);
        f.layer_count = 1;
        overlay_tree_root(to, &root);
        CHECK_OK(overlay_tree_resolve(from, NULL, "/a", 0, &a, &err));
        CHECK_OK(overlay_tree_resolve(from, NULL, "/b", 0, &b, &err));
        CHECK(!overlay_graft_map_find(map, &a, &ref));
        CHECK_OK(overlay_node_graft(&root, "x", &a, &graft, &ref, &err));
        overlay_graft_map_add(map, &a, &ref);
        overlay_ref_release(&ref);
        CHECK(overlay_graft_map_find(map, &b, &again));
        CHECK_OK(overlay_node_link(&again, &root, "y", &err));
        overlay_ref_release(&again);
        CHECK(overlay_node_graft(&root, "x", &a, NULL, NULL, &err) < 0);
        CHECK_INT(err.code, EEXIST);
        error_clear(&err);
        overlay_graft_map_free(map);
        overlay_ref_release(&a);
        overlay_ref_release(&b);
        CHECK_OK(overlay_tree_resolve(from, NULL, "/l", OVERLAY_RESOLVE_NOFOLLOW, &a, &err));
        CHECK_OK(overlay_node_graft(&root, "l", &a, NULL, NULL, &err));
        overlay_ref_release(&a);
        overlay_ref_release(&root);
        overlay_tree_close(from);
        CHECK_TEXT(to, "/y", "grafted");
        CHECK_INT(fixture_stat(to, "/y").nlink, 2);
        CHECK_INT(fixture_stat(to, "/y").uid, 7);
        CHECK_INT(fixture_stat(to, "/y").mode, S_IFREG | 0700);
        result = fixture_seal(&f, to, false);
        CHECK(!result.has_data);
        CHECK_STR(result.data_name, "");
        CHECK_LAYER(f.layers[1], " 40755 implicit\nl 120777 -> a\nx 100700\ny link x\n");
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_in_place);
        CHECK_RUN(test_sharing);
        CHECK_RUN(test_space_comes_back);
        CHECK_RUN(test_full_disk);
        CHECK_RUN(test_edges);
        CHECK_RUN(test_append_fd);
        CHECK_RUN(test_graft);
        return CHECK_END();
}
