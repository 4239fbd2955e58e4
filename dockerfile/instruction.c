/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction: its name, its flags, its arguments in the form that kind of
 * instruction has. The kinds with more to say have a file of their own.
 */
#include "dockerfile/syntax.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/flags.h"
#include "dockerfile/heredoc.h"
#include "dockerfile/json_words.h"
#include "dockerfile/suggest.h"
#include "dockerfile/utf8.h"
#include "dockerfile/value.h"
#include "dockerfile/words.h"

static const char *const kind_names[DOCKERFILE_KIND_COUNT] = {
        [DOCKERFILE_ADD] = "ADD",
        [DOCKERFILE_ARG] = "ARG",
        [DOCKERFILE_CMD] = "CMD",
        [DOCKERFILE_COPY] = "COPY",
        [DOCKERFILE_ENTRYPOINT] = "ENTRYPOINT",
        [DOCKERFILE_ENV] = "ENV",
        [DOCKERFILE_EXPOSE] = "EXPOSE",
        [DOCKERFILE_FROM] = "FROM",
        [DOCKERFILE_HEALTHCHECK] = "HEALTHCHECK",
        [DOCKERFILE_LABEL] = "LABEL",
        [DOCKERFILE_MAINTAINER] = "MAINTAINER",
        [DOCKERFILE_ONBUILD] = "ONBUILD",
        [DOCKERFILE_RUN] = "RUN",
        [DOCKERFILE_SHELL] = "SHELL",
        [DOCKERFILE_STOPSIGNAL] = "STOPSIGNAL",
        [DOCKERFILE_USER] = "USER",
        [DOCKERFILE_VOLUME] = "VOLUME",
        [DOCKERFILE_WORKDIR] = "WORKDIR",
};

const char *dockerfile_kind_name(enum dockerfile_kind kind)
{
        return kind_names[kind];
}

int dockerfile_keyword_error(struct dockerfile_reader *r, const struct dockerfile_instruction *i, const char *format,
                             ...)
{
        va_list ap;

        va_start(ap, format);
        dockerfile_source_verror(r->source, &i->place, r->err, format, ap);
        va_end(ap);
        return -1;
}

static int unknown_instruction(struct dockerfile_reader *r, const struct dockerfile_instruction *i)
{
        const char *word = i->keyword;
        const char *near;

        if (strncmp(word, "--", 2) == 0 || strncmp(word, "//", 2) == 0 || strncmp(word, "/*", 2) == 0)
                return dockerfile_keyword_error(r, i, "unknown instruction: %s (comments start with '#')", word);
        if (strchr("&|;<>", word[0]))
                return dockerfile_keyword_error(
                        r, i, "unknown instruction: %s (does the line before lack a '%c' at its end?)", word,
                        r->escape);
        near = dockerfile_suggest(word, kind_names, ARRAY_SIZE(kind_names));
        if (near)
                return dockerfile_keyword_error(r, i, "unknown instruction: %s (did you mean %s?)", word, near);
        if (r->heredoc_end > 0 && r->heredoc_end + 1 == i->place.line)
                return dockerfile_keyword_error(r, i, "unknown instruction: %s (the heredoc above ended in line %u)",
                                                word, r->heredoc_end);
        return dockerfile_keyword_error(
                r, i, "unknown instruction: %s (a command of the image needs RUN in front of it)", word);
}

static int read_keyword(struct dockerfile_reader *r, struct dockerfile_range *range, struct dockerfile_instruction *i)
{
        const char *text = buffer_text(&r->line->text);
        struct dockerfile_range word = *range;
        int kind = 0;

        dockerfile_words_next(r->line, range, &word);
        i->keyword = memory_strndup(text + word.start, word.end - word.start);
        i->place = dockerfile_line_place(r->line, word.start, word.end);
        while (kind < DOCKERFILE_KIND_COUNT && strcasecmp(kind_names[kind], i->keyword) != 0)
                kind++;
        if (kind == DOCKERFILE_KIND_COUNT)
                return unknown_instruction(r, i);
        i->kind = (enum dockerfile_kind)kind;
        dockerfile_utf8_trim(text, &range->start, &range->end);
        return 0;
}

/* Moves a list of words into the arguments. */
static void take_args(struct dockerfile_instruction *i, struct dockerfile_words *words)
{
        i->args = STEAL(words->items);
        i->arg_count = words->count;
        words->count = 0;
        words->cap = 0;
}

