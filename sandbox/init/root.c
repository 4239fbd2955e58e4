/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root a command sees: the union with proc, dev, sys and the generated files
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
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

#define PROC INIT_UNION "/proc"
#define DEV  INIT_UNION "/dev"

/* moby, oci/defaults.go: what a container does not see of /proc ... */
static const char *const hidden[] = {PROC "/asound",
                                     PROC "/acpi",
                                     PROC "/interrupts",
                                     PROC "/kcore",
                                     PROC "/keys",
                                     PROC "/latency_stats",
                                     PROC "/timer_list",
                                     PROC "/timer_stats",
                                     PROC "/sched_debug",
                                     PROC "/scsi",
                                     NULL};
/* ... and what it cannot write to, although container root may be the owner of these files (a caller that is root) */
static const char *const readonly[] = {PROC "/bus", PROC "/fs", PROC "/irq", PROC "/sys", PROC "/sysrq-trigger", NULL};

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

/* Before anything below a proc is touched: it is one, and not what an image put there (CVE-2019-16884). */
static int check_is_proc(struct sandbox_report *report)
{
        struct statfs fs;

        if (statfs(PROC, &fs) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/proc");
        if (fs.f_type != PROC_SUPER_MAGIC)
                return init_fail(report, SANDBOX_STEP_MOUNT, EXDEV, "/proc");
        return 0;
}

static int hide(const char *path, struct sandbox_report *report)
{
        struct stat st;

        if (lstat(path, &st) < 0) {
                if (errno == ENOENT)
                        return 0;
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_UNION));
        }
        if (mount(S_ISDIR(st.st_mode) ? INIT_EMPTY : "/dev/null", path, NULL, MS_BIND, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_UNION));
        return 0;
}

static int make_readonly(const char *path, const struct init_config *config, struct sandbox_report *report)
{
        bool one_by_one;

        if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
                if (errno == ENOENT)
                        return 0;
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_UNION));
        }
        if (init_mount_readonly(path, true, config, &one_by_one) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_UNION));
        return 0;
}

static int mount_proc(const struct init_context *context, int target, struct sandbox_report *report)
{
        struct fd_path path;
        int rc = -1;

        errno = EPERM;
        if (!(context->config->disable & SANDBOX_NO_FRESH_PROC))
                rc = mount("proc", fd_path(&path, target), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
        if (rc < 0 && errno == EPERM) {
                /* the outer proc has something mounted over it, as in most containers */
                init_log(context, SANDBOX_STEP_FRESH_PROC, errno, NULL);
                rc = mount("/proc", fd_path(&path, target), NULL, MS_BIND | MS_REC, NULL);
        }
        if (rc < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/proc");
        if (check_is_proc(report) < 0)
                return -1;
        for (const char *const *p = readonly; *p != NULL; p++)
                if (make_readonly(*p, context->config, report) < 0)
                        return -1;
        for (const char *const *p = hidden; *p != NULL; p++)
                if (hide(*p, report) < 0)
                        return -1;
        return 0;
}

/* devpts with group 5, which is tty wherever the image has a group file; without where 5 is not mapped. */
static int mount_devpts(const struct init_context *context, struct sandbox_report *report)
{
        const unsigned long flags = MS_NOSUID | MS_NOEXEC;

        if (mount("devpts", DEV "/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=0620,gid=5") == 0)
                return 0;
        if (errno != EINVAL)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev/pts");
        init_log(context, SANDBOX_STEP_DEVPTS_GROUP, errno, NULL);
        if (mount("devpts", DEV "/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=0620") < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev/pts");
        return 0;
}

static int mount_mqueue(const struct init_context *context, struct sandbox_report *report)
{
        if (mount("mqueue", DEV "/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
                return 0;
        if (errno != ENODEV)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev/mqueue");
        init_log(context, SANDBOX_STEP_MQUEUE, errno, NULL); /* a kernel without POSIX message queues */
        return 0;
}

static int bind_devices(struct sandbox_report *report)
{
        char target[64];

        for (const char *const *path = init_devices; *path != NULL; path++) {
                (void)snprintf(target, sizeof(target), "%s%s", INIT_UNION, *path);
                if (mknod(target, S_IFREG | 0666, 0) < 0 || mount(*path, target, NULL, MS_BIND, NULL) < 0)
                        return init_fail(report, SANDBOX_STEP_MOUNT, errno, *path);
        }
        return 0;
}

static int link_devices(struct sandbox_report *report)
{
        static const char *const links[][2] = {{"pts/ptmx", DEV "/ptmx"},          {"/proc/self/fd", DEV "/fd"},
                                               {"/proc/self/fd/0", DEV "/stdin"},  {"/proc/self/fd/1", DEV "/stdout"},
                                               {"/proc/self/fd/2", DEV "/stderr"}, {"/proc/kcore", DEV "/core"}};

        for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
                if (symlink(links[i][0], links[i][1]) < 0)
                        return init_fail(report, SANDBOX_STEP_MOUNT, errno, links[i][1] + strlen(INIT_UNION));
        return 0;
}

static int mount_dev(const struct init_context *context, int target, uint64_t shm_size, struct sandbox_report *report)
{
        struct fd_path path;
        char shm[64];

        if (mount("tmpfs", fd_path(&path, target), "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=0755,size=64m") < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev");
        if (mkdir(DEV "/pts", 0755) < 0 || mkdir(DEV "/shm", 01777) < 0 || mkdir(DEV "/mqueue", 01777) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev");
        (void)snprintf(shm, sizeof(shm), "mode=1777,size=%llu", (unsigned long long)shm_size);
        if (mount("shm", DEV "/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, shm) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev/shm");
        if (bind_devices(report) < 0 || link_devices(report) < 0 || mount_devpts(context, report) < 0)
                return -1;
        return mount_mqueue(context, report);
}

/* The links of a network namespace are seen in a /sys that was mounted in it; the same parts are hidden as in outer.c. */
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
                if (hide(parts[i], report) < 0)
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
        if (mount_proc(context, targets.proc, report) < 0 || mount_dev(context, targets.dev, command->shm_size, report) < 0 ||
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
