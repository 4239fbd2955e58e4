/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_OVERLAY_INDEX_USE_H
#define BRYO_TESTS_UNIT_OVERLAY_INDEX_USE_H

#include <stdlib.h>

#include "tests/unit/overlay_fixture.h"

/*
 * Everything that can be done with an index, for one that may be damaged: whatever it holds, each call ends, touches
 * nothing outside of the file, and a refusal names the file. What can be sealed on top of it is sound.
 */
struct index_use {
        struct fixture *f; /* its layers lie below the index */
        unsigned long refused;
        unsigned long survived;
        unsigned long sealed;
};

/* The index of a test, or of a fuzz target: the caller's `name` in every message. */
static void index_use_blame(const char *name, int code, struct error *err)
{
        if (code != EBADMSG && code != EIO && code != EOVERFLOW && code != ENOENT && code != EISDIR &&
            code != ENOTDIR && code != ELOOP && code != ENAMETOOLONG && code != EINVAL) {
                printf("# code %d: %s\n", code, err->message);
                abort();
        }
        if (strstr(err->message, name) == NULL) {
                printf("# not named: %s\n", err->message);
                abort();
        }
        error_clear(err);
}

static int index_use_entry(void *context, const struct overlay_walk_entry *e, struct error *err)
{
        size_t *sum = context;

        (void)err;
        *sum += e->path_size + e->xattr_count;
        if (e->link != NULL)
                *sum += strlen(e->link);
        if (e->target != NULL)
                *sum += strlen(e->target);
        for (size_t i = 0; i < e->xattr_count; i++)
                *sum += strlen(e->xattrs[i].name) +
                        (e->xattrs[i].size > 0 ? ((const uint8_t *)e->xattrs[i].value)[0] : 0);
        for (size_t i = 0; i < e->extent_count; i++)
                *sum += e->extents[i].length;
        return 0;
}

static int index_use_extent(void *context, const struct overlay_extent *e, struct error *err)
{
        (void)err;
        *(uint64_t *)context += e->length;
        return 0;
}

struct index_use_visit {
        struct overlay_tree *tree;
        struct overlay_ref dir;
        unsigned budget;
        unsigned depth;
};

/* Reads of one node; errors are expected. */
static void index_use_read(const struct overlay_ref *ref, const struct overlay_attr *attr)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_piece *pieces = NULL;
        char bytes[64], *target = NULL;
        size_t n;

        if (overlay_node_list_xattrs(ref, &names, &err) < 0)
                error_clear(&err);
        if (S_ISLNK(attr->mode) && overlay_node_readlink(ref, &target, &err) < 0)
                error_clear(&err);
        free(target);
        if (!S_ISREG(attr->mode))
                return;
        for (int part = 0; part < 3; part++)
                if (overlay_node_read(ref, bytes, sizeof(bytes), part * (attr->size / 2), &n, &err) < 0)
                        error_clear(&err);
        if (overlay_node_pieces(ref, &pieces, &n, &err) < 0)
                error_clear(&err);
        free(pieces);
}

/* Changes of one node or its name. */
static void index_use_change(struct index_use_visit *v, const struct overlay_ref *ref, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_change change = {.set = OVERLAY_SET_MODE | OVERLAY_SET_SIZE, .mode = 0600, .size = 5};
        int rc = 0;

        switch (v->budget % 8) {
        case 0:
                rc = overlay_node_remove_all(&v->dir, name, &err);
                break;
        case 1:
                rc = overlay_node_set(ref, &change, &err);
                break;
        case 2:
                rc = overlay_node_rename(&v->dir, name, &v->dir, "renamed", &err);
                break;
        case 3:
                rc = overlay_node_link(ref, &v->dir, "linked", &err);
                break;
        case 4:
                rc = overlay_node_write(ref, "written", 7, 3, &err);
                break;
        case 5:
                rc = overlay_node_set_xattr(ref, "user.new", "value", 5, &err);
                break;
        case 6:
                rc = overlay_node_graft(&v->dir, "grafted", ref, NULL, NULL, &err);
                break;
        default:
                break;
        }
        if (rc < 0)
                error_clear(&err);
}

static int index_use_visit(void *context, const struct overlay_name *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        struct index_use_visit *v = context;
        struct overlay_attr attr;

        (void)err;
        if (v->budget == 0 || overlay_node_lookup(&v->dir, name->name, &ref, &ignored) < 0)
                return 0;
        v->budget--;
        if (overlay_node_stat(&ref, &attr, &ignored) < 0)
                return 0;
        index_use_read(&ref, &attr);
        if (S_ISDIR(attr.mode) && v->depth < 20) {
                struct index_use_visit below = {v->tree, ref, v->budget, v->depth + 1};

                (void)overlay_node_list_sorted(&ref, index_use_visit, &below, &ignored);
                error_clear(&ignored);
                v->budget = below.budget;
        }
        index_use_change(v, &ref, name->name);
        return 0;
}

