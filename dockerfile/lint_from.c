/* SPDX-License-Identifier: Apache-2.0 */
/* The linter's rules about FROM: its arguments, its platform, and the names its defaults make. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/lint_stage.h"

/* Names in FROM that no ARG in front of it declares. */
static void note_undeclared(struct dockerfile_linter *l, const struct dockerfile_lint_stage *s,
                            const struct strv *unmatched, const struct strv *names)
{
        for (size_t k = 0; k < unmatched->count; k++) {
                const char *near;

                if (strv_has(names, unmatched->items[k]))
                        continue;
                near = dockerfile_lint_near(unmatched->items[k], names);
                dockerfile_lint_note(l, DOCKERFILE_LINT_UNDEFINED_ARG_IN_FROM, s->from,
                                     near ? "FROM argument '%s' is not declared (did you mean %s?)"
                                          : "FROM argument '%s' is not declared",
                                     unmatched->items[k], near);
        }
}

/* "linux/amd64", "arm64", "linux": the system and the architecture; false if it is none that is known. */
static bool read_platform(const char *text, const char *host_architecture, char **ret_os, char **ret_architecture)
{
        static const char *const systems[] = {"linux",  "windows", "darwin",  "freebsd",
                                              "netbsd", "openbsd", "solaris", "wasip1"};
        static const struct {
                const char *name, *normal;
        } architectures[] = {
                {"amd64", "amd64"},     {"x86_64", "amd64"},    {"x86-64", "amd64"},      {"386", "386"},
                {"i386", "386"},        {"arm64", "arm64"},     {"aarch64", "arm64"},     {"arm", "arm"},
                {"armhf", "arm"},       {"armel", "arm"},       {"ppc64le", "ppc64le"},   {"s390x", "s390x"},
                {"riscv64", "riscv64"}, {"loong64", "loong64"}, {"mips64le", "mips64le"},
        };
        CLEANUP_FREE char *first = memory_strndup(text, strcspn(text, "/"));
        const char *slash = strchr(text, '/');
        CLEANUP_FREE char *second = slash ? memory_strndup(slash + 1, strcspn(slash + 1, "/")) : NULL;
        const char *wanted = second ? second : first;
        bool is_system = false;

        for (const char *c = text; *c; c++)
                if (!isalnum((unsigned char)*c) && !strchr("/_.-", *c))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
                is_system |= strcmp(first, systems[i]) == 0;
        if (!second && is_system) {
                *ret_os = STEAL(first);
                *ret_architecture = memory_strdup(host_architecture);
                return true;
        }
        for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
                if (strcmp(wanted, architectures[i].name) == 0) {
                        *ret_os = second ? STEAL(first) : memory_strdup("linux");
                        *ret_architecture = memory_strdup(architectures[i].normal);
                        return true;
                }
        return false;
}

/* A constant says for every builder what only some can build; a stage that is called after it means it. */
static void check_constant(struct dockerfile_linter *l, const struct dockerfile_lint_stage *s, const char *platform)
{
        const char *host = strv_env_find(l->options->platform, "BUILDARCH");
        const char *stage = s->from->from.stage ? s->from->from.stage : "";
        CLEANUP_FREE char *os = NULL;
        CLEANUP_FREE char *architecture = NULL;

        if (read_platform(platform, host ? host : "amd64", &os, &architecture) && !strstr(stage, os) &&
            !strstr(stage, architecture))
                dockerfile_lint_note(l, DOCKERFILE_LINT_FROM_PLATFORM_FLAG_CONST_DISALLOWED, s->from,
                                     "FROM --platform flag should not use constant value \"%s\"", platform);
}

static int check_platform(struct dockerfile_linter *l, struct dockerfile_lint_stage *s, const struct strv *globals,
                          const struct strv *names)
{
        const struct dockerfile_flag *flag = dockerfile_flag_find(s->from, "platform");
        struct dockerfile_lint_word word = {0};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *value = NULL;
        const char *target = strv_env_find(globals, "TARGETPLATFORM");

        if (!flag)
                return 0;
        if (dockerfile_lint_expand(l, globals, flag->value, &word, &value, &cause) < 0) {
                dockerfile_lint_word_clear(&word);
                return dockerfile_error(l->file, &flag->place, l->err, "%s", cause.message);
        }
        note_undeclared(l, s, &word.unmatched, names);
        if (word.matched.count == 1 && word.unmatched.count == 0 && strv_has(&word.matched, "TARGETPLATFORM") &&
            target && strcmp(value, target) == 0)
                dockerfile_lint_note(
                        l, DOCKERFILE_LINT_REDUNDANT_TARGET_PLATFORM, s->from,
                        "Setting platform to predefined %s in FROM is redundant as this is the default behavior",
                        flag->value);
        if (word.matched.count == 0 && word.unmatched.count == 0)
                check_constant(l, s, value);
        strv_extend(&s->used, &word.matched);
        dockerfile_lint_word_clear(&word);
        return 0;
}

int dockerfile_lint_from(struct dockerfile_linter *l, struct dockerfile_lint_stage *s, const struct strv *globals,
                         const struct strv *names)
{
        const struct dockerfile_word *image = s->from->from.image;
        struct dockerfile_lint_word word = {0};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const char *base = s->from == &l->file->instructions[l->file->first_from] ? l->options->base : NULL;
        int result;

        if (base) {
                s->image = memory_strdup(base);
                return check_platform(l, s, globals, names);
        }
        result = dockerfile_lint_expand(l, globals, image->text, &word, &s->image, &cause);
        note_undeclared(l, s, &word.unmatched, names);
        strv_extend(&s->used, &word.matched);
        dockerfile_lint_word_clear(&word);
        if (result < 0)
                return dockerfile_error(l->file, &image->place, l->err, "%s", cause.message);
        return check_platform(l, s, globals, names);
}

void dockerfile_lint_defaults(struct dockerfile_linter *l, const struct strv *defaults)
{
        const struct dockerfile *d = l->file;

        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                const struct dockerfile_instruction *i = &d->instructions[k];
                struct dockerfile_lint_word word = {0};
                CLEANUP_ERROR struct error ignored = ERROR_INIT;
                CLEANUP_FREE char *image = NULL;
                int result;

                if (i->kind != DOCKERFILE_FROM)
                        continue;
                result = dockerfile_lint_expand(l, defaults, i->from.image->text, &word, &image, &ignored);
                dockerfile_lint_word_clear(&word);
                if (result < 0)
                        return; /* the build says it better */
                if (!l->options->is_reference(image))
                        dockerfile_lint_lines(l, DOCKERFILE_LINT_INVALID_DEFAULT_ARG_IN_FROM, i->first_line,
                                              i->last_line,
                                              "Default value for ARG %s results in empty or invalid base image name",
                                              i->from.image->text);
        }
}
