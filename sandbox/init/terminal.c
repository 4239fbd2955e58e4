/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal for `run -t`: made in the container's own devpts, so that no
 * terminal of the host has a name inside; the master goes up to the builder.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int init_terminal_open(const struct init_context *context, const struct init_command *command,
                       struct sandbox_report *report)
{
        int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
        unsigned int number;
        char path[32];
        const struct winsize size = {.ws_row = command->tty_rows, .ws_col = command->tty_columns};
        int unlock = 0;

        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0 ||
            ioctl(master, TIOCSWINSZ, &size) < 0)
                return init_fail(report, SANDBOX_STEP_TERMINAL, errno, NULL);
        (void)snprintf(path, sizeof(path), "/dev/pts/%u", number);
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        /* EINVAL: the id is not mapped, as init_identity_assume will say */
        if (slave < 0 || (fchown(slave, command->uid, (gid_t)-1) < 0 && errno != EINVAL) ||
            ioctl(slave, TIOCSCTTY, 0) < 0)
                return init_fail(report, SANDBOX_STEP_TERMINAL, errno, NULL);
        for (int i = 0; i < 3; i++)
                if (dup2(slave, i) < 0)
                        return init_fail(report, SANDBOX_STEP_TERMINAL, errno, NULL);
        if (sandbox_frame_send(context->channel, SANDBOX_FRAME_TERMINAL, NULL, &master, 1) < 0)
                return init_fail(report, SANDBOX_STEP_TERMINAL, errno, NULL);
        (void)close(slave);
        (void)close(master);
        return 0;
}
