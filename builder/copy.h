/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_COPY_H
#define BRYO_BUILDER_COPY_H

#include "builder/source.h"
#include "dockerfile/ignore.h"
#include "dockerfile/value.h"

/*
 * The rules of COPY and ADD for files (Dockerfile reference, "COPY", and where
 * it is silent BuildKit's copier): which paths a pattern selects, where they
 * land, what replaces what, and which attributes they get. Works the same on
 * every kind of source.
 */

/*
 * What the sources of one instruction stand for, in the order written, the matches of one wildcard sorted. With
 * --parents a path is below roots.items[i] and keeps its directories; else the root is "" and means nothing.
 */
struct builder_selection {
        struct strv roots;
        struct strv paths; /* as many */
};

#define BUILDER_SELECTION_INIT { STRV_INIT, STRV_INIT }

void builder_selection_free(struct builder_selection *selection);
#define CLEANUP_SELECTION __attribute__((cleanup(builder_selection_free)))

/* Adds what one source selects. A wildcard may select nothing; a path that is not there is an error. */
int builder_copy_select(struct builder_source *s, const char *pattern, struct builder_selection *ret, struct error *err);
/* The same for --parents: "/./" separates the root, "**" crosses directories, links are not followed on the way. */
int builder_copy_select_parents(struct builder_source *s, const char *source, struct builder_selection *ret,
                                struct error *err);
/* Sets the error (ENOENT) for a path that is not there: why, and which one was probably meant. */
int builder_copy_missing(struct builder_source *s, const char *path, struct error *err);

struct builder_copy_options {
        const struct overlay_owner *owner;       /* --chown; NULL: as the source */
        const struct dockerfile_mode *mode;      /* --chmod; NULL: as the source */
        const struct dockerfile_ignore *exclude; /* --exclude; NULL: none */
        const char *cwd;                         /* WORKDIR: where a relative destination starts */
        struct timespec now;                     /* mtime of directories that had to be made */
        struct builder_body_table *bodies;       /* learns at the end where the copied bytes lie; NULL: nobody does */
};

struct builder_copy;

/*
 * One instruction: `dest` is its destination; `several` says that more than one
 * path was selected, which a plain file name cannot take.
 */
struct builder_copy *builder_copy_begin(struct overlay_tree *tree, const char *dest, bool several,
                                        const struct builder_copy_options *o);
/* Copies one selected path. Hard links among all that one instruction copies stay hard links. */
int builder_copy_path(struct builder_copy *c, struct builder_source *s, const char *path, struct error *err);
/* With --parents: the directories of `path` below `root` are kept, and get the attributes they have there. */
int builder_copy_below(struct builder_copy *c, struct builder_source *s, const char *root, const char *path,
                       struct error *err);
/* Puts bytes into a file called `name` (a heredoc): mode 0644 unless --chmod. */
int builder_copy_bytes(struct builder_copy *c, const char *name, const void *bytes, size_t size, struct error *err);
/* The destination as a directory, made if missing: where ADD unpacks an archive. */
int builder_copy_directory(struct builder_copy *c, struct overlay_ref *ret, struct error *err);
/* Ends without failure: sets the times that must come last, tells options.bodies. */
int builder_copy_finish(struct builder_copy *c, struct error *err);
void builder_copy_end(struct builder_copy *c);
void builder_copy_cleanup(struct builder_copy **c);
#define CLEANUP_COPY __attribute__((cleanup(builder_copy_cleanup)))

#endif
