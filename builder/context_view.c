/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree over files of the host. Each regular file is a body of one extent in a
 * source of its own, called "f/NUMBER", which is opened when it is first read and must then
 * still be the file that was seen.
 */
#include "builder/context_view.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/content.h"
#include "common/fd.h"
#include "common/memory.h"

#define ONLY_FILE "file" /* its name when the view is of one file */

struct seen {
        char *path; /* owned */
        uint64_t size, device, ino;
        struct timespec mtime, ctime;
        bool opened;
};

struct builder_context_view {
        struct builder_source *source; /* borrowed */
        struct overlay_pool *pool;
        struct builder_upper upper;
        struct overlay_tree *tree;
        pthread_mutex_t lock; /* guards `opened`: the pool opens from any thread */
        struct seen *files;
        size_t count, cap;
        bool single;
};

/* --- reading --------------------------------------------------------------- */

static bool is_same(const struct seen *file, const struct builder_item *item)
{
        return S_ISREG(item->attr.mode) && file->size == item->attr.size && file->device == item->device &&
               file->ino == item->attr.ino && file->mtime.tv_sec == item->attr.mtime.tv_sec &&
               file->mtime.tv_nsec == item->attr.mtime.tv_nsec && file->ctime.tv_sec == item->attr.ctime.tv_sec &&
               file->ctime.tv_nsec == item->attr.ctime.tv_nsec;
}

static int find_unchanged(struct builder_context_view *v, const struct seen *file, struct builder_item *ret,
                          struct error *err)
{
        if (v->source->ops->find(v->source, file->path, ret, err) < 0)
                return -1;
        if (!is_same(file, ret))
                return error_set(err, ESTALE, "%s changed while the command ran", file->path);
        return 0;
}

static int open_file(void *context, const char *name, int *ret_fd, struct error *err)
{
        struct builder_context_view *v = context;
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        size_t number;

        if (sscanf(name, "f/%zu", &number) != 1 || number >= v->count)
                return error_set(err, ENOENT, "there is no source %s", name);
        if (find_unchanged(v, &v->files[number], &item, err) < 0)
                return -1;
        pthread_mutex_lock(&v->lock);
        v->files[number].opened = true;
        pthread_mutex_unlock(&v->lock);
        return v->source->ops->open_file(v->source, &item, ret_fd, err);
}

int builder_context_view_check(struct builder_context_view *v, struct error *err)
{
        for (size_t i = 0; i < v->count; i++) {
                CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

                if (v->files[i].opened && find_unchanged(v, &v->files[i], &item, err) < 0)
                        return -1;
        }
        return 0;
}

/* --- making the tree ------------------------------------------------------- */

static int add_body(struct builder_context_view *v, const struct builder_item *item, const struct overlay_ref *to,
                    struct error *err)
{
        CLEANUP_FREE char *name = memory_printf("f/%zu", v->count);
        struct overlay_source *source;
        int result;

        if (item->attr.size == 0)
                return 0;
        memory_grow(&v->files, &v->cap, v->count + 1, sizeof(*v->files));
        v->files[v->count++] = (struct seen){ .path = memory_strdup(item->path),
                                              .size = item->attr.size,
                                              .device = item->device,
                                              .ino = item->attr.ino,
                                              .mtime = item->attr.mtime,
                                              .ctime = item->attr.ctime };
        if (overlay_pool_ensure(v->pool, name, item->attr.size, &source, err) < 0)
                return -1;
        result = overlay_node_extend(to, 0, item->attr.size, source, 0, err);
        (void)overlay_source_unref(source);
        return result;
}

static int add_node(struct builder_context_view *v, const struct builder_item *item, const struct overlay_ref *dir,
                    const char *name, struct overlay_ref *ret, struct error *err)
{
        static const struct overlay_owner root = { 0, 0 };
        const struct overlay_graft as_it_is = { .owner = &root, .mode = (mode_t)-1 };
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;
        struct overlay_make make = { .mode = item->attr.mode, .rdev = item->attr.rdev, .mtime = &item->attr.mtime };

        /* the file of a tar or a git commit: its bytes are shared, and cannot change */
        if (item->ref.tree && !S_ISDIR(make.mode))
                return v->source->ops->place(v->source, item, dir, name, &as_it_is, ret, err);
        if (S_ISLNK(make.mode) && v->source->ops->read_link(v->source, item, &target, err) < 0)
                return -1;
        make.target = buffer_text(&target);
        if (overlay_node_make(dir, name, &make, ret, err) < 0)
                return -1;
        if (S_ISREG(make.mode) && add_body(v, item, ret, err) < 0)
                return -1;
        return builder_item_copy_xattrs(v->source, item, ret, err);
}

static int set_attributes(const struct builder_item *item, const struct overlay_ref *to, struct error *err)
{
        const struct overlay_change change = { .set = OVERLAY_SET_MTIME | OVERLAY_SET_MODE,
                                               .mode = item->attr.mode & 07777,
                                               .mtime = item->attr.mtime };

        return overlay_node_set(to, &change, err);
}

/* `to` is the directory's node: everything in it, then the time that this changed. */
static int fill(struct builder_context_view *v, const struct builder_item *dir, const struct overlay_ref *to,
                unsigned depth, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", dir->path, BUILDER_MAX_DEPTH);
        if (v->source->ops->list(v->source, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
                CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;

                if (v->source->ops->child(v->source, dir, names.items[i], &item, err) < 0 ||
                    add_node(v, &item, to, names.items[i], &node, err) < 0)
                        return -1;
                if (S_ISDIR(item.attr.mode) && fill(v, &item, &node, depth + 1, err) < 0)
                        return -1;
        }
        return set_attributes(dir, to, err);
}

static int fill_root(struct builder_context_view *v, const char *path, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref file = OVERLAY_REF_INIT;

        if (v->source->ops->find(v->source, path, &item, err) < 0)
                return -1;
        overlay_tree_root(v->tree, &root);
        if (S_ISDIR(item.attr.mode))
                return fill(v, &item, &root, 0, err);
        v->single = true;
        return add_node(v, &item, &root, ONLY_FILE, &file, err);
}

int builder_context_view_open(struct builder_workshop *workshop, struct builder_source *source, const char *path,
                              struct builder_context_view **ret, struct error *err)
{
        struct builder_context_view *v = memory_zalloc(1, sizeof(*v));
        const struct overlay_pool_options options = { .open = open_file, .context = v, .log = workshop->log };

        v->source = source;
        v->pool = overlay_pool_new(&options);
        pthread_mutex_init(&v->lock, NULL);
        if (builder_empty_tree_open(workshop, v->pool, &v->upper, &v->tree, err) < 0 || fill_root(v, path, err) < 0) {
                builder_context_view_free(v);
                return -1;
        }
        *ret = v;
        return 0;
}

struct overlay_tree *builder_context_view_tree(struct builder_context_view *v)
{
        return v->tree;
}

const char *builder_context_view_path(const struct builder_context_view *v)
{
        return v->single ? "/" ONLY_FILE : "/";
}

void builder_context_view_free(struct builder_context_view *v)
{
        if (v == NULL)
                return;
        overlay_tree_close(v->tree);
        builder_upper_close(&v->upper);
        overlay_pool_free(v->pool);
        for (size_t i = 0; i < v->count; i++)
                free(v->files[i].path);
        free(v->files);
        pthread_mutex_destroy(&v->lock);
        free(v);
}
