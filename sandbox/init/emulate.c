/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for other machines: the kernel starts them with an emulator that is registered with binfmt_misc
 * (Documentation/admin-guide/binfmt-misc.rst). Since Linux 6.7 a user namespace may have an instance of its own, so
 * what is registered here holds for this sandbox alone and ends with it. With the flag F the kernel opens the emulator
 * now and keeps it: the file needs to be in no image, and no path leads to it from inside.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

/*
 * P: argv[0] stays what it was; O and C: the emulator gets the program as a descriptor, and set-user-id and file
 * capabilities of the program count; F: see above.
 */
#define FLAGS "POCF"

/* A mount that is nowhere: the registrations live as long as this descriptor of it. */
static int mount_detached(void)
{
        int context = init_sys_fsopen("binfmt_misc"), mount = -1;

        if (context < 0)
                return -1;
        if (init_sys_fsconfig_create(context) == 0)
                mount = init_sys_fsmount(context, 0);
        if (mount < 0) {
                int saved = errno;

                (void)close(context);
                errno = saved;
                return -1;
        }
        (void)close(context);
        return mount;
}

static int write_rule(int mount, const char *rule)
{
        int fd = openat(mount, "register", O_WRONLY | O_CLOEXEC), rc = 0;

        if (fd < 0)
                return -1;
        if (write(fd, rule, strlen(rule)) < 0)
                rc = errno;
        (void)close(fd);
        errno = rc;
        return rc != 0 ? -1 : 0;
}

int init_emulate(const struct init_config *config, struct sandbox_frame *frame, int *formats,
                 struct sandbox_report *report)
{
        struct sandbox_unpack unpack;
        const char *name, *rule;
        char *whole = NULL;
        int rc;

        sandbox_unpack_start(&unpack, frame);
        name = sandbox_unpack_string(&unpack);
        rule = sandbox_unpack_string(&unpack);
        if (!sandbox_unpack_is_complete(&unpack) || frame->fd_count != 1)
                return init_fail(report, SANDBOX_STEP_PROTOCOL, EPROTO, NULL);
        if (config->disable & SANDBOX_NO_BINFMT)
                return init_fail(report, SANDBOX_STEP_EMULATOR, EPERM, name);
        if (*formats < 0)
                *formats = mount_detached();
        if (*formats < 0)
                return init_fail(report, SANDBOX_STEP_EMULATOR, errno, name);
        if (asprintf(&whole, "%s/proc/self/fd/%d:" FLAGS, rule, frame->fds[0]) < 0)
                return init_fail(report, SANDBOX_STEP_MEMORY, ENOMEM, NULL);
        rc = write_rule(*formats, whole);
        if (rc < 0)
                (void)init_fail(report, SANDBOX_STEP_EMULATOR, errno, name);
        free(whole);
        return rc;
}
