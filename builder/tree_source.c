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
        struct builder_source base; /* first */
        struct overlay_tree *tree;  /* borrowed */
        struct builder_body_table *bodies; /* borrowed, or NULL */
        const struct log *log;
        struct builder_scratch_tree *own; /* NULL: `tree` is a stage's or image's; else it is of this one, as a context */
        struct map *digests; /* inode number -> struct sha256_digest, of files with several names. A source has one thread */
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

static int read_link(struct builder_source *s, const struct builder_item *item, struct buffer *ret, struct error *err)
{
        CLEANUP_FREE char *target = NULL;

        (void)s;
        if (overlay_node_readlink(&item->ref, &target, err) < 0)
                return -1;
        buffer_append_string(ret, target);
        return 0;
}

/* Labels and measurements of a host never travel between stages; they would not be true there. ACLs are a stage's own. */
static bool takes_xattr(const struct tree_source *t, const char *name)
{
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
               (!t->own && strncmp(name, "system.posix_acl_", 17) == 0);
}

static int each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                      void *context, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

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

static int hash_bytes(const struct builder_item *item, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_FREE char *chunk = memory_alloc(CHUNK);
        struct sha256 hash;
        uint64_t offset = 0;
        size_t n;

        sha256_init(&hash);
        do {
                if (overlay_node_read(&item->ref, chunk, CHUNK, offset, &n, err) < 0)
                        return -1;
                sha256_update(&hash, chunk, n);
                offset += n;
        } while (n > 0);
        sha256_final(&hash, ret);
        return 0;
}

/* The names of one inode are hashed once: a base with busybox has four hundred of them. */
static int digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret, struct error *err)
{
        struct builder_body_table *bodies = self(s)->bodies;
        struct map *digests = self(s)->digests;
        const struct sha256_digest *known = map_find(digests, &item->attr.ino, sizeof(item->attr.ino));

        if (known) {
                *ret = *known;
                return 0;
        }
        if (bodies && builder_body_table_find(bodies, &item->ref, ret))
                return 0;
        if (hash_bytes(item, ret, err) < 0)
                return -1;
        if (bodies)
                builder_body_table_add(bodies, &item->ref, ret);
        if (item->attr.nlink > 1)
                map_set(digests, &item->attr.ino, sizeof(item->attr.ino), memory_dup(ret, sizeof(*ret)));
        return 0;
}

static int drop_foreign_xattrs(struct tree_source *t, const struct overlay_ref *node, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

        if (overlay_node_list_xattrs(node, &names, err) < 0)
                return -1;
        for (const char *name = names.data; name && name < names.data + names.size; name += strlen(name) + 1) {
                if (takes_xattr(t, name))
                        continue;
                log_print(t->log, LOG_INFO, "the extended attribute %s is not copied between stages", name);
                if (overlay_node_remove_xattr(node, name, err) < 0)
                        return -1;
        }
        return 0;
}

static int place(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                 const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err)
{
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

static char *explain_missing(struct builder_source *s, const char *path)
{
        (void)path;
        return self(s)->own ? memory_printf("it is not in %s", builder_scratch_tree_what(self(s)->own)) : NULL;
}

static void tree_source_free(struct builder_source *s)
{
        builder_scratch_tree_free(self(s)->own);
        map_free(self(s)->digests);
        free(self(s));
}

static const struct builder_source_ops tree_ops = {
        .find = find,
        .list = list,
        .child = child,
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

struct builder_source *builder_tree_source_own(struct builder_scratch_tree *tree)
{
        struct builder_source *s = builder_tree_source_new(builder_scratch_tree_tree(tree), NULL,
                                                           builder_scratch_tree_workshop(tree)->log);

        self(s)->own = tree;
        return s;
}
