/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_TREE_H
#define BRYO_OVERLAY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/log.h"
#include "overlay/index.h"
#include "overlay/source.h"

/*
 * A tree is the union of a stack of indexes, bottom first, with one upper that
 * lives in memory: what a stage is while it is being built. Reading it sees one
 * POSIX file system; changing it changes the upper only; sealing writes what
 * changed as a new index. A tree is made for one step: after overlay_tree_seal
 * it is closed, and the stack is opened again with the new index on top, so
 * that a tree seen live, from the cache, or pulled is one and the same.
 *
 * Threads: every function may be called from any thread; one mutex in the tree
 * serialises them (it is not held while bytes are read or written). While a
 * FUSE session is attached only the session changes the tree.
 *
 * Errors: err->code is the errno a system call would give (ENOENT, ENOTDIR,
 * ELOOP, EEXIST, ...); EBADMSG means a damaged index, EIO a damaged or missing
 * source; both name the file. A failed call changes nothing unless it says so.
 *
 * Names are bytes: 1 to 255, no '/' and no NUL, never "." or "..".
 */
struct overlay_tree;
struct overlay_node;

/* A node, held: it exists as long as the reference does, also when all its names are gone. */
struct overlay_ref {
        struct overlay_tree *tree;
        struct overlay_node *node;
};

#define OVERLAY_REF_INIT                                                                                               \
        {                                                                                                              \
                NULL, NULL                                                                                             \
        }
#define CLEANUP_OVERLAY_REF __attribute__((cleanup(overlay_ref_release)))

/* Lets go and empties `ref`; harmless on an empty one. All references go before overlay_tree_close. */
void overlay_ref_release(struct overlay_ref *ref);
/* A second reference to the same node. `ret` must be empty. */
void overlay_ref_copy(const struct overlay_ref *ref, struct overlay_ref *ret);
/* Same node of the same tree: hard links of one inode are the same. */
bool overlay_ref_is_same(const struct overlay_ref *a, const struct overlay_ref *b);

/*
 * What the tree is asked, for a step cache that keys a command by what it
 * read. Called with the tree's lock held: remember, do not call back.
 */
enum overlay_observed {
        OVERLAY_OBSERVED_LOOKUP,  /* `name` was looked up in directory `ino`; `found` is its inode number or 0 */
        OVERLAY_OBSERVED_READDIR, /* directory `ino` was listed */
        OVERLAY_OBSERVED_ATTR,    /* attributes, xattrs or link target of `ino` */
        OVERLAY_OBSERVED_READ     /* bytes of `ino` */
};

struct overlay_observer {
        void (*observe)(void *context, enum overlay_observed what, uint64_t ino, const char *name, uint64_t found);
        void *context;
};

struct overlay_tree_options {
        struct overlay_pool *pool;            /* where bodies are read; must outlive the tree */
        struct overlay_index *const *indexes; /* bottom first; the tree takes references of its own */
        size_t index_count;
        /*
         * Makes the data file of this tree, once, at the first byte that is
         * written: an empty file opened O_RDWR | O_CLOEXEC that the tree then
         * owns, and the source name under which the pool's `open` will find
         * it. NULL: writing bytes fails with EROFS.
         */
        int (*create_data)(void *context, int *ret_fd, char ret_name[OVERLAY_SOURCE_NAME_MAX + 1], struct error *err);
        void *context;
        int statfs_fd; /* a descriptor on the store's disk, for statfs; -1: says 0. Not owned */
        /*
         * Sealing writes no later time than this (seconds since 1970), so that two executions give equal layers
         * (reproducible-builds.org/specs/source-date-epoch). What was not changed is not written, and keeps its time.
         */
        bool has_latest;
        int64_t latest;
        const struct log *log;                   /* may be NULL */
        const struct overlay_observer *observer; /* may be NULL */
        /*
         * Layer mode: no indexes; a layer tar is imported entry by entry.
         * Missing parents are made as implicit directories, an entry replaces
         * an earlier one of its name as `tar -x` would, and whiteouts, opaque
         * marks and unresolved links are allowed.
         */
        bool layer;
};

