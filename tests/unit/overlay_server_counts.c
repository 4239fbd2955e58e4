/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests the kernel sends for small operations: the price of
 * everything done in a RUN, and what the options of INIT and the ENOSYS answers are chosen for. A
 * regression here (an opcode that is suddenly answered, a cache that is off)
 * shows nowhere else.
 */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include <linux/fuse.h>

#include "common/memory.h"
#include "overlay/server.h"
#include "tests/unit/overlay_server_mount.h"
#include "tests/unit/overlay_server_tree.h"

/* --- operations: each works below the mount, and leaves no open file ------------ */

static void write_file(const char *path, int pieces, size_t size)
{
        char bytes[1000];
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        memset(bytes, 'x', sizeof bytes);
        CHECK(fd >= 0);
        while (pieces-- > 0)
                CHECK_INT(write(fd, bytes, size), size);
        CHECK_INT(close(fd), 0);
}

static void read_file(const char *path, bool fstat_too)
{
        char bytes[8192];
        struct stat st;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        CHECK(fd >= 0);
        if (fstat_too)
                CHECK_INT(fstat(fd, &st), 0);
        CHECK(read(fd, bytes, sizeof bytes) > 0);
        close(fd);
}

/* Directories of so many files that are there before the mount. */
#define LOWER_FILES 100

/* Every operation is done three times, with names of its own, and the least count is taken: see `expectations`. */
#define ROUNDS 3
static int round_;

static const char *name_of(const char *name)
{
        static char text[64];

        snprintf(text, sizeof text, "%s%d", name, round_);
        return text;
}

static void op_mk1(void)
{
        write_file(name_of("mk1"), 1, 1000);
}

static void op_mk8(void)
{
        write_file(name_of("mk8"), 8, 125);
}

static void op_reread(void)
{
        read_file("warm", true);
}

static void op_stat(void)
{
        struct stat st;

        CHECK_INT(stat("warm", &st), 0);
}

static void op_stat_missing(void)
{
        struct stat st;

        CHECK_INT(stat(name_of("missing"), &st), -1);
}

static void op_readlink(void)
{
        char target[16];

        CHECK_INT(readlink("link", target, sizeof target), 4);
}

static void op_rewrite(void)
{
        int fd = open("warm", O_WRONLY | O_TRUNC | O_CLOEXEC);

        CHECK_INT(write(fd, "new\n", 4), 4);
        CHECK_INT(close(fd), 0);
}

static void op_append_10(void)
{
        int i, fd = open("warm", O_WRONLY | O_APPEND | O_CLOEXEC);

        for (i = 0; i < 10; i++)
                CHECK_INT(write(fd, "line\n", 5), 5);
        CHECK_INT(fsync(fd), 0);
        CHECK_INT(fsync(fd), 0);
        CHECK_INT(close(fd), 0);
}

static void op_chmod(void)
{
        CHECK_INT(chmod("warm", 0600), 0);
}

static void op_mkdir(void)
{
        CHECK_INT(mkdir("dir", 0755), 0);
}

static void op_rmdir(void)
{
        CHECK_INT(rmdir("dir"), 0);
}

static void op_unlink(void)
{
        CHECK_INT(unlink(name_of("mk1")), 0);
}

static void op_rename(void)
{
        char from[64];

        snprintf(from, sizeof from, "%s", name_of("mk8"));
        CHECK_INT(rename(from, name_of("renamed")), 0);
}

static void op_exec(void)
{
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                execl("tool", "tool", NULL);
                _exit(99);
        }
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK_INT(status, 0);
}

static void op_mmap(void)
{
        int fd = open("warm", O_RDWR | O_CLOEXEC);
        char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        CHECK(p != MAP_FAILED);
        p[0] = 'N';
        CHECK_INT(munmap(p, 4096), 0);
        CHECK_INT(close(fd), 0);
}

static void op_getxattr(void)
{
        char value[64];

        CHECK_INT(getxattr("warm", "user.none", value, sizeof value), -1);
}