/* What was sealed on a damaged index may lack something, but is no worse than any other index. */
static void index_use_sealed(struct index_use *use)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index_options options = {.verify = true};
        struct overlay_index *index = NULL;
        size_t sum = 0;

        if (overlay_index_open(use->f->fd, "try", &options, &index, &err) < 0 ||
            overlay_index_walk(index, index_use_entry, &sum, &err) < 0) {
                printf("# what was sealed: %s\n", err.message);
                abort();
        }
        overlay_index_unref(index);
        use->sealed++;
}

static void index_use_tree(struct index_use *use, const char *name, struct overlay_index *index)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *indexes[4];
        struct overlay_tree_options options = {.pool = use->f->pool,
                                               .statfs_fd = -1,
                                               .create_data = fixture_create_data,
                                               .context = use->f,
                                               .indexes = indexes,
                                               .index_count = use->f->layer_count + 1};
        struct overlay_tree *tree = NULL;
        struct overlay_seal_result result = {.data_name = ""};
        struct index_use_visit v = {.budget = 300};
        unsigned before = use->f->data_count;

        memcpy(indexes, use->f->layers, use->f->layer_count * sizeof(struct overlay_index *));
        indexes[use->f->layer_count] = index;
        if (overlay_tree_open(&options, &tree, &err) < 0) {
                index_use_blame(name, err.code, &err);
                return;
        }
        overlay_tree_root(tree, &v.dir);
        v.tree = tree;
        if (overlay_node_list_sorted(&v.dir, index_use_visit, &v, &err) < 0)
                error_clear(&err);
        overlay_ref_release(&v.dir);
        if (overlay_tree_seal(tree, use->f->fd, "try", true, &result, &err) == 0) {
                index_use_sealed(use);
                unlinkat(use->f->fd, "try", 0);
        }
        error_clear(&err);
        overlay_tree_close(tree);
        while (use->f->data_count > before) {
                char data[32];

                snprintf(data, sizeof(data), "data-%u", --use->f->data_count);
                unlinkat(use->f->fd, data, 0);
        }
        use->survived++;
}

__attribute__((unused)) static void index_use(struct index_use *use, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *index = NULL;
        uint64_t bytes = 0;
        size_t sum = 0;

        if (overlay_index_open(use->f->fd, name, NULL, &index, &err) < 0) {
                index_use_blame(name, err.code, &err);
                use->refused++;
                return;
        }
        for (uint32_t i = 0; i < overlay_index_source_count(index) && i < 100; i++) {
                struct overlay_index_source row;

                if (overlay_index_source(index, i, &row, &err) < 0)
                        index_use_blame(name, err.code, &err);
        }
        if (overlay_index_walk_extents(index, index_use_extent, &bytes, &err) < 0)
                index_use_blame(name, err.code, &err);
        if (overlay_index_walk(index, index_use_entry, &sum, &err) < 0)
                index_use_blame(name, err.code, &err);
        index_use_tree(use, name, index);
        overlay_index_unref(index);
}

/* Begins `f` with a layer and, in index-1, one above it that has something of everything. */
__attribute__((unused)) static void index_use_begin(struct fixture *f)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_make device = {.mode = S_IFCHR | 0600, .rdev = 0x103};
        struct overlay_tree *tree;
        struct overlay_ref ref;

        fixture_begin(f);
        tree = fixture_tree(f);
        fixture_mkdir(tree, "/a/b/c");
        fixture_write(tree, "/a/file", "some text");
        fixture_write(tree, "/a/b/gone", "some text");
        fixture_seal(f, tree, false);
        tree = fixture_tree(f);
        fixture_write(tree, "/a/file", "other text");
        fixture_write(tree, "/a/b/c/new", "more text");
        fixture_link(tree, "/a/b/c/new", "/a/b/second");
        fixture_link(tree, "/a/b/c/new", "/third");
        fixture_remove(tree, "/a/b/gone");
        fixture_symlink(tree, "b/second", "/a/link");
        fixture_rename(tree, "/a/b", "/moved");
        overlay_tree_root(tree, &ref);
        CHECK_OK(overlay_node_make(&ref, "null", &device, NULL, &err));
        CHECK_OK(overlay_node_set_xattr(&ref, "user.one", "1", 1, &err));
        CHECK_OK(overlay_node_set_xattr(&ref, "user.two", "22", 2, &err));
        overlay_ref_release(&ref);
        fixture_seal(f, tree, false);
        fixture_pop(f);
}

#endif
