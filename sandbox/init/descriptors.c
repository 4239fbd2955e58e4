/* SPDX-License-Identifier: Apache-2.0 */
/* Closing all descriptors from a number on: nothing that bryo has open may reach a command (CVE-2024-21626 of a peer).
 */
#include "sandbox/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

static int close_one_by_one(int first)
{
        DIR *dir = opendir("/proc/self/fd");
        struct dirent *entry;

        if (dir == NULL)
                return -1;
        /* closing while reading is safe: proc lists descriptors by ascending number and looks at each anew */
        while (errno = 0, (entry = readdir(dir)) != NULL) {
                char *end;
                long fd = strtol(entry->d_name, &end, 10);

                if (end != entry->d_name && *end == '\0' && fd >= first && fd != dirfd(dir))
                        (void)close((int)fd);
        }
        if (errno != 0) {
                (void)closedir(dir);
                return -1;
        }
        return closedir(dir);
}

int init_descriptors_close_from(int first, const struct init_config *config, bool *ret_one_by_one)
{
        if (ret_one_by_one != NULL)
                *ret_one_by_one = false;
        if (!(config->disable & SANDBOX_NO_CLOSE_RANGE)) {
                if (init_sys_close_range((unsigned int)first, ~0u) == 0)
                        return 0;
                if (errno != ENOSYS && errno != EPERM) /* EPERM: seccomp profiles that do not know the call */
                        return -1;
        }
        if (ret_one_by_one != NULL)
                *ret_one_by_one = true;
        return close_one_by_one(first);
}
