/* SPDX-License-Identifier: Apache-2.0 */
/* What a step leaves in its index, and that a reopened stack shows what the tree showed. */
#include "tests/unit/overlay_fixture.h"

static struct fixture f;

/* a base with some of everything */
static void make_base(void)
{
        struct overlay_tree *tree;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_mkdir(tree, "/etc/sub");
        fixture_write(tree, "/etc/hosts", "localhost\n");
        fixture_write(tree, "/etc/sub/deep", "deep\n");
        fixture_write(tree, "/bin", "not a directory\n");
        fixture_symlink(tree, "etc/hosts", "/link");
        fixture_mkdir(tree, "/a");
        fixture_mkdir(tree, "/b");
        fixture_write(tree, "/a/one", "linked\n");
        fixture_link(tree, "/a/one", "/b/two");
        fixture_link(tree, "/a/one", "/b/three");
        fixture_seal(&f, tree, false);
}

static void test_base(void)
{
        struct overlay_tree *tree;

        make_base();
        CHECK_LAYER(f.layers[0],
                    " 40755 implicit\na 40755\na/one 100644\nb 40755\nb/three link a/one\nb/two link a/one\n"
                    "bin 100644\netc 40755\netc/hosts 100644\netc/sub 40755\netc/sub/deep 100644\n"
                    "link 120777 -> etc/hosts\n");
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/etc/hosts", "localhost\n");
        CHECK_TEXT(tree, "/link", "localhost\n");
        CHECK_TEXT(tree, "/../b/../etc/./sub//deep", "deep\n");
        CHECK_TEXT(tree, "/b/three", "linked\n");
        CHECK_TEXT(tree, "/b/four", "(missing)");
        CHECK_INT(fixture_stat(tree, "/a/one").nlink, 3);
        CHECK_INT(fixture_stat(tree, "/").nlink, 2 + 3);
        CHECK_INT(fixture_stat(tree, "/etc").nlink, 3);
        CHECK_INT(fixture_ino(tree, "/"), 1);
        CHECK(fixture_ino(tree, "/a/one") == fixture_ino(tree, "/b/two"));
        CHECK(fixture_seal(&f, tree, false).empty);
        fixture_end(&f);
}

