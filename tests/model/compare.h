/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_COMPARE_H
#define BRYO_TESTS_MODEL_COMPARE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "common/buffer.h"
#include "tests/model/side.h"

/* Inode numbers of both sides that belong together: one inode here is one inode there, for as long as both live. */
struct identity {
        ino_t plain;
        ino_t other;
        unsigned seen; /* the comparison that met it last by a name; 0: only a descriptor has held it */
};

struct comparison {
        const struct side *plain;
        const struct side *other;    /* the union */
        time_t start;                /* times from here on are "now" */
        bool whole_seconds;          /* nothing was changed since the seal: the union has no nanoseconds */
        struct identity *identities; /* owned */
        size_t identity_count;
        size_t identity_cap;
        unsigned number; /* of the comparison under way */
        dev_t devices[2];
        struct buffer *why; /* what differs, one line; empty when nothing does */
};

/*
 * Both trees, entry by entry: names in readdir and by lookup, kind, mode, owner, links, size, mtime, extended
 * attributes, link target, bytes, holes, inode numbers, devices; then what is held open. True when all is equal; else
 * `why` says what is not.
 */
bool compare_trees(struct comparison *c);
/* What the last comparison did not meet is dead, and its number may be another's in the next mount. */
void compare_forget_dead(struct comparison *c);
/* Numbers may change now: a layer that was loaded is another one. */
void compare_forget_identities(struct comparison *c);

#endif
