/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_SOURCE_H
#define BRYO_BUILDER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/body_table.h"
#include "builder/digest_cache.h"
#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "overlay/children.h"
#include "overlay/tree.h"

struct builder_context_batch;

/*
 * Where COPY and ADD take files from: a context directory of the host, or the
 * tree of another stage or image. Both look the same to the rules of COPY
 * (copy.h) and to the step key (content.h), so that these exist once.
 */
struct builder_source;

/* When files that came from elsewhere were made: a repository's commit, what a server says. */
struct builder_time {
        bool known;
        bool in_files; /* not known otherwise: their own times tell */
        int64_t seconds;
};

/* One file of a source, opened by `find` or `child`. */
struct builder_item {
        struct overlay_attr attr; /* as COPY sees it: files of a context belong to 0:0 */
        uint64_t device;          /* with attr.ino: which inode it is, to keep hard links */
        char *path; /* where it really is in the source, without links, "" for the root; NULL with `child`; owned */
        int fd;     /* a context's directory, or what `find` found: O_PATH; else -1 */
        int parent; /* a context's other items: the fd of the directory it was listed in, which must stay
                       open as long as the item is used; else -1. Borrowed */
        bool known; /* a context's file: `digest` and `plain` are its */
        struct builder_context_batch *batch; /* a context's item that `each` shows: its bytes may come later; else NULL. Borrowed */
        struct builder_known_file file;
        bool listed; /* a context's: a step remembers it with its directory */
        const char *target; /* ... and, if it is a link, where that leads; borrowed. Else NULL */
        struct overlay_ref ref; /* a tree's file; empty for a context's, and with `child` */
        const struct overlay_child
                *child; /* a tree's item that `each` shows and that is no directory; else NULL. Borrowed */
};

#define BUILDER_ITEM_INIT                                                                                              \
        {                                                                                                              \
                .fd = -1, .parent = -1                                                                                 \
        }

/* `item` is the visitor's only during the call. */
typedef int builder_item_function(void *context, const char *name, const struct builder_item *item, struct error *err);
typedef int builder_xattr_function(void *context, const char *name, const void *value, size_t size, struct error *err);

struct builder_source_ops {
        /*
         * A source for one step, and one thread: what is placed from it is what its digests were asked of, whatever
         * happens to the files in between. Owned; `s` must outlive it. NULL: the source does not change.
         */
        struct builder_source *(*for_step)(struct builder_source *s);
        /* Finds `path`, links resolved inside the source. A path that an ignore file excludes is not there (ENOENT). */
        int (*find)(struct builder_source *s, const char *path, struct builder_item *ret, struct error *err);
        /* The names in a directory, sorted by bytes; those excluded by an ignore file are left out, sockets too. */
        int (*list)(struct builder_source *s, const struct builder_item *dir, struct strv *ret, struct error *err);
        /* One of the listed names, a link itself if it is one. `dir` must outlive the item. */
        int (*child)(struct builder_source *s, const struct builder_item *dir, const char *name,
                     struct builder_item *ret, struct error *err);
        /* `list` and `child` of every name in one, for a source that has a faster way; else NULL. */
        int (*each)(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                    void *context, struct error *err);
        /* The same for one who is going to ask for the digest of every regular file; NULL: there is nothing to prepare. */
        int (*each_digested)(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                             void *context, struct error *err);
        int (*read_link)(struct builder_source *s, const struct builder_item *item, struct buffer *ret,
                         struct error *err);
        /* Calls back for each extended attribute that COPY takes, sorted by name. */
        int (*each_xattr)(struct builder_source *s, const struct builder_item *item, builder_xattr_function *each,
                          void *context, struct error *err);
        /* The digest of a regular file's bytes. */
        int (*digest)(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret,
                      struct error *err);
        /* The digest that the step's key saw of a regular file; false when there was none. NULL: there never is. */
        bool (*keyed_digest)(struct builder_source *s, const struct builder_item *item, struct sha256_digest *ret);
        /*
         * Makes the item, which is no directory, under a new name in a tree, with `graft`'s owner, mode and time. The
         * bytes are copied from a context, at the latest when the `each` that shows the item returns, and shared with
         * a tree. ESTALE when a context's file is not what was
         * digested, EEXIST when the name is taken.
         */
        int (*place)(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *dir,
                     const char *name, const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err);
        /* Opens a regular file for reading from its start; *ret_fd can seek. */
        int (*open_file)(struct builder_source *s, const struct builder_item *item, int *ret_fd, struct error *err);
        /*
         * Called after a step placed something: makes bytes that it shares last, and adds the names of their data files
         * to `made`. NULL where nothing is shared, or only with what lasts anyway.
         */
        int (*keep)(struct builder_source *s, struct strv *made, struct error *err);
        /* Why `path` is not there, as the end of a sentence; NULL when there is nothing to add. *ret_plain: it only says where.
         * Heap text. */
        char *(*explain_missing)(struct builder_source *s, const char *path, bool *ret_plain);
        void (*free)(struct builder_source *s);
};

