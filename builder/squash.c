/* SPDX-License-Identifier: Apache-2.0 */
/* Several layers are replayed, lowest first, into one. */
#include "builder/squash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/commit.h"
#include "common/memory.h"
#include "oci/time.h"

struct replay {
        struct builder_workshop *workshop;
        struct overlay_tree *tree;         /* in layer mode: what becomes the one layer */
        const struct overlay_index *index; /* the layer being replayed */
        bool above;                        /* there are layers below: what is deleted must be said */
};

/* ---- one entry --------------------------------------------------------------------------- */

static bool was_there(const struct overlay_ref *dir, const char *name, mode_t *ret_mode)
{
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error missing = ERROR_INIT;
        struct overlay_attr attr;

        if (overlay_node_lookup(dir, name, &node, &missing) < 0 || overlay_node_stat(&node, &attr, &missing) < 0)
                return false;
        *ret_mode = attr.mode;
        return true;
}

static int delete_name(const struct replay *r, const struct overlay_ref *dir, const char *name, struct error *err)
{
        if (overlay_node_remove_all(dir, name, err) < 0)
                return -1;
        return r->above ? overlay_layer_whiteout(dir, name, err) : 0;
}

static int remove_one(void *context, const struct overlay_name *name, struct error *err)
{
        return overlay_node_remove_all(context, name->name, err);
}

/* The directory replaces what is below it: what earlier layers put there goes, and the mark stays for those further
 * down. */
static int make_opaque(const struct replay *r, struct overlay_ref *dir, struct error *err)
{
        if (overlay_node_list(dir, remove_one, dir, err) < 0)
                return -1;
        return r->above ? overlay_layer_set_opaque(dir, err) : 0;
}

static int drop_xattr(const struct overlay_ref *node, const struct buffer *names, struct error *err)
{
        for (const char *name = names->data; name < names->data + names->size; name += strlen(name) + 1)
                if (overlay_node_remove_xattr(node, name, err) < 0)
                        return -1;
        return 0;
}

/* A directory of an earlier layer may have had others. */
static int set_xattrs(const struct overlay_walk_entry *e, const struct overlay_ref *node, struct error *err)
{
        CLEANUP_BUFFER struct buffer old = BUFFER_INIT;

        if (overlay_node_list_xattrs(node, &old, err) < 0 || (old.size > 0 && drop_xattr(node, &old, err) < 0))
                return -1;
        for (size_t i = 0; i < e->xattr_count; i++)
                if (overlay_node_set_xattr(node, e->xattrs[i].name, e->xattrs[i].value, e->xattrs[i].size, err) < 0)
                        return -1;
        return 0;
}

static int share_body(const struct replay *r, const struct overlay_walk_entry *e, const struct overlay_ref *node,
                      struct error *err)
{
        for (size_t i = 0; i < e->extent_count; i++) {
                const struct overlay_extent *x = &e->extents[i];
                struct overlay_index_source row;
                struct overlay_source *source = NULL;
                int result;

                if (overlay_index_source(r->index, x->source, &row, err) < 0 ||
                    overlay_pool_ensure(r->workshop->pool, row.name, row.size, &source, err) < 0)
                        return -1;
                result = overlay_node_extend(node, x->offset, x->length, source, x->source_offset, err);
                (void)overlay_source_unref(source);
                if (result < 0)
                        return -1;
        }
        return 0;
}

static int fill(const struct replay *r, const struct overlay_walk_entry *e, const struct overlay_ref *node,
                struct error *err)
{
        struct overlay_change change = {.set = OVERLAY_SET_MTIME, .size = e->size};

        change.mtime = (struct timespec){.tv_sec = (time_t)e->mtime_sec, .tv_nsec = (long)e->mtime_nsec};
        if (S_ISREG(e->mode)) {
                change.set |= OVERLAY_SET_SIZE;
                if (share_body(r, e, node, err) < 0)
                        return -1;
        }
        return set_xattrs(e, node, err) < 0 ? -1 : overlay_node_set(node, &change, err);
}

static struct overlay_make make_of(const struct overlay_walk_entry *e, struct timespec *mtime)
{
        *mtime = (struct timespec){.tv_sec = (time_t)e->mtime_sec, .tv_nsec = (long)e->mtime_nsec};
        return (struct overlay_make){e->mode, e->uid, e->gid, e->rdev, e->target, mtime};
}

static int replay_node(const struct replay *r, const struct overlay_walk_entry *e, const struct overlay_ref *dir,
                       const char *name, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        struct timespec mtime;
        const struct overlay_make make = make_of(e, &mtime);
        mode_t before = 0;
        /* a directory where an earlier layer had a file does not merge with a directory further down */
        bool replaces = S_ISDIR(e->mode) && r->above && was_there(dir, name, &before) && !S_ISDIR(before);

        if (overlay_node_make(dir, name, &make, &node, err) < 0 || fill(r, e, &node, err) < 0)
                return -1;
        if (replaces && overlay_layer_whiteout(dir, name, err) < 0)
                return -1;
        return e->opaque ? make_opaque(r, &node, err) : 0;
}

