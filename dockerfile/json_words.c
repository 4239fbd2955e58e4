/* SPDX-License-Identifier: Apache-2.0 */
/* The exec form, a JSON array of strings, read with yajl: the only place of this room that knows JSON. */
#include "dockerfile/json_words.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "common/memory.h"
#include "common/strv.h"

/* Go's decoder takes deeper nesting for invalid JSON; yajl's stack would grow in small steps for ever. */
#define MAX_DEPTH 10000

struct reader {
        struct strv strings;
        unsigned depth;
        bool strange;
        bool nul;
};

static int strange_value(struct reader *r)
{
        r->strange = true;
        return 1;
}

static int on_null(void *context)
{
        return strange_value(context);
}

static int on_boolean(void *context, int value)
{
        (void)value;
        return strange_value(context);
}

static int on_number(void *context, const char *text, size_t size)
{
        (void)text;
        (void)size;
        return strange_value(context);
}

static int on_string(void *context, const unsigned char *text, size_t size)
{
        struct reader *r = context;

        if (memchr(text, '\0', size))
                r->nul = true;
        strv_take(&r->strings, memory_strndup((const char *)text, size));
        return 1;
}

static int on_key(void *context, const unsigned char *text, size_t size)
{
        (void)text;
        (void)size;
        return strange_value(context);
}

static int on_array(void *context)
{
        struct reader *r = context;

        if (r->depth > 0)
                r->strange = true;
        return r->depth++ < MAX_DEPTH;
}

static int on_map(void *context)
{
        strange_value(context);
        return on_array(context);
}

static int on_end(void *context)
{
        struct reader *r = context;

        r->depth--;
        return 1;
}

/* True if the text is one valid JSON value; the callbacks hear of its parts. */
static bool is_valid(const char *text, size_t size, const yajl_callbacks *callbacks, void *context)
{
        yajl_handle handle = yajl_alloc(callbacks, NULL, context);
        bool valid;

        /* Bytes that are not UTF-8 are passed on as they are, as everywhere in the file. */
        yajl_config(handle, yajl_dont_validate_strings, 1);
        valid = yajl_parse(handle, (const unsigned char *)text, size) == yajl_status_ok &&
                yajl_complete_parse(handle) == yajl_status_ok;
        yajl_free(handle);
        return valid;
}

static bool read_array(const char *text, size_t size, struct reader *r)
{
        static const yajl_callbacks callbacks = {
                .yajl_null = on_null,
                .yajl_boolean = on_boolean,
                .yajl_number = on_number,
                .yajl_string = on_string,
                .yajl_start_map = on_map,
                .yajl_map_key = on_key,
                .yajl_end_map = on_end,
                .yajl_start_array = on_array,
                .yajl_end_array = on_end,
        };

        return is_valid(text, size, &callbacks, r);
}

/* Adds the strings; each stands where the array's next pair of quotes stands. */
static void add_words(struct dockerfile_words *w, const struct dockerfile_line *l, struct dockerfile_range r,
                      struct strv *strings)
{
        const char *text = buffer_text(&l->text);
        size_t at = r.start;

        for (size_t i = 0; i < strings->count; i++) {
                size_t start;

                while (text[at] != '"')
                        at++;
                start = at++;
                while (text[at] != '"')
                        at += text[at] == '\\' ? 2 : 1;
                at++;
                dockerfile_words_take(w, l, STEAL(strings->items[i]), start, at);
        }
}

enum dockerfile_json dockerfile_json_words(struct dockerfile_words *w, const struct dockerfile_line *l,
                                           struct dockerfile_range r)
{
        struct reader reader = {.strings = STRV_INIT};
        const char *text = buffer_text(&l->text) + r.start;
        enum dockerfile_json found = DOCKERFILE_JSON_NOT;

        if (r.end > r.start && text[0] == '[' && read_array(text, r.end - r.start, &reader)) {
                found = reader.strange ? DOCKERFILE_JSON_STRANGE
                        : reader.nul   ? DOCKERFILE_JSON_NUL
                                       : DOCKERFILE_JSON_WORDS;
                if (found == DOCKERFILE_JSON_WORDS)
                        add_words(w, l, r, &reader.strings);
        }
        strv_free(&reader.strings);
        return found;
}

/* Looking for one key of an object. */
struct search {
        const char *key;
        char *found;
        unsigned depth;
        bool here; /* the next value is the key's */
};

static int search_down(void *context)
{
        struct search *s = context;

        s->here = false;
        return s->depth++ < MAX_DEPTH;
}

static int search_up(void *context)
{
        struct search *s = context;

        s->depth--;
        return 1;
}

static int search_key(void *context, const unsigned char *text, size_t size)
{
        struct search *s = context;

        s->here = s->depth == 1 && size == strlen(s->key) && memcmp(text, s->key, size) == 0;
        return 1;
}

static int search_string(void *context, const unsigned char *text, size_t size)
{
        struct search *s = context;

        if (s->here && s->depth == 1) {
                free(s->found);
                s->found = memory_strndup((const char *)text, size);
        }
        s->here = false;
        return 1;
}

char *dockerfile_json_find(const char *text, size_t size, const char *key)
{
        static const yajl_callbacks callbacks = {
                .yajl_string = search_string,
                .yajl_start_map = search_down,
                .yajl_map_key = search_key,
                .yajl_end_map = search_up,
                .yajl_start_array = search_down,
                .yajl_end_array = search_up,
        };
        struct search s = {.key = key};

        if (!is_valid(text, size, &callbacks, &s)) {
                free(s.found);
                return NULL;
        }
        return s.found;
}
