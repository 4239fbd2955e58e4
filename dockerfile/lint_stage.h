/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_LINT_STAGE_H
#define BRYO_DOCKERFILE_LINT_STAGE_H

#include "dockerfile/expand.h"
#include "dockerfile/lint_rules.h"

/*
 * A stage as the linter follows it: what its instructions see. Stages are
 * visited in the order of the file, so a base stage is done before those that
 * stand on it.
 */
struct dockerfile_lint_stage {
        const struct dockerfile_instruction *from;
        size_t first, end; /* the instructions below FROM: first <= i < end */
        size_t base;       /* the stage it stands on, or DOCKERFILE_LINT_NO_STAGE */
        char *image;       /* what FROM names, expanded */
        bool needed;
        bool known;       /* the base's environment is known: an undefined variable is one */
        bool has_shell;   /* a SHELL holds */
        bool has_workdir; /* a WORKDIR was given in this file */
        struct strv env;  /* NAME=VALUE: what a word of the stage expands with */
        struct strv args; /* the names that ARG declared, with a value or without */
        const struct dockerfile_instruction *cmd, *entrypoint, *healthcheck; /* the last ones seen */
        size_t *sources; /* the stages that COPY --from and --mount=from name */
        size_t source_count;
        struct strv used;                        /* global arguments that FROM uses */
        struct dockerfile_outline_list own_args; /* of the ARGs of this stage */
        struct dockerfile_outline_list secrets, ssh;
};
#define DOCKERFILE_LINT_NO_STAGE ((size_t)-1)

/* The names that a word used, gathered while it is expanded. */
struct dockerfile_lint_word {
        enum dockerfile_expansion mode;
        const struct strv *env;
        struct strv matched, unmatched; /* each name once */
};

/* Expands `text` with `env`; *ret is heap text. The names go to *word, which is to be cleared. EINVAL, without a place.
 */
int dockerfile_lint_expand(const struct dockerfile_linter *l, const struct strv *env, const char *text,
                           struct dockerfile_lint_word *word, char **ret, struct error *err);
void dockerfile_lint_word_clear(struct dockerfile_lint_word *w);

/* lint_from.c: FROM's image and platform; fills s->image and s->used. */
int dockerfile_lint_from(struct dockerfile_linter *l, struct dockerfile_lint_stage *s, const struct strv *globals,
                         const struct strv *names);
/* With the defaults of the global arguments alone every FROM has to name an image. */
void dockerfile_lint_defaults(struct dockerfile_linter *l, const struct strv *defaults);

/* lint_instruction.c: one instruction below FROM. */
int dockerfile_lint_instruction(struct dockerfile_linter *l, struct dockerfile_lint_stage *s,
                                const struct dockerfile_instruction *i, const struct strv *globals);

#endif
