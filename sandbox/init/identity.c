/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the command is. Capabilities (Docker's default fourteen, unless the builder says
 * otherwise) are in the bounding set for everybody and effective for root alone; nothing is inheritable
 * or ambient, so that a file with inheritable capabilities gains nothing
 * (CVE-2022-24769 and its kin). no_new_privs stays off: set-user-id programs of the
 * image must work.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/capability.h>

#include "sandbox/init/syscalls.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static int fail_id(struct sandbox_report *report, enum sandbox_step step, unsigned int id)
{
        int code = errno;
        char *text = NULL;

        if (asprintf(&text, "%u", id) < 0)
                text = NULL;
        return init_fail(report, step, code, text);
}

static int limit_bounding_set(uint64_t caps, struct sandbox_report *report)
{
        /* the kernel may know capabilities that this program does not: go on until it says there is no such one */
        for (int cap = 0; cap < 64; cap++) {
                if (caps & CAP_BIT(cap))
                        continue;
                if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
                        if (errno == EINVAL && cap > CAP_AUDIT_CONTROL) /* older kernels all know those */
                                break;
                        return init_fail(report, SANDBOX_STEP_CAPABILITIES, errno, NULL);
                }
        }
        return 0;
}

static int set_capabilities(uint64_t caps, struct sandbox_report *report)
{
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        const struct __user_cap_data_struct data[2] = {{(uint32_t)caps, (uint32_t)caps, 0},
                                                       {(uint32_t)(caps >> 32), (uint32_t)(caps >> 32), 0}};

        if (syscall(SYS_capset, &header, data) < 0)
                return init_fail(report, SANDBOX_STEP_CAPABILITIES, errno, NULL);
        /* emptying the inheritable set empties the ambient one (capabilities(7)); said aloud all the same */
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
                return init_fail(report, SANDBOX_STEP_CAPABILITIES, errno, NULL);
        return 0;
}

int init_identity_assume(const struct init_command *command, struct sandbox_report *report)
{
        if (limit_bounding_set(command->capabilities, report) < 0)
                return -1;
        if (setgroups(command->group_count, command->groups) < 0)
                return init_fail(report, SANDBOX_STEP_GROUPS, errno, NULL);
        if (setresgid(command->gid, command->gid, command->gid) < 0)
                return fail_id(report, SANDBOX_STEP_GID, command->gid);
        if (setresuid(command->uid, command->uid, command->uid) < 0)
                return fail_id(report, SANDBOX_STEP_UID, command->uid);
        return set_capabilities(command->uid == 0 ? command->capabilities : 0, report);
}
