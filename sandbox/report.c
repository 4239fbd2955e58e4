/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sandbox's processes report, as sentences. They send the step, the errno
 * and the object; all words are here, so that the static init needs none.
 */
#include "sandbox/report.h"

#include <errno.h>
#include <string.h>

#include "common/memory.h"
#include "sandbox/hint.h"

/* The format takes the object; ": strerror" goes behind. NULL: has a sentence of its own, or is no failure. */
static const char *step_text(enum sandbox_step step)
{
        switch (step) {
        case SANDBOX_STEP_PROTOCOL:
                return "a process of the sandbox broke the protocol";
        case SANDBOX_STEP_MEMORY:
                return "a process of the sandbox ran out of resources";
        case SANDBOX_STEP_IDENTITY:
                return "cannot become root of the user namespace";
        case SANDBOX_STEP_MOUNT_NAMESPACE:
                return "cannot make a mount namespace";
        case SANDBOX_STEP_OUTER_ROOT:
                return "cannot take %s into the sandbox";
        case SANDBOX_STEP_ROOTDIR:
                return "cannot bind the root directory %s";
        case SANDBOX_STEP_FORK:
                return "cannot start a process for %s";
        case SANDBOX_STEP_STAGE_ROOT:
                return "cannot mount a tmpfs for the stage";
        case SANDBOX_STEP_FUSE_MOUNT:
                return "cannot mount the union file system through FUSE";
        case SANDBOX_STEP_SESSION:
                return "cannot start a session for the command";
        case SANDBOX_STEP_STDIO:
                return "cannot arrange the command's input and output";
        case SANDBOX_STEP_HOSTNAME:
                return "cannot set the host name \"%s\"";
        case SANDBOX_STEP_NETWORK:
                return "cannot make a network with nothing but a loopback interface";
        case SANDBOX_STEP_TARGET:
                return "cannot find %s in the image, where the sandbox has to mount its own";
        case SANDBOX_STEP_TEXT:
                return "cannot write the generated %s";
        case SANDBOX_STEP_MOUNT:
                return "cannot mount %s for the command";
        case SANDBOX_STEP_TREE:
                return "cannot mount the files for %s";
        case SANDBOX_STEP_TREE_SOURCE:
                return "cannot find %s, which --mount names as source";
        case SANDBOX_STEP_MOUNT_TARGET:
                return "cannot find or make %s, the target of a mount";
        case SANDBOX_STEP_MOUNT_KIND:
                return "cannot mount on %s: one is a directory, the other is not";
        case SANDBOX_STEP_SOCKET:
                return "cannot make the socket %s";
        case SANDBOX_STEP_RLIMIT:
                return "cannot set the resource limit %s (a hard limit cannot be raised without root)";
        case SANDBOX_STEP_PIVOT:
                return "cannot change the root";
        case SANDBOX_STEP_TERMINAL:
                return "cannot make a terminal for the command";
        case SANDBOX_STEP_GROUPS:
                return "cannot set the command's groups";
        case SANDBOX_STEP_GID:
                return "cannot become group id %s";
        case SANDBOX_STEP_UID:
                return "cannot become user id %s";
        case SANDBOX_STEP_CAPABILITIES:
                return "cannot set the command's capabilities";
        case SANDBOX_STEP_EMULATOR:
                return "cannot register an emulator for %s programs (a user may since Linux 6.7)";
        case SANDBOX_STEP_FILTER:
                return "cannot install the filter of system calls";
        case SANDBOX_STEP_USER_NAMESPACE:
        case SANDBOX_STEP_KEYRING:
        case SANDBOX_STEP_MOUNT_SETATTR:
        case SANDBOX_STEP_FUSE_OPEN:
        case SANDBOX_STEP_NO_MOUNT:
        case SANDBOX_STEP_KILLED:
        case SANDBOX_STEP_OPENAT2:
        case SANDBOX_STEP_TARGET_DIR:
        case SANDBOX_STEP_TARGET_FILE:
        case SANDBOX_STEP_FRESH_PROC:
        case SANDBOX_STEP_FRESH_SYS:
        case SANDBOX_STEP_MQUEUE:
        case SANDBOX_STEP_DETACHED:
        case SANDBOX_STEP_DEVPTS_GROUP:
        case SANDBOX_STEP_CWD:
        case SANDBOX_STEP_CLOSE_RANGE:
        case SANDBOX_STEP_EXEC:
        case SANDBOX_STEP_EXEC_INTERPRETER:
        case SANDBOX_STEP_MAX:
                break;
        }
        return NULL;
}

static const char *log_text(enum sandbox_step step)
{
        switch ((int)step) {
        case SANDBOX_STEP_KEYRING:
                return "the sandbox keeps the session keyring of its caller: no new one could be made";
        case SANDBOX_STEP_MOUNT_SETATTR:
                return "no mount_setattr: /sys is made read-only mount by mount";
        case SANDBOX_STEP_OPENAT2:
                return "no openat2: paths of the image are resolved component by component";
        case SANDBOX_STEP_CLOSE_RANGE:
                return "no close_range: descriptors are closed one by one";
        case SANDBOX_STEP_FRESH_PROC:
                return "no fresh /proc may be mounted here: the command sees the outer one, with the processes of the "
                       "host";
        case SANDBOX_STEP_FRESH_SYS:
                return "no fresh /sys may be mounted here: the command without a network sees the names of the host's "
                       "links in "
                       "/sys/class/net";
        case SANDBOX_STEP_FILTER:
                return "no filter of system calls (seccomp): the kernel was built without";
        case SANDBOX_STEP_DETACHED:
                return "no detached mounts (fsopen, open_tree): no process is made ahead of its command";
        case SANDBOX_STEP_MQUEUE:
                return "no POSIX message queues: the command gets no /dev/mqueue";
        case SANDBOX_STEP_DEVPTS_GROUP:
                return "group id 5 is not mapped: the command's terminals belong to no group tty";
        default:
                return NULL;
        }
}

