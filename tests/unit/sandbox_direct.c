/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caller that is root maps ids itself: real root (when this test is started by
 * it), and root of an outer user namespace, as in a rootless container. Real root
 * is the hard case: what the host protects by ownership alone, container root owns.
 */
#include <limits.h>

#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

static char *read_host(const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct buffer text = BUFFER_INIT;

        CHECK_OK(fd_read_file(AT_FDCWD, path, 1 << 20, false, &text, &err));
        return buffer_steal(&text);
}

static uint64_t count_ids(const char *map)
{
        uint64_t ids = 0;
        unsigned int inside, outside, count;
        int length = 0;

        while (sscanf(map, " %u %u %u %n", &inside, &outside, &count, &length) == 3) {
                ids += count;
                map += length;
        }
        return ids;
}

/* Inside are the ids of here, under the same numbers. */
static void test_ids(void)
{
        char *here = read_host("/proc/self/uid_map");
        char *text = fixture_run(&f, "cat /proc/self/uid_map");

        CHECK(count_ids(text) >= 65536);
        CHECK_INT(count_ids(text), count_ids(here));
        free(text);
        text = fixture_run(&f, "awk '$1 != $2' /proc/self/gid_map; id -u; touch /tmp/mine && stat -c %u:%g /tmp/mine");
        CHECK_STR(text, "0\n0:0\n");
        free(text);
        free(here);
}

static void test_identity(void)
{
        static const gid_t groups[] = {5};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        CHECK_SCRIPT(&f, "grep -E 'Cap(Eff|Bnd)|Groups' /proc/self/status",
                     "Groups:\t \nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n");
        fixture_command_init(&x, "id -u; id -g; id -G; touch /etc/hosts 2>&1 | sed 's/.*: //'");
        x.c.uid = 4242;
        x.c.gid = 4243;
        x.c.groups = groups;
        x.c.group_count = 1;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "4242\n4243\n4243 5\nPermission denied\n");
}

static void test_host_is_safe(void)
{
        char *before = read_host("/proc/sys/kernel/core_pattern"), *after;

        CHECK_SCRIPT(
                &f,
                "for p in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger "
                "/sys/kernel/profiling "
                "/sys/power/state /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/unified/cgroup.procs; do "
                "[ ! -e $p ] || (echo 1 > $p); done 2>&1 | grep -v 'Read-only file system'; "
                "mount -o remount,rw /proc/sys 2>&1 | sed 's/.*: //'; cat /proc/kcore /proc/keys 2>/dev/null | wc -c",
                "permission denied (are you root?)\n0\n");
        after = read_host("/proc/sys/kernel/core_pattern");
        CHECK_STR(after, before);
        free(before);
        free(after);
}

static void run_as(const char *how, const char *self)
{
        CLEANUP_FREE char *line = memory_printf("%s%s inside", how, self);

        fflush(stdout);
        if (system(line) != 0) {
                printf("not ok %s\n", line);
                exit(1);
        }
}

int main(int argc, char **argv)
{
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        self[n < 0 ? 0 : n] = '\0';
        if (argc > 1) {
                fixture_make_root(&f);
                fixture_open(&f);
                CHECK_RUN(test_ids);
                CHECK_RUN(test_identity);
                CHECK_RUN(test_host_is_safe);
                fixture_remove(&f);
                return CHECK_END();
        }
        if (geteuid() == 0)
                run_as("", self);
        else
                printf("# not root: without real root\n");
        unprivileged_enter(argv);
        if (system("unshare --user --map-auto --map-root-user true 2>/dev/null") != 0)
                CHECK_SKIP("unshare (util-linux 2.38) cannot map subordinate ids here");
        run_as("unshare --user --map-auto --map-root-user ", self);
        return 0;
}
