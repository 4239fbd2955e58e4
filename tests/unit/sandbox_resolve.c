/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolver of paths in an image: one table through openat2 and through the
 * walk, which must agree in what they open and in why they do not. The honest
 * neighbours of every attack are in it too.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

struct path_case {
        const char *path;
        unsigned int flags;
        const char *found; /* below the root; NULL: fails with `code` */
        int code;
};

static const struct path_case cases[] = {
        {"/", 0, "", 0},
        {".", 0, "", 0},
        {"..", 0, "", 0},
        {"/..", 0, "", 0},
        {"/../../../../../..", 0, "", 0},
        {"", 0, NULL, ENOENT},
        {"a", 0, "/a", 0},
        {"/a", 0, "/a", 0},
        {"//a", 0, "/a", 0},
        {"/a/", 0, "/a", 0},
        {"/a//", 0, "/a", 0},
        {"/./a/.", 0, "/a", 0},
        {"a/b/c", 0, "/a/b/c", 0},
        {"/a//b///c", 0, "/a/b/c", 0},
        {"/a/../a/b", 0, "/a/b", 0},
        {"/a/b/..", 0, "/a", 0},
        {"/a/b/../..", 0, "", 0},
        {"/a/b/../../..", 0, "", 0},
        {"/a/b/../../../a", 0, "/a", 0},
        {"/../a", 0, "/a", 0},
        {"/missing", 0, NULL, ENOENT},
        {"/missing/..", 0, NULL, ENOENT},
        {"/a/missing/b", 0, NULL, ENOENT},
        {"/a/b/c/d", 0, NULL, ENOTDIR},
        {"/a/b/c/..", 0, NULL, ENOTDIR},
        {"/a/b/c/.", 0, NULL, ENOTDIR},
        {"/a/b/c/", 0, NULL, ENOTDIR},
        {"/filelink/", 0, NULL, ENOTDIR},
        {"/fileslash", 0, NULL, ENOTDIR},
        {"/missing/", 0, NULL, ENOENT},
        {"/rel/", 0, "/a/b", 0},
        {"/toroot/", 0, "", 0},
        /* links that stay */
        {"/rel", 0, "/a/b", 0},
        {"/rel/c", 0, "/a/b/c", 0},
        {"/abs", 0, "/a/b", 0},
        {"/abs/c", 0, "/a/b/c", 0},
        {"/abs/..", 0, "/a", 0},
        {"/abs/../..", 0, "", 0},
        {"/a/up", 0, "", 0},
        {"/a/up/a/up/a/b", 0, "/a/b", 0},
        {"/a/sibling", 0, "/a/b", 0},
        {"/a/sibling/c", 0, "/a/b/c", 0},
        {"/toroot", 0, "", 0},
        {"/toroot/a", 0, "/a", 0},
        {"/dot", 0, "", 0},
        {"/dot/a", 0, "/a", 0},
        {"/slashes", 0, "/a/b", 0},
        {"/slashes/c", 0, "/a/b/c", 0},
        {"/chain1", 0, "/a/b/c", 0},
        {"/trailing", 0, "/a/b", 0},
        {"/trailing/c", 0, "/a/b/c", 0},
        {"/long40", 0, "/a", 0},
        /* links that would leave: they end inside */
        {"/out", 0, "", 0},
        {"/out/a", 0, "/a", 0},
        {"/outabs", 0, NULL, ENOENT},
        {"/outabs/canary", 0, NULL, ENOENT},
        {"/outcanary", 0, NULL, ENOENT},
        {"/a/b/deepout", 0, "/a", 0},
        {"/a/b/deepout/b/deepout", 0, "/a", 0},
        {"/etc/passwd", 0, NULL, ENOENT},
        {"/hostetc", 0, NULL, ENOENT},
        {"/hostetc/passwd", 0, NULL, ENOENT},
        /* links that lead nowhere */
        {"/dangling", 0, NULL, ENOENT},
        {"/dangling/x", 0, NULL, ENOENT},
        {"/self", 0, NULL, ELOOP},
        {"/self/x", 0, NULL, ELOOP},
        {"/ping", 0, NULL, ELOOP},
        {"/long41", 0, NULL, ELOOP},
        {"/filelink", 0, "/a/b/c", 0},
        {"/filelink/x", 0, NULL, ENOTDIR},
        {"/filelink/..", 0, NULL, ENOTDIR},
        /* the last component must not be a link; those before it may */
        {"/a", INIT_RESOLVE_NO_LINK, "/a", 0},
        {"/abs/c", INIT_RESOLVE_NO_LINK, "/a/b/c", 0},
        {"/abs", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/rel", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/rel/", INIT_RESOLVE_NO_LINK, "/a/b", 0},
        {"/dangling", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/self", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/toroot", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/toroot/abs", INIT_RESOLVE_NO_LINK, NULL, ELOOP},
        {"/missing", INIT_RESOLVE_NO_LINK, NULL, ENOENT},
        {"/a/b", INIT_RESOLVE_NO_XDEV, "/a/b", 0},
        {"/abs/../b/c", INIT_RESOLVE_NO_XDEV, "/a/b/c", 0},
        {"/a/up/a", INIT_RESOLVE_NO_XDEV, "/a", 0},
        /* unreadable, and names of all kinds */
        {"/locked/x", 0, NULL, EACCES},
        {"/locked", 0, "/locked", 0},
        {"/sp ace/%s/\xff\xfe", 0, "/sp ace/%s/\xff\xfe", 0},
        {"/...", 0, "/...", 0},
        {"/.../..", 0, "", 0},
        {"/..a", 0, "/..a", 0},
        {"/a..", 0, NULL, ENOENT},
};

static void make_tree(void)
{
        fixture_shell("rm -rf %s && mkdir -p %s && cd %s && mkdir -p a/b ... ..a locked && mkdir -p \"sp "
                      "ace/%%s/$(printf '\\377\\376')\" && "
                      ": > a/b/c && ln -s a/b rel && ln -s /a/b abs && ln -s .. a/up && ln -s ./b a/sibling && ln -s / "
                      "toroot && "
                      "ln -s . dot && ln -s //a//b slashes && ln -s chain2 chain1 && ln -s /abs/../b/c chain2 && ln -s "
                      "a/b/ trailing && "
                      "ln -s ../../../../.. out && ln -s %s outabs && : > %s/canary && ln -s ../canary outcanary && "
                      "ln -s ../../../../../a a/b/deepout && ln -s /etc hostetc && ln -s nowhere dangling && ln -s "
                      "self self && "
                      "ln -s pong ping && ln -s ping pong && ln -s a/b/c filelink && ln -s a/b/c/ fileslash && : > "
                      "locked/x && "
                      "ln -s a l0 && i=0; while [ $i -lt 41 ]; do ln -s l$i l$((i+1)); i=$((i+1)); done; "
                      "ln -s l38 long40; ln -s l39 long41; chmod 0 locked",
                      f.root, f.root, f.root, f.dir, f.dir);
}

/* What a descriptor is, as a path below the root. */
static char *shown(int fd)
{
        char link[64], path[PATH_MAX];
        size_t prefix = strlen(f.root);
        ssize_t n;

        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        path[n < 0 ? 0 : n] = '\0';
        if (strncmp(path, f.root, prefix) != 0 || (path[prefix] != '/' && path[prefix] != '\0'))
                return memory_printf("outside: %s", path);
        return memory_strdup(path + prefix);
}

static void run_table(unsigned int with)
{
        int root = open(f.root, O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct path_case *c = &cases[i];
                bool walked = false;
                int before = dup(root), fd, after;

                (void)close(before);
                errno = 0;
                fd = init_resolve(root, c->path, c->flags | with, &walked);
                if (fd < 0) {
                        int code = errno;

                        if (c->found != NULL || code != c->code)
                                printf("# \"%s\" flags %x: %s, expected %s\n", c->path, c->flags, strerror(code),
                                       c->found ? c->found : strerror(c->code));
                        CHECK(c->found == NULL && code == c->code);
                } else {
                        CLEANUP_FREE char *path = shown(fd);

                        if (c->found == NULL)
                                printf("# \"%s\" flags %x: found, expected %s\n", c->path, c->flags, strerror(c->code));
                        CHECK_STR(path, c->found);
                        CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
                        (void)close(fd);
                }
                CHECK_INT(walked, with != 0);
                after = dup(root);
                CHECK_INT(after, before);
                (void)close(after);
        }
        (void)close(root);
}

static void test_openat2(void)
{
        int root = open("/", O_PATH | O_CLOEXEC);
        bool walked;
        int fd = init_resolve(root, "/", 0, &walked);

        (void)close(fd);
        (void)close(root);
        if (walked) {
                printf("# this kernel has no openat2\n");
                return;
        }
        run_table(0);
}

static void test_walk(void)
{
        run_table(INIT_RESOLVE_WALK);
}

/* Other mounts are not entered when that was asked for; with both ways. */
static void test_mounts(void)
{
        int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (unsigned int with = 0; with <= INIT_RESOLVE_WALK; with += INIT_RESOLVE_WALK) {
                bool walked;
                int fd = init_resolve(root, "/proc/version", with, &walked);

                CHECK(fd >= 0);
                (void)close(fd);
                errno = 0;
                CHECK_INT(init_resolve(root, "/proc/version", with | INIT_RESOLVE_NO_XDEV, &walked), -1);
                CHECK_INT(errno, EXDEV);
        }
        (void)close(root);
}

/* Links of proc that are no text are not followed; those that are text are. */
static void test_magic_links(void)
{
        int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (unsigned int with = 0; with <= INIT_RESOLVE_WALK; with += INIT_RESOLVE_WALK) {
                CLEANUP_FREE char *open_root = memory_printf("/proc/self/fd/%d", root);
                const char *const magic[] = {
                        open_root,        "/proc/self/cwd",    "/proc/self/root",    "/proc/self/root/proc",
                        "/proc/self/exe", "/proc/self/ns/mnt", "/proc/mounts/../cwd"};
                bool walked;
                int fd;

                for (size_t i = 0; i < ARRAY_SIZE(magic); i++) {
                        errno = 0;
                        fd = init_resolve(root, magic[i], with, &walked);
                        if (fd >= 0 || errno != (i == 6 ? ENOTDIR : ELOOP))
                                printf("# %s: %d %s\n", magic[i], fd, strerror(errno));
                        CHECK_INT(fd, -1);
                        CHECK_INT(errno, i == 6 ? ENOTDIR : ELOOP);
                }
                fd = init_resolve(root, "/proc/self/fd", with, &walked);
                CHECK(fd >= 0);
                (void)close(fd);
        }
        (void)close(root);
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        make_tree();
        CHECK_RUN(test_openat2);
        CHECK_RUN(test_walk);
        CHECK_RUN(test_mounts);
        CHECK_RUN(test_magic_links);
        fixture_remove(&f);
        return CHECK_END();
}