/* Tries the exec form; i->is_json tells whether the arguments have it. */
static int read_json(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_words words = {NULL, 0, 0};
        struct dockerfile_place place = dockerfile_line_place(r->line, rest.start, rest.end);

        switch (dockerfile_json_words(&words, r->line, rest)) {
        case DOCKERFILE_JSON_WORDS:
                take_args(i, &words);
                i->is_json = true;
                break;
        case DOCKERFILE_JSON_STRANGE:
                return dockerfile_place_error(
                        r, &place, "%s in JSON form takes an array of strings only: put each word into \"quotes\"",
                        dockerfile_kind_name(i->kind));
        case DOCKERFILE_JSON_NUL:
                return dockerfile_place_error(r, &place, "%s: an argument cannot contain a NUL character",
                                              dockerfile_kind_name(i->kind));
        case DOCKERFILE_JSON_NOT:
                break;
        }
        return 0;
}

int dockerfile_command_read(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_words words = {NULL, 0, 0};

        if (read_json(r, i, rest) < 0)
                return -1;
        if (i->is_json || rest.start == rest.end)
                return 0;
        dockerfile_words_add(&words, r->line, rest.start, rest.end);
        take_args(i, &words);
        return 0;
}

/* The rest of the line as one argument, whatever is in it. */
static int read_whole(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_words words = {NULL, 0, 0};

        if (rest.start == rest.end)
                return dockerfile_keyword_error(r, i, "%s requires exactly one argument",
                                                dockerfile_kind_name(i->kind));
        dockerfile_words_add(&words, r->line, rest.start, rest.end);
        take_args(i, &words);
        return 0;
}

static void read_list(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_words words = {NULL, 0, 0};

        dockerfile_words_split(&words, r->line, rest);
        take_args(i, &words);
}

static int need_args(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        if (i->arg_count > 0)
                return 0;
        return dockerfile_keyword_error(r, i, "%s requires at least one argument", dockerfile_kind_name(i->kind));
}

/* CMD, ENTRYPOINT: an empty array is fine, nothing at all is not. */
static int read_command(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        if (dockerfile_command_read(r, i, rest) < 0)
                return -1;
        if (i->is_json || i->arg_count > 0)
                return 0;
        return dockerfile_keyword_error(r, i, "%s requires an argument ('%s []' stands for none)",
                                        dockerfile_kind_name(i->kind), dockerfile_kind_name(i->kind));
}

static int read_shell(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        if (dockerfile_command_read(r, i, rest) < 0 || need_args(r, i) < 0)
                return -1;
        if (i->is_json)
                return 0;
        return dockerfile_place_error(r, &i->args[0].place,
                                      "SHELL takes a JSON array only: SHELL [\"/bin/sh\", \"-c\"]");
}

static int read_volume(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        if (read_json(r, i, rest) < 0)
                return -1;
        if (!i->is_json)
                read_list(r, i, rest);
        if (need_args(r, i) < 0)
                return -1;
        for (size_t k = 0; k < i->arg_count; k++)
                if (dockerfile_line_is_blank(i->args[k].text, strlen(i->args[k].text)))
                        return dockerfile_place_error(r, &i->args[k].place, "a VOLUME cannot be an empty path");
        return 0;
}

static int read_expose(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        read_list(r, i, rest);
        return need_args(r, i);
}

/* A signal written out can be judged now; one with a variable in it only later. */
static int read_stopsignal(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct error bad = ERROR_INIT;
        int number;

        if (read_whole(r, i, rest) < 0)
                return -1;
        if (strpbrk(i->args[0].text, "$'\"\\`") || dockerfile_signal_parse(i->args[0].text, &number, &bad) == 0)
                return 0;
        dockerfile_place_error(r, &i->args[0].place, "%s", bad.message);
        error_clear(&bad);
        return -1;
}

