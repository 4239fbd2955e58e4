/* SPDX-License-Identifier: Apache-2.0 */
/* Names, paths, attributes: what a program in a RUN may ask, without a mount. */
#include <linux/fs.h>
#include <sys/xattr.h>

#include "tests/unit/overlay_fixture.h"

static struct fixture f;

static uint64_t make(struct overlay_tree *tree, uint64_t parent, const char *name, mode_t mode)
{
        struct overlay_create create = {.mode = mode, .umask = 022, .uid = 5, .gid = 6};
        struct overlay_attr attr = {0};

        CHECK_INT(overlay_ops_make(tree, parent, name, &create, &attr), 0);
        return attr.ino;
}

static bool count_name(void *context, const struct overlay_dirent *e)
{
        unsigned char *seen = context;

        if (e->name[0] == 'n')
                seen[atoi(e->name + 1)]++;
        return true;
}

struct slow {
        unsigned char *seen;
        uint64_t next;
        unsigned budget;
};

static bool slow_name(void *context, const struct overlay_dirent *e)
{
        struct slow *s = context;

        if (s->budget == 0)
                return false;
        s->budget--;
        s->next = e->next;
        return count_name(s->seen, e);
}

/*
 * Names come and go while a slow reader goes through: what is there all the
 * time is seen exactly once, what was never there is not seen.
 */
static void readdir_under_change(struct overlay_tree *tree, uint64_t dir, unsigned stable, bool plus)
{
        static unsigned char seen[100000];
        struct slow s = {.seen = seen};
        unsigned victim = 0, fresh = 50000;
        char name[16];
        uint64_t before;

        memset(seen, 0, sizeof(seen));
        do {
                before = s.next;
                s.budget = 7;
                CHECK_INT(overlay_ops_readdir(tree, dir, s.next, plus, slow_name, &s), 0);
                /* odd numbers go, new ones come and go again */
                snprintf(name, sizeof(name), "n%u", victim * 2 + 1);
                if (victim * 2 + 1 < stable)
                        CHECK_INT(overlay_ops_unlink(tree, dir, name), 0);
                victim++;
                if (fresh >= 90000)
                        continue;
                /* more than the reader takes: it must come to an end all the same */
                for (int i = 0; i < 8; i++) {
                        snprintf(name, sizeof(name), "n%u", fresh++);
                        overlay_ops_forget(tree, make(tree, dir, name, S_IFREG | 0644), 1);
                }
                for (unsigned i = fresh - 40; fresh > 50100 && i < fresh - 38; i++) {
                        snprintf(name, sizeof(name), "n%u", i);
                        (void)overlay_ops_unlink(tree, dir, name);
                }
        } while (s.next != before && fresh < 60000);
        CHECK(fresh < 60000);
        for (unsigned i = 0; i < stable; i += 2)
                if (seen[i] != 1)
                        CHECK_INT(seen[i], 1);
        for (unsigned i = 0; i < 100000; i++)
                if (seen[i] > 1)
                        CHECK_INT(seen[i], 1);
}

