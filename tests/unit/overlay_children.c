/* SPDX-License-Identifier: Apache-2.0 */
/* A directory shown at once says what list, lookup, stat and the others say one by one; and what is planted is the
 * same. */
#include "overlay/children.h"

#include <sys/sysmacros.h>

#include "tests/unit/overlay_fixture.h"

#define MANY 200 /* more than are collected at a time */

static struct fixture f;

static void make(struct overlay_tree *tree, const char *path, const struct overlay_make *make, struct overlay_ref *ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        CHECK_OK(overlay_node_make(&dir, name, make, ret, &err));
}

static void make_kinds(struct overlay_tree *tree)
{
        const struct overlay_make makes[] = {
                {.mode = S_IFDIR | 0750, .uid = 1},     {.mode = S_IFLNK | 0777, .target = "to"},
                {.mode = S_IFIFO | 0600, .gid = 2},     {.mode = S_IFCHR | 0666, .rdev = makedev(1, 3)},
                {.mode = S_IFREG | 04755, .uid = 1000}, {.mode = S_IFSOCK | 0700},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char path[32];

        for (unsigned i = 0; i < 6; i++) {
                CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;

                snprintf(path, sizeof(path), "/d/kind-%u", i);
                make(tree, path, &makes[i], &ref);
                CHECK_OK(overlay_node_set_xattr(&ref, "user.b", "value", 5, &err));
                CHECK_OK(overlay_node_set_xattr(&ref, "user.a", "", 0, &err));
        }
}

/* Two holes and two pieces. */
static void make_sparse(struct overlay_tree *tree)
{
        const struct overlay_make file = {.mode = S_IFREG | 0644};
        const struct overlay_change longer = {.set = OVERLAY_SET_SIZE, .size = 30000};
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        make(tree, "/d/sparse", &file, &ref);
        CHECK_OK(overlay_node_write(&ref, "one", 3, 10000, &err));
        CHECK_OK(overlay_node_write(&ref, "two", 3, 20000, &err));
        CHECK_OK(overlay_node_set(&ref, &longer, &err));
}

static void link_to(struct overlay_tree *tree, const char *old, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        CHECK_OK(overlay_tree_resolve(tree, NULL, old, OVERLAY_RESOLVE_NOFOLLOW, &ref, &err));
        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        CHECK_OK(overlay_node_link(&ref, &dir, name, &err));
}

static void remove_path(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        CHECK_OK(overlay_node_remove(&dir, name, &err));
}

/* A base, and a layer that deletes, replaces and adds. */
static void make_layers(void)
{
        const struct overlay_make dir = {.mode = S_IFDIR | 0755};
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct overlay_tree *tree = fixture_tree(&f);
        char path[32];

        make(tree, "/d", &dir, &ref);
        overlay_ref_release(&ref);
        make(tree, "/copy", &dir, &ref);
        for (unsigned i = 0; i < MANY; i++) {
                snprintf(path, sizeof(path), "/d/f%03u", i);
                fixture_write(tree, path, path);
        }
        make_kinds(tree);
        make_sparse(tree);
        link_to(tree, "/d/f007", "/d/hard");
        link_to(tree, "/d/f008", "/elsewhere");
        overlay_ref_release(&ref);
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        remove_path(tree, "/d/f100");
        fixture_write(tree, "/d/f101", "written over");
        fixture_write(tree, "/d/new", "new");
        fixture_seal(&f, tree, false);
}

struct seen {
        const struct overlay_ref *dir;
        struct overlay_ref copy; /* planted there, unless its tree is NULL */
        char last[256];
        unsigned count;
        bool reversed; /* a name came out of order */
        unsigned stop; /* fail at this one */
};

static void check_pieces(const struct overlay_child *child, const struct overlay_ref *ref)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_piece *pieces = NULL;
        size_t count = 0;

        CHECK_OK(overlay_node_pieces(ref, &pieces, &count, &err));
        CHECK_INT(child->piece_count, count);
        for (size_t i = 0; i < count && i < child->piece_count; i++) {
                CHECK_INT(child->pieces[i].offset, pieces[i].offset);
                CHECK_INT(child->pieces[i].length, pieces[i].length);
                CHECK_INT(child->pieces[i].source_offset, pieces[i].source_offset);
                CHECK(child->pieces[i].source == pieces[i].source);
        }
        free(pieces);
}

