/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Here-documents: finding them among the words of a RUN, COPY or ADD, and
 * reading their bodies. Words are cut as a shell would, always with '\' as
 * escape: quotes hide a "<<", and so does arithmetic, $((1 << 3)).
 */
#include "dockerfile/heredoc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/utf8.h"

/* The position behind the quoted string that starts at `at`, or 0 when it does not end. */
static size_t skip_quoted(const char *text, size_t at, size_t end)
{
        char quote = text[at++];

        while (at < end && text[at] != quote)
                at += text[at] == '\\' && quote == '"' ? 2 : 1;
        return at < end ? at + 1 : 0;
}

/*
 * The position behind the bracket that ends `close` (")" twice, or "}") for the
 * text behind an opening one at `at`; `at` itself when there is none, which
 * makes the opening one plain text. *fuel bounds the work over a whole line.
 */
static size_t skip_nested(const char *text, size_t at, size_t end, const char *open, const char *close, size_t *fuel)
{
        size_t size = strlen(close);
        size_t start = at;
        unsigned depth = 1;

        while (at + size <= end && *fuel > 0) {
                (*fuel)--;
                if (text[at] == close[0] && strncmp(text + at, close, size) == 0) {
                        at += size;
                        if (--depth == 0)
                                return at;
                } else if (text[at] == open[0] && strncmp(text + at, open, strlen(open)) == 0) {
                        at += strlen(open);
                        depth++;
                } else {
                        at += text[at] == '\\' ? 2 : 1;
                }
        }
        return start;
}

/*
 * The end of the shell word that starts at `at`; 0 when a quote in it stays
 * open.
 */
static size_t word_end(const char *text, size_t at, size_t end, size_t *fuel)
{
        size_t start = at;

        while (at < end) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(text + at, end - at, &c);

                if (dockerfile_utf8_is_space(c))
                        return at;
                if (c == '\'' || c == '"') {
                        at = skip_quoted(text, at, end);
                        if (at == 0)
                                return 0;
                } else if (c == '\\') {
                        at += at + 1 < end ? 2 : 1;
                } else if (end - at > 3 && strncmp(text + at, "$((", 3) == 0) {
                        at = skip_nested(text, at + 3, end, "((", "))", fuel);
                } else if (at == start && end - at > 2 && strncmp(text + at, "((", 2) == 0) {
                        at = skip_nested(text, at + 2, end, "((", "))", fuel);
                } else if (end - at > 2 && strncmp(text + at, "${", 2) == 0) {
                        at = skip_nested(text, at + 2, end, "${", "}", fuel);
                } else {
                        at += n;
                }
        }
        return at < end ? at : end;
}

/* Takes quotes and escapes out of a delimiter; *expand becomes false when there were quotes. */
static char *unquote(const char *word, size_t size, bool *expand)
{
        struct buffer name = BUFFER_INIT;
        char quote = 0;

        *expand = true;
        for (size_t at = 0; at < size; at++) {
                char c = word[at];

                if (quote ? c == quote : c == '"' || c == '\'') {
                        quote = quote ? 0 : c;
                        *expand = false;
                        continue;
                }
                if (c == '\\' && quote != '\'' && at + 1 < size && (!quote || strchr("\"$\\", word[at + 1]) != NULL))
                        c = word[++at];
                buffer_append_char(&name, c);
        }
        return buffer_steal(&name);
}

static void add(struct dockerfile_heredocs *h, struct dockerfile_heredoc doc, struct dockerfile_range range)
{
        memory_grow(&h->items, &h->cap, h->count + 1, sizeof(*h->items));
        memory_grow(&h->ranges, &h->range_cap, h->count + 1, sizeof(*h->ranges));
        h->items[h->count] = doc;
        h->ranges[h->count++] = range;
}

static size_t skip_spaces(const char *text, size_t at, size_t end)
{
        dockerfile_utf8_trim(text, &at, &end);
        return at;
}

/*
 * Looks at the word start..*end; *end moves on if the delimiter is the next
 * word ("<< EOF"). False when a quote stays open there.
 */
static bool look_at_word(struct dockerfile_heredocs *h, const struct dockerfile_line *l, size_t start, size_t *end,
                         size_t limit, size_t *fuel)
{
        const char *text = buffer_text(&l->text);
        struct dockerfile_heredoc doc = {0};
        size_t at = start;

        while (at < *end && isdigit((unsigned char)text[at]) && doc.fd < 100000000)
                doc.fd = doc.fd * 10 + (unsigned)(text[at++] - '0');
        if (*end - at < 2 || strncmp(text + at, "<<", 2) != 0)
                return true;
        at += 2;
        if (at < *end && text[at] == '-') {
                doc.strip_tabs = true;
                at++;
        }
        if (at == *end) {
                at = skip_spaces(text, at, limit);
                *end = word_end(text, at, limit, fuel);
                if (*end == 0)
                        return false;
        }
        if (at >= *end || memchr(text + at, '<', *end - at))
                return true;
        doc.name = unquote(text + at, *end - at, &doc.expand);
        if (doc.name[0] == '\0') {
                free(doc.name);
                return true;
        }
        doc.place = dockerfile_line_place(l, start, *end);
        add(h, doc, (struct dockerfile_range){start, *end});
        return true;
}

