/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_GIT_COMMAND_H
#define BRYO_BUILDER_GIT_COMMAND_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"

/*
 * git, run so that neither the user's set-up nor the repository decides what it does: an environment made here, no user
 * and no system configuration, an empty HOME, no hooks, no prompts, and only the transports that are named. Credentials
 * go through the environment, where other users of the machine cannot read them as they can the command line.
 */
struct builder_git {
        const char *home;                    /* an empty directory */
        const char *directory;               /* the working tree, "-C"; NULL: none */
        const char *protocols;               /* GIT_ALLOW_PROTOCOL: "https:ssh" */
        const char *origin;                  /* whom `authorization` is for; NULL: nobody */
        const char *authorities;             /* a file with those whom TLS trusts at `origin`; NULL: the usual ones */
        const char *authorization;           /* value of the Authorization header; may be NULL */
        const char *agent;                   /* SSH_AUTH_SOCK for ssh; NULL: none */
        bool (*is_cancelled)(void *context); /* may be NULL */
        void *context;
};

/*
 * Runs git with these arguments ("fetch", "--depth=1", ...), nothing on standard input. Standard output is appended to
 * `ret` (NULL: dropped). A failure carries the last lines of what git said.
 */
int builder_git_run(const struct builder_git *git, const struct strv *arguments, struct buffer *ret, struct error *err);

#endif
