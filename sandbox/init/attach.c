/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUSE mounts: the root of the next command, and the trees of RUN --mount. A tree
 * is mounted once, in a stage that runs nothing, and each command that uses it gets
 * a detached clone of that mount: so that several commands, in several mount
 * namespaces, share one file system with one page cache.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"

struct tree_path {
        char text[64];
};

static const char *tree_path(uint32_t number, struct tree_path *ret)
{
        (void)snprintf(ret->text, sizeof(ret->text), "%s/tree-%u", INIT_STAGE, (unsigned)number);
        return ret->text;
}

int init_fuse_mount(const char *path, int *ret_fd, struct sandbox_report *report)
{
        char options[128];
        int fd = open(INIT_FUSE, O_RDWR | O_CLOEXEC);

        if (fd < 0)
                return init_fail(report, SANDBOX_STEP_FUSE_OPEN, errno, NULL);
        /* not nosuid: set-user-id programs of the image work, within the user namespace; nodev comes with FUSE in one
         */
        (void)snprintf(options, sizeof(options),
                       "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd);
        if (mount("bryo", path, "fuse.bryo", MS_NODEV, options) < 0) {
                (void)init_fail(report, SANDBOX_STEP_FUSE_MOUNT, errno, NULL);
                (void)close(fd);
                return -1;
        }
        *ret_fd = fd;
        return 0;
}

int init_attach(uint32_t number, int *ret_fuse_fd, struct sandbox_report *report)
{
        struct tree_path path;

        if (mkdir(tree_path(number, &path), 0755) < 0)
                return init_fail(report, SANDBOX_STEP_STAGE_ROOT, errno, NULL);
        if (init_fuse_mount(path.text, ret_fuse_fd, report) < 0) {
                (void)rmdir(path.text);
                return -1;
        }
        return 0;
}

int init_attach_clone(uint32_t number, int *ret_fd, struct sandbox_report *report)
{
        struct tree_path path;

        *ret_fd = init_sys_open_tree(AT_FDCWD, tree_path(number, &path), INIT_TREE_CLONE | INIT_TREE_CLOEXEC);
        return *ret_fd < 0 ? init_fail(report, SANDBOX_STEP_TREE, errno, "a mount") : 0;
}

int init_attach_drop(uint32_t number, struct sandbox_report *report)
{
        struct tree_path path;

        if (umount2(tree_path(number, &path), MNT_DETACH) < 0 || rmdir(path.text) < 0)
                return init_fail(report, SANDBOX_STEP_TREE, errno, "a mount");
        return 0;
}
