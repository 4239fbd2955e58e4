/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init of a stage: owns the stage's mount namespace, mounts the root of each
 * command, starts the command in namespaces of its own and reports its end. It
 * stays in the builder's pid namespace so that the FUSE requests of the mounts it
 * makes carry pids the builder can use.
 *
 * It has one child at a time. That is forked ahead of its command where it can be: when the
 * root is mounted, or when the command before has ended and another is expected; then its root is mounted, too.
 * Namespaces and mounts are made while the builder is at work. A child that dies without a command is replaced in
 * silence; what was wrong will be wrong with its successor, too, which is given the command.
 *
 * It never looks into the union it mounts, so nothing the builder's server does
 * can block it. End-of-file from the builder or from the keeper (and SIGTERM, which
 * is the keeper's parent-death signal) make it kill its command, wait for it, and
 * exit. If it is itself killed, the keeper does that for it: `run`, on a page
 * shared with the keeper, is written by the kernel before the command first runs
 * and cleared before the pid is free for reuse.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"

struct stage {
        const struct init_config *config;
        int channel; /* to the builder */
        int alive;   /* from the keeper */
        int signals;
        pid_t *run;    /* the child, 0 if none; written by the kernel at fork */
        int root;      /* the mount for the next command; -1 if there is none, or it is on INIT_UNION */
        int fuse;      /* its /dev/fuse, if it was mounted before the builder asked for it; else -1 */
        bool mounted;  /* INIT_UNION holds that mount, for a child that is forked later */
        bool attached; /* there are no detached mounts here, so that no child can be forked ahead */
        int reports;   /* to and from the child while it sets up; -1 when it has become the command */
        int terminal;  /* the master side, on its way to the builder */
        int listeners[SANDBOX_FRAME_FDS - 1]; /* likewise */
        size_t listener_count;
        uint32_t trees; /* attached so far: their numbers count from 1 */
        bool commanded; /* the child knows its command: STARTED or FAILED is owed, or was sent */
        bool another;   /* a further command is expected after this one */
        bool executed;  /* the child got as far as execve */
        bool started;   /* STARTED was sent: EXITED is owed */
        int ended_by;   /* the signal whose default action was carried out for the command, else 0 */
};

/* Kills the command and returns when its pid namespace is gone; the order the whole file turns on. */
static _Noreturn void end(struct stage *stage)
{
        if (*stage->run > 0) {
                (void)kill(*stage->run, SIGKILL);
                while (waitpid(*stage->run, NULL, 0) < 0 && errno == EINTR)
                        ;
                *stage->run = 0;
        }
        _exit(0);
}

static void send_or_end(struct stage *stage, enum sandbox_frame_type type, const struct sandbox_pack *pack, int fd)
{
        if (sandbox_frame_send(stage->channel, type, pack, &fd, fd >= 0 ? 1 : 0) < 0)
                end(stage);
}

static void send_failure(struct stage *stage, const struct sandbox_report *report)
{
        if (sandbox_report_send(stage->channel, SANDBOX_FRAME_FAILED, report) < 0)
                end(stage);
}

static void drop_root(struct stage *stage)
{
        if (stage->root >= 0)
                (void)close(stage->root);
        stage->root = -1;
        if (stage->fuse >= 0)
                (void)close(stage->fuse);
        stage->fuse = -1;
        if (stage->mounted)
                (void)umount2(INIT_UNION, MNT_DETACH);
        stage->mounted = false;
}

/* Waits for a child that is about to exit or dead; returns its wait status. */
static int reap(struct stage *stage)
{
        siginfo_t info;
        pid_t pid = *stage->run;
        int status = 0;

        while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
                ;
        *stage->run = 0; /* before the pid can belong to somebody else */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status;
}

/* Ends a child before it is the command; returns its wait status. */
static int drop_child(struct stage *stage)
{
        (void)close(stage->reports);
        stage->reports = -1;
        stage->commanded = false;
        (void)kill(*stage->run, SIGKILL);
        return reap(stage);
}

/* In the new process. */
static _Noreturn void run_child(struct stage *stage, int socket)
{
        sigset_t none;

        /* a second net: the keeper kills the command of a stage that was killed, but both may die in one moment */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(1);
        sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                _exit(1);
        init_command_main(stage->config, socket);
}

/* Makes a child unless there is one. Where it fails nothing is lost: who needs it tries again, and tells. */
static int ensure_child(struct stage *stage, struct sandbox_report *report)
{
        unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
        int sockets[2];
        pid_t pid;

        if (*stage->run > 0)
                return 0;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return init_fail(report, SANDBOX_STEP_FORK, errno, "the command");
        pid = init_sys_fork(flags, stage->run);
        if (pid == 0)
                run_child(stage, sockets[1]);
        (void)close(sockets[1]);
        if (pid < 0) {
                (void)init_fail(report, SANDBOX_STEP_FORK, errno, "the command");
                *stage->run = 0;
                (void)close(sockets[0]);
                return -1;
        }
        stage->reports = sockets[0];
        stage->executed = false;
        stage->ended_by = 0;
        return 0;
}

static int mount_root(struct stage *stage, int *ret_fuse_fd, struct sandbox_report *report)
{
        const struct init_config *config = stage->config;
        const struct init_context context = {config, stage->channel};
        bool refused;

        if (init_root_mount(config, &stage->root, ret_fuse_fd, &refused, report) == 0)
                return 0;
        if (!refused)
                return -1;
        if (!stage->attached)
                init_log(&context, SANDBOX_STEP_DETACHED, report->code, NULL);
        stage->attached = true;
        if (*stage->run > 0)
                (void)drop_child(stage); /* its namespace is older than the mount will be */
        if (config->rootdir[0] == '\0') {
                if (init_fuse_mount(INIT_UNION, ret_fuse_fd, report) < 0)
                        return -1;
        } else if (mount(INIT_ROOTDIR, INIT_UNION, NULL, MS_BIND | MS_REC, NULL) < 0) {
                return init_fail(report, SANDBOX_STEP_ROOTDIR, errno, config->rootdir);
        }
        stage->mounted = true;
        return 0;
}

static void handle_mount(struct stage *stage)
{
        struct sandbox_report report;
        int fd = stage->fuse;

        if (stage->commanded)
                end(stage); /* a builder that breaks the protocol is as good as gone */
        stage->fuse = -1;
        if (fd < 0) {
                drop_root(stage);
                if (mount_root(stage, &fd, &report) < 0) {
                        send_failure(stage, &report);
                        return;
                }
        }
        send_or_end(stage, SANDBOX_FRAME_MOUNTED, NULL, fd);
        if (fd >= 0)
                (void)close(fd); /* now only the builder has it: when it dies, the mount is aborted */
        if (stage->root >= 0)
                (void)ensure_child(stage, &report);
}

/* A child that died meanwhile is found dead by handle_child. */
static void pass_command(struct stage *stage, const struct sandbox_frame *frame)
{
        const struct sandbox_pack pack = {.data = frame->payload, .size = frame->size};

        if (stage->root >= 0)
                (void)sandbox_frame_send(stage->reports, SANDBOX_FRAME_ROOT, NULL, &stage->root, 1);
        (void)sandbox_frame_send(stage->reports, SANDBOX_FRAME_RUN, &pack, frame->fds, frame->fd_count);
        stage->commanded = true;
}

static void handle_run(struct stage *stage, struct sandbox_frame *frame)
{
        struct sandbox_report report;
        struct sandbox_unpack unpack;
        int rc;

        if (stage->commanded)
                end(stage);
        sandbox_unpack_start(&unpack, frame);
        stage->another = sandbox_unpack_u32(&unpack) & SANDBOX_RUN_ANOTHER;
        if (stage->root < 0 && !stage->mounted)
                rc = init_fail(&report, SANDBOX_STEP_NO_MOUNT, EINVAL, NULL);
        else
                rc = ensure_child(stage, &report);
        if (rc == 0)
                pass_command(stage, frame);
        /* the command has it, or a copy: when its namespace dies, the mount does */
        drop_root(stage);
        if (rc < 0)
                send_failure(stage, &report);
}

static void handle_signal(struct stage *stage, struct sandbox_frame *frame)
{
        struct sandbox_unpack unpack;
        uint32_t signo;

        sandbox_unpack_start(&unpack, frame);
        signo = sandbox_unpack_u32(&unpack);
        if (!sandbox_unpack_is_complete(&unpack) || signo == 0 || signo > (uint32_t)SIGRTMAX)
                end(stage);
        /* unreaped while it stands there, so the pid is the command's */
        if (*stage->run > 0 && stage->commanded && stage->ended_by == 0)
                stage->ended_by = init_deliver(*stage->run, (int)signo);
}

static void handle_attach(struct stage *stage)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        struct sandbox_report report;
        int fd = -1;

        if (init_attach(++stage->trees, &fd, &report) < 0) {
                send_failure(stage, &report);
                return;
        }
        sandbox_pack_u32(&pack, stage->trees);
        send_or_end(stage, SANDBOX_FRAME_ATTACHED, &pack, fd);
        sandbox_pack_clear(&pack);
        (void)close(fd); /* as with the root's: only the builder has it now */
}

