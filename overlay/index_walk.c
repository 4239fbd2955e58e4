/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a layer in the order of its tar. One frame for each directory on the way, no recursion: depth is the file's
 * to choose. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "overlay/index_read.h"
#include "overlay/node.h"
#include "overlay/xattrs.h"

struct frame {
        uint32_t dir;
        uint32_t next; /* dirent */
        uint32_t end;
        size_t path_size; /* of the directory, with its '/' */
};

/* Where an inode with several names was first seen. */
struct seen {
        uint32_t inode;
        char *path; /* owned; NULL: free place */
};

struct walk {
        const struct overlay_index *index;
        int (*visit)(void *context, const struct overlay_walk_entry *entry, struct error *err);
        void *context;
        struct error *err;
        struct buffer path;
        struct frame *frames;
        size_t frame_count, frame_cap;
        struct seen *seen; /* open addressing, a power of two */
        size_t seen_count, seen_size;
};

static int damaged(struct walk *w, const char *what, uint64_t number)
{
        return overlay_index_damaged(w->index, what, number, w->err);
}

static struct seen *seen_place(const struct walk *w, uint32_t inode)
{
        size_t at = (inode * UINT32_C(0x9e3779b1)) & (w->seen_size - 1);

        while (w->seen[at].path != NULL && w->seen[at].inode != inode)
                at = (at + 1) & (w->seen_size - 1);
        return &w->seen[at];
}

static void grow_seen(struct walk *w)
{
        struct seen *old = w->seen;
        size_t old_size = w->seen_size;

        w->seen_size = old_size > 0 ? old_size * 2 : 64;
        w->seen = memory_zalloc(w->seen_size, sizeof(*w->seen));
        for (size_t i = 0; i < old_size; i++)
                if (old[i].path != NULL)
                        *seen_place(w, old[i].inode) = old[i];
        free(old);
}

/* The path under which the inode was shown before; NULL, and now remembered, when it was not. */
static const char *first_path(struct walk *w, uint32_t inode)
{
        struct seen *place;

        if (w->seen_count * 2 >= w->seen_size)
                grow_seen(w);
        place = seen_place(w, inode);
        if (place->path != NULL)
                return place->path;
        place->inode = inode;
        place->path = memory_strdup(buffer_text(&w->path));
        w->seen_count++;
        return NULL;
}

static int load_extents(struct walk *w, uint32_t number, const struct index_inode *inode, struct overlay_extent **ret)
{
        CLEANUP_FREE struct overlay_extent *extents = memory_zalloc(inode->count, sizeof(*extents));
        uint64_t end = 0;

        for (uint32_t i = 0; i < inode->count; i++) {
                struct overlay_extent *e = &extents[i];

                if (!overlay_index_read_extent(w->index, inode->first + i, e) || e->offset < end ||
                    e->offset + e->length > inode->size)
                        return damaged(w, "the extents of inode", number);
                end = e->offset + e->length;
        }
        *ret = STEAL(extents);
        return 0;
}

/* Shows one inode under the path at hand. */
static int show(struct walk *w, uint32_t number, const struct index_inode *inode)
{
        CLEANUP_FREE struct overlay_extent *extents = NULL;
        CLEANUP_FREE struct overlay_xattr *xattrs = NULL;
        CLEANUP_FREE char *target = NULL;
        struct overlay_walk_entry entry = {
                .path = buffer_text(&w->path),
                .path_size = w->path.size,
                .opaque = (inode->flags & INDEX_OPAQUE) != 0,
                .implicit = (inode->flags & INDEX_IMPLICIT) != 0,
                .unresolved = (inode->flags & INDEX_HARDLINK) != 0,
                .mode = inode->mode,
                .uid = inode->uid,
                .gid = inode->gid,
                .mtime_sec = inode->mtime_sec,
                .mtime_nsec = inode->mtime_nsec,
                .inode = number,
        };

        if (!overlay_xattrs_decode(overlay_index_string(w->index, inode->xattrs, inode->xattrs_size),
                                   inode->xattrs_size, &xattrs, &entry.xattr_count))
                return damaged(w, "the xattrs of inode", number);
        entry.xattrs = xattrs;
        if (inode->nlink > 1)
                entry.link = first_path(w, number);
        if (entry.unresolved || S_ISLNK(inode->mode))
                target = memory_strndup(overlay_index_string(w->index, inode->first, inode->count), inode->count);
        if (entry.unresolved)
                entry.link = target; /* all its names lead there: none waits for another */
        else
                entry.target = target;
        if (!entry.unresolved && S_ISREG(inode->mode)) {
                entry.size = inode->size;
                if (entry.link == NULL) {
                        if (load_extents(w, number, inode, &extents) < 0)
                                return -1;
                        entry.extents = extents;
                        entry.extent_count = inode->count;
                }
        }
        if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
                entry.rdev = inode->rdev;
        return w->visit(w->context, &entry, w->err);
}

