/* SPDX-License-Identifier: Apache-2.0 */
/* Who serves when: the quiet thread follows one client, threads for all CPUs take over for several, and both fallbacks
 * work and say so. */
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>

#include "common/memory.h"
#include "overlay/loop_client.h"
#include "overlay/server.h"
#include "tests/unit/overlay_server_mount.h"
#include "tests/unit/overlay_server_tree.h"

#define FILES 400

/* --- clients --------------------------------------------------------------------- */

static void make_and_remove(const char *dir)
{
        char name[64];
        int i;

        CHECK_INT(mkdir(dir, 0755), 0);
        for (i = 0; i < FILES; i++) {
                int fd;

                snprintf(name, sizeof name, "%s/%d", dir, i);
                fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
                CHECK_INT(write(fd, name, sizeof name), sizeof name);
                CHECK_INT(close(fd), 0);
        }
        for (i = 0; i < FILES; i++) {
                snprintf(name, sizeof name, "%s/%d", dir, i);
                CHECK_INT(unlink(name), 0);
        }
        CHECK_INT(rmdir(dir), 0);
}

static int body_one(void *context)
{
        (void)context;
        make_and_remove("a");
        return 0;
}

static int body_four(void *context)
{
        pid_t pids[4];
        int i, status, failed = 0;

        (void)context;
        for (i = 0; i < 4; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        char dir[16];

                        snprintf(dir, sizeof dir, "d%d", i);
                        make_and_remove(dir);
                        _exit(check_failures_ != 0);
                }
        }
        for (i = 0; i < 4; i++)
                failed |= waitpid(pids[i], &status, 0) != pids[i] || status != 0;
        return failed;
}

/* One after the other: the mode must come back to quiet in between. */
static int body_four_then_one(void *context)
{
        if (body_four(context) != 0)
                return 1;
        usleep(100000);
        return body_one(context);
}

/* Client and competitor on one CPU: the idle-class thread that follows there gets next to nothing. */
static int body_beside_a_hog(void *context)
{
        cpu_set_t all, one;
        unsigned cpu = 0;
        pid_t hog;

        (void)context;
        CHECK_INT(sched_getaffinity(0, sizeof all, &all), 0);
        while (!CPU_ISSET(cpu, &all))
                cpu++;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
        make_and_remove("alone"); /* it follows */
        hog = fork();
        if (hog == 0)
                for (;;)
                        ;
        make_and_remove("crowded");
        CHECK_INT(kill(hog, SIGKILL), 0);
        CHECK_INT(waitpid(hog, NULL, 0), hog);
        return 0;
}

static unsigned cpus(void)
{
        cpu_set_t set;

        return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* --- tests ----------------------------------------------------------------------- */

static void run(enum overlay_server_policy policy, unsigned max_threads, const struct log *log, int (*body)(void *),
                struct overlay_server_counters *ret)
{
        struct overlay_server_options opts = {.policy = policy, .max_threads = max_threads, .log = log};
        struct server_tree st = {0};

        server_tree_make(&st);
        mount_run(st.tree, st.mount, &opts, body, NULL, ret);
        server_tree_drop(&st);
}

static void test_every_policy_serves(void)
{
        static const struct {
                enum overlay_server_policy policy;
                unsigned threads;
        } table[] = {
                {OVERLAY_SERVER_SINGLE, 0}, {OVERLAY_SERVER_PER_CPU, 0}, {OVERLAY_SERVER_PER_CPU, 1},
                {OVERLAY_SERVER_AUTO, 0},   {OVERLAY_SERVER_AUTO, 1},
        };
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++) {
                struct overlay_server_counters counters = {0};

                run(table[i].policy, table[i].threads, NULL, body_four, &counters);
                CHECK_INT(counters.requests[FUSE_WRITE], 4 * FILES); /* one for each file */
                CHECK_INT(counters.written_bytes, 4 * FILES * 64);
                if (table[i].policy != OVERLAY_SERVER_AUTO || table[i].threads == 1) {
                        CHECK_INT(counters.migrations, 0);
                        CHECK_INT(counters.parallel_phases, 0);
                }
        }
}

static void test_quiet_thread_follows(void)
{
        struct overlay_server_counters counters = {0};

        if (cpus() < 2)
                return;
        run(OVERLAY_SERVER_AUTO, 0, NULL, body_one, &counters);
        printf("# one client: %d migrations, %d parallel phases, %d stalls\n", (int)counters.migrations,
               (int)counters.parallel_phases, (int)counters.stalls);
        CHECK(counters.migrations >= 1);
        /* a plain follower chases its client with every second request; an idle-class one lets it stay */
        CHECK(counters.migrations < 4 * FILES / 4);
}

static void test_parallel_mode_comes_and_goes(void)
{
        struct overlay_server_counters counters = {0};

        if (cpus() < 2)
                return;
        run(OVERLAY_SERVER_AUTO, 0, NULL, body_four_then_one, &counters);
        printf("# four clients, then one: %d migrations, %d parallel phases, %d stalls\n", (int)counters.migrations,
               (int)counters.parallel_phases, (int)counters.stalls);
        CHECK(counters.parallel_phases >= 1);
        CHECK(counters.migrations >= 1); /* only the quiet thread migrates: for the last client it must be back */
}

