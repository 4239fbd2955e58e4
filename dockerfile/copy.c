/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: sources (paths and heredocs), destination and flags. */
#include "dockerfile/syntax.h"

#include <ctype.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/flags.h"

/* A heredoc becomes a file of that name, so it must be one. */
static int check_file_name(struct dockerfile_reader *r, const struct dockerfile_heredoc *h)
{
        if (!strchr(h->name, '/') && strcmp(h->name, ".") != 0 && strcmp(h->name, "..") != 0)
                return 0;
        return dockerfile_place_error(r, &h->place, "the heredoc's name '%s' cannot be a file name", h->name);
}

/* True when `place` is where the heredoc is announced. */
static bool is_at(const struct dockerfile_heredoc *h, const struct dockerfile_place *place)
{
        return h->place.line == place->line && h->place.column == place->column;
}

static int read_sources(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        struct dockerfile_copy *c = &i->copy;
        size_t doc = 0;

        c->source_count = i->arg_count - 1;
        c->sources = memory_zalloc(c->source_count, sizeof(*c->sources));
        c->dest = &i->args[i->arg_count - 1];
        for (size_t k = 0; k < i->arg_count; k++) {
                const struct dockerfile_heredoc *h = NULL;

                if (doc < i->heredoc_count && is_at(&i->heredocs[doc], &i->args[k].place))
                        h = &i->heredocs[doc++];
                if (h && k == c->source_count)
                        return dockerfile_place_error(r, &h->place,
                                                      "%s cannot have a heredoc as its destination: that stands last",
                                                      dockerfile_kind_name(i->kind));
                if (k == c->source_count)
                        break;
                if (h && check_file_name(r, h) < 0)
                        return -1;
                c->sources[k] = (struct dockerfile_copy_source){&i->args[k], h};
        }
        return 0;
}

/*
 * The stages must be known before anything is expanded, so a variable cannot
 * choose one. BuildKit says "define alias stage instead".
 */
static int check_from(struct dockerfile_reader *r, const struct dockerfile_flag *from)
{
        const char *dollar = from ? strchr(from->value, '$') : NULL;

        if (from && from->value[0] == '\0')
                return dockerfile_place_error(r, &from->place, "--from= names no stage or image");
        if (!dollar || dollar[1] == '\0')
                return 0;
        return dockerfile_place_error(r, &from->place,
                                      "--from does not expand variables: define a stage with "
                                      "'FROM %s AS name' at the top and use its name",
                                      from->value);
}

static bool is_true(const struct dockerfile_flag *f)
{
        return f && strcmp(f->value, "true") == 0;
}

int dockerfile_copy_read(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        struct dockerfile_copy *c = &i->copy;

        if (i->arg_count < 2)
                return dockerfile_keyword_error(r, i, "%s requires at least two arguments, a source and a destination",
                                                dockerfile_kind_name(i->kind));
        c->from = dockerfile_flag_find(i, "from");
        c->chown = dockerfile_flag_find(i, "chown");
        c->chmod = dockerfile_flag_find(i, "chmod");
        c->checksum = dockerfile_flag_find(i, "checksum");
        c->keep_git_dir_flag = dockerfile_flag_find(i, "keep-git-dir");
        c->unpack_flag = dockerfile_flag_find(i, "unpack");
        c->exclude_count = dockerfile_flags_all(i, "exclude", &c->excludes);
        c->link = is_true(dockerfile_flag_find(i, "link"));
        c->parents = is_true(dockerfile_flag_find(i, "parents"));
        c->keep_git_dir = is_true(c->keep_git_dir_flag);
        c->unpack = is_true(c->unpack_flag);
        if (check_from(r, c->from) < 0)
                return -1;
        return read_sources(r, i);
}
