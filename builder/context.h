/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTEXT_H
#define BRYO_BUILDER_CONTEXT_H

#include "builder/context_ahead.h"
#include "builder/context_seen.h"
#include "builder/source.h"
#include "dockerfile/ignore.h"

/*
 * A context directory, for its files only: context.c finds and lists, context_each.c works on many at a
 * time, context_file.c reads, context_seen.c remembers. Others use source.h.
 */
struct context {
        struct builder_source base; /* first: a struct builder_source * is a struct context * */
        char *directory;            /* as given, for messages; owned */
        int root;
        struct dockerfile_ignore *ignore; /* NULL: nothing is excluded */
        char *ignore_name;
        char *ignore_text;
        struct builder_digest_cache *cache; /* NULL: every file is read */
        struct builder_body_table *bodies;  /* NULL: every file is copied; borrowed */
        struct builder_context_seen *seen;  /* what the step's key saw, owned; NULL: this is the context itself, of
                                               which a step's source borrows all else ... */
        struct builder_context_ahead *ahead; /* ... but this; NULL: bytes are copied when they are placed. Owned */
        bool plain_modes;                   /* struct builder_context_options */
        bool has_mtime;
        time_t mtime;
        const struct log *log;
};

struct context *builder_context_of(struct builder_source *s);

/* The operations of source.h that read what is in a file. */
int builder_context_read_link(struct builder_source *s, const struct builder_item *item, struct buffer *ret,
                              struct error *err);
int builder_context_each_xattr(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                               void *context, struct error *err);
/* What the file has now; the cache remembers it, and a step's source keeps the bytes of a small one. From any thread. */
int builder_context_hash(struct context *c, const struct builder_item *item, struct builder_known_file *ret,
                         struct error *err);
int builder_context_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                         void *context, struct error *err);
int builder_context_each_digested(struct builder_source *s, const struct builder_item *dir,
                                  builder_item_function *visit, void *context, struct error *err);
/* The directory NAME in `dir`, opened; ESTALE when it is not what `seen` was. */
int builder_context_reopen(struct context *c, const struct builder_item *dir, const char *name,
                           const struct builder_context_entry *seen, struct builder_item *ret, struct error *err);
/* Leaves the bytes of a file that was just placed to the end of the item's batch, when several threads copy them. */
void builder_context_fill_later(const struct builder_item *item, const struct overlay_ref *file,
                                const struct timespec *mtime);
/* Gives the empty `file` the bytes of the item, its time and extended attributes. From any thread. ESTALE as `place`.
 */
int builder_context_fill(struct context *c, const struct builder_item *item, const struct overlay_ref *file,
                         const struct timespec *mtime, struct error *err);
int builder_context_digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret,
                           struct error *err);
int builder_context_open_file(struct builder_source *s, const struct builder_item *item, int *ret_fd,
                              struct error *err);
bool builder_context_keyed_digest(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret);
int builder_context_place(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                          const char *name, const struct overlay_graft *graft, struct overlay_ref *ret,
                          struct error *err);

#endif