static void test_changes_only(void)
{
        struct overlay_seal_result result;
        struct overlay_tree *tree;

        make_base();
        tree = fixture_tree(&f);
        fixture_write(tree, "/etc/sub/deep", "changed\n");
        fixture_write(tree, "/new", "new\n");
        fixture_remove(tree, "/bin");
        result = fixture_seal(&f, tree, false);
        CHECK(!result.empty);
        CHECK(!result.root_changed);
        CHECK_INT(result.entries, 5);
        CHECK_INT(result.whiteouts, 1);
        CHECK_INT(result.bytes, 12);
        CHECK_INT(result.data_used, 12);
        CHECK_LAYER(f.layers[1],
                    " 40755 implicit\nbin whiteout\netc 40755\netc/sub 40755\netc/sub/deep 100644\nnew 100644\n");
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/etc/sub/deep", "changed\n");
        CHECK_TEXT(tree, "/etc/hosts", "localhost\n");
        CHECK_TEXT(tree, "/bin", "(missing)");
        CHECK_TEXT(tree, "/new", "new\n");
        CHECK_INT(fixture_stat(tree, "/etc").nlink, 3);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_put_back(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_change change = {.set = OVERLAY_SET_MODE | OVERLAY_SET_MTIME, .mode = 0600};
        struct overlay_attr before;
        struct overlay_tree *tree;
        struct overlay_ref ref;

        make_base();
        tree = fixture_tree(&f);
        before = fixture_stat(tree, "/etc/hosts");
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/etc/hosts", 0, &ref, &err));
        CHECK_OK(overlay_node_set(&ref, &change, &err));
        CHECK_INT(fixture_stat(tree, "/etc/hosts").mode, S_IFREG | 0600);
        CHECK_INT(fixture_stat(tree, "/etc/hosts").mtime.tv_sec, 0);
        CHECK_OK(overlay_node_set_xattr(&ref, "user.x", "1", 1, &err));
        CHECK_OK(overlay_node_remove_xattr(&ref, "user.x", &err));
        change.mode = before.mode & 07777;
        change.mtime = before.mtime;
        CHECK_OK(overlay_node_set(&ref, &change, &err));
        overlay_ref_release(&ref);
        /* moved and moved back, and its directories with their old times */
        fixture_rename(tree, "/etc/sub/deep", "/deep");
        fixture_rename(tree, "/deep", "/etc/sub/deep");
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/etc/sub", 0, &ref, &err));
        change = (struct overlay_change){.set = OVERLAY_SET_MTIME, .mtime = before.mtime};
        CHECK_OK(overlay_node_set(&ref, &change, &err));
        overlay_ref_release(&ref);
        fixture_rename(tree, "/etc", "/cte");
        fixture_rename(tree, "/cte", "/etc");
        CHECK(fixture_seal(&f, tree, false).empty);
        fixture_end(&f);
}

static void test_moved_directory(void)
{
        struct overlay_tree *tree;
        uint64_t deep;

        make_base();
        tree = fixture_tree(&f);
        deep = fixture_ino(tree, "/etc/sub/deep");
        fixture_rename(tree, "/etc", "/cfg");
        CHECK_TEXT(tree, "/cfg/sub/deep", "deep\n");
        CHECK_TEXT(tree, "/link", "(missing)");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[1], " 40755 implicit\netc whiteout\ncfg 40755\ncfg/hosts 100644\ncfg/sub 40755\n"
                                 "cfg/sub/deep 100644\n");
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/cfg/hosts", "localhost\n");
        CHECK_TEXT(tree, "/etc/hosts", "(missing)");
        CHECK_INT(fixture_ino(tree, "/cfg/sub/deep"), deep);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_replaced_directory(void)
{
        struct overlay_tree *tree;

        make_base();
        tree = fixture_tree(&f);
        fixture_remove(tree, "/etc");
        CHECK_TEXT(tree, "/etc/hosts", "(missing)");
        fixture_mkdir(tree, "/etc");
        fixture_write(tree, "/etc/fresh", "fresh\n");
        CHECK_TEXT(tree, "/etc/hosts", "(missing)");
        fixture_remove(tree, "/bin");
        fixture_mkdir(tree, "/bin"); /* a directory over a file hides nothing: not opaque */
        fixture_remove(tree, "/a");
        fixture_write(tree, "/a", "a file over a directory\n");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[1], " 40755 implicit\na 100644\nb 40755\nb/three 100644\nb/two link b/three\nbin 40755\n"
                                 "etc 40755 opaque\netc/fresh 100644\n");
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/etc/hosts", "(missing)");
        CHECK_TEXT(tree, "/etc/fresh", "fresh\n");
        CHECK_TEXT(tree, "/b/two", "linked\n");
        CHECK_INT(fixture_stat(tree, "/b/two").nlink, 2);
        overlay_tree_close(tree);
        fixture_end(&f);
}

