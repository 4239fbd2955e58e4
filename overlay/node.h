/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_NODE_H
#define BRYO_OVERLAY_NODE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/siphash.h"
#include "overlay/extents.h"
#include "overlay/index_read.h"
#include "overlay/tree.h"

/*
 * What a tree is made of; internal to overlay/. Everything here is guarded by
 * tree->lock unless it says otherwise. Functions return 0 or -errno, and
 * leave their reason in tree->failure when a file is at fault.
 *
 *   node    one inode in memory. Made from a lower record on demand, freed again when nobody
 *           looks and nothing changed; otherwise it stays until the tree is closed.
 *   dentry  one name: it has its node, or is a deletion marker that hides a lower name.
 *   view    the lower names of a directory, merged from the layers that have a part in it.
 */

#define OVERLAY_NO_LAYER UINT32_MAX

enum overlay_node_flags {
        NODE_CHANGED = 1,    /* attributes or names may differ from the lower record: never freed while it has a name */
        NODE_BODY = 2,       /* the body's extents are in memory (else: the record's) */
        NODE_XATTRS = 4,     /* the xattrs are in memory (else: the record's) */
        NODE_NEW = 8,        /* no lower record; a symlink's target is in memory */
        NODE_BELOW = 16,     /* directory: seal must look into it */
        NODE_NAMED = 32,     /* all names of the lower inode are dentries */
        NODE_OPAQUE = 64,    /* layer mode: hides what is below */
        NODE_IMPLICIT = 128, /* layer mode: no entry of its own yet */
        NODE_STUB = 256,     /* a mount point that nobody made: invisible to seal */
        NODE_HARDLINK = 512, /* layer mode: an unresolved hard link, `target` is its path */
        NODE_EMIT = 1024,    /* seal: goes into the index */
        NODE_EMIT_PATH = 2048, /* seal: directory with something in it that does */
        NODE_SUMMED = 4096     /* `allocated` is known */
};

struct overlay_dentry {
        struct overlay_node *parent;
        struct overlay_node *node; /* NULL: deleted */
        struct overlay_dentry *hash_next;
        struct overlay_dentry *node_next;   /* further name of the node */
        struct overlay_dentry *prev, *next; /* in the directory */
        uint64_t seq;                       /* place among the directory's fresh names; 0: none */
        uint32_t hash;
        uint8_t flags;
        uint8_t size;
        char name[]; /* with a NUL */
};

enum overlay_dentry_flags {
        DENTRY_LOWER = 1,   /* the view has this name: readdir finds it there, and deleting it leaves a marker */
        DENTRY_WHITEOUT = 2 /* layer mode: the layer deletes this name from below, whatever it has itself */
};

/* One layer's part in a directory. */
struct dir_part {
        uint32_t layer;
        uint32_t inode;
        uint32_t first; /* dirents */
        uint32_t count;
};

struct view_place {
        uint32_t layer;
        uint32_t dirent;
};

struct fresh_name {
        uint64_t seq;
        struct overlay_dentry *dentry; /* NULL: gone */
};

struct overlay_dir {
        struct dir_part *parts; /* top first; &one_part when there is one */
        struct dir_part one_part;
        uint32_t part_count;
        bool merged;               /* `places` and `subdirs` are valid (a single part needs no places) */
        struct view_place *places; /* the merged view, sorted by name, no whiteouts */
        uint32_t place_count;
        int64_t subdirs; /* directories in it now; before `merged`: the change only */
        struct overlay_dentry *children;
        struct fresh_name *fresh; /* names the view does not have, by seq */
        size_t fresh_count, fresh_cap, fresh_live;
        uint64_t fresh_seq; /* last given */
};

struct overlay_xattrs {
        uint32_t size;
        unsigned char bytes[]; /* as in the index: overlay/index_format.h, `xattrs` */
};

