/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's end of a stage: requests to its init, and what comes back. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/fd.h"
#include "common/memory.h"
#include "sandbox/private.h"
#include "sandbox/report.h"

#define STAGE_INIT       "the init of this stage"
#define HOSTNAME_LONGEST 64 /* __NEW_UTS_LEN */
#define SHM_SIZE         (UINT64_C(64) << 20) /* moby, daemon/config: DefaultShmSize */

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

uint64_t sandbox_default_capabilities(void)
{
        return CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_FOWNER) |
               CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) |
               CAP_BIT(CAP_SETFCAP) | CAP_BIT(CAP_SETPCAP) | CAP_BIT(CAP_NET_BIND_SERVICE) |
               CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_KILL) | CAP_BIT(CAP_AUDIT_WRITE);
}

struct sandbox_stage {
        struct sandbox *sandbox;
        int socket;
        pthread_mutex_t lock; /* frames to the init go out whole; several threads may signal */
        int tty;
        int listeners[SANDBOX_FRAME_FDS]; /* of the last command, not taken yet */
        size_t listener_count;
        bool running; /* started, and not waited for */
        bool exec_failed;
};

static int send_frame(struct sandbox_stage *stage, enum sandbox_frame_type type, const struct sandbox_pack *pack,
                      const int *fds, size_t fd_count, struct error *err)
{
        int rc;

        (void)pthread_mutex_lock(&stage->lock);
        rc = sandbox_frame_send(stage->socket, type, pack, fds, fd_count);
        (void)pthread_mutex_unlock(&stage->lock);
        if (rc < 0 && (errno == EPIPE || errno == ECONNRESET))
                return error_set(err, ECHILD, "%s was killed", STAGE_INIT);
        return rc < 0 ? error_errno(err, errno, "cannot talk to %s", STAGE_INIT) : 0;
}

int sandbox_stage_open(struct sandbox *s, struct sandbox_stage **ret, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_stage *stage;
        int sockets[2], rc;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(err, errno, "cannot make a socketpair for a stage");
        (void)pthread_mutex_lock(&s->lock);
        rc = sandbox_frame_send(s->socket, SANDBOX_FRAME_STAGE, NULL, &sockets[1], 1);
        (void)pthread_mutex_unlock(&s->lock);
        if (rc < 0)
                (void)error_set(err, ECHILD, "cannot open a stage: the keeper of the sandbox was killed");
        (void)close(sockets[1]);
        if (rc == 0)
                rc = sandbox_receive(s, sockets[0], STAGE_INIT, SANDBOX_FRAME_READY, &frame, NULL, err);
        sandbox_frame_clear(&frame);
        if (rc < 0)
                return fd_close(sockets[0]);
        stage = memory_zalloc(1, sizeof(*stage));
        *stage = (struct sandbox_stage){
                .sandbox = s, .socket = sockets[0], .lock = PTHREAD_MUTEX_INITIALIZER, .tty = -1};
        *ret = stage;
        return 0;
}

static void close_listeners(struct sandbox_stage *stage)
{
        for (size_t i = 0; i < stage->listener_count; i++)
                (void)fd_close(stage->listeners[i]);
        stage->listener_count = 0;
}

void sandbox_stage_close(struct sandbox_stage *stage)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;

        if (stage == NULL)
                return;
        /* its end of file: it kills the command, reaps it, and exits, which is our end of file */
        (void)shutdown(stage->socket, SHUT_WR);
        while (sandbox_frame_receive(stage->socket, &frame) > 0)
                sandbox_frame_clear(&frame);
        sandbox_frame_clear(&frame);
        (void)fd_close(stage->socket);
        (void)fd_close(stage->tty);
        close_listeners(stage);
        (void)pthread_mutex_destroy(&stage->lock);
        free(stage);
}

int sandbox_stage_mount(struct sandbox_stage *stage, int *ret_fuse_fd, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        int rc;

        if (stage->running)
                return error_set(err, EBUSY, "cannot mount a root: the last command of this stage was not waited for");
        if (send_frame(stage, SANDBOX_FRAME_MOUNT, NULL, NULL, 0, err) < 0)
                return -1;
        rc = sandbox_receive(stage->sandbox, stage->socket, STAGE_INIT, SANDBOX_FRAME_MOUNTED, &frame, NULL, err);
        if (rc == 0 && (frame.fd_count != 0) == (stage->sandbox->rootdir != NULL))
                rc = error_set(err, EPROTO, "%s sent no /dev/fuse", STAGE_INIT);
        if (rc == 0)
                *ret_fuse_fd = fd_steal(&frame.fds[0]);
        sandbox_frame_clear(&frame);
        return rc;
}

