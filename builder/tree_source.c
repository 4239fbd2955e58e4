/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of another stage or image as a source: nodes are grafted, bodies shared, owners kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "builder/scratch_tree.h"
#include "builder/source.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"

#define CHUNK ((size_t)1 << 18)

struct tree_source {
        struct builder_source base;        /* first */
        struct overlay_tree *tree;         /* borrowed */
        struct builder_body_table *bodies; /* borrowed, or NULL */
        const struct log *log;
        struct builder_scratch_tree
                *own;        /* NULL: `tree` is a stage's or image's; else it is of this one, as a context */
        char *where;         /* for messages: "the stage NAME"; owned, or NULL */
        char *chunk;         /* CHUNK bytes, NULL until something is hashed; owned */
        struct map *digests; /* inode number -> struct sha256_digest, of files with several names. A source has one
                                thread */
};

static struct tree_source *self(struct builder_source *s)
{
        return (struct tree_source *)(void *)s;
}

static int take_stat(const struct tree_source *t, struct builder_item *item, struct error *err)
{
        CLEANUP_FREE char *path = overlay_node_path(&item->ref);

        item->path = memory_strdup(path + strspn(path, "/"));
        if (overlay_node_stat(&item->ref, &item->attr, err) < 0)
                return -1;
        if (t->own)
                item->attr.uid = item->attr.gid = 0; /* whoever packed them: laptop and CI share step keys */
        return 0;
}

static int find(struct builder_source *s, const char *path, struct builder_item *ret, struct error *err)
{
        CLEANUP_FREE char *rooted = memory_printf("/%s", path);

        if (overlay_tree_resolve(self(s)->tree, NULL, rooted, 0, &ret->ref, err) < 0)
                return -1;
        return take_stat(self(s), ret, err);
}

static int add_name(void *context, const struct overlay_name *name, struct error *err)
{
        (void)err;
        if (!S_ISSOCK(name->kind))
                strv_take(context, memory_strndup(name->name, name->size));
        return 0;
}

static int list(struct builder_source *s, const struct builder_item *dir, struct strv *ret, struct error *err)
{
        (void)s;
        return overlay_node_list_sorted(&dir->ref, add_name, ret, err);
}

static int child(struct builder_source *s, const struct builder_item *dir, const char *name, struct builder_item *ret,
                 struct error *err)
{
        if (overlay_node_lookup(&dir->ref, name, &ret->ref, err) < 0)
                return -1;
        return take_stat(self(s), ret, err);
}

struct showing {
        struct tree_source *t;
        const struct overlay_ref *dir;
        builder_item_function *visit;
        void *context;
};

/* Only a directory gets a node: somebody will go into it. */
static int show(void *context, const struct overlay_child *from, struct error *err)
{
        const struct showing *sh = context;
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

        if (S_ISSOCK(from->attr.mode))
                return 0;
        if (!S_ISDIR(from->attr.mode)) {
                item.child = from;
                item.attr = from->attr;
                if (sh->t->own)
                        item.attr.uid = item.attr.gid = 0;
        } else if (overlay_node_lookup(sh->dir, from->name, &item.ref, err) < 0 || take_stat(sh->t, &item, err) < 0) {
                return -1;
        }
        return sh->visit(sh->context, from->name, &item, err);
}

static int show_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                     void *context, struct error *err)
{
        struct showing sh = {self(s), &dir->ref, visit, context};

        return overlay_node_each_child(&dir->ref, show, &sh, err);
}

static int read_link(struct builder_source *s, const struct builder_item *item, struct buffer *ret, struct error *err)
{
        CLEANUP_FREE char *target = NULL;

        (void)s;
        if (item->child) {
                buffer_append_string(ret, item->child->target);
                return 0;
        }
        if (overlay_node_readlink(&item->ref, &target, err) < 0)
                return -1;
        buffer_append_string(ret, target);
        return 0;
}

/* Labels and measurements of a host never travel between stages; they would not be true there. ACLs are a stage's own.
 */
static bool takes_xattr(const struct tree_source *t, const char *name)
{
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
               (!t->own && strncmp(name, "system.posix_acl_", 17) == 0);
}

static int each_child_xattr(struct tree_source *t, const struct overlay_child *child, builder_xattr_function *each,
                            void *context, struct error *err)
{
        for (size_t i = 0; i < child->xattr_count; i++) {
                const struct overlay_xattr *x = &child->xattrs[i];

                if (takes_xattr(t, x->name) && each(context, x->name, x->value, x->size, err) < 0)
                        return -1;
        }
        return 0;
}

