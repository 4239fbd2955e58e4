/* SPDX-License-Identifier: Apache-2.0 */
/* How a served mount ends: by itself, by the death of either side, by abort. None may hang, none may pass for another.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "common/memory.h"
#include "overlay/server.h"
#include "tests/unit/overlay_server_mount.h"
#include "tests/unit/overlay_server_tree.h"

static int body_busy_for_ever(void *context)
{
        int *started = context;
        unsigned i;

        for (i = 0;; i++) {
                char name[32];
                int fd;

                snprintf(name, sizeof name, "file%u", i % 50);
                fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
                if (fd < 0)
                        return errno; /* the other side is gone */
                if (write(fd, name, sizeof name) < 0)
                        return errno;
                if (close(fd) < 0)
                        return errno;
                if (i == 20 && write(*started, "s", 1) != 1)
                        return 1;
                unlink(name);
        }
}

static int body_quick(void *context)
{
        int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

        (void)context;
        CHECK_INT(write(fd, "x", 1), 1);
        CHECK_INT(close(fd), 0);
        return 0;
}

/* One second for what takes milliseconds. */
static bool ends_soon(pid_t pid, int *ret_status)
{
        int i;

        for (i = 0; i < 1000; i++) {
                if (waitpid(pid, ret_status, WNOHANG) == pid)
                        return true;
                usleep(5000);
        }
        return false;
}

static double now(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void test_end_of_the_mount(void)
{
        struct server_tree st = {0};
        int i;

        server_tree_make(&st);
        /* one tree, one mount after the other */
        for (i = 0; i < 3; i++) {
                struct overlay_server_counters counters = {0};

                mount_run(st.tree, st.mount, NULL, body_quick, NULL, &counters);
                CHECK_INT(counters.written_bytes, 1);
                CHECK_INT(counters.unknown_requests, 0);
        }
        server_tree_drop(&st);
}

static void test_killed_client(void)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct server_tree st = {0};
        struct mount_client client;
        int started[2];
        char byte;

        server_tree_make(&st);
        CHECK_INT(pipe2(started, O_CLOEXEC), 0);
        client = mount_start(st.mount, body_busy_for_ever, &started[1]);
        CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, NULL, &server, &err));
        mount_go(&client);
        CHECK_INT(read(started[0], &byte, 1), 1);
        CHECK_INT(kill(client.pid, SIGKILL), 0);
        /* its death ends its mount namespace, hence the mount: the good end */
        CHECK_OK(overlay_server_wait(server, &err));
        CHECK_INT(mount_finish(&client), 256 + SIGKILL);
        close(started[0]);
        close(started[1]);
        server_tree_drop(&st);
}

static void test_abort(void)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct server_tree st = {0};
        struct mount_client client;
        int started[2], status = -1;
        char byte;

        server_tree_make(&st);
        CHECK_INT(pipe2(started, O_CLOEXEC), 0);
        client = mount_start(st.mount, body_busy_for_ever, &started[1]);
        CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, NULL, &server, &err));
        mount_go(&client);
        CHECK_INT(read(started[0], &byte, 1), 1);
        overlay_server_abort(server);
        overlay_server_abort(server);
        CHECK_INT(overlay_server_wait(server, &err), -1);
        CHECK_INT(err.code, ECANCELED);
        CHECK(ends_soon(client.pid, &status));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1); /* it got an error, and told so */
        close(client.socket);
        close(started[0]);
        close(started[1]);
        server_tree_drop(&st);
}

static void test_abort_of_an_idle_mount(void)
{
        struct server_tree st = {0};
        int policy;

        server_tree_make(&st);
        for (policy = OVERLAY_SERVER_AUTO; policy <= OVERLAY_SERVER_PER_CPU; policy++) {
                struct overlay_server_options opts = {.policy = (enum overlay_server_policy)policy};
                struct overlay_server *server = NULL;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct mount_client client = mount_start(st.mount, body_quick, NULL);
                int status = -1;

                CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, &opts, &server, &err));
                usleep(60000); /* every thread sleeps now */
                overlay_server_free(server);
                close(client.socket); /* the client never got its go */
                CHECK(ends_soon(client.pid, &status));
        }
        server_tree_drop(&st);
}

