/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a Dockerfile, line by line, and the messages that quote it:
 *
 *     Dockerfile:3:1: unknown instruction: RNU (did you mean RUN?)
 *        2 | FROM debian
 *        3 | RNU echo
 *          | ^^^
 */
#include "dockerfile/source.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "common/redact.h"
#include "dockerfile/parser.h"
#include "dockerfile/utf8.h"

/* Characters of a line that an excerpt shows at most, and how many of them stand left of the caret in a longer line. */
#define EXCERPT_WIDTH 110
#define EXCERPT_LEFT  60
/* Bytes of a headline at most: a message never repeats a huge word. */
#define HEADLINE_SIZE 600
/* Lines of an instruction that an excerpt shows above the guilty one, its first line apart. */
#define EXCERPT_LINES 4

static void index_lines(struct dockerfile_source *s)
{
        size_t cap = 0;
        size_t at = 0;

        while (at < s->size) {
                const char *end = memchr(s->text + at, '\n', s->size - at);

                memory_grow(&s->starts, &cap, (size_t)s->line_count + 1, sizeof(*s->starts));
                s->starts[s->line_count++] = at;
                at = end ? (size_t)(end - s->text) + 1 : s->size;
        }
        memory_grow(&s->starts, &cap, (size_t)s->line_count + 1, sizeof(*s->starts));
        s->starts[s->line_count] = s->size;
}

static int check_lines(const struct dockerfile_source *s, struct error *err)
{
        for (unsigned line = 1; line <= s->line_count; line++) {
                size_t size;
                const char *text = dockerfile_source_raw_line(s, line, &size);
                const char *nul = memchr(text, '\0', size);

                if (nul)
                        return dockerfile_source_error(s,
                                                       &(struct dockerfile_place){line, (unsigned)(nul - text) + 1, 1},
                                                       err, "a NUL byte: this is not a text file");
                if (size > 0 && text[size - 1] == '\n')
                        size--;
                if (size > DOCKERFILE_MAX_LINE)
                        return dockerfile_source_error(s, &(struct dockerfile_place){line, 1, 1}, err,
                                                       "the line has %zu bytes, at most %u are allowed: "
                                                       "break it with the escape character at a line's end",
                                                       size, DOCKERFILE_MAX_LINE);
        }
        return 0;
}

int dockerfile_source_new(const char *text, size_t size, const char *name, struct dockerfile_source **ret,
                          struct error *err)
{
        struct dockerfile_source *s;

        if (size > DOCKERFILE_MAX_SIZE)
                return error_set(err, EFBIG, "%s: the file has %zu bytes, at most %u are allowed", name, size,
                                 DOCKERFILE_MAX_SIZE);
        if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
                return error_set(err, EINVAL, "%s: the file is UTF-16: save it as UTF-8", name);
        if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
                text += 3;
                size -= 3;
        }
        s = memory_zalloc(1, sizeof(*s));
        s->name = memory_strdup(name);
        s->text = memory_alloc(size + 1);
        if (size > 0)
                memcpy(s->text, text, size);
        s->text[size] = '\0';
        s->size = size;
        index_lines(s);
        if (check_lines(s, err) < 0) {
                dockerfile_source_free(s);
                return -1;
        }
        *ret = s;
        return 0;
}

void dockerfile_source_free(struct dockerfile_source *s)
{
        if (!s)
                return;
        free(s->name);
        free(s->text);
        free(s->starts);
        free(s->firsts);
        free(s);
}

const char *dockerfile_source_raw_line(const struct dockerfile_source *s, unsigned line, size_t *ret_size)
{
        *ret_size = s->starts[line] - s->starts[line - 1];
        return s->text + s->starts[line - 1];
}

const char *dockerfile_source_line(const struct dockerfile_source *s, unsigned line, size_t *ret_size)
{
        const char *text = dockerfile_source_raw_line(s, line, ret_size);

        while (*ret_size > 0 && (text[*ret_size - 1] == '\n' || text[*ret_size - 1] == '\r'))
                (*ret_size)--;
        return text;
}

/* Characters, not bytes: how editors count columns. */
static size_t count_characters(const char *text, size_t size)
{
        size_t count = 0;
        uint32_t c;

        for (size_t at = 0; at < size; count++)
                at += dockerfile_utf8_next(text + at, size - at, &c);
        return count;
}

/* Appends text so that it can be shown: one column a character, nothing that drives a terminal. */
static void append_safe(struct buffer *b, const char *text, size_t size)
{
        for (size_t at = 0; at < size;) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(text + at, size - at, &c);

                if (c == '\t')
                        buffer_append_char(b, ' ');
                else if (dockerfile_utf8_is_unsafe(c))
                        buffer_append_char(b, '?');
                else
                        buffer_append(b, text + at, n);
                at += n;
        }
}

/* The bytes that `characters` characters from `at` on take. */
static size_t skip_characters(const char *text, size_t size, size_t at, size_t characters)
{
        uint32_t c;

        while (at < size && characters-- > 0)
                at += dockerfile_utf8_next(text + at, size - at, &c);
        return at;
}