/* A lower inode that changes brings all its names, whatever directory they are in. */
static void test_link_groups(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_change change = {.set = OVERLAY_SET_MODE, .mode = 0755};
        struct overlay_tree *tree;
        struct overlay_ref ref;
        uint64_t ino;

        make_base();
        tree = fixture_tree(&f);
        ino = fixture_ino(tree, "/b/two");
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/b/two", 0, &ref, &err));
        CHECK_OK(overlay_node_set(&ref, &change, &err));
        overlay_ref_release(&ref);
        CHECK_INT(fixture_stat(tree, "/a/one").mode, S_IFREG | 0755);
        CHECK_INT(fixture_stat(tree, "/a/one").nlink, 3);
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[1],
                    " 40755 implicit\na 40755\na/one 100755\nb 40755\nb/three link a/one\nb/two link a/one\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_ino(tree, "/a/one"), ino);
        CHECK_INT(fixture_stat(tree, "/b/three").nlink, 3);
        /* one name goes: the others know */
        fixture_remove(tree, "/b/two");
        CHECK_INT(fixture_stat(tree, "/a/one").nlink, 2);
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[2],
                    " 40755 implicit\na 40755\na/one 100755\nb 40755\nb/two whiteout\nb/three link a/one\n");
        /* a directory with one of them moves: the layer alone must hold the whole group */
        tree = fixture_tree(&f);
        fixture_rename(tree, "/a", "/moved");
        CHECK_INT(fixture_stat(tree, "/moved/one").nlink, 2);
        CHECK_INT(fixture_stat(tree, "/b/three").nlink, 2);
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[3],
                    " 40755 implicit\na whiteout\nb 40755\nb/three 100755\nmoved 40755\nmoved/one link b/three\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_ino(tree, "/moved/one"), ino);
        CHECK_INT(fixture_stat(tree, "/moved/one").nlink, 2);
        /* a further name in a new layer */
        fixture_link(tree, "/b/three", "/etc/four");
        CHECK_INT(fixture_stat(tree, "/moved/one").nlink, 3);
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[4],
                    " 40755 implicit\nb 40755\nb/three 100755\netc 40755\netc/four link b/three\nmoved 40755\n"
                    "moved/one link b/three\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_stat(tree, "/moved/one").nlink, 3);
        CHECK_INT(fixture_ino(tree, "/etc/four"), ino);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_stubs(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = NULL;
        struct overlay_tree *tree;
        struct overlay_attr before;

        make_base();
        tree = fixture_tree(&f);
        before = fixture_stat(tree, "/etc");
        CHECK_OK(overlay_tree_stub(tree, "/run/secrets/x", false, &path, &err));
        CHECK_STR(path, "/run/secrets/x");
        CHECK_OK(overlay_tree_stub(tree, "/etc/resolv.conf", false, NULL, &err));
        CHECK_OK(overlay_tree_stub(tree, "/proc", true, NULL, &err));
        CHECK_OK(overlay_tree_stub(tree, "/etc/hosts", false, NULL, &err));
        CHECK(overlay_tree_stub(tree, "/etc/hosts", true, NULL, &err) < 0);
        CHECK_INT(err.code, ENOTDIR);
        error_clear(&err);
        CHECK(overlay_tree_stub(tree, "/etc", false, NULL, &err) < 0);
        CHECK_INT(err.code, EISDIR);
        error_clear(&err);
        CHECK(fixture_ino(tree, "/run/secrets") != 0);
        CHECK(fixture_ino(tree, "/etc/resolv.conf") != 0);
        CHECK(fixture_stat(tree, "/etc").mtime.tv_nsec == before.mtime.tv_nsec);
        overlay_tree_unstub(tree);
        CHECK_INT(fixture_ino(tree, "/run"), 0);
        CHECK_INT(fixture_ino(tree, "/etc/resolv.conf"), 0);
        CHECK_INT(fixture_ino(tree, "/proc"), 0);
        CHECK_INT(fixture_stat(tree, "/").nlink, 2 + 3);
        CHECK(fixture_seal(&f, tree, false).empty);
        /* not taken away: still invisible; a real file in one makes its directories real */
        tree = fixture_tree(&f);
        CHECK_OK(overlay_tree_stub(tree, "/run/secrets/x", false, NULL, &err));
        CHECK_OK(overlay_tree_stub(tree, "/var/lib/cache", true, NULL, &err));
        fixture_write(tree, "/var/lib/real", "real\n");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[1], " 40755 implicit\nvar 40755\nvar/lib 40755\nvar/lib/real 100644\n");
        /* with unstub: the same */
        tree = fixture_tree(&f);
        CHECK_OK(overlay_tree_stub(tree, "/srv/a/b", true, NULL, &err));
        fixture_write(tree, "/srv/real", "real\n");
        overlay_tree_unstub(tree);
        CHECK_INT(fixture_ino(tree, "/srv/a"), 0);
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[2], " 40755 implicit\nsrv 40755\nsrv/real 100644\n");
        fixture_end(&f);
}

