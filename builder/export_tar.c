/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as one tar, or several trees, each in a directory of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "builder/export.h"
#include "builder/export_tree.h"
#include "builder/tree_walk.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/layer_writer.h"

struct tar {
        struct oci_layer_writer *writer;
        char *chunk;
        const char *directory; /* that the tree is put into; NULL: it is the tar's root */
};

/* Where a path of the tree is in the tar. NULL when it is where it is. Heap text. */
static char *place(const struct tar *t, const char *path)
{
        if (!t->directory)
                return NULL;
        return path[0] ? memory_printf("%s/%s", t->directory, path) : memory_strdup(t->directory);
}

/* The values stand in `values` one behind the other; an array that the caller frees. */
static int read_xattrs(const struct overlay_ref *ref, struct buffer *names, struct buffer *values,
                       struct oci_xattr **ret, size_t *ret_count, struct error *err)
{
        size_t cap = 0, count = 0;
        struct oci_xattr *list = NULL;

        *ret = NULL;
        *ret_count = 0;
        if (overlay_node_list_xattrs(ref, names, err) < 0)
                return -1;
        for (size_t at = 0; at < names->size; at += strlen(names->data + at) + 1) {
                size_t before = values->size;

                if (overlay_node_get_xattr(ref, names->data + at, values, err) < 0) {
                        free(list);
                        return -1;
                }
                memory_grow(&list, &cap, count + 1, sizeof(*list));
                list[count++] = (struct oci_xattr){ names->data + at, NULL, values->size - before };
        }
        for (size_t i = 0, at = 0; i < count; at += list[i++].size)
                list[i].value = values->data ? values->data + at : "";
        *ret = list;
        *ret_count = count;
        return 0;
}

static int write_body(struct tar *t, const struct builder_walk_entry *entry, struct error *err)
{
        uint64_t offset = 0;
        size_t n;

        while (offset < entry->attr.size) {
                if (overlay_node_read(&entry->ref, t->chunk, BUILDER_EXPORT_CHUNK, offset, &n, err) < 0 ||
                    oci_layer_writer_body(t->writer, t->chunk, n, err) < 0)
                        return -1;
                if (n == 0)
                        return error_set(err, EIO, "/%s ends at byte %llu of %llu", entry->path, (unsigned long long)offset,
                                         (unsigned long long)entry->attr.size);
                offset += n;
        }
        return 0;
}

static int write_entry(struct tar *t, const struct builder_walk_entry *entry, struct error *err)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer values = BUFFER_INIT;
        CLEANUP_FREE struct oci_xattr *xattrs = NULL;
        CLEANUP_FREE char *target = entry->link ? place(t, entry->link) : NULL;
        CLEANUP_FREE char *path = place(t, entry->path);
        struct oci_entry out = {
                .kind = entry->link ? OCI_ENTRY_HARDLINK : oci_entry_kind_of(entry->attr.mode),
                .path = path ? path : entry->path,
                .mode = entry->attr.mode & 07777,
                .uid = entry->attr.uid,
                .gid = entry->attr.gid,
                .mtime = entry->attr.mtime.tv_sec,
                .rdev_major = major(entry->attr.rdev),
                .rdev_minor = minor(entry->attr.rdev),
                .target = entry->link,
        };

        if (!entry->link && read_xattrs(&entry->ref, &names, &values, &xattrs, &out.xattr_count, err) < 0)
                return -1;
        if (out.kind == OCI_ENTRY_SYMLINK && overlay_node_readlink(&entry->ref, &target, err) < 0)
                return -1;
        out.xattrs = xattrs;
        out.target = target ? target : entry->link;
        out.size = out.kind == OCI_ENTRY_FILE ? entry->attr.size : 0;
        return oci_layer_writer_entry(t->writer, &out, err);
}

static int visit(void *context, const struct builder_walk_entry *entry, struct error *err)
{
        struct tar *t = context;

        if (S_ISSOCK(entry->attr.mode))
                return 0;
        if (write_entry(t, entry, err) < 0)
                return -1;
        return S_ISREG(entry->attr.mode) && !entry->link ? write_body(t, entry, err) : 0;
}

static int write_out(void *context, const void *bytes, size_t size, struct error *err)
{
        const int *fd = context;

        return fd_write_all(*fd, bytes, size) < 0 ? error_errno(err, errno, "cannot write the tar") : 0;
}

static int write_tree(void *context, struct overlay_tree *tree, struct error *err)
{
        return builder_tree_walk(tree, visit, context, err);
}

static int write_trees(const struct builder_export_options *o, struct tar *t, size_t count, struct error *err)
{
        for (size_t i = 0; i < count; i++) {
                t->directory = o[i].directory;
                if (builder_export_with_tree(&o[i], write_tree, t, err) < 0)
                        return -1;
        }
        return oci_layer_writer_finish(t->writer, err);
}

int builder_export_tar(const struct builder_export_options *o, size_t count, int fd, struct error *err)
{
        struct tar t = {oci_layer_writer_new(write_out, &fd), memory_alloc(BUILDER_EXPORT_CHUNK), NULL};
        int result = write_trees(o, &t, count, err);

        oci_layer_writer_free(t.writer);
        free(t.chunk);
        return result;
}