void dockerfile_heredocs_find(struct dockerfile_heredocs *h, const struct dockerfile_line *l, struct dockerfile_range r)
{
        const char *text = buffer_text(&l->text);
        size_t fuel = 4 * (r.end - r.start) + 1024;
        size_t at;

        /* Nearly every line: nothing to do. */
        if (r.end - r.start < 3 || !memmem(text + r.start, r.end - r.start, "<<", 2))
                return;
        for (at = skip_spaces(text, r.start, r.end); at < r.end; at = skip_spaces(text, at, r.end)) {
                size_t start = at;

                at = word_end(text, at, r.end, &fuel);
                if (at == 0 || !look_at_word(h, l, start, &at, r.end, &fuel)) {
                        dockerfile_heredocs_free(h);
                        return;
                }
        }
        if (h->count == 1)
                h->items[0].alone = h->ranges[0].start == r.start && h->ranges[0].end == r.end;
}

/* The text without the tabs at the start of each line. */
static char *strip_tabs(const char *text)
{
        struct buffer out = BUFFER_INIT;

        while (*text) {
                size_t size;

                text += strspn(text, "\t");
                size = strcspn(text, "\n");
                if (text[size] == '\n')
                        size++;
                buffer_append(&out, text, size);
                text += size;
        }
        return buffer_steal(&out);
}

/* Says what is wrong with the line that was most likely meant to end it. */
static int unterminated(const struct dockerfile_heredoc *h, const struct dockerfile_source *s, unsigned first,
                        struct error *err)
{
        size_t name_size = strlen(h->name);

        for (unsigned line = first; line <= s->line_count; line++) {
                size_t start = 0;
                size_t end;
                const char *text = dockerfile_source_line(s, line, &end);
                const char *why = "blanks behind it: take them away";

                dockerfile_utf8_trim(text, &start, &end);
                if (end - start != name_size || memcmp(text + start, h->name, name_size) != 0)
                        continue;
                if (start > 0)
                        why = h->strip_tabs ? "blanks in front of it, and <<- takes only tabs away: indent with tabs"
                              : strspn(text, "\t") == start ? "tabs in front of it: write <<- to take them away"
                                                            : "blanks in front of it: take them away";
                return dockerfile_source_error(s, &h->place, err, "unterminated heredoc: '%s' in line %u has %s",
                                               h->name, line, why);
        }
        return dockerfile_source_error(s, &h->place, err, "unterminated heredoc: no later line is just '%s'", h->name);
}

static int read_body(struct dockerfile_heredoc *h, const struct dockerfile_source *s, unsigned *line, struct error *err)
{
        unsigned first = *line + 1;
        size_t name_size = strlen(h->name);

        for (unsigned at = first; at <= s->line_count; at++) {
                size_t size;
                const char *text = dockerfile_source_line(s, at, &size);
                size_t tabs = 0;

                while (h->strip_tabs && tabs < size && text[tabs] == '\t')
                        tabs++;
                if (size - tabs != name_size || memcmp(text + tabs, h->name, name_size) != 0)
                        continue;
                h->raw = memory_strndup(s->text + s->starts[first - 1], s->starts[at - 1] - s->starts[first - 1]);
                h->body = h->strip_tabs ? strip_tabs(h->raw) : memory_strdup(h->raw);
                h->line = first;
                *line = at;
                return 0;
        }
        return unterminated(h, s, first, err);
}

int dockerfile_heredocs_read(struct dockerfile_heredocs *h, const struct dockerfile_source *s, unsigned *line,
                             struct error *err)
{
        for (size_t k = 0; k < h->count; k++)
                if (read_body(&h->items[k], s, line, err) < 0)
                        return -1;
        return 0;
}

void dockerfile_heredoc_clear(struct dockerfile_heredoc *h)
{
        free(h->name);
        free(h->raw);
        free(h->body);
        *h = (struct dockerfile_heredoc){0};
}

void dockerfile_heredocs_free(struct dockerfile_heredocs *h)
{
        for (size_t k = 0; k < h->count; k++)
                dockerfile_heredoc_clear(&h->items[k]);
        free(h->items);
        free(h->ranges);
        *h = (struct dockerfile_heredocs){0};
}
