/* SPDX-License-Identifier: Apache-2.0 */
/* Every fallback does what the better way does, and says that it was taken. */
#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

static const char ro_mounts[] = "awk '$2 ~ \"^/sys|^/proc/(sys|bus|irq|fs|sysrq)\" && $4 !~ \"^ro,\"' /proc/mounts; "
                                "[ $(grep -c ' /sys' /proc/mounts) -ge 1 ] && echo checked";

static void check_basics(void)
{
        CHECK_SCRIPT(&f, "echo $$; id -u; ls /proc/1/fd; cat /proc/keys | wc -c; ls / | tr '\\n' ' '",
                     "1\n0\n0\n1\n2\n0\nbin dev etc proc sys tmp ");
        CHECK_SCRIPT(&f, ro_mounts, "checked\n");
        CHECK_SCRIPT(&f, "grep CapBnd /proc/self/status", "CapBnd:\t00000000a80425fb\n");
}

static void test_nothing_disabled(void)
{
        f.options.disable = 0;
        fixture_open(&f);
        check_basics();
        CHECK_STR(buffer_text(&f.log), "");
        fixture_close(&f);
}

static void test_no_memfd(void)
{
        char *text;

        f.options.disable = SANDBOX_NO_MEMFD;
        f.options.scratch_dir = f.dir;
        fixture_open(&f);
        CHECK_HAS(buffer_text(&f.log), "memfds may not execute");
        CHECK_HAS(buffer_text(&f.log), f.dir);
        check_basics();
        /* the copy has no name */
        text = memory_printf("[ \"$(ls %s)\" = root ]", f.dir);
        fixture_shell("%s", text);
        free(text);
        fixture_close(&f);
}

static void test_no_memfd_and_no_scratch(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        f.options.disable = SANDBOX_NO_MEMFD;
        f.options.scratch_dir = "/nonexistent";
        CHECK_INT(sandbox_open(&f.options, &f.sandbox, &err), -1);
        CHECK_STR(err.message, "cannot write the sandbox's init to /nonexistent: No such file or directory");
        f.sandbox = NULL;
        f.options.scratch_dir = NULL;
        buffer_clear(&f.log);
}

static void test_each(void)
{
        static const struct {
                unsigned int disable;
                const char *line;
        } cases[] = {
                {SANDBOX_NO_OPENAT2, "no openat2"},
                {SANDBOX_NO_CLOSE_RANGE, "no close_range"},
                {SANDBOX_NO_MOUNT_SETATTR, "no mount_setattr"},
                {SANDBOX_NO_DETACHED, "no detached mounts"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int leak = open("/", O_RDONLY);

                f.options.disable = cases[i].disable;
                fixture_open(&f);
                check_basics();
                CHECK_HAS(buffer_text(&f.log), cases[i].line);
                fixture_close(&f);
                (void)close(leak);
        }
}

/* The outer proc: its pids, but the same things hidden and read-only. */
static void test_no_fresh_proc(void)
{
        char *text;

        f.options.disable = SANDBOX_NO_FRESH_PROC;
        fixture_open(&f);
        text = fixture_run(&f, "echo $$; readlink /proc/self");
        CHECK(strncmp(text, "1\n", 2) == 0 && strtol(text + 2, NULL, 10) > 1);
        free(text);
        CHECK_HAS(buffer_text(&f.log), "no fresh /proc may be mounted here");
        CHECK_SCRIPT(&f, ro_mounts, "checked\n");
        CHECK_SCRIPT(&f, "cat /proc/keys /proc/timer_list | wc -c", "0\n");
        /* the sandbox's own processes do not let it in, nor does its caller, who has the same uid */
        text = memory_printf("for p in %d $(ls /proc | grep '^[0-9]'); do [ $p = $$ ] || ls /proc/$p/root/ "
                             "/proc/$p/fd/ ; done 2>/dev/null "
                             "| grep -c fuse; ls /proc/%d/root/ 2>&1 | sed 's/.*: //'",
                             (int)getpid(), (int)getpid());
        CHECK_SCRIPT(&f, text, "0\nPermission denied\n");
        free(text);
        fixture_close(&f);
}

/* A command without a network: its own /sys, or the outer one, hidden and read-only alike. */
static void test_no_fresh_sys(void)
{
        static const struct {
                unsigned disable;
                const char *links; /* "only lo" of a fresh one */
                const char *line;
        } cases[] = {{0, "only lo\n", NULL}, {SANDBOX_NO_FRESH_SYS, "", "no fresh /sys may be mounted here"}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                struct fixture_command x;

                f.options.disable = cases[i].disable;
                fixture_open(&f);
                fixture_command_init(&x, "[ \"$(ls /sys/class/net)\" != lo ] || echo only lo; ls /sys/firmware; "
                                         "mkdir /sys/x 2>&1 | grep -c Read-only");
                x.c.network = SANDBOX_NETWORK_NONE;
                CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
                CHECK(strncmp(buffer_text(&text), cases[i].links, strlen(cases[i].links)) == 0);
                CHECK_HAS(buffer_text(&text), "1\n");
                if (cases[i].line)
                        CHECK_HAS(buffer_text(&f.log), cases[i].line);
                else
                        CHECK_STR(buffer_text(&f.log), "");
                fixture_close(&f);
        }
}

static void test_everything_disabled(void)
{
        f.options.disable = SANDBOX_NO_MEMFD | SANDBOX_NO_OPENAT2 | SANDBOX_NO_CLOSE_RANGE | SANDBOX_NO_MOUNT_SETATTR |
                            SANDBOX_NO_DETACHED;
        fixture_open(&f);
        check_basics();
        fixture_close(&f);
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        CHECK_RUN(test_nothing_disabled);
        CHECK_RUN(test_no_memfd);
        CHECK_RUN(test_no_memfd_and_no_scratch);
        CHECK_RUN(test_each);
        CHECK_RUN(test_no_fresh_proc);
        CHECK_RUN(test_no_fresh_sys);
        CHECK_RUN(test_everything_disabled);
        fixture_remove(&f);
        return CHECK_END();
}