static void test_starved_quiet_thread_is_relieved(void)
{
        struct overlay_server_counters counters = {0};

        if (cpus() < 2)
                return;
        run(OVERLAY_SERVER_AUTO, 0, NULL, body_beside_a_hog, &counters);
        printf("# beside a hog: %d migrations, %d parallel phases, %d stalls\n", (int)counters.migrations,
               (int)counters.parallel_phases, (int)counters.stalls);
        CHECK(counters.stalls >= 1);
}

struct lines {
        char text[2000];
};

static void remember(void *context, enum log_level level, const char *line)
{
        struct lines *lines = context;

        (void)level;
        strncat(lines->text, line, sizeof lines->text - strlen(lines->text) - 1);
        strncat(lines->text, "\n", sizeof lines->text - strlen(lines->text) - 1);
}

/* Ends the test process: what it needs cannot be had here. */
static void impossible(const char *what)
{
        printf("# not possible here: %s: %s\n", what, strerror(errno));
        fflush(stdout);
        _exit(MOUNT_IMPOSSIBLE);
}

/* From here on `number` fails with EPERM in this process. */
static void refuse_syscall(int number)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                impossible("seccomp");
}

static void refuse_idle_class(void)
{
        refuse_syscall(SYS_sched_setscheduler);
}

static void refuse_affinity(void)
{
        refuse_syscall(SYS_sched_setaffinity);
}

/* /proc hidden from the server; the client has been set up by then. */
static void hide_proc(void)
{
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", "/proc", "tmpfs", 0, NULL) < 0)
                impossible("hiding /proc");
}

/* No new descriptor, until `allow_descriptors`. */
static void refuse_descriptors(void)
{
        struct rlimit limit;
        int next = dup(0);

        close(next);
        CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = (rlim_t)next;
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void allow_descriptors(void)
{
        struct rlimit limit;

        CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static const struct fallback {
        void (*before)(void); /* takes something away before the server starts */
        void (*after)(void);  /* after it has started; may be NULL */
        const char *says;     /* in the log */
        unsigned phases;      /* parallel mode: 1 is entered and never left */
} fallbacks[] = {
        {refuse_idle_class, NULL, "SCHED_IDLE is refused: Operation not permitted", 1},
        {refuse_affinity, NULL, "cannot follow the clients' CPU: Operation not permitted", 1},
        {hide_proc, NULL, "cannot follow the clients' CPU: No such file or directory", 1},
        {refuse_descriptors, allow_descriptors, "serving with one thread: cannot duplicate the FUSE descriptor", 0},
};

static void run_fallback(const struct fallback *fallback)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_server_counters counters;
        struct lines lines = {""};
        struct log log = {.write = remember, .context = &lines};
        struct overlay_server_options opts = {.log = &log};
        struct server_tree st = {0};
        struct mount_client client;

        server_tree_make(&st);
        client = mount_start(st.mount, body_one, NULL);
        fallback->before();
        CHECK_OK(overlay_server_start(st.tree, client.fuse_fd, &opts, &server, &err));
        if (fallback->after != NULL)
                fallback->after();
        mount_go(&client);
        CHECK_OK(overlay_server_wait(server, &err));
        CHECK_INT(mount_finish(&client), 0);
        overlay_server_get_counters(server, &counters);
        CHECK_HAS(lines.text, fallback->says);
        CHECK_INT(counters.requests[FUSE_WRITE], FILES);
        CHECK_INT(counters.parallel_phases, fallback->phases);
        server_tree_drop(&st);
}

/* Each in a process of its own, because what is refused stays refused. */
static void test_fallbacks(void)
{
        size_t i;

        for (i = 0; i < ARRAY_SIZE(fallbacks) && cpus() >= 2; i++) {
                int status = -1;
                pid_t pid;

                fflush(stdout);
                pid = fork();
                if (pid == 0) {
                        check_failures_ = 0;
                        run_fallback(&fallbacks[i]);
                        fflush(stdout);
                        _exit(check_failures_ != 0);
                }
                CHECK_INT(waitpid(pid, &status, 0), pid);
                if (!WIFEXITED(status) || WEXITSTATUS(status) != MOUNT_IMPOSSIBLE)
                        CHECK_INT(status, 0);
        }
}

static void test_where_a_thread_runs(void)
{
        struct overlay_loop_client client = OVERLAY_LOOP_CLIENT_INIT;
        cpu_set_t before, one;
        unsigned i;

        CHECK_INT(sched_getaffinity(0, sizeof before, &before), 0);
        for (i = 0; i < CPU_SETSIZE; i++) {
                if (!CPU_ISSET(i, &before))
                        continue;
                CPU_ZERO(&one);
                CPU_SET(i, &one);
                CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
                /* a name that looks like the end of the field it is in */
                CHECK_INT(prctl(PR_SET_NAME, i % 2 ? "a) R 1 2 (" : "plain"), 0);
                CHECK_INT(overlay_loop_client_cpu(&client, (uint32_t)getpid()), i);
        }
        CHECK_INT(sched_setaffinity(0, sizeof before, &before), 0);
        CHECK_INT(overlay_loop_client_cpu(&client, 0x7fffffff), -ENOENT);
        CHECK_INT(client.fd, -1);
        overlay_loop_client_close(&client);
}

int main(void)
{
        CHECK_RUN(test_where_a_thread_runs);
        CHECK_RUN(test_every_policy_serves);
        CHECK_RUN(test_quiet_thread_follows);
        CHECK_RUN(test_parallel_mode_comes_and_goes);
        CHECK_RUN(test_starved_quiet_thread_is_relieved);
        CHECK_RUN(test_fallbacks);
        return CHECK_END();
}
