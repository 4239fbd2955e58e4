/* SPDX-License-Identifier: Apache-2.0 */
/* --name=value between an instruction's name and its arguments: reading, and which instruction knows which. */
#include "dockerfile/flags.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/suggest.h"
#include "dockerfile/utf8.h"

enum flag_type {
        FLAG_STRING,
        FLAG_STRINGS, /* may be repeated */
        FLAG_BOOL,
};

static const struct {
        enum dockerfile_kind kind;
        const char *name;
        enum flag_type type;
} known_flags[] = {
        {DOCKERFILE_ADD, "checksum", FLAG_STRING},
        {DOCKERFILE_ADD, "chmod", FLAG_STRING},
        {DOCKERFILE_ADD, "chown", FLAG_STRING},
        {DOCKERFILE_ADD, "exclude", FLAG_STRINGS},
        {DOCKERFILE_ADD, "keep-git-dir", FLAG_BOOL},
        {DOCKERFILE_ADD, "link", FLAG_BOOL},
        {DOCKERFILE_ADD, "unpack", FLAG_BOOL},
        {DOCKERFILE_COPY, "chmod", FLAG_STRING},
        {DOCKERFILE_COPY, "chown", FLAG_STRING},
        {DOCKERFILE_COPY, "exclude", FLAG_STRINGS},
        {DOCKERFILE_COPY, "from", FLAG_STRING},
        {DOCKERFILE_COPY, "link", FLAG_BOOL},
        {DOCKERFILE_COPY, "parents", FLAG_BOOL},
        {DOCKERFILE_FROM, "platform", FLAG_STRING},
        {DOCKERFILE_HEALTHCHECK, "interval", FLAG_STRING},
        {DOCKERFILE_HEALTHCHECK, "retries", FLAG_STRING},
        {DOCKERFILE_HEALTHCHECK, "start-interval", FLAG_STRING},
        {DOCKERFILE_HEALTHCHECK, "start-period", FLAG_STRING},
        {DOCKERFILE_HEALTHCHECK, "timeout", FLAG_STRING},
        {DOCKERFILE_RUN, "device", FLAG_STRINGS},
        {DOCKERFILE_RUN, "mount", FLAG_STRINGS},
        {DOCKERFILE_RUN, "network", FLAG_STRING},
        {DOCKERFILE_RUN, "security", FLAG_STRING},
};

/*
 * One word with quotes and escapes taken out. Returns the quote that is still
 * open at the end of the line, or 0.
 */
static char read_word(const char *text, size_t *at, size_t end, char escape, struct buffer *word)
{
        char quote = 0;

        while (*at < end) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(text + *at, end - *at, &c);

                if (!quote && dockerfile_utf8_is_space(c))
                        return 0;
                if (text[*at] == escape) {
                        (*at)++;
                        if (*at == end)
                                return quote;
                        n = dockerfile_utf8_next(text + *at, end - *at, &c);
                } else if (quote ? text[*at] == quote : text[*at] == '"' || text[*at] == '\'') {
                        quote = quote ? 0 : text[*at];
                        (*at)++;
                        continue;
                }
                buffer_append(word, text + *at, n);
                *at += n;
        }
        return quote;
}

static size_t find_known(const struct dockerfile_instruction *i, const char *name)
{
        size_t k = 0;

        while (k < ARRAY_SIZE(known_flags) &&
               (known_flags[k].kind != i->kind || strcmp(known_flags[k].name, name) != 0))
                k++;
        return k;
}

static int unknown_flag(const struct dockerfile_instruction *i, const struct dockerfile_flag *f,
                        const struct dockerfile_source *s, struct error *err)
{
        const char *names[ARRAY_SIZE(known_flags)];
        size_t count = 0;
        const char *near;

        for (size_t k = 0; k < ARRAY_SIZE(known_flags); k++)
                if (known_flags[k].kind == i->kind)
                        names[count++] = known_flags[k].name;
        near = dockerfile_suggest(f->name, names, count);
        if (near)
                return dockerfile_source_error(s, &f->place, err, "%s has no flag --%s (did you mean --%s?)",
                                               dockerfile_kind_name(i->kind), f->name, near);
        if (count == 0)
                return dockerfile_source_error(s, &f->place, err, "%s takes no flags, --%s was given%s",
                                               dockerfile_kind_name(i->kind), f->name,
                                               i->kind == DOCKERFILE_CMD || i->kind == DOCKERFILE_ENTRYPOINT
                                                       ? ": put options behind the command they belong to"
                                                       : "");
        return dockerfile_source_error(s, &f->place, err, "%s has no flag --%s", dockerfile_kind_name(i->kind),
                                       f->name);
}

