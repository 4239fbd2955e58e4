/* SPDX-License-Identifier: Apache-2.0 */
/* Trees in memory over a tar or a file that came from outside. */
#include "builder/scratch_tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/random_name.h"
#include "builder/unpack.h"
#include "common/memory.h"
#include "oci/layer_reader.h"

struct builder_scratch_tree {
        struct builder_workshop *workshop; /* borrowed */
        struct builder_upper upper;
        struct overlay_tree *tree;
        char *what;
        struct overlay_source *bytes; /* NULL: no file has any */
        char *data;                   /* their name in OCI_STORE_DATA */
        pthread_mutex_t lock;         /* guards the next */
        struct oci_store_file *file;  /* not committed yet; NULL: in the store */
};

int builder_scratch_tree_new(struct builder_workshop *w, const char *what, struct builder_scratch_tree **ret,
                             struct error *err)
{
        const struct builder_chain nothing = BUILDER_CHAIN_INIT;
        struct builder_scratch_tree *t = memory_zalloc(1, sizeof(*t));

        t->workshop = w;
        t->what = memory_strdup(what);
        pthread_mutex_init(&t->lock, NULL);
        if (builder_chain_open(&nothing, w, NULL, &t->upper, &t->tree, err) < 0) {
                builder_scratch_tree_free(t);
                return -1;
        }
        *ret = t;
        return 0;
}

void builder_scratch_tree_free(struct builder_scratch_tree *t)
{
        if (!t)
                return;
        overlay_tree_close(t->tree);
        builder_upper_close(&t->upper);
        if (t->file && t->bytes)
                overlay_source_unpin(t->bytes);
        (void)overlay_source_unref(t->bytes);
        oci_store_file_free(t->file);
        pthread_mutex_destroy(&t->lock);
        free(t->data);
        free(t->what);
        free(t);
}

/* The uncompressed tar in scratch, known to the pool by the name that it will have. */
static int ingest(struct builder_scratch_tree *t, int fd, struct error *err)
{
        const struct oci_layer_options options = {.log = t->workshop->log, .plain_names = true};
        CLEANUP_FREE char *source = NULL;
        struct oci_layer_info info;
        int out;

        if (oci_store_file_create(t->workshop->store, OCI_STORE_DATA, &t->file, err) < 0)
                return -1;
        out = oci_store_file_fd(t->file);
        if (oci_layer_ingest(fd, out, &options, NULL, NULL, &info, err) < 0 ||
            builder_random_name("tar-", &t->data, err) < 0)
                return -1;
        if (lseek(out, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read the tar again");
        source = memory_printf("data/%s", t->data);
        if (overlay_pool_ensure(t->workshop->pool, source, info.size, &t->bytes, err) < 0)
                return -1;
        return overlay_source_pin(t->bytes, out, err);
}

int builder_scratch_tree_read_tar(struct builder_scratch_tree *t, int fd, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;

        overlay_tree_root(t->tree, &root);
        if (ingest(t, fd, err) < 0 ||
            builder_unpack_entries(oci_store_file_fd(t->file), t->bytes, t->tree, &root, t->workshop->log, err) < 0)
                return error_wrap(err, "cannot read %s", t->what);
        return 0;
}

int builder_scratch_tree_add_file(struct builder_scratch_tree *t, const char *name, mode_t mode, time_t mtime,
                                  const char *data, uint64_t size, struct error *err)
{
        const struct timespec time = {.tv_sec = mtime};
        const struct overlay_make make = {.mode = S_IFREG | mode, .mtime = &time};
        const struct overlay_change change = {.set = OVERLAY_SET_MTIME, .mtime = time};
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref file = OVERLAY_REF_INIT;
        CLEANUP_FREE char *source = memory_printf("data/%s", data);

        overlay_tree_root(t->tree, &root);
        t->data = memory_strdup(data);
        if (overlay_pool_ensure(t->workshop->pool, source, size, &t->bytes, err) < 0 ||
            overlay_node_make(&root, name, &make, &file, err) < 0 ||
            overlay_node_extend(&file, 0, size, t->bytes, 0, err) < 0 || overlay_node_set(&file, &change, err) < 0)
                return error_wrap(err, "cannot take over %s", t->what);
        return 0;
}

struct overlay_tree *builder_scratch_tree_tree(const struct builder_scratch_tree *t)
{
        return t->tree;
}

const char *builder_scratch_tree_what(const struct builder_scratch_tree *t)
{
        return t->what;
}

struct builder_workshop *builder_scratch_tree_workshop(const struct builder_scratch_tree *t)
{
        return t->workshop;
}

int builder_scratch_tree_keep(struct builder_scratch_tree *t, struct strv *made, struct error *err)
{
        int result = 0;

        if (!t->data)
                return 0;
        pthread_mutex_lock(&t->lock);
        if (t->file) {
                result = oci_store_file_commit(t->file, t->data, err);
                if (result == 0) {
                        overlay_source_unpin(t->bytes);
                        oci_store_file_free(STEAL(t->file));
                }
        }
        pthread_mutex_unlock(&t->lock);
        if (result == 0 && !strv_has(made, t->data))
                strv_add(made, t->data);
        return result;
}