static bool is_stage_name(const char *name)
{
        if (name[0] < 'a' || name[0] > 'z')
                return false;
        return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

/* FROM with neither one word nor `image AS name`. */
static int too_many_words(struct dockerfile_reader *r, const struct dockerfile_instruction *i)
{
        const struct dockerfile_word *second = &i->args[1];
        bool as = strcasecmp(second->text, "as") == 0;

        if (as && i->arg_count == 2)
                return dockerfile_place_error(r, &second->place,
                                              "the stage's name is missing behind %s: FROM %s AS name", second->text,
                                              i->args[0].text);
        if (as)
                return dockerfile_place_error(r, &i->args[3].place, "a stage has one name: '%s' behind it is too much",
                                              i->args[3].text);
        return dockerfile_place_error(r, &second->place,
                                      "FROM takes one image: '%s' is too much (did you mean %s AS %s?)", second->text,
                                      i->args[0].text, i->args[i->arg_count - 1].text);
}

static int read_from(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        const struct dockerfile_flag *platform = dockerfile_flag_find(i, "platform");

        read_list(r, i, rest);
        if (i->arg_count == 0)
                return dockerfile_keyword_error(r, i, "FROM requires an image: FROM image [AS name]");
        if (i->arg_count != 1 && (i->arg_count != 3 || strcasecmp(i->args[1].text, "as") != 0))
                return too_many_words(r, i);
        i->from.image = &i->args[0];
        i->from.platform = platform ? platform->value : NULL;
        if (i->arg_count == 1)
                return 0;
        i->from.as = &i->args[1];
        i->from.name = &i->args[2];
        i->from.stage = memory_strdup(i->args[2].text);
        for (char *c = i->from.stage; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c | 0x20);
        if (is_stage_name(i->from.stage))
                return 0;
        return dockerfile_place_error(r, &i->args[2].place,
                                      "invalid stage name '%s': it starts with a letter and goes on with "
                                      "letters, digits, '-', '_' or '.'",
                                      i->args[2].text);
}

/* The text of a trigger as an image's config keeps it: the line, then each heredoc with its terminator. */
static char *format_trigger(const struct dockerfile_instruction *trigger, const char *text)
{
        struct buffer out = BUFFER_INIT;

        buffer_append_string(&out, text);
        for (size_t k = 0; k < trigger->heredoc_count; k++)
                buffer_printf(&out, "\n%s%s", trigger->heredocs[k].raw, trigger->heredocs[k].name);
        return buffer_steal(&out);
}

static int read_onbuild(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        struct dockerfile_instruction trigger = {0};
        struct dockerfile_range keyword;
        struct dockerfile_range ahead = rest;
        struct dockerfile_place place;
        const char *text = buffer_text(&r->line->text);
        size_t size;

        if (read_whole(r, i, rest) < 0)
                return -1;
        dockerfile_words_next(r->line, &ahead, &keyword);
        place = dockerfile_line_place(r->line, keyword.start, keyword.end);
        size = keyword.end - keyword.start;
        if ((size == 7 && strncasecmp(text + keyword.start, "ONBUILD", size) == 0) ||
            (size == 4 && strncasecmp(text + keyword.start, "FROM", size) == 0) ||
            (size == 10 && strncasecmp(text + keyword.start, "MAINTAINER", size) == 0))
                return dockerfile_place_error(r, &place, "%.*s is not allowed as an ONBUILD trigger", (int)size,
                                              text + keyword.start);
        if (dockerfile_instruction_read(r, rest, &trigger) < 0) {
                dockerfile_instruction_clear(&trigger);
                return -1;
        }
        i->onbuild.kind = trigger.kind;
        i->onbuild.expression = format_trigger(&trigger, text + rest.start);
        dockerfile_instruction_clear(&trigger);
        return 0;
}

/*
 * COPY's and ADD's words: split at blanks, but a heredoc is one word however
 * it is written (<< EOF, <<'one two').
 */
static void read_copy_words(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest,
                            const struct dockerfile_heredocs *docs)
{
        struct dockerfile_words words = {NULL, 0, 0};
        struct dockerfile_range word;
        size_t next = 0;

        while (dockerfile_words_next(r->line, &rest, &word)) {
                if (next < docs->count && docs->ranges[next].start == word.start)
                        word = docs->ranges[next++];
                rest.start = word.end;
                dockerfile_words_add(&words, r->line, word.start, word.end);
        }
        take_args(i, &words);
}

/* RUN, COPY and ADD: the instructions that may have heredocs. */
static int read_with_heredocs(struct dockerfile_reader *r, struct dockerfile_instruction *i,
                              struct dockerfile_range rest)
{
        struct dockerfile_heredocs docs = {0};

        if (i->kind == DOCKERFILE_RUN ? dockerfile_command_read(r, i, rest) < 0 : read_json(r, i, rest) < 0)
                return -1;
        if (!i->is_json)
                dockerfile_heredocs_find(&docs, r->line, rest);
        if (dockerfile_heredocs_read(&docs, r->source, &r->last_line, r->err) < 0) {
                dockerfile_heredocs_free(&docs);
                return -1;
        }
        if (!i->is_json && i->kind != DOCKERFILE_RUN)
                read_copy_words(r, i, rest, &docs);
        i->heredocs = STEAL(docs.items);
        i->heredoc_count = docs.count;
        docs.count = 0;
        dockerfile_heredocs_free(&docs);
        return i->kind == DOCKERFILE_RUN ? dockerfile_run_read(r, i) : dockerfile_copy_read(r, i);
}

static int read_args(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest)
{
        switch (i->kind) {
        case DOCKERFILE_ADD:
        case DOCKERFILE_COPY:
        case DOCKERFILE_RUN:
                return read_with_heredocs(r, i, rest);
        case DOCKERFILE_ARG:
        case DOCKERFILE_ENV:
        case DOCKERFILE_LABEL:
                return dockerfile_pairs_read(r, i, rest);
        case DOCKERFILE_CMD:
        case DOCKERFILE_ENTRYPOINT:
                return read_command(r, i, rest);
        case DOCKERFILE_EXPOSE:
                return read_expose(r, i, rest);
        case DOCKERFILE_FROM:
                return read_from(r, i, rest);
        case DOCKERFILE_HEALTHCHECK:
                return dockerfile_healthcheck_read(r, i, rest);
        case DOCKERFILE_ONBUILD:
                return read_onbuild(r, i, rest);
        case DOCKERFILE_SHELL:
                return read_shell(r, i, rest);
        case DOCKERFILE_STOPSIGNAL:
                return read_stopsignal(r, i, rest);
        case DOCKERFILE_VOLUME:
                return read_volume(r, i, rest);
        case DOCKERFILE_MAINTAINER:
        case DOCKERFILE_USER:
        case DOCKERFILE_WORKDIR:
        case DOCKERFILE_KIND_COUNT:
                break;
        }
        return read_whole(r, i, rest);
}

int dockerfile_instruction_read(struct dockerfile_reader *r, struct dockerfile_range range,
                                struct dockerfile_instruction *i)
{
        const char *text = buffer_text(&r->line->text);

        dockerfile_utf8_trim(text, &range.start, &range.end);
        i->first_line = r->line->first_line;
        i->empty_continuation = r->line->empty_continuation;
        i->original = memory_strndup(text + range.start, range.end - range.start);
        if (read_keyword(r, &range, i) < 0 || dockerfile_flags_read(r, i, &range) < 0)
                return -1;
        i->rest = memory_strndup(text + range.start, range.end - range.start);
        if (read_args(r, i, range) < 0)
                return -1;
        i->last_line = r->last_line;
        return 0;
}

static void clear_pairs(struct dockerfile_pairs *pairs)
{
        for (size_t k = 0; k < pairs->count; k++) {
                free(pairs->items[k].key.text);
                free(pairs->items[k].value.text);
        }
        free(pairs->items);
}

static void clear_details(struct dockerfile_instruction *i)
{
        if (i->kind == DOCKERFILE_FROM) {
                free(i->from.stage);
        } else if (i->kind == DOCKERFILE_COPY || i->kind == DOCKERFILE_ADD) {
                free(i->copy.sources);
                free(i->copy.excludes);
        } else if (i->kind == DOCKERFILE_RUN) {
                free(i->run.mounts);
                free(i->run.devices);
        } else if (i->kind == DOCKERFILE_ENV || i->kind == DOCKERFILE_LABEL || i->kind == DOCKERFILE_ARG) {
                clear_pairs(&i->pairs);
        } else if (i->kind == DOCKERFILE_ONBUILD) {
                free(i->onbuild.expression);
        }
}

void dockerfile_instruction_clear(struct dockerfile_instruction *i)
{
        clear_details(i);
        free(i->keyword);
        free(i->original);
        free(i->rest);
        for (size_t k = 0; k < i->flag_count; k++) {
                free(i->flags[k].name);
                free(i->flags[k].value);
        }
        free(i->flags);
        for (size_t k = 0; k < i->arg_count; k++)
                free(i->args[k].text);
        free(i->args);
        for (size_t k = 0; k < i->heredoc_count; k++)
                dockerfile_heredoc_clear(&i->heredocs[k]);
        free(i->heredocs);
        free(i->comment);
        *i = (struct dockerfile_instruction){0};
}
