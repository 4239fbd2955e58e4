/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_GIT_URL_H
#define BRYO_BUILDER_GIT_URL_H

#include <stdbool.h>

#include "common/error.h"

/*
 * What a build context or ADD names as a git repository (BuildKit's docs, "Build context / Git repositories", and its
 * util/gitutil):
 *
 *     https://HOST/PATH.git  http://HOST/PATH.git  ssh://[USER@]HOST/PATH  git://HOST/PATH  USER@HOST:PATH
 *
 * followed by "#REF[:SUBDIR]" or, for those with a scheme, by a query of ref, tag, branch, subdir, commit or checksum,
 * keep-git-dir, submodules, mtime and fetch-by-commit.
 *
 * git has options and transports that run programs; whatever could be taken for one of them is refused here, before git
 * is ever started: a leading '-' in any part, other schemes, control characters.
 */
struct builder_git_url {
        char *remote;        /* for git: without credentials, query and fragment */
        char *shown;         /* for messages: the remote and what was asked of it */
        char *scheme;        /* https, http, ssh or git */
        char *origin;        /* http and https: scheme://host[:port]/, whom credentials are for; else NULL */
        char *host;          /* host of http and https, for secrets named after it; else NULL */
        char *authorization; /* "Basic ..." of the URL's own credentials, or NULL */
        char *ref;           /* branch, tag, full ref or commit; NULL: the default branch */
        char *subdir;        /* clean and relative; NULL: everything */
        char *commit;        /* what it must be: 7 to 64 hex digits; NULL: anything */
        bool keep_git_dir;
        bool has_keep_git_dir;
        bool no_submodules;
        bool commit_time; /* files get the commit's time, not that of the checkout */
        bool by_commit;   /* fetch `commit`, not `ref` */
};

#define BUILDER_GIT_URL_INIT                                                                                           \
        {                                                                                                              \
                .remote = NULL                                                                                         \
        }

/* Whether a context or a source of ADD is a git repository at all. */
bool builder_git_url_is(const char *text);
/* Only for texts that are. EINVAL, naming the part that is refused. */
int builder_git_url_parse(const char *text, struct builder_git_url *ret, struct error *err);
void builder_git_url_free(struct builder_git_url *url);
#define CLEANUP_GIT_URL __attribute__((cleanup(builder_git_url_free)))

/* Takes a --checksum: a commit or a prefix of one. */
int builder_git_url_set_commit(struct builder_git_url *url, const char *commit, struct error *err);

#endif
