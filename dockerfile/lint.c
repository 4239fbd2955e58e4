/* SPDX-License-Identifier: Apache-2.0 */
/* The linter's frame: the table of its rules, which of them are on, and the list of warnings. */
#include "dockerfile/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/lint_rules.h"

/* Names, descriptions and pages are BuildKit's (frontend/dockerfile/linter/ruleset.go). */
static const struct dockerfile_lint_rule rules[] = {
        [DOCKERFILE_LINT_STAGE_NAME_CASING] = {"StageNameCasing", "Stage names should be lowercase",
                                               "stage-name-casing", false},
        [DOCKERFILE_LINT_FROM_AS_CASING] = {"FromAsCasing",
                                            "The 'as' keyword should match the case of the 'from' keyword",
                                            "from-as-casing", false},
        [DOCKERFILE_LINT_NO_EMPTY_CONTINUATION] = {"NoEmptyContinuation",
                                                   "Empty continuation lines will become errors in a future release",
                                                   "no-empty-continuation", false},
        [DOCKERFILE_LINT_CONSISTENT_INSTRUCTION_CASING] =
                {"ConsistentInstructionCasing",
                 "All commands within the Dockerfile should use the same casing (either upper or lower)",
                 "consistent-instruction-casing", false},
        [DOCKERFILE_LINT_DUPLICATE_STAGE_NAME] = {"DuplicateStageName", "Stage names should be unique",
                                                  "duplicate-stage-name", false},
        [DOCKERFILE_LINT_RESERVED_STAGE_NAME] = {"ReservedStageName",
                                                 "Reserved words should not be used as stage names",
                                                 "reserved-stage-name", false},
        [DOCKERFILE_LINT_JSON_ARGS_RECOMMENDED] =
                {"JSONArgsRecommended",
                 "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
                 "json-args-recommended", false},
        [DOCKERFILE_LINT_MAINTAINER_DEPRECATED] =
                {"MaintainerDeprecated",
                 "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
                 "maintainer-deprecated", false},
        [DOCKERFILE_LINT_UNDEFINED_ARG_IN_FROM] = {"UndefinedArgInFrom", "FROM command must use declared ARGs",
                                                   "undefined-arg-in-from", false},
        [DOCKERFILE_LINT_WORKDIR_RELATIVE_PATH] =
                {"WorkdirRelativePath",
                 "Relative workdir without an absolute workdir declared within the build "
                 "can have unexpected results if the base image changes",
                 "workdir-relative-path", false},
        [DOCKERFILE_LINT_UNDEFINED_VAR] = {"UndefinedVar", "Variables should be defined before their use",
                                           "undefined-var", false},
        [DOCKERFILE_LINT_MULTIPLE_INSTRUCTIONS_DISALLOWED] =
                {"MultipleInstructionsDisallowed",
                 "Multiple instructions of the same type should not be used in the same stage",
                 "multiple-instructions-disallowed", false},
        [DOCKERFILE_LINT_LEGACY_KEY_VALUE_FORMAT] =
                {"LegacyKeyValueFormat", "Legacy key/value format with whitespace separator should not be used",
                 "legacy-key-value-format", false},
        [DOCKERFILE_LINT_REDUNDANT_TARGET_PLATFORM] =
                {"RedundantTargetPlatform",
                 "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
                 "redundant-target-platform", false},
        [DOCKERFILE_LINT_SECRETS_USED_IN_ARG_OR_ENV] = {"SecretsUsedInArgOrEnv",
                                                        "Sensitive data should not be used in the ARG or ENV commands",
                                                        "secrets-used-in-arg-or-env", false},
        [DOCKERFILE_LINT_INVALID_DEFAULT_ARG_IN_FROM] =
                {"InvalidDefaultArgInFrom",
                 "Default value for global ARG results in an empty or invalid base image name",
                 "invalid-default-arg-in-from", false},
        [DOCKERFILE_LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED] = {"FromPlatformFlagConstDisallowed",
                                                                 "FROM --platform flag should not use a constant value",
                                                                 "from-platform-flag-const-disallowed", false},
        [DOCKERFILE_LINT_COPY_IGNORED_FILE] = {"CopyIgnoredFile",
                                               "Attempting to Copy file that is excluded by .dockerignore",
                                               "copy-ignored-file", false},
        [DOCKERFILE_LINT_INVALID_DEFINITION_DESCRIPTION] =
                {"InvalidDefinitionDescription",
                 "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If "
                 "this is not intended to be a description comment, add an empty line or comment between the "
                 "instruction "
                 "and the comment.",
                 "invalid-definition-description", true},
        [DOCKERFILE_LINT_EXPOSE_PROTO_CASING] = {"ExposeProtoCasing",
                                                 "Protocol in EXPOSE instruction should be lowercase",
                                                 "expose-proto-casing", false},
        [DOCKERFILE_LINT_EXPOSE_INVALID_FORMAT] = {"ExposeInvalidFormat",
                                                   "IP address and host-port mapping should not be used in EXPOSE "
                                                   "instruction. This will become an error in "
                                                   "a future release",
                                                   "expose-invalid-format", false},
        [DOCKERFILE_LINT_INVALID_BASE_IMAGE_PLATFORM] = {"InvalidBaseImagePlatform",
                                                         "Base image platform does not match expected target platform",
                                                         NULL, false},
};

static bool is_on(const struct dockerfile_lint_config *c, const struct dockerfile_lint_rule *rule)
{
        if (rule->experimental)
                return c->experimental_all || strv_has(&c->experimental, rule->name);
        return !c->skip_all && !strv_has(&c->skipped, rule->name);
}

