/* SPDX-License-Identifier: Apache-2.0 */
/* ENV and LABEL (name=value ..., or the old form: name, blank, value) and ARG (name or name=value ...). */
#include "dockerfile/syntax.h"

#include <string.h>

#include "common/memory.h"
#include "dockerfile/utf8.h"
#include "dockerfile/words.h"

static struct dockerfile_place place_part(const struct dockerfile_place *word, size_t from, size_t to)
{
        struct dockerfile_place p = *word;

        p.column += (unsigned)from;
        p.width = p.width > from ? p.width - (unsigned)from : 1;
        if (p.width > to - from)
                p.width = to > from ? (unsigned)(to - from) : 1;
        return p;
}

/* Cuts a word at its first '='; the parts' places are right unless the word itself is broken over lines. */
static int add_pair(struct dockerfile_reader *r, struct dockerfile_instruction *i, const struct dockerfile_word *word)
{
        struct dockerfile_pairs *pairs = &i->pairs;
        const char *equals = strchr(word->text, '=');
        size_t size = equals ? (size_t)(equals - word->text) : strlen(word->text);
        struct dockerfile_pair *p;

        if (size == 0)
                return dockerfile_place_error(r, &word->place, "%s names cannot be blank",
                                              dockerfile_kind_name(i->kind));
        if (!equals && i->kind != DOCKERFILE_ARG)
                return dockerfile_place_error(r, &word->place, "'%s' has no '=': %s takes name=value%s", word->text,
                                              dockerfile_kind_name(i->kind),
                                              " (put quotes around a value with blanks)");
        memory_grow(&pairs->items, &pairs->cap, pairs->count + 1, sizeof(*pairs->items));
        p = &pairs->items[pairs->count++];
        p->has_value = equals != NULL;
        p->key.text = memory_strndup(word->text, size);
        p->key.place = place_part(&word->place, 0, size);
        p->value.text = memory_strdup(equals ? equals + 1 : "");
        p->value.place = equals ? place_part(&word->place, size + 1, strlen(word->text)) : p->key.place;
        return 0;
}

/* "ENV KEY the rest": one pair, blanks inside the value are kept. */
static int read_legacy(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_pairs *pairs = &i->pairs;
        const char *text = buffer_text(&r->line->text);
        struct dockerfile_range key;
        struct dockerfile_pair *p;

        dockerfile_words_next(r->line, &rest, &key);
        while (rest.start < rest.end && strchr(" \t\v\f\r", text[rest.start]))
                rest.start++;
        if (rest.start == rest.end)
                return dockerfile_keyword_error(r, i, "%s must have two arguments: %s name=value",
                                                dockerfile_kind_name(i->kind), dockerfile_kind_name(i->kind));
        memory_grow(&pairs->items, &pairs->cap, 1, sizeof(*pairs->items));
        p = &pairs->items[pairs->count++];
        p->has_value = true;
        p->key.text = memory_strndup(text + key.start, key.end - key.start);
        p->key.place = dockerfile_line_place(r->line, key.start, key.end);
        p->value.text = memory_strndup(text + rest.start, rest.end - rest.start);
        p->value.place = dockerfile_line_place(r->line, rest.start, rest.end);
        pairs->legacy = true;
        return 0;
}

int dockerfile_pairs_read(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_words words = {NULL, 0, 0};
        int result = 0;

        dockerfile_words_split_quoted(&words, r->line, rest, r->escape);
        if (words.count == 0)
                result = dockerfile_keyword_error(r, i, "%s requires at least one argument",
                                                  dockerfile_kind_name(i->kind));
        else if (i->kind != DOCKERFILE_ARG && !strchr(words.items[0].text, '='))
                result = read_legacy(r, i, rest);
        else
                for (size_t k = 0; k < words.count && result == 0; k++)
                        result = add_pair(r, i, &words.items[k]);
        dockerfile_words_free(&words);
        return result;
}
