/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_REMOTE_H
#define BRYO_BUILDER_REMOTE_H

#include "builder/parts.h"
#include "builder/job.h"

/*
 * A source of ADD that is not in the context: a URL or a git repository. What it is known by is asked for at once, its
 * files are only had when a step copies them.
 */
struct builder_remote;

struct builder_remote_options {
        const char *text;     /* expanded, with whatever credentials it has */
        const char *checksum; /* --checksum, expanded; NULL: none */
        bool is_repository;   /* whatever the URL ends in */
        bool keep_git_dir;
};

/* Whether ADD takes it from elsewhere; a path with no such beginning is one of the context. */
bool builder_remote_is(const char *text);
/* Asks. Errors say nothing of the place in the Dockerfile. */
int builder_remote_open(struct builder_job *job, const struct builder_remote_options *o, struct builder_remote **ret,
                        struct error *err);
void builder_remote_free(struct builder_remote *r);

/* What the step's key is made of: the bytes' digest and name, or the commit and what of it. */
void builder_remote_hash(const struct builder_remote *r, struct sha256 *hash);
/* The same as a part of the key that has a name. */
void builder_remote_add_part(const struct builder_remote *r, const char *url, struct builder_parts *parts);
/* The files, had now if they were not before; borrowed. `*ret_path` is what of them is copied: a file, or "" for all.
 */
int builder_remote_files(struct builder_remote *r, struct builder_source **ret, const char **ret_path,
                         struct error *err);
/* True for a URL: a file, which --unpack may unpack. */
bool builder_remote_is_file(const struct builder_remote *r);

#endif