static void pack_strings(struct sandbox_pack *pack, char *const *strings)
{
        uint32_t count = 0;

        while (strings != NULL && strings[count] != NULL)
                count++;
        sandbox_pack_u32(pack, count);
        for (uint32_t i = 0; i < count; i++)
                sandbox_pack_string(pack, strings[i]);
}

static void pack_rlimits(struct sandbox_pack *pack, const struct sandbox_command *command)
{
        sandbox_pack_u32(pack, (uint32_t)command->rlimit_count);
        for (size_t i = 0; i < command->rlimit_count; i++) {
                sandbox_pack_u32(pack, (uint32_t)command->rlimits[i].resource);
                sandbox_pack_u64(pack, command->rlimits[i].soft);
                sandbox_pack_u64(pack, command->rlimits[i].hard);
        }
}

static void pack_mount(struct sandbox_pack *pack, const struct sandbox_mount *mount)
{
        uint32_t flags = 0;

        flags |= mount->readonly ? SANDBOX_RUN_MOUNT_READONLY : 0;
        flags |= mount->executable ? SANDBOX_RUN_MOUNT_EXEC : 0;
        sandbox_pack_u32(pack, (uint32_t)mount->kind);
        sandbox_pack_u32(pack, flags);
        sandbox_pack_string(pack, mount->target);
        sandbox_pack_string(pack, mount->source != NULL ? mount->source : "");
        sandbox_pack_u32(pack, mount->mode);
        sandbox_pack_u32(pack, mount->uid);
        sandbox_pack_u32(pack, mount->gid);
        sandbox_pack_u64(pack, mount->size);
        sandbox_pack_bytes(pack, mount->bytes, mount->kind == SANDBOX_MOUNT_FILE ? mount->size : 0);
}

static void pack_command(struct sandbox_pack *pack, const struct sandbox_command *command, uint32_t stdio)
{
        uint32_t flags = 0;

        flags |= command->hosts != NULL ? SANDBOX_RUN_HOSTS : 0;
        flags |= command->resolv_conf != NULL ? SANDBOX_RUN_RESOLV_CONF : 0;
        flags |= command->tty ? SANDBOX_RUN_TERMINAL : 0;
        flags |= command->network == SANDBOX_NETWORK_NONE ? SANDBOX_RUN_NO_NETWORK : 0;
        flags |= command->another_follows ? SANDBOX_RUN_ANOTHER : 0;
        sandbox_pack_u32(pack, flags);
        sandbox_pack_u32(pack, stdio);
        sandbox_pack_u32(pack, command->uid);
        sandbox_pack_u32(pack, command->gid);
        sandbox_pack_string(pack, command->cwd != NULL ? command->cwd : "/");
        sandbox_pack_string(pack, command->hostname != NULL ? command->hostname : "localhost");
        sandbox_pack_string(pack, command->hosts != NULL ? command->hosts : "");
        sandbox_pack_string(pack, command->resolv_conf != NULL ? command->resolv_conf : "");
        sandbox_pack_u32(pack, (uint32_t)command->group_count);
        for (size_t i = 0; i < command->group_count; i++)
                sandbox_pack_u32(pack, command->groups[i]);
        pack_strings(pack, command->argv);
        pack_strings(pack, command->env);
        sandbox_pack_u64(pack, command->capabilities ? command->capabilities : sandbox_default_capabilities());
        sandbox_pack_u64(pack, command->shm_size ? command->shm_size : SHM_SIZE);
        sandbox_pack_u32(pack, command->tty_rows);
        sandbox_pack_u32(pack, command->tty_columns);
        pack_rlimits(pack, command);
        sandbox_pack_u32(pack, (uint32_t)command->mount_count);
        for (size_t i = 0; i < command->mount_count; i++)
                pack_mount(pack, &command->mounts[i]);
}

static size_t count_trees(const struct sandbox_command *command)
{
        size_t count = 0;

        for (size_t i = 0; i < command->mount_count; i++)
                count += command->mounts[i].kind == SANDBOX_MOUNT_TREE;
        return count;
}

