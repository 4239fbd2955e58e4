/* SPDX-License-Identifier: Apache-2.0 */
/* A small interpreter of Go's templates over JSON. Blocks are executed as they are read; what is skipped is read
 * without effect. */
#include "cmd/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"
#include "common/memory.h"

#define WORDS_MAX 32u /* of one action */
#define DEPTH_MAX 32u /* of blocks */

/* --- values ----------------------------------------------------------------------- */

struct value {
        const struct oci_json *json; /* borrowed; NULL: `text`, or nothing */
        char *text;                  /* owned; what a function or a literal makes */
};

static void value_clear(struct value *v)
{
        free(v->text);
        *v = (struct value){.json = NULL};
}

#define CLEANUP_VALUE __attribute__((cleanup(value_clear)))

/* The text of a string, of whichever kind; NULL for what is none. */
static const char *value_string(const struct value *v)
{
        return v->text                                                ? v->text
               : v->json && oci_json_kind(v->json) == OCI_JSON_STRING ? oci_json_string(v->json)
                                                                      : NULL;
}

static size_t value_count(const struct value *v)
{
        if (value_string(v))
                return strlen(value_string(v));
        return v->json && oci_json_kind(v->json) >= OCI_JSON_ARRAY ? oci_json_count(v->json) : 0;
}

static bool value_is_true(const struct value *v)
{
        if (v->text || !v->json)
                return v->text && v->text[0];
        switch (oci_json_kind(v->json)) {
        case OCI_JSON_NULL:
                return false;
        case OCI_JSON_BOOL:
                return oci_json_bool(v->json);
        case OCI_JSON_NUMBER:
                return strcmp(oci_json_number(v->json), "0") != 0;
        case OCI_JSON_STRING:
        case OCI_JSON_ARRAY:
        case OCI_JSON_OBJECT:
                break;
        }
        return value_count(v) > 0;
}

static int compare_keys(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_json(const struct oci_json *v, struct buffer *ret);

/* As Go's fmt prints a map: by its keys' order. */
static void print_object(const struct oci_json *v, struct buffer *ret)
{
        size_t count = oci_json_count(v);
        CLEANUP_FREE const char **keys = memory_zalloc(count + 1, sizeof(*keys));

        for (size_t i = 0; i < count; i++)
                keys[i] = oci_json_key(v, i);
        qsort(keys, count, sizeof(*keys), compare_keys);
        buffer_append_string(ret, "map[");
        for (size_t i = 0; i < count; i++) {
                buffer_printf(ret, "%s%s:", i > 0 ? " " : "", keys[i]);
                print_json(oci_json_find(v, keys[i]), ret);
        }
        buffer_append_char(ret, ']');
}

static void print_json(const struct oci_json *v, struct buffer *ret)
{
        switch (oci_json_kind(v)) {
        case OCI_JSON_NULL:
                buffer_append_string(ret, "<no value>");
                break;
        case OCI_JSON_BOOL:
                buffer_append_string(ret, oci_json_bool(v) ? "true" : "false");
                break;
        case OCI_JSON_NUMBER:
                buffer_append_string(ret, oci_json_number(v));
                break;
        case OCI_JSON_STRING:
                buffer_append_string(ret, oci_json_string(v));
                break;
        case OCI_JSON_ARRAY:
                buffer_append_char(ret, '[');
                for (size_t i = 0; i < oci_json_count(v); i++) {
                        buffer_append_string(ret, i > 0 ? " " : "");
                        print_json(oci_json_item(v, i), ret);
                }
                buffer_append_char(ret, ']');
                break;
        case OCI_JSON_OBJECT:
                print_object(v, ret);
                break;
        }
}

static void value_print(const struct value *v, struct buffer *ret)
{
        if (v->text)
                buffer_append_string(ret, v->text);
        else if (v->json)
                print_json(v->json, ret);
        else
                buffer_append_string(ret, "<no value>");
}

/* --- actions ------------------------------------------------------------------------- */

struct run {
        const char *at; /* what is read next */
        const struct oci_json *root;
        struct buffer *out;
        bool active; /* what is read takes effect */
        bool trim;   /* white space at `at` is left out */
        unsigned depth;
        struct error *err;
};

/* One {{action}}, cut into words; "|" is one. */
struct action {
        char *text; /* owned: for messages */
        struct strv words;
};

static void action_clear(struct action *a)
{
        free(a->text);
        strv_free(&a->words);
}

#define CLEANUP_ACTION __attribute__((cleanup(action_clear)))

static int fail(const struct run *r, const struct action *a, const char *why)
{
        return error_set(r->err, OPTIONS_EUSAGE, "--format: {{%s}}: %s", a->text, why);
}

/* The end of one word; NULL for a string without an end. */
static const char *find_end(const char *word, const char *end)
{
        const char *at = word + 1;

        if (*word == '|')
                return at;
        if (*word != '"' && *word != '`') {
                while (at < end && !isspace((unsigned char)*at) && *at != '|')
                        at++;
                return at;
        }
        while (at < end && *at != *word)
                at += *word == '"' && *at == '\\' ? 2 : 1;
        return at < end ? at + 1 : NULL;
}

static int split(const struct run *r, const char *begin, const char *end, struct action *ret)
{
        ret->text = memory_strndup(begin, (size_t)(end - begin));
        for (const char *at = begin; at < end;) {
                const char *stop;

                if (isspace((unsigned char)*at)) {
                        at++;
                        continue;
                }
                stop = find_end(at, end);
                if (!stop)
                        return fail(r, ret, "a string has no end");
                if (ret->words.count == WORDS_MAX)
                        return fail(r, ret, "it is too long");
                strv_take(&ret->words, memory_strndup(at, (size_t)(stop - at)));
                at = stop;
        }
        return ret->words.count > 0 ? 0 : fail(r, ret, "it is empty");
}

/* ".A.B" of an object; a name that is not there is nothing. */
static struct value find_member(const struct oci_json *from, const char *path)
{
        while (from && *path) {
                size_t size = strcspn(path, ".");
                CLEANUP_FREE char *name = memory_strndup(path, size);

                if (size > 0)
                        from = oci_json_kind(from) == OCI_JSON_OBJECT ? oci_json_find(from, name) : NULL;
                path += size + (path[size] == '.');
        }
        return (struct value){.json = from};
}

/* What stands between quotes, with Go's escapes of quotes, tabs and line breaks. */
static char *unquote(const char *word)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        size_t size = strlen(word) - 1;

        for (size_t i = 1; i < size; i++) {
                bool escaped = word[0] == '"' && word[i] == '\\' && i + 1 < size;

                i += escaped;
                buffer_append_char(&text, !escaped ? word[i] : word[i] == 'n' ? '\n' : word[i] == 't' ? '\t' : word[i]);
        }
        return memory_strdup(buffer_text(&text));
}