static int replay_root(const struct replay *r, const struct overlay_walk_entry *e, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        struct timespec mtime;
        const struct overlay_make make = make_of(e, &mtime);

        overlay_tree_root(r->tree, &root);
        if (!e->implicit && (overlay_layer_set_root(r->tree, &make, err) < 0 || set_xattrs(e, &root, err) < 0))
                return -1;
        return e->opaque ? make_opaque(r, &root, err) : 0;
}

/* Only its opaque mark counts; walking to something inside makes the directory if nothing has. */
static int replay_implicit(const struct replay *r, const struct overlay_walk_entry *e, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *inside = memory_printf("%s/x", e->path);
        CLEANUP_FREE char *rest = NULL;

        if (overlay_layer_parent(r->tree, inside, &dir, &rest, err) < 0)
                return -1;
        return e->opaque ? make_opaque(r, &dir, err) : 0;
}

static int replay_entry(void *context, const struct overlay_walk_entry *e, struct error *err)
{
        const struct replay *r = context;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        if (e->path_size == 0)
                return replay_root(r, e, err);
        if (!e->whiteout && e->implicit)
                return replay_implicit(r, e, err);
        if (overlay_layer_parent(r->tree, e->path, &dir, &name, err) < 0)
                return -1;
        if (e->whiteout)
                return delete_name(r, &dir, name, err);
        if (e->link)
                return overlay_layer_link(&dir, name, e->link, err);
        return replay_node(r, e, &dir, name, err);
}

/* ---- layers --------------------------------------------------------------------------------- */

static int replay_layer(struct replay *r, const struct builder_layer *layer, struct error *err)
{
        const struct overlay_index_options options = {.log = r->workshop->log};
        CLEANUP_FREE char *path = memory_printf("indexes/%s", layer->index);
        struct overlay_index *index = NULL;
        int result = overlay_index_open(oci_store_fd(r->workshop->store), path, &options, &index, err);

        r->index = index;
        if (result == 0)
                result = overlay_index_walk(index, replay_entry, r, err);
        (void)overlay_index_unref(index);
        return result;
}

/* What the new index points at must outlast a power cut, as the index itself. */
static int sync_all(struct builder_workshop *w, const struct builder_state *state, size_t first, const char *index,
                    struct error *err)
{
        for (size_t i = first; i < state->chain.count; i++)
                for (size_t n = 0; n < state->chain.layers[i].data.count; n++)
                        if (oci_store_sync(w->store, OCI_STORE_DATA, state->chain.layers[i].data.items[n], err) < 0)
                                return -1;
        return oci_store_sync(w->store, OCI_STORE_INDEXES, index, err);
}

static int merge(struct builder_workshop *w, const struct builder_state *state, size_t first, struct builder_layer *ret,
                 struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {0};
        struct replay r = {.workshop = w, .above = first > 0};
        struct sha256_digest content;

        if (builder_layer_tree_open(w, &upper, &tree, err) < 0)
                return -1;
        r.tree = tree;
        for (size_t i = first; i < state->chain.count; i++)
                if (state->chain.layers[i].index && replay_layer(&r, &state->chain.layers[i], err) < 0)
                        return -1;
        if (builder_chain_seal(tree, &upper, true, ret, &content, err) < 0)
                return -1;
        return sync_all(w, state, first, ret->index, err);
}

/* The entries of the layers that went stay, without layers; one more has the new one. */
static void rewrite_history(struct builder_state *state, size_t layers)
{
        struct oci_config *config = state->config;
        CLEANUP_FREE char *comment = memory_printf("%zu layers squashed into one", layers);
        CLEANUP_BUFFER struct buffer created = BUFFER_INIT;
        struct oci_history one = {.comment = comment};
        size_t left = layers;

        for (size_t i = config->history_count; i > 0 && left > 0; i--) {
                if (config->history[i - 1].empty_layer)
                        continue;
                config->history[i - 1].empty_layer = true;
                left--;
        }
        if (state->has_created) {
                oci_time_format(state->created, &created);
                one.created = created.data;
        }
        oci_config_add_history(config, &one);
}

int builder_squash(struct builder_workshop *w, struct builder_state *state, enum builder_squash how, struct error *err)
{
        struct builder_chain *chain = &state->chain;
        struct builder_layer one = {0};
        size_t first = 0;
        size_t count;

        if (how == BUILDER_SQUASH_NONE)
                return 0;
        while (how == BUILDER_SQUASH_OWN && first < chain->count && !chain->layers[first].step)
                first++;
        count = chain->count - first;
        if (count < 2)
                return 0;
        for (size_t i = first; i < chain->count; i++)
                if (chain->layers[i].lazy && builder_commit_bring(w, &chain->layers[i], err) < 0)
                        return -1;
        if (merge(w, state, first, &one, err) < 0) {
                builder_layer_free(&one);
                return error_wrap(err, "cannot squash %zu layers", count);
        }
        rewrite_history(state, count);
        while (chain->count > first)
                builder_layer_free(&chain->layers[--chain->count]);
        builder_chain_add(chain, &one);
        builder_layer_free(&one);
        return 0;
}