/* What the caller got wrong, said before anything is sent. */
static int check_command(const struct sandbox_stage *stage, const struct sandbox_command *command, struct error *err)
{
        if (stage->running)
                return error_set(err, EBUSY, "cannot run a command: the last one of this stage was not waited for");
        if (command->argv == NULL || command->argv[0] == NULL)
                return error_set(err, EINVAL, "cannot run a command: it is empty");
        if (command->hostname != NULL && strlen(command->hostname) > HOSTNAME_LONGEST)
                return error_set(err, ENAMETOOLONG, "cannot set the host name \"%s\": it is longer than %d bytes",
                                 command->hostname, HOSTNAME_LONGEST);
        if (command->cwd != NULL && command->cwd[0] != '/')
                return error_set(err, EINVAL, "cannot enter the working directory \"%s\": it is not absolute",
                                 command->cwd);
        if (command->group_count > SANDBOX_GROUPS_MAX)
                return error_set(err, EINVAL, "cannot set the command's groups: %zu are more than the %d possible",
                                 command->group_count, SANDBOX_GROUPS_MAX);
        if (command->network != SANDBOX_NETWORK_HOST && command->network != SANDBOX_NETWORK_NONE)
                return error_set(err, EINVAL, "cannot run a command: unknown network mode %d", (int)command->network);
        if (command->rlimit_count > SANDBOX_RLIMITS_MAX)
                return error_set(err, EINVAL, "cannot run a command: %zu resource limits are more than %d",
                                 command->rlimit_count, SANDBOX_RLIMITS_MAX);
        if (count_trees(command) > SANDBOX_MOUNT_FD_MAX)
                return error_set(err, EINVAL, "cannot run a command: it has more than %d mounts", SANDBOX_MOUNT_FD_MAX);
        if (command->uid == (uid_t)-1 || command->gid == (gid_t)-1)
                return error_set(err, EINVAL, "cannot run a command: 4294967295 is no id");
        return 0;
}

static int send_command(struct sandbox_stage *stage, const struct sandbox_command *command, struct error *err)
{
        const int stdio[3] = {command->stdin_fd, command->stdout_fd, command->stderr_fd};
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        uint32_t present = 0;
        size_t count = 0;
        int fds[SANDBOX_FRAME_FDS], rc;

        for (int i = 0; i < 3 && !command->tty; i++) {
                if (stdio[i] < 0)
                        continue;
                fds[count++] = stdio[i];
                present |= 1u << i;
        }
        for (size_t i = 0; i < command->mount_count; i++)
                if (command->mounts[i].kind == SANDBOX_MOUNT_TREE)
                        fds[count++] = command->mounts[i].fd;
        pack_command(&pack, command, present);
        if (pack.failed == E2BIG)
                rc = error_set(err, E2BIG,
                               "cannot run \"%s\": its arguments, environment and files are more than %u MiB",
                               command->argv[0], SANDBOX_FRAME_MAX >> 20);
        else
                rc = send_frame(stage, SANDBOX_FRAME_RUN, &pack, fds, count, err);
        sandbox_pack_clear(&pack);
        return rc;
}

/* STARTED brings the terminal's master, if there is one, and the listening sockets. */
static void take_started(struct sandbox_stage *stage, struct sandbox_frame *frame)
{
        struct sandbox_unpack unpack;
        size_t next = 0;

        sandbox_unpack_start(&unpack, frame);
        if (sandbox_unpack_u32(&unpack) != 0)
                stage->tty = fd_steal(&frame->fds[next++]);
        while (next < frame->fd_count)
                stage->listeners[stage->listener_count++] = fd_steal(&frame->fds[next++]);
}

int sandbox_stage_start(struct sandbox_stage *stage, const struct sandbox_command *command, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        enum sandbox_step step = SANDBOX_STEP_PROTOCOL;
        int rc;

        stage->exec_failed = false;
        stage->tty = fd_close(stage->tty);
        close_listeners(stage);
        if (check_command(stage, command, err) < 0 || send_command(stage, command, err) < 0)
                return -1;
        rc = sandbox_receive(stage->sandbox, stage->socket, STAGE_INIT, SANDBOX_FRAME_STARTED, &frame, &step, err);
        if (rc == 0) {
                stage->running = true;
                take_started(stage, &frame);
        } else {
                stage->exec_failed = sandbox_report_is_exec(step);
        }
        sandbox_frame_clear(&frame);
        return rc;
}

bool sandbox_stage_is_exec_failure(const struct sandbox_stage *stage)
{
        return stage->exec_failed;
}

int sandbox_stage_take_tty(struct sandbox_stage *stage)
{
        return fd_steal(&stage->tty);
}

