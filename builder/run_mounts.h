/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RUN_MOUNTS_H
#define BRYO_BUILDER_RUN_MOUNTS_H

#include "builder/agent.h"
#include "builder/cache_mount.h"
#include "builder/command.h"
#include "builder/context_view.h"
#include "builder/job.h"
#include "builder/trees.h"
#include "dockerfile/mount.h"

/*
 * The --mount flags of one RUN (doc/language/mounts.md), from their text to what
 * the sandbox mounts. Nothing that they bring gets into the layer: mount points that had to be made are
 * stubs of the tree, contents lie in trees of their own or in memory.
 */
struct builder_mount {
        const struct dockerfile_flag *flag; /* NULL: not from the Dockerfile (--volume) */
        struct dockerfile_mount spec;
        char *target;                       /* absolute and clean */
        const struct builder_chain *from;   /* a stage's or image's; NULL: the context, or nothing. Borrowed */
        bool from_stage;                    /* `from` may be rebuilt to the same bytes: worth hashing */
        struct builder_state image;         /* what `from` points into when it names an image */
        struct builder_source *host;        /* bind: the context or a volume it comes from; borrowed unless `volume` */
        char *volume;                       /* --volume: the host directory; owned, and then so is `host` */

        /* While the command runs. */
        struct builder_upper upper;
        struct overlay_tree *tree; /* bind from a stage or image */
        struct builder_context_view *view;
        struct builder_served *served;
        struct builder_cache *cache; /* borrowed from the mount that took it, see `owner` */
        bool owner;
        int fd;               /* a clone */
        struct buffer secret; /* zeroed before it is freed */
        bool absent;          /* an optional secret or agent that was not given */
};

struct builder_mounts {
        const struct builder_site *site;
        struct builder_mount *items; /* sorted by target */
        size_t count, cap;
        struct sandbox_mount *view; /* what the sandbox gets */
        size_t view_count;
        struct builder_agent *agent; /* NULL: no ssh mount */
};

#define BUILDER_MOUNTS_INIT { .site = NULL }

/* Reads and expands the flags, and finds what `from` names. Nothing is opened. */
int builder_mounts_read(const struct builder_site *site, struct builder_mounts *ret, struct error *err);
/*
 * What of the mounts is in the step's key. `content`: hash what is taken from stages, instead of naming their chain.
 * Contexts are always hashed; secrets and caches never (see doc/cache.md).
 */
int builder_mounts_hash(struct builder_mounts *m, bool content, struct sha256 *hash, struct error *err);
/* Whether the two hashes differ in kind: something comes from a stage. */
bool builder_mounts_can_refine(const struct builder_mounts *m);

/* Makes mount points in the tree, opens what is mounted, and puts it into the command, environment included. */
int builder_mounts_open(struct builder_mounts *m, struct overlay_tree *tree, struct builder_command *command,
                        struct error *err);
/* Once the command runs: serves its sockets, until close. */
int builder_mounts_attend(struct builder_mounts *m, struct sandbox_stage *stage, struct error *err);
/*
 * After the command ended, well or not: caches are given back and kept. Fails when something behind the command's back went
 * wrong: a cache that could not be stored, a context file that changed. The rest is closed all the same.
 */
int builder_mounts_close(struct builder_mounts *m, struct error *err);
void builder_mounts_free(struct builder_mounts *m);
#define CLEANUP_MOUNTS __attribute__((cleanup(builder_mounts_free)))

#endif