static int each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                      void *context, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

        if (item->child)
                return each_child_xattr(self(s), item->child, each, context, err);
        if (overlay_node_list_xattrs(&item->ref, &names, err) < 0)
                return -1;
        for (const char *name = names.data; name && name < names.data + names.size; name += strlen(name) + 1) {
                CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

                if (!takes_xattr(self(s), name))
                        continue;
                if (overlay_node_get_xattr(&item->ref, name, &value, err) < 0 ||
                    each(context, name, value.data, value.size, err) < 0)
                        return -1;
        }
        return 0;
}

/* Where the bytes of a regular file are. */
struct body {
        const struct overlay_piece *pieces;
        size_t count;
        struct overlay_piece *owned; /* NULL: the pieces are an item's */
};

static void body_free(struct body *body)
{
        free(body->owned);
}

static int body_of(const struct builder_item *item, struct body *ret, struct error *err)
{
        if (item->child) {
                *ret = (struct body){item->child->pieces, item->child->piece_count, NULL};
                return 0;
        }
        if (overlay_node_pieces(&item->ref, &ret->owned, &ret->count, err) < 0)
                return -1;
        ret->pieces = ret->owned;
        return 0;
}

static void hash_zeros(struct sha256 *hash, char *chunk, uint64_t size)
{
        memset(chunk, 0, size < CHUNK ? (size_t)size : CHUNK);
        for (; size > 0; size -= size < CHUNK ? size : CHUNK)
                sha256_update(hash, chunk, size < CHUNK ? (size_t)size : CHUNK);
}

static int hash_piece(struct sha256 *hash, char *chunk, const struct overlay_piece *piece, struct error *err)
{
        for (uint64_t done = 0; done < piece->length;) {
                size_t n = piece->length - done < CHUNK ? (size_t)(piece->length - done) : CHUNK;

                if (overlay_source_read(piece->source, chunk, n, piece->source_offset + done, err) < 0)
                        return -1;
                sha256_update(hash, chunk, n);
                done += n;
        }
        return 0;
}

static int hash_body(struct tree_source *t, const struct body *body, uint64_t size, struct sha256_digest *ret,
                     struct error *err)
{
        char *chunk = t->chunk = t->chunk ? t->chunk : memory_alloc(CHUNK);
        struct sha256 hash;
        uint64_t at = 0;

        sha256_init(&hash);
        for (size_t i = 0; i < body->count; i++) {
                const struct overlay_piece *piece = &body->pieces[i];

                hash_zeros(&hash, chunk, piece->offset - at);
                if (hash_piece(&hash, chunk, piece, err) < 0)
                        return -1;
                at = piece->offset + piece->length;
        }
        hash_zeros(&hash, chunk, size - at);
        sha256_final(&hash, ret);
        return 0;
}

static int digest_body(struct tree_source *t, const struct builder_item *item, struct sha256_digest *ret,
                       struct error *err)
{
        struct body body = {.owned = NULL};
        int result = body_of(item, &body, err);

        if (result == 0 &&
            !(t->bodies && builder_body_table_find(t->bodies, body.pieces, body.count, item->attr.size, ret))) {
                result = hash_body(t, &body, item->attr.size, ret, err);
                if (result == 0 && t->bodies)
                        builder_body_table_add(t->bodies, body.pieces, body.count, item->attr.size, ret);
        }
        body_free(&body);
        return result;
}

/* The names of one inode are hashed once: a base with busybox has four hundred of them. */
static int digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret,
                  struct error *err)
{
        struct map *digests = self(s)->digests;
        bool many = item->attr.nlink > 1;
        const struct sha256_digest *known = many ? map_find(digests, &item->attr.ino, sizeof(item->attr.ino)) : NULL;

        if (known) {
                *ret = *known;
                return 0;
        }
        if (digest_body(self(s), item, ret, err) < 0)
                return -1;
        if (many)
                map_set(digests, &item->attr.ino, sizeof(item->attr.ino), memory_dup(ret, sizeof(*ret)));
        return 0;
}

static void tell_dropped(const struct tree_source *t, const char *name)
{
        log_print(t->log, LOG_INFO, "the extended attribute %s is not copied between stages", name);
}

