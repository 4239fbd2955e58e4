/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Word expansion by recursive descent over the text. What a $ yields may be
 * split into words later, what quotes yield may not: an output collects both
 * the whole text and, when asked, the words.
 */
#include "dockerfile/expand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/shell_pattern.h"
#include "dockerfile/utf8.h"

/* Steps that pattern matching may take in one expansion: some 50 ms. */
#define MAX_PATTERN_WORK ((size_t)1 << 24)
/* Bytes that all the values used in one expansion may have together, however little of them is left in the end. */
#define MAX_VALUE_BYTES ((size_t)64 << 20)
/* Bytes of the text that an error shows. */
#define SHOWN 60

struct expander {
        const struct dockerfile_scope *scope;
        const char *text;
        size_t size;
        size_t at;
        char escape;
        bool quotes; /* quotes are special */
        unsigned depth;
        size_t work;
        size_t bytes;
        struct error *err;
};

/* Where a piece's expansion goes. */
struct output {
        struct buffer all;
        struct strv *words; /* NULL: words are not wanted */
        struct buffer word; /* the one that is being collected */
};

static int expand_until(struct expander *x, char stop, bool keep_escapes, struct output *out);

static int check_size(struct expander *x, const struct output *out)
{
        if (out->all.size <= DOCKERFILE_MAX_EXPANSION)
                return 0;
        return error_set(x->err, E2BIG, "the expanded text has more than %u bytes", DOCKERFILE_MAX_EXPANSION);
}

/* Text that is never split. */
static int put_raw(struct expander *x, struct output *out, const char *text, size_t size)
{
        buffer_append(&out->all, text, size);
        if (out->words)
                buffer_append(&out->word, text, size);
        return check_size(x, out);
}

/* Text that is split at white space. */
static int put(struct expander *x, struct output *out, const char *text, size_t size)
{
        buffer_append(&out->all, text, size);
        for (size_t at = 0; out->words && at < size;) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(text + at, size - at, &c);

                if (!dockerfile_utf8_is_space(c))
                        buffer_append(&out->word, text + at, n);
                else if (out->word.size > 0)
                        strv_take(out->words, buffer_steal(&out->word));
                at += n;
        }
        return check_size(x, out);
}

static void free_output(struct output *out)
{
        buffer_free(&out->all);
        buffer_free(&out->word);
}
#define CLEANUP_OUTPUT __attribute__((cleanup(free_output)))

/* The text from `from` on, for messages: of its line, and no more than is read at a glance. */
static int show(const struct expander *x, size_t from)
{
        const char *end = memchr(x->text + from, '\n', x->size - from);
        size_t size = (end ? (size_t)(end - x->text) : x->size) - from;

        return (int)(size < SHOWN ? size : SHOWN);
}

/* No quotes around what is shown: it may be one itself. */
static int unclosed(struct expander *x, size_t from, const char *what)
{
        return error_set(x->err, EINVAL, "%s is missing behind %.*s", what, show(x, from), x->text + from);
}

/* `start` is where the $ stands. */
static int unsupported_modifier(struct expander *x, size_t start, bool colon, char op)
{
        int shown = show(x, start);
        const char *end = memchr(x->text + start, '}', (size_t)shown);

        if (end)
                shown = (int)(end - x->text - (ptrdiff_t)start) + 1;
        return error_set(x->err, EINVAL, "unsupported modifier %s%c in %.*s: %s", colon ? ":" : "", op, shown,
                         x->text + start,
                         op == '=' ? "write :- for a default" : "there are :- :+ :? - + ? # ## % %% / and //");
}

static int bad_substitution(struct expander *x, size_t from)
{
        return error_set(x->err, EINVAL, "bad substitution at '%.*s': ${name} or ${name:-word} is meant?",
                         show(x, from), x->text + from);
}

/* A name: letters, digits and '_'; or digits; or one of the shell's special parameters. Empty when there is none. */
static char *read_name(struct expander *x)
{
        size_t start = x->at;
        bool digits = x->at < x->size && x->text[x->at] >= '0' && x->text[x->at] <= '9';

        if (x->at < x->size && strchr("@*#?-$!", x->text[x->at])) {
                x->at++;
                return memory_strndup(x->text + start, 1);
        }
        while (x->at < x->size) {
                uint32_t c;
                size_t n = dockerfile_utf8_next(x->text + x->at, x->size - x->at, &c);
                bool is_digit = c >= '0' && c <= '9';

                if (!is_digit && (digits || (c != '_' && !dockerfile_utf8_is_letter(c))))
                        break;
                x->at += n;
        }
        return memory_strndup(x->text + start, x->at - start);
}

