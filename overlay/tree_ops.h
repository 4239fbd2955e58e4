/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_TREE_OPS_H
#define BRYO_OVERLAY_TREE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include "overlay/tree.h"

/*
 * The logic behind the FUSE handlers; internal to overlay/. These functions
 * return 0 (or a count, in the _sz ones) or -errno, never reply to anybody, and never print.
 * Nodes are known by their inode number, which is also the FUSE node id (the
 * root is 1 = FUSE_ROOT_ID): an unknown number is -ESTALE, never a crash.
 *
 * Lookup counts: what returns an entry to the kernel (lookup, make, link,
 * tmpfile, readdir with `plus`) adds one to the node's count; forget takes
 * away. A node lives while it has a name, a lookup count or an open.
 * Clean lower nodes are freed when the count is 0 and come back on lookup.
 *
 * Locking: each call takes the tree's mutex by itself; bytes are read and
 * written outside of it. Permission checks are the kernel's
 * (default_permissions); only rules that the kernel leaves to the file system
 * are here.
 */

/* A session begins; false when the tree is sealed. Until detach the builder does not change the tree. */
bool overlay_ops_attach(struct overlay_tree *tree);
/* The mount is gone and no request is under way: all lookup counts and opens of the kernel are dropped. */
void overlay_ops_detach(struct overlay_tree *tree);

/* -ENOENT when missing (nothing counted). "." and ".." work too (export-style lookups). */
int overlay_ops_lookup(struct overlay_tree *tree, uint64_t parent, const char *name, struct overlay_attr *ret);
void overlay_ops_forget(struct overlay_tree *tree, uint64_t ino, uint64_t count);
int overlay_ops_getattr(struct overlay_tree *tree, uint64_t ino, struct overlay_attr *ret);

/*
 * `change->set` says what changes; ctime becomes now unless OVERLAY_SET_CTIME.
 * With `kill_priv`, truncate and chown clear suid, sgid (when the group may
 * execute) and security.capability of anything but a directory
 * (FUSE_HANDLE_KILLPRIV_V2, uapi/linux/fuse.h). MTIME "now" is the server's to fill in. A
 * new mode also changes the access ACL's entries (acl(5), "correspondence").
 */
int overlay_ops_setattr(struct overlay_tree *tree, uint64_t ino, const struct overlay_change *change, bool kill_priv,
                        struct overlay_attr *ret);
/* Heap string. */
int overlay_ops_readlink(struct overlay_tree *tree, uint64_t ino, char **ret);

/*
 * mknod, mkdir, symlink and create in one: `mode` has the kind. The tree does
 * what FUSE_POSIX_ACL and FUSE_DONT_MASK leave to the server: with a default
 * ACL on the parent the new node inherits it and `umask` is ignored, else mode
 * &= ~umask. In a setgid directory the group is the parent's, and a new
 * directory is setgid too. Counts one lookup.
 */
struct overlay_create {
        mode_t mode;
        mode_t umask;
        uid_t uid;
        gid_t gid;
        uint64_t rdev;
        const char *target; /* of a symlink: at most 4095 bytes */
};
int overlay_ops_make(struct overlay_tree *tree, uint64_t parent, const char *name, const struct overlay_create *create,
                     struct overlay_attr *ret);
/* O_TMPFILE: a regular file without a name; link gives it one. `parent` only decides group and ACL. */
int overlay_ops_tmpfile(struct overlay_tree *tree, uint64_t parent, const struct overlay_create *create,
                        struct overlay_attr *ret);
int overlay_ops_link(struct overlay_tree *tree, uint64_t ino, uint64_t parent, const char *name,
                     struct overlay_attr *ret);
int overlay_ops_unlink(struct overlay_tree *tree, uint64_t parent, const char *name);
int overlay_ops_rmdir(struct overlay_tree *tree, uint64_t parent, const char *name);
/* `flags`: 0, RENAME_NOREPLACE or RENAME_EXCHANGE (linux/fs.h); others (RENAME_WHITEOUT) are -EINVAL. */
int overlay_ops_rename(struct overlay_tree *tree, uint64_t parent, const char *name, uint64_t new_parent,
                       const char *new_name, unsigned flags);

