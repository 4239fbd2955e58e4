/* SPDX-License-Identifier: Apache-2.0 */
/* A tree: opening the stack, numbering its inodes, binding its unresolved links, closing; and what all its parts share.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "overlay/data.h"
#include "overlay/names.h"
#include "overlay/node.h"

#define FIRST_BUCKETS 256
/* The root is 1, and record 0 of a layer is its root: the first number that a record can give is one more than this. */
#define FIRST_INO 2

void overlay_tree_lock(struct overlay_tree *tree)
{
        pthread_mutex_lock(&tree->lock);
}

void overlay_tree_unlock(struct overlay_tree *tree)
{
        size_t count = 0;
        struct tree_range *ranges = overlay_data_take_punches(tree, &count);

        pthread_mutex_unlock(&tree->lock);
        if (ranges != NULL)
                overlay_data_punch(tree, ranges, count);
}

void overlay_tree_latch(struct overlay_tree *tree, struct error *err)
{
        error_move(&tree->failure, err);
}

int overlay_tree_damaged(struct overlay_tree *tree, uint32_t layer, const char *what, uint64_t number)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int code;

        overlay_index_damaged(tree->layers[layer].index, what, number, &err);
        code = err.code;
        overlay_tree_latch(tree, &err);
        return -code;
}

int overlay_tree_failure(struct overlay_tree *tree, struct error *err)
{
        int rc = 0;

        overlay_tree_lock(tree);
        if (error_is_set(&tree->failure))
                rc = error_set(err, tree->failure.code, "%s", tree->failure.message);
        overlay_tree_unlock(tree);
        return rc;
}

void overlay_tree_observe(struct overlay_tree *tree, enum overlay_observed what, uint64_t ino, const char *name,
                          uint64_t found)
{
        const struct overlay_observer *observer = tree->options.observer;

        if (observer != NULL)
                observer->observe(observer->context, what, ino, name, found);
}

const struct overlay_index *overlay_tree_index(const struct overlay_tree *tree, uint32_t layer)
{
        return tree->layers[layer].index;
}

/* Coarse, as the kernel's own file times are: with a finer clock a file's mtime set by the kernel (writeback) could
 * precede its creation. */
void overlay_time_now(int64_t *ret_sec, uint32_t *ret_nsec)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        *ret_sec = now.tv_sec;
        *ret_nsec = (uint32_t)now.tv_nsec;
}

uint32_t overlay_tree_source(struct overlay_tree *tree, struct overlay_source *source)
{
        for (size_t i = tree->source_count; i-- > 0;)
                if (tree->sources[i] == source)
                        return (uint32_t)i;
        memory_grow(&tree->sources, &tree->source_cap, tree->source_count + 1, sizeof(struct overlay_source *));
        tree->sources[tree->source_count] = overlay_source_ref(source);
        return (uint32_t)tree->source_count++;
}

int overlay_tree_layer_source(struct overlay_tree *tree, uint32_t layer, uint32_t number, uint32_t *ret)
{
        struct tree_layer *l = &tree->layers[layer];
        struct overlay_index_source row;
        struct overlay_source *source;

        if (l->sources == NULL)
                l->sources = memory_zalloc(overlay_index_source_count(l->index), sizeof(*l->sources));
        if (l->sources[number] == 0) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (overlay_index_source(l->index, number, &row, &err) < 0 ||
                    overlay_pool_ensure(tree->options.pool, row.name, row.size, &source, &err) < 0) {
                        int rc = -err.code;

                        overlay_tree_latch(tree, &err);
                        return rc;
                }
                l->sources[number] = overlay_tree_source(tree, source) + 1;
                overlay_source_unref(source);
        }
        /* what this step writes did not exist when the layer was made, and changes */
        if (tree->data.fd >= 0 && l->sources[number] - 1 == tree->data.source)
                return overlay_tree_damaged(tree, layer, "source", number);
        *ret = l->sources[number] - 1;
        return 0;
}

/* The identity of a stack: a chain over the digests of its indexes, bottom first. */
static void extend_stack_id(uint8_t id[INDEX_STACK_SIZE], const struct overlay_index *index)
{
        struct sha256_digest digest;
        struct sha256 hash;

        overlay_index_digest(index, &digest);
        sha256_init(&hash);
        sha256_update(&hash, id, INDEX_STACK_SIZE);
        sha256_update(&hash, digest.bytes, sizeof(digest.bytes));
        sha256_final(&hash, &digest);
        memcpy(id, digest.bytes, INDEX_STACK_SIZE);
}

static int add_layers(struct overlay_tree *tree, struct overlay_index *const *indexes, size_t count, struct error *err)
{
        uint64_t base = FIRST_INO;

        tree->layers = memory_zalloc(count, sizeof(*tree->layers));
        for (size_t i = 0; i < count; i++) {
                struct tree_layer *layer = &tree->layers[i];
                const struct overlay_index *index = indexes[i];

                layer->index = overlay_index_ref(indexes[i]);
                tree->layer_count++;
                layer->ino_base = base;
                layer->ino_next = index->ino_next;
                layer->has_numbers = index->ino_next != 0 && index->ino_base == base &&
                                     memcmp(index->stack, tree->stack_id, sizeof(tree->stack_id)) == 0;
                base = layer->has_numbers ? index->ino_next : base + overlay_index_inode_count(index);
                if (base >= INDEX_INO_MAX)
                        return error_set(err, EOVERFLOW, "%s: the layers have too many inodes", index->label);
                extend_stack_id(tree->stack_id, index);
        }
        tree->ino_base = tree->next_ino = base;
        return 0;
}

