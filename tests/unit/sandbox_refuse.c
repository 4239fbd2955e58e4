/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that cannot start: bad roots, bad working directories, bad programs; each with its sentence. */
#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

/* Runs `argv` in `cwd` and returns the error; empty if it ran. The caller's. */
static char *failure(const char *program, const char *cwd, int *ret_code, bool *ret_exec)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "pwd");
        if (program != NULL) {
                x.argv[0] = program;
                x.argv[1] = NULL;
        }
        x.c.cwd = cwd;
        x.c.hosts = "";
        x.c.resolv_conf = "";
        if (fixture_execute(&f, &x.c, &text, &err) >= 0)
                return memory_printf("ran: %s", buffer_text(&text));
        *ret_code = err.code;
        *ret_exec = sandbox_stage_is_exec_failure(f.stage);
        return STEAL(err.message);
}

static void test_programs(void)
{
        static const struct {
                const char *program;
                int code;
                const char *message;
        } cases[] = {
                {"/bin/foo", ENOENT, "cannot run \"/bin/foo\": no such file or directory (is it in the image?)"},
                {"foo", ENOENT, "cannot run \"foo\": no such file or directory in PATH (is it in the image?)"},
                {"", ENOENT, "cannot run \"\": no such file or directory (is it in the image?)"},
                {"/bin/script", ENOENT, "cannot run \"/bin/script\": its interpreter \"/no/such/shell\" is missing"},
                {"script", ENOENT, "cannot run \"/bin/script\": its interpreter \"/no/such/shell\" is missing"},
                {"/bin/dynamic", ENOENT,
                 "cannot run \"/bin/dynamic\": its interpreter is missing (the loader of a dynamically "
                 "linked program is not in the image)"},
                {"/bin/plain", EACCES, "cannot run \"/bin/plain\": permission denied"},
                {"plain", EACCES, "cannot run \"/bin/plain\": permission denied"},
                {"/etc", EACCES, "cannot run \"/etc\": permission denied"},
                {"/bin/plain/x", ENOTDIR, "cannot run \"/bin/plain/x\": Not a directory"},
                {"/bin/noise", ENOEXEC,
                 "cannot run \"/bin/noise\": exec format error (is it for another architecture, or a script without a "
                 "#! line?)"},
                {"noise", ENOEXEC,
                 "cannot run \"/bin/noise\": exec format error (is it for another architecture, or a script without a "
                 "#! line?)"},
                {"/bin/loop", ELOOP, "cannot run \"/bin/loop\": Too many levels of symbolic links"},
        };

        fixture_shell("cd %s/bin && printf '#! /no/such/shell -x\\n' > script && chmod 755 script && : > plain && "
                      "chmod 644 plain && "
                      "echo noise > noise && chmod 755 noise && ln -s loop loop && cp /bin/ls dynamic",
                      f.root);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                bool exec = false;
                int code = 0;
                CLEANUP_FREE char *message = failure(cases[i].program, NULL, &code, &exec);

                CHECK_STR(message, cases[i].message);
                CHECK_INT(code, cases[i].code);
                CHECK(exec);
        }
}

static void test_working_directories(void)
{
        static const struct {
                const char *cwd, *expected;
        } cases[] = {
                {NULL, "ran: /\n"},
                {"/", "ran: /\n"},
                {"/tmp/", "ran: /tmp\n"},
                {"/tmp/../../..", "ran: /\n"},
                {"/tmp/up", "ran: /\n"},
                {"/tmp/abs", "ran: /etc\n"},
                {"/tmp/locked", "ran: /tmp/locked\n"},
                {"/dev/shm", "ran: /dev/shm\n"},
                {"/proc/self", "ran: /proc/1\n"},
                {"/nowhere", "cannot enter the working directory \"/nowhere\": No such file or directory"},
                {"/bin/busybox", "cannot enter the working directory \"/bin/busybox\": Not a directory"},
                {"relative", "cannot enter the working directory \"relative\": it is not absolute"},
                {"/proc/self/cwd", "cannot enter the working directory \"/proc/self/cwd\": it leads out of the image"},
                {"/proc/self/root/tmp",
                 "cannot enter the working directory \"/proc/self/root/tmp\": it leads out of the image"},
                {"/tmp/self", "cannot enter the working directory \"/tmp/self\": it leads out of the image"},
        };

        fixture_shell("cd %s/tmp && ln -sfn ../../../.. up && ln -sfn /etc abs && mkdir -p -m 700 locked && ln -sfn "
                      "/proc/1/fd/3 self",
                      f.root);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                bool exec = true;
                int code;
                CLEANUP_FREE char *message = failure(NULL, cases[i].cwd, &code, &exec);

                CHECK_STR(message, cases[i].expected);
                if (strncmp(message, "ran", 3) != 0)
                        CHECK(!exec);
        }
}

/* CVE-2024-21626 of a peer: no descriptor's directory can be entered, open or not. */
static void test_descriptors_as_directories(void)
{
        for (int fd = 3; fd < 64; fd++) {
                CLEANUP_FREE char *cwd = memory_printf("/proc/self/fd/%d", fd);
                bool exec;
                int code;
                CLEANUP_FREE char *message = failure(NULL, cwd, &code, &exec);

                CHECK_HAS(message, "cannot enter the working directory");
        }
}

