/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static char base[] = "/tmp/bryo-rooted-XXXXXX";
static int root = -1;

static void make_tree(void)
{
        CHECK(mkdtemp(base) != NULL);
        CHECK(chdir(base) == 0);
        CHECK(mkdir("root", 0700) == 0 && mkdir("root/a", 0700) == 0 && mkdir("root/a/b", 0700) == 0);
        CHECK(mkdir("outside", 0700) == 0);
        CHECK(symlink("../../../outside", "root/a/up") == 0);
        CHECK(symlink("/a", "root/abs") == 0);
        CHECK(symlink("loop", "root/loop") == 0);
        CHECK(symlink("a/b", "root/rel") == 0);
        CHECK(symlink("abs/b/", "root/slash") == 0);
        close(open("root/a/b/f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        root = fd_open_directory(AT_FDCWD, "root");
        CHECK(root >= 0);
}

static const struct {
        const char *path;
        unsigned flags;
        const char *expected; /* NULL: fails */
        int code;
} cases[] = {
        {"", 0, "", 0},
        {"/", 0, "", 0},
        {".", 0, "", 0},
        {"..", 0, "", 0},
        {"../../a", 0, "a", 0},
        {"a//b/./f", 0, "a/b/f", 0},
        {"/a/b/../b/f", 0, "a/b/f", 0},
        {"abs/b/f", 0, "a/b/f", 0},
        {"rel/f", 0, "a/b/f", 0},
        {"rel", ROOTED_NOFOLLOW, "rel", 0},
        {"rel/", ROOTED_NOFOLLOW, "a/b", 0},
        {"slash/f", 0, "a/b/f", 0},
        {"abs/../a", 0, "a", 0},
        {"a/up", 0, NULL, ENOENT},
        {"a/up/x", 0, NULL, ENOENT},
        {"loop", 0, NULL, ELOOP},
        {"a/b/f/x", 0, NULL, ENOTDIR},
        {"a/none", 0, NULL, ENOENT},
};

static void test_resolve(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_ROOTED struct rooted r = ROOTED_INIT;
                int result = rooted_resolve(root, cases[i].path, cases[i].flags, &r, &err);

                if (cases[i].expected) {
                        CHECK_INT(result, 0);
                        CHECK_STR(r.path, cases[i].expected);
                        CHECK(r.fd >= 0);
                } else {
                        CHECK_INT(result, -1);
                        CHECK_INT(err.code, cases[i].code);
                        CHECK_HAS(err.message, cases[i].path);
                }
        }
}

/* From here on openat2(2) fails so in this process. */
static bool forbid_openat2(int code)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {ARRAY_SIZE(filter), filter};

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool openat2_gives(int code)
{
        return syscall(SYS_openat2, AT_FDCWD, ".", NULL, (size_t)0) < 0 && errno == code;
}

/* The walk says the same as the kernel, whichever way the system call is not there. */
static void test_walk(void)
{
        static const int codes[] = {ENOSYS, EPERM};

        CHECK(openat2_gives(EINVAL)); /* the cases before were the kernel's */
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
                CHECK(forbid_openat2(codes[i]));
                CHECK(openat2_gives(codes[i]));
                test_resolve();
        }
}

static void remove_tree(void)
{
        CLEANUP_FREE char *command = memory_printf("rm -rf '%s'", base);

        close(root);
        CHECK(chdir("/") == 0 && system(command) == 0);
}

int main(void)
{
        CHECK_RUN(make_tree);
        CHECK_RUN(test_resolve);
        CHECK_RUN(test_walk);
        CHECK_RUN(remove_tree);
        return CHECK_END();
}
