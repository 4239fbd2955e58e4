/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root a command sees: the union with proc, dev (ready.c), sys and the generated files
 * mounted on it. All mount points are opened first, while nothing is mounted and
 * so nothing but the image can answer; then everything is mounted on the open
 * descriptors, whatever their names. /proc, /dev and /sys must be real
 * directories: an image that plants a link there is refused, because programs
 * would be sent to where the link points (CVE-2019-19921, CVE-2025-52565).
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

/* The open mount points. */
struct targets {
        int proc, dev, sys, hosts, resolv_conf;
};

/* The path by which mount(2) reaches an open descriptor; /proc is the outer one here. */
struct fd_path {
        char text[32];
};

static const char *fd_path(struct fd_path *path, int fd)
{
        (void)snprintf(path->text, sizeof(path->text), "/proc/self/fd/%d", fd);
        return path->text;
}

static int find_target(const struct init_context *context, int root, const char *path, mode_t kind,
                       struct sandbox_report *report)
{
        unsigned int flags = INIT_RESOLVE_NO_XDEV;
        bool walked;
        struct stat st;
        int fd;

        if (kind == S_IFDIR)
                flags |= INIT_RESOLVE_NO_LINK;
        if (context->config->disable & SANDBOX_NO_OPENAT2)
                flags |= INIT_RESOLVE_WALK;
        fd = init_resolve(root, path, flags, &walked);
        /* one line a command is enough, and /proc is always asked for */
        if (walked && strcmp(path, "/proc") == 0)
                init_log(context, SANDBOX_STEP_OPENAT2, ENOSYS, NULL);
        if (fd < 0 && errno != ELOOP)
                return init_fail(report, SANDBOX_STEP_TARGET, errno, path);
        if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != kind)
                return init_fail(report, kind == S_IFDIR ? SANDBOX_STEP_TARGET_DIR : SANDBOX_STEP_TARGET_FILE, EINVAL,
                                 path);
        return fd;
}

static int find_targets(const struct init_context *context, const struct init_command *command, struct targets *ret,
                        struct sandbox_report *report)
{
        int root = open(INIT_UNION, O_PATH | O_DIRECTORY | O_CLOEXEC);

        *ret = (struct targets){-1, -1, -1, -1, -1};
        if (root < 0)
                return init_fail(report, SANDBOX_STEP_TARGET, errno, "/");
        ret->proc = find_target(context, root, "/proc", S_IFDIR, report);
        ret->dev = ret->proc < 0 ? -1 : find_target(context, root, "/dev", S_IFDIR, report);
        ret->sys = ret->dev < 0 ? -1 : find_target(context, root, "/sys", S_IFDIR, report);
        if (ret->sys < 0)
                return -1;
        if (command->has_hosts) {
                ret->hosts = find_target(context, root, "/etc/hosts", S_IFREG, report);
                if (ret->hosts < 0)
                        return -1;
        }
        if (command->has_resolv_conf) {
                ret->resolv_conf = find_target(context, root, "/etc/resolv.conf", S_IFREG, report);
                if (ret->resolv_conf < 0)
                        return -1;
        }
        return close(root);
}

/* /proc and /dev of ready.c go where the image has a directory for them; the size of /dev/shm is the command's. */
static int move_ready(const struct targets *targets, uint64_t shm_size, struct sandbox_report *report)
{
        struct fd_path path;
        char shm[64];

        (void)snprintf(shm, sizeof(shm), "mode=1777,size=%llu", (unsigned long long)shm_size);
        if (mount("shm", INIT_READY "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, shm) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev/shm");
        if (mount(INIT_READY "/proc", fd_path(&path, targets->proc), NULL, MS_MOVE, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/proc");
        if (mount(INIT_READY "/dev", fd_path(&path, targets->dev), NULL, MS_MOVE, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev");
        return 0;
}

/* The links of a network namespace are seen in a /sys that was mounted in it; the same parts are hidden as in outer.c.
 */
static int mount_own_sys(const struct init_context *context, int target, struct sandbox_report *report)
{
        static const char *const parts[] = {INIT_UNION "/sys/firmware", INIT_UNION "/sys/devices/virtual/powercap"};
        struct fd_path path;

        if (context->config->disable & SANDBOX_NO_FRESH_SYS) {
                errno = EPERM;
                return -1;
        }
        if (mount("sysfs", fd_path(&path, target), "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                if (init_hide(parts[i], parts[i] + strlen(INIT_UNION), report) < 0)
                        return -1;
        return 0;
}

static int mount_sys(const struct init_context *context, bool own, int target, struct sandbox_report *report)
{
        struct fd_path path;

        if (own) {
                if (mount_own_sys(context, target, report) == 0)
                        return 0;
                if (errno != EPERM)
                        return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/sys");
                init_log(context, SANDBOX_STEP_FRESH_SYS, errno, NULL);
        }
        /* read-only and covered where needed since outer.c */
        if (mount("/sys", fd_path(&path, target), NULL, MS_BIND | MS_REC, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/sys");
        return 0;
}

/* A file of the stage's tmpfs, written where that is writable, bound from where it is not. */
static int mount_text(const char *name, const char *text, int target, const char *shown, struct sandbox_report *report)
{
        char writable[64], readable[64];
        size_t length = strlen(text);
        struct fd_path path;
        int fd;

        (void)snprintf(writable, sizeof(writable), "%s/%s", INIT_STAGE, name);
        (void)snprintf(readable, sizeof(readable), "%s/%s", INIT_TEXTS, name);
        if (unlink(writable) < 0 && errno != ENOENT)
                return init_fail(report, SANDBOX_STEP_TEXT, errno, shown);
        fd = open(writable, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
                return init_fail(report, SANDBOX_STEP_TEXT, errno, shown);
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n < 0)
                        return init_fail(report, SANDBOX_STEP_TEXT, errno, shown);
                text += n;
                length -= (size_t)n;
        }
        (void)close(fd);
        if (mount(readable, fd_path(&path, target), NULL, MS_BIND, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, shown);
        return 0;
}

/* The old root and every mount of the keeper go: what is not below the new root now cannot be reached any more. */
static int pivot(struct sandbox_report *report)
{
        if (chdir(INIT_UNION) < 0 || init_sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
            chdir("/") < 0)
                return init_fail(report, SANDBOX_STEP_PIVOT, errno, NULL);
        return 0;
}

int init_root_enter(const struct init_context *context, const struct init_command *command,
                    struct sandbox_report *report)
{
        struct targets targets;

        if (find_targets(context, command, &targets, report) < 0)
                return -1;
        if (move_ready(&targets, command->shm_size, report) < 0 ||
            mount_sys(context, command->no_network, targets.sys, report) < 0)
                return -1;
        if (targets.hosts >= 0 && mount_text("hosts", command->hosts, targets.hosts, "/etc/hosts", report) < 0)
                return -1;
        if (targets.resolv_conf >= 0 &&
            mount_text("resolv.conf", command->resolv_conf, targets.resolv_conf, "/etc/resolv.conf", report) < 0)
                return -1;
        (void)close(targets.proc);
        (void)close(targets.dev);
        (void)close(targets.sys);
        if (targets.hosts >= 0)
                (void)close(targets.hosts);
        if (targets.resolv_conf >= 0)
                (void)close(targets.resolv_conf);
        if (init_mounts_enter(context, command, report) < 0)
                return -1;
        return pivot(report);
}