/* CLONE and DETACH */
static void handle_tree(struct stage *stage, struct sandbox_frame *frame)
{
        struct sandbox_unpack unpack;
        struct sandbox_report report;
        uint32_t number;
        int fd = -1, rc;

        sandbox_unpack_start(&unpack, frame);
        number = sandbox_unpack_u32(&unpack);
        if (!sandbox_unpack_is_complete(&unpack) || number == 0 || number > stage->trees)
                end(stage);
        if (frame->type == SANDBOX_FRAME_CLONE)
                rc = init_attach_clone(number, &fd, &report);
        else
                rc = init_attach_drop(number, &report);
        if (rc < 0) {
                send_failure(stage, &report);
                return;
        }
        send_or_end(stage, frame->type == SANDBOX_FRAME_CLONE ? SANDBOX_FRAME_CLONED : SANDBOX_FRAME_DETACHED, NULL,
                    fd);
        if (fd >= 0)
                (void)close(fd);
}

static void handle_builder(struct stage *stage)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;

        if (sandbox_frame_receive(stage->channel, &frame) != 1)
                end(stage);
        if (frame.type == SANDBOX_FRAME_MOUNT)
                handle_mount(stage);
        else if (frame.type == SANDBOX_FRAME_RUN)
                handle_run(stage, &frame);
        else if (frame.type == SANDBOX_FRAME_SIGNAL)
                handle_signal(stage, &frame);
        else if (frame.type == SANDBOX_FRAME_ATTACH)
                handle_attach(stage);
        else if (frame.type == SANDBOX_FRAME_CLONE || frame.type == SANDBOX_FRAME_DETACH)
                handle_tree(stage, &frame);
        else
                end(stage);
        sandbox_frame_clear(&frame);
}