/* The value, NULL when undefined; *ret_value is a copy the caller owns. */
static int find(struct expander *x, const char *name, char **ret_value)
{
        const char *value = name[0] != '\0' ? x->scope->find(x->scope->context, name) : NULL;

        *ret_value = NULL;
        if (!value) {
                if (name[0] != '\0' && x->scope->undefined)
                        x->scope->undefined(x->scope->context, name);
                return 0;
        }
        x->bytes += strlen(value);
        if (x->bytes > MAX_VALUE_BYTES)
                return error_set(x->err, E2BIG, "the values used have more than %zu bytes together", MAX_VALUE_BYTES);
        *ret_value = memory_strdup(value);
        return 0;
}

static int expand_single_quote(struct expander *x, struct output *out)
{
        size_t start = x->at++;
        const char *end = memchr(x->text + x->at, '\'', x->size - x->at);

        if (!end)
                return unclosed(x, start, "the closing '");
        start = x->at;
        x->at = (size_t)(end - x->text) + 1;
        return put_raw(x, out, x->text + start, (size_t)(end - x->text) - start);
}

static int expand_dollar(struct expander *x, struct output *out);

static int expand_double_quote(struct expander *x, bool keep_escapes, struct output *out)
{
        size_t start = x->at++;

        while (x->at < x->size) {
                char c = x->text[x->at];

                if (c == '"') {
                        x->at++;
                        return 0;
                }
                if (c == '$') {
                        CLEANUP_OUTPUT struct output value = {.all = BUFFER_INIT};

                        if (expand_dollar(x, &value) < 0 ||
                            put_raw(x, out, buffer_text(&value.all), value.all.size) < 0)
                                return -1;
                        continue;
                }
                x->at++;
                if (c == x->escape) {
                        if (keep_escapes && put_raw(x, out, &c, 1) < 0)
                                return -1;
                        if (x->at == x->size)
                                break;
                        if (x->text[x->at] == '"' || x->text[x->at] == '$' || x->text[x->at] == x->escape)
                                c = x->text[x->at++];
                }
                if (put_raw(x, out, &c, 1) < 0)
                        return -1;
        }
        return unclosed(x, start, "the closing \"");
}

/* ${name?message} */
static int complain(struct expander *x, const char *name, const char *message, bool is_set)
{
        if (message[0] == '\0')
                message = is_set ? "is not allowed to be empty" : "is not allowed to be unset";
        return error_set(x->err, EINVAL, "%s: %s", name, message);
}

/* ${name OP word}: OP is one of - + ? # %, `colon` when a ':' was in front of it. */
static int apply_operator(struct expander *x, const char *name, char op, bool colon, const char *word,
                          struct output *out)
{
        CLEANUP_FREE char *value = NULL;
        CLEANUP_BUFFER struct buffer trimmed = BUFFER_INIT;
        bool longest = (op == '#' || op == '%') && word[0] == op;
        bool missing;

        if (find(x, name, &value) < 0)
                return -1;
        missing = !value || (colon && value[0] == '\0');
        switch (op) {
        case '-':
                return put(x, out, missing ? word : value, strlen(missing ? word : value));
        case '+':
                return missing ? 0 : put(x, out, word, strlen(word));
        case '?':
                return missing ? complain(x, name, word, value != NULL) : put(x, out, value, strlen(value));
        default:
                if (dockerfile_shell_trim(word + longest, value ? value : "", op == '%', longest, &x->work, &trimmed,
                                          x->err) < 0)
                        return -1;
                return put(x, out, buffer_text(&trimmed), trimmed.size);
        }
}

/* ${name/pattern/replacement}, behind the first '/'. */
static int expand_replacement(struct expander *x, const char *name, struct output *out)
{
        CLEANUP_OUTPUT struct output pattern = {.all = BUFFER_INIT};
        CLEANUP_OUTPUT struct output by = {.all = BUFFER_INIT};
        CLEANUP_BUFFER struct buffer replaced = BUFFER_INIT;
        CLEANUP_FREE char *value = NULL;
        bool all = x->at < x->size && x->text[x->at] == '/';

        x->at += all;
        if (expand_until(x, '/', true, &pattern) < 0 || expand_until(x, '}', true, &by) < 0 ||
            find(x, name, &value) < 0)
                return -1;
        if (dockerfile_shell_replace(buffer_text(&pattern.all), value ? value : "", buffer_text(&by.all), all,
                                     DOCKERFILE_MAX_EXPANSION, &x->work, &replaced, x->err) < 0)
                return -1;
        return put(x, out, buffer_text(&replaced), replaced.size);
}

