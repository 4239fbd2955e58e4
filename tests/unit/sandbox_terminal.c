/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, terminals and descriptors given as stdio. */
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

/* Reads from `fd` until `word` has come or it ends or 5 s have passed; returns the text. */
static char *read_until(int fd, const char *word)
{
        struct buffer text = BUFFER_INIT;

        while (strstr(buffer_text(&text), word) == NULL || buffer_text(&text)[text.size - 1] != '\n') {
                struct pollfd p = {fd, POLLIN, 0};
                char part[512];
                ssize_t n = poll(&p, 1, 5000) > 0 ? read(fd, part, sizeof(part)) : -1;

                if (n <= 0)
                        break;
                buffer_append(&text, part, (size_t)n);
        }
        return buffer_steal(&text);
}

static void start_with_pipe(struct fixture_command *x, int *ret_output)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        x->c.stdout_fd = fds[1];
        CHECK_OK(fixture_start(&f, &x->c, &err));
        (void)close(fds[1]);
        *ret_output = fds[0];
}

static void test_signals(void)
{
        static const struct {
                const char *script;
                int signo;
                bool signaled;
                int status;
        } cases[] = {
                {"trap 'exit 7' TERM; echo ready; while :; do usleep 1000; done", SIGTERM, false, 7},
                {"trap 'exit 8' INT; echo ready; while :; do usleep 1000; done", SIGINT, false, 8},
                {"echo ready; sleep 1000 & wait", SIGKILL, true, SIGKILL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct sandbox_exit end = {0};
                struct fixture_command x;
                char *text;
                int output;

                fixture_command_init(&x, cases[i].script);
                start_with_pipe(&x, &output);
                text = read_until(output, "ready");
                CHECK_STR(text, "ready\n");
                free(text);
                CHECK_OK(sandbox_stage_signal(f.stage, cases[i].signo, &err));
                CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
                CHECK_INT(end.signaled, cases[i].signaled);
                CHECK_INT(end.status, cases[i].status);
                (void)close(output);
        }
}

/* Signals to nobody are harmless; sandbox_stage_fd is readable exactly when a command has ended. */
static void test_wait_is_pollable(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct pollfd p = {sandbox_stage_fd(f.stage), POLLIN, 0};
        struct fixture_command x;
        struct sandbox_exit end;

        CHECK_OK(sandbox_stage_signal(f.stage, SIGTERM, &err));
        sandbox_stage_kill(f.stage);
        fixture_command_init(&x, "sleep 1000");
        CHECK_OK(fixture_start(&f, &x.c, &err));
        CHECK_INT(poll(&p, 1, 50), 0);
        sandbox_stage_kill(f.stage);
        CHECK_INT(poll(&p, 1, 5000), 1);
        CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
        CHECK(end.signaled && end.status == SIGKILL);
        CHECK_INT(poll(&p, 1, 0), 0);
}

static void test_stdin_pipe(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0 || write(fds[1], "words\n", 6) != 6)
                abort();
        (void)close(fds[1]);
        fixture_command_init(&x, "cat; cat /dev/stdin; echo end");
        x.c.stdin_fd = fds[0];
        x.c.uid = 1000; /* may open the pipe again although the caller made it */
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "words\nend\n");
        (void)close(fds[0]);
}

static void test_no_terminal(void)
{
        CHECK_SCRIPT(&f, "tty; (: < /dev/tty) 2>&1 | sed 's/.*: //'; awk '{print $7}' /proc/self/stat",
                     "not a tty\nNo such device or address\n0\n");
}

static void test_terminal(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct winsize size = {33, 99, 0, 0};
        struct sandbox_exit end;
        struct fixture_command x;
        char *text;
        int master;

        fixture_command_init(
                &x,
                "trap 'echo int; exit 5' INT; tty; stat -c %u $(tty); id -u; ls /proc/self/fd | tail -n2; stty size; echo ask; "
                "read line; stty size; echo \"got $line\"; while :; do usleep 1000; done");
        x.c.tty = true;
        x.c.tty_rows = 12;
        x.c.tty_columns = 34;
        x.c.uid = 1000;
        CHECK_OK(fixture_start(&f, &x.c, &err));
        master = sandbox_stage_take_tty(f.stage);
        CHECK(master >= 0);
        CHECK_INT(fcntl(master, F_GETFD), FD_CLOEXEC);
        CHECK_INT(sandbox_stage_take_tty(f.stage), -1);
        text = read_until(master, "ask");
        CHECK_STR(text, "/dev/pts/0\r\n1000\r\n1000\r\n2\r\n3\r\n12 34\r\nask\r\n");
        free(text);
        CHECK_INT(ioctl(master, TIOCSWINSZ, &size), 0);
        CHECK_INT(write(master, "hello\n", 6), 6);
        text = read_until(master, "got hello");
        CHECK_HAS(text, "33 99");
        CHECK_HAS(text, "got hello");
        free(text);
        CHECK_INT(write(master, "\003", 1), 1); /* Ctrl-C of this terminal reaches its session */
        text = read_until(master, "int");
        CHECK_HAS(text, "int");
        free(text);
        CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
        CHECK_INT(end.status, 5);
        (void)close(master);
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        fixture_open(&f);
        CHECK_RUN(test_signals);
        CHECK_RUN(test_wait_is_pollable);
        CHECK_RUN(test_stdin_pipe);
        CHECK_RUN(test_no_terminal);
        CHECK_RUN(test_terminal);
        fixture_remove(&f);
        return CHECK_END();
}
