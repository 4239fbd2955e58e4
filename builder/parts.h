/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PARTS_H
#define BRYO_BUILDER_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

/*
 * What the key of a step is made of, part by part, so that it can be said
 * which of them changed: lines of a short hash and a name,
 *
 *     5f2a90cc01d37e44 file src/main.c
 *     0b9d8e1f6a2c4d70 argument VERSION
 *
 * The hash is no digest: it tells people what differs, and decides nothing. Written beside the key wherever
 * something goes into that (explain.h keeps and compares them).
 */
struct builder_parts {
        struct buffer text;
};

#define BUILDER_PARTS_INIT                                                                                             \
        {                                                                                                              \
                BUFFER_INIT                                                                                            \
        }

void builder_parts_clear(struct builder_parts *p);
/* `kind` and `name` become the part's name; `name` may be NULL. With `p` NULL nothing is done. */
void builder_parts_add(struct builder_parts *p, const char *kind, const char *name, const void *bytes, size_t size);
/* The same for a text; NULL counts as "". */
void builder_parts_add_text(struct builder_parts *p, const char *kind, const char *name, const char *text);
void builder_parts_free(struct builder_parts *p);

/*
 * Appends what differs from `before` to `after`, both texts of parts: "file a changed, argument B is new, file c is
 * gone", at most `limit` of them and then how many more; nothing when nothing does. What a step stands on comes last.
 */
void builder_parts_compare(const char *before, const char *after, size_t limit, struct buffer *ret);
/* Appends the text to `ret`; of more than `limit` files those of each directory become one part. */
void builder_parts_fold(const char *text, size_t limit, struct buffer *ret);

/* The name of the one part that every step has. */
#define BUILDER_PART_PARENT "what it stands on"

#endif
