/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs. */
#include "common/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int set_up(const struct spawn *s, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr)
{
        sigset_t none, all;
        int rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0);

        sigemptyset(&none);
        sigfillset(&all);
        for (size_t i = 0; rc == 0 && i < s->count; i++)
                rc = posix_spawn_file_actions_adddup2(actions, s->descriptors[i].from, s->descriptors[i].to);
        if (rc == 0 && (rc = posix_spawnattr_setsigmask(attr, &none)) == 0 &&
            (rc = posix_spawnattr_setsigdefault(attr, &all)) == 0)
                rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        return rc;
}

int spawn_start(const struct spawn *s, pid_t *ret)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        int rc = posix_spawn_file_actions_init(&actions);

        if (rc != 0)
                return rc;
        rc = posix_spawnattr_init(&attr);
        if (rc != 0) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return rc;
        }
        rc = set_up(s, &actions, &attr);
        if (rc == 0)
                rc = s->search ? posix_spawnp(ret, s->program, &actions, &attr, s->argv, s->env)
                               : posix_spawn(ret, s->program, &actions, &attr, s->argv, s->env);
        (void)posix_spawnattr_destroy(&attr);
        (void)posix_spawn_file_actions_destroy(&actions);
        return rc;
}

int spawn_pipe(int *ret_read, int *ret_write)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -1;
        *ret_read = fds[0];
        *ret_write = fcntl(fds[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        (void)close(fds[1]);
        return *ret_write < 0 ? -1 : 0;
}
