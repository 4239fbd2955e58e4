/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on a real FUSE mount. The server speaks the raw protocol
 * (linux/fuse.h) in a thread and knows eleven nodes: enough for a shell to run
 * from, and a file whose reads are never answered.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include <linux/fuse.h>

#include "sandbox/output.h"
#include "tests/unit/sandbox_fixture.h"

enum { ROOT = 1, BIN, PROC, DEV, SYS, ETC, BUSYBOX, HOSTS, RESOLV, HANG, INSIDE };

static const struct {
        uint64_t parent, ino;
        const char *name; /* NULL: any */
} names[] = {{ROOT, BIN, "bin"},      {ROOT, PROC, "proc"}, {ROOT, DEV, "dev"},    {ROOT, SYS, "sys"},
             {ROOT, ETC, "etc"},      {ROOT, HANG, "hang"}, {ETC, HOSTS, "hosts"}, {ETC, RESOLV, "resolv.conf"},
             {BIN, INSIDE, "setuid"}, {BIN, BUSYBOX, NULL}};

struct server {
        int fd;
        pthread_t thread;
        const char *busybox, *inside;
        size_t busybox_size, inside_size;
        atomic_int requests, foreign_pids, foreign_uids, hanging;
        int end; /* errno of the last read */
};

static struct fixture f;
static struct server server;

static const char *map_file(const char *path, size_t *ret_size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        void *bytes;

        if (fd < 0 || fstat(fd, &st) < 0)
                abort();
        *ret_size = (size_t)st.st_size;
        bytes = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, fd, 0);
        (void)close(fd);
        return bytes == MAP_FAILED ? NULL : bytes;
}

static void reply(uint64_t unique, int error, const void *body, size_t size)
{
        struct fuse_out_header header = {(uint32_t)(sizeof(header) + size), error, unique};
        struct iovec iov[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)body, size}};

        (void)!writev(server.fd, iov, 2); /* ENOENT: the caller was killed meanwhile */
}

static struct fuse_attr attributes(uint64_t ino)
{
        struct fuse_attr a = {.ino = ino, .nlink = 1, .blksize = 4096, .mode = S_IFDIR | 0755};

        if (ino == BUSYBOX || ino == INSIDE) {
                a.mode = S_IFREG | (ino == INSIDE ? 04755 : 0755);
                a.size = ino == INSIDE ? server.inside_size : server.busybox_size;
        } else if (ino > ETC) {
                a.mode = S_IFREG | 0644;
                a.size = ino == HANG ? 4096 : 0;
        }
        return a;
}

static void handle_lookup(const struct fuse_in_header *in, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (names[i].parent == in->nodeid && (names[i].name == NULL || strcmp(names[i].name, name) == 0)) {
                        const struct fuse_entry_out out = {.nodeid = names[i].ino,
                                                           .entry_valid = 60,
                                                           .attr_valid = 60,
                                                           .attr = attributes(names[i].ino)};

                        reply(in->unique, 0, &out, sizeof(out));
                        return;
                }
        }
        reply(in->unique, -ENOENT, NULL, 0);
}

static void handle_read(const struct fuse_in_header *in, const struct fuse_read_in *read)
{
        const char *bytes = in->nodeid == INSIDE ? server.inside : server.busybox;
        size_t size = attributes(in->nodeid).size, count = read->size;

        if (in->nodeid == HANG) {
                server.hanging++;
                return;
        }
        if (in->nodeid != BUSYBOX && in->nodeid != INSIDE)
                size = 0;
        if (read->offset >= size)
                count = 0;
        else if (count > size - read->offset)
                count = size - read->offset;
        reply(in->unique, 0, bytes + (count ? read->offset : 0), count);
}

static void handle(const struct fuse_in_header *in, const void *body)
{
        struct fuse_init_out init = {
                .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 131072, .max_write = 4096};
        struct fuse_attr_out attr = {.attr_valid = 60};
        struct fuse_open_out opened = {.open_flags = FOPEN_KEEP_CACHE};

        switch (in->opcode) {
        case FUSE_INIT:
                reply(in->unique, 0, &init, sizeof(init));
                break;
        case FUSE_LOOKUP:
                handle_lookup(in, body);
                break;
        case FUSE_GETATTR:
                attr.attr = attributes(in->nodeid);
                reply(in->unique, 0, &attr, sizeof(attr));
                break;
        case FUSE_OPEN:
        case FUSE_OPENDIR:
                reply(in->unique, 0, &opened, sizeof(opened));
                break;
        case FUSE_READ:
                handle_read(in, body);
                break;
        case FUSE_READDIR:
                reply(in->unique, 0, NULL, 0);
                break;
        case FUSE_RELEASE:
        case FUSE_RELEASEDIR:
        case FUSE_FLUSH:
                reply(in->unique, 0, NULL, 0);
                break;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
                break;
        default:
                reply(in->unique, -ENOSYS, NULL, 0);
        }
}

