/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RUN_INSTRUCTION_H
#define BRYO_BUILDER_RUN_INSTRUCTION_H

#include "builder/run_mounts.h"

/* One RUN between its text and its end; what run_instruction.c (what it is) and run_execute.c (doing it) share. */
struct builder_run {
        const struct builder_site *site;
        struct strv argv;
        struct strv env;      /* what the key sees */
        struct strv proxies;  /* seen by the command only */
        struct buffer script; /* a heredoc that begins with #!, to be found at `script_path` */
        char *script_path;    /* NULL: there is none */
        const char *hostname;
        enum dockerfile_network network;
        struct builder_mounts mounts;
};

/* builder_step.execute */
int builder_run_execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err);

#endif
