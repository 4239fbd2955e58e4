/* SPDX-License-Identifier: Apache-2.0 */
/* Layers as others make them: in any order, with whiteouts, implied directories, and links to what lies below. */
#include "tests/unit/overlay_fixture.h"

static struct fixture f;

/* A layer from lines: "d PATH MODE", "f PATH TEXT", "l PATH TARGET" (symlink), "h PATH TARGET" (hard link), "w PATH",
 * "o PATH" (opaque). */
static void add_layer(const char *const *lines)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_tree *tree = fixture_tree_with(&f, true, NULL);

        for (; *lines != NULL; lines++) {
                CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
                CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
                CLEANUP_FREE char *name = NULL;
                char kind, path[256] = "", rest[256] = "";
                struct timespec mtime = {.tv_sec = 1000};
                struct overlay_make make = {.mtime = &mtime};

                (void)sscanf(*lines, "%c %255s %255s", &kind, path, rest);
                CHECK_OK(overlay_layer_parent(tree, path, &dir, &name, &err));
                switch (kind) {
                case 'd':
                        make.mode = S_IFDIR | (mode_t)strtoul(rest, NULL, 8);
                        if (name[0] == '\0')
                                CHECK_OK(overlay_layer_set_root(tree, &make, &err));
                        else
                                CHECK_OK(overlay_node_make(&dir, name, &make, NULL, &err));
                        break;
                case 'f':
                        make.mode = S_IFREG | 0644;
                        CHECK_OK(overlay_node_make(&dir, name, &make, &ref, &err));
                        CHECK_OK(overlay_node_append(&ref, rest, strlen(rest), &err));
                        break;
                case 'l':
                        make.mode = S_IFLNK | 0777;
                        make.target = rest;
                        CHECK_OK(overlay_node_make(&dir, name, &make, NULL, &err));
                        break;
                case 'h':
                        CHECK_OK(overlay_layer_link(&dir, name, rest, &err));
                        break;
                case 'w':
                        CHECK_OK(overlay_layer_whiteout(&dir, name, &err));
                        break;
                default:
                        CHECK_OK(overlay_node_lookup(&dir, name, &ref, &err));
                        CHECK_OK(overlay_layer_set_opaque(&ref, &err));
                        break;
                }
        }
        fixture_seal(&f, tree, true);
}

#define LAYER(...) add_layer((const char *const[]){__VA_ARGS__, NULL})

