/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways an argument list is cut into words: at blanks, or at white space outside quotes. */
#include "dockerfile/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/utf8.h"

void dockerfile_words_take(struct dockerfile_words *w, const struct dockerfile_line *l, char *text, size_t start,
                           size_t end)
{
        memory_grow(&w->items, &w->cap, w->count + 1, sizeof(*w->items));
        w->items[w->count++] = (struct dockerfile_word){text, dockerfile_line_place(l, start, end)};
}

void dockerfile_words_add(struct dockerfile_words *w, const struct dockerfile_line *l, size_t start, size_t end)
{
        dockerfile_words_take(w, l, memory_strndup(buffer_text(&l->text) + start, end - start), start, end);
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

bool dockerfile_words_next(const struct dockerfile_line *l, struct dockerfile_range *r, struct dockerfile_range *ret)
{
        const char *text = buffer_text(&l->text);

        while (r->start < r->end && is_blank(text[r->start]))
                r->start++;
        ret->start = r->start;
        while (r->start < r->end && !is_blank(text[r->start]))
                r->start++;
        ret->end = r->start;
        return ret->end > ret->start;
}

void dockerfile_words_split(struct dockerfile_words *w, const struct dockerfile_line *l, struct dockerfile_range r)
{
        struct dockerfile_range word;

        while (dockerfile_words_next(l, &r, &word))
                dockerfile_words_add(w, l, word.start, word.end);
}

void dockerfile_words_split_quoted(struct dockerfile_words *w, const struct dockerfile_line *l,
                                   struct dockerfile_range r, char escape)
{
        const char *text = buffer_text(&l->text);
        size_t at = r.start;
        size_t start = r.start;
        char quote = 0;

        while (at < r.end) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(text + at, r.end - at, &c);

                if (!quote && dockerfile_utf8_is_space(c)) {
                        if (at > start)
                                dockerfile_words_add(w, l, start, at);
                        at += n;
                        start = at;
                        continue;
                }
                if (text[at] == escape && quote != '\'') {
                        /* An escape character with nothing behind it is dropped. */
                        if (at + 1 == r.end)
                                break;
                        at++;
                        n = dockerfile_utf8_next(text + at, r.end - at, &c);
                } else if (quote && text[at] == quote) {
                        quote = 0;
                } else if (!quote && (text[at] == '"' || text[at] == '\'')) {
                        quote = text[at];
                }
                at += n;
        }
        if (at > start)
                dockerfile_words_add(w, l, start, at);
}

void dockerfile_words_free(struct dockerfile_words *w)
{
        for (size_t i = 0; i < w->count; i++)
                free(w->items[i].text);
        free(w->items);
        *w = (struct dockerfile_words){NULL, 0, 0};
}
