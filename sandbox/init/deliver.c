/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals for the command. It is process 1 of its namespace, and to such a
 * process the kernel delivers from outside only what it has a handler for
 * (pid_namespaces(7)): a plain `sleep` would survive every Ctrl-C. So the default
 * action is carried out here: a signal that would end any other process, and
 * that the command neither handles nor ignores nor blocks, ends its namespace, and the
 * command's end is reported as by that signal.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The mask behind `field` ("SigCgt:") in /proc/PID/status (proc(5)). */
static uint64_t read_mask(const char *status, const char *field)
{
        const char *at = strstr(status, field);

        return at ? strtoull(at + strlen(field), NULL, 16) : 0;
}

/* True if the process deals with the signal itself. When in doubt: it does. */
static bool has_own_way(pid_t pid, int signo)
{
        char path[32], status[4096];
        uint64_t bit = (uint64_t)1 << (signo - 1);
        ssize_t n;
        int fd;

        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
        if (fd >= 0)
                (void)close(fd);
        if (n <= 0)
                return true;
        status[n] = '\0';
        return ((read_mask(status, "\nSigCgt:") | read_mask(status, "\nSigIgn:") | read_mask(status, "\nSigBlk:")) & bit) != 0;
}

/* signal(7), "Standard signals": those that do not end a process by default. */
static bool ends_by_default(int signo)
{
        switch (signo) {
        case SIGCHLD:
        case SIGCONT:
        case SIGURG:
        case SIGWINCH:
        case SIGSTOP:
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
                return false;
        default:
                return true;
        }
}

int init_deliver(pid_t pid, int signo)
{
        bool ended = signo != SIGKILL && ends_by_default(signo) && !has_own_way(pid, signo);

        (void)kill(pid, ended ? SIGKILL : signo); /* it may have ended by itself meanwhile */
        return ended ? signo : 0;
}
