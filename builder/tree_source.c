/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of another stage or image as a source: nodes are grafted, bodies shared, owners kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/source.h"
#include "common/memory.h"

#define CHUNK ((size_t)1 << 18)

struct tree_source {
        struct builder_source base; /* first */
        struct overlay_tree *tree;  /* borrowed */
        const struct log *log;
};

static struct tree_source *self(struct builder_source *s)
{
        return (struct tree_source *)(void *)s;
}

static int take_stat(struct builder_item *item, struct error *err)
{
        CLEANUP_FREE char *path = overlay_node_path(&item->ref);

        item->path = memory_strdup(path + strspn(path, "/"));
        return overlay_node_stat(&item->ref, &item->attr, err);
}

static int find(struct builder_source *s, const char *path, struct builder_item *ret, struct error *err)
{
        CLEANUP_FREE char *rooted = memory_printf("/%s", path);

        if (overlay_tree_resolve(self(s)->tree, NULL, rooted, 0, &ret->ref, err) < 0)
                return -1;
        return take_stat(ret, err);
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
        (void)s;
        if (overlay_node_lookup(&dir->ref, name, &ret->ref, err) < 0)
                return -1;
        return take_stat(ret, err);
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

/* Labels and measurements of a host never travel between stages; they would not be true there. */
static bool takes_xattr(const char *name)
{
        return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
               strncmp(name, "system.posix_acl_", 17) == 0;
}

static int each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                      void *context, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

        (void)s;
        if (overlay_node_list_xattrs(&item->ref, &names, err) < 0)
                return -1;
        for (const char *name = names.data; name && name < names.data + names.size; name += strlen(name) + 1) {
                CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

                if (!takes_xattr(name))
                        continue;
                if (overlay_node_get_xattr(&item->ref, name, &value, err) < 0 ||
                    each(context, name, value.data, value.size, err) < 0)
                        return -1;
        }
        return 0;
}

static int digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_FREE char *chunk = memory_alloc(CHUNK);
        struct sha256 hash;
        uint64_t offset = 0;
        size_t n;

        (void)s;
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

static int drop_foreign_xattrs(struct tree_source *t, const struct overlay_ref *node, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;

        if (overlay_node_list_xattrs(node, &names, err) < 0)
                return -1;
        for (const char *name = names.data; name && name < names.data + names.size; name += strlen(name) + 1) {
                if (takes_xattr(name))
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

static char *explain_missing(struct builder_source *s, const char *path)
{
        (void)s;
        (void)path;
        return NULL;
}

static void tree_source_free(struct builder_source *s)
{
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
        .explain_missing = explain_missing,
        .free = tree_source_free,
};

struct builder_source *builder_tree_source_new(struct overlay_tree *tree, const struct log *log)
{
        struct tree_source *t = memory_zalloc(1, sizeof(*t));

        t->base.ops = &tree_ops;
        t->tree = tree;
        t->log = log;
        return &t->base;
}
