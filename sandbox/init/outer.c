/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's root: a tmpfs that holds what stages need of the host, and
 * nothing else: /proc, /sys (read-only, with the parts Docker hides covered), a
 * few device nodes. Made once in the life of a sandbox; every stage starts from a
 * copy of this mount namespace, so what is prepared here costs commands nothing.
 *
 * The outer /proc must stay fully visible: the kernel allows a fresh proc mount
 * in a user namespace only where one without anything mounted over its parts is
 * already seen (fs/namespace.c, mount_too_revealing).
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

const char *const init_devices[] = {"/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom", "/dev/tty",  NULL};

/* moby, oci/defaults.go, what it hides of /sys */
static const char *const hidden[] = {"/sys/firmware", "/sys/devices/virtual/powercap", NULL};

static const char *const directories[] = {
        "/proc",      "/sys",       "/dev",     INIT_UNION,         INIT_STAGE,        INIT_TEXTS, INIT_EMPTY,
        INIT_ROOTDIR, INIT_PRIVATE, INIT_READY, INIT_READY "/proc", INIT_READY "/dev", NULL};

/* Flags that a remount has to repeat: the kernel refuses to drop those a mount from another user namespace came with.
 */
static unsigned long mount_flags(const char *path)
{
        static const struct {
                unsigned long st, ms;
        } map[] = {{ST_NOSUID, MS_NOSUID},   {ST_NODEV, MS_NODEV},           {ST_NOEXEC, MS_NOEXEC},
                   {ST_NOATIME, MS_NOATIME}, {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME}};
        struct statvfs st;
        unsigned long flags = 0;

        if (statvfs(path, &st) < 0)
                return 0;
        for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
                if (st.f_flag & map[i].st)
                        flags |= map[i].ms;
        return flags;
}

static int remount_readonly(const char *path)
{
        return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | mount_flags(path), NULL);
}

/* Undoes the \040 of proc_pid_mountinfo(5) in place. */
static void unescape(char *s)
{
        char *to = s;

        while (*s) {
                if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
                        *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 4;
                } else {
                        *to++ = *s++;
                }
        }
        *to = '\0';
}

/* Every mount at or below `path`, one by one; any that stays writable is a failure. */
static int remount_all_readonly(const char *path)
{
        FILE *mounts = fopen("/proc/self/mountinfo", "re");
        size_t length = strlen(path), cap = 0;
        char *line = NULL;
        int rc = mounts == NULL ? -1 : 0;

        while (rc == 0 && getline(&line, &cap, mounts) > 0) {
                char *save = NULL, *point = strtok_r(line, " ", &save);

                for (int field = 1; point != NULL && field < 5; field++)
                        point = strtok_r(NULL, " ", &save);
                if (point == NULL)
                        continue;
                unescape(point);
                if (strncmp(point, path, length) == 0 && (point[length] == '\0' || point[length] == '/'))
                        rc = remount_readonly(point);
        }
        free(line);
        if (mounts != NULL)
                (void)fclose(mounts);
        return rc;
}

int init_mount_readonly(const char *path, bool recursive, const struct init_config *config, bool *ret_one_by_one)
{
        const struct init_mount_attr attr = {.set = INIT_MOUNT_RDONLY};

        *ret_one_by_one = false;
        if (!(config->disable & SANDBOX_NO_MOUNT_SETATTR)) {
                if (init_sys_mount_setattr(-1, path, recursive ? INIT_MOUNT_RECURSIVE : 0, &attr) == 0)
                        return 0;
                if (errno != ENOSYS && errno != EPERM) /* EPERM: seccomp profiles that do not know the call */
                        return -1;
        }
        *ret_one_by_one = true;
        return recursive ? remount_all_readonly(path) : remount_readonly(path);
}

/* A tmpfs becomes the root, the host's tree lies below /outer. Any existing directory serves to mount it on. */
static int enter_tmpfs(struct sandbox_report *report)
{
        static const char *const places[] = {"/tmp", "/run", "/var", "/mnt", "/proc", NULL};
        int i = 0;

        if (unshare(CLONE_NEWNS) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT_NAMESPACE, errno, NULL);
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, "/");
        while (mount("bryo", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m,nr_inodes=64") < 0)
                if (errno != ENOENT || places[++i] == NULL)
                        return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno,
                                         places[i] == NULL ? "/tmp" : places[i]);
        if (chdir(places[i]) < 0 || mkdir("outer", 0700) < 0 || init_sys_pivot_root(".", "outer") < 0 || chdir("/") < 0)
                return init_fail(report, SANDBOX_STEP_PIVOT, errno, NULL);
        return 0;
}

static int bind_from_outer(const char *path, const char *target, unsigned long flags, struct sandbox_report *report)
{
        char *source = NULL;
        int rc;

        if (asprintf(&source, "/outer%s", path) < 0)
                return init_fail(report, SANDBOX_STEP_MEMORY, ENOMEM, NULL);
        rc = mount(source, target, NULL, MS_BIND | flags, NULL);
        free(source);
        return rc < 0 ? init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, path) : 0;
}

static int bind_device(const char *path, const char *target, struct sandbox_report *report)
{
        if (mknod(target, S_IFREG | 0600, 0) < 0)
                return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, target);
        return bind_from_outer(path, target, 0, report);
}

static int bind_devices(const struct init_config *config, struct sandbox_report *report)
{
        for (const char *const *path = init_devices; *path != NULL; path++)
                if (bind_device(*path, *path, report) < 0)
                        return -1;
        if (config->rootdir[0] != '\0')
                return 0;
        return bind_device(config->fuse_device, INIT_FUSE, report);
}

/* cgroup hierarchies lie below /sys: read-only with it. */
static int set_up_sys(const struct init_context *context, struct sandbox_report *report)
{
        bool one_by_one;

        if (bind_from_outer("/sys", "/sys", MS_REC, report) < 0)
                return -1;
        if (init_mount_readonly("/sys", true, context->config, &one_by_one) < 0)
                return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, "/sys");
        if (one_by_one)
                init_log(context, SANDBOX_STEP_MOUNT_SETATTR, ENOSYS, NULL);
        for (const char *const *path = hidden; *path != NULL; path++)
                if (mount(INIT_EMPTY, *path, NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
                        return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, *path);
        return 0;
}

int init_outer_enter(const struct init_context *context, struct sandbox_report *report)
{
        const struct init_config *config = context->config;
        bool one_by_one;

        (void)umask(0);
        if (enter_tmpfs(report) < 0)
                return -1;
        for (const char *const *path = directories; *path != NULL; path++)
                if (mkdir(*path, 0755) < 0)
                        return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, *path);
        if (bind_from_outer("/proc", "/proc", MS_REC, report) < 0 || bind_devices(config, report) < 0)
                return -1;
        if (config->rootdir[0] != '\0' && bind_from_outer(config->rootdir, INIT_ROOTDIR, MS_REC, report) < 0)
                return init_fail(report, SANDBOX_STEP_ROOTDIR, report->code, config->rootdir);
        /* binds of a read-only mount are read-only: what is bound from INIT_EMPTY later needs no second call */
        if (init_mount_readonly("/", false, config, &one_by_one) < 0)
                return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, "/");
        if (set_up_sys(context, report) < 0)
                return -1;
        if (umount2("/outer", MNT_DETACH) < 0)
                return init_fail(report, SANDBOX_STEP_OUTER_ROOT, errno, "/outer");
        return 0;
}
