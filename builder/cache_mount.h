/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_MOUNT_H
#define BRYO_BUILDER_CACHE_MOUNT_H

#include "builder/chain.h"
#include "builder/job.h"
#include "dockerfile/mount.h"

/*
 * The directories of RUN --mount=type=cache: in the store, between builds and
 * processes. doc/cache.md says what each sharing mode promises; in short:
 *
 *  - Each process works on a tree of its own above the newest state, and lays what it
 *    changed on the state that is newest when its last command that uses it ends.
 *  - Commands of one process that use a cache at the same time share that tree.
 *  - `locked` has it alone, on the whole machine. `private` has it alone too, but takes
 *    another directory instead of waiting.
 *
 * What a failed command left in a cache stays, as in BuildKit.
 */
struct builder_cache;

struct builder_cache_spec {
        const char *id;                   /* as given, or the cleaned target; in messages */
        const char *space;                /* BUILDKIT_CACHE_MOUNT_NS; "" is none */
        const struct builder_chain *from; /* what a new one begins with; NULL: an empty directory */
        const char *source;               /* a directory of it that is mounted; NULL: all. Made if missing */
        uint32_t mode, uid, gid;          /* of an empty one's root */
        enum dockerfile_mount_sharing sharing;
        bool readonly; /* nothing is kept */
};

/*
 * Takes it, waiting with a line in the log where another command has it locked. Whoever takes several takes
 * them in the order of builder_cache_compare, so that nobody waits for each other.
 */
int builder_cache_acquire(struct builder_job *job, const struct builder_cache_spec *spec, struct builder_cache **ret,
                          struct error *err);
/* The same directory: two mounts of one command take it once. Orders as strcmp. */
int builder_cache_compare(const struct builder_cache_spec *a, const struct builder_cache_spec *b);
/* A mount for one command; the caller's. */
int builder_cache_clone(struct builder_cache *cache, int *ret_fd, struct error *err);
/*
 * Gives it back after the command and its clone are gone; the last user stores what changed. Fails when a write did not
 * reach the disk, or nothing could be stored: the state before stays. NULL is fine.
 */
int builder_cache_release(struct builder_cache *cache, struct error *err);

#endif
