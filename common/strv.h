/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_STRV_H
#define BRYO_COMMON_STRV_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A vector of owned strings. `items[count]` is NULL once anything was added, so
 * `items` can go to execve. `CLEANUP_STRV struct strv v = STRV_INIT;`
 */
struct strv {
        char **items;
        size_t count;
        size_t cap;
};

#define STRV_INIT { NULL, 0, 0 }

/* Appends a copy. */
void strv_add(struct strv *v, const char *s);
/* Appends and takes ownership of a heap string. */
void strv_take(struct strv *v, char *s);
/* Appends copies of all of `from`. */
void strv_extend(struct strv *v, const struct strv *from);
/* Empties `to` and copies `from` into it. */
void strv_copy(struct strv *to, const struct strv *from);
/* The NULL-terminated array, also for an empty vector; valid until the next change. */
char *const *strv_array(struct strv *v);
bool strv_has(const struct strv *v, const char *s);

/* For vectors of NAME=VALUE: the value, or NULL when absent. */
const char *strv_env_find(const struct strv *v, const char *name);
/* Sets NAME=VALUE, in place when the name is there (order is kept). */
void strv_env_set(struct strv *v, const char *name, const char *value);

void strv_clear(struct strv *v);
void strv_free(struct strv *v);

#define CLEANUP_STRV __attribute__((cleanup(strv_free)))

#endif