/* One file as GNU tar unpacks it for root: whole blocks, then times, owner and mode. */
static void op_tar(void)
{
        const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
        char block[10240];
        int fd = open(name_of("tar"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        CHECK(fd >= 0);
        memset(block, 't', sizeof block);
        CHECK_INT(write(fd, block, sizeof block), sizeof block);
        CHECK_INT(write(fd, block, 5000), 5000);
        CHECK_INT(futimens(fd, times), 0);
        CHECK_INT(fchown(fd, 0, 0), 0);
        CHECK_INT(fchmod(fd, 0644), 0);
        CHECK_INT(close(fd), 0);
}

/* A file nobody has seen yet, of those that lie below (lower_tree). */
static void op_cold(void)
{
        char path[80];

        snprintf(path, sizeof path, "%s/f000", name_of("lower"));
        read_file(path, true);
}

/* The same as cp -a copies it. */
static void op_cp(void)
{
        char path[80], list[256];
        struct stat st;
        int in, out;

        snprintf(path, sizeof path, "%s/f001", name_of("lower"));
        CHECK_INT(lstat(path, &st), 0);
        in = open(path, O_RDONLY | O_CLOEXEC);
        out = open(name_of("copy"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        CHECK(in >= 0 && out >= 0);
        CHECK_INT(copy_file_range(in, NULL, out, NULL, 1 << 20, 0), 1000);
        CHECK_INT(copy_file_range(in, NULL, out, NULL, 1 << 20, 0), 0);
        CHECK_INT(futimens(out, (const struct timespec[2]){st.st_atim, st.st_mtim}), 0);
        CHECK_INT(fchown(out, 0, 0), 0);
        CHECK_INT(flistxattr(in, list, sizeof list), 0);
        CHECK_INT(fchmod(out, 0644), 0);
        CHECK_INT(close(in) | close(out), 0);
}

/* find and stat of a directory of LOWER_FILES. */
static void op_walk(void)
{
        DIR *dir = opendir(name_of("walk"));
        struct dirent *entry;
        struct stat st;
        int count = 0;

        CHECK(dir != NULL);
        for (; (entry = readdir(dir)) != NULL; count++)
                CHECK_INT(fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
        CHECK_INT(count, LOWER_FILES + 2);
        closedir(dir);
}

/* rm -r of that directory, which a walk has seen. */
static void op_rm(void)
{
        char path[80];
        int i;

        for (i = 0; i < LOWER_FILES; i++) {
                snprintf(path, sizeof path, "%s/f%03d", name_of("walk"), i);
                CHECK_INT(unlink(path), 0);
        }
        CHECK_INT(rmdir(name_of("walk")), 0);
}

/* --- the table -------------------------------------------------------------------- */

struct expectation {
        const char *what;
        void (*op)(void);
        int most;          /* requests, FORGETs not counted */
        const char *which; /* for the reader */
        bool writes;       /* one SETATTR more, with the times, may come at any time on a busy machine */
};

/*
 * As counted on Linux 6.18. A new file costs one GETXATTR (security.capability, once for each
 * inode as long as nothing sets attributes) because xattrs are answered. Every change in a
 * directory drops its cached attributes, which the next permission check reads again. close(2) drops
 * st_blocks under writeback caching, so the next stat asks for it. A file that was
 * written sends its times once, at the latest when a name of it changes, or earlier
 * when the clock ticked since it was created, hence the rounds and `writes`.
 */
static const struct expectation expectations[] = {
        {"create, write 1000 bytes, close", op_mk1, 5, "GETATTR dir, LOOKUP, MKNOD, GETXATTR, WRITE", true},
        {"create, 8 writes, close", op_mk8, 5, "GETATTR dir, LOOKUP, MKNOD, GETXATTR, WRITE", true},
        {"open, fstat, read again, close", op_reread, 1, "GETATTR dir"},
        {"stat after a close", op_stat, 1, "GETATTR"},
        {"stat again", op_stat, 0, ""},
        {"stat of a missing name", op_stat_missing, 1, "LOOKUP"},
        {"the same again", op_stat_missing, 0, ""},
        {"readlink again", op_readlink, 0, ""},
        {"exec of a program that ran before", op_exec, 0, ""},
        {"open with O_TRUNC, write, close", op_rewrite, 4, "GETXATTR, SETATTR, GETXATTR, WRITE"},
        {"append 10 lines, fsync twice, close", op_append_10, 1, "WRITE", true},
        {"map, change a byte, unmap, close", op_mmap, 1, "WRITE", true},
        {"chmod", op_chmod, 1, "SETATTR"},
        {"getxattr of a missing name", op_getxattr, 1, "GETXATTR"},
        {"mkdir", op_mkdir, 2, "LOOKUP, MKDIR"},
        {"rmdir", op_rmdir, 2, "GETATTR dir, RMDIR"},
        {"unlink", op_unlink, 3, "GETATTR dir, SETATTR (times), UNLINK"},
        {"one file of tar x", op_tar, 9, "GETATTR dir, LOOKUP, MKNOD, WRITE, 3 SETATTR, 2 GETXATTR (write, chown)",
         true},
        {"open, fstat, read, close of an unseen file", op_cold, 4, "GETATTR root, LOOKUP dir, LOOKUP, READ"},
        {"one file of cp -a", op_cp, 10, "2 LOOKUP, MKNOD, COPY_FILE_RANGE, 3 SETATTR, 2 GETXATTR, LISTXATTR", true},
        {"find and stat of 100 files", op_walk, 5, "GETATTR root, GETATTR dir, LOOKUP, 2 READDIRPLUS"},
        {"rm -r of these", op_rm, 3 * LOWER_FILES + 1, "GETATTR dir, SETATTR (ctime), UNLINK for each; RMDIR"},
        {"rename", op_rename, 4, "GETATTR dir, LOOKUP, SETATTR (times), RENAME2"},
};

/* The client asks the test for a count: one byte each way through a pipe pair. */
struct script {
        int ask[2], answer[2];
        struct overlay_server *server;
};

static uint64_t requests_so_far(struct overlay_server *server, struct overlay_server_counters *ret)
{
        uint64_t sum = 0;
        int i;

        overlay_server_get_counters(server, ret);
        for (i = 0; i < OVERLAY_SERVER_OPCODES; i++)
                if (i != FUSE_FORGET && i != FUSE_BATCH_FORGET)
                        sum += ret->requests[i];
        return sum;
}

/* In the client: wait until the test looked at the counters. */
static void sync_point(struct script *script)
{
        char byte = 'c';

        if (write(script->ask[1], &byte, 1) != 1 || read(script->answer[0], &byte, 1) != 1)
                _exit(1);
}

/* What the kernel asks once for each mount (does it know OPEN, CREATE, STATX ...) comes before the counting. */
static void warm_up(void)
{
        char self[4096];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        int fd;

        CHECK(n > 0);
        write_file("warm", 1, 1000);
        CHECK_INT(symlink("warm", "link"), 0);
        read_file("warm", true);
        op_readlink();
        op_append_10();
        op_chmod();
        op_getxattr();
        fd = open("tool", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK_INT(write(fd, "#!/bin/true\n", 12), 12);
        CHECK_INT(close(fd), 0);
        op_exec();
        fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_INT(fsync(fd), 0);
        close(fd);
        write_file("gone", 1, 10);
        CHECK_INT(unlink("gone"), 0);
}

static int client_body(void *context)
{
        struct script *script = context;
        size_t i;

        warm_up();
        sync_point(script);
        for (round_ = 0; round_ < ROUNDS; round_++) {
                for (i = 0; i < ARRAY_SIZE(expectations); i++) {
                        expectations[i].op();
                        sync_point(script);
                }
        }
        return 0;
}

struct result {
        uint64_t least;
        struct overlay_server_counters by_opcode; /* of that round */
};

static void keep_least(struct result *result, uint64_t sum, const struct overlay_server_counters *before,
                       const struct overlay_server_counters *after)
{
        int i;

        if (sum >= result->least)
                return;
        result->least = sum;
        for (i = 0; i < OVERLAY_SERVER_OPCODES; i++)
                result->by_opcode.requests[i] = after->requests[i] - before->requests[i];
}

static void report(const struct expectation *e, const struct result *result)
{
        int i;

        printf("# %-40s %2d (at most %d:%s%s)", e->what, (int)result->least, e->most, *e->which ? " " : "", e->which);
        for (i = 0; i < OVERLAY_SERVER_OPCODES; i++)
                if (result->by_opcode.requests[i] > 0)
                        printf(" %d=%d", i, (int)result->by_opcode.requests[i]);
        printf("\n");
        if (result->least > (uint64_t)e->most + (e->writes && result->by_opcode.requests[FUSE_SETATTR] > 0))
                CHECK_INT(result->least, e->most);
}

static void make_directory(struct overlay_tree *tree, const char *kind, int number)
{
        static const char bytes[1000] = "lower";
        const struct overlay_make directory = {.mode = S_IFDIR | 0755}, file = {.mode = S_IFREG | 0644};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_ref root, dir, ref;
        char name[16];
        int i;

        snprintf(name, sizeof name, "%s%d", kind, number);
        overlay_tree_root(tree, &root);
        CHECK_OK(overlay_node_make(&root, name, &directory, &dir, &err));
        for (i = 0; i < LOWER_FILES; i++) {
                snprintf(name, sizeof name, "f%03d", i);
                CHECK_OK(overlay_node_make(&dir, name, &file, &ref, &err));
                CHECK_OK(overlay_node_append(&ref, bytes, sizeof bytes, &err));
                overlay_ref_release(&ref);
        }
        overlay_ref_release(&dir);
        overlay_ref_release(&root);
}

/* What the kernel has not seen when the operations come to it: directories of their own for each round. */
static void make_lower(struct overlay_tree *tree)
{
        int round;

        for (round = 0; round < ROUNDS; round++) {
                make_directory(tree, "lower", round);
                make_directory(tree, "walk", round);
        }
}

static void test_requests_per_operation(void)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_server_counters before, after;
        struct result results[ARRAY_SIZE(expectations)];
        struct server_tree st = {0};
        struct script script;
        struct mount_client client;
        uint64_t last, sum;
        size_t i;
        char byte;

        server_tree_make(&st);
        make_lower(st.tree);
        CHECK_INT(pipe2(script.ask, O_CLOEXEC), 0);
        CHECK_INT(pipe2(script.answer, O_CLOEXEC), 0);
        client = mount_start(st.mount, client_body, &script);
        CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, NULL, &server, &err));
        mount_go(&client);
        CHECK_INT(read(script.ask[0], &byte, 1), 1);
        last = requests_so_far(server, &before);
        for (i = 0; i < ROUNDS * ARRAY_SIZE(expectations); i++) {
                struct result *result = &results[i % ARRAY_SIZE(expectations)];

                if (i < ARRAY_SIZE(expectations))
                        result->least = UINT64_MAX;
                CHECK_INT(write(script.answer[1], "a", 1), 1);
                CHECK_INT(read(script.ask[0], &byte, 1), 1);
                sum = requests_so_far(server, &after);
                keep_least(result, sum - last, &before, &after);
                last = sum;
                before = after;
        }
        for (i = 0; i < ARRAY_SIZE(expectations); i++)
                report(&expectations[i], &results[i]);
        CHECK_INT(write(script.answer[1], "a", 1), 1);
        CHECK_OK(overlay_server_wait(server, &err));
        CHECK_INT(mount_finish(&client), 0);
        server_tree_drop(&st);
}

int main(void)
{
        CHECK_RUN(test_requests_per_operation);
        return CHECK_END();
}
