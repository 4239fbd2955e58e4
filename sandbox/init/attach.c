/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUSE mounts: the root of the next command, and the trees of RUN --mount. The root
 * is a mount that lies nowhere until the command's process puts it where it belongs, in a mount
 * namespace that may be older than the mount. A tree
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
#include "sandbox/sandbox.h"

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

/* What a FUSE mount is made with; the same as the text for mount(2) above. */
static int configure(int context, int fuse)
{
        static const char *const options[][2] = {
                {"source", "bryo"}, {"subtype", "bryo"},   {"rootmode", "40000"},         {"user_id", "0"},
                {"group_id", "0"},  {"allow_other", NULL}, {"default_permissions", NULL},
        };
        char number[16];

        (void)snprintf(number, sizeof(number), "%d", fuse);
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
                if (init_sys_fsconfig_set(context, options[i][0], options[i][1]) < 0)
                        return -1;
        return init_sys_fsconfig_set(context, "fd", number) < 0 ? -1 : init_sys_fsconfig_create(context);
}

/* Kernels that have them at all are older than bryo's oldest: what refuses is a seccomp profile that does not know the
 * calls. */
static bool is_refused(int code)
{
        return code == ENOSYS || code == EPERM;
}

static int fuse_detached(int *ret_mount, int *ret_fd, bool *ret_refused, struct sandbox_report *report)
{
        int context = init_sys_fsopen("fuse"), fd, mount = -1, code;

        if (context < 0) {
                *ret_refused = is_refused(errno);
                return init_fail(report, SANDBOX_STEP_FUSE_MOUNT, errno, NULL);
        }
        fd = open(INIT_FUSE, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                (void)init_fail(report, SANDBOX_STEP_FUSE_OPEN, errno, NULL);
        else if (configure(context, fd) < 0 || (mount = init_sys_fsmount(context, INIT_MOUNT_NODEV)) < 0)
                (void)init_fail(report, SANDBOX_STEP_FUSE_MOUNT, errno, NULL);
        code = report->code;
        (void)close(context);
        if (mount >= 0) {
                *ret_mount = mount;
                *ret_fd = fd;
                return 0;
        }
        if (fd >= 0)
                (void)close(fd);
        errno = code;
        return -1;
}

int init_root_mount(const struct init_config *config, int *ret_mount, int *ret_fd, bool *ret_refused,
                    struct sandbox_report *report)
{
        *ret_refused = false;
        if (config->disable & SANDBOX_NO_DETACHED) {
                *ret_refused = true;
                return init_fail(report, SANDBOX_STEP_FUSE_MOUNT, ENOSYS, NULL);
        }
        if (config->rootdir[0] == '\0')
                return fuse_detached(ret_mount, ret_fd, ret_refused, report);
        *ret_mount =
                init_sys_open_tree(AT_FDCWD, INIT_ROOTDIR, INIT_TREE_CLONE | INIT_TREE_CLOEXEC | INIT_MOUNT_RECURSIVE);
        if (*ret_mount >= 0)
                return 0;
        *ret_refused = is_refused(errno);
        return init_fail(report, SANDBOX_STEP_ROOTDIR, errno, config->rootdir);
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