/* Appends one numbered line, of which the first `skip` characters are left out. */
static void append_line(const struct dockerfile_source *s, unsigned line, size_t skip, struct buffer *ret)
{
        size_t size;
        const char *text = dockerfile_source_line(s, line, &size);
        size_t from = skip_characters(text, size, 0, skip);
        size_t to = skip_characters(text, size, from, EXCERPT_WIDTH);
        CLEANUP_FREE char *shown = memory_zalloc(size + 1, 1);

        memcpy(shown, text, size);
        redact_urls_in_place(shown); /* columns stay where they are */
        buffer_printf(ret, "%4u | %s", line, skip > 0 && size > 0 ? "..." : "");
        append_safe(ret, shown + from, to - from);
        buffer_append_string(ret, to < size ? "...\n" : "\n");
}

void dockerfile_source_excerpt(const struct dockerfile_source *s, unsigned first, unsigned last, struct buffer *ret)
{
        for (unsigned line = first > 0 ? first : 1; line <= last && line <= s->line_count; line++)
                append_line(s, line, 0, ret);
}

void dockerfile_source_begin(struct dockerfile_source *s, unsigned line)
{
        memory_grow(&s->firsts, &s->first_cap, s->first_count + 1, sizeof(*s->firsts));
        s->firsts[s->first_count++] = line;
}

/* The first line of the instruction that `line` belongs to; `line` itself where none is known. */
static unsigned first_of(const struct dockerfile_source *s, unsigned line)
{
        size_t low = 0;
        size_t high = s->first_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->firsts[middle] <= line)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 ? s->firsts[low - 1] : line;
}

/* What stands above the guilty line: its instruction from the first line on, or the one line before. */
static void append_above(const struct dockerfile_source *s, unsigned line, struct buffer *ret)
{
        unsigned first = first_of(s, line);

        if (first == line) {
                if (line > 1)
                        append_line(s, line - 1, 0, ret);
                return;
        }
        append_line(s, first, 0, ret);
        if (line - first > EXCERPT_LINES + 1) {
                buffer_append_string(ret, "     | ...\n");
                first = line - EXCERPT_LINES - 1;
        }
        while (++first < line)
                append_line(s, first, 0, ret);
}

static void append_caret(const struct dockerfile_source *s, const struct dockerfile_place *place, struct buffer *ret)
{
        size_t size;
        const char *text = dockerfile_source_line(s, place->line, &size);
        size_t from = place->column - 1 < size ? place->column - 1 : size;
        size_t width = place->width < size - from ? place->width : size - from;
        size_t left = count_characters(text, from);
        size_t carets = count_characters(text + from, width);
        size_t skip = left > EXCERPT_WIDTH - 10 ? left - EXCERPT_LEFT : 0;
        int margin;

        append_above(s, place->line, ret);
        append_line(s, place->line, skip, ret);
        margin = snprintf(NULL, 0, "%4u", place->line);
        left = left - skip + (skip > 0 ? 3 : 0);
        if (carets == 0)
                carets = 1;
        if (carets > EXCERPT_WIDTH - (left < EXCERPT_WIDTH ? left : EXCERPT_WIDTH - 1))
                carets = EXCERPT_WIDTH - (left < EXCERPT_WIDTH ? left : EXCERPT_WIDTH - 1);
        buffer_printf(ret, "%*s | %*s", margin, "", (int)left, "");
        while (carets-- > 0)
                buffer_append_char(ret, '^');
}

int dockerfile_source_verror(const struct dockerfile_source *s, const struct dockerfile_place *place, struct error *err,
                             const char *format, va_list ap)
{
        CLEANUP_BUFFER struct buffer message = BUFFER_INIT;
        char headline[HEADLINE_SIZE];
        int wanted = vsnprintf(headline, sizeof(headline), format, ap);

        redact_urls_in_place(headline);
        append_safe(&message, s->name, strlen(s->name));
        if (place->line > 0 && place->line <= s->line_count) {
                size_t size;
                const char *text = dockerfile_source_line(s, place->line, &size);
                size_t left = place->column - 1 < size ? place->column - 1 : size;

                buffer_printf(&message, ":%u:%zu", place->line, count_characters(text, left) + 1);
        }
        buffer_append_string(&message, ": ");
        append_safe(&message, headline, strlen(headline));
        if (wanted >= (int)sizeof(headline))
                buffer_append_string(&message, "...");
        if (place->line > 0 && place->line <= s->line_count) {
                buffer_append_char(&message, '\n');
                append_caret(s, place, &message);
        }
        return error_set(err, EINVAL, "%s", buffer_text(&message));
}

int dockerfile_source_error(const struct dockerfile_source *s, const struct dockerfile_place *place, struct error *err,
                            const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        dockerfile_source_verror(s, place, err, format, ap);
        va_end(ap);
        return -1;
}
