/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_STAGE_H
#define BRYO_TESTS_MODEL_STAGE_H

#include "builder/chain.h"
#include "common/error.h"
#include "overlay/server.h"

/*
 * The side of a run that a build would be: a store, a chain of layers, the open tree, the server of its mount. The
 * builder's own functions open, seal, write and import, so that what is checked is what builds use.
 */
struct stage {
        struct oci_store *store;
        struct builder_workshop workshop;
        struct builder_chain chain;
        struct builder_upper upper;
        struct overlay_tree *tree;
        struct overlay_server *server;
        struct log log;
};

/* A new store in `directory`, an empty chain, its tree. On failure, too, close it. */
int stage_open(struct stage *stage, const char *directory, struct error *err);
void stage_close(struct stage *stage);

/* Serves a mounted descriptor (taken) until it is unmounted. */
int stage_serve(struct stage *stage, int fd, enum overlay_server_policy policy, struct error *err);
/* Waits for the end of the mount; fails with what was latched meanwhile. */
int stage_unserve(struct stage *stage, struct error *err);
/* Seals the tree to one more layer and opens the stack again. */
int stage_seal(struct stage *stage, struct error *err);
/*
 * Every layer that is not one yet becomes a tar by the canonical writer, the tar a blob of the store as `bryo load`
 * leaves it, and the blob a new index that takes the layer's place. The new index must give the same tar again.
 */
int stage_load(struct stage *stage, struct error *err);

#endif
