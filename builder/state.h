/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_STATE_H
#define BRYO_BUILDER_STATE_H

#include <stdbool.h>
#include <time.h>

#include "builder/chain.h"
#include "oci/config.h"

/*
 * What a stage has come to: its layers, the image config so far, and the
 * variables that the next instruction sees. FROM STAGE starts from a copy of
 * that stage's state.
 */
struct builder_state {
        struct builder_chain chain;
        struct oci_config *config;
        struct strv env;         /* NAME=VALUE: the config's Env and every ARG with a value, the later one winning */
        struct strv args;        /* NAME=VALUE of the ARGs declared so far, for history */
        struct timespec created; /* when the last layer was made */
        bool has_created;
        bool cmd_set;            /* CMD was given in this very stage: ENTRYPOINT leaves it alone */
};

#define BUILDER_STATE_INIT { .config = NULL }

/* Nothing but an empty file system: FROM scratch. */
void builder_state_init(struct builder_state *s);
void builder_state_copy(struct builder_state *to, const struct builder_state *from);
/* Takes over the config and layers of an image of the store; every layer has its index. */
int builder_state_load(struct builder_state *s, struct builder_workshop *w, const struct sha256_digest *image,
                       struct error *err);
/* Puts a base's layer on top; what the chain is called depends on nothing but its diff ID. */
void builder_state_add_base_layer(struct builder_state *s, const struct builder_layer *layer);
/* What a stage takes over from the config of its base, once that is set. */
void builder_state_begin(struct builder_state *s);
/* PATH when neither base nor file sets it (docker writes it into the config). */
void builder_state_ensure_path(struct builder_state *s);
void builder_state_free(struct builder_state *s);
#define CLEANUP_STATE __attribute__((cleanup(builder_state_free)))

/* Adds a history entry for the last instruction; its time is that of the last layer. */
void builder_state_add_history(struct builder_state *s, const char *created_by, bool empty_layer);
/* WORKDIR as it stands, "/" when none. */
const char *builder_state_cwd(const struct builder_state *s);
/* SHELL, or its default. */
void builder_state_shell(const struct builder_state *s, struct strv *ret);

#endif