void sandbox_report_log(const struct sandbox_report *report, const struct log *log)
{
        const char *text = log_text(report->step);

        if (text == NULL)
                text = "an unknown step was worked around";
        log_print(log, LOG_INFO, "%s (%s)", text, strerror(report->code));
}

bool sandbox_report_is_exec(enum sandbox_step step)
{
        return step == SANDBOX_STEP_EXEC || step == SANDBOX_STEP_EXEC_INTERPRETER;
}

static int exec_error(const struct sandbox_report *report, int code, struct error *err)
{
        const char *command = report->object;

        switch (code) {
        case ENOENT:
                if (report->step == SANDBOX_STEP_EXEC_INTERPRETER && report->detail[0] != '\0')
                        return error_set(err, code, "cannot run \"%s\": its interpreter \"%s\" is missing", command,
                                         report->detail);
                if (report->step == SANDBOX_STEP_EXEC_INTERPRETER)
                        return error_set(
                                err, code,
                                "cannot run \"%s\": its interpreter is missing (the loader of a dynamically linked "
                                "program is not in the image)",
                                command);
                if (command[0] != '\0' && strchr(command, '/') == NULL)
                        return error_set(err, code, "cannot run \"%s\": no such file or directory in PATH (is it in the image?)",
                                         command);
                return error_set(err, code, "cannot run \"%s\": no such file or directory (is it in the image?)",
                                 command);
        case EACCES:
                return error_set(err, code, "cannot run \"%s\": permission denied", command);
        case ENOEXEC:
                return error_set(
                        err, code,
                        "cannot run \"%s\": exec format error (is it for another architecture, or a script without a "
                        "#! line?)",
                        command);
        default:
                return error_errno(err, code, "cannot run \"%s\"", command);
        }
}

static int cwd_error(const struct sandbox_report *report, int code, struct error *err)
{
        if (code == ELOOP || code == EXDEV)
                return error_set(err, code, "cannot enter the working directory \"%s\": it leads out of the image",
                                 report->object);
        return error_errno(err, code, "cannot enter the working directory \"%s\"", report->object);
}

/* A format with one or no %s; formats come from step_text only. */
static int text_error(const struct sandbox_report *report, int code, const char *format, struct error *err)
{
        const char *hole = strstr(format, "%s");

        if (hole == NULL)
                return error_errno(err, code, "%s", format);
        return error_errno(err, code, "%.*s%s%s", (int)(hole - format), format, report->object, hole + 2);
}

/* What AppArmor refuses is not the namespace but everything that is then done in it. */
static bool is_refused_by_apparmor(const struct sandbox_report *report, const char *sysctl_dir)
{
        return (report->code == EPERM || report->code == EACCES) &&
               (report->step == SANDBOX_STEP_IDENTITY || report->step == SANDBOX_STEP_MOUNT_NAMESPACE ||
                report->step == SANDBOX_STEP_OUTER_ROOT) &&
               sandbox_hint_is_apparmor(sysctl_dir);
}

int sandbox_report_to_error(const struct sandbox_report *report, const char *sysctl_dir, const char *fuse_device,
                            struct error *err)
{
        const int code = report->code != 0 ? report->code : EIO;
        const char *text = step_text(report->step);

        if (is_refused_by_apparmor(report, sysctl_dir))
                return sandbox_hint_apparmor(err);
        if (sandbox_report_is_exec(report->step))
                return exec_error(report, code, err);
        if (text != NULL) {
                (void)text_error(report, code, text, err);
                if (code == EINVAL && (report->step == SANDBOX_STEP_UID || report->step == SANDBOX_STEP_GID))
                        return error_wrap(err,
                                          "the id is not among the subordinate ids of this user (give it more in %s)",
                                          report->step == SANDBOX_STEP_UID ? "/etc/subuid" : "/etc/subgid");
                if (code == EPERM && report->step == SANDBOX_STEP_GROUPS)
                        return error_wrap(err,
                                          "this user namespace denies setgroups(2), as those of `unshare -r` do (make "
                                          "it with `unshare -r --map-auto`, or build outside of it)");
                return -1;
        }
        switch ((int)report->step) {
        case SANDBOX_STEP_USER_NAMESPACE:
                return sandbox_hint_user_namespace(sysctl_dir, code, err);
        case SANDBOX_STEP_FUSE_OPEN:
                return sandbox_hint_fuse(fuse_device, code, err);
        case SANDBOX_STEP_NO_MOUNT:
                return error_set(err, EINVAL, "the command has no root: nothing was mounted for it");
        case SANDBOX_STEP_KILLED:
                return error_set(err, ECANCELED, "the command was killed by signal %d before it started", report->code);
        case SANDBOX_STEP_TARGET_DIR:
                return error_set(
                        err, EINVAL,
                        "refusing to run the command: %s of the image must be a directory, not a link or anything else",
                        report->object);
        case SANDBOX_STEP_TARGET_FILE:
                return error_set(err, EINVAL, "refusing to run the command: %s of the image must be a regular file",
                                 report->object);
        case SANDBOX_STEP_CWD:
                return cwd_error(report, code, err);
        default:
                return error_set(err, EPROTO, "the sandbox failed at a step that has no name (%d)", (int)report->step);
        }
}
