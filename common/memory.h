/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_MEMORY_H
#define BRYO_COMMON_MEMORY_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Allocation that cannot fail. Running out of memory is the one condition for
 * which bryo aborts on the spot (doc/style: "only main exits"): there is no
 * sentence it could still print reliably, and a half-built tree must never be
 * sealed. The store survives an abort at any instruction.
 */

/* Like malloc, calloc, realloc, strdup, strndup, memdup and asprintf; never return NULL. */
void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *memory_realloc(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *memory_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *memory_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void *memory_dup(const void *bytes, size_t size) __attribute__((malloc, returns_nonnull));
char *memory_printf(const char *format, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* Grows the array `*items` so that it holds at least `need` items of `size` bytes; doubles `*cap`. */
void memory_grow(void *items, size_t *cap, size_t need, size_t size);

/* Attribute clean-up: `CLEANUP_FREE char *name = ...;` frees at scope end. */
void memory_cleanup_free(void *pointer_to_pointer);
#define CLEANUP_FREE __attribute__((cleanup(memory_cleanup_free)))

/* Takes a pointer out of a variable that owns it, leaving NULL: the one spelling of ownership transfer. */
#define STEAL(variable)                            \
        (__extension__({                           \
                __typeof__(variable) stolen_ = (variable); \
                (variable) = NULL;                 \
                stolen_;                           \
        }))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
