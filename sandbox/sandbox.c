/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox as a whole: its keeper is started, its ids are mapped, and in the end everything in it is ended. */
#include "sandbox/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "sandbox/hint.h"
#include "sandbox/mapping.h"
#include "sandbox/program.h"
#include "sandbox/report.h"

static struct sandbox_options with_defaults(const struct sandbox_options *given)
{
        struct sandbox_options options = *given;

        options.scratch_dir = options.scratch_dir ? options.scratch_dir : "/tmp";
        options.fuse_device = options.fuse_device ? options.fuse_device : "/dev/fuse";
        options.subuid_file = options.subuid_file ? options.subuid_file : "/etc/subuid";
        options.subgid_file = options.subgid_file ? options.subgid_file : "/etc/subgid";
        options.sysctl_dir = options.sysctl_dir ? options.sysctl_dir : "/proc/sys";
        return options;
}

/* Before any work: the init would meet the same refusal, but a minute later. */
static int check_fuse(const char *device, struct error *err)
{
        CLEANUP_FD int fd = open(device, O_RDWR | O_CLOEXEC);

        return fd >= 0 ? 0 : sandbox_hint_fuse(device, errno, err);
}

int sandbox_receive(const struct sandbox *s, int socket, const char *who, enum sandbox_frame_type expected,
                    struct sandbox_frame *ret, enum sandbox_step *ret_report_step, struct error *err)
{
        for (;;) {
                struct sandbox_report report;
                int got = sandbox_frame_receive(socket, ret);

                if (got == 0)
                        return error_set(err, ECHILD, "%s was killed", who);
                if (got < 0)
                        return error_errno(err, errno, "cannot understand %s", who);
                if (ret->type == expected)
                        return 0;
                if (ret->type != SANDBOX_FRAME_LOG && ret->type != SANDBOX_FRAME_FAILED)
                        return error_set(err, EPROTO, "%s said something unexpected (%d)", who, (int)ret->type);
                if (sandbox_report_unpack(ret, &report) < 0)
                        return error_errno(err, errno, "cannot understand a report of %s", who);
                if (ret->type == SANDBOX_FRAME_FAILED) {
                        if (ret_report_step != NULL)
                                *ret_report_step = report.step;
                        return sandbox_report_to_error(&report, s->sysctl_dir, s->fuse_device, err);
                }
                sandbox_report_log(&report, s->log);
                sandbox_frame_clear(ret);
        }
}

static int expect(const struct sandbox *s, enum sandbox_frame_type type, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        int rc = sandbox_receive(s, s->socket, "the keeper of the sandbox", type, &frame, NULL, err);

        sandbox_frame_clear(&frame);
        return rc;
}

static int send_config(struct sandbox *s, unsigned int disable, struct error *err)
{
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        int rc;

        sandbox_pack_u32(&pack, disable);
        sandbox_pack_string(&pack, s->rootdir != NULL ? s->rootdir : "");
        sandbox_pack_string(&pack, s->fuse_device);
        rc = sandbox_frame_send(s->socket, SANDBOX_FRAME_CONFIG, &pack, NULL, 0);
        sandbox_pack_clear(&pack);
        return rc < 0 ? error_errno(err, errno, "cannot talk to the keeper of the sandbox") : 0;
}

static int start_keeper(struct sandbox *s, const struct sandbox_options *options, struct error *err)
{
        int sockets[2], rc;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(err, errno, "cannot make a socketpair for the sandbox");
        s->socket = sockets[0];
        rc = sandbox_program_start(options, sockets[1], &s->keeper, err);
        (void)close(sockets[1]);
        return rc < 0 ? -1 : send_config(s, options->disable, err);
}

static int set_up(struct sandbox *s, const struct sandbox_options *options, struct error *err)
{
        struct sandbox_mapping mapping = SANDBOX_MAPPING_INIT;
        int rc = sandbox_mapping_prepare(options, &mapping, err);

        if (rc == 0)
                rc = start_keeper(s, options, err);
        if (rc == 0)
                rc = expect(s, SANDBOX_FRAME_UNSHARED, err);
        if (rc == 0)
                rc = sandbox_mapping_apply(&mapping, s->keeper, err);
        if (rc == 0 && sandbox_frame_send(s->socket, SANDBOX_FRAME_MAPPED, NULL, NULL, 0) < 0)
                rc = error_errno(err, errno, "cannot talk to the keeper of the sandbox");
        if (rc == 0)
                rc = expect(s, SANDBOX_FRAME_READY, err);
        sandbox_mapping_free(&mapping);
        return rc;
}

int sandbox_open(const struct sandbox_options *given, struct sandbox **ret, struct error *err)
{
        const struct sandbox_options options = with_defaults(given);
        struct sandbox *s;

        if (options.rootdir == NULL && check_fuse(options.fuse_device, err) < 0)
                return -1;
        s = memory_zalloc(1, sizeof(*s));
        *s = (struct sandbox){.log = options.log, .socket = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
        s->sysctl_dir = memory_strdup(options.sysctl_dir);
        s->fuse_device = memory_strdup(options.fuse_device);
        if (options.rootdir != NULL) {
                s->rootdir = realpath(options.rootdir, NULL);
                if (s->rootdir == NULL) {
                        (void)error_errno(err, errno, "cannot find the root directory %s", options.rootdir);
                        goto failed;
                }
        }
        if (set_up(s, &options, err) < 0)
                goto failed;
        *ret = s;
        return 0;
failed:
        sandbox_close(s);
        return -1;
}

void sandbox_close(struct sandbox *s)
{
        int status;

        if (s == NULL)
                return;
        /* end-of-file is the order to kill everything; the keeper exits when it has buried the last one */
        s->socket = fd_close(s->socket);
        if (s->keeper > 0)
                while (waitpid(s->keeper, &status, 0) < 0 && errno == EINTR)
                        ;
        (void)pthread_mutex_destroy(&s->lock);
        free(s->rootdir);
        free(s->sysctl_dir);
        free(s->fuse_device);
        free(s);
}