/* Fails when a lower hard link's target is missing (names the layer), or an index is damaged. */
int overlay_tree_open(const struct overlay_tree_options *options, struct overlay_tree **ret, struct error *err);
/* Forgets all that was not sealed; the data file's descriptor is closed, the file is the caller's. Accepts NULL. */
void overlay_tree_close(struct overlay_tree *tree);
#define CLEANUP_OVERLAY_TREE __attribute__((cleanup(overlay_tree_cleanup)))
void overlay_tree_cleanup(struct overlay_tree **tree);

/*
 * The first thing that went wrong behind a program's back: a write that did
 * not reach the disk, a source that could not be read. 0 when nothing did;
 * else -1 with the error set (a copy each time). The step must fail with it.
 */
int overlay_tree_failure(struct overlay_tree *tree, struct error *err);

/* --- finding --------------------------------------------------------------- */

enum overlay_resolve {
        OVERLAY_RESOLVE_NOFOLLOW = 1 /* a symlink as the last component is the result */
};

void overlay_tree_root(struct overlay_tree *tree, struct overlay_ref *ret);
/*
 * Walks `path` from directory `at` (NULL: the root). Symlinks are followed
 * inside the root only: an absolute target starts at the root again, ".." at
 * the root stays there. More than 40 links are ELOOP. An empty path is `at`;
 * a trailing '/' asks for a directory and follows.
 */
int overlay_tree_resolve(struct overlay_tree *tree, const struct overlay_ref *at, const char *path, unsigned flags,
                         struct overlay_ref *ret, struct error *err);
/*
 * Like resolve, up to the directory that the last component is in:
 * `ret_name` is that component (heap string), or "" if the path leads to the
 * root or ends in ".." (then `ret_dir` is the place itself). The last component need not exist; a
 * symlink there is not followed. Trailing slashes are ignored.
 */
int overlay_tree_resolve_parent(struct overlay_tree *tree, const struct overlay_ref *at, const char *path,
                                struct overlay_ref *ret_dir, char **ret_name, struct error *err);
/*
 * Resolves `path`, making each missing directory with `mode` (07777 bits),
 * owner and mtime (WORKDIR, the parents of a COPY target). What a dangling
 * symlink points to is made too, inside the root; a file in the way is ENOTDIR. On failure some of
 * the directories may have been made.
 */
struct overlay_owner {
        uid_t uid;
        gid_t gid;
};
int overlay_tree_ensure_directory(struct overlay_tree *tree, const struct overlay_ref *at, const char *path,
                                  mode_t mode, struct overlay_owner owner, const struct timespec *mtime,
                                  struct overlay_ref *ret, struct error *err);
/* One name in one directory; "." and ".." are refused (EINVAL). ENOENT when missing. */
int overlay_node_lookup(const struct overlay_ref *dir, const char *name, struct overlay_ref *ret, struct error *err);
/* The directory that holds `dir`; the root's is the root. ENOTDIR for other nodes, ENOENT for a removed one. */
int overlay_node_parent(const struct overlay_ref *dir, struct overlay_ref *ret, struct error *err);
/* A path of the node ("/a/b"; "/" for the root), heap string, for messages; "(deleted)" when it has none. */
char *overlay_node_path(const struct overlay_ref *ref);

/* --- reading --------------------------------------------------------------- */

struct overlay_attr {
        uint64_t ino; /* unique, stable over copy-up, rename, seal and reopening; the root's is 1 */
        mode_t mode;  /* kind and permissions */
        uid_t uid;
        gid_t gid;
        uint32_t nlink;
        uint64_t rdev;         /* as of makedev(3) */
        uint64_t size;         /* bytes; of a symlink the target's length; 0 for directories */
        uint64_t allocated;    /* bytes that are not holes */
        struct timespec atime; /* as it was set; reading does not move it, and layers have none: then mtime */
        struct timespec mtime;
        struct timespec ctime;
};

int overlay_node_stat(const struct overlay_ref *ref, struct overlay_attr *ret, struct error *err);

