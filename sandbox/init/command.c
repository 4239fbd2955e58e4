/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that becomes the command: pid 1 of a fresh pid namespace, with every
 * capability in the user namespace until init_identity_assume. It may begin long
 * before there is a command: what is the same for all of them comes first, then it
 * waits. The two functions at the bottom are the list of steps; their order is the security of the
 * whole: descriptors first (nothing of the builder is open when image paths are first
 * looked up), then mounts, then identity, then nothing but execve.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/limits.h"
#include "sandbox/sandbox.h"

/* The socket to the stage; close-on-exec, the only descriptor besides 0, 1 and 2. */
#define REPORT_SOCKET 3

static int unpack_strings(struct sandbox_unpack *unpack, const char ***ret)
{
        uint32_t count = sandbox_unpack_u32(unpack);

        /* a string takes 5 bytes at least: a count that cannot be true is refused before it is allocated */
        if (unpack->failed || count > unpack->left / 5) {
                errno = EPROTO;
                return -1;
        }
        *ret = calloc((size_t)count + 1, sizeof(**ret));
        if (*ret == NULL)
                return -1;
        for (uint32_t i = 0; i < count; i++)
                (*ret)[i] = sandbox_unpack_string(unpack);
        return 0;
}

static int unpack_groups(struct sandbox_unpack *unpack, struct init_command *ret)
{
        uint32_t count = sandbox_unpack_u32(unpack);
        gid_t *groups;

        if (unpack->failed || count > SANDBOX_GROUPS_MAX || count > unpack->left / sizeof(uint32_t)) {
                errno = EPROTO;
                return -1;
        }
        groups = calloc((size_t)count + 1, sizeof(*groups));
        if (groups == NULL)
                return -1;
        for (uint32_t i = 0; i < count; i++)
                groups[i] = sandbox_unpack_u32(unpack);
        ret->groups = groups;
        ret->group_count = count;
        return 0;
}

static int unpack_rlimits(struct sandbox_unpack *unpack, struct init_command *ret)
{
        uint32_t count = sandbox_unpack_u32(unpack);

        if (unpack->failed || count > SANDBOX_RUN_RLIMITS_MAX) {
                errno = EPROTO;
                return -1;
        }
        ret->rlimit_count = count;
        for (uint32_t i = 0; i < count; i++) {
                ret->rlimits[i].resource = sandbox_unpack_u32(unpack);
                ret->rlimits[i].soft = sandbox_unpack_u64(unpack);
                ret->rlimits[i].hard = sandbox_unpack_u64(unpack);
        }
        return 0;
}

/* `present`: which of 0, 1 and 2 ride on the frame; the trees come behind them. */
static int take_descriptors(struct sandbox_frame *frame, uint32_t present, struct init_command *ret)
{
        size_t next = 0;

        for (int i = 0; i < 3; i++) {
                if (!(present & 1u << i))
                        continue;
                if (next == frame->fd_count) {
                        errno = EPROTO;
                        return -1;
                }
                ret->stdio[i] = frame->fds[next];
                frame->fds[next++] = -1;
        }
        for (size_t i = 0; i < ret->mount_count; i++) {
                if (ret->mounts[i].kind != SANDBOX_MOUNT_TREE)
                        continue;
                if (next == frame->fd_count) {
                        errno = EPROTO;
                        return -1;
                }
                ret->mounts[i].fd = frame->fds[next];
                frame->fds[next++] = -1;
        }
        return 0;
}

/* Decodes and checks a RUN frame and takes its descriptors; -1 with errno. Strings stay in the frame. */
static int unpack_command(struct sandbox_frame *frame, struct init_command *ret)
{
        struct sandbox_unpack unpack;
        uint32_t flags, stdio;

        *ret = (struct init_command){.stdio = {-1, -1, -1}};
        sandbox_unpack_start(&unpack, frame);
        flags = sandbox_unpack_u32(&unpack);
        stdio = sandbox_unpack_u32(&unpack);
        ret->has_hosts = flags & SANDBOX_RUN_HOSTS;
        ret->has_resolv_conf = flags & SANDBOX_RUN_RESOLV_CONF;
        ret->tty = flags & SANDBOX_RUN_TERMINAL;
        ret->no_network = flags & SANDBOX_RUN_NO_NETWORK;
        ret->uid = sandbox_unpack_u32(&unpack);
        ret->gid = sandbox_unpack_u32(&unpack);
        ret->cwd = sandbox_unpack_string(&unpack);
        ret->hostname = sandbox_unpack_string(&unpack);
        ret->hosts = sandbox_unpack_string(&unpack);
        ret->resolv_conf = sandbox_unpack_string(&unpack);
        if (unpack_groups(&unpack, ret) < 0 || unpack_strings(&unpack, &ret->argv) < 0 ||
            unpack_strings(&unpack, &ret->env) < 0)
                return -1;
        ret->capabilities = sandbox_unpack_u64(&unpack);
        ret->shm_size = sandbox_unpack_u64(&unpack);
        ret->tty_rows = (unsigned short)sandbox_unpack_u32(&unpack);
        ret->tty_columns = (unsigned short)sandbox_unpack_u32(&unpack);
        if (unpack_rlimits(&unpack, ret) < 0 || init_mounts_unpack(&unpack, ret) < 0 ||
            take_descriptors(frame, stdio, ret) < 0)
                return -1;
        if (!sandbox_unpack_is_complete(&unpack) || ret->argv[0] == NULL) {
                errno = EPROTO;
                return -1;
        }
        return 0;
}

