/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_PLAIN_FORK_H
#define BRYO_TESTS_PLAIN_FORK_H

#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * fork for a child that unshares its user namespace, which the kernel allows to a process of one thread only:
 * ThreadSanitizer's fork gives the child a second one, its own.
 */
static inline pid_t plain_fork(void)
{
#ifdef BRYO_THREAD_SANITIZED
        return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#else
        return fork();
#endif
}

#endif
