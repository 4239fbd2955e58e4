/* SPDX-License-Identifier: Apache-2.0 */
/* What a command finds: who it is, what it sees, what it cannot do. */
#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

static void test_pid_and_names(void)
{
        CHECK_SCRIPT(&f, "echo $$; hostname; cat /proc/sys/kernel/domainname; id -u; id -g; umask",
                     "1\nmossy\n(none)\n0\n0\n0022\n");
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        fixture_open(&f);
        CHECK_RUN(test_pid_and_names);
        fixture_remove(&f);
        return CHECK_END();
}
