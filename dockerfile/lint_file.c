/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the linter that look at words only: casing, names of stages, continuation lines, descriptions. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/lint_rules.h"

static bool is_lower(const char *word)
{
        for (; *word; word++)
                if (isupper((unsigned char)*word))
                        return false;
        return true;
}

static bool is_upper(const char *word)
{
        for (; *word; word++)
                if (islower((unsigned char)*word))
                        return false;
        return true;
}

/* Where the logical line ends: the bodies of heredocs stand behind it. */
static unsigned line_end(const struct dockerfile_instruction *i)
{
        unsigned last = i->last_line;

        for (size_t k = 0; k < i->heredoc_count; k++) {
                last--;
                for (const char *c = i->heredocs[k].raw; *c; c++)
                        last -= *c == '\n';
        }
        return last;
}

static void check_continuations(struct dockerfile_linter *l)
{
        for (size_t k = 0; k < l->file->instruction_count; k++) {
                const struct dockerfile_instruction *i = &l->file->instructions[k];

                if (i->empty_continuation)
                        dockerfile_lint_lines(l, DOCKERFILE_LINT_NO_EMPTY_CONTINUATION, line_end(i), line_end(i),
                                              "Empty continuation line");
        }
}

static void check_from(struct dockerfile_linter *l, const struct dockerfile_instruction *i)
{
        const struct dockerfile_from *f = &i->from;

        if (!f->name)
                return;
        if (!is_lower(f->name->text))
                dockerfile_lint_note(l, DOCKERFILE_LINT_STAGE_NAME_CASING, i, "Stage name '%s' should be lowercase",
                                     f->name->text);
        if ((is_lower(i->keyword) && !is_lower(f->as->text)) || (is_upper(i->keyword) && !is_upper(f->as->text)))
                dockerfile_lint_note(l, DOCKERFILE_LINT_FROM_AS_CASING, i,
                                     "'%s' and '%s' keywords' casing do not match", f->as->text, i->keyword);
}

/* The last comment above a stage or an argument describes it: it begins with its name. */
static void check_description(struct dockerfile_linter *l, const struct dockerfile_instruction *i)
{
        const char *line = i->comment;
        const char *example = NULL;
        size_t size;

        if (!line || (i->kind == DOCKERFILE_FROM && !i->from.stage))
                return;
        for (const char *next = line; *next; next += strcspn(next, "\n"), next += *next == '\n')
                line = next;
        size = strcspn(line, " \n");
        if (i->kind == DOCKERFILE_FROM) {
                example = i->from.stage;
                if (strlen(example) == size && strncmp(line, example, size) == 0)
                        return;
        }
        for (size_t k = 0; i->kind == DOCKERFILE_ARG && k < i->pairs.count; k++) {
                const char *name = i->pairs.items[k].key.text;

                if (strlen(name) == size && strncmp(line, name, size) == 0)
                        return;
                example = k == 0 ? name : "<arg_key>";
        }
        dockerfile_lint_note(l, DOCKERFILE_LINT_INVALID_DEFINITION_DESCRIPTION, i,
                             "Comment for %s should follow the format: `# %s <description>`",
                             dockerfile_kind_name(i->kind), example);
}

static void check_words(struct dockerfile_linter *l)
{
        for (size_t k = 0; k < l->file->instruction_count; k++) {
                const struct dockerfile_instruction *i = &l->file->instructions[k];

                if (i->kind == DOCKERFILE_FROM)
                        check_from(l, i);
                if (i->kind == DOCKERFILE_MAINTAINER)
                        dockerfile_lint_note(l, DOCKERFILE_LINT_MAINTAINER_DEPRECATED, i,
                                             "Maintainer instruction is deprecated in favor of using label");
                if ((i->kind == DOCKERFILE_ENV || i->kind == DOCKERFILE_LABEL) && i->pairs.legacy)
                        dockerfile_lint_note(
                                l, DOCKERFILE_LINT_LEGACY_KEY_VALUE_FORMAT, i,
                                "\"%s key=value\" should be used instead of legacy \"%s key value\" format",
                                i->keyword, i->keyword);
                if (i->kind == DOCKERFILE_FROM || i->kind == DOCKERFILE_ARG)
                        check_description(l, i);
        }
}

static void check_stage_names(struct dockerfile_linter *l)
{
        const struct dockerfile *d = l->file;

        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                const struct dockerfile_instruction *i = &d->instructions[k];
                bool seen = false;

                if (i->kind != DOCKERFILE_FROM || !i->from.stage)
                        continue;
                if (strcmp(i->from.stage, "context") == 0 || strcmp(i->from.stage, "scratch") == 0)
                        dockerfile_lint_lines(l, DOCKERFILE_LINT_RESERVED_STAGE_NAME, i->first_line, i->last_line,
                                              "Stage name should not use the same name as reserved stage \"%s\"",
                                              i->from.stage);
                for (size_t n = d->first_from; n < k && !seen; n++)
                        seen = d->instructions[n].kind == DOCKERFILE_FROM && d->instructions[n].from.stage &&
                               strcmp(d->instructions[n].from.stage, i->from.stage) == 0;
                if (seen)
                        dockerfile_lint_lines(l, DOCKERFILE_LINT_DUPLICATE_STAGE_NAME, i->first_line, i->last_line,
                                              "Duplicate stage name \"%s\", stage names should be unique",
                                              i->from.stage);
        }
}

/* The majority of the consistent ones decides; when even, capitals do. The ARGs in front of FROM have no vote. */
static void check_casing(struct dockerfile_linter *l)
{
        const struct dockerfile *d = l->file;
        size_t lower = 0;
        size_t upper = 0;

        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                const char *keyword = d->instructions[k].keyword;

                lower += is_lower(keyword);
                upper += !is_lower(keyword) && is_upper(keyword);
        }
        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                const struct dockerfile_instruction *i = &d->instructions[k];

                if (lower > upper ? !is_lower(i->keyword) : !is_upper(i->keyword))
                        dockerfile_lint_lines(l, DOCKERFILE_LINT_CONSISTENT_INSTRUCTION_CASING, i->first_line,
                                              i->last_line,
                                              "Command '%s' should match the case of the command majority (%s)",
                                              i->keyword, lower > upper ? "lowercase" : "uppercase");
        }
}

void dockerfile_lint_words(struct dockerfile_linter *l)
{
        check_continuations(l);
        check_words(l);
}

void dockerfile_lint_file(struct dockerfile_linter *l)
{
        dockerfile_lint_words(l);
        check_stage_names(l);
        check_casing(l);
}