/* ${...}, behind the brace; `start` is where the $ stands. */
static int expand_braces(struct expander *x, size_t start, struct output *out)
{
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *value = NULL;
        CLEANUP_OUTPUT struct output word = {.all = BUFFER_INIT};
        bool colon;
        char op;

        if (x->at < x->size && strchr("{}:", x->text[x->at]))
                return bad_substitution(x, start);
        name = read_name(x);
        if (x->at == x->size)
                return unclosed(x, start, "the closing }");
        if (name[0] == '\0')
                return bad_substitution(x, start);
        op = x->text[x->at++];
        if (op == '}') {
                if (find(x, name, &value) < 0)
                        return -1;
                return value ? put(x, out, value, strlen(value)) : 0;
        }
        if (op == '/')
                return expand_replacement(x, name, out);
        colon = op == ':';
        if (colon) {
                if (x->at == x->size)
                        return unclosed(x, start, "the closing }");
                op = x->text[x->at++];
        }
        if (op == '\0' || !strchr(colon ? "-+?" : "-+?#%", op))
                return unsupported_modifier(x, start, colon, op);
        if (expand_until(x, '}', op == '#' || op == '%', &word) < 0)
                return -1;
        return apply_operator(x, name, op, colon, buffer_text(&word.all), out);
}

/* Everything that begins with $. */
static int expand_dollar(struct expander *x, struct output *out)
{
        size_t start = x->at++;
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *value = NULL;
        int result;

        if (x->at < x->size && x->text[x->at] == '{') {
                if (x->depth == DOCKERFILE_MAX_NESTING)
                        return error_set(x->err, ELOOP, "${...} is nested more than %d deep", DOCKERFILE_MAX_NESTING);
                x->depth++;
                x->at++;
                result = expand_braces(x, start, out);
                x->depth--;
                return result;
        }
        name = read_name(x);
        if (name[0] == '\0')
                return put(x, out, "$", 1);
        if (find(x, name, &value) < 0)
                return -1;
        return value ? put(x, out, value, strlen(value)) : 0;
}

/* An escape character outside quotes, and what it protects. */
static int expand_escape(struct expander *x, bool keep_escapes, struct output *out)
{
        size_t start = keep_escapes ? x->at : x->at + 1;
        uint32_t c;

        x->at++;
        if (x->at < x->size)
                x->at += dockerfile_utf8_next(x->text + x->at, x->size - x->at, &c);
        return put_raw(x, out, x->text + start, x->at - start);
}

/* Expands up to the unquoted character `stop`, which is consumed, or to the end if stop is 0. */
static int expand_until(struct expander *x, char stop, bool keep_escapes, struct output *out)
{
        size_t start = x->at;

        while (x->at < x->size) {
                char c = x->text[x->at];
                size_t plain = x->at;
                int result;

                if (stop && c == stop) {
                        x->at++;
                        return 0;
                }
                if (c == '$') {
                        result = expand_dollar(x, out);
                } else if (c == '\'' && x->quotes) {
                        result = expand_single_quote(x, out);
                } else if (c == '"' && x->quotes) {
                        result = expand_double_quote(x, keep_escapes, out);
                } else if (c == x->escape) {
                        result = expand_escape(x, keep_escapes, out);
                } else {
                        do
                                c = x->text[++x->at];
                        while (x->at < x->size && c != '$' && c != '\'' && c != '"' && c != x->escape && c != stop);
                        result = put(x, out, x->text + plain, x->at - plain);
                }
                if (result < 0)
                        return -1;
        }
        if (!stop)
                return 0;
        return unclosed(x, start, stop == '}' ? "the closing }" : "the / between pattern and replacement");
}

static int expand(const struct dockerfile_scope *scope, char escape, bool quotes, const char *text, struct output *out,
                  struct error *err)
{
        struct expander x = {.scope = scope,
                             .text = text,
                             .size = strlen(text),
                             .escape = escape,
                             .quotes = quotes,
                             .work = MAX_PATTERN_WORK,
                             .err = err};

        return expand_until(&x, 0, false, out);
}

int dockerfile_expand(const struct dockerfile_scope *scope, char escape, enum dockerfile_expansion mode,
                      const char *text, char **ret, struct error *err)
{
        CLEANUP_OUTPUT struct output out = {.all = BUFFER_INIT};
        bool quotes = mode == DOCKERFILE_EXPAND_WORD;

        if (expand(scope, quotes ? escape : '\\', quotes, text, &out, err) < 0)
                return -1;
        *ret = buffer_steal(&out.all);
        return 0;
}

int dockerfile_expand_words(const struct dockerfile_scope *scope, char escape, const char *text, struct strv *ret,
                            struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_OUTPUT struct output out = {.all = BUFFER_INIT, .words = &words};

        if (expand(scope, escape, true, text, &out, err) < 0)
                return -1;
        if (out.word.size > 0)
                strv_take(&words, buffer_steal(&out.word));
        strv_extend(ret, &words);
        return 0;
}
