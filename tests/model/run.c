/* SPDX-License-Identifier: Apache-2.0 */
/* One run: the server process here, the client as its child, and the watch over both. */
#include "tests/model/run.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "sandbox/mapping.h"
#include "tests/model/client.h"
#include "tests/model/stage.h"

struct server {
        const struct run_options *o;
        const char *directory;
        struct stage stage;
        struct report *report;
        pid_t client;
        int socket;
};

/* --- the server process --- */

static int map_ids(const struct server *s, struct error *err)
{
        struct sandbox_options options = {.subuid_file = "/etc/subuid", .subgid_file = "/etc/subgid"};
        struct sandbox_mapping mapping = SANDBOX_MAPPING_INIT;
        int result = sandbox_mapping_prepare(&options, &mapping, err);

        if (result == 0)
                result = sandbox_mapping_apply(&mapping, s->client, err);
        sandbox_mapping_free(&mapping);
        if (result < 0)
                s->report->impossible = true;
        return result;
}

static int answer(struct server *s, enum message message, int fd, struct error *err)
{
        switch (message) {
        case MESSAGE_MAP:
                return map_ids(s, err);
        case MESSAGE_SERVE:
                return stage_serve(&s->stage, fd, s->o->policy, err);
        case MESSAGE_REMOUNT:
        case MESSAGE_QUIT:
                return stage_unserve(&s->stage, err);
        case MESSAGE_SEAL:
                return stage_unserve(&s->stage, err) < 0 ? -1 : stage_seal(&s->stage, err);
        case MESSAGE_LOAD:
                if (stage_unserve(&s->stage, err) < 0 || stage_seal(&s->stage, err) < 0)
                        return -1;
                return stage_load(&s->stage, err);
        case MESSAGE_OK:
        case MESSAGE_FAILED:
                break;
        }
        return error_set(err, EPROTO, "the client says %d", message);
}

static void serve_client(struct server *s)
{
        enum message message;
        int fd;

        while (channel_receive(s->socket, &message, &fd)) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (answer(s, message, fd, &err) < 0)
                        report_fail(s->report, s->report->op, "%s", err.message);
                if (!channel_send(s->socket, s->report->failed ? MESSAGE_FAILED : MESSAGE_OK, -1) ||
                    message == MESSAGE_QUIT)
                        break;
        }
}

static void start_client(struct server *s, const struct op_list *list, int socket)
{
        char mounts[300];
        struct client_options options = {
                .directory = mounts, .ops = list, .socket = socket, .report = s->report, .verbose = s->o->verbose};

        snprintf(mounts, sizeof(mounts), "%s/mounts", s->directory);
        s->client = fork();
        if (s->client == 0) {
                (void)fd_close(s->socket);
                if (mkdir(mounts, 0755) == 0)
                        client_main(&options);
                report_fail(s->report, 0, "cannot make %s", mounts);
                _exit(1);
        }
        (void)fd_close(socket);
}

__attribute__((noreturn)) static void server_main(struct server *s, const struct op_list *list)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char store[300];
        int pair[2], status = 0;

        /* the watcher's end is the end of this, and with the descriptor of the mount closed, of the client */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                abort();
        s->socket = pair[0];
        start_client(s, list, pair[1]);
        snprintf(store, sizeof(store), "%s/store", s->directory);
        if (stage_open(&s->stage, store, &err) < 0)
                report_fail(s->report, 0, "%s", err.message);
        else
                serve_client(s);
        s->socket = fd_close(s->socket);
        overlay_server_free(s->stage.server);
        s->stage.server = NULL;
        if (waitpid(s->client, &status, 0) < 0 || (status != 0 && !s->report->failed))
                report_fail(s->report, s->report->op, "the client ended with status 0x%x", status);
        stage_close(&s->stage);
        exit(s->report->failed ? 1 : 0);
}

/* --- the watch --- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
        (void)st;
        (void)kind;
        (void)where;
        return remove(path);
}

/* Waits for the server, for so long; its exit status, or -1 for one that had to be killed. */
static int wait_for(pid_t pid, unsigned timeout, struct report *report)
{
        const struct timespec pause = {.tv_nsec = 2000000};
        time_t end = time(NULL) + (time_t)timeout;
        int status;

        while (waitpid(pid, &status, WNOHANG) == 0) {
                if (time(NULL) > end) {
                        /* first, or what the client meets now would count */
                        report_fail(report, report->op, "hangs: no end after %u seconds", timeout);
                        kill(pid, SIGKILL);
                        (void)waitpid(pid, &status, 0);
                        return -1;
                }
                nanosleep(&pause, NULL);
        }
        return status;
}

bool run_list(const struct run_options *options, const struct op_list *list, struct report *ret)
{
        struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CLEANUP_FREE char *directory = memory_printf("%s/run.XXXXXX", options->directory);
        struct server server = {.o = options, .directory = directory, .report = report};
        pid_t pid;
        int status;

        if (report == MAP_FAILED || !mkdtemp(directory))
                abort();
        fflush(stdout);
        pid = fork();
        if (pid < 0)
                abort();
        if (pid == 0)
                server_main(&server, list);
        status = wait_for(pid, options->timeout, report);
        if (status != 0)
                report_fail(report, report->op, "the server ended with status 0x%x", status);
        (void)nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        *ret = *report;
        munmap(report, sizeof(*report));
        return !ret->failed;
}
