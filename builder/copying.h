/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_COPYING_H
#define BRYO_BUILDER_COPYING_H

#include "builder/copy.h"
#include "builder/remote.h"
#include "builder/step.h"

/*
 * One COPY or ADD while it is done. Internal to its files: copy_words.c expands
 * and checks what is written, copy_key.c makes the keys of the step, and
 * copy_instruction.c carries it out.
 */
struct copying {
        const struct builder_site *site;
        const struct dockerfile_copy *in;
        struct strv sources; /* expanded; "" for a heredoc */
        struct builder_remote **remotes; /* for each source what is not in the context, else NULL; owned */
        struct strv bodies;  /* expanded heredocs; "" for a path */
        char *dest;          /* expanded, as written */
        char *target;        /* the same, absolute; still ends in '/' or '.' if dest does */
        char *chown;         /* expanded, or NULL */
        char *chmod;         /* expanded, or NULL */
        struct dockerfile_mode mode; /* if chmod */
        bool link;                   /* a layer of its own that knows nothing of the stage */
        bool warned;                 /* a wildcard without a match was told */
        struct dockerfile_ignore *exclude;
        struct builder_state base;     /* --from an image: its state */
        struct builder_state *from;    /* the stage's or `base`; NULL: the context */
        struct builder_upper upper;    /* of `tree` */
        struct overlay_tree *tree;     /* the opened `from`; NULL until its content is needed */
        struct builder_source *source; /* the context or a named one, or over `tree` */
        bool owns_source;
};

/* Expands and checks every word and flag. Errors point at the word. */
int builder_copying_expand(struct copying *c, struct error *err);
/* The line of the history, as BuildKit writes it; heap text. */
char *builder_copying_history(const struct copying *c);

/* Opens the tree of --from unless it is open; the context always is. */
int builder_copying_open(struct copying *c, struct error *err);
/* What source `i` (no heredoc) selects; added to `ret`. The source is opened. */
int builder_copying_select(struct copying *c, size_t i, struct builder_selection *ret, struct error *err);

/* The definition: which chain, which words. Another chain may still hold the same files: then the content's key hits. */
void builder_copying_definition_key(const struct copying *c, struct sha256_digest *ret);
/* What is copied: base names and content. A step's `refine`: `context` is the struct copying. */
int builder_copying_content_key(void *context, struct sha256_digest *ret, struct error *err);

#endif
