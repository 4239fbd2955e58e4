/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of layers: opening them as a tree and sealing the tree to one more layer. */
#include "builder/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "builder/cache_import.h"
#include "builder/lazy_base.h"
#include "common/fd.h"
#include "common/memory.h"

void builder_layer_free(struct builder_layer *layer)
{
        free(layer->index);
        strv_free(&layer->data);
        free(layer->step);
        if (layer->blob)
                oci_descriptor_clear(layer->blob);
        free(layer->blob);
        strv_free(&layer->origins);
        *layer = (struct builder_layer){ 0 };
}

static char *copy_text(const char *s)
{
        return s ? memory_strdup(s) : NULL;
}

void builder_layer_copy(struct builder_layer *to, const struct builder_layer *from)
{
        *to = *from;
        to->index = copy_text(from->index);
        to->data = (struct strv)STRV_INIT;
        strv_extend(&to->data, &from->data);
        to->step = copy_text(from->step);
        to->blob = from->blob ? oci_descriptor_dup(from->blob) : NULL;
        to->origins = (struct strv)STRV_INIT;
        strv_extend(&to->origins, &from->origins);
}

void builder_chain_add(struct builder_chain *chain, const struct builder_layer *layer)
{
        memory_grow(&chain->layers, &chain->cap, chain->count + 1, sizeof(*chain->layers));
        builder_layer_copy(&chain->layers[chain->count++], layer);
}

void builder_chain_copy(struct builder_chain *to, const struct builder_chain *from)
{
        *to = (struct builder_chain)BUILDER_CHAIN_INIT;
        for (size_t i = 0; i < from->count; i++)
                builder_chain_add(to, &from->layers[i]);
        to->identity = from->identity;
}

void builder_chain_free(struct builder_chain *chain)
{
        for (size_t i = 0; i < chain->count; i++)
                builder_layer_free(&chain->layers[i]);
        free(chain->layers);
        *chain = (struct builder_chain)BUILDER_CHAIN_INIT;
}

/* --- the upper ------------------------------------------------------------- */

static int random_name(char ret[33], struct error *err)
{
        unsigned char bytes[16];
        struct sha256_digest padded = { { 0 } };
        char hex[SHA256_HEX_SIZE + 1];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return error_errno(err, errno, "cannot make a random name for a data file");
        memcpy(padded.bytes, bytes, sizeof(bytes));
        sha256_to_hex(&padded, hex);
        memcpy(ret, hex, 32);
        ret[32] = '\0';
        return 0;
}

static int create_data(void *context, int *ret_fd, char ret_name[OVERLAY_SOURCE_NAME_MAX + 1], struct error *err)
{
        struct builder_upper *upper = context;

        if (random_name(upper->name, err) < 0 ||
            oci_store_file_create(upper->workshop->store, OCI_STORE_DATA, &upper->file, err) < 0)
                return -1;
        *ret_fd = fcntl(oci_store_file_fd(upper->file), F_DUPFD_CLOEXEC, 0);
        if (*ret_fd < 0)
                return error_errno(err, errno, "cannot duplicate the descriptor of a data file");
        memcpy(ret_name, "data/", 5);
        memcpy(ret_name + 5, upper->name, sizeof(upper->name));
        return 0;
}

static struct overlay_tree_options tree_options(struct builder_workshop *workshop, struct builder_upper *upper)
{
        *upper = (struct builder_upper){ .workshop = workshop };
        return (struct overlay_tree_options){
                .pool = workshop->pool,
                .create_data = create_data,
                .context = upper,
                .statfs_fd = oci_store_fd(workshop->store),
                .log = workshop->log,
        };
}

static int open_index(struct builder_workshop *w, const char *name, struct overlay_index **ret, struct error *err)
{
        const struct overlay_index_options options = { .log = w->log };
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);

        return overlay_index_open(oci_store_fd(w->store), path, &options, ret, err);
}

