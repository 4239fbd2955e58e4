/* SPDX-License-Identifier: Apache-2.0 */
#include "common/strv.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void strv_take(struct strv *v, char *s)
{
        memory_grow(&v->items, &v->cap, v->count + 2, sizeof(*v->items));
        v->items[v->count++] = s;
        v->items[v->count] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
        strv_take(v, memory_strdup(s));
}

void strv_extend(struct strv *v, const struct strv *from)
{
        for (size_t i = 0; i < from->count; i++)
                strv_add(v, from->items[i]);
}

void strv_copy(struct strv *to, const struct strv *from)
{
        strv_clear(to);
        strv_extend(to, from);
}

char *const *strv_array(struct strv *v)
{
        memory_grow(&v->items, &v->cap, v->count + 1, sizeof(*v->items));
        v->items[v->count] = NULL;
        return v->items;
}

bool strv_has(const struct strv *v, const char *s)
{
        for (size_t i = 0; i < v->count; i++)
                if (strcmp(v->items[i], s) == 0)
                        return true;
        return false;
}

/* The position of NAME=..., or v->count. */
static size_t env_index(const struct strv *v, const char *name)
{
        size_t len = strlen(name);
        size_t i;

        for (i = 0; i < v->count; i++)
                if (strncmp(v->items[i], name, len) == 0 && v->items[i][len] == '=')
                        break;
        return i;
}

const char *strv_env_find(const struct strv *v, const char *name)
{
        size_t i = env_index(v, name);

        return i < v->count ? v->items[i] + strlen(name) + 1 : NULL;
}

void strv_env_set(struct strv *v, const char *name, const char *value)
{
        size_t i = env_index(v, name);
        char *entry = memory_printf("%s=%s", name, value);

        if (i < v->count) {
                free(v->items[i]);
                v->items[i] = entry;
        } else {
                strv_take(v, entry);
        }
}

void strv_clear(struct strv *v)
{
        for (size_t i = 0; i < v->count; i++)
                free(v->items[i]);
        v->count = 0;
        if (v->items)
                v->items[0] = NULL;
}

void strv_free(struct strv *v)
{
        strv_clear(v);
        free(v->items);
        *v = (struct strv)STRV_INIT;
}