/* The builder dies: the kernel aborts the connection because nobody else holds the descriptor. */
static void test_killed_server(void)
{
        struct server_tree st = {0};
        pid_t server_pid, client_pid;
        int pids[2], started[2], status = -1;
        char byte;

        server_tree_make(&st);
        CHECK_INT(pipe2(pids, O_CLOEXEC), 0);
        CHECK_INT(pipe2(started, O_CLOEXEC), 0);
        /* orphans come to this process: that is how it learns that the client has ended */
        CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
        fflush(stdout);
        server_pid = plain_fork();
        if (server_pid == 0) {
                struct error err = ERROR_INIT;
                struct overlay_server *server = NULL;
                struct mount_client client = mount_start(st.mount, body_busy_for_ever, &started[1]);

                if (overlay_server_start(st.tree, client.fuse_fd, NULL, &server, &err) < 0)
                        _exit(1);
                mount_go(&client);
                if (write(pids[1], &client.pid, sizeof client.pid) != sizeof client.pid)
                        _exit(1);
                overlay_server_wait(server, &err);
                _exit(1);
        }
        close(pids[1]);
        CHECK_INT(read(pids[0], &client_pid, sizeof client_pid), sizeof client_pid);
        CHECK_INT(read(started[0], &byte, 1), 1);
        CHECK_INT(kill(server_pid, SIGKILL), 0);
        CHECK_INT(waitpid(server_pid, &status, 0), server_pid);
        CHECK(ends_soon(client_pid, &status));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
        close(pids[0]);
        close(started[0]);
        close(started[1]);
        server_tree_drop(&st);
}

static void test_descriptor_that_is_no_mount(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_server *server = NULL;
        struct server_tree st = {0};
        int pair[2];

        server_tree_make(&st);
        CHECK_INT(pipe2(pair, O_CLOEXEC), 0);
        CHECK_INT(write(pair[1], "not a request", 13), 13);
        CHECK_INT(overlay_server_start(st.tree, pair[0], NULL, &server, &err), -1);
        CHECK_INT(err.code, EPROTO);
        CHECK_HAS(err.message, "FUSE");
        CHECK(server == NULL);
        CHECK_INT(fcntl(pair[0], F_GETFD), -1); /* taken, also on failure */
        error_clear(&err);
        CHECK_INT(overlay_server_start(st.tree, open("/dev/fuse", O_RDWR | O_CLOEXEC), NULL, &server, &err), -1);
        CHECK_HAS(err.message, "not mounted");
        close(pair[1]);
        server_tree_drop(&st);
}

/* What a RUN pays for its mount: printed, and far below what would be noticed. */
static void test_cost_of_a_session(void)
{
        struct server_tree st = {0};
        double start = 0, wait = 0;
        int i, rounds = 20;

        server_tree_make(&st);
        for (i = 0; i < rounds; i++) {
                CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct mount_client client = mount_start(st.mount, body_quick, NULL);
                double t = now();

                CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, NULL, &server, &err));
                start += now() - t;
                mount_go(&client);
                CHECK_INT(mount_finish(&client), 0);
                t = now();
                CHECK_OK(overlay_server_wait(server, &err));
                wait += now() - t;
        }
        printf("# start %.3f ms, wait after the client's end %.3f ms (mean of %d)\n", start / rounds * 1e3,
               wait / rounds * 1e3, rounds);
        CHECK(start / rounds < 0.05);
        CHECK(wait / rounds < 0.05);
        server_tree_drop(&st);
}

int main(void)
{
        CHECK_RUN(test_descriptor_that_is_no_mount);
        CHECK_RUN(test_end_of_the_mount);
        CHECK_RUN(test_killed_client);
        CHECK_RUN(test_abort);
        CHECK_RUN(test_abort_of_an_idle_mount);
        CHECK_RUN(test_killed_server);
        CHECK_RUN(test_cost_of_a_session);
        return CHECK_END();
}
