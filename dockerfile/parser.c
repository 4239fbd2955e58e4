/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser: walks over a file's lines, reads the directives at its top,
 * collects comment blocks, and hands each logical line to the instruction
 * reader.
 */
#include "dockerfile/parser.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/directive.h"
#include "dockerfile/syntax.h"
#include "dockerfile/utf8.h"

struct parser {
        struct dockerfile *d;
        size_t cap;
        unsigned line;         /* the line that is read next */
        bool directives;       /* nothing but directives so far */
        struct buffer comment; /* the block of comments right above, one a line */
        struct error *err;
};

/* An empty comment begins a new block; a blank line does not (as in BuildKit). */
static void add_comment(struct parser *p, const char *text, size_t size)
{
        size_t start = 0;

        dockerfile_utf8_trim(text, &start, &size);
        start++; /* the '#' */
        dockerfile_utf8_trim(text, &start, &size);
        if (start == size) {
                buffer_clear(&p->comment);
                return;
        }
        buffer_append(&p->comment, text + start, size - start);
        buffer_append_char(&p->comment, '\n');
}

/* A comment or blank line, or a directive: true when the line is done with. */
static int read_non_instruction(struct parser *p, bool *done)
{
        size_t size;
        const char *text = dockerfile_source_line(p->d->source, p->line, &size);

        *done = true;
        if (dockerfile_line_is_comment(text, size)) {
                if (p->directives && dockerfile_directive_read(p->d, p->line, &p->directives, p->err) < 0)
                        return -1;
                if (!p->directives)
                        add_comment(p, text, size);
                p->line++;
                return 0;
        }
        p->directives = false;
        if (dockerfile_line_is_blank(text, size)) {
                p->line++;
                return 0;
        }
        *done = false;
        return 0;
}

static int read_instruction(struct parser *p)
{
        struct dockerfile *d = p->d;
        struct dockerfile_line line = {.text = BUFFER_INIT};
        struct dockerfile_reader reader = {.source = d->source, .line = &line, .escape = d->escape, .err = p->err};
        struct dockerfile_instruction *i;
        int result = 0;

        dockerfile_source_begin(d->source, p->line);
        dockerfile_line_read(&line, d->source, p->line, d->escape);
        reader.last_line = line.last_line;
        if (d->instruction_count > 0 && d->instructions[d->instruction_count - 1].heredoc_count > 0)
                reader.heredoc_end = d->instructions[d->instruction_count - 1].last_line;
        if (!dockerfile_line_is_blank(buffer_text(&line.text), line.text.size)) {
                memory_grow(&d->instructions, &p->cap, d->instruction_count + 1, sizeof(*d->instructions));
                i = &d->instructions[d->instruction_count++];
                *i = (struct dockerfile_instruction){0};
                result = dockerfile_instruction_read(&reader, (struct dockerfile_range){0, line.text.size}, i);
                if (result == 0 && p->comment.size > 0)
                        i->comment = buffer_steal(&p->comment);
                if (result < 0) {
                        dockerfile_instruction_clear(i);
                        d->instruction_count--;
                }
        }
        buffer_clear(&p->comment);
        p->line = reader.last_line + 1;
        dockerfile_line_free(&line);
        return result;
}

static int read_lines(struct parser *p)
{
        struct dockerfile *d = p->d;

        while (p->line <= d->source->line_count) {
                bool done;

                if (read_non_instruction(p, &done) < 0)
                        return -1;
                if (done)
                        continue;
                if (d->instruction_count == DOCKERFILE_MAX_INSTRUCTIONS)
                        return dockerfile_source_error(d->source, &(struct dockerfile_place){p->line, 1, 1}, p->err,
                                                       "too many instructions: at most %u are allowed",
                                                       DOCKERFILE_MAX_INSTRUCTIONS);
                if (read_instruction(p) < 0)
                        return -1;
        }
        return 0;
}