/* TAKEN.2: a directory that only the names below it tell of. */
static void test_implied_directories(void)
{
        struct overlay_tree *tree;

        fixture_begin(&f);
        LAYER("d ./usr/ 0711", "f usr/lib/x 1");
        CHECK_LAYER(f.layers[0], " 40755 implicit\nusr 40711\nusr/lib 40755 implicit\nusr/lib/x 100644\n");
        LAYER("f usr/lib/y 2", "f usr/bin/z 3");
        CHECK_LAYER(f.layers[1], " 40755 implicit\nusr 40755 implicit\nusr/bin 40755 implicit\nusr/bin/z 100644\n"
                                 "usr/lib 40755 implicit\nusr/lib/y 100644\n");
        LAYER("f usr/lib/y 4", "d usr/lib 0700", "d . 0750");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_stat(tree, "/").mode & 07777, 0750);
        CHECK_INT(fixture_stat(tree, "/usr").mode & 07777, 0711);
        CHECK_INT(fixture_stat(tree, "/usr").mtime.tv_sec, 1000);
        CHECK_INT(fixture_stat(tree, "/usr/lib").mode & 07777, 0700);
        CHECK_INT(fixture_stat(tree, "/usr/bin").mode & 07777, 0755);
        CHECK_INT(fixture_stat(tree, "/usr").nlink, 4);
        CHECK_TEXT(tree, "/usr/lib/x", "1");
        CHECK_TEXT(tree, "/usr/lib/y", "4");
        CHECK_TEXT(tree, "/usr/bin/z", "3");
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_whiteouts(void)
{
        struct overlay_tree *tree;

        fixture_begin(&f);
        LAYER("f d/a 1", "f d/b 1", "f e/a 1", "f g/a 1", "f file 1", "f h 1");
        /* whiteout and entry of one name, in both orders; opaque after its children; a whiteout of nothing */
        LAYER("w d/a", "w e", "f e/b 2", "f g/b 2", "w g", "w file", "f file 2", "w none", "f h/x 2", "f d/c 2");
        CHECK_LAYER(f.layers[1],
                    " 40755 implicit\nnone whiteout\nd 40755 implicit\nd/a whiteout\nd/c 100644\n"
                    "e 40755 opaque implicit\ne/b 100644\nfile 100644\ng 40755 opaque implicit\ng/b 100644\n"
                    "h 40755 implicit\nh/x 100644\n");
        LAYER("f d/d 3", "d d 0755", "o d");
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/e/a", "(missing)");
        CHECK_TEXT(tree, "/e/b", "2");
        CHECK_TEXT(tree, "/g/a", "(missing)");
        CHECK_TEXT(tree, "/g/b", "2");
        CHECK_TEXT(tree, "/file", "2");
        CHECK_TEXT(tree, "/d/b", "(missing)");
        CHECK_TEXT(tree, "/d/c", "(missing)");
        CHECK_TEXT(tree, "/d/d", "3");
        CHECK_TEXT(tree, "/h/x", "2");
        CHECK_INT(fixture_stat(tree, "/").nlink, 2 + 4);
        /* and a step on top of it sees only what shows */
        fixture_remove(tree, "/d");
        fixture_mkdir(tree, "/none");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[3], " 40755 implicit\nd whiteout\nnone 40755\n");
        fixture_end(&f);
}

static void test_replacing(void)
{
        fixture_begin(&f);
        /* as tar -x would: the later entry wins; a directory keeps its children under a directory only */
        LAYER("f a 1", "f a 22", "d b 0700", "f b/x 1", "d b 0755", "d c 0755", "f c/x 1", "f c 1", "f e 1", "f e/y 1",
              "l s /etc", "f s/z 1");
        CHECK_LAYER(f.layers[0], " 40755 implicit\na 100644\nb 40755\nb/x 100644\nc 100644\ne 40755 implicit\n"
                                 "e/y 100644\ns 40755 implicit\ns/z 100644\n");
        fixture_end(&f);
}

static void test_bad_paths(void)
{
        static const char *const paths[] = {"", "..", "../x", "a/../../x", "a/..", "a/../b"};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_tree *tree;

        fixture_begin(&f);
        tree = fixture_tree_with(&f, true, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct overlay_ref dir = OVERLAY_REF_INIT;
                char *name = NULL;

                CHECK(overlay_layer_parent(tree, paths[i], &dir, &name, &err) < 0);
                CHECK_INT(err.code, EINVAL);
                error_clear(&err);
        }
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_links_inside(void)
{
        struct overlay_tree *tree;

        fixture_begin(&f);
        LAYER("f a 1", "h b a", "h sub/c ./b", "h b a", "f d 2");
        CHECK_LAYER(f.layers[0], " 40755 implicit\na 100644\nb link a\nd 100644\nsub 40755 implicit\nsub/c link a\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_stat(tree, "/a").nlink, 3);
        overlay_tree_close(tree);
        /* another builder's layer, which holds only one name of a group: the group is broken, and both know */
        LAYER("f b 3");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_stat(tree, "/a").nlink, 2);
        CHECK_INT(fixture_stat(tree, "/sub/c").nlink, 2);
        CHECK_INT(fixture_stat(tree, "/b").nlink, 1);
        CHECK_TEXT(tree, "/b", "3");
        fixture_write(tree, "/a", "4");
        CHECK_TEXT(tree, "/sub/c", "4");
        CHECK_TEXT(tree, "/b", "3");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[2], " 40755 implicit\na 100644\nsub 40755\nsub/c link a\n");
        fixture_end(&f);
}

