/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all kinds of operations: name, arguments, how often it is drawn. doc/model-checking.md counts them. */
#include <string.h>

#include "common/memory.h"
#include "tests/model/op.h"
#include "tests/model/ops.h"

#define B OP_BUILDS
#define W OP_WRITES

static const struct kind kinds[] = {
        /* names */
        {"mkdir", "pm", 40, B, op_mkdir},
        {"rmdir", "p", 12, B, op_rmdir},
        {"unlink", "p", 25, B, op_unlink},
        {"symlink", "lp", 15, B, op_symlink},
        {"link", "pp", 25, B, op_link},
        {"link-follow", "pp", 4, 0, op_link_follow},
        {"rename", "pp", 50, B, op_rename},
        {"rename-noreplace", "pp", 8, 0, op_rename_noreplace},
        {"exchange", "pp", 12, 0, op_exchange},
        {"mknod", "pm", 6, 0, op_mknod},
        {"mkfifo", "pm", 5, B, op_mkfifo},
        {"mkdevice", "p", 1, 0, op_mkdevice},
        {"readlink", "pc", 5, 0, op_readlink},
        {"populate", "pv", 30, B, op_populate},
        {"remove-tree", "p", 10, B, op_remove_tree},
        {"mkdir-at", "fpm", 5, 0, op_mkdir_at},
        {"unlink-at", "fpc", 5, 0, op_unlink_at},
        {"replace", "pv", 8, W, op_replace},
        /* descriptors */
        {"open", "fpOm", 60, W, op_open},
        {"create", "fpm", 20, 0, op_create},
        {"truncate-open", "pv", 12, B | W, op_truncate_open},
        {"open-at", "ffpO", 8, W, op_open_at},
        {"openat2", "fpc", 5, 0, op_openat2},
        {"reopen", "ffO", 8, W, op_reopen},
        {"dup", "ff", 4, 0, op_dup},
        {"close", "f", 10, 0, op_close},
        {"tmpfile", "fpm", 3, 0, op_tmpfile},
        {"link-fd", "fp", 8, 0, op_link_fd},
        {"link-proc", "fp", 6, 0, op_link_proc},
        {"umask", "mc", 4, 0, op_umask},
        {"write-program", "pmc", 5, W, op_write_program},
        {"exec", "p", 3, 0, op_exec},
        /* bytes */
        {"pread", "fon", 15, 0, op_pread},
        {"pwrite", "fonv", 40, W, op_pwrite},
        {"read", "fn", 6, 0, op_read},
        {"write", "fnv", 15, W, op_write},
        {"append", "pv", 10, B | W, op_append},
        {"writev", "fov", 5, W, op_writev},
        {"readv", "fo", 4, 0, op_readv},
        {"write-path", "ponv", 30, B | W, op_write_path},
        {"truncate", "po", 12, B | W, op_truncate},
        {"ftruncate", "fo", 15, W, op_ftruncate},
        {"seek", "foc", 5, 0, op_seek},
        {"fsync", "f", 5, 0, op_fsync},
        {"fdatasync", "f", 2, 0, op_fdatasync},
        {"syncfs", "", 1, 0, op_syncfs},
        {"sync-range", "fon", 2, 0, op_sync_range},
        {"advise", "fc", 5, 0, op_advise},
        {"direct", "pov", 5, W, op_direct},
        {"far", "fc", 4, W, op_far},
        /* holes and copies */
        {"fallocate", "fon", 8, W, op_fallocate},
        {"fallocate-keep", "fon", 4, W, op_fallocate_keep},
        {"punch", "fon", 12, W, op_punch},
        {"zero-range", "fonc", 8, W, op_zero_range},
        {"collapse", "fc", 2, W, op_collapse},
        {"seek-data", "fo", 6, 0, op_seek_data},
        {"seek-hole", "fo", 6, 0, op_seek_hole},
        {"copy-range", "fofon", 20, W, op_copy_range},
        {"sendfile", "fofn", 4, W, op_sendfile},
        {"splice", "fofo", 4, W, op_splice},
        {"sparse", "pov", 8, B, op_sparse},
        /* mappings */
        {"map-write", "fonv", 10, W, op_map_write},
        {"map-read", "fonv", 5, 0, op_map_read},
        {"map-private", "fonv", 3, 0, op_map_private},
        {"map-keep", "fc", 6, 0, op_map_keep},
        {"map-poke", "conv", 10, W, op_map_poke},
        {"map-sync", "c", 3, 0, op_map_sync},
        {"map-drop", "c", 3, 0, op_map_drop},
        /* attributes */
        {"chmod", "pm", 25, B, op_chmod},
        {"fchmod", "fm", 8, 0, op_fchmod},
        {"chown", "puu", 12, B, op_chown},
        {"lchown", "puu", 8, B, op_lchown},
        {"fchown", "fuu", 5, 0, op_fchown},
        {"utimens", "ptt", 12, B, op_utimens},
        {"lutimens", "ptt", 8, B, op_lutimens},
        {"futimens", "ftt", 8, 0, op_futimens},
        {"touch", "p", 5, 0, op_touch},
        {"stat", "pc", 10, 0, op_stat},
        {"fstat", "f", 5, 0, op_fstat},
        {"statx", "pc", 5, 0, op_statx},
        {"access", "pc", 6, 0, op_access},
        {"eaccess", "pc", 4, 0, op_eaccess},
        {"statfs", "p", 2, 0, op_statfs},
        /* extended attributes */
        {"setxattr", "pxv", 20, B, op_setxattr},
        {"setxattr-create", "pxv", 5, 0, op_setxattr_create},
        {"setxattr-replace", "pxv", 5, 0, op_setxattr_replace},
        {"fsetxattr", "fxv", 5, 0, op_fsetxattr},
        {"lsetxattr", "pxv", 4, 0, op_lsetxattr},
        {"getxattr", "px", 8, 0, op_getxattr},
        {"getxattr-short", "pxc", 4, 0, op_getxattr_short},
        {"listxattr", "p", 5, 0, op_listxattr},
        {"listxattr-short", "pc", 3, 0, op_listxattr_short},
        {"removexattr", "px", 8, B, op_removexattr},
        {"fremovexattr", "fx", 4, 0, op_fremovexattr},
        {"set-capability", "pv", 8, B, op_set_capability},
        {"set-acl", "pv", 10, B, op_set_acl},
        {"set-default-acl", "pv", 8, B, op_set_default_acl},
        /* directories */
        {"readdir", "pc", 6, 0, op_readdir},
        {"readdir-creating", "pc", 3, 0, op_readdir_creating},
        {"readdir-removing", "pc", 3, 0, op_readdir_removing},
        {"seekdir", "pc", 4, 0, op_seekdir},
        {"list-open", "f", 5, 0, op_list_open},
        /* locks */
        {"flock", "fc", 3, 0, op_flock},
        {"flock-pair", "ff", 3, 0, op_flock_pair},
        {"lock-range", "fcon", 4, 0, op_lock_range},
        {"lock-posix", "fcon", 2, 0, op_lock_posix},
        /* special files */
        {"bind", "p", 5, B, op_bind},
        {"connect", "p", 2, 0, op_connect},
        {"fifo", "p", 4, 0, op_fifo},
        {"watch", "p", 3, 0, op_watch},
        /* the whole: client.c */
        {"compare", "", 0, OP_WHOLE, NULL},
        {"remount", "", 0, OP_WHOLE, NULL},
        {"seal", "", 0, OP_WHOLE, NULL},
        {"save-and-load", "", 0, OP_WHOLE, NULL},
        {"age", "", 0, OP_WHOLE, NULL},
};

const struct kind *kind_table(size_t *ret_count)
{
        *ret_count = ARRAY_SIZE(kinds);
        return kinds;
}

const struct kind *kind_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        return NULL;
}
