/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command finds below /proc and /dev, mounted before anything is known of
 * the command: in the process that will become it, below INIT_READY, from where
 * root.c moves it into the command's root. It hangs on the process's own pid and
 * ipc namespaces, and nothing of the image can be reached yet, so no link of it
 * can lead these mounts elsewhere.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "sandbox/sandbox.h"

#define PROC INIT_READY "/proc"
#define DEV  INIT_READY "/dev"

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

int init_hide(const char *path, const char *shown, struct sandbox_report *report)
{
        struct stat st;

        if (lstat(path, &st) < 0) {
                if (errno == ENOENT)
                        return 0;
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, shown);
        }
        if (mount(S_ISDIR(st.st_mode) ? INIT_EMPTY : "/dev/null", path, NULL, MS_BIND, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, shown);
        return 0;
}

static int make_readonly(const char *path, const struct init_config *config, struct sandbox_report *report)
{
        bool one_by_one;

        if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
                if (errno == ENOENT)
                        return 0;
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_READY));
        }
        if (init_mount_readonly(path, true, config, &one_by_one) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, path + strlen(INIT_READY));
        return 0;
}

static int mount_proc(const struct init_context *context, struct sandbox_report *report)
{
        int rc = -1;

        errno = EPERM;
        if (!(context->config->disable & SANDBOX_NO_FRESH_PROC))
                rc = mount("proc", PROC, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
        if (rc < 0 && errno == EPERM) {
                /* the outer proc has something mounted over it, as in most containers */
                init_log(context, SANDBOX_STEP_FRESH_PROC, errno, NULL);
                rc = mount("/proc", PROC, NULL, MS_BIND | MS_REC, NULL);
        }
        if (rc < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/proc");
        if (check_is_proc(report) < 0)
                return -1;
        for (const char *const *p = readonly; *p != NULL; p++)
                if (make_readonly(*p, context->config, report) < 0)
                        return -1;
        for (const char *const *p = hidden; *p != NULL; p++)
                if (init_hide(*p, *p + strlen(INIT_READY), report) < 0)
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
                (void)snprintf(target, sizeof(target), "%s%s", INIT_READY, *path);
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
                        return init_fail(report, SANDBOX_STEP_MOUNT, errno, links[i][1] + strlen(INIT_READY));
        return 0;
}

static int mount_dev(const struct init_context *context, struct sandbox_report *report)
{
        if (mount("tmpfs", DEV, "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=0755,size=64m") < 0 ||
            mkdir(DEV "/pts", 0755) < 0 || mkdir(DEV "/shm", 01777) < 0 || mkdir(DEV "/mqueue", 01777) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/dev");
        if (bind_devices(report) < 0 || link_devices(report) < 0 || mount_devpts(context, report) < 0)
                return -1;
        return mount_mqueue(context, report);
}

int init_ready_mount(const struct init_context *context, struct sandbox_report *report)
{
        return mount_proc(context, report) < 0 ? -1 : mount_dev(context, report);
}
