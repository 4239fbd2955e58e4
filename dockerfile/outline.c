/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what a target can be given, for `bryo build --call=outline`. */
#include "dockerfile/outline.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static char *copy_text(const char *text)
{
        return text ? memory_strdup(text) : NULL;
}

void dockerfile_outline_add(struct dockerfile_outline_list *list, const struct dockerfile_outline_item *item)
{
        struct dockerfile_outline_item *added;

        if (dockerfile_outline_find(list, item->name))
                return;
        memory_grow(&list->items, &list->cap, list->count + 1, sizeof(*list->items));
        added = &list->items[list->count++];
        *added = *item;
        added->name = memory_strdup(item->name);
        added->value = copy_text(item->value);
        added->description = copy_text(item->description);
}

struct dockerfile_outline_item *dockerfile_outline_find(const struct dockerfile_outline_list *list, const char *name)
{
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->items[i].name, name) == 0)
                        return &list->items[i];
        return NULL;
}

/* Stable, and nearly always there is nothing to do: the items come in the order of the file. */
void dockerfile_outline_sort(struct dockerfile_outline_list *list)
{
        for (size_t i = 1; i < list->count; i++)
                for (size_t k = i; k > 0 && list->items[k].first_line < list->items[k - 1].first_line; k--) {
                        struct dockerfile_outline_item item = list->items[k];

                        list->items[k] = list->items[k - 1];
                        list->items[k - 1] = item;
                }
}

void dockerfile_outline_list_clear(struct dockerfile_outline_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                free(list->items[i].name);
                free(list->items[i].value);
                free(list->items[i].description);
        }
        free(list->items);
        *list = (struct dockerfile_outline_list){0};
}

void dockerfile_outline_clear(struct dockerfile_outline *o)
{
        free(o->name);
        free(o->description);
        dockerfile_outline_list_clear(&o->args);
        dockerfile_outline_list_clear(&o->secrets);
        dockerfile_outline_list_clear(&o->ssh);
        *o = (struct dockerfile_outline){0};
}