static void __attribute__((format(printf, 5, 0))) add(struct dockerfile_linter *l, enum dockerfile_lint_id id,
                                                      unsigned first, unsigned last, const char *format, va_list ap)
{
        struct dockerfile_warnings *w = l->warnings;
        char *detail = NULL;

        if (vasprintf(&detail, format, ap) < 0)
                abort();
        memory_grow(&w->items, &w->cap, w->count + 1, sizeof(*w->items));
        w->items[w->count] = (struct dockerfile_warning){&rules[id], detail, first, last, w->count};
        w->count++;
}

void dockerfile_lint_lines(struct dockerfile_linter *l, enum dockerfile_lint_id id, unsigned first, unsigned last,
                           const char *format, ...)
{
        va_list ap;

        if (!is_on(&l->config, &rules[id]))
                return;
        va_start(ap, format);
        add(l, id, first, last, format, ap);
        va_end(ap);
}

void dockerfile_lint_note(struct dockerfile_linter *l, enum dockerfile_lint_id id,
                          const struct dockerfile_instruction *i, const char *format, ...)
{
        CLEANUP_FREE char *own = dockerfile_lint_comment_find(i);
        struct dockerfile_lint_config config = {0};
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        bool on = is_on(&l->config, &rules[id]);
        va_list ap;

        /* A comment that cannot be read says nothing: it may be no directive at all. */
        if (own && dockerfile_lint_config_parse(own, &config, &ignored) == 0)
                on = rules[id].experimental ? on || is_on(&config, &rules[id]) : on && is_on(&config, &rules[id]);
        dockerfile_lint_config_clear(&config);
        if (!on)
                return;
        va_start(ap, format);
        add(l, id, i->first_line, i->last_line, format, ap);
        va_end(ap);
}

/* By line; what one line is told stays in the order of the rules. */
static int compare(const void *a, const void *b)
{
        const struct dockerfile_warning *one = a;
        const struct dockerfile_warning *other = b;

        if (one->first_line != other->first_line)
                return one->first_line < other->first_line ? -1 : 1;
        return one->order < other->order ? -1 : 1;
}

static int read_config(struct dockerfile_linter *l)
{
        const struct dockerfile_directive *directive = &l->file->check;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (l->options->check) {
                if (dockerfile_lint_config_parse(l->options->check, &l->config, &cause) < 0)
                        return error_set(l->err, EINVAL, "the build argument BUILDKIT_DOCKERFILE_CHECK: %s",
                                         cause.message);
        } else if (directive->value) {
                if (dockerfile_lint_config_parse(directive->value, &l->config, &cause) < 0)
                        return dockerfile_error(l->file, &directive->place, l->err, "%s", cause.message);
        }
        l->warnings->fail = l->config.error;
        return 0;
}

int dockerfile_lint(const struct dockerfile *d, const struct dockerfile_lint_options *options,
                    struct dockerfile_warnings *ret, struct dockerfile_outline *ret_outline, struct error *err)
{
        struct dockerfile_linter l = {
                .file = d, .options = options, .warnings = ret, .outline = ret_outline, .err = err};
        int result = read_config(&l);

        if (result == 0) {
                dockerfile_lint_file(&l);
                result = dockerfile_lint_stages(&l);
        }
        if (ret->count > 0)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare);
        dockerfile_lint_config_clear(&l.config);
        return result;
}

void dockerfile_lint_before(const struct dockerfile *d, bool whole, const char *check, struct dockerfile_warnings *ret)
{
        const struct dockerfile_lint_options options = {.check = check};
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        struct dockerfile_linter l = {.file = d, .options = &options, .warnings = ret, .err = &ignored};

        if (read_config(&l) == 0)
                (whole ? dockerfile_lint_file : dockerfile_lint_words)(&l);
        if (ret->count > 0)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare);
        dockerfile_lint_config_clear(&l.config);
}

/* Levenshtein's distance, or a number above `limit`. */
static size_t distance(const char *a, const char *b, size_t limit)
{
        size_t an = strlen(a);
        size_t bn = strlen(b);
        size_t row[64];

        if (bn >= ARRAY_SIZE(row) || an > bn + limit || bn > an + limit)
                return limit + 1;
        for (size_t k = 0; k <= bn; k++)
                row[k] = k;
        for (size_t i = 1; i <= an; i++) {
                size_t corner = row[0];

                row[0] = i;
                for (size_t k = 1; k <= bn; k++) {
                        size_t change = corner + (a[i - 1] != b[k - 1]);
                        size_t shift = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;

                        corner = row[k];
                        row[k] = change < shift ? change : shift;
                }
        }
        return row[bn];
}

const char *dockerfile_lint_near(const char *word, const struct strv *candidates)
{
        const char *best = NULL;
        size_t least = 3;

        for (size_t k = 0; k < candidates->count; k++) {
                size_t d = distance(word, candidates->items[k], 2);

                if (d == 0)
                        return NULL;
                if (d < least) {
                        best = candidates->items[k];
                        least = d;
                }
        }
        return best;
}

char *dockerfile_warnings_rules(const struct dockerfile_warnings *w)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct buffer text = BUFFER_INIT;

        for (size_t i = 0; i < w->count; i++) {
                if (strv_has(&names, w->items[i].rule->name))
                        continue;
                buffer_printf(&text, "%s%s", names.count ? ", " : "", w->items[i].rule->name);
                strv_add(&names, w->items[i].rule->name);
        }
        return buffer_steal(&text);
}

void dockerfile_warnings_clear(struct dockerfile_warnings *w)
{
        for (size_t i = 0; i < w->count; i++)
                free(w->items[i].detail);
        free(w->items);
        *w = (struct dockerfile_warnings){0};
}
