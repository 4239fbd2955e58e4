/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 of any one process ends all that hangs on it: the builder, the keeper,
 * a stage's init, the command. The builder is a child of this test, which is the
 * reaper of everything that loses its parent and so sees each process end.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

/* What the victim's builder does: starts a command, says so, waits for it, and says what came of that. */
static void be_builder(int output, const char *line, uid_t uid, bool tty)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture_command x;
        struct sandbox_exit end;

        fixture_open(&f);
        fixture_command_init(&x, line);
        x.c.tty = tty;
        x.c.uid = uid;
        x.c.stdout_fd = output;
        if (fixture_start(&f, &x.c, &err) < 0) {
                dprintf(output, "start: %s\n", err.message);
                _exit(1);
        }
        if (sandbox_stage_wait(f.stage, &end, &err) < 0)
                dprintf(output, "wait: %s\n", err.message);
        else
                dprintf(output, "end: %s %d\n", end.signaled ? "signal" : "exit", end.status);
        fixture_close(&f);
        _exit(0);
}

static double now(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Buries everything that is left below this test; false if something still lives after 5 s. */
static bool all_gone(void)
{
        double deadline = now() + 5;

        while (now() < deadline) {
                pid_t pid = waitpid(-1, NULL, WNOHANG);

                if (pid < 0)
                        return true;
                if (pid == 0)
                        usleep(1000);
        }
        return false;
}

enum victim { BUILDER, KEEPER, STAGE, COMMAND };

static char *kill_one(enum victim victim, const char *line, uid_t uid, bool tty)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        pid_t pids[4] = {0};
        double start;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        pids[BUILDER] = fork();
        if (pids[BUILDER] == 0) {
                (void)close(fds[0]);
                be_builder(fds[1], line, uid, tty);
        }
        (void)close(fds[1]);
        /* the command exists once its parent has a child whose parent's parent is the keeper, and has become its
         * program a little later */
        for (start = now(); pids[COMMAND] == 0 && now() < start + 10; usleep(1000)) {
                pids[KEEPER] = fixture_child(pids[BUILDER]);
                pids[STAGE] = pids[KEEPER] ? fixture_child(pids[KEEPER]) : 0;
                pids[COMMAND] = pids[STAGE] ? fixture_child(pids[STAGE]) : 0;
        }
        CHECK(pids[COMMAND] > 0);
        usleep(50000);
        CHECK_INT(kill(pids[victim], SIGKILL), 0);
        start = now();
        for (;;) {
                struct pollfd p = {fds[0], POLLIN, 0};
                char part[256];
                ssize_t n = poll(&p, 1, 5000) > 0 ? read(fds[0], part, sizeof(part)) : -1;

                CHECK(n >= 0); /* the pipe must end: nobody is left who could write */
                if (n <= 0)
                        break;
                buffer_append(&text, part, (size_t)n);
        }
        CHECK(all_gone());
        CHECK(now() < start + 3);
        (void)close(fds[0]);
        return buffer_steal(&text);
}

/* A stubborn command: a session of its own, every signal ignored. */
static const char script[] = "trap '' TERM HUP INT QUIT; setsid sleep 9876 & sleep 9877 & wait";

static void check_kill(enum victim victim, const char *expected)
{
        for (int tty = 0; tty < 2; tty++) {
                char *text = kill_one(victim, script, 0, tty != 0);

                CHECK_STR(text, expected);
                free(text);
        }
}

static void test_builder_killed(void)
{
        check_kill(BUILDER, "");
}

static void test_keeper_killed(void)
{
        check_kill(KEEPER, "wait: the init of this stage was killed\n");
}

static void test_stage_killed(void)
{
        check_kill(STAGE, "wait: the init of this stage was killed\n");
}

static void test_command_killed(void)
{
        check_kill(COMMAND, "end: signal 9\n");
}

/* The parent-death signal is forgotten when pid 1 executes a set-user-id program: the keeper must not rely on it. */
static void test_stage_of_setuid_command_killed(void)
{
        char *text = kill_one(STAGE, "exec setuid sleep", 1000, false);

        CHECK_STR(text, "wait: the init of this stage was killed\n");
        free(text);
}

static void test_close_ends_everything(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture_command x;

        fixture_open(&f);
        fixture_command_init(&x, script);
        CHECK_OK(fixture_start(&f, &x.c, &err));
        fixture_close(&f);
        CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
        CHECK_INT(errno, ECHILD);
}

/* After a stage's init died its sandbox still works: other stages, and new ones. */
static void test_sandbox_survives_stage(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture_command x;
        struct sandbox_exit end;
        int fuse_fd;

        fixture_open(&f);
        fixture_command_init(&x, script);
        CHECK_OK(fixture_start(&f, &x.c, &err));
        CHECK_INT(kill(fixture_child(fixture_child(getpid())), SIGKILL), 0);
        CHECK_INT(sandbox_stage_wait(f.stage, &end, &err), -1);
        CHECK_HAS(err.message, "was killed");
        error_clear(&err);
        CHECK_INT(sandbox_stage_mount(f.stage, &fuse_fd, &err), -1);
        CHECK_HAS(err.message, "was killed");
        error_clear(&err);
        sandbox_stage_close(f.stage);
        f.stage = NULL;
        CHECK_OK(sandbox_stage_open(f.sandbox, &f.stage, &err));
        CHECK_SCRIPT(&f, "echo works", "works\n");
        fixture_close(&f);
        CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                CHECK_SKIP("no subreapers");
        fixture_make_root(&f);
        CHECK_RUN(test_builder_killed);
        CHECK_RUN(test_keeper_killed);
        CHECK_RUN(test_stage_killed);
        CHECK_RUN(test_command_killed);
        CHECK_RUN(test_stage_of_setuid_command_killed);
        CHECK_RUN(test_close_ends_everything);
        CHECK_RUN(test_sandbox_survives_stage);
        fixture_remove(&f);
        return CHECK_END();
}
