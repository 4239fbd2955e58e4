/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_UNPACK_H
#define BRYO_BUILDER_UNPACK_H

#include "builder/chain.h"

/*
 * ADD of a local archive: unpacks the tar on `fd` (plain or compressed) into the
 * directory `dest` as `tar -x` does, links on the way resolved inside the tree.
 * The uncompressed tar becomes a data file of the store and the source of the
 * bodies; `ret_data` is its name there (heap), committed. `owner` replaces the owners (--chown), NULL keeps them.
 */
int builder_unpack(struct builder_workshop *w, int fd, struct overlay_tree *tree, const struct overlay_ref *dest,
                   const struct overlay_owner *owner, char **ret_data, struct error *err);

/* The entries of an uncompressed tar on `fd`, which is also the source `bytes`; nothing is written anywhere. */
int builder_unpack_entries(int fd, struct overlay_source *bytes, struct overlay_tree *tree, const struct overlay_ref *dest,
                           const struct log *log, struct error *err);

/* Whether ADD unpacks a file: it begins as a tar, plain or compressed. Leaves `fd` at its start. */
int builder_unpack_detect(int fd, bool *ret, struct error *err);

#endif