/* TAKEN.4 */
static void test_unresolved_links(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_tree_options options = {.statfs_fd = -1};
        struct overlay_tree *tree = NULL;
        uint64_t ino;

        fixture_begin(&f);
        LAYER("f bin/tool 1", "h bin/alias bin/tool", "f other 1", "l ln bin");
        LAYER("h usr/tool bin/tool", "h usr/more usr/tool", "h one /other", "h via ln/alias");
        CHECK_LAYER(f.layers[1],
                    " 40755 implicit\none unresolved other\nusr 40755 implicit\n"
                    "usr/more unresolved bin/tool\nusr/tool unresolved bin/tool\nvia unresolved ln/alias\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_stat(tree, "/other").nlink, 2);
        CHECK_INT(fixture_stat(tree, "/bin/tool").nlink, 5);
        ino = fixture_ino(tree, "/usr/more");
        CHECK(ino != 0);
        CHECK_INT(fixture_ino(tree, "/bin/alias"), ino);
        CHECK_INT(fixture_ino(tree, "/via"), ino);
        CHECK_TEXT(tree, "/usr/tool", "1");
        /* a change brings all names, resolved */
        fixture_write(tree, "/via", "2");
        CHECK_TEXT(tree, "/bin/tool", "2");
        fixture_seal(&f, tree, false);
        CHECK_LAYER(f.layers[2], " 40755 implicit\nbin 40755\nbin/alias 100644\nbin/tool link bin/alias\nusr 40755\n"
                                 "usr/more link bin/alias\nusr/tool link bin/alias\nvia link bin/alias\n");
        tree = fixture_tree(&f);
        CHECK_INT(fixture_ino(tree, "/via"), ino);
        CHECK_INT(fixture_stat(tree, "/via").nlink, 5);
        overlay_tree_close(tree);
        fixture_end(&f);
        /* the target is missing: the error names the layer */
        fixture_begin(&f);
        LAYER("f a 1");
        LAYER("h b gone");
        options.pool = f.pool;
        options.indexes = f.layers;
        options.index_count = 2;
        CHECK(overlay_tree_open(&options, &tree, &err) < 0);
        CHECK_HAS(err.message, "index-1");
        CHECK_HAS(err.message, "gone");
        CHECK_INT(err.code, ENOENT);
        fixture_end(&f);
}

/* Numbers written for one stack mean nothing on another: they must not clash there. */
static void test_numbers_of_another_stack(void)
{
        struct overlay_index *base, *step;
        struct overlay_tree *tree;
        uint64_t seen[6];

        fixture_begin(&f);
        LAYER("f a 1", "f b 1", "f c 1");
        tree = fixture_tree(&f);
        fixture_rename(tree, "/c", "/d");
        fixture_write(tree, "/e", "2");
        fixture_seal(&f, tree, false);
        base = f.layers[0];
        step = f.layers[1];
        LAYER("f x1 1", "f x2 1", "f c 1", "f x3 1");
        f.layers[0] = f.layers[2];
        f.layer_count = 2;
        tree = fixture_tree(&f);
        seen[0] = fixture_ino(tree, "/x1");
        seen[1] = fixture_ino(tree, "/x2");
        seen[2] = fixture_ino(tree, "/x3");
        seen[3] = fixture_ino(tree, "/d");
        seen[4] = fixture_ino(tree, "/e");
        seen[5] = 1;
        CHECK_INT(fixture_ino(tree, "/c"), 0);
        for (int i = 0; i < 6; i++)
                for (int j = 0; j < i; j++)
                        CHECK(seen[i] != 0 && seen[i] != seen[j]);
        overlay_tree_close(tree);
        overlay_index_unref(base);
        (void)step;
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_implied_directories);
        CHECK_RUN(test_whiteouts);
        CHECK_RUN(test_replacing);
        CHECK_RUN(test_bad_paths);
        CHECK_RUN(test_links_inside);
        CHECK_RUN(test_unresolved_links);
        CHECK_RUN(test_numbers_of_another_stack);
        return CHECK_END();
}