/* Accounting only, for a server that answers open and release; not needed with no_open. */
int overlay_ops_open(struct overlay_tree *tree, uint64_t ino);
void overlay_ops_release(struct overlay_tree *tree, uint64_t ino);

/* Bytes read, 0 at the end. */
ssize_t overlay_ops_read_sz(struct overlay_tree *tree, uint64_t ino, void *bytes, size_t size, uint64_t offset);
enum overlay_write_flags {
        OVERLAY_WRITE_KEEP_PRIV = 1 /* leave suid, sgid and capabilities alone (page cache writeback) */
};
/* All or an error: a short write never happens. Errors are latched (overlay_tree_failure). -EFBIG past 2^63-1. */
ssize_t overlay_ops_write_sz(struct overlay_tree *tree, uint64_t ino, const void *bytes, size_t size, uint64_t offset,
                             unsigned flags);
/* A step seals or never happened, so this only checks the number and reports a latched write error (-EIO, -ENOSPC...).
 */
int overlay_ops_fsync(struct overlay_tree *tree, uint64_t ino);
/*
 * `mode` as of fallocate(2): 0, KEEP_SIZE, PUNCH_HOLE|KEEP_SIZE, ZERO_RANGE with or without KEEP_SIZE. Others are
 * -EOPNOTSUPP. No blocks are given to the file: what lies behind its end must only fit on the disk now, else -ENOSPC.
 */
int overlay_ops_fallocate(struct overlay_tree *tree, uint64_t ino, int mode, uint64_t offset, uint64_t length);
/* SEEK_DATA and SEEK_HOLE only (lseek(2)): -ENXIO at or past the end. */
int overlay_ops_lseek(struct overlay_tree *tree, uint64_t ino, int64_t offset, int whence, int64_t *ret);
/* Shares extents. Bytes copied; short at the end of the input. -EINVAL for overlapping ranges of one file. */
ssize_t overlay_ops_copy_sz(struct overlay_tree *tree, uint64_t in, uint64_t in_offset, uint64_t out,
                            uint64_t out_offset, uint64_t size);

/* `flags`: 0, XATTR_CREATE or XATTR_REPLACE. Setting system.posix_acl_access also sets the mode (acl(5)). */
int overlay_ops_setxattr(struct overlay_tree *tree, uint64_t ino, const char *name, const void *value, size_t size,
                         int flags);
/* Size of the value; with `size` 0 only that. -ERANGE when it does not fit, -ENODATA when missing. */
ssize_t overlay_ops_getxattr_sz(struct overlay_tree *tree, uint64_t ino, const char *name, void *value, size_t size);
/* Names with their NULs; same size rule. */
ssize_t overlay_ops_listxattr_sz(struct overlay_tree *tree, uint64_t ino, char *list, size_t size);
int overlay_ops_removexattr(struct overlay_tree *tree, uint64_t ino, const char *name);

/* Of the store's disk (options' statfs_fd); f_namemax is 255. */
int overlay_ops_statfs(struct overlay_tree *tree, struct statvfs *ret);

struct overlay_dirent {
        const char *name; /* NUL-terminated; "." and ".." come first */
        size_t size;
        uint64_t next;            /* the offset of what follows: where a later call goes on */
        struct overlay_attr attr; /* all of it with `plus`, else only ino and the kind in mode */
};
/*
 * Goes on behind `offset` (0: the beginning), in an order that does not change
 * while names come and go: what stays is listed once, whatever else happens.
 * `add` is called with the lock held; it returns false when its buffer is
 * full: that entry is not counted and comes again. With `plus` each entry
 * taken counts one lookup, except "." and "..". Never fails halfway: an entry that cannot be read after
 * others were taken ends the call with 0, and shows as the error of the next.
 */
int overlay_ops_readdir(struct overlay_tree *tree, uint64_t ino, uint64_t offset, bool plus,
                        bool (*add)(void *context, const struct overlay_dirent *entry), void *context);

#endif