static int compare_targets(const void *a, const void *b)
{
        const struct tree_bound *x = a, *y = b;

        if (x->target_layer != y->target_layer)
                return x->target_layer < y->target_layer ? -1 : 1;
        if (x->target_record != y->target_record)
                return x->target_record < y->target_record ? -1 : 1;
        if (x->layer != y->layer)
                return x->layer < y->layer ? -1 : 1;
        return x->record < y->record ? -1 : x->record > y->record;
}

static int compare_links(const void *a, const void *b)
{
        const struct tree_bound *x = a, *y = b;

        if (x->layer != y->layer)
                return x->layer < y->layer ? -1 : 1;
        return x->record < y->record ? -1 : x->record > y->record;
}

/* What a path of the layers below leads to: in a tree of just those. */
static int bind_link(struct overlay_tree *below, const struct overlay_index *index, uint32_t record,
                     struct tree_bound *ret, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_FREE char *target = NULL;
        struct index_inode inode;

        if (!overlay_index_read_inode(index, record, &inode) || (inode.flags & INDEX_HARDLINK) == 0)
                return overlay_index_damaged(index, "unresolved link", record, err);
        target = memory_strndup(overlay_index_string(index, inode.first, inode.count), inode.count);
        if (below == NULL)
                return error_set(err, ENOENT, "%s has a hard link to /%s, but there is no layer below", index->label,
                                 target);
        if (overlay_tree_resolve(below, NULL, target, OVERLAY_RESOLVE_NOFOLLOW, &ref, err) < 0)
                return error_wrap(err, "%s has a hard link to /%s of the layers below", index->label, target);
        if (overlay_node_is_dir(ref.node))
                return error_set(err, EISDIR, "%s has a hard link to the directory /%s of the layers below",
                                 index->label, target);
        ret->target_layer = ref.node->layer;
        ret->target_record = ref.node->record;
        return 0;
}

static int bind_layer(struct overlay_tree *tree, uint32_t layer, size_t *cap, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *below = NULL;
        const struct overlay_index *index = overlay_tree_index(tree, layer);
        struct overlay_tree_options options = {.pool = tree->options.pool, .statfs_fd = -1};
        CLEANUP_FREE struct overlay_index **indexes = NULL;

        if (index->tables[INDEX_UNRESOLVED].count == 0)
                return 0;
        indexes = memory_zalloc(layer, sizeof(struct overlay_index *));
        for (uint32_t i = 0; i < layer; i++)
                indexes[i] = tree->layers[i].index;
        options.indexes = indexes;
        options.index_count = layer;
        if (layer > 0 && overlay_tree_open(&options, &below, err) < 0)
                return -1;
        for (uint32_t i = 0; i < index->tables[INDEX_UNRESOLVED].count; i++) {
                struct tree_bound bound = {.layer = layer};

                if (!overlay_index_read_unresolved(index, i, &bound.record))
                        return overlay_index_damaged(index, "unresolved link", i, err);
                if (bind_link(below, index, bound.record, &bound, err) < 0)
                        return -1;
                memory_grow(&tree->bound, cap, tree->bound_count + 1, sizeof(*tree->bound));
                tree->bound[tree->bound_count++] = bound;
        }
        return 0;
}

static int bind_links(struct overlay_tree *tree, struct error *err)
{
        size_t cap = 0;

        for (uint32_t layer = 0; layer < tree->layer_count; layer++)
                if (bind_layer(tree, layer, &cap, err) < 0)
                        return -1;
        if (tree->bound_count == 0)
                return 0;
        qsort(tree->bound, tree->bound_count, sizeof(*tree->bound), compare_links);
        tree->bound_by_target = memory_dup(tree->bound, tree->bound_count * sizeof(*tree->bound));
        qsort(tree->bound_by_target, tree->bound_count, sizeof(*tree->bound), compare_targets);
        return 0;
}

int overlay_tree_open(const struct overlay_tree_options *options, struct overlay_tree **ret, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = memory_zalloc(1, sizeof(*tree));

        assert(!options->layer || options->index_count == 0);
        tree->options = *options;
        tree->options.indexes = NULL;
        tree->data.fd = -1;
        pthread_mutex_init(&tree->lock, NULL);
        overlay_names_init(tree);
        tree->ino_mask = FIRST_BUCKETS - 1;
        tree->inos = memory_zalloc(FIRST_BUCKETS, sizeof(struct overlay_node *));
        if (add_layers(tree, options->indexes, options->index_count, err) < 0 || bind_links(tree, err) < 0)
                return -1;
        if (overlay_node_load_root(tree) < 0) {
                error_move(err, &tree->failure);
                return -1;
        }
        if (options->layer)
                tree->root->flags |= NODE_IMPLICIT;
        *ret = STEAL(tree);
        return 0;
}

void overlay_tree_close(struct overlay_tree *tree)
{
        if (tree == NULL)
                return;
        tree->closing = true;
        for (size_t i = 0; i <= tree->ino_mask; i++)
                while (tree->inos[i] != NULL)
                        overlay_node_destroy(tree, tree->inos[i]);
        overlay_data_close(tree);
        for (size_t i = 0; i < tree->source_count; i++)
                overlay_source_unref(tree->sources[i]);
        for (uint32_t i = 0; i < tree->layer_count; i++) {
                overlay_index_unref(tree->layers[i].index);
                free(tree->layers[i].sources);
        }
        free(tree->sources);
        free(tree->layers);
        free(tree->inos);
        free(tree->names);
        free(tree->bound);
        free(tree->bound_by_target);
        map_free(tree->moved);
        free(tree->stubs);
        error_clear(&tree->failure);
        pthread_mutex_destroy(&tree->lock);
        free(tree);
}

void overlay_tree_cleanup(struct overlay_tree **tree)
{
        overlay_tree_close(*tree);
        *tree = NULL;
}