static int read_operand(const struct run *r, const struct action *a, const char *word, const struct value *dot,
                        struct value *ret)
{
        if (word[0] == '"' || word[0] == '`')
                ret->text = unquote(word);
        else if (isdigit((unsigned char)word[0]))
                ret->text = memory_strdup(word);
        else if (strcmp(word, ".") == 0)
                *ret = (struct value){dot->json, dot->text ? memory_strdup(dot->text) : NULL};
        else if (word[0] == '.')
                *ret = find_member(dot->json, word + 1);
        else if (strcmp(word, "$") == 0 || strncmp(word, "$.", 2) == 0)
                *ret = find_member(r->root, word + 1 + (word[1] == '.'));
        else if (word[0] == '(' || word[0] == '$')
                return fail(r, a, "parentheses and variables are not built");
        else
                return fail(r, a,
                            "there is no such function here (json, index, len, join, upper, lower, print and println)");
        return 0;
}

/* --- functions -------------------------------------------------------------------------- */

static int do_index(const struct run *r, const struct action *a, const struct value *args, size_t count,
                    struct value *ret)
{
        const struct oci_json *at = count > 0 ? args[0].json : NULL;

        for (size_t i = 1; i < count && at; i++) {
                const char *key = value_string(&args[i]);
                size_t number = key ? (size_t)strtoul(key, NULL, 10) : 0;

                if (!key)
                        return fail(r, a, "an index is a name or a number");
                if (oci_json_kind(at) == OCI_JSON_ARRAY && number >= oci_json_count(at))
                        return fail(r, a, "there is no item of that number");
                at = oci_json_kind(at) == OCI_JSON_OBJECT  ? oci_json_find(at, key)
                     : oci_json_kind(at) == OCI_JSON_ARRAY ? oci_json_item(at, number)
                                                           : NULL;
        }
        *ret = (struct value){.json = at};
        return 0;
}

static void do_join(const struct value *list, const char *between, struct buffer *ret)
{
        for (size_t i = 0; list->json && oci_json_kind(list->json) == OCI_JSON_ARRAY && i < oci_json_count(list->json);
             i++) {
                buffer_append_string(ret, i > 0 ? between : "");
                print_json(oci_json_item(list->json, i), ret);
        }
}

static void do_json(const struct value *v, struct buffer *ret)
{
        if (v->text)
                buffer_printf(ret, "\"%s\"", v->text);
        else if (v->json)
                oci_json_format(v->json, ret);
        else
                buffer_append_string(ret, "null");
}

