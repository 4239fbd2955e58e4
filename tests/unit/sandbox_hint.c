/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that lack something: each gets one sentence that says what to do. */
#include "sandbox/hint.h"

#include <pwd.h>
#include <sys/prctl.h>

#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

/* Opening fails; returns the message, the caller's. Leaves no process and no descriptor. */
static char *refused(const struct sandbox_options *options)
{
        struct error err = ERROR_INIT;
        struct sandbox *s = NULL;
        int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

        (void)close(before);
        if (sandbox_open(options, &s, &err) == 0) {
                sandbox_close(s);
                return memory_strdup("(no error)");
        }
        CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
        after = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CHECK_INT(after, before);
        (void)close(after);
        return STEAL(err.message);
}

#define CHECK_REFUSED(options, part)                                                                                   \
        do {                                                                                                           \
                char *m_ = refused(options);                                                                           \
                CHECK_HAS(m_, part);                                                                                   \
                CHECK(strchr(m_, '\n') == NULL);                                                                       \
                free(m_);                                                                                              \
        } while (0)

static char *file(const char *name, const char *text, mode_t mode)
{
        char *path = memory_printf("%s/%s", f.dir, name);
        FILE *out = fopen(path, "we");

        if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0 || chmod(path, mode) < 0)
                abort();
        return path;
}

static void test_newuidmap_missing(void)
{
        struct sandbox_options options = f.options;

        options.newuidmap = "/nonexistent/newuidmap";
        CHECK_REFUSED(&options,
                      "/nonexistent/newuidmap is not installed: install the package uidmap (Debian, Ubuntu) or "
                      "shadow-utils (Fedora)");
        options = f.options;
        options.newgidmap = "/nonexistent/newgidmap";
        CHECK_REFUSED(&options, "/nonexistent/newgidmap is not installed");
}

static void test_newuidmap_fails(void)
{
        struct sandbox_options options = f.options;
        char *plain = file("newuidmap", "#!/bin/sh\necho newuidmap: no luck >&2\nexit 1\n", 0755);
        char *killed = file("newgidmap", "#!/bin/sh\nkill -9 $$\n", 0755);
        char *expected = memory_printf(
                "cannot map the subordinate ids: %s is not set-user-id root: run as root \"chmod u+s %s\": %s "
                "failed with status 1: newuidmap: no luck",
                plain, plain, plain);

        options.newuidmap = plain;
        CHECK_REFUSED(&options, expected);
        options = f.options;
        options.newgidmap = killed;
        CHECK_REFUSED(&options, "was killed by signal 9");
        free(expected);
        free(plain);
        free(killed);
}

/* The real newuidmap, asked for what the real /etc/subuid does not grant. */
static void test_range_not_granted(void)
{
        struct sandbox_options options = f.options;
        char *text = memory_printf("%u:3000000000:65536\n", geteuid());
        char *path = file("subuid", text, 0644);

        options.subuid_file = path;
        CHECK_REFUSED(&options, "newuidmap failed with status 1: newuidmap: uid range");
        free(path);
        free(text);
}

static void test_no_subordinate_ids(void)
{
        struct sandbox_options options = f.options;
        char *path = file("subuid", "somebody:100000:65536\nelse:165536:65536\n", 0644);
        const char *user = getpwuid(geteuid())->pw_name;
        char *expected = memory_printf(
                "user %s has no subordinate ids in %s: run as root \"usermod --add-subuids 231072-296607 %s\", "
                "or add the line \"%s:231072:65536\" to it",
                user, path, user, user);
        char *groups = memory_printf(
                "user %s has no subordinate ids in %s: run as root \"usermod --add-subgids 231072-296607 %s\"", user,
                path, user);

        options.subuid_file = path;
        CHECK_REFUSED(&options, expected);
        options = f.options;
        options.subgid_file = path;
        CHECK_REFUSED(&options, groups);
        options = f.options;
        options.subuid_file = "/nonexistent/subuid";
        CHECK_REFUSED(
                &options,
                "has no subordinate ids in /nonexistent/subuid: run as root \"usermod --add-subuids 100000-165535 ");
        options.subuid_file = "/dev/zero";
        CHECK_REFUSED(&options, "cannot read /dev/zero: it is not a regular file");
        free(groups);
        free(expected);
        free(path);
}

