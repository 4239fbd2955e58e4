/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing JSON text in place. The document is read by oci_json_parse first; only then is its text walked here, so the
 * walk may take the grammar for granted.
 */
#include "oci/json_text.h"

#include <errno.h>
#include <string.h>

#include "common/memory.h"
#include "oci/json.h"
#include "oci/json_writer.h"

/* Where a member stands in the text, or, with `key` NULL, where it would. */
struct place {
        const char *object;   /* the '{' of the object that it is in */
        const char *first;    /* its first key; NULL: it is empty */
        const char *previous; /* the end of the value before the member, or of the last one; NULL: none */
        const char *key;      /* the member's key; NULL: it is not there */
        const char *value;
        const char *end;  /* behind the value */
        const char *next; /* behind the comma that follows; NULL: it is the last */
};

static const char *skip_blanks(const char *c)
{
        return c + strspn(c, " \t\r\n");
}

static const char *skip_string(const char *c)
{
        for (c++; *c != '"'; c++)
                if (*c == '\\')
                        c++;
        return c + 1;
}

static const char *skip_value(const char *c)
{
        unsigned depth = 0;

        do {
                if (*c == '"') {
                        c = skip_string(c);
                        continue;
                }
                depth += *c == '{' || *c == '[';
                depth -= *c == '}' || *c == ']';
                /* a bare word or number ends where something else begins */
                c += depth == 0 && !strchr("}]", *c) ? strcspn(c, ",]} \t\r\n") : 1;
        } while (depth > 0);
        return c;
}

/* Compares a key as written, with its escapes, to a name. */
static bool key_is(const char *key, const char *name)
{
        CLEANUP_FREE char *text = memory_printf("[%.*s]", (int)(skip_string(key) - key), key);
        CLEANUP_ERROR struct error ignored = ERROR_INIT; /* it was read before */
        CLEANUP_JSON struct oci_json *list = NULL;

        return oci_json_parse("a key", text, strlen(text), &list, &ignored) == 0 &&
               strcmp(oci_json_string(oci_json_item(list, 0)), name) == 0;
}

static struct place find_member(const char *object, const char *name)
{
        struct place p = {.object = object};
        const char *c = skip_blanks(object + 1);

        while (*c == '"') {
                const char *value = skip_blanks(skip_blanks(skip_string(c)) + 1), *end = skip_value(value);
                const char *after = skip_blanks(end);

                if (!p.first)
                        p.first = c;
                if (key_is(c, name)) {
                        p.key = c;
                        p.value = value;
                        p.end = end;
                        p.next = *after == ',' ? after + 1 : NULL;
                        break;
                }
                p.previous = end;
                c = *after == ',' ? skip_blanks(after + 1) : after;
        }
        return p;
}