/* Changes the root with a shell line, expects the sentence, and undoes it. */
static void check_root(const char *change, const char *undo, const char *expected)
{
        bool exec = true;
        int code = 0;
        char *message;

        fixture_shell("cd %s && %s", f.root, change);
        message = failure(NULL, NULL, &code, &exec);
        CHECK_STR(message, expected);
        CHECK(!exec);
        free(message);
        fixture_shell("cd %s && %s", f.root, undo);
}

static void test_roots(void)
{
        static const char *const names[] = {"proc", "dev", "sys"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_FREE char *put = memory_printf("rmdir %s && ln -s /tmp %s", names[i], names[i]);
                CLEANUP_FREE char *file = memory_printf("rmdir %s && : > %s", names[i], names[i]);
                CLEANUP_FREE char *gone = memory_printf("rmdir %s", names[i]);
                CLEANUP_FREE char *undo = memory_printf("rm -f %s && mkdir %s", names[i], names[i]);
                CLEANUP_FREE char *refused = memory_printf("refusing to run the command: /%s of the image must be a "
                                                           "directory, not a link or anything else",
                                                           names[i]);
                CLEANUP_FREE char *missing = memory_printf("cannot find /%s in the image, where the sandbox has to "
                                                           "mount its own: No such file or directory",
                                                           names[i]);

                check_root(put, undo, refused);
                check_root(file, undo, refused);
                check_root(gone, undo, missing);
        }
        check_root("rm etc/hosts", ": > etc/hosts",
                   "cannot find /etc/hosts in the image, where the sandbox has to mount its own: No such file or "
                   "directory");
        check_root("rm etc/hosts && mkdir etc/hosts", "rmdir etc/hosts && : > etc/hosts",
                   "refusing to run the command: /etc/hosts of the image must be a regular file");
        check_root("ln -sf resolv.conf etc/resolv.conf", "rm etc/resolv.conf && : > etc/resolv.conf",
                   "refusing to run the command: /etc/resolv.conf of the image must be a regular file");
        /* nothing was mounted there yet: the name of a file of the host's proc is just a name */
        check_root("ln -sf /proc/sys/kernel/core_pattern etc/hosts", "rm etc/hosts && : > etc/hosts",
                   "cannot find /etc/hosts in the image, where the sandbox has to mount its own: No such file or "
                   "directory");
}

/* Links of the image are resolved inside it, and the file they lead to is what is covered. */
static void test_links_stay_inside(void)
{
        char *text;

        fixture_shell(
                "cd %s && mkdir -p run/host && : > run/host/hosts && ln -sf ../../../../../run/host/hosts etc/hosts && "
                "echo untouched > %s/canary && ln -sf ../../../../../../..%s/canary etc/resolv.conf && mkdir -p .%s && "
                ": > .%s/canary",
                f.root, f.dir, f.dir, f.dir, f.dir);
        {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer got = BUFFER_INIT;
                struct fixture_command x;

                fixture_command_init(&x, "cat /etc/hosts /run/host/hosts /etc/resolv.conf");
                x.c.hosts = "hosts\n";
                x.c.resolv_conf = "resolv\n";
                CHECK_INT(fixture_execute(&f, &x.c, &got, &err), 0);
                CHECK_STR(buffer_text(&got), "hosts\nhosts\nresolv\n");
        }
        text = fixture_run(&f, "cat /run/host/hosts");
        CHECK_STR(text, "");
        free(text);
        fixture_shell("[ \"$(cat %s/canary)\" = untouched ] && cd %s && rm -rf run .%s etc/hosts etc/resolv.conf && "
                      ": > etc/hosts && : > etc/resolv.conf",
                      f.dir, f.root, f.dir);
}

static void test_bad_calls(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char *empty[] = {NULL};
        struct fixture_command x;

        fixture_command_init(&x, "true");
        x.c.argv = empty;
        CHECK_INT(fixture_start(&f, &x.c, &err), -1);
        CHECK_HAS(err.message, "it is empty");
        error_clear(&err);
        fixture_command_init(&x, "true");
        x.c.hostname = "0123456789012345678901234567890123456789012345678901234567890123x";
        CHECK_INT(fixture_start(&f, &x.c, &err), -1);
        CHECK_HAS(err.message, "longer than 64 bytes");
        error_clear(&err);
        fixture_command_init(&x, "true");
        x.c.uid = (uid_t)-1;
        CHECK_INT(fixture_start(&f, &x.c, &err), -1);
        CHECK_HAS(err.message, "is no id");
        error_clear(&err);
        CHECK_INT(sandbox_stage_signal(f.stage, 0, &err), -1);
        CHECK_HAS(err.message, "no such signal");
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        fixture_open(&f);
        CHECK_RUN(test_programs);
        CHECK_RUN(test_working_directories);
        CHECK_RUN(test_descriptors_as_directories);
        CHECK_RUN(test_roots);
        CHECK_RUN(test_links_stay_inside);
        CHECK_RUN(test_bad_calls);
        fixture_close(&f);
        /* the other resolver meets the same roots */
        f.options.disable = SANDBOX_NO_OPENAT2;
        fixture_open(&f);
        CHECK_RUN(test_working_directories);
        CHECK_RUN(test_descriptors_as_directories);
        CHECK_RUN(test_roots);
        CHECK_RUN(test_links_stay_inside);
        fixture_remove(&f);
        return CHECK_END();
}