static void check_xattrs(const struct overlay_child *child, const struct overlay_ref *ref)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const char *name;
        size_t i = 0;

        CHECK_OK(overlay_node_list_xattrs(ref, &names, &err));
        for (name = names.data; name && name < names.data + names.size; name += strlen(name) + 1, i++) {
                CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

                CHECK(i < child->xattr_count);
                CHECK_OK(overlay_node_get_xattr(ref, name, &value, &err));
                CHECK_STR(child->xattrs[i].name, name);
                CHECK_INT(child->xattrs[i].size, value.size);
                CHECK(value.size == 0 || memcmp(child->xattrs[i].value, value.data, value.size) == 0);
        }
        CHECK_INT(child->xattr_count, i);
}

static void check_attr(const struct overlay_attr *a, const struct overlay_attr *b, bool same_node)
{
        CHECK_INT(a->mode, b->mode);
        CHECK_INT(a->uid, b->uid);
        CHECK_INT(a->gid, b->gid);
        CHECK_INT(a->rdev, b->rdev);
        CHECK_INT(a->size, b->size);
        CHECK_INT(a->allocated, b->allocated);
        CHECK_INT(a->mtime.tv_sec, b->mtime.tv_sec);
        CHECK_INT(a->mtime.tv_nsec, b->mtime.tv_nsec);
        if (!same_node)
                return;
        CHECK_INT(a->ino, b->ino);
        CHECK_INT(a->nlink, b->nlink);
}

static void check_child(const struct overlay_child *child, const struct overlay_ref *ref, bool same_node)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *target = NULL;
        struct overlay_attr attr;

        CHECK_OK(overlay_node_stat(ref, &attr, &err));
        check_attr(&child->attr, &attr, same_node);
        check_xattrs(child, ref);
        if (S_ISLNK(attr.mode)) {
                CHECK_OK(overlay_node_readlink(ref, &target, &err));
                CHECK_STR(child->target, target);
        } else if (S_ISREG(attr.mode)) {
                check_pieces(child, ref);
        }
}

static int see(void *context, const struct overlay_child *child, struct error *ret_err)
{
        const struct overlay_graft as_it_is = {.mode = (mode_t)-1};
        struct seen *seen = context;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref planted = OVERLAY_REF_INIT;

        seen->reversed |= strcmp(seen->last, child->name) >= 0;
        snprintf(seen->last, sizeof(seen->last), "%s", child->name);
        if (++seen->count == seen->stop)
                return error_set(ret_err, ECANCELED, "stopped");
        CHECK_OK(overlay_node_lookup(seen->dir, child->name, &ref, &err));
        check_child(child, &ref, true);
        if (!seen->copy.tree || S_ISDIR(child->attr.mode))
                return 0;
        CHECK_OK(overlay_node_plant(&seen->copy, child->name, child, &as_it_is, &planted, &err));
        check_child(child, &planted, false);
        CHECK_INT(overlay_node_plant(&seen->copy, child->name, child, &as_it_is, NULL, &err), -1);
        CHECK_INT(err.code, EEXIST);
        error_clear(&err);
        return 0;
}

static int count_name(void *context, const struct overlay_name *name, struct error *err)
{
        (void)name;
        (void)err;
        ++*(unsigned *)context;
        return 0;
}