int sandbox_stage_take_listener(struct sandbox_stage *stage)
{
        int fd;

        if (stage->listener_count == 0)
                return -1;
        fd = stage->listeners[0];
        stage->listener_count--;
        memmove(stage->listeners, stage->listeners + 1, stage->listener_count * sizeof(stage->listeners[0]));
        return fd;
}

/* One of the requests about trees, and its answer; `number` is sent unless NULL. The frame is the caller's to clear. */
static int ask(struct sandbox_stage *stage, enum sandbox_frame_type type, const unsigned *number,
               enum sandbox_frame_type answer, struct sandbox_frame *ret, struct error *err)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        int rc;

        if (number != NULL)
                sandbox_pack_u32(&pack, *number);
        rc = send_frame(stage, type, &pack, NULL, 0, err);
        sandbox_pack_clear(&pack);
        if (rc == 0)
                rc = sandbox_receive(stage->sandbox, stage->socket, STAGE_INIT, answer, ret, NULL, err);
        return rc;
}

int sandbox_stage_attach(struct sandbox_stage *stage, int *ret_fuse_fd, unsigned *ret_number, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_unpack unpack;
        int rc = ask(stage, SANDBOX_FRAME_ATTACH, NULL, SANDBOX_FRAME_ATTACHED, &frame, err);

        if (rc == 0 && frame.fd_count != 1)
                rc = error_set(err, EPROTO, "%s sent no /dev/fuse", STAGE_INIT);
        if (rc == 0) {
                sandbox_unpack_start(&unpack, &frame);
                *ret_number = sandbox_unpack_u32(&unpack);
                *ret_fuse_fd = fd_steal(&frame.fds[0]);
        }
        sandbox_frame_clear(&frame);
        return rc;
}

int sandbox_stage_clone(struct sandbox_stage *stage, unsigned number, int *ret_mount_fd, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        int rc = ask(stage, SANDBOX_FRAME_CLONE, &number, SANDBOX_FRAME_CLONED, &frame, err);

        if (rc == 0 && frame.fd_count != 1)
                rc = error_set(err, EPROTO, "%s sent no mount", STAGE_INIT);
        if (rc == 0)
                *ret_mount_fd = fd_steal(&frame.fds[0]);
        sandbox_frame_clear(&frame);
        return rc;
}

int sandbox_stage_detach(struct sandbox_stage *stage, unsigned number, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        int rc = ask(stage, SANDBOX_FRAME_DETACH, &number, SANDBOX_FRAME_DETACHED, &frame, err);

        sandbox_frame_clear(&frame);
        return rc;
}

int sandbox_stage_fd(const struct sandbox_stage *stage)
{
        return stage->socket;
}

int sandbox_stage_wait(struct sandbox_stage *stage, struct sandbox_exit *ret, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_unpack unpack;
        int rc, status;

        if (!stage->running)
                return error_set(err, ECHILD, "cannot wait for a command: none was started");
        stage->running = false;
        rc = sandbox_receive(stage->sandbox, stage->socket, STAGE_INIT, SANDBOX_FRAME_EXITED, &frame, NULL, err);
        if (rc == 0) {
                sandbox_unpack_start(&unpack, &frame);
                status = (int)sandbox_unpack_u32(&unpack);
                if (!sandbox_unpack_is_complete(&unpack) || (!WIFEXITED(status) && !WIFSIGNALED(status)))
                        rc = error_set(err, EPROTO, "%s sent no exit status", STAGE_INIT);
                else if (WIFSIGNALED(status))
                        *ret = (struct sandbox_exit){true, WTERMSIG(status)};
                else
                        *ret = (struct sandbox_exit){false, WEXITSTATUS(status)};
        }
        sandbox_frame_clear(&frame);
        return rc;
}

int sandbox_stage_signal(struct sandbox_stage *stage, int signo, struct error *err)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        int rc;

        if (signo <= 0 || signo > SIGRTMAX)
                return error_set(err, EINVAL, "cannot send signal %d: there is no such signal", signo);
        sandbox_pack_u32(&pack, (uint32_t)signo);
        rc = send_frame(stage, SANDBOX_FRAME_SIGNAL, &pack, NULL, 0, err);
        sandbox_pack_clear(&pack);
        return rc;
}

void sandbox_stage_kill(struct sandbox_stage *stage)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        /* an init that cannot be told is dead, and took the command with it */
        (void)sandbox_stage_signal(stage, SIGKILL, &err);
}
