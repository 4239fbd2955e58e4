/* SPDX-License-Identifier: Apache-2.0 */
/* The platforms whose commands this machine runs, as info and buildx show them. */
#include "cmd/platforms.h"

#include <string.h>

#include "builder/emulator.h"
#include "common/memory.h"
#include "oci/platform.h"

void cmd_platforms_format(struct buffer *ret)
{
        static const char *const others[] = {"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"};
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();

        oci_platform_format(host, ret);
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (strcmp(others[i], host->architecture) != 0 && builder_emulator_has(others[i]))
                        buffer_printf(ret, ", linux/%s", others[i]);
}