/*
 * Calls `visit` for each name of the directory (not "." and ".."), in no
 * defined order but each exactly once. Names are collected first, so `visit`
 * may use and change the tree. Stops when `visit` returns -1. `ino` and `kind` (S_IFMT
 * bits of the mode) are those at the time of collecting.
 */
struct overlay_name {
        const char *name;
        size_t size;
        uint64_t ino;
        mode_t kind;
};
int overlay_node_list(const struct overlay_ref *dir,
                      int (*visit)(void *context, const struct overlay_name *name, struct error *err), void *context,
                      struct error *err);
/* Like list, sorted by bytes. */
int overlay_node_list_sorted(const struct overlay_ref *dir,
                             int (*visit)(void *context, const struct overlay_name *name, struct error *err),
                             void *context, struct error *err);
/* Heap string. EINVAL when it is no symlink. */
int overlay_node_readlink(const struct overlay_ref *ref, char **ret, struct error *err);
/* Reads up to `size` bytes at `offset`; less only at the end of the file. */
int overlay_node_read(const struct overlay_ref *ref, void *bytes, size_t size, uint64_t offset, size_t *ret_size,
                      struct error *err);
/* Appends the whole file to `ret`; EFBIG when it is larger than `limit` (say for /etc/passwd), EINVAL when it is no
 * regular file. */
struct buffer;
int overlay_node_read_all(const struct overlay_ref *ref, size_t limit, struct buffer *ret, struct error *err);

/* Where the bytes are. The source is valid while the node is held and not changed. */
struct overlay_piece {
        uint64_t offset;
        uint64_t length;
        struct overlay_source *source;
        uint64_t source_offset;
};
/* All pieces of a regular file, sorted, as a heap array (free it; the sources are not referenced). */
int overlay_node_pieces(const struct overlay_ref *ref, struct overlay_piece **ret, size_t *ret_count,
                        struct error *err);

/* ENODATA when missing. The value is appended to `ret`. */
int overlay_node_get_xattr(const struct overlay_ref *ref, const char *name, struct buffer *ret, struct error *err);
/* Appends every name with its NUL, as listxattr(2) does, sorted. */
int overlay_node_list_xattrs(const struct overlay_ref *ref, struct buffer *ret, struct error *err);

/* --- changing -------------------------------------------------------------- */

/*
 * Makes a node. `mode` has the kind: S_IFREG (empty), S_IFDIR, S_IFLNK (with
 * `target`), S_IFIFO, S_IFCHR, S_IFBLK (with `rdev`), S_IFSOCK. No umask and
 * no setgid inheritance: attributes are exactly those given; `mtime` NULL is
 * now. The parent's times change unless layer mode is on. EEXIST when the
 * name is taken (in layer mode it is replaced: anything but a directory by a
 * directory keeps nothing of the old one; a directory by a directory keeps
 * its children and takes the attributes).
 */
struct overlay_make {
        mode_t mode;
        uid_t uid;
        gid_t gid;
        uint64_t rdev;
        const char *target;
        const struct timespec *mtime;
};
int overlay_node_make(const struct overlay_ref *dir, const char *name, const struct overlay_make *make,
                      struct overlay_ref *ret, struct error *err);
/* A further name. EPERM for directories, EMLINK past 2^31 names; layer mode replaces. `ret` is not needed: the node is
 * `ref`. */
int overlay_node_link(const struct overlay_ref *ref, const struct overlay_ref *dir, const char *name,
                      struct error *err);
/* One name that is not a directory, or an empty directory. */
int overlay_node_remove(const struct overlay_ref *dir, const char *name, struct error *err);
/* The name and everything below it; no error when it is missing. */
int overlay_node_remove_all(const struct overlay_ref *dir, const char *name, struct error *err);
/* rename(2): replaces files and empty directories. */
int overlay_node_rename(const struct overlay_ref *dir, const char *name, const struct overlay_ref *new_dir,
                        const char *new_name, struct error *err);