static void set_path(struct walk *w, size_t keep, const struct index_dirent *name)
{
        w->path.size = keep;
        buffer_append(&w->path, name->name, name->size);
}

/* Also sees to it that the directory's names are sorted: a reader searches among them. */
static int show_whiteouts(struct walk *w, const struct frame *f)
{
        struct index_dirent last = {.size = 0};

        for (uint32_t d = f->next; d < f->end; d++) {
                struct overlay_walk_entry entry = {.whiteout = true};
                struct index_dirent name;

                if (!overlay_index_read_dirent(w->index, d, &name) || !overlay_name_is_valid(name.name, name.size) ||
                    (last.size > 0 && overlay_name_compare(last.name, last.size, name.name, name.size) >= 0))
                        return damaged(w, "name", d);
                last = name;
                if (name.kind != INDEX_KIND_WHITEOUT)
                        continue;
                set_path(w, f->path_size, &name);
                entry.path = buffer_text(&w->path);
                entry.path_size = w->path.size;
                if (w->visit(w->context, &entry, w->err) < 0)
                        return -1;
        }
        return 0;
}

/* The directory whose path is at hand: its entry, its whiteouts, and a frame for its children. */
static int enter(struct walk *w, uint32_t number, const struct index_inode *inode)
{
        struct frame *f;

        if (w->frame_count >= INDEX_DEPTH_MAX)
                return error_set(w->err, EBADMSG, "%s is damaged: directories nest deeper than %d", w->index->label,
                                 INDEX_DEPTH_MAX);
        if (show(w, number, inode) < 0)
                return -1;
        if (number != 0)
                buffer_append_char(&w->path, '/');
        memory_grow(&w->frames, &w->frame_cap, w->frame_count + 1, sizeof(*w->frames));
        f = &w->frames[w->frame_count++];
        *f = (struct frame){number, inode->first, inode->first + inode->count, w->path.size};
        return show_whiteouts(w, f);
}

static bool inode_fits(const struct index_inode *inode, const struct index_dirent *name, uint32_t dirent, uint32_t dir)
{
        if ((inode->flags & INDEX_HARDLINK) != 0)
                return name->kind == INDEX_KIND_HARDLINK;
        if (inode->mode >> 12 != name->kind)
                return false;
        return inode->nlink > 1 || (inode->dirent == dirent && inode->parent == dir);
}

/* The next child of the innermost directory, or the end of that. */
static int step(struct walk *w)
{
        struct frame *f = &w->frames[w->frame_count - 1];
        struct index_dirent name;
        struct index_inode inode;
        uint32_t dirent = f->next;

        if (dirent == f->end) {
                w->frame_count--;
                return 0;
        }
        f->next++;
        if (!overlay_index_read_dirent(w->index, dirent, &name))
                return damaged(w, "name", dirent);
        if (name.kind == INDEX_KIND_WHITEOUT)
                return 0;
        if (!overlay_index_read_inode(w->index, name.inode, &inode) || !inode_fits(&inode, &name, dirent, f->dir))
                return damaged(w, "inode", name.inode);
        set_path(w, f->path_size, &name); /* valid: show_whiteouts looked at it */
        return S_ISDIR(inode.mode) ? enter(w, name.inode, &inode) : show(w, name.inode, &inode);
}

int overlay_index_walk(const struct overlay_index *index,
                       int (*visit)(void *context, const struct overlay_walk_entry *entry, struct error *err),
                       void *context, struct error *err)
{
        struct walk w = {.index = index, .visit = visit, .context = context, .err = err, .path = BUFFER_INIT};
        struct index_inode root;
        int rc;

        if (overlay_index_read_inode(index, 0, &root))
                rc = enter(&w, 0, &root);
        else
                rc = damaged(&w, "inode", 0);
        while (rc == 0 && w.frame_count > 0)
                rc = step(&w);
        for (size_t i = 0; i < w.seen_size; i++)
                free(w.seen[i].path);
        free(w.seen);
        free(w.frames);
        buffer_free(&w.path);
        return rc;
}