static void test_fuse(void)
{
        struct sandbox_options options = f.options;
        char *locked = file("fuse", "", 0);

        options.rootdir = NULL;
        options.fuse_device = "/nonexistent/fuse";
        CHECK_REFUSED(
                &options,
                "/nonexistent/fuse is missing (No such file or directory): load it as root with \"modprobe fuse\"");
        options.fuse_device = locked;
        CHECK_REFUSED(&options, "may not be opened (Permission denied): run as root \"chmod 0666 ");
        free(locked);
}

static void sysctls(const char *max, const char *clone, const char *apparmor)
{
        fixture_shell("rm -rf %s/sys && mkdir -p %s/sys/user %s/sys/kernel", f.dir, f.dir, f.dir);
        free(file("sys/user/max_user_namespaces", max, 0644));
        if (clone[0])
                free(file("sys/kernel/unprivileged_userns_clone", clone, 0644));
        if (apparmor[0])
                free(file("sys/kernel/apparmor_restrict_unprivileged_userns", apparmor, 0644));
}

static void test_user_namespaces(void)
{
        static const struct {
                const char *max, *clone, *apparmor;
                int code;
                const char *expected;
        } cases[] = {
                {"0\n", "", "", ENOSPC,
                 "user namespaces are switched off on this host (user.max_user_namespaces is 0): run as root: "
                 "sysctl -w user.max_user_namespaces=15000"},
                {"31\n", "", "", ENOSPC, "sysctl -w user.max_user_namespaces=62"},
                {"100\n", "0\n", "", EPERM, "sysctl -w kernel.unprivileged_userns_clone=1"},
                {"100\n", "1\n", "1\n", EPERM, "kernel.apparmor_restrict_unprivileged_userns is 1"},
                {"100\n", "1\n", "0\n", EPERM,
                 "cannot make a user namespace: Operation not permitted; the sysctls allow it"},
                {"100\n", "", "", EINVAL, "CONFIG_USER_NS"},
        };
        char *dir = memory_printf("%s/sys", f.dir);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                sysctls(cases[i].max, cases[i].clone, cases[i].apparmor);
                CHECK_INT(sandbox_hint_user_namespace(dir, cases[i].code, &err), -1);
                CHECK_HAS(err.message, cases[i].expected);
                CHECK_INT(err.code, cases[i].code);
        }
        free(dir);
}

/* With the real limit: in a user namespace of its own where no further one is allowed, the keeper's unshare really
 * fails. */
static void test_user_namespaces_really_forbidden(void)
{
        CLEANUP_FREE char *line = NULL;
        char self[256];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        self[n < 0 ? 0 : n] = '\0';
        line = memory_printf(
                "unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_user_namespaces && %s nested' > %s/out 2>&1; "
                "grep -q 'user.max_user_namespaces is 0' %s/out || { cat %s/out; false; }",
                self, f.dir, f.dir, f.dir);
        fixture_shell("%s", line);
}

static void test_no_new_privs(void)
{
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                check_failures_ = 0;
                if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                        _exit(1);
                CHECK_REFUSED(&f.options, "because bryo was started with no_new_privs");
                fflush(stdout);
                _exit(check_failures_ != 0);
        }
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK_INT(status, 0);
}

int main(int argc, char **argv)
{
        if (argc == 1)
                unprivileged_enter(argv);
        if (argc > 1) { /* test_user_namespaces_really_forbidden, inside */
                struct sandbox_options options = {.rootdir = "/"};
                char *message = refused(&options);

                puts(message);
                free(message);
                return 0;
        }
        fixture_make_root(&f);
        CHECK_RUN(test_newuidmap_missing);
        CHECK_RUN(test_newuidmap_fails);
        CHECK_RUN(test_range_not_granted);
        CHECK_RUN(test_no_subordinate_ids);
        CHECK_RUN(test_fuse);
        CHECK_RUN(test_user_namespaces);
        CHECK_RUN(test_user_namespaces_really_forbidden);
        CHECK_RUN(test_no_new_privs);
        fixture_remove(&f);
        return CHECK_END();
}
