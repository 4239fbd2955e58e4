/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_OUTLINE_H
#define BRYO_DOCKERFILE_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

/* What a target can be given: the arguments, secrets and agents that it and the stages below it use. */
struct dockerfile_outline_item {
        char *name;
        char *value;       /* of an argument, expanded; NULL: none */
        char *description; /* of an argument; NULL: none */
        bool required;     /* of a secret or agent */
        unsigned first_line, last_line;
};

struct dockerfile_outline_list {
        struct dockerfile_outline_item *items;
        size_t count;
        size_t cap;
};

/* Each list in the order of the lines, each name once. */
struct dockerfile_outline {
        char *name;        /* of the target; NULL: it has none */
        char *description; /* NULL: none */
        struct dockerfile_outline_list args, secrets, ssh;
};

void dockerfile_outline_clear(struct dockerfile_outline *o);

/* Adds a copy of the item unless the list has one of that name. */
void dockerfile_outline_add(struct dockerfile_outline_list *list, const struct dockerfile_outline_item *item);
/* The item of that name, or NULL. */
struct dockerfile_outline_item *dockerfile_outline_find(const struct dockerfile_outline_list *list, const char *name);
void dockerfile_outline_list_clear(struct dockerfile_outline_list *list);
/* Puts the items into the order of their lines. */
void dockerfile_outline_sort(struct dockerfile_outline_list *list);

#endif
