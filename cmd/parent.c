/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the process that started this one, told by the kernel (prctl(2), PR_SET_PDEATHSIG): a signal comes
 * whenever the thread that forked ends, which in a parent with many threads means little, so the handler looks whether
 * the parent is another one now.
 */
#include "cmd/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The parent when watching began: set before the handler is, which has no other way to reach it. */
static pid_t parent;

static void on_signal(int number)
{
        static const char why[] =
                "bryo: the process that started this one has ended, and so does this one; nohup or setsid before the "
                "command keeps it\n";
        int saved = errno;
        ssize_t written;

        (void)number;
        if (getppid() != parent) {
                written = write(STDERR_FILENO, why, sizeof(why) - 1);
                (void)written; /* nobody may be there to read it */
                (void)kill(getpid(), SIGHUP);
        }
        errno = saved;
}

static bool is_meant_to_stay(void)
{
        struct sigaction hangup;

        return getppid() <= 1 || getsid(0) == getpid() ||
               (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN);
}

int cmd_parent_watch(struct error *err)
{
        const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        const int number = SIGRTMIN;
        sigset_t set;

        if (is_meant_to_stay())
                return 0;
        parent = getppid();
        sigemptyset(&set);
        sigaddset(&set, number);
        if (sigaction(number, &action, NULL) < 0 || pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 ||
            prctl(PR_SET_PDEATHSIG, number) < 0)
                return error_errno(err, errno, "cannot watch the process that started this one: prctl");
        if (getppid() != parent)
                (void)raise(number); /* just now */
        return 0;
}