static void test_identity(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_change change = {.set = OVERLAY_SET_MODE, .mode = 0700};
        struct overlay_tree *tree;
        struct overlay_ref ref;
        uint64_t hosts, etc, fresh;

        make_base();
        tree = fixture_tree(&f);
        hosts = fixture_ino(tree, "/etc/hosts");
        etc = fixture_ino(tree, "/etc");
        fixture_write(tree, "/etc/hosts", "copied up");
        fixture_rename(tree, "/etc/hosts", "/etc/moved");
        fixture_write(tree, "/etc/hosts", "another");
        fresh = fixture_ino(tree, "/etc/hosts");
        CHECK_INT(fixture_ino(tree, "/etc/moved"), hosts);
        CHECK(fresh != hosts && fresh != 0);
        fixture_seal(&f, tree, false);
        for (int i = 0; i < 3; i++) {
                tree = fixture_tree(&f);
                CHECK_INT(fixture_ino(tree, "/etc/moved"), hosts);
                CHECK_INT(fixture_ino(tree, "/etc/hosts"), fresh);
                CHECK_INT(fixture_ino(tree, "/etc"), etc);
                CHECK_OK(overlay_tree_resolve(tree, NULL, "/etc", 0, &ref, &err));
                change.mode ^= 1;
                CHECK_OK(overlay_node_set(&ref, &change, &err));
                overlay_ref_release(&ref);
                fixture_seal(&f, tree, false);
        }
        fixture_end(&f);
}

static void test_failure(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_seal_result result;
        struct overlay_make make = {.mode = S_IFREG | 0644};
        struct overlay_tree *tree;
        struct overlay_ref root, ref;

        make_base();
        tree = fixture_tree(&f);
        overlay_tree_root(tree, &root);
        f.no_data = true;
        CHECK_OK(overlay_node_make(&root, "full", &make, &ref, &err));
        CHECK(overlay_node_append(&ref, "x", 1, &err) < 0);
        CHECK_INT(err.code, ENOSPC);
        error_clear(&err);
        overlay_ref_release(&ref);
        overlay_ref_release(&root);
        CHECK(overlay_tree_failure(tree, &err) < 0);
        CHECK_HAS(err.message, "data file");
        error_clear(&err);
        CHECK(overlay_tree_seal(tree, f.fd, "never", false, &result, &err) < 0);
        CHECK_INT(err.code, ENOSPC);
        CHECK(faccessat(f.fd, "never", F_OK, 0) < 0);
        overlay_tree_close(tree);
        fixture_end(&f);
}

/* LAYER.7 */
static void test_sockets(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_make make = {.mode = S_IFSOCK | 0755};
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        struct overlay_ref root;

        make_base();
        tree = fixture_tree(&f);
        overlay_tree_root(tree, &root);
        CHECK_OK(overlay_node_make(&root, "sock", &make, NULL, &err));
        CHECK_OK(overlay_node_remove(&root, "bin", &err));
        CHECK_OK(overlay_node_make(&root, "bin", &make, NULL, &err));
        overlay_ref_release(&root);
        result = fixture_seal(&f, tree, false);
        CHECK_INT(result.dropped_sockets, 2);
        CHECK_INT(f.logged, 1);
        CHECK_LAYER(f.layers[1], " 40755 implicit\nbin whiteout\n");
        fixture_end(&f);
}

static void test_many_layers(void)
{
        struct overlay_tree *tree;

        make_base();
        for (int i = 0; i < 500; i++) {
                char path[32], text[32];

                tree = fixture_tree(&f);
                snprintf(path, sizeof(path), "/etc/layer-%03d", i);
                snprintf(text, sizeof(text), "%d", i);
                fixture_write(tree, path, text);
                if (i > 0) {
                        snprintf(path, sizeof(path), "/etc/layer-%03d", i - 1);
                        if (i % 3 == 0)
                                fixture_remove(tree, path);
                }
                fixture_seal(&f, tree, false);
        }
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/etc/layer-499", "499");
        CHECK_TEXT(tree, "/etc/layer-000", "0");
        CHECK_TEXT(tree, "/etc/layer-002", "(missing)");
        CHECK_TEXT(tree, "/etc/hosts", "localhost\n");
        overlay_tree_close(tree);
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_base);
        CHECK_RUN(test_changes_only);
        CHECK_RUN(test_put_back);
        CHECK_RUN(test_moved_directory);
        CHECK_RUN(test_replaced_directory);
        CHECK_RUN(test_link_groups);
        CHECK_RUN(test_stubs);
        CHECK_RUN(test_identity);
        CHECK_RUN(test_failure);
        CHECK_RUN(test_sockets);
        CHECK_RUN(test_many_layers);
        return CHECK_END();
}