/* Reads all of the text into a fresh struct dockerfile, which is there after a failure, too: what stood before it. */
static int parse_text(const char *text, size_t size, const char *name, struct dockerfile **ret, struct error *err)
{
        struct dockerfile *d = *ret = memory_zalloc(1, sizeof(*d));
        struct parser p = {.d = d, .line = 1, .directives = true, .comment = BUFFER_INIT, .err = err};
        int result;

        d->name = memory_strdup(name);
        d->escape = '\\';
        result = dockerfile_source_new(text, size, name, &d->source, err);
        if (result == 0)
                result = read_lines(&p);
        buffer_free(&p.comment);
        return result;
}

/* Only ARG may stand in front of the first FROM. */
static int check_order(struct dockerfile *d, struct error *err)
{
        while (d->first_from < d->instruction_count && d->instructions[d->first_from].kind == DOCKERFILE_ARG)
                d->first_from++;
        if (d->instruction_count == 0)
                return error_set(err, EINVAL, "%s: the file has no instructions: the first is FROM IMAGE", d->name);
        if (d->first_from == d->instruction_count)
                return dockerfile_error(d, &d->instructions[d->instruction_count - 1].place, err,
                                        "no FROM behind this, so there is no stage to build");
        if (d->instructions[d->first_from].kind == DOCKERFILE_FROM)
                return 0;
        return dockerfile_error(d, &d->instructions[d->first_from].place, err,
                                "%s before the first FROM: only ARG may stand there",
                                dockerfile_kind_name(d->instructions[d->first_from].kind));
}

int dockerfile_parse_keep(const char *text, size_t size, const char *name, struct dockerfile **ret,
                          struct dockerfile **ret_before, struct error *err)
{
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        int result = parse_text(text, size, name, &d, err);

        if (result == 0)
                result = check_order(d, err);
        if (result == 0)
                *ret = STEAL(d);
        else if (d->source)
                *ret_before = STEAL(d);
        return result;
}

int dockerfile_parse(const char *text, size_t size, const char *name, struct dockerfile **ret, struct error *err)
{
        CLEANUP_DOCKERFILE struct dockerfile *before = NULL;

        return dockerfile_parse_keep(text, size, name, ret, &before, err);
}

int dockerfile_trigger_parse(const char *text, size_t size, const char *name, struct dockerfile **ret,
                             struct error *err)
{
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        const struct dockerfile_instruction *i;

        if (parse_text(text, size, name, &d, err) < 0)
                return -1;
        if (d->instruction_count != 1)
                return error_set(err, EINVAL, "%s: a trigger is one instruction, this text has %zu", name,
                                 d->instruction_count);
        i = &d->instructions[0];
        if (i->kind == DOCKERFILE_FROM || i->kind == DOCKERFILE_MAINTAINER || i->kind == DOCKERFILE_ONBUILD)
                return dockerfile_error(d, &i->place, err, "%s is not allowed as an ONBUILD trigger",
                                        dockerfile_kind_name(i->kind));
        d->first_from = 1;
        *ret = STEAL(d);
        return 0;
}

void dockerfile_free(struct dockerfile *d)
{
        if (!d)
                return;
        for (size_t k = 0; k < d->instruction_count; k++)
                dockerfile_instruction_clear(&d->instructions[k]);
        free(d->instructions);
        free(d->escape_directive.value);
        free(d->syntax.value);
        free(d->check.value);
        free(d->name);
        dockerfile_source_free(d->source);
        free(d);
}

void dockerfile_cleanup(struct dockerfile **d)
{
        dockerfile_free(*d);
        *d = NULL;
}

int dockerfile_error(const struct dockerfile *d, const struct dockerfile_place *place, struct error *err,
                     const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        dockerfile_source_verror(d->source, place, err, format, ap);
        va_end(ap);
        return -1;
}

void dockerfile_excerpt(const struct dockerfile *d, unsigned first, unsigned last, struct buffer *ret)
{
        dockerfile_source_excerpt(d->source, first, last, ret);
}

const char *dockerfile_instruction_describe(const struct dockerfile_instruction *i, const char *name, size_t *ret_size)
{
        size_t size = strlen(name);

        for (const char *line = i->comment; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (strncmp(line, name, size) != 0 || line[size] != ' ')
                        continue;
                *ret_size = strcspn(line + size + 1, "\n");
                return line + size + 1;
        }
        return NULL;
}