static void *serve(void *unused)
{
        static _Alignas(8) char request[FUSE_MIN_READ_BUFFER + 4096];

        (void)unused;
        for (;;) {
                const struct fuse_in_header *in = (const void *)request;
                ssize_t n = read(server.fd, request, sizeof(request));
                char path[32];

                /* ECONNABORTED: unmounted while a request was on its way; the next read says ENODEV */
                if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT || errno == ECONNABORTED))
                        continue;
                if (n < (ssize_t)sizeof(*in)) {
                        server.end = errno;
                        return NULL;
                }
                server.requests++;
                (void)snprintf(path, sizeof(path), "/proc/%u", in->pid);
                if (in->opcode == FUSE_LOOKUP && access(path, F_OK) < 0)
                        server.foreign_pids++;
                if (in->opcode == FUSE_LOOKUP && in->uid != 0 && in->uid != 1000)
                        server.foreign_uids++;
                handle(in, request + sizeof(*in));
        }
}

static void start(struct sandbox_command *c)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        server.requests = server.foreign_pids = server.foreign_uids = server.hanging = 0;
        CHECK_OK(sandbox_stage_mount(f.stage, &server.fd, &err));
        CHECK_INT(fcntl(server.fd, F_GETFD), FD_CLOEXEC);
        if (pthread_create(&server.thread, NULL, serve, NULL) != 0)
                abort();
        CHECK_OK(sandbox_stage_start(f.stage, c, &err));
}

/* The mount is gone: the server has met ENODEV. */
static void finish(void)
{
        (void)pthread_join(server.thread, NULL);
        CHECK_INT(server.end, ENODEV);
        (void)close(server.fd);
}

static void test_run(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture_command x;
        char text[256] = "";
        struct sandbox_exit end;
        int fds[2];

        fixture_command_init(&x, "cat /etc/hosts; awk 'NR == 1 {print $2, $3, ($4 ~ \"nosuid\"), ($4 ~ \"nodev\")}' "
                                 "/proc/mounts; id -u; "
                                 "setuid ids; ls /proc/1/fd; true"); /* no pipe, whose ends the shell would hold; not last, or ls is pid 1 */
        x.c.hosts = "127.0.0.1 mossy\n";
        x.c.resolv_conf = "";
        x.c.uid = x.c.gid = 1000;
        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        x.c.stdout_fd = x.c.stderr_fd = fds[1];
        start(&x.c);
        (void)close(fds[1]);
        CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
        CHECK(!end.signaled && end.status == 0);
        finish();
        CHECK(read(fds[0], text, sizeof(text) - 1) > 0);
        (void)close(fds[0]);
        CHECK_STR(text, "127.0.0.1 mossy\n/ fuse.bryo 0 1\n1000\n1000 0 1000 1000\n0\n1\n2\n");
        CHECK(server.requests > 10);
        CHECK_INT(server.foreign_pids, 0);
        CHECK_INT(server.foreign_uids, 0);
}

/* Descriptors, mounts and processes do not pile up. */
static void test_many(void)
{
        int first = open("/dev/null", O_RDONLY | O_CLOEXEC), last;

        (void)close(first);
        for (int i = 0; i < 50; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct fixture_command x;
                struct sandbox_exit end;

                fixture_command_init(&x, "exit 9");
                start(&x.c);
                CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
                CHECK_INT(end.status, 9);
                finish();
        }
        last = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CHECK_INT(last, first);
        (void)close(last);
}

/* A mount that no command takes, and a stage that is closed with one. */
static void test_unused_mounts(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int first, second;

        CHECK_OK(sandbox_stage_mount(f.stage, &first, &err));
        CHECK_OK(sandbox_stage_mount(f.stage, &second, &err));
        {
                char request[FUSE_MIN_READ_BUFFER];
                ssize_t n = 1;

                while (n > 0) /* INIT, then the end of the replaced mount */
                        n = read(first, request, sizeof(request));
                CHECK_INT(errno, ENODEV);
        }
        (void)close(first);
        (void)close(second);
}

