/* SPDX-License-Identifier: Apache-2.0 */
/* Grafting: a node of one tree becomes a node of another; its bytes stay where they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/change.h"
#include "overlay/children.h"
#include "overlay/edit.h"
#include "overlay/report.h"
#include "overlay/xattrs.h"

/* What is taken from the source under its lock, so that never two trees are locked at a time. */
struct cutting {
        struct overlay_make make;
        struct timespec mtime;
        char *target;
        void *xattrs;
        size_t xattrs_size;
        uint64_t size;
        struct body_extent *extents;     /* their `source` is an index into sources */
        struct overlay_source **sources; /* one reference for each extent */
        uint32_t extent_count;
};

static void free_cutting(struct cutting *c)
{
        for (uint32_t i = 0; i < c->extent_count; i++)
                overlay_source_unref(c->sources[i]);
        free(c->sources);
        free(c->extents);
        free(c->xattrs);
        free(c->target);
}

static int cut_body(struct overlay_tree *tree, struct overlay_node *node, struct cutting *c)
{
        struct body_cursor cursor;
        uint32_t count = 0;
        int rc = overlay_body_count(tree, node, &count);

        if (rc == 0)
                rc = overlay_body_seek(tree, node, 0, &cursor);
        if (rc < 0)
                return rc;
        c->size = node->size;
        c->extents = memory_zalloc(count, sizeof(*c->extents));
        c->sources = memory_zalloc(count, sizeof(struct overlay_source *));
        while (c->extent_count < count) {
                struct body_extent *extent = &c->extents[c->extent_count];

                rc = overlay_body_next(tree, &cursor, extent);
                if (rc <= 0)
                        return rc;
                c->sources[c->extent_count++] = overlay_source_ref(tree->sources[extent->source]);
        }
        /* from now on others read these bytes: they must not change under them */
        if ((node->flags & NODE_BODY) != 0)
                overlay_body_mark_shared(node, 0, node->size);
        return 0;
}

static int cut(struct overlay_tree *tree, struct overlay_node *node, struct cutting *c)
{
        const void *xattrs = NULL;
        int rc = overlay_xattrs_of(tree, node, &xattrs, &c->xattrs_size);

        overlay_tree_observe(tree, OVERLAY_OBSERVED_ATTR, node->ino, NULL, 0);
        if (rc < 0)
                return rc;
        c->xattrs = memory_dup(xattrs, c->xattrs_size);
        c->mtime = (struct timespec){.tv_sec = node->mtime_sec, .tv_nsec = node->mtime_nsec};
        c->make = (struct overlay_make){.mode = node->mode, .uid = node->uid, .gid = node->gid, .mtime = &c->mtime};
        if (S_ISCHR(node->mode) || S_ISBLK(node->mode))
                c->make.rdev = node->u.rdev;
        if (S_ISLNK(node->mode))
                rc = overlay_node_target(tree, node, &c->target);
        else if (S_ISREG(node->mode))
                rc = cut_body(tree, node, c);
        c->make.target = c->target;
        return rc;
}

static void plant_body(struct overlay_tree *tree, struct overlay_node *node, const struct cutting *c)
{
        for (uint32_t i = 0; i < c->extent_count; i++) {
                struct body_extent extent = c->extents[i];

                extent.source = overlay_tree_source(tree, c->sources[i]);
                extent.flags =
                        extent.source == tree->data.source && tree->data.fd >= 0 ? EXTENT_OWNED | EXTENT_SHARED : 0;
                overlay_body_replace(tree, node, extent.offset, extent.length, &extent);
        }
        node->size = c->size;
}

static int plant(struct overlay_tree *tree, struct overlay_node *dir, const char *name, const struct cutting *c,
                 struct overlay_node **ret)
{
        struct overlay_node *node = overlay_edit_new(tree, &c->make);
        int rc;

        overlay_node_pin(node);
        rc = overlay_change_add(tree, dir, name, strlen(name), node, false);
        if (rc < 0) {
                overlay_node_unpin(tree, node);
                return rc;
        }
        overlay_xattrs_replace(node, c->xattrs, c->xattrs_size);
        if (S_ISREG(node->mode))
                plant_body(tree, node, c);
        *ret = node;
        return 0;
}

int overlay_node_graft(const struct overlay_ref *dir, const char *name, const struct overlay_ref *from,
                       const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        struct overlay_node *node = NULL;
        struct cutting c = {0};
        int rc;

        overlay_tree_lock(from->tree);
        rc = cut(from->tree, from->node, &c);
        overlay_tree_unlock(from->tree);
        if (rc < 0) {
                free_cutting(&c);
                return overlay_report(from->tree, rc, "copy", from->node, NULL, err);
        }
        if (graft != NULL && graft->owner != NULL) {
                c.make.uid = graft->owner->uid;
                c.make.gid = graft->owner->gid;
        }
        if (graft != NULL && graft->mode != (mode_t)-1)
                c.make.mode = (c.make.mode & S_IFMT) | (graft->mode & 07777);
        if (graft != NULL && graft->mtime != NULL)
                c.make.mtime = graft->mtime;
        overlay_tree_lock(dir->tree);
        rc = plant(dir->tree, dir->node, name, &c, &node);
        if (rc == 0 && ret == NULL)
                overlay_node_unpin(dir->tree, node);
        overlay_tree_unlock(dir->tree);
        free_cutting(&c);
        if (rc < 0)
                return overlay_report(dir->tree, rc, "copy to", dir->node, name, err);
        if (ret != NULL)
                *ret = (struct overlay_ref){dir->tree, node};
        return 0;
}

