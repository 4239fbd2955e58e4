/* SPDX-License-Identifier: Apache-2.0 */
/* Where an OCI layer becomes an overlay index. */
#include "builder/layer_import.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/archive_entry.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/layer_reader.h"

static int apply_root(struct overlay_tree *tree, const struct oci_entry *e, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        struct overlay_make make;
        struct timespec mtime;

        builder_entry_make(e, &make, &mtime);
        if (overlay_layer_set_root(tree, &make, err) < 0)
                return -1;
        overlay_tree_root(tree, &root);
        return builder_entry_fill(e, NULL, &root, err);
}

static int apply_node(const struct overlay_ref *dir, const char *name, const struct oci_entry *e,
                      struct overlay_source *source, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        struct overlay_make make;
        struct timespec mtime;

        builder_entry_make(e, &make, &mtime);
        if (overlay_node_make(dir, name, &make, &node, err) < 0)
                return -1;
        return builder_entry_fill(e, source, &node, err);
}

static int apply_opaque(struct overlay_tree *tree, const struct overlay_ref *parent, const char *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_FREE char *inside = NULL;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FREE char *rest = NULL;

        if (name[0] == '\0') {
                overlay_tree_root(tree, &root);
                return overlay_layer_set_opaque(&root, err);
        }
        /* the directory's own entry may come later: walking to something inside it makes it, as an implicit one */
        path = overlay_node_path(parent);
        inside = memory_printf("%s/%s/x", path, name);
        if (overlay_layer_parent(tree, inside, &dir, &rest, err) < 0)
                return -1;
        return overlay_layer_set_opaque(&dir, err);
}

static int apply(struct overlay_tree *tree, const struct oci_entry *e, struct overlay_source *source, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        if (e->path[0] == '\0' && e->kind == OCI_ENTRY_DIRECTORY)
                return apply_root(tree, e, err);
        if (overlay_layer_parent(tree, e->path[0] ? e->path : ".", &dir, &name, err) < 0)
                return -1;
        switch (e->kind) {
        case OCI_ENTRY_WHITEOUT:
                return overlay_layer_whiteout(&dir, name, err);
        case OCI_ENTRY_OPAQUE:
                return apply_opaque(tree, &dir, name, err);
        case OCI_ENTRY_HARDLINK:
                return overlay_layer_link(&dir, name, e->target, err);
        case OCI_ENTRY_FILE:
        case OCI_ENTRY_DIRECTORY:
        case OCI_ENTRY_SYMLINK:
        case OCI_ENTRY_CHAR:
        case OCI_ENTRY_BLOCK:
        case OCI_ENTRY_FIFO:
                break;
        }
        return apply_node(&dir, name, e, source, err);
}

static int read_entries(struct builder_workshop *w, int fd, struct overlay_source *source, struct overlay_tree *tree,
                        struct error *err)
{
        const struct oci_layer_options options = { .log = w->log };
        struct oci_layer_reader *reader = NULL;
        const struct oci_entry *e = NULL;
        int result = oci_layer_reader_open(fd, &options, &reader, err);

        while (result == 0 && (result = oci_layer_reader_next(reader, &e, err)) == 0 && e)
                result = apply(tree, e, source, err);
        oci_layer_reader_close(reader);
        return result;
}

static int import_blob(struct builder_workshop *w, struct oci_image_layer *layer, const char *hex, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = { 0 };
        CLEANUP_FREE char *name = memory_printf("blobs/%s", hex);
        struct builder_layer sealed = { 0 };
        struct sha256_digest content;
        struct overlay_source *source = NULL;
        CLEANUP_FD int fd = -1;
        uint64_t size = 0;
        int result;

        if (oci_store_blob_open(w->store, &layer->diff_id, &fd, &size, err) < 0 ||
            overlay_pool_ensure(w->pool, name, size, &source, err) < 0)
                return -1;
        result = builder_layer_tree_open(w, &upper, &tree, err);
        if (result == 0)
                result = read_entries(w, fd, source, tree, err);
        if (result == 0)
                result = builder_chain_seal(tree, &upper, true, &sealed, &content, err);
        (void)overlay_source_unref(source);
        if (result == 0)
                layer->index = STEAL(sealed.index);
        builder_layer_free(&sealed);
        return result;
}

