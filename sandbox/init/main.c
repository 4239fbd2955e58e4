/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: first process of a sandbox. It makes the user namespace, has the
 * builder map the ids (newuidmap must run outside), leaves the host's file
 * system, and then only forks stage inits and buries the dead.
 *
 * It is the subreaper of everything below it. When a stage init is killed, the
 * command it had started becomes the keeper's child; the page shared with the
 * stage says which pid that is, and the keeper kills it. So does end-of-file from
 * the builder end all stages: the keeper exits when nothing is left below it.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "sandbox/init/syscalls.h"

/* The builder puts its socket there; 0, 1 and 2 are /dev/null. */
#define KEEPER_SOCKET 3

struct stage {
        struct stage *next;
        pid_t pid;
        pid_t *run; /* shared with the stage init: its command's pid, or 0 */
};

struct keeper {
        struct init_config config;
        int socket;
        int signals;  /* signalfd of SIGCHLD */
        int formats;  /* binfmt_misc of the user namespace (emulate.c); -1: none */
        int alive[2]; /* a pipe nobody writes to: stages hold the read end and see its end when the keeper dies */
        struct stage *stages;
};

int init_fail(struct sandbox_report *report, enum sandbox_step step, int code, const char *object)
{
        *report = (struct sandbox_report){step, code, object == NULL ? "" : object, ""};
        return -1;
}

void init_log(const struct init_context *context, enum sandbox_step step, int code, const char *object)
{
        const struct sandbox_report report = {step, code, object == NULL ? "" : object, ""};

        (void)sandbox_report_send(context->channel, SANDBOX_FRAME_LOG, &report);
}

/* Receives the frame that must come next; anything else ends the keeper, for the builder is gone or broken. */
static void expect_frame(int socket, enum sandbox_frame_type type, struct sandbox_frame *ret)
{
        *ret = (struct sandbox_frame)SANDBOX_FRAME_INIT;
        if (sandbox_frame_receive(socket, ret) != 1 || ret->type != type)
                _exit(1);
}

static void read_config(int socket, struct init_config *ret)
{
        struct sandbox_frame frame; /* kept: the strings point into it */
        struct sandbox_unpack unpack;

        expect_frame(socket, SANDBOX_FRAME_CONFIG, &frame);
        sandbox_unpack_start(&unpack, &frame);
        ret->disable = sandbox_unpack_u32(&unpack);
        ret->rootdir = sandbox_unpack_string(&unpack);
        ret->fuse_device = sandbox_unpack_string(&unpack);
        if (!sandbox_unpack_is_complete(&unpack))
                _exit(1);
}

/* The host's session keyring would otherwise be readable through keyctl(2) from inside. */
static void leave_keyring(const struct init_context *context)
{
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                init_log(context, SANDBOX_STEP_KEYRING, errno, NULL);
}

/* Supplementary groups stay: membership of the group of /dev/fuse may be what lets a stage open it. Commands get their
 * own. */
static int become_root(struct sandbox_report *report)
{
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return init_fail(report, SANDBOX_STEP_IDENTITY, errno, NULL);
        /* from here on nobody may look into these processes, whatever /proc they can see */
        if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                return init_fail(report, SANDBOX_STEP_IDENTITY, errno, NULL);
        return 0;
}

static int set_up_signals(struct keeper *keeper, struct sandbox_report *report)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGTERM); /* for the stages: see stage.c */
        if (sigprocmask(SIG_SETMASK, &set, NULL) < 0 || pipe2(keeper->alive, O_CLOEXEC) < 0)
                return init_fail(report, SANDBOX_STEP_MEMORY, errno, NULL);
        sigdelset(&set, SIGTERM);
        keeper->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (keeper->signals < 0)
                return init_fail(report, SANDBOX_STEP_MEMORY, errno, NULL);
        return 0;
}

static int set_up(struct keeper *keeper, struct sandbox_report *report)
{
        const struct init_context context = {&keeper->config, keeper->socket};
        struct sandbox_frame frame;

        if (unshare(CLONE_NEWUSER) < 0)
                return init_fail(report, SANDBOX_STEP_USER_NAMESPACE, errno, NULL);
        if (sandbox_frame_send(keeper->socket, SANDBOX_FRAME_UNSHARED, NULL, NULL, 0) < 0)
                _exit(1);
        expect_frame(keeper->socket, SANDBOX_FRAME_MAPPED, &frame);
        if (become_root(report) < 0)
                return -1;
        leave_keyring(&context);
        if (init_outer_enter(&context, report) < 0)
                return -1;
        return set_up_signals(keeper, report);
}

static void report_failure(int socket, const struct sandbox_report *report)
{
        (void)sandbox_report_send(socket, SANDBOX_FRAME_FAILED, report);
}

static void forget_stage(struct keeper *keeper, pid_t pid)
{
        for (struct stage **link = &keeper->stages; *link != NULL; link = &(*link)->next) {
                struct stage *stage = *link;

                if (stage->pid != pid)
                        continue;
                /* its parent is dead, so it is our child now, and unreaped: the pid cannot have been reused */
                if (*stage->run > 0)
                        (void)kill(*stage->run, SIGKILL);
                (void)munmap(stage->run, sizeof(*stage->run));
                *link = stage->next;
                free(stage);
                return;
        }
}

