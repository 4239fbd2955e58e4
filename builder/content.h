/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTENT_H
#define BRYO_BUILDER_CONTENT_H

#include "builder/source.h"

/*
 * What COPY takes in, as a digest: kind, mode, owner, size, link target, device
 * number, extended attributes and bytes of everything below an item, in sorted
 * order; never a time, and of the item's own path nothing (so that the same
 * bytes from elsewhere are the same input). Files of a context count as 0:0.
 */

/* Adds `item` and, for a directory, all below it. */
int builder_content_hash(struct builder_source *s, const struct builder_item *item, struct sha256 *hash,
                         struct error *err);

/* Trees deeper than this are refused: no path of PATH_MAX bytes reaches it. */
#define BUILDER_MAX_DEPTH 2048

#endif