/* Leaves open: the keeper's /dev/null as stdio, and the socket to the stage. */
static int let_go_of_stage(const struct init_context *context, int socket, struct sandbox_report *report)
{
        bool one_by_one;

        if (socket != REPORT_SOCKET && dup3(socket, REPORT_SOCKET, O_CLOEXEC) < 0)
                return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
        if (init_descriptors_close_from(REPORT_SOCKET + 1, context->config, &one_by_one) < 0)
                return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
        if (one_by_one)
                init_log(context, SANDBOX_STEP_CLOSE_RANGE, ENOSYS, NULL);
        return 0;
}

/* The given stdio takes the place of /dev/null; what else came with the command has been used. */
static int arrange_stdio(const struct init_context *context, const struct init_command *command,
                         struct sandbox_report *report)
{
        for (int i = 0; i < 3; i++)
                if (command->stdio[i] >= 0 && dup2(command->stdio[i], i) < 0)
                        return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
        if (init_descriptors_close_from(REPORT_SOCKET + 1, context->config, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
        return 0;
}

/* A frame of the stage; its end means that no command will come. */
static void receive_frame(struct sandbox_frame *ret)
{
        *ret = (struct sandbox_frame)SANDBOX_FRAME_INIT;
        if (sandbox_frame_receive(REPORT_SOCKET, ret) != 1)
                _exit(1);
}

/* Waits for the command. Its root comes first, unless it lay on INIT_UNION when this namespace was made. */
static int receive_command(struct sandbox_frame *frame, struct init_command *ret, struct sandbox_report *report)
{
        receive_frame(frame);
        if (frame->type == SANDBOX_FRAME_ROOT && frame->fd_count == 1) {
                if (init_sys_move_mount(frame->fds[0], AT_FDCWD, INIT_UNION, INIT_MOVE_FROM_FD) < 0)
                        return init_fail(report, SANDBOX_STEP_MOUNT, errno, "/");
                sandbox_frame_clear(frame);
                receive_frame(frame);
        }
        if (frame->type != SANDBOX_FRAME_RUN)
                return init_fail(report, SANDBOX_STEP_PROTOCOL, EPROTO, NULL);
        if (unpack_command(frame, ret) < 0)
                return init_fail(report, SANDBOX_STEP_PROTOCOL, errno, NULL);
        return 0;
}

static int set_names(const struct init_command *command, struct sandbox_report *report)
{
        static const char no_domain[] = "(none)"; /* the kernel's word for none; the host's would be inherited */

        if (sethostname(command->hostname, strlen(command->hostname)) < 0 ||
            setdomainname(no_domain, sizeof(no_domain) - 1) < 0)
                return init_fail(report, SANDBOX_STEP_HOSTNAME, errno, command->hostname);
        return 0;
}

static int leave_network(struct sandbox_report *report)
{
        struct ifreq request = {.ifr_name = "lo"};
        int fd;

        if (unshare(CLONE_NEWNET) < 0)
                return init_fail(report, SANDBOX_STEP_NETWORK, errno, NULL);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return init_fail(report, SANDBOX_STEP_NETWORK, errno, NULL);
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
                return init_fail(report, SANDBOX_STEP_NETWORK, errno, NULL);
        (void)close(fd);
        return 0;
}

/*
 * A command that is not root could not open /dev/stdout again, which is a link
 * to a pipe that the builder owns. Only anonymous pipes and sockets change hands:
 * what else the caller passed may be a file of the host.
 */
static int hand_over_stdio(const struct init_command *command, struct sandbox_report *report)
{
        for (int i = 0; command->uid != 0 && i < 3; i++) {
                struct statfs fs;

                if (fstatfs(i, &fs) < 0)
                        return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
                /* EPERM: the pipe of somebody else, e.g. of sudo, is as usable as it was; EINVAL: the id is not mapped,
                   as init_identity_assume will say */
                if ((fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC) &&
                    fchown(i, command->uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
                        return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
        }
        return 0;
}

static int set_up_stdio(const struct init_context *context, const struct init_command *command,
                        struct sandbox_report *report)
{
        if (command->tty)
                return init_terminal_open(context, command, report);
        for (int i = 0; i < 3; i++) {
                int fd;

                if (command->stdio[i] >= 0)
                        continue;
                fd = open("/dev/null", i == 0 ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
                if (fd < 0 || dup2(fd, i) < 0)
                        return init_fail(report, SANDBOX_STEP_STDIO, errno, NULL);
                (void)close(fd);
        }
        return hand_over_stdio(command, report);
}

/* As container root, so that a directory only root may enter can be a working directory, as in other builders. */
static int enter_cwd(const struct init_context *context, const struct init_command *command,
                     struct sandbox_report *report)
{
        unsigned int flags = context->config->disable & SANDBOX_NO_OPENAT2 ? INIT_RESOLVE_WALK : 0;
        char here[SANDBOX_REPORT_MAX];
        int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool walked;
        int fd;

        fd = root < 0 ? -1 : init_resolve(root, command->cwd, flags, &walked);
        if (fd < 0 || fchdir(fd) < 0)
                return init_fail(report, SANDBOX_STEP_CWD, errno, command->cwd);
        /* getcwd fails with ENOENT where the kernel says "(unreachable)" */
        if (getcwd(here, sizeof(here)) == NULL && errno != ERANGE)
                return init_fail(report, SANDBOX_STEP_CWD, EXDEV, command->cwd);
        (void)close(root);
        (void)close(fd);
        return 0;
}

/* As --ulimit and ulimits call it. */
static const char *limit_name(int resource)
{
        for (size_t i = 0; i < SANDBOX_LIMITS; i++)
                if (sandbox_limits[i].resource == resource)
                        return sandbox_limits[i].name;
        return "?";
}

static int set_limits(const struct init_command *command, struct sandbox_report *report)
{
        for (size_t i = 0; i < command->rlimit_count; i++) {
                const struct init_rlimit *l = &command->rlimits[i];
                const struct rlimit limit = {l->soft == SANDBOX_UNLIMITED ? RLIM_INFINITY : l->soft,
                                             l->hard == SANDBOX_UNLIMITED ? RLIM_INFINITY : l->hard};
                char *text = NULL;

                if (setrlimit((__rlimit_resource_t)l->resource, &limit) == 0)
                        continue;
                (void)init_fail(report, SANDBOX_STEP_RLIMIT, errno, "?");
                if (asprintf(&text, "%s=%llu:%llu", limit_name(l->resource), (unsigned long long)l->soft, (unsigned long long)l->hard) >= 0)
                        report->object = text;
                return -1;
        }
        return 0;
}

/* What every command needs, whichever it will be. */
static int prepare(const struct init_context *context, int socket, struct sandbox_report *report)
{
        if (let_go_of_stage(context, socket, report) < 0)
                return -1;
        if (setsid() < 0)
                return init_fail(report, SANDBOX_STEP_SESSION, errno, NULL);
        return init_ready_mount(context, report);
}

static int become_command(const struct init_context *context, const struct init_command *command,
                          struct sandbox_report *report)
{
        if (init_mounts_take(command, report) < 0 || arrange_stdio(context, command, report) < 0)
                return -1;
        if (set_names(command, report) < 0 || (command->no_network && leave_network(report) < 0))
                return -1;
        if (init_root_enter(context, command, report) < 0 || set_up_stdio(context, command, report) < 0 ||
            enter_cwd(context, command, report) < 0)
                return -1;
        if (set_limits(command, report) < 0 || init_filter_install(context, command, report) < 0 ||
            init_identity_assume(command, report) < 0)
                return -1;
        (void)umask(022);
        /* a change of ids clears it */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return init_fail(report, SANDBOX_STEP_IDENTITY, errno, NULL);
        if (sandbox_frame_send(REPORT_SOCKET, SANDBOX_FRAME_EXECUTING, NULL, NULL, 0) < 0)
                _exit(1);
        return init_execute(command->argv, command->env, report);
}

void init_command_main(const struct init_config *config, int socket)
{
        const struct init_context context = {config, REPORT_SOCKET};
        struct init_command command;
        struct sandbox_report report;
        struct sandbox_frame frame; /* kept: the command's strings point into it */

        if (prepare(&context, socket, &report) == 0 && receive_command(&frame, &command, &report) == 0)
                (void)become_command(&context, &command, &report);
        (void)sandbox_report_send(REPORT_SOCKET, SANDBOX_FRAME_FAILED, &report);
        _exit(1);
}