static void do_print(const struct value *args, size_t count, struct buffer *ret)
{
        for (size_t i = 0; i < count; i++) {
                buffer_append_string(ret, i > 0 ? " " : "");
                value_print(&args[i], ret);
        }
}

static void change_case(struct buffer *text, int (*change)(int))
{
        for (size_t i = 0; i < text->size; i++)
                text->data[i] = (char)change((unsigned char)text->data[i]);
}

static int call(const struct run *r, const struct action *a, const char *name, const struct value *args, size_t count,
                struct value *ret)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        bool one = strcmp(name, "json") == 0 || strcmp(name, "len") == 0 || strcmp(name, "upper") == 0 ||
                   strcmp(name, "lower") == 0;

        if (strcmp(name, "index") == 0)
                return do_index(r, a, args, count, ret);
        if (one && count != 1)
                return fail(r, a, "it takes one value");
        if (strcmp(name, "json") == 0) {
                do_json(&args[0], &text);
        } else if (strcmp(name, "len") == 0) {
                buffer_printf(&text, "%zu", value_count(&args[0]));
        } else if (one) {
                value_print(&args[0], &text);
                change_case(&text, name[0] == 'u' ? toupper : tolower);
        } else if (strcmp(name, "join") == 0) {
                if (count != 2 || !value_string(&args[1]))
                        return fail(r, a, "write join LIST \"BETWEEN\"");
                do_join(&args[0], value_string(&args[1]), &text);
        } else {
                do_print(args, count, &text);
                buffer_append_string(&text, strcmp(name, "println") == 0 ? "\n" : "");
        }
        ret->text = memory_strdup(buffer_text(&text));
        return 0;
}

static bool is_function(const char *word)
{
        static const char *const names[] = {"json", "index", "len", "join", "upper", "lower", "print", "println"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(word, names[i]) == 0)
                        return true;
        return false;
}

/* One command of a pipeline: words `from` to `to`; what comes through the pipe is its last argument. */
static int evaluate_command(const struct run *r, const struct action *a, size_t from, size_t to,
                            const struct value *dot, struct value *value)
{
        struct value args[WORDS_MAX + 1] = {{.json = NULL}};
        bool function = from < to && is_function(a->words.items[from]),
             piped = from > 0 && strcmp(a->words.items[from - 1], "|") == 0;
        struct value result = {.json = NULL};
        size_t count = 0;
        int rc = from < to ? 0 : fail(r, a, "something is missing");

        for (size_t i = from + function; i < to && rc == 0; i++)
                rc = read_operand(r, a, a->words.items[i], dot, &args[count++]);
        if (piped)
                args[count++] = *value;
        *value = (struct value){.json = NULL};
        if (rc == 0 && !function && count != 1)
                rc = fail(r, a, "a value takes no arguments");
        if (rc == 0 && function)
                rc = call(r, a, a->words.items[from], args, count, &result);
        else if (rc == 0)
                result = (struct value){args[0].json, STEAL(args[0].text)};
        for (size_t i = 0; i < count; i++)
                free(args[i].text);
        *value = result;
        return rc;
}

static int evaluate(const struct run *r, const struct action *a, size_t from, const struct value *dot,
                    struct value *ret)
{
        size_t begin = from;

        for (size_t i = from; i <= a->words.count; i++) {
                if (i < a->words.count && strcmp(a->words.items[i], "|") != 0)
                        continue;
                if (evaluate_command(r, a, begin, i, dot, ret) < 0)
                        return -1;
                begin = i + 1;
        }
        return 0;
}

/* --- text and blocks ------------------------------------------------------------------------ */

/* The text up to the next action. In it docker takes \t and \n for what they stand for. */
static void copy_text(struct run *r, const char *end)
{
        const char *stop = end;

        if (strncmp(end, "{{- ", 4) == 0)
                while (stop > r->at && isspace((unsigned char)stop[-1]))
                        stop--;
        while (r->trim && r->at < stop && isspace((unsigned char)*r->at))
                r->at++;
        for (; r->active && r->at < stop; r->at++) {
                bool escape = r->at[0] == '\\' && r->at + 1 < stop && (r->at[1] == 't' || r->at[1] == 'n');

                buffer_append_char(r->out, !escape ? *r->at : r->at[1] == 't' ? '\t' : '\n');
                r->at += escape;
        }
        r->at = end;
        r->trim = false;
}