/* The first member of each kind of source. */
struct builder_source {
        const struct builder_source_ops *ops;
};

void builder_source_free(struct builder_source *s);
/* Visits what is in a directory, sorted by the bytes of its names, as `list` and `child` show it. Stops at -1. */
int builder_source_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                        void *context, struct error *err);
/* The same, before the digests of all regular files in it are asked for. */
int builder_source_each_digested(struct builder_source *s, const struct builder_item *dir,
                                 builder_item_function *visit, void *context, struct error *err);
void builder_item_release(struct builder_item *item);
#define CLEANUP_ITEM __attribute__((cleanup(builder_item_release)))
/* Sets the item's extended attributes on a node. */
int builder_item_copy_xattrs(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *to,
                             struct error *err);

/*
 * A directory of the host, read in place, never written. Nothing outside the directory is ever read.
 */
struct builder_context_options {
        const char *label; /* what messages call it; NULL: the directory */
        bool plain_modes;  /* directories and executables are 0755, other files 0644, whatever the umask made of them */
        bool skip_git_dir; /* anything called .git is not there */
        const time_t *mtime; /* of every file; NULL: its own */
};

/* `options` may be NULL. */
int builder_context_open(const char *directory, const struct builder_context_options *options, const struct log *log,
                         struct builder_source **ret, struct error *err);
/* The ignore file that was set, or NULL. */
const struct dockerfile_ignore *builder_context_ignore(const struct builder_source *s);
/* The text of the ignore file; without this call nothing is excluded. */
int builder_context_set_ignore(struct builder_source *s, const char *text, size_t size, const char *name,
                               struct error *err);

/*
 * Takes digests of files from the store where they were hashed before, and brings new ones there with
 * builder_context_save_digests (`worth` as in digest_cache.h). `store` must outlive the context.
 * Only for directories of the host.
 */
void builder_context_use_digests(struct builder_source *s, struct oci_store *store);
/* Lets files share the bytes that the store has of them. `bodies` must outlive the context. */
void builder_context_use_bodies(struct builder_source *s, struct builder_body_table *bodies);
int builder_context_save_digests(struct builder_source *s, bool worth, struct error *err);

/* The tree of a stage or image; borrowed, must outlive the source, as `bodies` (NULL: every file is read for a key). */
struct builder_source *builder_tree_source_new(struct overlay_tree *tree, struct builder_body_table *bodies,
                                               const struct log *log);
/* What messages call such a tree: "the stage NAME", "the image NAME". */
void builder_tree_source_name(struct builder_source *s, const char *where);

struct builder_scratch_tree;
/* A tree over bytes from outside, as a context: its files belong to 0:0. Owned. */
struct builder_source *builder_tree_source_own(struct builder_scratch_tree *tree);

/* Reads a whole regular file, at most `limit` bytes; ENOENT if there is none. */
int builder_source_read(struct builder_source *s, const char *path, size_t limit, struct buffer *ret,
                        struct error *err);
/* The `keep` of a source that has one. */
int builder_source_keep(struct builder_source *s, struct strv *made, struct error *err);

#endif
