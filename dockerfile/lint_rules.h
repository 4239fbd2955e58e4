/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_LINT_RULES_H
#define BRYO_DOCKERFILE_LINT_RULES_H

#include <stdbool.h>

#include "dockerfile/lint.h"

/* The rules, which of them are on, and how a warning is noted: what the files of the linter share. */

enum dockerfile_lint_id {
        DOCKERFILE_LINT_STAGE_NAME_CASING,
        DOCKERFILE_LINT_FROM_AS_CASING,
        DOCKERFILE_LINT_NO_EMPTY_CONTINUATION,
        DOCKERFILE_LINT_CONSISTENT_INSTRUCTION_CASING,
        DOCKERFILE_LINT_DUPLICATE_STAGE_NAME,
        DOCKERFILE_LINT_RESERVED_STAGE_NAME,
        DOCKERFILE_LINT_JSON_ARGS_RECOMMENDED,
        DOCKERFILE_LINT_MAINTAINER_DEPRECATED,
        DOCKERFILE_LINT_UNDEFINED_ARG_IN_FROM,
        DOCKERFILE_LINT_WORKDIR_RELATIVE_PATH,
        DOCKERFILE_LINT_UNDEFINED_VAR,
        DOCKERFILE_LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED,
        DOCKERFILE_LINT_LEGACY_KEY_VALUE_FORMAT,
        DOCKERFILE_LINT_REDUNDANT_TARGET_PLATFORM,
        DOCKERFILE_LINT_SECRETS_USED_IN_ARG_OR_ENV,
        DOCKERFILE_LINT_INVALID_DEFAULT_ARG_IN_FROM,
        DOCKERFILE_LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED,
        DOCKERFILE_LINT_COPY_IGNORED_FILE,
        DOCKERFILE_LINT_INVALID_DEFINITION_DESCRIPTION,
        DOCKERFILE_LINT_EXPOSE_PROTO_CASING,
        DOCKERFILE_LINT_EXPOSE_INVALID_FORMAT,
        DOCKERFILE_LINT_INVALID_BASE_IMAGE_PLATFORM,
};

/* "skip=A,B;error=true;experimental=all" */
struct dockerfile_lint_config {
        bool skip_all;
        bool experimental_all;
        bool error;
        struct strv skipped;
        struct strv experimental;
};

/* Adds what the text says to *ret. EINVAL, without a place: an option that there is not, or without a value. */
int dockerfile_lint_config_parse(const char *text, struct dockerfile_lint_config *ret, struct error *err);
void dockerfile_lint_config_clear(struct dockerfile_lint_config *c);

/* The first "check=..." of an instruction's comment block, up to a blank; heap text, NULL: there is none. */
char *dockerfile_lint_comment_find(const struct dockerfile_instruction *i);

struct dockerfile_linter {
        const struct dockerfile *file;
        const struct dockerfile_lint_options *options;
        struct dockerfile_lint_config config;
        struct dockerfile_warnings *warnings;
        struct dockerfile_outline *outline; /* may be NULL */
        struct error *err;
};

/* A warning about lines first..last, unless the rule is off. */
void dockerfile_lint_lines(struct dockerfile_linter *l, enum dockerfile_lint_id id, unsigned first, unsigned last,
                           const char *format, ...) __attribute__((format(printf, 5, 6)));
/* About instruction `i`, whose own comment may turn the rule off. */
void dockerfile_lint_note(struct dockerfile_linter *l, enum dockerfile_lint_id id,
                          const struct dockerfile_instruction *i, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* The nearest of the candidates as BuildKit proposes it: at most two letters differ, and none is the word; or NULL. */
const char *dockerfile_lint_near(const char *word, const struct strv *candidates);

/* lint_file.c: the rules that look at the words of the file only, and of these the ones that need one instruction at a time. */
void dockerfile_lint_file(struct dockerfile_linter *l);
void dockerfile_lint_words(struct dockerfile_linter *l);
/* lint_stage.c: those that follow the variables of the stages, and the outline. */
int dockerfile_lint_stages(struct dockerfile_linter *l);

#endif
