/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML input for the files about registries. Debian has no C library for it, and what these files use of the language
 * is small: read by descent, everything else refused by name rather than guessed.
 */
#include "oci/toml.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "common/strv.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/utf8.h"

struct oci_toml {
        enum oci_toml_kind kind;
        unsigned line;
        bool truth;              /* BOOL */
        char *text;              /* STRING; INTEGER as written */
        struct oci_toml **items; /* ARRAY, TABLE */
        size_t count;
        size_t cap;
        struct strv keys; /* TABLE */
        bool defined;     /* TABLE: by a header, a value or a dotted key: no header may define it again */
        bool sealed;      /* written as a value: nothing may be added to it */
};

/* Where the reader is. */
struct reader {
        const char *what;
        const char *at;
        const char *end;
        unsigned line;
        unsigned depth; /* of nested arrays and inline tables */
        struct error *err;
};

/* --- the tree ------------------------------------------------------------------------ */

void oci_toml_free(struct oci_toml *v)
{
        if (!v)
                return;
        for (size_t i = 0; i < v->count; i++)
                oci_toml_free(v->items[i]);
        free(v->items);
        strv_free(&v->keys);
        free(v->text);
        free(v);
}

void oci_toml_cleanup(struct oci_toml **root)
{
        oci_toml_free(*root);
}

enum oci_toml_kind oci_toml_kind(const struct oci_toml *v)
{
        return v->kind;
}

unsigned oci_toml_line(const struct oci_toml *v)
{
        return v->line;
}

size_t oci_toml_count(const struct oci_toml *v)
{
        return v->count;
}

const struct oci_toml *oci_toml_item(const struct oci_toml *v, size_t i)
{
        assert(i < v->count);
        return v->items[i];
}

const char *oci_toml_key(const struct oci_toml *table, size_t i)
{
        assert(i < table->keys.count);
        return table->keys.items[i];
}

static struct oci_toml *find(const struct oci_toml *table, const char *key)
{
        for (size_t i = 0; i < table->keys.count; i++)
                if (strcmp(table->keys.items[i], key) == 0)
                        return table->items[i];
        return NULL;
}

const struct oci_toml *oci_toml_find(const struct oci_toml *table, const char *key)
{
        return find(table, key);
}

const char *oci_toml_string(const struct oci_toml *v)
{
        assert(v->kind == OCI_TOML_STRING);
        return v->text;
}

static const char *kind_name(enum oci_toml_kind kind)
{
        static const char *const names[] = {"a string", "true or false", "an integer", "an array", "a table"};

        return names[kind];
}

static int find_kind(const char *what, const struct oci_toml *table, const char *key, enum oci_toml_kind kind,
                     const struct oci_toml **ret, struct error *err)
{
        *ret = oci_toml_find(table, key);
        if (*ret && (*ret)->kind != kind)
                return error_set(err, EINVAL, "%s, line %u: \"%s\" must be %s, not %s", what, (*ret)->line, key,
                                 kind_name(kind), kind_name((*ret)->kind));
        return 0;
}

int oci_toml_get_string(const char *what, const struct oci_toml *table, const char *key, const char **ret,
                        struct error *err)
{
        const struct oci_toml *v;

        if (find_kind(what, table, key, OCI_TOML_STRING, &v, err) < 0)
                return -1;
        if (v)
                *ret = v->text;
        return 0;
}

int oci_toml_get_bool(const char *what, const struct oci_toml *table, const char *key, bool *ret, struct error *err)
{
        const struct oci_toml *v;

        if (find_kind(what, table, key, OCI_TOML_BOOL, &v, err) < 0)
                return -1;
        if (v)
                *ret = v->truth;
        return 0;
}

int oci_toml_get_table(const char *what, const struct oci_toml *table, const char *key, const struct oci_toml **ret,
                       struct error *err)
{
        return find_kind(what, table, key, OCI_TOML_TABLE, ret, err);
}

int oci_toml_get_array(const char *what, const struct oci_toml *table, const char *key, enum oci_toml_kind items,
                       const struct oci_toml **ret, struct error *err)
{
        if (find_kind(what, table, key, OCI_TOML_ARRAY, ret, err) < 0)
                return -1;
        for (size_t i = 0; *ret && i < (*ret)->count; i++)
                if ((*ret)->items[i]->kind != items)
                        return error_set(err, EINVAL, "%s, line %u: the items of \"%s\" must each be %s, not %s", what,
                                         (*ret)->items[i]->line, key, kind_name(items),
                                         kind_name((*ret)->items[i]->kind));
        return 0;
}

