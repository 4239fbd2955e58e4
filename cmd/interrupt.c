/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that end the process, after a moment for its screen. Handlers, not a mask: processes that are started inherit
 * a mask. */
#include "cmd/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/memory.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/*
 * Signal handlers have no other way to reach them. `came` is the signal, or 0: written in whatever thread the handler
 * runs, read by others; lock-free, so a handler may.
 */
static atomic_int came;
static int wake_fd = -1;
static struct sigaction before[ARRAY_SIZE(signals)];

static void die(int number)
{
        sigset_t set;

        (void)signal(number, SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, number);
        (void)raise(number);
        (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void on_signal(int number)
{
        const uint64_t one = 1;
        int saved = errno;

        if (number == SIGALRM)
                die(atomic_load(&came));
        else if (atomic_load(&came))
                die(number);
        else {
                atomic_store(&came, number);
                (void)alarm(1);
                if (write(wake_fd, &one, sizeof(one)) < 0)
                        die(number);
        }
        errno = saved;
}

int cmd_interrupt_open(void)
{
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

        atomic_store(&came, 0);
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake_fd < 0)
                return -1;
        sigemptyset(&action.sa_mask);
        (void)sigaction(SIGALRM, &action, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                if (sigaction(signals[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
                        (void)sigaction(signals[i], &action, NULL);
        return wake_fd;
}

int cmd_interrupt_pending(void)
{
        return atomic_load(&came);
}

void cmd_interrupt_obey(void)
{
        die(atomic_load(&came) ? atomic_load(&came) : SIGTERM);
        _exit(128 + SIGTERM); /* not reached: the signal's default ends the process */
}

void cmd_interrupt_close(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                (void)sigaction(signals[i], &before[i], NULL);
        if (atomic_load(&came)) /* just now */
                die(atomic_load(&came));
        (void)signal(SIGALRM, SIG_DFL);
}
