/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_IDMAP_H
#define BRYO_SANDBOX_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"

/* Which ids of the outside a user namespace has, user_namespaces(7); one for uids, one for gids. */
struct sandbox_idmap_range {
        uint32_t inside, outside, count;
};

struct sandbox_idmap {
        struct sandbox_idmap_range *ranges; /* owned; ordered by `inside` */
        size_t count, cap;
};

#define SANDBOX_IDMAP_INIT { NULL, 0, 0 }
/* Extents the kernel takes (UID_GID_MAP_MAX_EXTENTS). */
#define SANDBOX_IDMAP_MAX 340

void sandbox_idmap_free(struct sandbox_idmap *map);
#define CLEANUP_IDMAP __attribute__((cleanup(sandbox_idmap_free)))

/*
 * Fills an empty `ret` from the text of a subuid(5) file: id 0 inside is `own`,
 * then come all ranges of the user, whose line may start with `name` (NULL: has
 * none) or the number `uid`, in the order of the file. What the kernel would
 * refuse is left out with a warning: lines that are no numbers, and the parts of
 * ranges that repeat an id, leave 32 bits, or come after the last extent. Returns the number
 * of subordinate ids, which may be 0.
 */
uint32_t sandbox_idmap_parse_subordinate(const char *text, const char *name, uint32_t uid, uint32_t own,
                                         const struct log *log, struct sandbox_idmap *ret);

/* The first id of 65536 that no line of a subuid(5) file touches, for a suggestion; 0 if there are none. */
uint32_t sandbox_idmap_suggest(const char *text);

/* Fills an empty `ret` from the text of /proc/self/uid_map: every id of the own namespace, each mapped to itself. */
int sandbox_idmap_parse_own(const char *text, struct sandbox_idmap *ret, struct error *err);

#endif