static int check_document(const char *what, const char *text, struct error *err)
{
        CLEANUP_JSON struct oci_json *root = NULL;

        if (oci_json_parse(what, text, strlen(text), &root, err) < 0)
                return -1;
        if (oci_json_kind(root) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is no JSON object", what);
        return 0;
}

/* --- layout ------------------------------------------------------------------------ */

/* The white space of one level: in front of the document's first key, or "" for a document on one line. Heap text. */
static char *find_indent(const char *text)
{
        const char *line = skip_blanks(text) + 1;

        line += strspn(line, " \t\r");
        line += *line == '\n';
        return memory_strndup(line, line[-1] == '\n' ? strspn(line, " \t") : 0);
}

/* A line break and `depth` levels; nothing in a document on one line. */
static void append_break(const char *indent, size_t depth, struct buffer *ret)
{
        if (!indent[0])
                return;
        buffer_append_char(ret, '\n');
        for (size_t i = 0; i < depth; i++)
                buffer_append_string(ret, indent);
}

/* A value whose lines are indented with it: a line begins with one tab for each level below the value. */
static void append_value(const char *value, const char *indent, size_t depth, struct buffer *ret)
{
        for (const char *c = value; *c; c++) {
                size_t levels = 0;

                if (*c != '\n') {
                        buffer_append_char(ret, *c);
                        continue;
                }
                while (c[1] == '\t') {
                        levels++;
                        c++;
                }
                append_break(indent, depth + levels, ret);
        }
}

/* KEY: VALUE, and the objects around it that are still to be made. */
static void append_member(const char *const *path, const char *value, const char *indent, size_t depth,
                          struct buffer *ret)
{
        oci_json_append_quoted(ret, path[0]);
        buffer_append_string(ret, indent[0] ? ": " : ":");
        if (!path[1]) {
                append_value(value, indent, depth, ret);
                return;
        }
        buffer_append_char(ret, '{');
        append_break(indent, depth + 1, ret);
        append_member(path + 1, value, indent, depth + 1, ret);
        append_break(indent, depth, ret);
        buffer_append_char(ret, '}');
}

/* --- changes ------------------------------------------------------------------------ */

/* A member that is not there, behind the last one of its object. `depth`: how deep its key stands. */
static void insert(const char *text, const struct place *p, const char *const *path, const char *value, size_t depth,
                   struct buffer *ret)
{
        CLEANUP_FREE char *indent = find_indent(text);
        const char *rest = p->previous ? p->previous : p->object + 1;

        buffer_append(ret, text, (size_t)(rest - text));
        if (p->previous)
                buffer_append_char(ret, ',');
        append_break(indent, depth, ret);
        append_member(path, value, indent, depth, ret);
        if (!p->previous) {
                append_break(indent, depth - 1, ret);
                rest = skip_blanks(rest);
        }
        buffer_append_string(ret, rest);
}

static void replace(const char *text, const struct place *p, const char *value, size_t depth, struct buffer *ret)
{
        CLEANUP_FREE char *indent = find_indent(text);

        buffer_append(ret, text, (size_t)(p->value - text));
        append_value(value, indent, depth, ret);
        buffer_append_string(ret, p->end);
}

int oci_json_text_set(const char *what, const char *text, const char *const *path, const char *value,
                      struct buffer *ret, struct error *err)
{
        const char *whole = *skip_blanks(text) ? text : "{\n\t\n}\n", *object;

        if (check_document(what, whole, err) < 0)
                return -1;
        object = skip_blanks(whole);
        for (size_t depth = 1;; depth++, path++) {
                struct place p = find_member(object, path[0]);

                if (!p.key) {
                        insert(whole, &p, path, value, depth, ret);
                        return 0;
                }
                if (!path[1]) {
                        replace(whole, &p, value, depth, ret);
                        return 0;
                }
                if (*p.value != '{')
                        return error_set(err, EINVAL, "%s: \"%s\" is no JSON object", what, path[0]);
                object = p.value;
        }
}

/* With the comma that separated it; the white space in front of the next member, or behind the last, stays. */
static void cut(const char *text, const struct place *p, struct buffer *ret)
{
        const char *from = p->key, *to = p->end;

        if (p->next)
                to = skip_blanks(p->next);
        else
                from = p->previous ? p->previous : p->object + 1;
        if (!p->next && !p->previous)
                to = skip_blanks(to); /* the object is empty now: {} */
        buffer_append(ret, text, (size_t)(from - text));
        buffer_append_string(ret, to);
}

int oci_json_text_remove(const char *what, const char *text, const char *const *path, struct buffer *ret,
                         struct error *err)
{
        const char *object = skip_blanks(text);

        if (!*object) {
                buffer_append_string(ret, text);
                return 0;
        }
        if (check_document(what, text, err) < 0)
                return -1;
        for (;; path++) {
                struct place p = find_member(object, path[0]);

                if (p.key && !path[1]) {
                        cut(text, &p, ret);
                        return 0;
                }
                if (!p.key || *p.value != '{') {
                        buffer_append_string(ret, text);
                        return 0;
                }
                object = p.value;
        }
}