/* The first process below `parent`, at `depth`. */
static pid_t descendant(pid_t parent, int depth)
{
        for (; depth > 0 && parent > 0; depth--) {
                char path[64], line[64] = "";
                FILE *children;

                (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
                children = fopen(path, "re");
                if (children == NULL || fgets(line, sizeof(line), children) == NULL)
                        line[0] = '\0';
                if (children != NULL)
                        (void)fclose(children);
                parent = (pid_t)atoi(line);
        }
        return parent;
}

/* Whether some thread of this process waits where no signal reaches it. */
static bool has_stuck_thread(void)
{
        return system("grep -qs '^State:.D' /proc/$PPID/task/*/status") == 0;
}

/*
 * A command that waits for an answer which never comes: it cannot be killed until
 * its mount is aborted. cat splices, and so holds the lock of its output pipe
 * meanwhile; there is something in that pipe, because the pipe behind it was full,
 * so whoever reads it next is stuck. That is the thread of sandbox_pump_open.
 */
static void be_builder(int report)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sandbox_output output;
        struct sandbox_pump *pump;
        struct fixture_command x;
        struct sandbox_exit end;
        struct pollfd polled;
        char bytes[4096];

        fixture_open(&f);
        CHECK_OK(sandbox_pump_open(&pump, &err));
        CHECK_OK(sandbox_output_open(pump, &output, &err));
        fixture_command_init(&x, "head -c 100000 /dev/zero; echo tail; cat /hang");
        x.c.stdout_fd = output.write_fds[0];
        x.c.stderr_fd = output.write_fds[1];
        start(&x.c);
        while (server.hanging == 0)
                usleep(1000);
        for (int i = 0; i < 150 && !has_stuck_thread(); i++) {
                polled = (struct pollfd){output.read_fds[0], POLLIN, 0};
                while (poll(&polled, 1, 10) > 0 && read(output.read_fds[0], bytes, sizeof(bytes)) > 0)
                        ;
        }
        dprintf(report, has_stuck_thread() ? "hanging\n" : "nothing is stuck\n");
        polled = (struct pollfd){sandbox_stage_fd(f.stage), POLLIN, 0};
        (void)poll(&polled, 1, -1);
        CHECK_INT(sandbox_stage_wait(f.stage, &end, &err), -1);
        dprintf(report, "%s\n", err.message);
        _exit(0); /* closes the server's descriptor: that aborts the mount */
}

static bool all_gone(void)
{
        for (int i = 0; i < 5000; i++) {
                pid_t pid = waitpid(-1, NULL, WNOHANG);

                if (pid < 0)
                        return true;
                if (pid == 0)
                        usleep(1000);
        }
        return false;
}

/* A builder that hangs, and what it says on *ret_report; 0 when the pipe was empty before cat had its lock. */
static pid_t start_hanging(int *ret_report)
{
        char text[512] = "";
        pid_t builder;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        fflush(stdout);
        builder = fork();
        if (builder == 0) {
                (void)close(fds[0]);
                be_builder(fds[1]);
        }
        (void)close(fds[1]);
        *ret_report = fds[0];
        CHECK(read(fds[0], text, sizeof(text) - 1) > 0);
        if (strcmp(text, "hanging\n") == 0)
                return builder;
        CHECK_STR(text, "nothing is stuck\n");
        CHECK_INT(kill(builder, SIGKILL), 0);
        CHECK(all_gone());
        (void)close(fds[0]);
        return 0;
}

/* `depth` below the builder: 0 itself, 1 the keeper, 2 the stage's init. */
static void check_killed_while_hanging(int depth)
{
        char text[512] = "";
        size_t size = 0;
        pid_t builder = 0;
        int report = -1;

        for (int attempt = 0; attempt < 10 && builder == 0; attempt++)
                builder = start_hanging(&report);
        CHECK(builder != 0);
        if (builder == 0)
                return;
        CHECK_INT(kill(descendant(builder, depth), SIGKILL), 0);
        CHECK(all_gone());
        while (size < sizeof(text) - 1) {
                ssize_t n = read(report, text + size, sizeof(text) - 1 - size);

                if (n <= 0)
                        break;
                size += (size_t)n;
        }
        if (depth > 0)
                CHECK_HAS(text, "the init of this stage was killed");
        (void)close(report);
}

static void test_builder_killed_while_hanging(void)
{
        check_killed_while_hanging(0);
}

static void test_keeper_killed_while_hanging(void)
{
        check_killed_while_hanging(1);
}

static void test_stage_killed_while_hanging(void)
{
        check_killed_while_hanging(2);
}

int main(int argc, char **argv)
{
        char *inside;

        (void)argc;
        unprivileged_enter(argv);
        if (access("/dev/fuse", R_OK | W_OK) < 0)
                CHECK_SKIP("/dev/fuse may not be opened");
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                CHECK_SKIP("no subreapers");
        fixture_make_root(&f);
        f.options.rootdir = NULL;
        server.busybox = map_file("/bin/busybox", &server.busybox_size);
        inside = fixture_sibling("sandbox_inside");
        server.inside = map_file(inside, &server.inside_size);
        free(inside);
        fixture_open(&f);
        CHECK_RUN(test_run);
        CHECK_RUN(test_many);
        CHECK_RUN(test_unused_mounts);
        fixture_close(&f);
        CHECK_RUN(test_builder_killed_while_hanging);
        CHECK_RUN(test_keeper_killed_while_hanging);
        CHECK_RUN(test_stage_killed_while_hanging);
        fixture_remove(&f);
        return CHECK_END();
}
