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

/* What the sources of one instruction stand for: paths in the source, in the order written, matches sorted. */
int builder_copy_select(struct builder_source *s, const char *pattern, struct strv *ret_paths, struct error *err);

struct builder_copy_options {
        const struct overlay_owner *owner;       /* --chown; NULL: as the source */
        const struct dockerfile_mode *mode;      /* --chmod; NULL: as the source */
        const struct dockerfile_ignore *exclude; /* --exclude; NULL: none */
        const char *cwd;                         /* WORKDIR: where a relative destination starts */
        struct timespec now;                     /* mtime of directories that had to be made */
};

struct builder_copy;

/*
 * One instruction: `dest` is its destination; `several` says that more than one
 * path was selected, which a plain file name cannot take.
 */
int builder_copy_begin(struct overlay_tree *tree, const char *dest, bool several, const struct builder_copy_options *o,
                       struct builder_copy **ret, struct error *err);
/* Copies one selected path. Hard links among all that one instruction copies stay hard links. */
int builder_copy_path(struct builder_copy *c, struct builder_source *s, const char *path, struct error *err);
/* Puts bytes into a file called `name` (a heredoc): mode 0644 unless --chmod. */
int builder_copy_bytes(struct builder_copy *c, const char *name, const void *bytes, size_t size, struct error *err);
/* The destination as a directory, made if missing: where ADD unpacks an archive. */
int builder_copy_directory(struct builder_copy *c, struct overlay_ref *ret, struct error *err);
void builder_copy_end(struct builder_copy *c);
void builder_copy_cleanup(struct builder_copy **c);
#define CLEANUP_COPY __attribute__((cleanup(builder_copy_cleanup)))

#endif