enum overlay_set {
        OVERLAY_SET_MODE = 1, /* the 07777 bits */
        OVERLAY_SET_UID = 2,
        OVERLAY_SET_GID = 4,
        OVERLAY_SET_MTIME = 8,
        OVERLAY_SET_SIZE = 16,
        OVERLAY_SET_CTIME = 32,
        OVERLAY_SET_ATIME = 64
};
struct overlay_change {
        unsigned set; /* OVERLAY_SET_* */
        mode_t mode;
        uid_t uid;
        gid_t gid;
        uint64_t size;
        struct timespec atime;
        struct timespec mtime;
        struct timespec ctime; /* only the server sends it (writeback caching) */
};
/* Exactly what is asked, and ctime: suid bits and capabilities stay. */
int overlay_node_set(const struct overlay_ref *ref, const struct overlay_change *change, struct error *err);
/* Any namespace of names is taken (layers bring trusted.*); ERANGE for names over 255 bytes, E2BIG for values over 64
 * KiB. */
int overlay_node_set_xattr(const struct overlay_ref *ref, const char *name, const void *value, size_t size,
                           struct error *err);
/* ENODATA when missing. */
int overlay_node_remove_xattr(const struct overlay_ref *ref, const char *name, struct error *err);

/* Appends bytes at the end of a regular file. Goes to the tree's data file. A failure is latched
 * (overlay_tree_failure). mtime changes. */
int overlay_node_append(const struct overlay_ref *ref, const void *bytes, size_t size, struct error *err);
/*
 * Appends up to `size` bytes read from `fd` (UINT64_MAX: to its end), shared
 * instead of copied where the kernel can (copy_file_range). Short when the
 * descriptor ends earlier. `observe` (may be NULL) is shown every byte in
 * order, for a caller that hashes; then bytes pass through memory.
 */
int overlay_node_append_fd(const struct overlay_ref *ref, int fd, uint64_t size,
                           void (*observe)(void *context, const void *bytes, size_t count), void *context,
                           uint64_t *ret_size, struct error *err);
/* Writes at an offset like pwrite(2); holes stay holes. */
int overlay_node_write(const struct overlay_ref *ref, const void *bytes, size_t size, uint64_t offset,
                       struct error *err);
/*
 * Lets the body's range [offset, offset + length) be that range of an existing
 * source: no byte moves. The file grows if needed; mtime is not touched. The
 * tree takes a reference of its own to the source. EINVAL past the source's
 * size or when the sum overflows. (Use OVERLAY_SET_SIZE for a trailing hole.)
 */
int overlay_node_extend(const struct overlay_ref *ref, uint64_t offset, uint64_t length, struct overlay_source *source,
                        uint64_t source_offset, struct error *err);

/*
 * Copies the node `from`, of this or another tree, to a new name: attributes,
 * xattrs, target, and the body by sharing its extents (no bytes move). For a
 * directory only the directory itself: the caller walks and merges. `owner`
 * and `mode` (07777 bits, or (mode_t)-1) replace those of the source when given; `mtime`
 * too. EEXIST when the name is taken. suid bits and capabilities are kept.
 */
struct overlay_graft {
        const struct overlay_owner *owner; /* NULL: as the source */
        mode_t mode;                       /* (mode_t)-1: as the source */
        const struct timespec *mtime;      /* NULL: as the source */
};
int overlay_node_graft(const struct overlay_ref *dir, const char *name, const struct overlay_ref *from,
                       const struct overlay_graft *graft, struct overlay_ref *ret, struct error *err);

/*
 * Hard links inside one copy: remembers which node became which. `find` gives
 * true and a reference when a node with several names was grafted before (the
 * caller then links it), else false; `add` remembers it.
 */
struct overlay_graft_map;
struct overlay_graft_map *overlay_graft_map_new(void);
void overlay_graft_map_free(struct overlay_graft_map *map);
bool overlay_graft_map_find(const struct overlay_graft_map *map, const struct overlay_ref *from,
                            struct overlay_ref *ret);
/* Holds both nodes until the map is freed. */
void overlay_graft_map_add(struct overlay_graft_map *map, const struct overlay_ref *from, const struct overlay_ref *to);

