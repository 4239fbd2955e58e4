/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_TREES_H
#define BRYO_BUILDER_TREES_H

#include "builder/job.h"
#include "overlay/tree.h"

/*
 * Trees that commands find mounted besides their root: the sources of RUN
 * --mount=type=bind and the directories of type=cache. One process of the
 * sandbox, which runs nothing, holds their mounts; each command gets a clone. So stages
 * that run side by side can share one tree, with one page cache and one server.
 */
struct builder_served;

/* Mounts and serves a tree (borrowed). Nothing else may change the tree until builder_served_close. */
int builder_served_open(struct builder_job *job, struct overlay_tree *tree, struct builder_served **ret,
                        struct error *err);
/* One more mount of it, for struct sandbox_mount; the caller's. */
int builder_served_clone(struct builder_served *served, int *ret_fd, struct error *err);
/*
 * Ends it once all clones are closed and the commands that had them are gone: waits for the last write. After a
 * failure the tree must not be sealed. Frees `served` in any case; NULL is fine.
 */
int builder_served_close(struct builder_served *served, struct error *err);

#endif