struct overlay_node {
        uint64_t ino;
        struct overlay_node *ino_next; /* same bucket */
        uint64_t nlookup;              /* what the kernel holds */
        uint64_t size;
        int64_t atime_sec, mtime_sec,
                ctime_sec; /* an access time is only what was set: reading leaves it, sealing drops it */
        uint32_t atime_nsec, mtime_nsec, ctime_nsec;
        uint32_t mode, uid, gid;
        uint32_t nlink; /* not used for directories */
        uint32_t pins;  /* references, opens, calls under way */
        uint32_t flags;
        uint32_t layer; /* the lower record; OVERLAY_NO_LAYER: none */
        uint32_t record;
        uint32_t lower_nlink; /* names that the layers give it, directories aside */
        struct overlay_dentry *names;
        struct overlay_xattrs *xattrs;
        union {
                struct body_extents body; /* with NODE_BODY */
                uint64_t allocated;       /* of a lower file, with NODE_SUMMED */
                struct overlay_dir *dir;
                char *target;
                uint64_t rdev;
        } u;
};

struct tree_layer {
        struct overlay_index *index;
        uint64_t ino_base;
        uint64_t ino_next;
        bool has_numbers;  /* the records' own inode numbers hold on this stack */
        uint32_t *sources; /* by number in the index: number in tree->sources + 1, 0 unknown */
};

/* An unresolved hard link, bound when the stack was opened. */
struct tree_bound {
        uint32_t layer, record;
        uint32_t target_layer, target_record;
};

struct tree_range {
        uint64_t offset;
        uint64_t length;
};

/* The data file of the tree. */
struct tree_data {
        int fd; /* -1 until the first byte */
        uint32_t source;
        char name[OVERLAY_SOURCE_NAME_MAX + 1];
        uint64_t tail;
        uint32_t *live; /* bytes in use, by chunk */
        size_t live_count;
        uint64_t live_bytes; /* in all chunks */
        struct tree_range *punches; /* to be punched once they are worth it and the lock is free */
        size_t punch_count, punch_cap;
        uint64_t punch_bytes; /* in them */
        uint64_t punched;  /* bytes given back so far */
        bool no_punch;     /* the file system cannot */
        uint64_t promised; /* up to here the disk has given blocks; reserve.h */
        bool no_reserve;   /* the file system cannot */
        int full;          /* -errno while the reserve cannot be had; else 0 */
};

struct tree_stub {
        struct overlay_node *node; /* pinned */
};

struct overlay_tree {
        pthread_mutex_t lock;
        struct overlay_tree_options options; /* indexes and their count are not valid after open */
        struct tree_layer *layers;
        uint32_t layer_count;
        uint8_t stack_id[INDEX_STACK_SIZE];
        uint64_t ino_base; /* first number the layers leave free */
        uint64_t next_ino;
        struct overlay_node *root;
        struct overlay_node **inos; /* buckets by number */
        size_t ino_mask, ino_used;
        struct overlay_dentry **names; /* buckets by parent and name */
        size_t name_mask, name_used;
        struct siphash_key name_key;
        struct overlay_source **sources;
        size_t source_count, source_cap;
        struct tree_data data;
        struct tree_bound *bound;           /* sorted by layer, record */
        struct tree_bound *bound_by_target; /* sorted by target */
        size_t bound_count;
        struct map *moved; /* by layer and inode of a directory: its number; NULL until a lower one is renamed */
        struct tree_stub *stubs;
        size_t stub_count, stub_cap;
        struct error failure; /* the first one */
        int failure_errno;    /* of a write: what fsync says; 0 when it was something else */
        unsigned sessions;
        bool sealed;
        bool closing;
};

void overlay_tree_lock(struct overlay_tree *tree);
/* Also punches what became free; that is done after the lock is released. */
void overlay_tree_unlock(struct overlay_tree *tree);
/* Keeps the first failure; `err` is emptied. */
void overlay_tree_latch(struct overlay_tree *tree, struct error *err);
/* Latches "index is damaged"; returns -EBADMSG, or -EIO when it could not be read. */
int overlay_tree_damaged(struct overlay_tree *tree, uint32_t layer, const char *what, uint64_t number);
void overlay_tree_observe(struct overlay_tree *tree, enum overlay_observed what, uint64_t ino, const char *name,
                          uint64_t found);
