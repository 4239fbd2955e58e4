/* SPDX-License-Identifier: Apache-2.0 */
/* Between the user's terminal and a running container. */
#include "cmd/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

/* Passed on to the command. SIGHUP and SIGQUIT too: a closed terminal must end what runs in it. */
static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

int cmd_terminal_open(struct cmd_terminal *t, bool interactive, struct error *err)
{
        sigset_t set;

        *t = (struct cmd_terminal){ .interactive = interactive, .signal_fd = -1 };
        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
                sigaddset(&set, passed_on[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return error_errno(err, errno, "cannot block signals");
        t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (t->signal_fd < 0)
                return error_errno(err, errno, "cannot wait for signals");
        return 0;
}

void cmd_terminal_size(unsigned short *ret_rows, unsigned short *ret_columns)
{
        struct winsize size;

        *ret_rows = *ret_columns = 0;
        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
                *ret_rows = size.ws_row;
                *ret_columns = size.ws_col;
        }
}

static void copy_window_size(int tty_fd)
{
        struct winsize size;

        if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
                (void)ioctl(tty_fd, TIOCSWINSZ, &size); /* a size that cannot be set is only ugly */
}

static int enter_raw(struct cmd_terminal *t, struct error *err)
{
        struct termios raw;

        if (!t->interactive || !isatty(STDIN_FILENO))
                return 0;
        if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
                return error_errno(err, errno, "cannot read the terminal's settings");
        raw = t->saved;
        cfmakeraw(&raw);
        if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
                return error_errno(err, errno, "cannot switch the terminal to raw mode");
        t->raw = true;
        return 0;
}

static int pass_signals(struct cmd_terminal *t, struct sandbox_stage *stage, int tty_fd, struct error *err)
{
        struct signalfd_siginfo info;

        while (read(t->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                if (info.ssi_signo == SIGWINCH && tty_fd >= 0)
                        copy_window_size(tty_fd);
                else if (info.ssi_signo != SIGWINCH && sandbox_stage_signal(stage, (int)info.ssi_signo, err) < 0)
                        return -1;
        }
        return 0;
}

/* Copies what is there; false at the end. A pty's master gives EIO once nobody holds the other side. */
static bool copy_some(int from, int to)
{
        char bytes[65536];
        ssize_t n = read(from, bytes, sizeof(bytes));

        if (n < 0)
                return errno == EINTR || errno == EAGAIN;
        return n > 0 && fd_write_all(to, bytes, (size_t)n) == 0;
}

/* Whatever the terminal still holds after the command ended. */
static void drain(int tty_fd)
{
        struct pollfd fd = { tty_fd, POLLIN, 0 };

        while (tty_fd >= 0 && poll(&fd, 1, 0) > 0 && (fd.revents & POLLIN) && copy_some(tty_fd, STDOUT_FILENO))
                ;
}

static int relay(struct cmd_terminal *t, struct sandbox_stage *stage, int tty_fd, struct error *err)
{
        struct pollfd fds[4] = {
                { sandbox_stage_fd(stage), POLLIN, 0 },
                { t->signal_fd, POLLIN, 0 },
                { tty_fd, POLLIN, 0 },
                { tty_fd >= 0 && t->interactive ? STDIN_FILENO : -1, POLLIN, 0 },
        };

        while (!fds[0].revents) {
                if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot wait for the container");
                if (fds[1].revents && pass_signals(t, stage, tty_fd, err) < 0)
                        return -1;
                if (fds[2].revents && !copy_some(tty_fd, STDOUT_FILENO))
                        fds[2].fd = -1;
                if (fds[3].revents && !copy_some(STDIN_FILENO, tty_fd))
                        fds[3].fd = -1;
        }
        if (fds[2].fd >= 0)
                drain(tty_fd);
        return 0;
}

int cmd_terminal_attend(void *context, struct sandbox_stage *stage, int tty_fd, struct error *err)
{
        struct cmd_terminal *t = context;
        CLEANUP_FD int tty = tty_fd;

        if (tty >= 0) {
                copy_window_size(tty);
                if (enter_raw(t, err) < 0)
                        return -1;
        }
        return relay(t, stage, tty, err);
}

void cmd_terminal_close(struct cmd_terminal *t)
{
        if (t->raw)
                (void)tcsetattr(STDIN_FILENO, TCSANOW, &t->saved); /* nothing better can be done for a terminal that is gone */
        t->raw = false;
        t->signal_fd = fd_close(t->signal_fd);
}
