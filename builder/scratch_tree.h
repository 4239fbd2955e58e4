/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_SCRATCH_TREE_H
#define BRYO_BUILDER_SCRATCH_TREE_H

#include <stdint.h>
#include <time.h>

#include "builder/chain.h"
#include "builder/source.h"

/*
 * A tree that lives in memory over bytes that came from outside: the tar of a context, a file from a URL. Nothing is
 * unpacked; the bodies lie where the bytes do. As a source it has the rules of a context: files belong to 0:0.
 *
 * A tar's bytes are in the store's scratch, and vanish with the tree unless a step copied some of them (`keep` of the
 * source).
 */
struct builder_scratch_tree;

/* An empty one. `what` is how messages call it ("the context from standard input"). */
int builder_scratch_tree_new(struct builder_workshop *w, const char *what, struct builder_scratch_tree **ret,
                             struct error *err);
void builder_scratch_tree_free(struct builder_scratch_tree *t);

/* Reads a tar, plain or packed, from `fd` to its end, as `tar -x` would: names never leave the tree. Once for each
 * tree. */
int builder_scratch_tree_read_tar(struct builder_scratch_tree *t, int fd, struct error *err);
/* Adds a file whose bytes are OCI_STORE_DATA's `data`; `name` has no slash. Once for each tree. */
int builder_scratch_tree_add_file(struct builder_scratch_tree *t, const char *name, mode_t mode, time_t mtime,
                                  const char *data, uint64_t size, struct error *err);

/* builder_tree_source_own makes a source of the tree, which owns it from then on; the rest is for its operations. */
struct overlay_tree *builder_scratch_tree_tree(const struct builder_scratch_tree *t);
const char *builder_scratch_tree_what(const struct builder_scratch_tree *t);
struct builder_workshop *builder_scratch_tree_workshop(const struct builder_scratch_tree *t);
/* Makes the bytes a data file of the store, and adds its name to `made` unless it is there. From any thread. */
int builder_scratch_tree_keep(struct builder_scratch_tree *t, struct strv *made, struct error *err);

#endif