static int check_bool(struct dockerfile_flag *f, const struct dockerfile_source *s, struct error *err)
{
        if (!f->value)
                f->value = memory_strdup("true");
        else if (strcasecmp(f->value, "true") == 0 || strcasecmp(f->value, "false") == 0)
                for (char *c = f->value; *c; c++)
                        *c = (char)(*c | 0x20);
        else if (f->value[0] == '\0')
                return dockerfile_source_error(s, &f->place, err, "--%s= has no value: write --%s or --%s=true",
                                               f->name, f->name, f->name);
        else
                return dockerfile_source_error(s, &f->place, err, "--%s is either true or false, not '%s'", f->name,
                                               f->value);
        return 0;
}

static int check_flag(const struct dockerfile_instruction *i, struct dockerfile_flag *f,
                      const struct dockerfile_source *s, struct error *err)
{
        size_t k = find_known(i, f->name);

        if (k == ARRAY_SIZE(known_flags))
                return unknown_flag(i, f, s, err);
        if (known_flags[k].type != FLAG_STRINGS)
                for (const struct dockerfile_flag *earlier = i->flags; earlier < f; earlier++)
                        if (strcmp(earlier->name, f->name) == 0)
                                return dockerfile_source_error(s, &f->place, err, "--%s is given twice", f->name);
        if (known_flags[k].type == FLAG_BOOL)
                return check_bool(f, s, err);
        if (!f->value)
                return dockerfile_source_error(s, &f->place, err, "--%s needs a value: --%s=...", f->name, f->name);
        return 0;
}

static void add_flag(struct dockerfile_instruction *i, size_t *cap, const char *word, struct dockerfile_place place)
{
        const char *equals = strchr(word, '=');
        struct dockerfile_flag *f;

        memory_grow(&i->flags, cap, i->flag_count + 1, sizeof(*i->flags));
        f = &i->flags[i->flag_count++];
        f->name = equals ? memory_strndup(word + 2, (size_t)(equals - word) - 2) : memory_strdup(word + 2);
        f->value = equals ? memory_strdup(equals + 1) : NULL;
        f->place = place;
}

int dockerfile_flags_read(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range *rest)
{
        CLEANUP_BUFFER struct buffer word = BUFFER_INIT;
        const char *text = buffer_text(&r->line->text);
        size_t cap = 0;

        while (rest->end - rest->start >= 2 && strncmp(text + rest->start, "--", 2) == 0) {
                size_t at = rest->start;
                struct dockerfile_place place;
                char quote;

                buffer_clear(&word);
                quote = read_word(text, &at, rest->end, r->escape, &word);
                place = dockerfile_line_place(r->line, rest->start, at);
                if (quote)
                        return dockerfile_place_error(r, &place, "the closing %c is missing in this flag", quote);
                if (strcmp(buffer_text(&word), "--") != 0)
                        add_flag(i, &cap, buffer_text(&word), place);
                rest->start = at;
                dockerfile_utf8_trim(text, &rest->start, &rest->end);
                if (strcmp(buffer_text(&word), "--") == 0)
                        break;
                if (check_flag(i, &i->flags[i->flag_count - 1], r->source, r->err) < 0)
                        return -1;
        }
        return 0;
}

size_t dockerfile_flags_all(const struct dockerfile_instruction *i, const char *name,
                            const struct dockerfile_flag ***ret)
{
        size_t count = 0;

        *ret = NULL;
        for (size_t k = 0; k < i->flag_count; k++)
                count += strcmp(i->flags[k].name, name) == 0;
        if (count == 0)
                return 0;
        *ret = memory_zalloc(count, sizeof(**ret));
        count = 0;
        for (size_t k = 0; k < i->flag_count; k++)
                if (strcmp(i->flags[k].name, name) == 0)
                        (*ret)[count++] = &i->flags[k];
        return count;
}

const struct dockerfile_flag *dockerfile_flag_find(const struct dockerfile_instruction *i, const char *name)
{
        for (size_t k = i->flag_count; k > 0; k--)
                if (strcmp(i->flags[k - 1].name, name) == 0)
                        return &i->flags[k - 1];
        return NULL;
}