/* --- while it arrives ------------------------------------------------------- */

struct receiver {
        struct overlay_tree *tree;
        struct overlay_source *source;
};

static int receive_entry(void *context, const struct oci_entry *e, struct error *err)
{
        struct receiver *r = context;

        for (size_t i = 0; i < e->extent_count; i++)
                overlay_source_grow(r->source, e->extents[i].source + e->extents[i].length);
        return apply(r->tree, e, r->source, err);
}

static int check_diff_id(const struct oci_image_layer *layer, const struct oci_layer_info *info, struct error *err)
{
        char is[OCI_DIGEST_TEXT + 1], wanted[OCI_DIGEST_TEXT + 1];

        if (sha256_equal(&info->diff_id, &layer->diff_id))
                return 0;
        oci_digest_format(&info->diff_id, is);
        oci_digest_format(&layer->diff_id, wanted);
        return error_set(err, EBADMSG, "unpacked it has the digest %s, and the image's config says %s", is, wanted);
}

/* The tar gets its name before the index that points at it. */
static int receive_into(struct builder_workshop *w, const struct oci_layer_feed *feed, struct builder_upper *upper,
                        struct receiver *r, struct oci_image_layer *layer, struct error *err)
{
        const struct oci_layer_options options = { .log = w->log };
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        struct builder_layer sealed = { 0 };
        struct sha256_digest content;
        struct oci_layer_info info;
        int result;

        if (oci_store_file_create(w->store, OCI_STORE_BLOBS, &file, err) < 0 ||
            oci_layer_ingest_feed(feed, oci_store_file_fd(file), &options, receive_entry, r, &info, err) < 0 ||
            check_diff_id(layer, &info, err) < 0 || oci_store_blob_commit(file, &info.diff_id, err) < 0)
                return -1;
        overlay_source_grow(r->source, info.size);
        result = builder_chain_seal(r->tree, upper, true, &sealed, &content, err);
        if (result == 0) {
                layer->size = info.size;
                layer->writer = 0;
                free(layer->index);
                layer->index = STEAL(sealed.index);
        }
        builder_layer_free(&sealed);
        return result;
}

int builder_layer_receive(struct builder_workshop *w, const struct oci_layer_feed *feed, struct oci_image_layer *layer,
                          struct error *err)
{
        CLEANUP_UPPER struct builder_upper upper = { 0 };
        CLEANUP_FREE char *name = NULL;
        struct receiver r = { NULL, NULL };
        char hex[SHA256_HEX_SIZE + 1];
        int result;

        sha256_to_hex(&layer->diff_id, hex);
        name = memory_printf("blobs/%s", hex);
        if (overlay_pool_ensure(w->pool, name, 0, &r.source, err) < 0)
                return -1;
        result = builder_layer_tree_open(w, &upper, &r.tree, err);
        if (result == 0)
                result = receive_into(w, feed, &upper, &r, layer, err);
        overlay_tree_close(r.tree);
        (void)overlay_source_unref(r.source);
        return result;
}

/* --- from its tar ------------------------------------------------------------ */

int builder_layer_import(struct builder_workshop *w, struct oci_image_layer *layer, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        if (layer->writer != 0 || (layer->index && oci_store_has(w->store, OCI_STORE_INDEXES, layer->index)))
                return 0;
        sha256_to_hex(&layer->diff_id, hex);
        free(layer->index);
        layer->index = NULL;
        if (import_blob(w, layer, hex, err) < 0)
                return error_wrap(err, "cannot read the layer sha256:%s", hex);
        return 0;
}
