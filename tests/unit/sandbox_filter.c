/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter: what no command may do, as root, as a user, and through the 32 bit table. */
#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

static const char expected[] =
        "keyctl: Operation not permitted\nadd_key: Operation not permitted\nrequest_key: Operation not permitted\n"
        "bpf: Operation not permitted\nperf_event_open: Operation not permitted\nuserfaultfd: Operation not permitted\n"
        "io_uring_setup: Operation not permitted\nunshare user: Operation not permitted\n"
        "unshare mount: Operation not permitted\nclone user: Operation not permitted\n"
        "clone3: Function not implemented\nsetns: Operation not permitted\nmount_setattr: Operation not permitted\n"
        "fsopen: Operation not permitted\nopen_by_handle_at: Operation not permitted\n"
        "kexec_load: Operation not permitted\ninit_module: Operation not permitted\nsyslog: Operation not permitted\n"
        "quotactl: Operation not permitted\nreboot: Operation not permitted\nsocket vsock: Operation not permitted\n"
        "TIOCSTI: Operation not permitted\nTIOCSTI with high bits: Operation not permitted\n"
        "TIOCLINUX: Operation not permitted\n"
#if defined(__x86_64__)
        "i386 keyctl: -1\ni386 unshare: -1\ni386 getpid: done\nx32 getpid: Function not implemented\n"
#endif
        ;

static void test_refused(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        CHECK_SCRIPT(&f, "inside refused", expected);
        fixture_command_init(&x, "inside refused");
        x.c.uid = 1000;
        x.c.gid = 1000;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), expected);
}

/* In every command, and kept by its children. */
static void test_status(void)
{
        CHECK_SCRIPT(&f, "grep -E '^Seccomp:|NoNewPrivs' /proc/self/status; (grep ^Seccomp: /proc/self/status)",
                     "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp:\t2\n");
}

/* With CAP_SYS_ADMIN in its namespace a command may mount, and nothing else of the list. */
static void test_administrator(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "mount -t tmpfs x /tmp && echo mounted; inside refused | grep -E '^(keyctl|unshare user)'");
        x.c.capabilities = sandbox_default_capabilities() | UINT64_C(1) << 21;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "mounted\nkeyctl: Operation not permitted\nunshare user: done\n");
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        fixture_open(&f);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_status);
        CHECK_RUN(test_administrator);
        fixture_remove(&f);
        return CHECK_END();
}
