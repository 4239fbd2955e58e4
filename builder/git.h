/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_GIT_H
#define BRYO_BUILDER_GIT_H

#include "builder/git_url.h"
#include "builder/source.h"
#include "builder/workshop.h"

/*
 * Git repositories as sources: which commit a ref means is asked first and is all that a cached build needs; the files
 * are fetched (one commit, no history) and checked out into the store's scratch when they are copied.
 */
struct builder_git_options {
        struct builder_workshop *workshop;
        const char *authorization;           /* for the host of the URL, before the URL's own; may be NULL */
        const char *agent;                   /* the socket of the agent that ssh may ask; NULL: none */
        struct builder_time *made;           /* set to the commit's time by a checkout; NULL: nobody asks */
        bool keep_git_dir;                   /* as keep-git-dir in the URL */
        bool (*is_cancelled)(void *context); /* may be NULL */
        void *context;
};

/* The commit that the URL means, 40 or 64 hex digits; heap text. A whole commit in the URL is not asked for. */
int builder_git_resolve(const struct builder_git_url *url, const struct builder_git_options *o, char **ret_commit,
                        struct error *err);
/*
 * The files of that commit, submodules included unless the URL says no, as a source: modes are 0644, 0755 for what is
 * executable; .git is not there unless asked for. The URL's subdirectory is the source's root.
 */
int builder_git_checkout(const struct builder_git_url *url, const char *commit, const struct builder_git_options *o,
                         struct builder_source **ret, struct error *err);

#endif
