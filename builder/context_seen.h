/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTEXT_SEEN_H
#define BRYO_BUILDER_CONTEXT_SEEN_H

#include "builder/source.h"

/*
 * What the key of one COPY saw of a context: of each directory the names in it, with attributes and digests. The
 * copy then takes what the key was made of without looking at the files again, and another
 * step's look at a file that changed meanwhile does not reach this one.
 */
struct builder_context_seen;

struct builder_context_entry {
        struct overlay_attr attr;
        uint64_t device;
        bool known; /* `file` is its */
        struct builder_known_file file;
        char *target; /* of a link; owned. Else NULL */
};

/* `names` are sorted; one entry each. */
struct builder_context_listing {
        struct strv names;
        struct builder_context_entry *entries;
        bool forgotten; /* internal: stands for none */
};

struct builder_context_seen *builder_context_seen_new(void);
void builder_context_seen_free(struct builder_context_seen *seen);

/*
 * Room for what is found in the directory `path`: one entry for each of `names`, which are taken; what was known of
 * that directory is forgotten. NULL when so much is known already that this is too much: then nothing is taken.
 */
struct builder_context_listing *builder_context_seen_add(struct builder_context_seen *seen, const char *path,
                                                         struct strv *names);
/* What was added, or NULL. */
const struct builder_context_listing *builder_context_seen_find(const struct builder_context_seen *seen,
                                                                const char *path);

/* The digest of the one file `path`, that is in no listing. */
void builder_context_seen_set_digest(struct builder_context_seen *seen, const char *path,
                                     const struct sha256_digest *digest);
const struct sha256_digest *builder_context_seen_digest(const struct builder_context_seen *seen, const char *path);

#endif
