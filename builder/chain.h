/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CHAIN_H
#define BRYO_BUILDER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/workshop.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/manifest.h"
#include "overlay/tree.h"

/*
 * A chain is the stack of layers that a stage has come to, lowest first, and a
 * digest that identifies it: what the key of the next step is made of. Layers
 * that changed nothing are in the image but not in the file system's stack.
 */
struct builder_lazy_base;

struct builder_layer {
        char *index;                   /* name in OCI_STORE_INDEXES; NULL: the layer is empty. Owned */
        struct strv data;              /* names in OCI_STORE_DATA that this step made and the index points at */
        char *step;                    /* key of the record it came from, in hex; NULL for a base's. Owned */
        bool lazy;                     /* not in the store yet, and `index` is not known: it is found by diff_id in a cache ... */
        struct builder_lazy_base *base; /* ... outside (cache_import.h), or if this is set in a base image (lazy_base.h); borrowed */
        bool durable;                  /* its files were synced, and its record says so */
        bool has_diff;                 /* the three below are known */
        struct sha256_digest diff_id;
        uint64_t size;                 /* of the layer's tar */
        unsigned writer;               /* as in oci_image_layer */
        struct oci_descriptor *blob;   /* likewise, of a base's layer or one from a registry's cache; owned */
        struct strv origins;           /* likewise */
};

struct builder_chain {
        struct builder_layer *layers;
        size_t count;
        size_t cap;
        struct sha256_digest identity;
};

#define BUILDER_CHAIN_INIT { .layers = NULL }

void builder_layer_free(struct builder_layer *layer);
/* `to` becomes a copy; what it had is not freed. */
void builder_layer_copy(struct builder_layer *to, const struct builder_layer *from);
/* Adds a copy of `layer` on top; the caller sets `identity` to what the chain is now. */
void builder_chain_add(struct builder_chain *chain, const struct builder_layer *layer);
void builder_chain_copy(struct builder_chain *to, const struct builder_chain *from);
void builder_chain_free(struct builder_chain *chain);
#define CLEANUP_CHAIN __attribute__((cleanup(builder_chain_free)))

/*
 * Opens the union of the chain with a fresh upper. What is written goes to a
 * data file in the store's scratch, which vanishes unless the tree is sealed by
 * builder_chain_seal. The caller closes the tree, then the upper.
 */
struct builder_upper {
        struct builder_workshop *workshop; /* borrowed */
        struct oci_store_file *file;       /* the data file; NULL until the first byte */
        char name[33];                     /* its name once sealed: 32 hex digits, random */
};

/* `latest` (seconds) is the last time that sealing may write, NULL: no limit (SOURCE_DATE_EPOCH). */
int builder_chain_open(const struct builder_chain *chain, struct builder_workshop *workshop, const int64_t *latest,
                       struct builder_upper *upper, struct overlay_tree **ret, struct error *err);
/*
 * Opens a tree with nothing below its upper. `pool` is where bodies are read that the caller puts there from elsewhere;
 * NULL: the workshop's.
 */
int builder_empty_tree_open(struct builder_workshop *workshop, struct overlay_pool *pool, struct builder_upper *upper,
                            struct overlay_tree **ret, struct error *err);
/* Opens a tree into which a layer tar is imported (overlay_tree_options.layer). */
int builder_layer_tree_open(struct builder_workshop *workshop, struct builder_upper *upper, struct overlay_tree **ret,
                            struct error *err);
/*
 * Seals the tree and puts index and data into the store under their final
 * names. `ret` has no index when nothing changed and `always` is false. The tree is still to be closed.
 */
int builder_chain_seal(struct overlay_tree *tree, struct builder_upper *upper, bool always, struct builder_layer *ret,
                       struct sha256_digest *ret_content, struct error *err);
void builder_upper_close(struct builder_upper *upper);
#define CLEANUP_UPPER __attribute__((cleanup(builder_upper_close)))

#endif
