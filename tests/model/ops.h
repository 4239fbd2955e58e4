/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_OPS_H
#define BRYO_TESTS_MODEL_OPS_H

#include "tests/model/op.h"

/* The functions behind the table in kinds.c, by file. What each does is one system call or one habit of programs. */

/* ops_names.c */
op_function op_mkdir, op_rmdir, op_unlink, op_symlink, op_link, op_link_follow, op_rename, op_rename_noreplace,
        op_exchange, op_mknod, op_mkfifo, op_mkdevice, op_readlink, op_populate, op_remove_tree, op_mkdir_at,
        op_unlink_at, op_replace;
/* ops_open.c */
op_function op_open, op_create, op_truncate_open, op_open_at, op_openat2, op_reopen, op_dup, op_close, op_tmpfile,
        op_link_fd, op_link_proc, op_umask, op_exec, op_write_program;
/* ops_bytes.c */
op_function op_pread, op_pwrite, op_read, op_write, op_append, op_writev, op_readv, op_write_path, op_truncate,
        op_ftruncate, op_seek, op_fsync, op_fdatasync, op_syncfs, op_sync_range, op_advise, op_direct, op_far;
/* ops_holes.c */
op_function op_fallocate, op_fallocate_keep, op_punch, op_zero_range, op_collapse, op_seek_data, op_seek_hole,
        op_copy_range, op_sendfile, op_splice, op_sparse;
/* ops_maps.c */
op_function op_map_write, op_map_read, op_map_private, op_map_keep, op_map_poke, op_map_sync, op_map_drop;
/* ops_attrs.c */
op_function op_chmod, op_fchmod, op_chown, op_lchown, op_fchown, op_utimens, op_lutimens, op_futimens, op_touch,
        op_stat, op_statx, op_fstat, op_access, op_eaccess, op_statfs;
/* ops_xattrs.c */
op_function op_setxattr, op_setxattr_create, op_setxattr_replace, op_fsetxattr, op_lsetxattr, op_getxattr,
        op_getxattr_short, op_listxattr, op_listxattr_short, op_removexattr, op_fremovexattr, op_set_capability,
        op_set_acl, op_set_default_acl;
/* ops_dirs.c */
op_function op_readdir, op_readdir_creating, op_readdir_removing, op_seekdir, op_list_open;
/* ops_locks.c */
op_function op_flock, op_flock_pair, op_lock_range, op_lock_posix;
/* ops_special.c */
op_function op_bind, op_connect, op_fifo, op_watch;

#endif
