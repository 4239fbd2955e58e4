/* SPDX-License-Identifier: Apache-2.0 */
/* Where copied files land, what they replace and which attributes they get. */
#include "builder/copy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/content.h"
#include "common/map.h"
#include "common/memory.h"

/* As the kernel's limit of links in one look-up (path_resolution(7)). */
#define MAX_LINKS 40

struct builder_copy {
        struct overlay_tree *tree;
        char *dest; /* absolute; owned */
        bool into;  /* it ends in '/' or '.': it is a directory whatever is copied */
        bool several;
        struct builder_copy_options options;
        struct map *links; /* "device:inode" -> struct overlay_ref of the first name placed */
        struct dir_time
                *dirs; /* directories made by --parents; what is put into them changes their time, so it comes last */
        size_t dir_count, dir_cap;
        struct placed_file *files;
        size_t file_count, file_cap;
};

/* A file whose bytes are known; it may still be replaced by what is copied later, and its bytes given back. */
struct placed_file {
        struct overlay_ref file;
        struct sha256_digest digest;
};

struct dir_time {
        struct overlay_ref dir;
        struct timespec mtime;
};

static void free_link(void *value)
{
        overlay_ref_release(value);
        free(value);
}

static bool names_directory(const char *dest)
{
        const char *slash = strrchr(dest, '/');
        const char *last = slash ? slash + 1 : dest;

        return last[0] == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

/* --- attributes -------------------------------------------------------------- */

static struct overlay_owner owner_of(const struct builder_copy *c, const struct overlay_attr *a)
{
        if (c->options.owner)
                return *c->options.owner;
        return (struct overlay_owner){a->uid, a->gid};
}

static mode_t mode_of(const struct builder_copy *c, const struct overlay_attr *a)
{
        if (c->options.mode && !S_ISLNK(a->mode))
                return dockerfile_mode_apply(c->options.mode, a->mode & 07777, S_ISDIR(a->mode));
        return a->mode & 07777;
}

/* The part of `path` that is there and no directory; all of it when that cannot be told. Heap text. */
static char *first_file(const struct builder_copy *c, const char *path)
{
        for (size_t end = strspn(path, "/"); path[end]; end += strspn(path + end, "/")) {
                CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
                CLEANUP_ERROR struct error ignored = ERROR_INIT;
                CLEANUP_FREE char *prefix = NULL;
                struct overlay_attr attr;

                end += strcspn(path + end, "/");
                prefix = memory_strndup(path, end);
                if (overlay_tree_resolve(c->tree, NULL, prefix, 0, &ref, &ignored) < 0 ||
                    overlay_node_stat(&ref, &attr, &ignored) < 0)
                        break;
                if (!S_ISDIR(attr.mode))
                        return STEAL(prefix);
        }
        return memory_strdup(path);
}

/* A directory that had to be made on the way: 0755 and root's, unless --chmod and --chown say otherwise. */
static int make_directories(struct builder_copy *c, const char *path, struct overlay_ref *ret, struct error *err)
{
        const struct overlay_attr fresh = {.mode = S_IFDIR | 0755};
        CLEANUP_FREE char *file = NULL;

        if (overlay_tree_ensure_directory(c->tree, NULL, path, mode_of(c, &fresh), owner_of(c, &fresh), &c->options.now,
                                          ret, err) == 0)
                return 0;
        if (err->code != ENOTDIR)
                return -1;
        error_clear(err);
        file = first_file(c, path);
        return error_set(err, ENOTDIR, "the destination %s leads through %s, which is not a directory", c->dest, file);
}

static int set_mtime(const struct overlay_ref *ref, const struct timespec *mtime, struct error *err)
{
        const struct overlay_change change = {.set = OVERLAY_SET_MTIME, .mtime = *mtime};

        return overlay_node_set(ref, &change, err);
}

/* --- one file -------------------------------------------------------------------- */

/* Makes room for something that is not a directory. */
static int clear_name(const struct overlay_ref *dir, const char *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref old = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error lookup_err = ERROR_INIT;
        struct overlay_attr attr;

        if (overlay_node_lookup(dir, name, &old, &lookup_err) < 0)
                return lookup_err.code == ENOENT ? 0 : error_move(err, &lookup_err);
        if (overlay_node_stat(&old, &attr, err) < 0)
                return -1;
        if (S_ISDIR(attr.mode)) {
                CLEANUP_FREE char *path = overlay_node_path(&old);

                return error_set(err, EISDIR, "cannot replace the directory %s by a file: remove it first", path);
        }
        return overlay_node_remove(dir, name, err);
}

/* A further name of an inode that this instruction copied before; *ret_done tells. */
static int place_hard_link(struct builder_copy *c, const struct builder_item *item, const struct overlay_ref *dir,
                           const char *name, bool *ret_done, struct error *err)
{
        char key[48];
        int size = snprintf(key, sizeof(key), "%" PRIu64 ":%" PRIu64, item->device, item->attr.ino);
        const struct overlay_ref *first = map_find(c->links, key, (size_t)size);

        *ret_done = first != NULL;
        return first ? overlay_node_link(first, dir, name, err) : 0;
}

static void remember_link(struct builder_copy *c, const struct builder_item *item, const struct overlay_ref *placed)
{
        struct overlay_ref *first = memory_zalloc(1, sizeof(*first));
        char key[48];
        int size = snprintf(key, sizeof(key), "%" PRIu64 ":%" PRIu64, item->device, item->attr.ino);

        overlay_ref_copy(placed, first);
        map_set(c->links, key, (size_t)size, first);
}

static void remember_body(struct builder_copy *c, struct builder_source *s, const struct builder_item *item,
                          const struct overlay_ref *placed)
{
        struct sha256_digest digest;

        if (!c->options.bodies || !S_ISREG(item->attr.mode) || !s->ops->keyed_digest ||
            !s->ops->keyed_digest(s, item, &digest))
                return;
        memory_grow(&c->files, &c->file_cap, c->file_count + 1, sizeof(*c->files));
        c->files[c->file_count] = (struct placed_file){OVERLAY_REF_INIT, digest};
        overlay_ref_copy(placed, &c->files[c->file_count++].file);
}

/* Most names are free; looking first would double the work of a large copy. */
static int place_over(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                      const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        if (s->ops->place(s, item, dir, name, graft, ret, err) == 0)
                return 0;
        if (err->code != EEXIST)
                return -1;
        error_clear(err);
        return clear_name(dir, name, err) < 0 ? -1 : s->ops->place(s, item, dir, name, graft, ret, err);
}

static int place_file(struct builder_copy *c, struct builder_source *s, const struct builder_item *item,
                      const struct overlay_ref *dir, const char *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref placed = OVERLAY_REF_INIT;
        const struct overlay_owner owner = owner_of(c, &item->attr);
        const struct overlay_graft graft = {&owner, mode_of(c, &item->attr), NULL};
        bool many = item->attr.nlink > 1;
        bool done = false;

        if (many && clear_name(dir, name, err) < 0)
                return -1;
        if (many && place_hard_link(c, item, dir, name, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (place_over(s, item, dir, name, &graft, &placed, err) < 0)
                return -1;
        remember_body(c, s, item, &placed);
        if (many)
                remember_link(c, item, &placed);
        return 0;
}

/* --- directories ------------------------------------------------------------------- */

static int merge_children(struct builder_copy *c, struct builder_source *s, const struct builder_item *from,
                          const char *below, const struct overlay_ref *to, unsigned depth, struct error *err);

/* The directory `name`, new or there already, with the attributes of the item. */
static int ensure_child_directory(struct builder_copy *c, struct builder_source *s, const struct builder_item *item,
                                  const struct overlay_ref *dir, const char *name, struct overlay_ref *ret,
                                  struct error *err)
{
        const struct overlay_owner owner = owner_of(c, &item->attr);
        const struct overlay_make make = {
                .mode = S_IFDIR | mode_of(c, &item->attr), .uid = owner.uid, .gid = owner.gid};
        const struct overlay_change change = {.set = OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID,
                                              .mode = make.mode & 07777,
                                              .uid = make.uid,
                                              .gid = make.gid};
        CLEANUP_ERROR struct error lookup_err = ERROR_INIT;
        struct overlay_attr old;

        if (overlay_node_lookup(dir, name, ret, &lookup_err) < 0) {
                if (lookup_err.code != ENOENT)
                        return error_move(err, &lookup_err);
                if (overlay_node_make(dir, name, &make, ret, err) < 0)
                        return -1;
                return builder_item_copy_xattrs(s, item, ret, err);
        }
        if (overlay_node_stat(ret, &old, err) < 0)
                return -1;
        if (!S_ISDIR(old.mode)) {
                CLEANUP_FREE char *path = overlay_node_path(ret);

                return error_set(err, ENOTDIR, "cannot replace %s by a directory: remove it first", path);
        }
        if (overlay_node_set(ret, &change, err) < 0)
                return -1;
        return builder_item_copy_xattrs(s, item, ret, err);
}

static int merge_child(struct builder_copy *c, struct builder_source *s, const struct builder_item *item,
                       const char *below, const struct overlay_ref *dir, const char *name, unsigned depth,
                       struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref made = OVERLAY_REF_INIT;
        const struct dockerfile_ignore *exclude = c->options.exclude;

        if (exclude && dockerfile_ignore_matches(exclude, below, NULL) &&
            !(S_ISDIR(item->attr.mode) && dockerfile_ignore_may_contain(exclude, below)))
                return 0;
        if (!S_ISDIR(item->attr.mode))
                return place_file(c, s, item, dir, name, err);
        if (ensure_child_directory(c, s, item, dir, name, &made, err) < 0 ||
            merge_children(c, s, item, below, &made, depth + 1, err) < 0)
                return -1;
        return set_mtime(&made, &item->attr.mtime, err);
}

struct merging {
        struct builder_copy *copy;
        struct builder_source *source;
        const char *below;
        const struct overlay_ref *to;
        unsigned depth;
};

static int merge_name(void *context, const char *name, const struct builder_item *item, struct error *err)
{
        const struct merging *m = context;
        CLEANUP_FREE char *path = NULL;

        /* only directories and what --exclude looks at need a path */
        if (m->copy->options.exclude || S_ISDIR(item->attr.mode))
                path = memory_printf("%s%s%s", m->below, m->below[0] ? "/" : "", name);
        return merge_child(m->copy, m->source, item, path ? path : name, m->to, name, m->depth, err);
}

static int merge_children(struct builder_copy *c, struct builder_source *s, const struct builder_item *from,
                          const char *below, const struct overlay_ref *to, unsigned depth, struct error *err)
{
        struct merging m = {c, s, below, to, depth};

        if (depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", from->path,
                                 BUILDER_MAX_DEPTH);
        return builder_source_each(s, from, merge_name, &m, err);
}

/* --- the destination ------------------------------------------------------------------ */

static bool is_directory(struct builder_copy *c, const char *path)
{
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_attr attr;

        return overlay_tree_resolve(c->tree, NULL, path, 0, &ref, &err) == 0 &&
               overlay_node_stat(&ref, &attr, &err) == 0 && S_ISDIR(attr.mode);
}

/* If DIR/NAME is a link, goes where it points, so that only the instruction's own destination is followed. */
static int follow_destination(struct builder_copy *c, struct overlay_ref *dir, char **name, struct error *err)
{
        for (int links = 0; links <= MAX_LINKS; links++) {
                CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
                CLEANUP_OVERLAY_REF struct overlay_ref next = OVERLAY_REF_INIT;
                CLEANUP_ERROR struct error lookup_err = ERROR_INIT;
                CLEANUP_FREE char *target = NULL;
                CLEANUP_FREE char *next_name = NULL;

                if (overlay_node_lookup(dir, *name, &node, &lookup_err) < 0)
                        return lookup_err.code == ENOENT ? 0 : error_move(err, &lookup_err);
                if (overlay_node_readlink(&node, &target, &lookup_err) < 0)
                        return lookup_err.code == EINVAL ? 0 : error_move(err, &lookup_err);
                if (overlay_tree_resolve_parent(c->tree, dir, target, &next, &next_name, err) < 0)
                        return -1;
                overlay_ref_release(dir);
                overlay_ref_copy(&next, dir);
                free(*name);
                *name = STEAL(next_name);
        }
        return error_set(err, ELOOP, "too many symbolic links in the destination %s", c->dest);
}

/* Where a source called `base` that is not a directory goes. */
static int file_destination(struct builder_copy *c, const char *base, struct overlay_ref *ret_dir, char **ret_name,
                            struct error *err)
{
        const char *slash = strrchr(c->dest, '/');
        CLEANUP_FREE char *parent = memory_strndup(c->dest, (size_t)(slash - c->dest) + 1);

        if (c->into || is_directory(c, c->dest)) {
                *ret_name = memory_strdup(base);
                return make_directories(c, c->dest, ret_dir, err);
        }
        if (c->several)
                return error_set(
                        err, EINVAL,
                        "several files cannot all become %s: the destination must be a directory, end it with /",
                        c->dest);
        *ret_name = memory_strdup(slash + 1);
        if (make_directories(c, parent, ret_dir, err) < 0)
                return -1;
        return follow_destination(c, ret_dir, ret_name, err);
}

struct builder_copy *builder_copy_begin(struct overlay_tree *tree, const char *dest, bool several,
                                        const struct builder_copy_options *o)
{
        struct builder_copy *c = memory_zalloc(1, sizeof(*c));

        c->tree = tree;
        c->dest = dest[0] == '/' ? memory_strdup(dest) : memory_printf("%s/%s", o->cwd, dest);
        c->into = names_directory(dest);
        c->several = several;
        c->options = *o;
        c->links = map_new(free_link);
        return c;
}

int builder_copy_directory(struct builder_copy *c, struct overlay_ref *ret, struct error *err)
{
        return make_directories(c, c->dest, ret, err);
}

/* A directory brings its contents; an existing destination keeps its own attributes but for the time. */
static int copy_directory(struct builder_copy *c, struct builder_source *s, const struct builder_item *item,
                          struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dest = OVERLAY_REF_INIT;

        if (make_directories(c, c->dest, &dest, err) < 0 || merge_children(c, s, item, "", &dest, 0, err) < 0)
                return -1;
        return set_mtime(&dest, &item->attr.mtime, err);
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* The name under which a file lands in a directory: the one written, not the one a link led to. */
static char *written_name(const char *path)
{
        CLEANUP_FREE char *trimmed = memory_strdup(path);
        size_t size = strlen(trimmed);

        while (size > 0 && trimmed[size - 1] == '/')
                trimmed[--size] = '\0';
        return memory_strdup(base_name(trimmed));
}

int builder_copy_path(struct builder_copy *c, struct builder_source *s, const char *path, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *base = written_name(path);
        CLEANUP_FREE char *name = NULL;

        if (s->ops->find(s, path, &item, err) < 0)
                return -1;
        if (S_ISDIR(item.attr.mode))
                return copy_directory(c, s, &item, err);
        if (c->options.exclude && dockerfile_ignore_matches(c->options.exclude, base, NULL))
                return 0;
        if (file_destination(c, base, &dir, &name, err) < 0)
                return -1;
        return place_file(c, s, &item, &dir, name, err);
}

/* --- --parents ------------------------------------------------------------------------ */

static void remember_time(struct builder_copy *c, const struct overlay_ref *dir, const struct timespec *mtime)
{
        memory_grow(&c->dirs, &c->dir_cap, c->dir_count + 1, sizeof(*c->dirs));
        c->dirs[c->dir_count] = (struct dir_time){OVERLAY_REF_INIT, *mtime};
        overlay_ref_copy(dir, &c->dirs[c->dir_count++].dir);
}

/* Walks the names of `path` from `name` on, making each directory as it is in the source, to what was selected. */
static int place_below(struct builder_copy *c, struct builder_source *s, const struct builder_item *from,
                       const struct overlay_ref *dir, const char *path, char *name, struct error *err)
{
        CLEANUP_ITEM struct builder_item child = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref made = OVERLAY_REF_INIT;
        char *slash = strchr(name, '/');

        if (slash)
                *slash = '\0';
        if (s->ops->child(s, from, name, &child, err) < 0)
                return -1;
        if (!slash)
                return merge_child(c, s, &child, path, dir, name, 0, err);
        if (!S_ISDIR(child.attr.mode))
                return error_set(err, ENOTDIR, "%s is no directory any more", child.path);
        if (ensure_child_directory(c, s, &child, dir, name, &made, err) < 0)
                return -1;
        remember_time(c, &made, &child.attr.mtime);
        return place_below(c, s, &child, &made, path, slash + 1, err);
}

int builder_copy_below(struct builder_copy *c, struct builder_source *s, const char *root, const char *path,
                       struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        const struct dockerfile_ignore *exclude = c->options.exclude;
        CLEANUP_FREE char *names = memory_strdup(path);

        if (exclude && dockerfile_ignore_matches(exclude, path, NULL) && !dockerfile_ignore_may_contain(exclude, path))
                return 0;
        if (s->ops->find(s, root, &item, err) < 0 || make_directories(c, c->dest, &dir, err) < 0)
                return -1;
        if (path[0] == '\0')
                return merge_children(c, s, &item, "", &dir, 0, err);
        return place_below(c, s, &item, &dir, path, names, err);
}

static int tell_body(struct builder_copy *c, const struct placed_file *placed, struct error *err)
{
        struct overlay_piece *pieces = NULL;
        struct overlay_attr attr;
        size_t count = 0;

        if (overlay_node_stat(&placed->file, &attr, err) < 0)
                return -1;
        if (attr.nlink == 0)
                return 0;
        if (overlay_node_pieces(&placed->file, &pieces, &count, err) < 0)
                return -1;
        builder_body_table_add(c->options.bodies, pieces, count, attr.size, &placed->digest);
        free(pieces);
        return 0;
}

int builder_copy_finish(struct builder_copy *c, struct error *err)
{
        for (size_t i = 0; i < c->dir_count; i++)
                if (set_mtime(&c->dirs[i].dir, &c->dirs[i].mtime, err) < 0)
                        return -1;
        for (size_t i = 0; i < c->file_count; i++)
                if (tell_body(c, &c->files[i], err) < 0)
                        return -1;
        return 0;
}

int builder_copy_bytes(struct builder_copy *c, const char *name, const void *bytes, size_t size, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref file = OVERLAY_REF_INIT;
        CLEANUP_FREE char *final = NULL;
        const struct overlay_attr fresh = {.mode = S_IFREG | 0644};
        const struct overlay_owner owner = owner_of(c, &fresh);
        const struct overlay_make make = {
                .mode = S_IFREG | mode_of(c, &fresh), .uid = owner.uid, .gid = owner.gid, .mtime = &c->options.now};

        if (file_destination(c, name, &dir, &final, err) < 0 || clear_name(&dir, final, err) < 0 ||
            overlay_node_make(&dir, final, &make, &file, err) < 0 || overlay_node_append(&file, bytes, size, err) < 0)
                return -1;
        return set_mtime(&file, &c->options.now, err);
}

void builder_copy_end(struct builder_copy *c)
{
        if (c == NULL)
                return;
        map_free(c->links);
        for (size_t i = 0; i < c->dir_count; i++)
                overlay_ref_release(&c->dirs[i].dir);
        free(c->dirs);
        for (size_t i = 0; i < c->file_count; i++)
                overlay_ref_release(&c->files[i].file);
        free(c->files);
        free(c->dest);
        free(c);
}

void builder_copy_cleanup(struct builder_copy **c)
{
        builder_copy_end(*c);
        *c = NULL;
}
