/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_OVERLAY_REIMPORT_H
#define BRYO_TESTS_UNIT_OVERLAY_REIMPORT_H

#include "tests/unit/overlay_fixture.h"

/* Sends a layer through layer mode, as saving it to a tar and loading that would. */
struct reimport {
        struct fixture *f;
        const struct overlay_index *from;
        struct overlay_tree *to;
};

static int reimport_body(struct reimport *r, const struct overlay_walk_entry *e, const struct overlay_ref *ref,
                         struct error *err)
{
        struct overlay_change size = {
                .set = OVERLAY_SET_SIZE | OVERLAY_SET_MTIME, .size = e->size, .mtime = {.tv_sec = e->mtime_sec}};

        for (size_t i = 0; i < e->extent_count; i++) {
                struct overlay_index_source row;
                struct overlay_source *source = NULL;
                int rc;

                if (overlay_index_source(r->from, e->extents[i].source, &row, err) < 0 ||
                    overlay_pool_ensure(r->f->pool, row.name, row.size, &source, err) < 0)
                        return -1;
                rc = overlay_node_extend(ref, e->extents[i].offset, e->extents[i].length, source,
                                         e->extents[i].source_offset, err);
                overlay_source_unref(source);
                if (rc < 0)
                        return -1;
        }
        return overlay_node_set(ref, &size, err);
}

static int reimport_node(struct reimport *r, const struct overlay_walk_entry *e, const struct overlay_ref *dir,
                         const char *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct timespec mtime = {.tv_sec = e->mtime_sec};
        struct overlay_make make = {
                .mode = e->mode, .uid = e->uid, .gid = e->gid, .rdev = e->rdev, .target = e->target, .mtime = &mtime};

        if (overlay_node_make(dir, name, &make, &ref, err) < 0)
                return -1;
        for (size_t i = 0; i < e->xattr_count; i++)
                if (overlay_node_set_xattr(&ref, e->xattrs[i].name, e->xattrs[i].value, e->xattrs[i].size, err) < 0)
                        return -1;
        if (e->opaque && overlay_layer_set_opaque(&ref, err) < 0)
                return -1;
        return S_ISREG(e->mode) ? reimport_body(r, e, &ref, err) : 0;
}

static int reimport_entry(void *context, const struct overlay_walk_entry *e, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;
        struct reimport *r = context;

        if (e->path_size == 0) {
                struct timespec mtime = {.tv_sec = e->mtime_sec};
                struct overlay_make make = {.mode = e->mode, .uid = e->uid, .gid = e->gid, .mtime = &mtime};

                return e->implicit ? 0 : overlay_layer_set_root(r->to, &make, err);
        }
        if (e->implicit)
                return 0;
        if (overlay_layer_parent(r->to, e->path, &dir, &name, err) < 0)
                return -1;
        if (e->whiteout)
                return overlay_layer_whiteout(&dir, name, err);
        if (e->link != NULL)
                return overlay_layer_link(&dir, name, e->link, err);
        return reimport_node(r, e, &dir, name, err);
}

/* Replaces layer `number` of the fixture by its copy. */
static void reimport_layer(struct fixture *f, size_t number)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct reimport r = {.f = f, .from = f->layers[number], .to = fixture_tree_with(f, true, NULL)};

        if (overlay_index_walk(r.from, reimport_entry, &r, &err) < 0) {
                printf("# cannot import: %s\n", err.message);
                exit(1);
        }
        fixture_seal(f, r.to, true);
        overlay_index_unref(f->layers[number]);
        f->layers[number] = f->layers[--f->layer_count];
}

#endif
