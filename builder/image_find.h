/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_IMAGE_FIND_H
#define BRYO_BUILDER_IMAGE_FIND_H

#include <stdbool.h>

#include "builder/workshop.h"
#include "common/sha256.h"
#include "oci/platform.h"

/* What the store has under a name. */
struct builder_local_image {
        bool found;
        bool by_id;    /* an ID, or a digest: no registry could say anything new of it */
        bool is_other; /* not found, but there is an image of that name for another platform: `id` */
        struct sha256_digest id;
};

/*
 * Looks for `text`: a reference, an ID of at least 12 digits, or a short name that registries.conf gives another
 * registry. `platform` is what is asked for, NULL: this machine's, or whatever an image that knows no other is for.
 * Fails for texts that are no references.
 */
int builder_image_find_local(struct builder_workshop *w, const char *text, const struct oci_platform *platform,
                             struct builder_local_image *ret, struct error *err);
/* The error for a name that the store does not have, when no registry is to be asked. Returns -1. */
int builder_image_not_here(struct oci_store *store, const char *text, const struct oci_platform *platform,
                           const struct builder_local_image *local, struct error *err);
/* "; did you mean debian:12?" for an image of the store with nearly that name; NULL: there is none. Heap text. */
char *builder_image_hint(struct oci_store *store, const char *text);

#endif
