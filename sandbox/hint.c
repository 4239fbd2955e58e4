/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentences for hosts that do not let bryo work: each names the cause as far
 * as it can be found out (a sysctl that is really set, a file that really lacks
 * its bit), and the command an administrator has to run.
 */
#include "sandbox/hint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "common/fd.h"
#include "common/memory.h"

/* The number in a sysctl file; `missing` if there is no such file. */
static long read_sysctl(const char *sysctl_dir, const char *name, long missing)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", sysctl_dir, name);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error ignored = ERROR_INIT; /* a sysctl this kernel does not have cannot be the cause */

        if (fd_read_file(AT_FDCWD, path, 64, false, &text, &ignored) < 0)
                return missing;
        return strtol(buffer_text(&text), NULL, 10);
}

bool sandbox_hint_is_apparmor(const char *sysctl_dir)
{
        return read_sysctl(sysctl_dir, "kernel/apparmor_restrict_unprivileged_userns", 0) == 1;
}

int sandbox_hint_apparmor(struct error *err)
{
        return error_set(
                err, EPERM,
                "AppArmor forbids unprivileged user namespaces on this host "
                "(kernel.apparmor_restrict_unprivileged_userns is 1): give bryo an AppArmor profile with the rule "
                "\"userns,\", or run as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
}

int sandbox_hint_user_namespace(const char *sysctl_dir, int code, struct error *err)
{
        if (read_sysctl(sysctl_dir, "user/max_user_namespaces", 1) == 0)
                return error_set(err, code,
                                 "user namespaces are switched off on this host (user.max_user_namespaces is 0): "
                                 "run as root: sysctl -w user.max_user_namespaces=15000");
        if (code == ENOSPC)
                return error_set(
                        err, code,
                        "cannot make a user namespace: there are too many already, or they are nested too deep "
                        "(user.max_user_namespaces is %ld): run as root: sysctl -w user.max_user_namespaces=%ld",
                        read_sysctl(sysctl_dir, "user/max_user_namespaces", 0),
                        2 * read_sysctl(sysctl_dir, "user/max_user_namespaces", 15000));
        if (read_sysctl(sysctl_dir, "kernel/unprivileged_userns_clone", 1) == 0)
                return error_set(err, code,
                                 "user namespaces are forbidden for ordinary users on this host "
                                 "(kernel.unprivileged_userns_clone is 0): run as root: sysctl -w "
                                 "kernel.unprivileged_userns_clone=1");
        if (sandbox_hint_is_apparmor(sysctl_dir))
                return sandbox_hint_apparmor(err);
        if (code == EINVAL)
                return error_set(err, code,
                                 "this kernel has no user namespaces: bryo needs one built with CONFIG_USER_NS");
        return error_set(
                err, code,
                "cannot make a user namespace: %s; the sysctls allow it, so it is a chroot, a seccomp filter or an "
                "outer container that forbids it: run that container with --security-opt seccomp=unconfined",
                strerror(code));
}

int sandbox_hint_fuse(const char *device, int code, struct error *err)
{
        switch (code) {
        case ENOENT:
        case ENODEV:
        case ENXIO:
                return error_set(
                        err, code,
                        "%s is missing (%s): load it as root with \"modprobe fuse\", or start the outer container with "
                        "--device /dev/fuse",
                        device, strerror(code));
        case EACCES:
        case EPERM:
                return error_set(
                        err, code,
                        "%s may not be opened (%s): run as root \"chmod 0666 %s\", or add your user to its group; "
                        "in a container, start it with --device /dev/fuse",
                        device, strerror(code), device);
        default:
                return error_errno(err, code, "cannot open %s", device);
        }
}

int sandbox_hint_no_helper(const char *program, struct error *err)
{
        return error_set(err, ENOENT,
                         "%s is not installed: install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)",
                         program);
}

int sandbox_hint_helper(const char *path, struct error *err)
{
        struct stat st;

        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
                return error_wrap(err,
                                  "%s has no effect because bryo was started with no_new_privs "
                                  "(setpriv --no-new-privs, or NoNewPrivileges= of systemd): start it without",
                                  path);
        if (stat(path, &st) < 0 || ((st.st_mode & S_ISUID) && st.st_uid == 0) ||
            getxattr(path, "security.capability", NULL, 0) > 0)
                return -1;
        return error_wrap(err, "%s is not set-user-id root: run as root \"chmod u+s %s\"", path, path);
}

int sandbox_hint_no_subordinate(const char *file, const char *user, uint32_t start, bool group, struct error *err)
{
        const char *kind = group ? "gids" : "uids";

        if (start == 0)
                return error_set(err, ENOENT,
                                 "user %s has no subordinate ids in %s: add the line \"%s:START:65536\" to it", user,
                                 file, user);
        return error_set(
                err, ENOENT,
                "user %s has no subordinate ids in %s: run as root \"usermod --add-sub%s %u-%u %s\", or add the line "
                "\"%s:%u:65536\" to it",
                user, file, kind, start, start + 65535, user, user, start);
}