static void test_readdir_is_stable(void)
{
        struct overlay_attr attr;
        struct overlay_tree *tree;
        uint64_t dir;
        char name[16];

        fixture_begin(&f);
        tree = fixture_tree(&f);
        dir = make(tree, 1, "d", S_IFDIR | 0755);
        for (int i = 0; i < 3000; i++) {
                snprintf(name, sizeof(name), "n%d", i);
                overlay_ops_forget(tree, make(tree, dir, name, S_IFREG | 0644), 1);
        }
        readdir_under_change(tree, dir, 3000, false);
        overlay_ops_forget(tree, dir, 1);
        overlay_tree_close(tree);
        /* the same names, from two layers */
        tree = fixture_tree(&f);
        dir = make(tree, 1, "d", S_IFDIR | 0755);
        for (int i = 0; i < 1500; i++) {
                snprintf(name, sizeof(name), "n%d", i * 2);
                overlay_ops_forget(tree, make(tree, dir, name, S_IFREG | 0644), 1);
        }
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK_INT(overlay_ops_lookup(tree, 1, "d", &attr), 0);
        for (int i = 0; i < 1500; i++) {
                snprintf(name, sizeof(name), "n%d", i * 2 + 1);
                overlay_ops_forget(tree, make(tree, attr.ino, name, S_IFREG | 0644), 1);
        }
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK_INT(overlay_ops_lookup(tree, 1, "d", &attr), 0);
        CHECK(overlay_ops_attach(tree));
        readdir_under_change(tree, attr.ino, 3000, true);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_resolve(void)
{
        static const struct {
                const char *path;
                int code; /* 0: finds /a/b/file */
                unsigned flags;
        } cases[] = {
                {"/a/b/file", 0, 0},
                {"a//b/./file", 0, 0},
                {"/../../a/../a/b/file", 0, 0},
                {"/abs/file", 0, 0},
                {"/abs/../b/file", 0, 0},
                {"/up/file", 0, 0},
                {"/chain", 0, 0},
                {"/outside/a/b/file", 0, 0},
                {"/a/b/file/", ENOTDIR, 0},
                {"/a/b/file/x", ENOTDIR, 0},
                {"/a/b/file/..", ENOTDIR, 0},
                {"/a/x", ENOENT, 0},
                {"/loop", ELOOP, 0},
                {"/loop/x", ELOOP, 0},
                {"/loop/", ELOOP, OVERLAY_RESOLVE_NOFOLLOW},
                {"/self/self/self", ELOOP, 0},
                {"/dangling", ENOENT, 0},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *name = NULL;
        struct overlay_tree *tree;
        struct overlay_ref ref, dir;
        uint64_t file;
        char longer[300];

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_mkdir(tree, "/a/b");
        fixture_write(tree, "/a/b/file", "x");
        fixture_symlink(tree, "/a/b", "/abs");
        fixture_symlink(tree, "../../../a/b", "/up");
        fixture_symlink(tree, "abs/file", "/chain");
        fixture_symlink(tree, "/..", "/outside");
        fixture_symlink(tree, "loop2", "/loop");
        fixture_symlink(tree, "loop", "/loop2");
        fixture_symlink(tree, "self/self", "/self");
        fixture_symlink(tree, "none", "/dangling");
        file = fixture_ino(tree, "/a/b/file");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct overlay_attr attr = {0};
                int rc = overlay_tree_resolve(tree, NULL, cases[i].path, cases[i].flags, &ref, &err);

                if (rc == 0) {
                        CHECK_OK(overlay_node_stat(&ref, &attr, &err));
                        overlay_ref_release(&ref);
                }
                if (err.code != cases[i].code || (rc == 0 && attr.ino != file)) {
                        CHECK_STR(cases[i].path, "resolved as it should");
                        CHECK_INT(err.code, cases[i].code);
                }
                error_clear(&err);
        }
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/loop", OVERLAY_RESOLVE_NOFOLLOW, &ref, &err));
        overlay_ref_release(&ref);
        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, "/abs/new//", &dir, &name, &err));
        CHECK_STR(name, "new");
        {
                CLEANUP_FREE char *path = overlay_node_path(&dir);

                CHECK_STR(path, "/a/b");
        }
        overlay_ref_release(&dir);
        memset(longer, 'x', 256);
        longer[256] = '\0';
        CHECK(overlay_tree_resolve(tree, NULL, longer, 0, &ref, &err) < 0);
        CHECK_INT(err.code, ENAMETOOLONG);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_modes_and_groups(void)
{
        struct overlay_change change = {.set = OVERLAY_SET_MODE | OVERLAY_SET_GID, .mode = 02755, .gid = 77};
        struct overlay_attr attr;
        struct overlay_tree *tree;
        uint64_t dir, ino;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        dir = make(tree, 1, "d", S_IFDIR | 0777);
        CHECK_INT(overlay_ops_getattr(tree, dir, &attr), 0);
        CHECK_INT(attr.mode, S_IFDIR | 0755);
        CHECK_INT(overlay_ops_setattr(tree, dir, &change, true, &attr), 0);
        CHECK_INT(attr.mode, S_IFDIR | 02755);
        ino = make(tree, dir, "sub", S_IFDIR | 0777);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.mode, S_IFDIR | 02755);
        CHECK_INT(attr.gid, 77);
        ino = make(tree, dir, "file", S_IFREG | 0666);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 0644);
        CHECK_INT(attr.gid, 77);
        CHECK_INT(attr.uid, 5);
        /* privileges go with a write, a truncate, a chown; a mode set in the same breath stays */
        change = (struct overlay_change){.set = OVERLAY_SET_MODE, .mode = 06755};
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 06755);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "security.capability", "cap", 3, 0), 0);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "x", 1, 0, OVERLAY_WRITE_KEEP_PRIV), 1);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 06755);
        CHECK_INT(overlay_ops_write_sz(tree, ino, "x", 1, 0, 0), 1);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 0755);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "security.capability", NULL, 0), -ENODATA);
        change.mode = 02744; /* setgid without group execute is no privilege */
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        change = (struct overlay_change){.set = OVERLAY_SET_SIZE};
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 02744);
        change = (struct overlay_change){.set = OVERLAY_SET_UID | OVERLAY_SET_MODE, .uid = 1, .mode = 04711};
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 04711);
        change.set = OVERLAY_SET_UID;
        change.uid = UINT32_MAX - 1;
        CHECK_INT(overlay_ops_setattr(tree, ino, &change, true, &attr), 0);
        CHECK_INT(attr.mode, S_IFREG | 0711);
        CHECK_INT(attr.uid, UINT32_MAX - 1);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_xattrs(void)
{
        struct overlay_tree *tree;
        char list[64], value[16];
        CLEANUP_FREE char *large = memory_zalloc(1, 70000);
        char name[300];
        uint64_t ino;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        ino = make(tree, 1, "x", S_IFREG | 0644);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.b", "22", 2, XATTR_REPLACE), -ENODATA);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.b", "22", 2, XATTR_CREATE), 0);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.b", "22", 2, XATTR_CREATE), -EEXIST);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.b", "333", 3, XATTR_REPLACE), 0);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.a", "", 0, 0), 0);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.c", large, 65536, 0), 0);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.d", large, 65537, 0), -E2BIG);
        memset(name, 'n', sizeof(name));
        memcpy(name, "user.", 5);
        name[256] = '\0';
        CHECK_INT(overlay_ops_setxattr(tree, ino, name, "1", 1, 0), -ERANGE);
        name[255] = '\0';
        CHECK_INT(overlay_ops_setxattr(tree, ino, name, "1", 1, 0), 0);
        CHECK_INT(overlay_ops_removexattr(tree, ino, name), 0);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.b", NULL, 0), 3);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.b", value, 2), -ERANGE);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.b", value, sizeof(value)), 3);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.a", value, sizeof(value)), 0);
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.z", value, sizeof(value)), -ENODATA);
        CHECK_INT(overlay_ops_listxattr_sz(tree, ino, NULL, 0), 21);
        CHECK_INT(overlay_ops_listxattr_sz(tree, ino, list, 20), -ERANGE);
        CHECK_INT(overlay_ops_listxattr_sz(tree, ino, list, sizeof(list)), 21);
        CHECK(memcmp(list, "user.a\0user.b\0user.c", 21) == 0);
        CHECK_INT(overlay_ops_removexattr(tree, ino, "user.c"), 0);
        CHECK_INT(overlay_ops_removexattr(tree, ino, "user.c"), -ENODATA);
        overlay_ops_detach(tree);
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        {
                struct overlay_attr attr;

                CHECK_INT(overlay_ops_lookup(tree, 1, "x", &attr), 0);
                CHECK_INT(attr.ino, ino);
        }
        CHECK_INT(overlay_ops_getxattr_sz(tree, ino, "user.b", value, sizeof(value)), 3);
        CHECK_INT(overlay_ops_setxattr(tree, ino, "user.b", "4", 1, 0), 0);
        CHECK_INT(overlay_ops_listxattr_sz(tree, ino, NULL, 0), 14);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_odd_calls(void)
{
        struct overlay_create create = {.mode = S_IFREG | 0644};
        struct overlay_attr attr;
        struct overlay_tree *tree;
        uint64_t dir, file, tmp;
        char name[300];

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        dir = make(tree, 1, "d", S_IFDIR | 0755);
        file = make(tree, 1, "f", S_IFREG | 0644);
        memset(name, 'n', sizeof(name));
        name[256] = '\0';
        CHECK_INT(overlay_ops_make(tree, 1, name, &create, &attr), -ENAMETOOLONG);
        CHECK_INT(overlay_ops_lookup(tree, 1, name, &attr), -ENAMETOOLONG);
        name[255] = '\0';
        CHECK_INT(overlay_ops_make(tree, 1, name, &create, &attr), 0);
        CHECK_INT(overlay_ops_make(tree, 1, "", &create, &attr), -EINVAL);
        CHECK_INT(overlay_ops_make(tree, 1, "..", &create, &attr), -EINVAL);
        CHECK_INT(overlay_ops_make(tree, 1, "a/b", &create, &attr), -EINVAL);
        CHECK_INT(overlay_ops_make(tree, file, "x", &create, &attr), -ENOTDIR);
        CHECK_INT(overlay_ops_make(tree, 99999, "x", &create, &attr), -ESTALE);
        CHECK_INT(overlay_ops_make(tree, 1, "f", &create, &attr), -EEXIST);
        CHECK_INT(overlay_ops_lookup(tree, dir, "..", &attr), 0);
        CHECK_INT(attr.ino, 1);
        CHECK_INT(overlay_ops_link(tree, dir, 1, "l", &attr), -EPERM);
        CHECK_INT(overlay_ops_unlink(tree, 1, "d"), -EISDIR);
        CHECK_INT(overlay_ops_rmdir(tree, 1, "f"), -ENOTDIR);
        CHECK_INT(overlay_ops_rename(tree, 1, "d", dir, "x", 0), -EINVAL);
        CHECK_INT(overlay_ops_rename(tree, 1, "f", 1, "g", RENAME_WHITEOUT), -EINVAL);
        CHECK_INT(overlay_ops_rename(tree, 1, "f", 1, "g", RENAME_NOREPLACE | RENAME_EXCHANGE), -EINVAL);
        /* a removed directory takes no names, and reads as empty */
        CHECK_INT(overlay_ops_rmdir(tree, 1, "d"), 0);
        CHECK_INT(overlay_ops_make(tree, dir, "x", &create, &attr), -ENOENT);
        CHECK_INT(overlay_ops_lookup(tree, dir, "x", &attr), -ENOENT);
        CHECK_INT(overlay_ops_rename(tree, 1, "f", dir, "x", 0), -ENOENT);
        CHECK_INT(overlay_ops_getattr(tree, dir, &attr), 0);
        CHECK_INT(attr.nlink, 0);
        /* a file without a name gets one */
        CHECK_INT(overlay_ops_tmpfile(tree, 1, &create, &attr), 0);
        tmp = attr.ino;
        CHECK_INT(attr.nlink, 0);
        CHECK_INT(overlay_ops_write_sz(tree, tmp, "tmp", 3, 0, 0), 3);
        CHECK_INT(overlay_ops_link(tree, tmp, 1, "named", &attr), 0);
        CHECK_INT(attr.nlink, 1);
        CHECK_TEXT(tree, "/named", "tmp");
        overlay_ops_detach(tree);
        CHECK_INT(overlay_ops_getattr(tree, dir, &attr), -ESTALE);
        fixture_seal(&f, tree, false);
        fixture_end(&f);
}