/* --- what overlay_node_each_child showed --- */

static void plant_pieces(struct overlay_tree *tree, struct overlay_node *node, const struct overlay_child *from)
{
        for (size_t i = 0; i < from->piece_count; i++) {
                const struct overlay_piece *piece = &from->pieces[i];
                struct body_extent extent = {piece->offset, piece->length, piece->source_offset, 0, 0};

                extent.source = overlay_tree_source(tree, piece->source);
                if (extent.source == tree->data.source && tree->data.fd >= 0)
                        extent.flags = EXTENT_OWNED | EXTENT_SHARED;
                overlay_body_replace(tree, node, extent.offset, extent.length, &extent);
        }
        node->size = from->attr.size;
}

static int plant_child(struct overlay_tree *tree, struct overlay_node *dir, const char *name,
                       const struct overlay_make *make, const struct overlay_child *from, struct overlay_node **ret)
{
        struct overlay_node *node = overlay_edit_new(tree, make);
        int rc = 0;

        overlay_node_pin(node);
        for (size_t i = 0; rc == 0 && i < from->xattr_count; i++)
                rc = overlay_xattrs_set(tree, node, from->xattrs[i].name, from->xattrs[i].value, from->xattrs[i].size,
                                        0);
        if (rc == 0)
                rc = overlay_change_add(tree, dir, name, strlen(name), node, false);
        if (rc < 0) {
                overlay_node_unpin(tree, node);
                return rc;
        }
        if (S_ISREG(node->mode))
                plant_pieces(tree, node, from);
        *ret = node;
        return 0;
}

int overlay_node_plant(const struct overlay_ref *dir, const char *name, const struct overlay_child *from,
                       const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        const struct overlay_attr *a = &from->attr;
        struct overlay_make make = {a->mode, a->uid, a->gid, a->rdev, from->target, &a->mtime};
        struct overlay_node *node = NULL;
        int rc;

        if (graft->owner != NULL) {
                make.uid = graft->owner->uid;
                make.gid = graft->owner->gid;
        }
        if (graft->mode != (mode_t)-1)
                make.mode = (a->mode & S_IFMT) | (graft->mode & 07777);
        if (graft->mtime != NULL)
                make.mtime = graft->mtime;
        overlay_tree_lock(dir->tree);
        rc = S_ISDIR(a->mode) ? -EISDIR : plant_child(dir->tree, dir->node, name, &make, from, &node);
        if (rc == 0 && ret == NULL)
                overlay_node_unpin(dir->tree, node);
        overlay_tree_unlock(dir->tree);
        if (rc == -EEXIST)
                return error_set(err, EEXIST, "the name %s is taken", name);
        if (rc < 0)
                return overlay_report(dir->tree, rc, "copy to", dir->node, name, err);
        if (ret != NULL)
                *ret = (struct overlay_ref){dir->tree, node};
        return 0;
}

/* --- hard links inside one copy --- */

struct grafted {
        struct overlay_ref from, to;
        struct grafted *next;
};

#define MAP_BUCKETS 1024

struct overlay_graft_map {
        struct grafted *buckets[MAP_BUCKETS];
};

struct overlay_graft_map *overlay_graft_map_new(void)
{
        return memory_zalloc(1, sizeof(struct overlay_graft_map));
}

void overlay_graft_map_free(struct overlay_graft_map *map)
{
        if (map == NULL)
                return;
        for (size_t i = 0; i < MAP_BUCKETS; i++) {
                while (map->buckets[i] != NULL) {
                        struct grafted *g = map->buckets[i];

                        map->buckets[i] = g->next;
                        overlay_ref_release(&g->from);
                        overlay_ref_release(&g->to);
                        free(g);
                }
        }
        free(map);
}

bool overlay_graft_map_find(const struct overlay_graft_map *map, const struct overlay_ref *from,
                            struct overlay_ref *ret)
{
        /* numbers never change, so no lock is needed */
        for (const struct grafted *g = map->buckets[from->node->ino % MAP_BUCKETS]; g != NULL; g = g->next) {
                if (overlay_ref_is_same(&g->from, from)) {
                        overlay_ref_copy(&g->to, ret);
                        return true;
                }
        }
        return false;
}

void overlay_graft_map_add(struct overlay_graft_map *map, const struct overlay_ref *from, const struct overlay_ref *to)
{
        struct grafted **bucket = &map->buckets[from->node->ino % MAP_BUCKETS], *g;

        if (overlay_node_is_dir(from->node) || from->node->nlink < 2)
                return;
        g = memory_zalloc(1, sizeof(*g));
        overlay_ref_copy(from, &g->from);
        overlay_ref_copy(to, &g->to);
        g->next = *bucket;
        *bucket = g;
}