static void check_directory(struct overlay_tree *tree, bool plant)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        struct seen seen = {.dir = &dir, .copy = OVERLAY_REF_INIT};
        unsigned names = 0;

        CHECK_OK(overlay_tree_resolve(tree, NULL, "/d", 0, &dir, &err));
        if (plant)
                CHECK_OK(overlay_tree_resolve(tree, NULL, "/copy", 0, &seen.copy, &err));
        CHECK_OK(overlay_node_list(&dir, count_name, &names, &err));
        CHECK_OK(overlay_node_each_child(&dir, see, &seen, &err));
        CHECK_INT(seen.count, names);
        CHECK(!seen.reversed);
        overlay_ref_release(&seen.copy);
        seen = (struct seen){.dir = &dir, .copy = OVERLAY_REF_INIT, .stop = 3};
        CHECK_INT(overlay_node_each_child(&dir, see, &seen, &err), -1);
        CHECK_INT(err.code, ECANCELED);
        CHECK_INT(seen.count, 3);
}

static void test_layers(void)
{
        struct overlay_tree *tree = fixture_tree(&f);

        check_directory(tree, true);
        overlay_tree_close(tree);
}

/* Deleted, changed and renamed here: some names have nodes, some are only ours. */
static void test_changes(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        struct overlay_tree *tree = fixture_tree(&f);

        remove_path(tree, "/d/f003");
        fixture_write(tree, "/d/f004", "here");
        check_directory(tree, false);
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/d", 0, &dir, &err));
        CHECK_OK(overlay_node_rename(&dir, "f005", &dir, "aaa", &err));
        fixture_write(tree, "/d/zzz", "here too");
        check_directory(tree, true);
        overlay_ref_release(&dir);
        overlay_tree_close(tree);
}

/* What a file had when it was shown stays what its copy has, though the file is written to. */
static int plant_and_write(void *context, const struct overlay_child *child, struct error *ret_err)
{
        const struct overlay_graft as_it_is = {.mode = (mode_t)-1};
        struct seen *seen = context;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;

        if (strcmp(child->name, "f009") != 0)
                return 0;
        (void)ret_err;
        CHECK_OK(overlay_node_plant(&seen->copy, "copied", child, &as_it_is, NULL, &err));
        CHECK_OK(overlay_node_lookup(seen->dir, "f009", &ref, &err));
        CHECK_OK(overlay_node_write(&ref, "XXXX", 4, 0, &err));
        return 0;
}

static void test_shared(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref copied = OVERLAY_REF_INIT;
        struct overlay_tree *tree = fixture_tree(&f);
        struct seen seen = {.dir = &dir, .copy = OVERLAY_REF_INIT};
        char bytes[8] = "";
        size_t n = 0;

        fixture_write(tree, "/d/f009", "of this step");
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/d", 0, &dir, &err));
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/copy", 0, &seen.copy, &err));
        CHECK_OK(overlay_node_each_child(&dir, plant_and_write, &seen, &err));
        CHECK_OK(overlay_node_lookup(&seen.copy, "copied", &copied, &err));
        CHECK_OK(overlay_node_read(&copied, bytes, 7, 0, &n, &err));
        CHECK_STR(bytes, "of this");
        overlay_ref_release(&copied);
        overlay_ref_release(&seen.copy);
        overlay_ref_release(&dir);
        overlay_tree_close(tree);
}

static void test_no_directory(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref file = OVERLAY_REF_INIT;
        struct overlay_tree *tree = fixture_tree(&f);
        struct seen seen = {.dir = &file, .copy = OVERLAY_REF_INIT};

        CHECK_OK(overlay_tree_resolve(tree, NULL, "/d/f001", 0, &file, &err));
        CHECK_INT(overlay_node_each_child(&file, see, &seen, &err), -1);
        CHECK_INT(err.code, ENOTDIR);
        overlay_ref_release(&file);
        overlay_tree_close(tree);
}

int main(void)
{
        fixture_begin(&f);
        make_layers();
        CHECK_RUN(test_layers);
        CHECK_RUN(test_changes);
        CHECK_RUN(test_shared);
        CHECK_RUN(test_no_directory);
        fixture_end(&f);
        return CHECK_END();
}
