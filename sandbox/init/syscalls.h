/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_INIT_SYSCALLS_H
#define BRYO_SANDBOX_INIT_SYSCALLS_H

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * System calls that the oldest C libraries bryo builds with have no function, or
 * no header, for. Numbers from 424 on are the same on every architecture but
 * Alpha (Linux, scripts/syscall.tbl).
 */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif

#define INIT_TREE_CLONE   1u         /* OPEN_TREE_CLONE */
#define INIT_TREE_CLOEXEC 02000000u  /* OPEN_TREE_CLOEXEC, which is O_CLOEXEC */
#define INIT_EMPTY_PATH   0x1000u    /* AT_EMPTY_PATH */
#define INIT_MOVE_FROM_FD 0x00000004 /* MOVE_MOUNT_F_EMPTY_PATH */
#define INIT_MOVE_TO_FD   0x00000040 /* MOVE_MOUNT_T_EMPTY_PATH */

/* struct open_how of <linux/openat2.h> */
struct init_open_how {
        uint64_t flags, mode, resolve;
};

#define INIT_OPEN_NO_XDEV       0x01 /* RESOLVE_NO_XDEV */
#define INIT_OPEN_NO_MAGICLINKS 0x02 /* RESOLVE_NO_MAGICLINKS */
#define INIT_OPEN_IN_ROOT       0x10 /* RESOLVE_IN_ROOT */

/* struct mount_attr of <linux/mount.h> */
struct init_mount_attr {
        uint64_t set, clear, propagation, userns_fd;
};

#define INIT_MOUNT_RDONLY    0x1     /* MOUNT_ATTR_RDONLY */
#define INIT_MOUNT_NODEV     0x4     /* MOUNT_ATTR_NODEV */
#define INIT_MOUNT_RECURSIVE 0x8000u /* AT_RECURSIVE */

static inline int init_sys_openat2(int dirfd, const char *path, const struct init_open_how *how)
{
        return (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
}

static inline int init_sys_close_range(unsigned int first, unsigned int last)
{
        return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int init_sys_mount_setattr(int dirfd, const char *path, unsigned int flags,
                                         const struct init_mount_attr *attr)
{
        return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

/* A detached copy of the mount at a path, or of the one an open directory is in. */
static inline int init_sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
        return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int init_sys_move_mount(int from, int to_dirfd, const char *to, unsigned int flags)
{
        return (int)syscall(SYS_move_mount, from, "", to_dirfd, to, flags);
}

#define INIT_FS_CLOEXEC 1u /* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC */
#define INIT_FS_FLAG    0u /* FSCONFIG_SET_FLAG */
#define INIT_FS_STRING  1u /* FSCONFIG_SET_STRING */
#define INIT_FS_CREATE  6u /* FSCONFIG_CMD_CREATE */

/* A file system of that type, not yet made. */
static inline int init_sys_fsopen(const char *type)
{
        return (int)syscall(SYS_fsopen, type, INIT_FS_CLOEXEC);
}

/* An option; `value` is NULL for one that has none. */
static inline int init_sys_fsconfig_set(int context, const char *key, const char *value)
{
        return (int)syscall(SYS_fsconfig, context, value != NULL ? INIT_FS_STRING : INIT_FS_FLAG, key, value, 0);
}

static inline int init_sys_fsconfig_create(int context)
{
        return (int)syscall(SYS_fsconfig, context, INIT_FS_CREATE, NULL, NULL, 0);
}

/* A detached mount of it; `attributes` are INIT_MOUNT_... */
static inline int init_sys_fsmount(int context, unsigned int attributes)
{
        return (int)syscall(SYS_fsmount, context, INIT_FS_CLOEXEC, attributes);
}

static inline int init_sys_pivot_root(const char *new_root, const char *put_old)
{
        return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/*
 * fork into new namespaces. The kernel writes the child's pid to `*ret_pid` before
 * the child first runs (CLONE_PARENT_SETTID), so that memory shared with another
 * process never misses a child. clone3 is not needed for that and is what old
 * seccomp profiles of container engines refuse.
 */
static inline pid_t init_sys_fork(unsigned long flags, pid_t *ret_pid)
{
        flags |= CLONE_PARENT_SETTID | SIGCHLD;
#if defined(__s390__)
        return (pid_t)syscall(SYS_clone, 0, flags, ret_pid, 0, 0); /* clone(2): the first two arguments are swapped */
#else
        return (pid_t)syscall(SYS_clone, flags, 0, ret_pid, 0, 0);
#endif
}

#endif
