/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PULL_FIND_H
#define BRYO_BUILDER_PULL_FIND_H

#include "builder/pull.h"

/* From what a user typed to a pull. */
struct builder_pull_find {
        struct builder_workshop *workshop;   /* with its registry client */
        const char *text;                    /* a reference, perhaps a short name */
        const struct oci_platform *platform; /* that is asked for; NULL: this machine's */
        const struct sha256_digest *local;   /* the image that the store has under the name; NULL: none */
};

/*
 * Tries what the text may mean, in the order of registries.conf, until a registry has it. *ret is NULL when `local` is
 * what the registry would give: it was asked with HEAD, which does not count for rate limits. ENOENT names all that was
 * tried.
 */
int builder_pull_find(const struct builder_pull_find *f, struct builder_pull **ret, struct error *err);
/*
 * Moves the tag that the pull was made for to the image; a pull by digest has none. With `keep` a tag stays that names
 * an image of the same index: it was pulled for another platform than the tag's.
 */
int builder_pull_tag(const struct builder_pull *p, bool keep, struct error *err);
/* The reference that was pulled, in full, its digest included. Heap text. */
char *builder_pull_name(const struct builder_pull *p);

#endif
