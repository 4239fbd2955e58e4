/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EXECUTE_H
#define BRYO_BUILDER_EXECUTE_H

#include "common/error.h"
#include "common/log.h"
#include "sandbox/sandbox.h"

struct overlay_crowd;
struct overlay_tree;

/*
 * One command on one tree: where the sandbox and the union file system meet.
 * The tree is served exactly as long as the command lives.
 */
struct builder_execution {
        struct sandbox_stage *stage;           /* borrowed */
        struct overlay_tree *tree;             /* borrowed; may be sealed after success */
        const struct sandbox_command *command; /* borrowed */
        const struct log *log;
        struct overlay_crowd *crowd; /* borrowed */
        /*
         * Called once the command runs; returns when sandbox_stage_fd is readable. Closes the caller's
         * copies of the command's descriptors first. After a failure the command is killed.
         */
        int (*attend)(void *context, struct sandbox_stage *stage, struct error *err);
        void *context;
};

/*
 * Mounts, serves, starts, attends, waits until the command's processes and the
 * mount are gone. Fails when the command could not be started, the file system
 * failed (a write that could not be stored), or attend failed; a command that ran and ended
 * badly is a success with its status in `ret`.
 */
int builder_execute(const struct builder_execution *x, struct sandbox_exit *ret, struct error *err);

#endif