/* --- layer mode: importing a layer tar (EINVAL outside of it) ---------------- */

/*
 * The directory an entry goes to, and its name: walks `path` literally, each missing
 * directory becoming an implicit one. A symlink or a file of this layer on
 * the way is replaced by an implicit directory, as overlay semantics want (it
 * is never followed). EINVAL for a path with "..", for "" and for names that
 * are too long. `ret_name` is "" for the root itself ("." or "./").
 */
int overlay_layer_parent(struct overlay_tree *tree, const char *path, struct overlay_ref *ret_dir, char **ret_name,
                         struct error *err);
/* The root's attributes were given by the layer (its tar has a "./" entry): it is no longer implicit. */
int overlay_layer_set_root(struct overlay_tree *tree, const struct overlay_make *make, struct error *err);
/* `name` is deleted from the layers below. An entry of this layer with that name stays, and replaces instead of
 * merging. */
int overlay_layer_whiteout(const struct overlay_ref *dir, const char *name, struct error *err);
/* The directory hides what the layers below have in it. Entries of this layer stay, earlier or later ones. */
int overlay_layer_set_opaque(const struct overlay_ref *dir, struct error *err);
/*
 * A hard link. `target` is a path as in the tar: if this layer has that entry
 * the two are one inode, else the link is kept unresolved and bound when a
 * stack with this layer is opened. EPERM when the target is a directory of this layer.
 */
int overlay_layer_link(const struct overlay_ref *dir, const char *name, const char *target, struct error *err);

/* --- mount points that a RUN needs but nobody made --------------------------- */

/*
 * Makes `path` exist as a directory or an empty file, parents included, for a
 * mount to go over; symlinks on the way (the last one too) are resolved in the
 * root. What had to be made is invisible to seal, and no time of any parent
 * changes. Fails with ENOTDIR or EISDIR when the path exists as the other
 * kind. `ret_path` (may be NULL) gets the resolved path, without symlinks.
 */
int overlay_tree_stub(struct overlay_tree *tree, const char *path, bool directory, char **ret_path, struct error *err);
/* Removes all stubs that nothing real happened to. A stub that was written to, chmod-ed or got a child stays, as a real
 * node. */
void overlay_tree_unstub(struct overlay_tree *tree);

/* --- sealing --------------------------------------------------------------- */

struct overlay_seal_result {
        bool empty;        /* nothing changed: no file was written */
        bool root_changed; /* the root's own attributes changed */
        uint32_t entries;  /* names in the new index, whiteouts included, root excluded */
        uint32_t whiteouts;
        uint32_t dropped_sockets;
        uint64_t bytes;                              /* sum of the sizes of the regular files in it */
        uint64_t index_size;                         /* bytes of the index file */
        struct sha256_digest index_digest;           /* as of overlay_index_digest */
        bool has_data;                               /* bodies point into this tree's data file */
        char data_name[OVERLAY_SOURCE_NAME_MAX + 1]; /* "" when none was made; made but !has_data: may be unlinked */
        uint64_t data_size;                          /* its size, after the dead end was cut off */
        uint64_t data_used;                          /* bytes of it that are live */
        int data_fd;                                 /* borrowed, for fsync; -1 when none; the tree closes it */
};

/*
 * Writes an index of exactly what changed since the tree was opened: changed
 * and new nodes, their ancestors with full attributes, whiteouts, opaque
 * marks. Times are cut to whole seconds, sockets are left out with a log
 * line, a hard-linked inode that changed brings all its names. A node whose
 * attributes and body ended equal to the lower's is not written. The file
 * `name` below `dirfd` must not exist (EEXIST); on failure it is removed.
 * Nothing is fsynced. `always` writes an index even when nothing changed (layer imports).
 *
 * Refuses after a latched failure and while a session is attached. Consumes
 * the tree: all that may be done afterwards, also after a failure, is to release references and close it.
 */
int overlay_tree_seal(struct overlay_tree *tree, int dirfd, const char *name, bool always,
                      struct overlay_seal_result *ret, struct error *err);

#endif