/* The number of a source in tree->sources; takes a reference when it is new. */
uint32_t overlay_tree_source(struct overlay_tree *tree, struct overlay_source *source);
/* Number in tree->sources of an index's source. 0 or -errno. */
int overlay_tree_layer_source(struct overlay_tree *tree, uint32_t layer, uint32_t number, uint32_t *ret);
const struct overlay_index *overlay_tree_index(const struct overlay_tree *tree, uint32_t layer);
void overlay_time_now(int64_t *ret_sec, uint32_t *ret_nsec);

/* --- nodes (node.c) --- */

struct overlay_node *overlay_node_by_ino(const struct overlay_tree *tree, uint64_t ino);
/* A node with no lower record, in the number table, without a name and not pinned. Directories get an empty dir. */
struct overlay_node *overlay_node_new(struct overlay_tree *tree, mode_t mode, uint32_t uid, uint32_t gid);
/* Enters a node that is being made into the number table. */
void overlay_node_number(struct overlay_tree *tree, struct overlay_node *node);
/* The directory part of a node, with nothing below and nothing in it. */
struct overlay_dir *overlay_node_new_dir(void);

/* --- nodes of lower records (load.c) --- */

/* The root of the stack. */
int overlay_node_load_root(struct overlay_tree *tree);
struct view_entry;
/* The node of a lower name, made if need be, with a dentry for that name. */
int overlay_node_load(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                      struct overlay_node **ret);
/* The number that the node of a lower name has, loaded or not. 0 or -errno. */
int overlay_node_entry_ino(struct overlay_tree *tree, const struct overlay_node *parent, const struct view_entry *entry,
                           uint64_t *ret);
/* The number of a record's inode: its `own` where that holds on this stack, else one made from the record's. */
uint64_t overlay_record_ino(const struct overlay_tree *tree, uint32_t layer, uint32_t record, uint64_t own);

/* --- keeping, freeing, changing (node.c) --- */

/* One name of a directory: -ENOTDIR, -ENOENT, -ENAMETOOLONG. Not pinned: settle it, or pin it. */
int overlay_node_child(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                       struct overlay_node **ret);
/* Frees the node if nobody needs it, and then its parents. */
void overlay_node_settle(struct overlay_tree *tree, struct overlay_node *node);
void overlay_node_pin(struct overlay_node *node);
void overlay_node_unpin(struct overlay_tree *tree, struct overlay_node *node);
/* Frees at once, whatever holds it (closing the tree). */
void overlay_node_destroy(struct overlay_tree *tree, struct overlay_node *node);
/* Must precede every change of attributes, names or body. */
int overlay_node_change(struct overlay_tree *tree, struct overlay_node *node);
/* Marks the directories from here to the root as worth a look by seal. */
void overlay_node_mark_below(struct overlay_node *dir);
void overlay_node_touch(struct overlay_node *node, bool mtime);
bool overlay_node_is_dir(const struct overlay_node *node);
bool overlay_node_is_file(const struct overlay_node *node);
/* A directory that was removed, or a file whose last name was. */
bool overlay_node_is_dead(const struct overlay_tree *tree, const struct overlay_node *node);
int overlay_node_attr(struct overlay_tree *tree, struct overlay_node *node, struct overlay_attr *ret);
/* Reads the lower record. */
int overlay_node_record(struct overlay_tree *tree, const struct overlay_node *node, struct index_inode *ret);
/* Heap string. */
int overlay_node_target(struct overlay_tree *tree, const struct overlay_node *node, char **ret);

/* --- the names of a lower inode (links.c) --- */

/* True when other names than the one at hand can exist. */
bool overlay_links_several(const struct overlay_tree *tree, uint32_t layer, uint32_t record,
                           const struct index_inode *inode);
/* Where an unresolved link leads; NULL when it is not bound. */
const struct tree_bound *overlay_links_bound(const struct overlay_tree *tree, uint32_t layer, uint32_t record);
/* A directory gets another name or parent: what lies below it is found without the way that its layer has. */
void overlay_links_moved(struct overlay_tree *tree, const struct overlay_node *node);
/* Counts the visible names of a lower inode. */
int overlay_links_count(struct overlay_tree *tree, struct overlay_node *node, uint32_t *ret);
/* Gives each visible name a dentry. */
int overlay_links_name(struct overlay_tree *tree, struct overlay_node *node);

#endif