static int drop_foreign_xattrs(struct tree_source *t, const struct overlay_ref *node, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

        if (overlay_node_list_xattrs(node, &names, err) < 0)
                return -1;
        for (const char *name = names.data; name && name < names.data + names.size; name += strlen(name) + 1) {
                if (takes_xattr(t, name))
                        continue;
                tell_dropped(t, name);
                if (overlay_node_remove_xattr(node, name, err) < 0)
                        return -1;
        }
        return 0;
}

static int place_child(struct tree_source *t, const struct overlay_child *from, const struct overlay_ref *dir,
                       const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        CLEANUP_FREE struct overlay_xattr *taken = NULL;
        struct overlay_child child = *from;

        if (from->xattr_count > 0) {
                child.xattrs = taken = memory_zalloc(from->xattr_count, sizeof(*taken));
                child.xattr_count = 0;
                for (size_t i = 0; i < from->xattr_count; i++) {
                        if (takes_xattr(t, from->xattrs[i].name))
                                taken[child.xattr_count++] = from->xattrs[i];
                        else
                                tell_dropped(t, from->xattrs[i].name);
                }
        }
        return overlay_node_plant(dir, name, &child, graft, ret, err);
}

static int place(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                 const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
        if (item->child)
                return place_child(self(s), item->child, dir, name, graft, ret, err);
        if (overlay_node_graft(dir, name, &item->ref, graft, ret, err) < 0)
                return -1;
        return drop_foreign_xattrs(self(s), ret, err);
}

/* A copy of the bytes in the store's scratch: archives are read with descriptors, and a body may lie in pieces. */
static int open_file(struct builder_source *s, const struct builder_item *item, int *ret_fd, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        CLEANUP_FREE char *chunk = memory_alloc(CHUNK);
        CLEANUP_FD int fd = -1;
        uint64_t offset = 0;
        size_t n;

        if (!self(s)->own)
                return error_set(err, ENOTSUP, "a file of a stage cannot be opened");
        if (oci_store_file_create(builder_scratch_tree_workshop(self(s)->own)->store, OCI_STORE_DATA, &file, err) < 0)
                return -1;
        fd = fcntl(oci_store_file_fd(file), F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
                return error_errno(err, errno, "cannot duplicate a descriptor");
        do {
                if (overlay_node_read(&item->ref, chunk, CHUNK, offset, &n, err) < 0)
                        return -1;
                if (fd_pwrite_all(fd, chunk, n, (off_t)offset) < 0)
                        return error_errno(err, errno, "cannot copy %s", item->path);
                offset += n;
        } while (n > 0);
        *ret_fd = fd_steal(&fd);
        return 0;
}

static int keep(struct builder_source *s, struct strv *made, struct error *err)
{
        return self(s)->own ? builder_scratch_tree_keep(self(s)->own, made, err) : 0;
}

static char *explain_missing(struct builder_source *s, const char *path, bool *ret_plain)
{
        const char *where = self(s)->own ? builder_scratch_tree_what(self(s)->own) : self(s)->where;

        (void)path;
        *ret_plain = true;
        return where ? memory_printf("it is not in %s", where) : NULL;
}

static void tree_source_free(struct builder_source *s)
{
        builder_scratch_tree_free(self(s)->own);
        map_free(self(s)->digests);
        free(self(s)->where);
        free(self(s)->chunk);
        free(self(s));
}

static const struct builder_source_ops tree_ops = {
        .find = find,
        .list = list,
        .child = child,
        .each = show_each,
        .read_link = read_link,
        .each_xattr = each_xattr,
        .digest = digest,
        .place = place,
        .open_file = open_file,
        .keep = keep,
        .explain_missing = explain_missing,
        .free = tree_source_free,
};

struct builder_source *builder_tree_source_new(struct overlay_tree *tree, struct builder_body_table *bodies,
                                               const struct log *log)
{
        struct tree_source *t = memory_zalloc(1, sizeof(*t));

        t->base.ops = &tree_ops;
        t->tree = tree;
        t->digests = map_new(free);
        t->bodies = bodies;
        t->log = log;
        return &t->base;
}

void builder_tree_source_name(struct builder_source *s, const char *where)
{
        free(self(s)->where);
        self(s)->where = memory_strdup(where);
}

struct builder_source *builder_tree_source_own(struct builder_scratch_tree *tree)
{
        struct builder_source *s = builder_tree_source_new(builder_scratch_tree_tree(tree), NULL,
                                                           builder_scratch_tree_workshop(tree)->log);

        self(s)->own = tree;
        return s;
}