static struct oci_toml *make(const struct reader *r, enum oci_toml_kind kind)
{
        struct oci_toml *v = memory_zalloc(1, sizeof(*v));

        v->kind = kind;
        v->line = r->line;
        return v;
}

/* Takes the value; `key` is NULL for an array. */
static struct oci_toml *add(struct oci_toml *to, const char *key, struct oci_toml *v)
{
        memory_grow(&to->items, &to->cap, to->count + 1, sizeof(to->items[0]));
        to->items[to->count++] = v;
        if (key)
                strv_add(&to->keys, key);
        return v;
}

/* --- letters ---------------------------------------------------------------------- */

static int fail(struct reader *r, const char *why)
{
        return error_set(r->err, EINVAL, "%s, line %u: %s", r->what, r->line, why);
}

static int fail_key(struct reader *r, const char *key, const char *why)
{
        CLEANUP_FREE char *quoted = oci_quote(key);

        return error_set(r->err, EINVAL, "%s, line %u: %s %s", r->what, r->line, quoted, why);
}

/* The letter here, or 0 at the end (NUL is refused before anything is read). */
static char peek(const struct reader *r)
{
        return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reader *r, char c)
{
        if (peek(r) != c)
                return false;
        r->at++;
        return true;
}

static bool take_text(struct reader *r, const char *text)
{
        size_t size = strlen(text);

        if ((size_t)(r->end - r->at) < size || memcmp(r->at, text, size) != 0)
                return false;
        r->at += size;
        return true;
}

static void skip_blanks(struct reader *r)
{
        while (peek(r) == ' ' || peek(r) == '\t')
                r->at++;
}

static void skip_comment(struct reader *r)
{
        skip_blanks(r);
        if (peek(r) == '#')
                while (r->at < r->end && *r->at != '\n')
                        r->at++;
}

static bool take_line_end(struct reader *r)
{
        if (!take_text(r, "\r\n") && !take(r, '\n'))
                return false;
        r->line++;
        return true;
}

/* Blanks, comments and line ends: between the items of an array. */
static void skip_lines(struct reader *r)
{
        do
                skip_comment(r);
        while (take_line_end(r));
}

static int expect_line_end(struct reader *r)
{
        skip_comment(r);
        return r->at == r->end || take_line_end(r) ? 0 : fail(r, "something stands behind the value");
}

/* --- strings and keys ----------------------------------------------------------------- */

static int hex_value(char c)
{
        const char *digits = "0123456789abcdef", *digit;

        if (c >= 'A' && c <= 'F')
                c = (char)(c - 'A' + 'a');
        digit = c ? strchr(digits, c) : NULL;
        return digit ? (int)(digit - digits) : -1;
}

static void append_rune(struct buffer *to, uint32_t rune)
{
        if (rune < 0x80) {
                buffer_append_char(to, (char)rune);
                return;
        }
        if (rune < 0x800) {
                buffer_append_char(to, (char)(0xc0 | rune >> 6));
        } else {
                if (rune < 0x10000) {
                        buffer_append_char(to, (char)(0xe0 | rune >> 12));
                } else {
                        buffer_append_char(to, (char)(0xf0 | rune >> 18));
                        buffer_append_char(to, (char)(0x80 | (rune >> 12 & 63)));
                }
                buffer_append_char(to, (char)(0x80 | (rune >> 6 & 63)));
        }
        buffer_append_char(to, (char)(0x80 | (rune & 63)));
}

