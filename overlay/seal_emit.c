/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing, second pass: the records of what was marked, one directory after the other. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/list.h"
#include "overlay/names.h"
#include "overlay/seal.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

/* One name of a directory that is being written. */
struct child {
        const char *name; /* in the dentry */
        uint8_t size;
        struct overlay_node *node; /* NULL: a whiteout; else pinned */
        bool in_place;
        bool opaque;
};

struct children {
        struct child *items;
        size_t count, cap;
};

/* A directory that has a record, and whose names are still to be written. */
struct pending {
        struct overlay_node *dir; /* pinned */
        struct index_inode inode;
        uint32_t number;
        uint32_t depth;
        bool in_place;
};

/* An inode with several names. */
struct linked {
        struct overlay_node *node;
        struct index_inode inode;
        uint32_t number;
        struct index_link_record *names; /* host order */
        size_t count, cap;
};

struct emitter {
        struct overlay_tree *tree;
        struct overlay_index_writer *writer;
        struct overlay_emission *emission;
        struct overlay_seal_result *result;
        struct pending *stack;
        size_t stack_count, stack_cap;
        struct linked *linked; /* open addressing by node, a power of two; node NULL: free */
        size_t linked_count, linked_size;
};

/* --- inodes with several names --- */

static struct linked *linked_place(const struct emitter *e, const struct overlay_node *node)
{
        size_t at = (size_t)(node->ino * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (e->linked_size - 1);

        while (e->linked[at].node != NULL && e->linked[at].node != node)
                at = (at + 1) & (e->linked_size - 1);
        return &e->linked[at];
}

static struct linked *ensure_linked(struct emitter *e, struct overlay_node *node)
{
        if (e->linked_count * 2 >= e->linked_size) {
                struct linked *old = e->linked;
                size_t old_size = e->linked_size;

                e->linked_size = old_size > 0 ? old_size * 2 : 64;
                e->linked = memory_zalloc(e->linked_size, sizeof(*e->linked));
                for (size_t i = 0; i < old_size; i++)
                        if (old[i].node != NULL)
                                *linked_place(e, old[i].node) = old[i];
                free(old);
        }
        return linked_place(e, node);
}

/* Now all names are known. */
static void write_links(struct emitter *e)
{
        for (size_t i = 0; i < e->linked_size; i++) {
                struct linked *l = &e->linked[i];

                if (l->node == NULL)
                        continue;
                l->inode.nlink = (uint32_t)l->count;
                if (l->count == 1) { /* the others are in no place that a layer has */
                        l->inode.parent = l->names[0].dir;
                        l->inode.dirent = l->names[0].dirent;
                }
                for (size_t n = 0; l->count > 1 && n < l->count; n++) {
                        uint32_t link = overlay_index_writer_link(e->writer, l->names[n].dir, l->names[n].dirent);

                        if (n == 0)
                                l->inode.first_link = link;
                }
                overlay_index_writer_patch_inode(e->writer, l->number, &l->inode);
        }
}

/* --- what an inode consists of --- */

static uint32_t source_number(struct emitter *e, uint32_t source)
{
        struct overlay_emission *m = e->emission;

        if (m->source_numbers[source] == 0) {
                m->source_order[m->source_count] = source;
                m->source_numbers[source] = ++m->source_count;
        }
        return m->source_numbers[source] - 1;
}

/* Numbers of sources grow while lower bodies are read: the tables follow. */
static void fit_sources(struct emitter *e)
{
        struct overlay_emission *m = e->emission;
        size_t count = e->tree->source_count, old = m->source_room;

        if (count <= old)
                return;
        m->source_numbers = memory_realloc(m->source_numbers, count, sizeof(*m->source_numbers));
        m->source_used = memory_realloc(m->source_used, count, sizeof(*m->source_used));
        m->source_order = memory_realloc(m->source_order, count, sizeof(*m->source_order));
        memset(m->source_numbers + old, 0, (count - old) * sizeof(*m->source_numbers));
        memset(m->source_used + old, 0, (count - old) * sizeof(*m->source_used));
        m->source_room = count;
}

static int write_body(struct emitter *e, const struct overlay_node *node, struct index_inode *inode)
{
        struct overlay_emission *m = e->emission;
        struct body_cursor cursor;
        struct body_extent extent;
        int rc = overlay_body_seek(e->tree, node, 0, &cursor);

        inode->first = overlay_index_writer_count(e->writer, INDEX_EXTENTS);
        while (rc >= 0) {
                rc = overlay_body_next(e->tree, &cursor, &extent);
                if (rc <= 0)
                        break;
                fit_sources(e);
                overlay_index_writer_extent(e->writer,
                                            &(struct overlay_extent){extent.offset, extent.length, extent.source_offset,
                                                                     source_number(e, extent.source)});
                m->source_used[extent.source] += extent.length;
                if ((extent.flags & EXTENT_OWNED) == 0)
                        continue;
                memory_grow(&m->live, &m->live_cap, m->live_count + 1, sizeof(*m->live));
                m->live[m->live_count++] = (struct tree_range){extent.source_offset, extent.length};
        }
        inode->count = overlay_index_writer_count(e->writer, INDEX_EXTENTS) - inode->first;
        return rc;
}

static int write_string(struct emitter *e, const char *text, struct index_inode *inode)
{
        inode->count = (uint32_t)strlen(text);
        inode->first = overlay_index_writer_string(e->writer, text, inode->count);
        return 0;
}

/* Whole seconds, which is what a layer tar keeps, and not after the time that the caller set. */
static int64_t sealed_mtime(const struct emitter *e, const struct overlay_node *node)
{
        const struct overlay_tree_options *o = &e->tree->options;

        return o->has_latest && node->mtime_sec > o->latest ? o->latest : node->mtime_sec;
}

/* All of an inode but its names and, for a directory, its dirents. */
static int describe(struct emitter *e, struct overlay_node *node, struct index_inode *inode)
{
        CLEANUP_FREE char *target = NULL;
        const void *xattrs = NULL;
        size_t xattrs_size = 0;
        int rc = overlay_xattrs_of(e->tree, node, &xattrs, &xattrs_size);

        *inode = (struct index_inode){
                .mode = node->mode,
                .uid = node->uid,
                .gid = node->gid,
                .nlink = 1,
                .size = overlay_node_is_file(node) ? node->size : 0,
                .mtime_sec = sealed_mtime(e, node),
                .ino = e->tree->options.layer ? 0 : node->ino,
                .parent = INDEX_NONE,
                .dirent = INDEX_NONE,
        };
        if (rc < 0)
                return rc;
        if (xattrs_size > 0) {
                inode->xattrs = overlay_index_writer_string(e->writer, xattrs, xattrs_size);
                inode->xattrs_size = (uint32_t)xattrs_size;
        }
        if ((node->flags & NODE_HARDLINK) != 0) {
                inode->flags |= INDEX_HARDLINK;
                return write_string(e, node->u.target, inode);
        }
        switch (node->mode & S_IFMT) {
        case S_IFREG:
                return write_body(e, node, inode);
        case S_IFLNK:
                rc = overlay_node_target(e->tree, node, &target);
                return rc < 0 ? rc : write_string(e, target, inode);
        case S_IFCHR:
        case S_IFBLK:
                inode->rdev = node->u.rdev;
                return 0;
        default:
                return 0;
        }
}

/* --- directories --- */

static void add_child(struct children *c, struct overlay_dentry *dentry, struct overlay_node *node, bool in_place,
                      bool opaque)
{
        memory_grow(&c->items, &c->cap, c->count + 1, sizeof(*c->items));
        c->items[c->count++] = (struct child){dentry->name, dentry->size, node, in_place, opaque};
        if (node != NULL)
                overlay_node_pin(node);
}

/* The new directory hides one that the layers below have under its name. 1, 0 or -errno. */
static int replaces_dir(struct overlay_tree *tree, const struct overlay_dentry *dentry)
{
        struct view_entry entry;
        int rc;

        if ((dentry->flags & DENTRY_WHITEOUT) != 0 || (dentry->node->flags & NODE_OPAQUE) != 0)
                return 1;
        if ((dentry->flags & DENTRY_LOWER) == 0)
                return 0;
        rc = overlay_view_find(tree, dentry->parent, dentry->name, dentry->size, &entry);
        return rc == 1 ? entry.name.kind == S_IFDIR >> 12 : rc;
}

static int collect_changes(struct emitter *e, struct overlay_node *dir, struct children *c)
{
        for (struct overlay_dentry *d = dir->u.dir->children; d != NULL; d = d->next) {
                struct overlay_node *node = d->node;
                int home = 0, opaque = 0;

                if (node == NULL || overlay_seal_is_left_out(node)) {
                        if (d->flags != 0)
                                add_child(c, d, NULL, false, false);
                        e->result->dropped_sockets += node != NULL && S_ISSOCK(node->mode);
                        continue;
                }
                if ((node->flags & (NODE_EMIT | NODE_EMIT_PATH)) == 0)
                        continue;
                if (overlay_node_is_dir(node)) {
                        home = overlay_seal_is_home(e->tree, d);
                        if (home == 0)
                                opaque = replaces_dir(e->tree, d);
                }
                if (home < 0 || opaque < 0)
                        return home < 0 ? home : opaque;
                add_child(c, d, node, home, opaque);
        }
        return 0;
}

static int collect_all(struct emitter *e, struct overlay_node *dir, struct children *c)
{
        struct overlay_dentry *dentry;
        struct view_entry entry;
        uint64_t position = 0;
        int rc;

        while ((rc = overlay_list_next(e->tree, dir, &position, &dentry, &entry)) > 0) {
                if (dentry == NULL) {
                        struct overlay_node *node;

                        rc = overlay_node_load(e->tree, dir, &entry, &node);
                        if (rc < 0)
                                return rc;
                        dentry = overlay_names_find(e->tree, dir, entry.name.name, entry.name.size);
                }
                e->result->dropped_sockets += S_ISSOCK(dentry->node->mode);
                if (!overlay_seal_is_left_out(dentry->node))
                        add_child(c, dentry, dentry->node, false,
                                  (dentry->flags & DENTRY_WHITEOUT) != 0 || (dentry->node->flags & NODE_OPAQUE) != 0);
        }
        if (rc < 0 || !e->tree->options.layer)
                return rc;
        /* a layer's own deletions: also in directories it has itself */
        for (struct overlay_dentry *d = dir->u.dir->children; d != NULL; d = d->next)
                if (d->node == NULL && (d->flags & DENTRY_WHITEOUT) != 0)
                        add_child(c, d, NULL, false, false);
        return 0;
}

static int compare_children(const void *a, const void *b)
{
        const struct child *x = a, *y = b;

        return overlay_name_compare(x->name, x->size, y->name, y->size);
}

static void push(struct emitter *e, struct overlay_node *dir, const struct index_inode *inode, uint32_t number,
                 uint32_t depth, bool in_place)
{
        memory_grow(&e->stack, &e->stack_cap, e->stack_count + 1, sizeof(*e->stack));
        e->stack[e->stack_count++] = (struct pending){dir, *inode, number, depth, in_place};
        overlay_node_pin(dir);
}

static void count_inode(struct emitter *e, const struct overlay_node *node)
{
        if (overlay_node_is_file(node))
                e->result->bytes += node->size;
}

/* The record of a child that is no directory; one with several names gets only one. */
static int write_leaf(struct emitter *e, const struct pending *parent, const struct child *child, uint32_t dirent,
                      uint32_t *ret)
{
        struct linked *linked = child->node->nlink > 1 ? ensure_linked(e, child->node) : NULL;
        struct index_inode inode;
        int rc;

        if (linked == NULL || linked->node == NULL) {
                rc = describe(e, child->node, &inode);
                if (rc < 0)
                        return rc;
                if (linked == NULL) {
                        inode.parent = parent->number;
                        inode.dirent = dirent;
                }
                *ret = overlay_index_writer_inode(e->writer, &inode);
                count_inode(e, child->node);
                if (linked != NULL) {
                        *linked = (struct linked){.node = child->node, .inode = inode, .number = *ret};
                        e->linked_count++;
                }
                if ((child->node->flags & NODE_HARDLINK) != 0)
                        overlay_index_writer_unresolved(e->writer, *ret);
        }
        if (linked != NULL) {
                memory_grow(&linked->names, &linked->cap, linked->count + 1, sizeof(*linked->names));
                linked->names[linked->count++] = (struct index_link_record){parent->number, dirent};
                *ret = linked->number;
        }
        return 0;
}

static int write_subdir(struct emitter *e, struct pending *parent, const struct child *child, uint32_t dirent,
                        uint32_t *ret)
{
        struct index_inode inode;
        int rc = parent->depth + 1 >= INDEX_DEPTH_MAX ? -ENAMETOOLONG : describe(e, child->node, &inode);

        if (rc < 0)
                return rc;
        inode.parent = parent->number;
        inode.dirent = dirent;
        if (child->opaque)
                inode.flags |= INDEX_OPAQUE;
        if ((child->node->flags & NODE_IMPLICIT) != 0)
                inode.flags |= INDEX_IMPLICIT;
        *ret = overlay_index_writer_inode(e->writer, &inode);
        parent->inode.subdirs++;
        push(e, child->node, &inode, *ret, parent->depth + 1, child->in_place);
        return 0;
}

static uint8_t kind_of(const struct overlay_node *node)
{
        if ((node->flags & NODE_HARDLINK) != 0)
                return INDEX_KIND_HARDLINK;
        return (uint8_t)(node->mode >> 12);
}

static int write_children(struct emitter *e, struct pending *parent, const struct children *c)
{
        uint32_t first = overlay_index_writer_count(e->writer, INDEX_DIRENTS);

        for (size_t i = 0; i < c->count; i++) {
                const struct child *child = &c->items[i];
                uint32_t dirent = first + (uint32_t)i, inode = INDEX_NONE;
                uint8_t kind = INDEX_KIND_WHITEOUT;
                int rc = 0;

                if (child->node == NULL) {
                        e->result->whiteouts++;
                } else {
                        kind = kind_of(child->node);
                        rc = overlay_node_is_dir(child->node) ? write_subdir(e, parent, child, dirent, &inode)
                                                              : write_leaf(e, parent, child, dirent, &inode);
                }
                if (rc < 0)
                        return rc;
                overlay_index_writer_dirent(e->writer, child->name, child->size, kind, inode);
                e->result->entries++;
        }
        parent->inode.first = first;
        parent->inode.count = (uint32_t)c->count;
        overlay_index_writer_patch_inode(e->writer, parent->number, &parent->inode);
        return 0;
}

static int write_dir(struct emitter *e, struct pending *parent)
{
        struct children children = {0};
        int rc = parent->in_place ? collect_changes(e, parent->dir, &children) : collect_all(e, parent->dir, &children);

        if (rc == 0) {
                if (children.count > 1)
                        qsort(children.items, children.count, sizeof(*children.items), compare_children);
                rc = write_children(e, parent, &children);
        }
        for (size_t i = 0; i < children.count; i++)
                if (children.items[i].node != NULL)
                        overlay_node_unpin(e->tree, children.items[i].node);
        free(children.items);
        return rc;
}

static int write_root(struct emitter *e, bool root_changed)
{
        struct index_inode inode;
        int rc = describe(e, e->tree->root, &inode);

        if (rc < 0)
                return rc;
        if (!root_changed)
                inode = (struct index_inode){.mode = S_IFDIR | 0755,
                                             .nlink = 1,
                                             .ino = inode.ino,
                                             .parent = INDEX_NONE,
                                             .dirent = INDEX_NONE,
                                             .flags = INDEX_IMPLICIT};
        if ((e->tree->root->flags & NODE_OPAQUE) != 0)
                inode.flags |= INDEX_OPAQUE;
        push(e, e->tree->root, &inode, overlay_index_writer_inode(e->writer, &inode), 0, true);
        return 0;
}

int overlay_seal_emit(struct overlay_tree *tree, struct overlay_index_writer *writer, bool root_changed,
                      struct overlay_emission *emission, struct overlay_seal_result *result)
{
        struct emitter e = {.tree = tree, .writer = writer, .emission = emission, .result = result};
        int rc = write_root(&e, root_changed);

        while (e.stack_count > 0) {
                struct pending pending = e.stack[--e.stack_count];

                if (rc == 0)
                        rc = write_dir(&e, &pending);
                overlay_node_unpin(tree, pending.dir);
        }
        if (rc == 0)
                write_links(&e);
        for (size_t i = 0; i < e.linked_size; i++)
                free(e.linked[i].names);
        free(e.linked);
        free(e.stack);
        return rc;
}
