/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTEXT_VIEW_H
#define BRYO_BUILDER_CONTEXT_VIEW_H

#include "builder/chain.h"
#include "builder/source.h"

/*
 * A directory of the host as a tree that a command can be given: RUN
 * --mount=type=bind from the context, and --volume. Its bodies are the host's own
 * files, read in place; nothing is copied. What a command writes goes to the tree's
 * upper and is thrown away with it.
 */
struct builder_context_view;

/*
 * The tree of `path` in `source` (a context; borrowed), links resolved inside it. A directory becomes the root; a file is
 * the one name below it: builder_context_view_path.
 */
int builder_context_view_open(struct builder_workshop *workshop, struct builder_source *source, const char *path,
                              struct builder_context_view **ret, struct error *err);
struct overlay_tree *builder_context_view_tree(struct builder_context_view *view);
/* What to mount of the tree: "/", or the file. */
const char *builder_context_view_path(const struct builder_context_view *view);
/* Fails with ESTALE, naming it, when a file that was read is not what it was when the view was opened. */
int builder_context_view_check(struct builder_context_view *view, struct error *err);
/* The server of the tree has ended. NULL is fine. */
void builder_context_view_free(struct builder_context_view *view);

#endif