static int read_rune(struct reader *r, size_t digits, struct buffer *ret)
{
        uint32_t rune = 0;

        for (size_t i = 0; i < digits; i++) {
                int value = hex_value(peek(r));

                if (value < 0)
                        return fail(r, "\\u wants four hexadecimal digits and \\U eight");
                rune = rune << 4 | (uint32_t)value;
                r->at++;
        }
        if (rune == 0 || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
                return fail(r, "an escape names no character");
        append_rune(ret, rune);
        return 0;
}

static int read_escape(struct reader *r, struct buffer *ret)
{
        static const char letters[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
        char c = peek(r);
        const char *letter = c ? strchr(letters, c) : NULL;

        r->at++;
        if (letter)
                buffer_append_char(ret, bytes[letter - letters]);
        else if (c == 'u' || c == 'U')
                return read_rune(r, c == 'u' ? 4 : 8, ret);
        else
                return fail(r, "an unknown escape");
        return 0;
}

/* The reader stands on the quote. */
static int read_string(struct reader *r, struct buffer *ret)
{
        char quote = *r->at++;

        if (take(r, quote)) {
                if (peek(r) == quote)
                        return fail(r, "strings of several lines are not understood here");
                return 0;
        }
        while (r->at < r->end && *r->at != quote) {
                char c = *r->at++;

                if ((unsigned char)c < ' ' && c != '\t')
                        return fail(r, c == '\n' || c == '\r' ? "a string does not end in its line"
                                                              : "a control character in a string");
                if (c == '\\' && quote == '"') {
                        if (r->at == r->end)
                                break;
                        if (read_escape(r, ret) < 0)
                                return -1;
                } else {
                        buffer_append_char(ret, c);
                }
        }
        return take(r, quote) ? 0 : fail(r, "a string does not end");
}

static bool is_bare(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A key with its dots: one word for each part. */
static int read_key(struct reader *r, struct strv *ret)
{
        do {
                CLEANUP_BUFFER struct buffer word = BUFFER_INIT;

                skip_blanks(r);
                if (peek(r) == '"' || peek(r) == '\'') {
                        if (read_string(r, &word) < 0)
                                return -1;
                } else {
                        while (is_bare(peek(r)))
                                buffer_append_char(&word, *r->at++);
                        if (word.size == 0)
                                return fail(r, "a key is expected");
                }
                strv_take(ret, buffer_steal(&word));
                skip_blanks(r);
                if (ret->count > OCI_LIMIT_TOML_DEPTH)
                        return fail(r, "a key has too many parts");
        } while (take(r, '.'));
        return 0;
}

/* --- values ---------------------------------------------------------------------- */

static int read_value(struct reader *r, struct oci_toml **ret);
static int read_pair(struct reader *r, struct oci_toml *table);

static int read_array(struct reader *r, struct oci_toml *array)
{
        for (;;) {
                struct oci_toml *item = NULL;

                skip_lines(r);
                if (take(r, ']'))
                        return 0;
                if (read_value(r, &item) < 0)
                        return -1;
                (void)add(array, NULL, item);
                skip_lines(r);
                if (take(r, ']'))
                        return 0;
                if (!take(r, ','))
                        return fail(r, "',' or ']' is expected in an array");
        }
}

static int read_inline_table(struct reader *r, struct oci_toml *table)
{
        skip_blanks(r);
        if (take(r, '}'))
                return 0;
        for (;;) {
                if (read_pair(r, table) < 0)
                        return -1;
                skip_blanks(r);
                if (take(r, '}'))
                        return 0;
                if (!take(r, ','))
                        return fail(r, "',' or '}' is expected in an inline table");
        }
}

static int read_container(struct reader *r, struct oci_toml **ret)
{
        CLEANUP_TOML struct oci_toml *v = make(r, *r->at == '[' ? OCI_TOML_ARRAY : OCI_TOML_TABLE);
        int result;

        v->defined = v->sealed = true;
        r->at++;
        if (++r->depth > OCI_LIMIT_TOML_DEPTH)
                return fail(r, "values are nested too deep");
        result = v->kind == OCI_TOML_ARRAY ? read_array(r, v) : read_inline_table(r, v);
        r->depth--;
        if (result == 0)
                *ret = STEAL(v);
        return result;
}

/* A decimal integer; what looks like another number or a date is refused. */
static int read_integer(struct reader *r, struct oci_toml **ret)
{
        const char *start = r->at, *digits;
        bool good;

        while (is_bare(peek(r)) || peek(r) == '+' || peek(r) == '.' || peek(r) == ':')
                r->at++;
        if (r->at == start)
                return fail(r, "a value is expected");
        digits = start + (*start == '-' || *start == '+');
        good = digits < r->at;
        for (; digits < r->at; digits++)
                good = good && *digits >= '0' && *digits <= '9';
        if (!good)
                return fail(r, "the value is no string, array, table, true, false or decimal integer; others are not "
                               "understood here");
        *ret = make(r, OCI_TOML_INTEGER);
        (*ret)->text = memory_strndup(start, (size_t)(r->at - start));
        return 0;
}

static int read_value(struct reader *r, struct oci_toml **ret)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char c = peek(r);

        if (c == '"' || c == '\'') {
                if (read_string(r, &text) < 0)
                        return -1;
                *ret = make(r, OCI_TOML_STRING);
                (*ret)->text = buffer_steal(&text);
                return 0;
        }
        if (c == '[' || c == '{')
                return read_container(r, ret);
        if (take_text(r, "true") || take_text(r, "false")) {
                if (is_bare(peek(r)))
                        return fail(r, "a value is expected");
                *ret = make(r, OCI_TOML_BOOL);
                (*ret)->truth = c == 't';
                return 0;
        }
        return read_integer(r, ret);
}

/* KEY = VALUE into the table; the tables that a dotted key names are made, and are then no header's. */
static int read_pair(struct reader *r, struct oci_toml *table)
{
        CLEANUP_STRV struct strv key = STRV_INIT;
        struct oci_toml *value = NULL;

        if (read_key(r, &key) < 0)
                return -1;
        if (!take(r, '='))
                return fail_key(r, key.items[key.count - 1], "is not followed by '='");
        for (size_t i = 0; i + 1 < key.count; i++) {
                struct oci_toml *next = find(table, key.items[i]);

                if (!next)
                        next = add(table, key.items[i], make(r, OCI_TOML_TABLE));
                next->defined = true;
                if (next->kind != OCI_TOML_TABLE || next->sealed)
                        return fail_key(r, key.items[i], "is defined already");
                table = next;
        }
        if (find(table, key.items[key.count - 1]))
                return fail_key(r, key.items[key.count - 1], "is defined already");
        skip_blanks(r);
        if (read_value(r, &value) < 0)
                return -1;
        (void)add(table, key.items[key.count - 1], value);
        return 0;
}

/* --- headers ---------------------------------------------------------------------- */

/* The table that [a.b.c] or [[a.b.c]] is inside of: the last item of an array of tables on the way. */
static struct oci_toml *walk(struct reader *r, struct oci_toml *root, const struct strv *key)
{
        struct oci_toml *table = root;

        for (size_t i = 0; i + 1 < key->count; i++) {
                struct oci_toml *next = find(table, key->items[i]);

                if (!next)
                        next = add(table, key->items[i], make(r, OCI_TOML_TABLE));
                if (next->kind == OCI_TOML_ARRAY && !next->sealed)
                        next = next->items[next->count - 1];
                if (next->kind != OCI_TOML_TABLE || next->sealed) {
                        (void)fail_key(r, key->items[i], "is no table that could be added to");
                        return NULL;
                }
                table = next;
        }
        return table;
}

static int open_table(struct reader *r, struct oci_toml *inside, const char *name, struct oci_toml **ret)
{
        struct oci_toml *table = find(inside, name);

        if (table && (table->kind != OCI_TOML_TABLE || table->defined))
                return fail_key(r, name, "is defined already");
        if (!table)
                table = add(inside, name, make(r, OCI_TOML_TABLE));
        table->defined = true;
        *ret = table;
        return 0;
}

static int open_item(struct reader *r, struct oci_toml *inside, const char *name, struct oci_toml **ret)
{
        struct oci_toml *array = find(inside, name);

        if (array && (array->kind != OCI_TOML_ARRAY || array->sealed))
                return fail_key(r, name, "is defined already");
        if (!array)
                array = add(inside, name, make(r, OCI_TOML_ARRAY));
        *ret = add(array, NULL, make(r, OCI_TOML_TABLE));
        (*ret)->defined = true;
        return 0;
}

/* The reader stands behind the first '['. */
static int read_header(struct reader *r, struct oci_toml *root, struct oci_toml **ret)
{
        CLEANUP_STRV struct strv key = STRV_INIT;
        bool item = take(r, '[');
        struct oci_toml *inside;

        if (read_key(r, &key) < 0)
                return -1;
        if (!take(r, ']') || (item && !take(r, ']')))
                return fail(r, item ? "\"]]\" is expected behind the name" : "']' is expected behind the name");
        inside = walk(r, root, &key);
        if (!inside)
                return -1;
        return (item ? open_item : open_table)(r, inside, key.items[key.count - 1], ret);
}

static int read_document(struct reader *r, struct oci_toml *root)
{
        struct oci_toml *table = root;

        for (;;) {
                skip_lines(r);
                if (r->at == r->end)
                        return 0;
                if ((take(r, '[') ? read_header(r, root, &table) : read_pair(r, table)) < 0 || expect_line_end(r) < 0)
                        return -1;
        }
}

int oci_toml_parse(const char *what, const char *text, size_t size, struct oci_toml **ret, struct error *err)
{
        struct reader r = {.what = what, .at = text, .end = text + size, .line = 1, .err = err};
        CLEANUP_TOML struct oci_toml *root = make(&r, OCI_TOML_TABLE);

        if (size > 0 && (memchr(text, '\0', size) || !oci_utf8_is_valid(text, size)))
                return error_set(err, EINVAL, "%s is no text in UTF-8", what);
        (void)take_text(&r, "\xef\xbb\xbf");
        if (read_document(&r, root) < 0)
                return -1;
        *ret = STEAL(root);
        return 0;
}
