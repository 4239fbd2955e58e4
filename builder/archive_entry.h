/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_ARCHIVE_ENTRY_H
#define BRYO_BUILDER_ARCHIVE_ENTRY_H

#include "common/error.h"
#include "oci/entry.h"
#include "overlay/tree.h"

/* A tar entry as a node of a tree: what importing a layer and unpacking an archive share. */

/* Mode with kind, owner, device, link target and time of an entry that is no hard link or marker; `ret_mtime` backs ret->mtime. */
void builder_entry_make(const struct oci_entry *e, struct overlay_make *ret, struct timespec *ret_mtime);
/* Gives a new regular file its bytes, where they lie in `source` (the uncompressed tar), its time, and any node its xattrs. */
int builder_entry_fill(const struct oci_entry *e, struct overlay_source *source, const struct overlay_ref *node,
                       struct error *err);

#endif
