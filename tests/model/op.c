/* SPDX-License-Identifier: Apache-2.0 */
/* Operations as data: lists of them, and one as a line of text that replays it. */
#include "tests/model/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/model/args.h"

static const char *const actors[] = {"root", "app", "other"};

void op_list_free(struct op_list *list)
{
        free(list->ops);
        *list = (struct op_list)OP_LIST_INIT;
}

void op_list_add(struct op_list *list, const struct op *op)
{
        memory_grow(&list->ops, &list->cap, list->count + 1, sizeof(*list->ops));
        list->ops[list->count++] = *op;
}

void op_list_copy(struct op_list *to, const struct op_list *from)
{
        to->count = 0;
        for (size_t i = 0; i < from->count; i++)
                op_list_add(to, &from->ops[i]);
}

void op_format(const struct op *op, struct buffer *ret)
{
        buffer_printf(ret, "%s: %s", actors[op->actor], op->kind->name);
        for (size_t i = 0; op->kind->signature[i] != '\0'; i++) {
                buffer_append_char(ret, ' ');
                arg_format(op->kind->signature[i], op->args[i], ret);
        }
}

static int parse_words(char *text, struct op *ret, const char **ret_why)
{
        char *save = NULL, *word = strtok_r(text, " ", &save);

        ret->kind = word ? kind_find(word) : NULL;
        *ret_why = "there is no such operation";
        if (!ret->kind)
                return -1;
        for (size_t i = 0; ret->kind->signature[i] != '\0'; i++) {
                word = strtok_r(NULL, " ", &save);
                *ret_why = "an argument is missing or cannot be read";
                if (!word || arg_parse(ret->kind->signature[i], word, &ret->args[i]) < 0)
                        return -1;
        }
        *ret_why = "too many arguments";
        return strtok_r(NULL, " ", &save) ? -1 : 0;
}

int op_parse(const char *line, struct op *ret, const char **ret_why)
{
        const char *colon = strchr(line, ':');

        *ret = (struct op){NULL, ACTOR_ROOT, {0}};
        *ret_why = "a line is \"ACTOR: OPERATION ARGUMENT...\", actors are root, app and other";
        for (size_t i = 0; colon && i < ARRAY_SIZE(actors); i++)
                if (strncmp(line, actors[i], (size_t)(colon - line)) == 0 && colon[1] == ' ') {
                        CLEANUP_FREE char *words = memory_strdup(colon + 2);

                        ret->actor = (enum actor)i;
                        return parse_words(words, ret, ret_why);
                }
        return -1;
}

void result_note(struct result *r, const char *format, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        buffer_printf(&r->notes, "%s; ", text);
}

void result_bytes(struct result *r, const char *what, const void *bytes, size_t size)
{
        const unsigned char *at = bytes;
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ at[i]) * UINT64_C(1099511628211);
        result_note(r, "%s: %zu bytes, sum %016llx", what, size, (unsigned long long)hash);
}