/* What is not in the store comes now. */
static int find_index(struct builder_workshop *w, const struct builder_layer *layer, const char **ret, struct error *err)
{
        const struct builder_layer *whole;

        *ret = layer->index;
        if (!layer->lazy)
                return 0;
        if (!layer->base)
                return builder_cache_import_layer(w->imports, &layer->diff_id, ret, err);
        if (builder_lazy_base_layer(layer->base, &layer->diff_id, &whole, err) < 0)
                return -1;
        *ret = whole->index;
        return 0;
}

int builder_chain_open(const struct builder_chain *chain, struct builder_workshop *workshop, const int64_t *latest,
                       struct builder_upper *upper, struct overlay_tree **ret, struct error *err)
{
        struct overlay_index **indexes = memory_zalloc(chain->count, sizeof(struct overlay_index *));
        struct overlay_tree_options options = tree_options(workshop, upper);
        int result = 0;

        options.indexes = indexes;
        options.has_latest = latest != NULL;
        options.latest = latest ? *latest : 0;
        for (size_t i = 0; i < chain->count && result == 0; i++) {
                const char *name = NULL;

                result = find_index(workshop, &chain->layers[i], &name, err);
                if (result < 0 || !name)
                        continue;
                result = open_index(workshop, name, &indexes[options.index_count], err);
                if (result == 0)
                        options.index_count++;
        }
        if (result == 0)
                result = overlay_tree_open(&options, ret, err);
        for (size_t i = 0; i < options.index_count; i++)
                (void)overlay_index_unref(indexes[i]);
        free(indexes);
        return result;
}

int builder_empty_tree_open(struct builder_workshop *workshop, struct overlay_pool *pool, struct builder_upper *upper,
                            struct overlay_tree **ret, struct error *err)
{
        struct overlay_tree_options options = tree_options(workshop, upper);

        if (pool)
                options.pool = pool;
        return overlay_tree_open(&options, ret, err);
}

int builder_layer_tree_open(struct builder_workshop *workshop, struct builder_upper *upper, struct overlay_tree **ret,
                            struct error *err)
{
        struct overlay_tree_options options = tree_options(workshop, upper);

        options.layer = true;
        return overlay_tree_open(&options, ret, err);
}

/* The sealed index lies in scratch; its content's digest is its name in the store. */
static int publish_index(struct builder_upper *upper, int scratch, const char *temporary, const char *name,
                         struct error *err)
{
        struct oci_store *store = upper->workshop->store;
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);

        if (renameat(scratch, temporary, oci_store_fd(store), path) < 0)
                return error_errno(err, errno, "cannot store the index of a layer as %s/%s", oci_store_path(store), path);
        return 0;
}

int builder_chain_seal(struct overlay_tree *tree, struct builder_upper *upper, bool always, struct builder_layer *ret,
                       struct sha256_digest *ret_content, struct error *err)
{
        struct overlay_seal_result sealed;
        CLEANUP_FREE char *temporary = memory_printf("index-%p", (void *)upper);
        char hex[SHA256_HEX_SIZE + 1];
        int scratch = -1;

        *ret = (struct builder_layer){ 0 };
        if (oci_store_scratch(upper->workshop->store, &scratch, err) < 0)
                return -1;
        if (overlay_tree_seal(tree, scratch, temporary, always, &sealed, err) < 0)
                return -1;
        *ret_content = sealed.index_digest;
        if (sealed.empty && !always)
                return 0;
        /* bodies first: an index under its final name has all that it points at */
        if (sealed.has_data && oci_store_file_commit(upper->file, upper->name, err) < 0)
                return -1;
        sha256_to_hex(&sealed.index_digest, hex);
        if (publish_index(upper, scratch, temporary, hex, err) < 0)
                return -1;
        ret->index = memory_strdup(hex);
        if (sealed.has_data)
                strv_add(&ret->data, upper->name);
        return 0;
}

void builder_upper_close(struct builder_upper *upper)
{
        oci_store_file_free(upper->file);
        upper->file = NULL;
}
