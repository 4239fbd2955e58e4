/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RANGES_H
#define BRYO_BUILDER_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Which bytes of a source some body points at. */
struct builder_range {
        uint64_t begin;
        uint64_t end; /* one behind the last byte */
};

struct builder_ranges {
        struct builder_range *items; /* owned; in the order of adding until builder_ranges_merge */
        size_t count;
        size_t cap;
};

#define BUILDER_RANGES_INIT                                                                                            \
        {                                                                                                              \
                .items = NULL                                                                                          \
        }

/* Adds `length` bytes at `offset`; a sum that overflows ends at the greatest number. */
void builder_ranges_add(struct builder_ranges *r, uint64_t offset, uint64_t length);
/* Sorts, and makes one of those that overlap or touch. */
void builder_ranges_merge(struct builder_ranges *r);
void builder_ranges_free(struct builder_ranges *r);

/* What punching a file came to. */
struct builder_punched {
        uint64_t dead; /* bytes in whole blocks that no range needs and that were allocated as far as can be told */
        int refused;   /* 0, or the errno with which this file system refuses holes: nothing was given back */
};

/*
 * Gives the blocks of a file back that lie wholly outside of `live` (which is merged). Offsets and size
 * stay, the bytes become zeros. `fd` is open for writing; `what` names it in messages. Live bytes are never touched,
 * also not when it fails half way.
 */
int builder_ranges_punch(struct builder_ranges *live, int fd, const char *what, struct builder_punched *ret,
                         struct error *err);

#endif
