/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_COMMAND_H
#define BRYO_BUILDER_COMMAND_H

#include "builder/run_options.h"
#include "builder/users.h"
#include "common/buffer.h"
#include "common/strv.h"
#include "overlay/tree.h"
#include "sandbox/sandbox.h"

/*
 * A command about to run in a tree: RUN's and `bryo run`'s alike. It owns what a
 * struct sandbox_command points at.
 */
struct builder_command {
        struct strv argv;
        struct strv env;
        char *cwd;
        const char *hostname; /* borrowed */
        const struct builder_run_options *options; /* NULL: the defaults */
        struct builder_user user;
        struct buffer hosts;
        struct buffer resolv_conf;
        struct sandbox_command view; /* what to give to the sandbox; descriptors are -1 until set */
};

#define BUILDER_COMMAND_INIT { .cwd = NULL }

/*
 * Fills the command from what the image says and makes the tree ready for it:
 * looks the user up in the tree's account files, sets HOME when `env` has none, makes the
 * stubs that mounts go over (no trace of them is sealed; overlay_tree_unstub removes them). `argv`,
 * `env` and `cwd` were set by the caller.
 */
int builder_command_prepare(struct builder_command *c, struct overlay_tree *tree, const char *user, struct error *err);
void builder_command_free(struct builder_command *c);
#define CLEANUP_COMMAND __attribute__((cleanup(builder_command_free)))

#endif
