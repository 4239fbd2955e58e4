/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored states of cache mounts. A state is a stack of indexes; using the
 * cache puts one more on top. When another process has put one there meanwhile, ours
 * goes above it: an index says what changed, whatever lies below (the same
 * property that lets layers be stacked), so the result has the changes of both, and for a
 * path that both changed the later one's. High stacks are made one index again; no byte of a body moves.
 */
#include "builder/cache_publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/cache_import.h"
#include "builder/cache_record.h"
#include "builder/commit.h"
#include "builder/content.h"
#include "common/fd.h"
#include "common/memory.h"

/* Opening and looking up costs a little for each index. */
#define STACK_MAX 12

static void add_indexes(struct builder_chain *chain, const struct strv *indexes)
{
        for (size_t i = 0; i < indexes->count; i++) {
                const struct builder_layer layer = {.index = indexes->items[i]};

                builder_chain_add(chain, &layer);
        }
}

/* --- opening ----------------------------------------------------------------- */

static int set_root(struct overlay_tree *tree, const struct builder_cache_spec *spec, struct error *err)
{
        const struct overlay_change change = {
                .set = OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID,
                .mode = spec->mode,
                .uid = spec->uid,
                .gid = spec->gid,
        };
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;

        overlay_tree_root(tree, &root);
        return overlay_node_set(&root, &change, err);
}

static int make_source(struct overlay_tree *tree, const struct builder_cache_spec *spec, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        struct timespec now;

        if (!spec->source || spec->from)
                return 0;
        clock_gettime(CLOCK_REALTIME, &now);
        return overlay_tree_ensure_directory(tree, NULL, spec->source, spec->mode,
                                             (struct overlay_owner){spec->uid, spec->gid}, &now, &dir, err);
}

/* Opens the recorded state; *ret_opened is false when it is damaged. */
static int open_recorded(struct builder_cache_state *s, const struct builder_cache_record *record, bool *ret_opened,
                         struct error *err)
{
        CLEANUP_CHAIN struct builder_chain chain = BUILDER_CHAIN_INIT;
        CLEANUP_ERROR struct error damage = ERROR_INIT;

        if (!record->whole)
                builder_chain_copy(&chain, &s->base);
        add_indexes(&chain, &record->indexes);
        *ret_opened = builder_chain_open(&chain, s->workshop, NULL, &s->upper, &s->tree, &damage) == 0;
        if (*ret_opened)
                return 0;
        if (damage.code != EBADMSG && damage.code != ENOENT)
                return error_move(err, &damage);
        log_print(s->workshop->log, LOG_WARNING, "the cache mount %s is damaged and begins anew: %s", s->id,
                  damage.message);
        return oci_store_remove(s->workshop->store, OCI_STORE_CACHES, s->name, err);
}

int builder_cache_state_open(struct builder_cache_state *s, struct builder_workshop *workshop,
                             const struct builder_cache_spec *spec, const char *name, struct error *err)
{
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        bool found, opened = false;

        *s = (struct builder_cache_state){
                .workshop = workshop, .name = memory_strdup(name), .id = memory_strdup(spec->id)};
        if (spec->from)
                builder_chain_copy(&s->base, spec->from);
        if (builder_cache_record_load(workshop->store, name, &record, &found, err) < 0)
                return -1;
        if (!found && (builder_cache_import_mount(workshop->imports, name, err) < 0 ||
                       builder_cache_record_load(workshop->store, name, &record, &found, err) < 0))
                return -1;
        if (found && open_recorded(s, &record, &opened, err) < 0)
                return -1;
        if (!opened) {
                if (builder_chain_open(&s->base, workshop, NULL, &s->upper, &s->tree, err) < 0)
                        return -1;
                if (!spec->from && set_root(s->tree, spec, err) < 0)
                        return -1;
        }
        return make_source(s->tree, spec, err);
}

/* --- one index out of many ------------------------------------------------------- */

struct flattening {
        struct overlay_graft_map *links;
        const struct overlay_ref *to; /* the directory being filled */
        const struct overlay_ref *from;
        unsigned depth;
};

static int flatten(struct flattening *f, struct error *err);

static int flatten_name(void *context, const struct overlay_name *name, struct error *err)
{
        const struct flattening *f = context;
        const struct overlay_graft as_it_is = {.mode = (mode_t)-1};
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref made = OVERLAY_REF_INIT;
        CLEANUP_FREE char *text = memory_strndup(name->name, name->size);
        struct overlay_attr attr;
        struct flattening below;

        if (S_ISSOCK(name->kind))
                return 0; /* nobody listens on it any more */
        if (overlay_node_lookup(f->from, text, &node, err) < 0 || overlay_node_stat(&node, &attr, err) < 0)
                return -1;
        if (overlay_graft_map_find(f->links, &node, &made))
                return overlay_node_link(&made, f->to, text, err);
        if (overlay_node_graft(f->to, text, &node, &as_it_is, &made, err) < 0)
                return -1;
        if (!S_ISDIR(attr.mode)) {
                if (attr.nlink > 1)
                        overlay_graft_map_add(f->links, &node, &made);
                return 0;
        }
        below = (struct flattening){f->links, &made, &node, f->depth + 1};
        return flatten(&below, err);
}