/* The next action, its text before it copied; *ret_end at the end of the template. */
static int next_action(struct run *r, struct action *ret, bool *ret_end)
{
        const char *begin = strstr(r->at, "{{"), *end;

        *ret_end = !begin;
        copy_text(r, begin ? begin : r->at + strlen(r->at));
        if (!begin)
                return 0;
        begin += strncmp(begin, "{{- ", 4) == 0 ? 4 : 2;
        for (end = begin; *end && strncmp(end, "}}", 2) != 0;)
                end = (*end == '"' || *end == '`') && find_end(end, end + strlen(end))
                              ? find_end(end, end + strlen(end))
                              : end + 1;
        if (!*end)
                return error_set(r->err, OPTIONS_EUSAGE, "--format: an action has no end: }} is missing");
        r->at = end + 2;
        r->trim = end - begin >= 2 && end[-1] == '-' && isspace((unsigned char)end[-2]);
        return split(r, begin, r->trim ? end - 2 : end, ret);
}

enum ending { ENDED_TEMPLATE, ENDED_BLOCK, ENDED_ELSE };

static int execute(struct run *r, const struct value *dot, enum ending *ret);

/* The same, with or without effect. */
static int execute_if(struct run *r, bool wanted, const struct value *dot, enum ending *ret)
{
        bool active = r->active;
        int result;

        r->active = active && wanted;
        result = execute(r, dot, ret);
        r->active = active;
        return result;
}

static int execute_range(struct run *r, const struct value *list, const struct value *dot, enum ending *ret)
{
        size_t count =
                r->active && list->json && oci_json_kind(list->json) >= OCI_JSON_ARRAY ? oci_json_count(list->json) : 0;
        const char *begin = r->at;
        bool trim = r->trim;

        if (count == 0)
                return execute_if(r, false, dot, ret);
        for (size_t i = 0; i < count; i++) {
                const bool array = oci_json_kind(list->json) == OCI_JSON_ARRAY;
                const struct value item = {.json = array ? oci_json_item(list->json, i)
                                                         : oci_json_find(list->json, oci_json_key(list->json, i))};

                r->at = begin;
                r->trim = trim;
                if (execute(r, &item, ret) < 0)
                        return -1;
        }
        return 0;
}

/* {{range X}}, {{if X}} or {{with X}} up to its {{end}}. */
static int execute_block(struct run *r, const struct action *a, const struct value *dot)
{
        const char *word = a->words.items[0];
        CLEANUP_VALUE struct value value = {.json = NULL};
        enum ending ending;
        bool yes;
        int result;

        if (++r->depth > DEPTH_MAX)
                return fail(r, a, "blocks lie too deep");
        if (r->active && evaluate(r, a, 1, dot, &value) < 0)
                return -1;
        yes = value_is_true(&value);
        if (strcmp(word, "range") == 0)
                result = execute_range(r, &value, dot, &ending);
        else
                result = execute_if(r, yes, strcmp(word, "with") == 0 ? &value : dot, &ending);
        if (result == 0 && ending == ENDED_ELSE)
                result = execute_if(r, !yes, dot, &ending);
        r->depth--;
        if (result == 0 && ending != ENDED_BLOCK)
                return fail(r, a, ending == ENDED_ELSE ? "it has a second {{else}}" : "it has no {{end}}");
        return result;
}

static bool is_block(const char *word)
{
        return strcmp(word, "range") == 0 || strcmp(word, "if") == 0 || strcmp(word, "with") == 0;
}

static int execute_action(struct run *r, const struct action *a, const struct value *dot)
{
        CLEANUP_VALUE struct value value = {.json = NULL};

        if (is_block(a->words.items[0]))
                return execute_block(r, a, dot);
        if (!r->active)
                return 0;
        if (evaluate(r, a, 0, dot, &value) < 0)
                return -1;
        value_print(&value, r->out);
        return 0;
}

static int execute(struct run *r, const struct value *dot, enum ending *ret)
{
        for (;;) {
                CLEANUP_ACTION struct action a = {.text = NULL};
                bool end;

                if (next_action(r, &a, &end) < 0)
                        return -1;
                *ret = end ? ENDED_TEMPLATE : strcmp(a.words.items[0], "else") == 0 ? ENDED_ELSE : ENDED_BLOCK;
                if (!end && *ret == ENDED_ELSE && a.words.count > 1)
                        return fail(r, &a, "{{else if}} is not built");
                if (end || *ret == ENDED_ELSE || strcmp(a.words.items[0], "end") == 0)
                        return 0;
                if (execute_action(r, &a, dot) < 0)
                        return -1;
        }
}

int cmd_template_run(const char *text, const struct oci_json *root, struct buffer *ret, struct error *err)
{
        struct run r = {.at = text, .root = root, .out = ret, .active = true, .err = err};
        const struct value dot = {.json = root};
        enum ending ending;

        if (execute(&r, &dot, &ending) < 0)
                return -1;
        if (ending != ENDED_TEMPLATE)
                return error_set(err, OPTIONS_EUSAGE, "--format: there is an {{%s}} without its block",
                                 ending == ENDED_ELSE ? "else" : "end");
        return 0;
}