static void bury_the_dead(struct keeper *keeper)
{
        struct signalfd_siginfo info;
        pid_t pid;

        while (read(keeper->signals, &info, sizeof(info)) > 0)
                ;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
                forget_stage(keeper, pid);
}

/* In the new process: lets go of what is the keeper's, and becomes the stage init. */
static _Noreturn void run_stage(struct keeper *keeper, int channel, pid_t *run, pid_t parent)
{
        /* a second net besides the pipe; SIGTERM, because the stage must live to kill its command */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(1);
        (void)close(keeper->socket);
        (void)close(keeper->signals);
        if (keeper->formats >= 0)
                (void)close(keeper->formats);
        (void)close(keeper->alive[1]);
        for (struct stage *stage = keeper->stages; stage != NULL; stage = stage->next)
                (void)munmap(stage->run, sizeof(*stage->run));
        init_stage_main(&keeper->config, channel, keeper->alive[0], run);
}

static void fork_stage(struct keeper *keeper, int channel)
{
        struct sandbox_report report;
        struct stage *stage = calloc(1, sizeof(*stage));
        pid_t parent = getpid(), pid;

        if (stage == NULL) {
                (void)init_fail(&report, SANDBOX_STEP_MEMORY, ENOMEM, NULL);
                report_failure(channel, &report);
                return;
        }
        stage->run = mmap(NULL, sizeof(*stage->run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (stage->run != MAP_FAILED) {
                pid = init_sys_fork(CLONE_NEWNS, &stage->pid);
                if (pid == 0)
                        run_stage(keeper, channel, stage->run, parent);
                if (pid > 0) {
                        stage->next = keeper->stages;
                        keeper->stages = stage;
                        return;
                }
        }
        (void)init_fail(&report, SANDBOX_STEP_FORK, errno, "the init of a stage");
        if (stage->run != MAP_FAILED)
                (void)munmap(stage->run, sizeof(*stage->run));
        free(stage);
        report_failure(channel, &report);
}

/* Kills all that is left and returns when it is gone. */
static void end_all(struct keeper *keeper)
{
        pid_t pid;

        for (struct stage *stage = keeper->stages; stage != NULL; stage = stage->next)
                (void)kill(stage->pid, SIGKILL);
        while ((pid = waitpid(-1, NULL, 0)) > 0 || errno == EINTR)
                if (pid > 0)
                        forget_stage(keeper, pid);
}

/* -1: the builder is gone. */
static int emulate(struct keeper *keeper, struct sandbox_frame *frame)
{
        struct sandbox_report report;

        if (init_emulate(&keeper->config, frame, &keeper->formats, &report) < 0)
                return sandbox_report_send(keeper->socket, SANDBOX_FRAME_FAILED, &report);
        return sandbox_frame_send(keeper->socket, SANDBOX_FRAME_EMULATED, NULL, NULL, 0);
}

static void serve(struct keeper *keeper)
{
        for (;;) {
                struct pollfd polls[2] = {{keeper->socket, POLLIN, 0}, {keeper->signals, POLLIN, 0}};
                struct sandbox_frame frame = SANDBOX_FRAME_INIT;

                if (poll(polls, 2, -1) < 0 && errno != EINTR)
                        return;
                if (polls[1].revents)
                        bury_the_dead(keeper);
                if (!polls[0].revents)
                        continue;
                if (sandbox_frame_receive(keeper->socket, &frame) != 1 || frame.fd_count != 1)
                        return;
                if (frame.type == SANDBOX_FRAME_STAGE)
                        fork_stage(keeper, frame.fds[0]);
                else if (frame.type != SANDBOX_FRAME_EMULATE || emulate(keeper, &frame) < 0)
                        return;
                sandbox_frame_clear(&frame);
        }
}

int main(void)
{
        struct keeper keeper = {.socket = KEEPER_SOCKET, .signals = -1, .formats = -1, .alive = {-1, -1}};
        struct sandbox_report report;
        int type;
        socklen_t size = sizeof(type);

        /* started by anybody but bryo, e.g. by an image whose script names /proc/self/exe as its interpreter */
        if (getsockopt(KEEPER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
                return 125;
        if (fcntl(KEEPER_SOCKET, F_SETFD, FD_CLOEXEC) < 0)
                return 125;
        read_config(KEEPER_SOCKET, &keeper.config);
        if (init_descriptors_close_from(KEEPER_SOCKET + 1, &keeper.config, NULL) < 0)
                return 125;
        if (set_up(&keeper, &report) < 0) {
                report_failure(keeper.socket, &report);
                return 1;
        }
        if (sandbox_frame_send(keeper.socket, SANDBOX_FRAME_READY, NULL, NULL, 0) < 0)
                return 1;
        serve(&keeper);
        end_all(&keeper);
        return 0;
}