static void send_started(struct stage *stage)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        int fds[SANDBOX_FRAME_FDS];
        size_t count = 0;
        int rc;

        if (stage->terminal >= 0)
                fds[count++] = stage->terminal;
        for (size_t i = 0; i < stage->listener_count; i++)
                fds[count++] = stage->listeners[i];
        sandbox_pack_u32(&pack, stage->terminal >= 0);
        rc = sandbox_frame_send(stage->channel, SANDBOX_FRAME_STARTED, &pack, fds, count);
        sandbox_pack_clear(&pack);
        if (rc < 0)
                end(stage);
}

static void close_listeners(struct stage *stage)
{
        while (stage->listener_count > 0)
                (void)close(stage->listeners[--stage->listener_count]);
}

/* The channel of a child with a command has ended, or brought a failure: it runs the command now, or died. */
static void finish_start(struct stage *stage, const struct sandbox_report *failure)
{
        struct sandbox_report report;

        if (failure == NULL && stage->executed) {
                (void)close(stage->reports);
                stage->reports = -1;
                send_started(stage);
                stage->started = true;
        } else {
                int status = drop_child(stage);

                (void)init_fail(&report, SANDBOX_STEP_KILLED, WIFSIGNALED(status) ? WTERMSIG(status) : 0, NULL);
                send_failure(stage, failure != NULL ? failure : &report);
        }
        if (stage->terminal >= 0)
                (void)close(stage->terminal);
        stage->terminal = -1;
        close_listeners(stage);
}