static int flatten(struct flattening *f, struct error *err)
{
        struct overlay_change change = {.set = OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID |
                                               OVERLAY_SET_MTIME};
        struct overlay_attr attr;

        if (f->depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "directories are nested deeper than %d", BUILDER_MAX_DEPTH);
        if (overlay_node_list(f->from, flatten_name, f, err) < 0 || overlay_node_stat(f->from, &attr, err) < 0)
                return -1;
        change.mode = attr.mode & 07777;
        change.uid = attr.uid;
        change.gid = attr.gid;
        change.mtime = attr.mtime;
        return overlay_node_set(f->to, &change, err);
}

static int seal_flat(struct builder_workshop *w, struct overlay_tree *from, struct builder_layer *ret,
                     struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {0};
        CLEANUP_OVERLAY_REF struct overlay_ref from_root = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref to_root = OVERLAY_REF_INIT;
        struct sha256_digest content;
        struct flattening f = {.to = &to_root, .from = &from_root};
        int result;

        if (builder_empty_tree_open(w, NULL, &upper, &tree, err) < 0)
                return -1;
        overlay_tree_root(from, &from_root);
        overlay_tree_root(tree, &to_root);
        f.links = overlay_graft_map_new();
        result = flatten(&f, err);
        overlay_graft_map_free(f.links);
        overlay_ref_release(&to_root);
        return result < 0 ? -1 : builder_chain_seal(tree, &upper, true, ret, &content, err);
}

static int seal_state(struct builder_workshop *w, const struct builder_chain *base, const struct strv *indexes,
                      struct builder_layer *ret, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = {0};
        CLEANUP_CHAIN struct builder_chain chain = BUILDER_CHAIN_INIT;

        if (base)
                builder_chain_copy(&chain, base);
        add_indexes(&chain, indexes);
        if (builder_chain_open(&chain, w, NULL, &upper, &tree, err) < 0)
                return -1;
        return seal_flat(w, tree, ret, err);
}

int builder_cache_flatten(struct builder_workshop *w, const struct builder_cache_record *record,
                          struct builder_layer *ret, struct error *err)
{
        return seal_state(w, NULL, &record->indexes, ret, err);
}

/* The whole of the record's state as one index. */
static int make_flat(struct builder_cache_state *s, struct builder_cache_record *record, struct error *err)
{
        struct builder_layer flat = {.index = NULL};
        int result = seal_state(s->workshop, record->whole ? NULL : &s->base, &record->indexes, &flat, err);

        if (result == 0)
                result = builder_commit_sources(s->workshop, flat.index, err);
        if (result == 0) {
                strv_clear(&record->indexes);
                strv_add(&record->indexes, flat.index);
                record->whole = true;
        }
        builder_layer_free(&flat);
        return result;
}

/* --- storing ----------------------------------------------------------------------- */

/* Lays the new index on what is newest now; short, with every other process kept out. */
static int put_on_top(struct builder_cache_state *s, const char *index, struct error *err)
{
        CLEANUP_FREE char *update = memory_printf("%s.update", s->name);
        CLEANUP_CACHE_RECORD struct builder_cache_record record = BUILDER_CACHE_RECORD_INIT;
        CLEANUP_ERROR struct error flat_err = ERROR_INIT;
        CLEANUP_FD int lock = -1;
        bool found;

        if (oci_store_cache_lock(s->workshop->store, update, true, true, &lock, err) < 0 ||
            builder_cache_record_load(s->workshop->store, s->name, &record, &found, err) < 0)
                return -1;
        if (!found)
                record.whole = s->base.count == 0;
        free(record.id);
        record.id = memory_strdup(s->id);
        strv_add(&record.indexes, index);
        if (record.indexes.count > STACK_MAX && make_flat(s, &record, &flat_err) < 0)
                log_print(s->workshop->log, LOG_WARNING, "the cache mount %s keeps its %zu layers: %s", s->id,
                          record.indexes.count, flat_err.message);
        return builder_cache_record_save(s->workshop->store, s->name, &record, err);
}

int builder_cache_state_publish(struct builder_cache_state *s, struct error *err)
{
        struct builder_layer layer = {.index = NULL};
        struct sha256_digest content;
        int result = overlay_tree_failure(s->tree, err);

        if (result < 0) {
                CLEANUP_ERROR struct error remove_err = ERROR_INIT;

                /* what cannot be read will not be readable the next time either; a write that failed lost nothing old
                 */
                if ((err->code == EIO || err->code == EBADMSG) &&
                    oci_store_remove(s->workshop->store, OCI_STORE_CACHES, s->name, &remove_err) < 0)
                        log_print(s->workshop->log, LOG_WARNING, "%s", remove_err.message);
                return error_wrap(err, "the cache mount %s", s->id);
        }
        result = builder_chain_seal(s->tree, &s->upper, false, &layer, &content, err);
        for (size_t i = 0; i < layer.data.count && result == 0; i++)
                result = oci_store_sync(s->workshop->store, OCI_STORE_DATA, layer.data.items[i], err);
        if (result == 0 && layer.index)
                result = put_on_top(s, layer.index, err);
        builder_layer_free(&layer);
        return result < 0 ? error_wrap(err, "cannot keep what the command left in the cache mount %s", s->id) : 0;
}

void builder_cache_state_close(struct builder_cache_state *s)
{
        overlay_tree_close(s->tree);
        builder_upper_close(&s->upper);
        builder_chain_free(&s->base);
        free(s->name);
        free(s->id);
        *s = (struct builder_cache_state){.workshop = NULL};
}