/* A clean lower node costs nothing once the kernel has forgotten it, and comes back the same. */
static void test_forgetting(void)
{
        struct overlay_attr attr, again;
        struct overlay_tree *tree;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_mkdir(tree, "/a/b");
        fixture_write(tree, "/a/b/c", "x");
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(overlay_ops_lookup(tree, 1, "a", &attr), 0);
        CHECK_INT(overlay_ops_lookup(tree, attr.ino, "b", &again), 0);
        overlay_ops_forget(tree, attr.ino, 1);
        CHECK_INT(overlay_ops_lookup(tree, again.ino, "c", &attr), 0);
        overlay_ops_forget(tree, again.ino, 5);                     /* more than there were: not below zero */
        CHECK_INT(overlay_ops_getattr(tree, again.ino, &again), 0); /* its child holds it */
        overlay_ops_forget(tree, attr.ino, 1);
        CHECK_INT(overlay_ops_getattr(tree, attr.ino, &again), -ESTALE);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

struct seen {
        unsigned lookups, missing, readdirs, reads;
};

static void observe(void *context, enum overlay_observed what, uint64_t ino, const char *name, uint64_t found)
{
        struct seen *seen = context;

        (void)ino;
        (void)name;
        seen->lookups += what == OVERLAY_OBSERVED_LOOKUP && found != 0;
        seen->missing += what == OVERLAY_OBSERVED_LOOKUP && found == 0;
        seen->readdirs += what == OVERLAY_OBSERVED_READDIR;
        seen->reads += what == OVERLAY_OBSERVED_READ;
}

static bool ignore_name(void *context, const struct overlay_dirent *e)
{
        (void)context;
        (void)e;
        return true;
}

static void test_observer(void)
{
        struct seen seen = {0};
        struct overlay_observer observer = {observe, &seen};
        struct overlay_tree *tree;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_write(tree, "/a", "x");
        fixture_seal(&f, tree, false);
        tree = fixture_tree_with(&f, false, &observer);
        CHECK_TEXT(tree, "/a", "x");
        CHECK_TEXT(tree, "/b", "(missing)");
        CHECK_INT(overlay_ops_readdir(tree, 1, 0, false, ignore_name, NULL), 0);
        CHECK_INT(seen.lookups, 1);
        CHECK_INT(seen.missing, 1);
        CHECK_INT(seen.readdirs, 1);
        CHECK_INT(seen.reads, 1);
        overlay_tree_close(tree);
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_readdir_is_stable);
        CHECK_RUN(test_resolve);
        CHECK_RUN(test_modes_and_groups);
        CHECK_RUN(test_xattrs);
        CHECK_RUN(test_odd_calls);
        CHECK_RUN(test_forgetting);
        CHECK_RUN(test_observer);
        return CHECK_END();
}