static void handle_child(struct stage *stage)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_report report;

        if (sandbox_frame_receive(stage->reports, &frame) != 1) {
                stage->commanded ? finish_start(stage, NULL) : (void)drop_child(stage);
        } else if (!stage->commanded && frame.type != SANDBOX_FRAME_LOG) {
                (void)drop_child(stage);
        } else if (frame.type == SANDBOX_FRAME_EXECUTING) {
                stage->executed = true;
        } else if (frame.type == SANDBOX_FRAME_TERMINAL && frame.fd_count == 1 && stage->terminal < 0) {
                stage->terminal = frame.fds[0];
                frame.fds[0] = -1;
        } else if (frame.type == SANDBOX_FRAME_LISTENER && frame.fd_count == 1 &&
                   stage->listener_count < SANDBOX_FRAME_FDS - 1) {
                stage->listeners[stage->listener_count++] = frame.fds[0];
                frame.fds[0] = -1;
        } else if (frame.type == SANDBOX_FRAME_LOG && sandbox_report_unpack(&frame, &report) == 0) {
                if (sandbox_report_send(stage->channel, SANDBOX_FRAME_LOG, &report) < 0)
                        end(stage);
        } else if (frame.type == SANDBOX_FRAME_FAILED && sandbox_report_unpack(&frame, &report) == 0) {
                finish_start(stage, &report);
        } else {
                (void)init_fail(&report, SANDBOX_STEP_PROTOCOL, EPROTO, NULL);
                finish_start(stage, &report);
        }
        sandbox_frame_clear(&frame);
}

/* Returns true if the keeper is gone. */
static bool handle_signals(struct stage *stage)
{
        struct signalfd_siginfo info;
        bool told_to_end = false;

        while (read(stage->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
                if (info.ssi_signo == SIGTERM)
                        told_to_end = true;
        return told_to_end;
}

/* What the next command will need; what fails here fails again when it is asked for, and is told then. */
static void get_ahead(struct stage *stage)
{
        struct sandbox_report report;
        bool refused;

        if (ensure_child(stage, &report) == 0 && stage->root < 0 && stage->config->rootdir[0] == '\0' &&
            init_root_mount(stage->config, &stage->root, &stage->fuse, &refused, &report) < 0)
                stage->root = stage->fuse = -1;
}

/* Reports the end of the command once all of its pid namespace is gone: until then the kernel keeps pid 1 from being
 * reaped. */
static void look_for_end(struct stage *stage)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        siginfo_t info = {0};
        int status;

        if (!stage->started || waitid(P_PID, (id_t)*stage->run, &info, WEXITED | WNOWAIT | WNOHANG) < 0 ||
            info.si_pid == 0)
                return;
        stage->started = stage->commanded = false;
        status = reap(stage);
        if (stage->ended_by != 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
                status = stage->ended_by; /* the wait status of an end by that signal (wait(2)) */
        stage->ended_by = 0;
        sandbox_pack_u32(&pack, (uint32_t)status);
        send_or_end(stage, SANDBOX_FRAME_EXITED, &pack, -1);
        sandbox_pack_clear(&pack);
        if (stage->another && !stage->attached)
                get_ahead(stage);
}

static int set_up(struct stage *stage, struct sandbox_report *report)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGTERM);
        stage->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (stage->signals < 0)
                return init_fail(report, SANDBOX_STEP_MEMORY, errno, NULL);
        if (mount("bryo", INIT_STAGE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=32m,nr_inodes=4096") <
                    0 ||
            mount(INIT_STAGE, INIT_TEXTS, NULL, MS_BIND, NULL) < 0 ||
            mount(NULL, INIT_TEXTS, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) <
                    0)
                return init_fail(report, SANDBOX_STEP_STAGE_ROOT, errno, NULL);
        return 0;
}

void init_stage_main(const struct init_config *config, int channel, int alive, pid_t *run)
{
        struct stage stage = {.config = config,
                              .channel = channel,
                              .alive = alive,
                              .run = run,
                              .root = -1,
                              .fuse = -1,
                              .reports = -1,
                              .terminal = -1};
        struct sandbox_report report;

        if (set_up(&stage, &report) < 0) {
                send_failure(&stage, &report);
                end(&stage);
        }
        send_or_end(&stage, SANDBOX_FRAME_READY, NULL, -1);
        for (;;) {
                /* poll passes over negative descriptors */
                struct pollfd polls[] = {{stage.channel, POLLIN, 0},
                                         {stage.alive, POLLIN, 0},
                                         {stage.signals, POLLIN, 0},
                                         {stage.reports, POLLIN, 0}};

                if (poll(polls, 4, -1) < 0 && errno != EINTR)
                        end(&stage);
                if (polls[1].revents || (polls[2].revents && handle_signals(&stage))) {
                        /* tell the builder first: the command may be waiting for its file system, which is the
                         * builder's to abort */
                        (void)close(stage.channel);
                        end(&stage);
                }
                if (polls[3].revents)
                        handle_child(&stage);
                look_for_end(&stage);
                if (polls[0].revents)
                        handle_builder(&stage);
        }
}
