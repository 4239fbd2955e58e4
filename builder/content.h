/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTENT_H
#define BRYO_BUILDER_CONTENT_H

#include "builder/parts.h"
#include "builder/source.h"
#include "dockerfile/ignore.h"

/*
 * What COPY takes in, as a digest: kind, mode, owner, size, link target, device
 * number, extended attributes and bytes of everything below an item, in sorted
 * order; never a time, and of the item's own path nothing (so that the same
 * bytes from elsewhere are the same input). Files of a context count as 0:0.
 */

/* What of a directory counts: not what `exclude` (may be NULL) leaves out, to which the directory is called `below`. */
struct builder_content_options {
        const struct dockerfile_ignore *exclude;
        const char *below; /* "" for the top */
        struct builder_parts *parts; /* gets each file, link and directory; NULL: nobody wants to know */
};

/* Adds `item` and, for a directory, all below it. */
int builder_content_hash(struct builder_source *s, const struct builder_item *item,
                         const struct builder_content_options *options, struct sha256 *hash, struct error *err);
/* Adds the item itself: kind, mode, owner, extended attributes. */
int builder_content_hash_attributes(struct builder_source *s, const struct builder_item *item, struct sha256 *hash,
                                    struct error *err);

/* Trees deeper than this are refused: no path of PATH_MAX bytes reaches it. */
#define BUILDER_MAX_DEPTH 2048

#endif
