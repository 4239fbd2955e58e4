/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BODY_H
#define BRYO_BUILDER_BODY_H

#include <stdbool.h>

#include "common/error.h"
#include "oci/store.h"

/*
 * How the sources of indexes are called in the store: "data/NAME" is
 * OCI_STORE_DATA's NAME, "blobs/HEX" the blob of that digest.
 *
 * A blob that no image has as a layer any more, while bodies still point into
 * it, is parked: it becomes OCI_STORE_DATA's HEX, where prune may punch holes into it. So a
 * file among the blobs always is what its name says, and a layer that is
 * loaded a second time is not taken for there because of a blob full of holes.
 */
struct builder_body {
        enum oci_store_area area; /* OCI_STORE_DATA or OCI_STORE_BLOBS */
        const char *name;         /* inside of the name that was parsed */
};

/* False for a name that no source of a store has. */
bool builder_body_parse(const char *source, struct builder_body *ret);
/* Opens a source for reading, wherever it is: what overlay_pool_options.open needs. ENOENT when it is nowhere. */
int builder_body_open(struct oci_store *store, const char *source, int *ret_fd, struct error *err);
/* Makes a source last over a power cut. */
int builder_body_sync(struct oci_store *store, const char *source, struct error *err);

#endif
