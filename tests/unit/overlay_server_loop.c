/* SPDX-License-Identifier: Apache-2.0 */
/* Who serves when: the quiet thread follows one client, an ordinary one takes over where it starves, several do for
 * several clients, and the fallbacks work and say so. */
#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>

#include "common/memory.h"
#include "overlay/crowd.h"
#include "overlay/loop_client.h"
#include "overlay/loop_load.h"
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
                if (i % 64 == 0) /* answered by another thread than the one that has read it */
                        CHECK_INT(lseek(fd, 0, SEEK_HOLE), sizeof name);
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

static unsigned cpus(void)
{
        cpu_set_t set;

        return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* How many of the parallel threads the server, this process's parent, has of each class. */
struct classes {
        unsigned batch, ordinary;
        bool awaits_batch;
};

static void count_class(const char *path, pid_t tid, struct classes *classes)
{
        FILE *file = fopen(path, "re");
        char name[32] = "";

        if (file == NULL)
                return;
        if (fscanf(file, "%31s", name) == 1 && strcmp(name, "bryo-fuse-cpu") == 0) {
                classes->batch += sched_getscheduler(tid) == SCHED_BATCH;
                classes->ordinary += sched_getscheduler(tid) == SCHED_OTHER;
        }
        fclose(file);
}

static void count_classes(struct classes *ret)
{
        char path[64];
        struct dirent *entry;
        DIR *dir;

        ret->batch = ret->ordinary = 0;
        snprintf(path, sizeof path, "/proc/%d/task", (int)getppid());
        dir = opendir(path);
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
                snprintf(path, sizeof path, "/proc/%d/task/%.16s/comm", (int)getppid(), entry->d_name);
                count_class(path, atoi(entry->d_name), ret);
        }
        if (dir != NULL)
                closedir(dir);
}

/*
 * Four clients, and which threads serve them. Where all of this has half a CPU the first four may seem to take turns,
 * and a thread chooses its class when it gets its turn, which may be when the clients have gone: they come again until
 * all threads are of the class that the caller waits for, and once more.
 */
static int body_classes(void *context)
{
        struct classes *classes = context;
        unsigned wanted = 0;
        int tries;

        for (tries = 0; tries < 20 && wanted < 2; tries++) {
                CHECK_INT(body_four(NULL), 0);
                count_classes(classes);
                wanted += (classes->awaits_batch ? classes->batch : classes->ordinary) == cpus();
        }
        return 0;
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

#define HOGS_PER_CPU 2
#define HOGS_MAX     64
#define CROWDED_MS   1500

static int64_t now_ms(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* No CPU is idle, so there is none where the idle-class thread does not starve. */
static int body_in_a_crowd(void *context)
{
        int64_t begin = now_ms();
        pid_t hogs[HOGS_MAX];
        cpu_set_t set;
        int i, count = 0;

        (void)context;
        CHECK_INT(body_four(NULL), 0); /* leads through the parallel state first */
        CHECK_INT(sched_getaffinity(0, sizeof set, &set), 0);
        while (count < CPU_COUNT(&set) * HOGS_PER_CPU && count < HOGS_MAX) {
                hogs[count] = fork();
                if (hogs[count] == 0)
                        for (;;)
                                ;
                count++;
        }
        while (now_ms() - begin < CROWDED_MS)
                make_and_remove("crowded");
        for (i = 0; i < count; i++) {
                CHECK_INT(kill(hogs[i], SIGKILL), 0);
                CHECK_INT(waitpid(hogs[i], NULL, 0), hogs[i]);
        }
        return 0;
}

/* As little as a RUN of a few milliseconds does. */
static int body_short(void *context)
{
        struct stat st;
        int i;

        (void)context;
        CHECK_INT(mkdir("short", 0755), 0);
        for (i = 0; i < 20; i++) {
                char name[32];

                snprintf(name, sizeof name, "short/%d", i);
                CHECK_INT(lstat(name, &st), -1);
        }
        return 0;
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
                        CHECK_INT(counters.ordinary_phases, 0);
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
        printf("# one client: %d looks, %d migrations, %d ordinary and %d parallel phases, %d stalls\n",
               (int)counters.looks, (int)counters.migrations, (int)counters.ordinary_phases,
               (int)counters.parallel_phases, (int)counters.stalls);
        CHECK(counters.migrations >= 1);
        /* as long as it is preempted by its client it need not ask where that is */
        CHECK(counters.looks < FILES / 4);
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

/* One of class SCHED_BATCH on each CPU; ordinary ones where the machine is known to be busy. */
static void test_parallel_threads(void)
{
        struct classes *classes =
                mmap(NULL, sizeof *classes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int busy;

        CHECK(classes != MAP_FAILED);
        for (busy = 0; busy <= 1 && cpus() >= 2 && cpus() <= 4; busy++) {
                struct overlay_crowd *crowd = overlay_crowd_new(NULL);
                struct overlay_server_options opts = {.crowd = crowd};
                struct overlay_server_counters counters = {0};
                struct server_tree st = {0};

                *classes = (struct classes){.awaits_batch = !busy};
                server_tree_make(&st);
                if (busy)
                        overlay_crowd_note(crowd, now_ms() + 60000);
                mount_run(st.tree, st.mount, &opts, body_classes, classes, &counters);
                CHECK(counters.parallel_phases >= 1);
                CHECK_INT(classes->batch + classes->ordinary, cpus());
                if (busy)
                        CHECK_INT(classes->ordinary, cpus());
                else if (counters.ordinary_phases == 0) /* else it is busy indeed */
                        CHECK_INT(classes->batch, cpus());
                server_tree_drop(&st);
                overlay_crowd_free(crowd);
        }
        munmap(classes, sizeof *classes);
}

static void test_starved_quiet_thread_is_relieved(void)
{
        struct overlay_server_counters counters = {0};

        if (cpus() < 2)
                return;
        run(OVERLAY_SERVER_AUTO, 0, NULL, body_beside_a_hog, &counters);
        printf("# beside a hog: %d migrations, %d ordinary phases, %d stalls\n", (int)counters.migrations,
               (int)counters.ordinary_phases, (int)counters.stalls);
        CHECK(counters.ordinary_phases >= 1);
}

static void test_busy_machine_is_served_by_an_ordinary_thread(void)
{
        struct overlay_server_counters counters = {0};
        int64_t begin = now_ms();

        if (cpus() < 2)
                return;
        if (cpus() * HOGS_PER_CPU > HOGS_MAX) {
                printf("# too many CPUs to keep them all busy\n");
                return;
        }
        run(OVERLAY_SERVER_AUTO, 0, NULL, body_in_a_crowd, &counters);
        printf("# in a crowd: %d parallel and %d ordinary phases, %d stalls, %d ms\n", (int)counters.parallel_phases,
               (int)counters.ordinary_phases, (int)counters.stalls, (int)(now_ms() - begin));
        CHECK(counters.ordinary_phases >= 1);
        /* it stays longer each time: going to and fro every 100 ms would be the starving again */
        CHECK((int64_t)counters.ordinary_phases <= 2 + (now_ms() - begin) / 300);
}

#define SHORT_MOUNTS 8

/* One mount after the other, beside competitors in the session of the server; ms. Adds up the times it starved. */
static int64_t serve_short_mounts(enum overlay_server_policy policy, struct overlay_crowd *crowd, unsigned *ret_phases)
{
        struct overlay_server_options opts = {.policy = policy, .crowd = crowd};
        int64_t spent = 0;
        int i;

        *ret_phases = 0;
        for (i = 0; i < SHORT_MOUNTS; i++) {
                struct overlay_server_counters counters = {0};
                struct server_tree st = {0};
                int64_t begin;

                server_tree_make(&st);
                begin = now_ms();
                mount_run(st.tree, st.mount, &opts, body_short, NULL, &counters);
                spent += now_ms() - begin;
                *ret_phases += (unsigned)counters.ordinary_phases;
                server_tree_drop(&st);
        }
        return spent;
}

/*
 * A RUN of some milliseconds is over before starving is noticed, so none of them may begin with it: a starving thread
 * gets next to nothing, and has to run even to end. Beside an ordinary thread's share of a busy machine, the policy
 * costs little.
 */
static void test_short_mounts_on_a_busy_machine(void)
{
        struct overlay_crowd *crowd = overlay_crowd_new("/proc/loadavg");
        unsigned hogs = cpus() * 3, phases, i;
        int64_t share, spent;
        pid_t pids[HOGS_MAX];

        if (cpus() < 2 || hogs > HOGS_MAX) {
                overlay_crowd_free(crowd);
                return;
        }
        for (i = 0; i < hogs; i++) {
                pids[i] = fork();
                if (pids[i] == 0)
                        for (;;)
                                ;
        }
        share = serve_short_mounts(OVERLAY_SERVER_SINGLE, NULL, &phases);
        spent = serve_short_mounts(OVERLAY_SERVER_AUTO, crowd, &phases);
        for (i = 0; i < hogs; i++) {
                CHECK_INT(kill(pids[i], SIGKILL), 0);
                CHECK_INT(waitpid(pids[i], NULL, 0), pids[i]);
        }
        printf("# %d short mounts beside %u hogs: %d ms, with one ordinary thread %d ms; starved %u times\n",
               SHORT_MOUNTS, hogs, (int)spent, (int)share, phases);
        CHECK(spent < 3 * share + 200);
        CHECK(phases <= 2);
        overlay_crowd_free(crowd);
}

#define EXECS   150
#define DIRTY   8
#define HANGS_S 60

/* Programs that take each other's place and leave dirty files to close: execve(2) waits for the server, locks held. */
static int body_execs(void *context)
{
        char *const argv[] = {(char *)(uintptr_t) "true", NULL};
        int i, k, status;

        (void)context;
        for (i = 0; i < EXECS; i++) {
                pid_t pid = fork();

                if (pid == 0) {
                        for (k = 0; k < DIRTY; k++) {
                                char name[32];

                                snprintf(name, sizeof name, "%d-%d", i, k);
                                if (write(open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), name, 5) != 5)
                                        _exit(2);
                        }
                        execv("/bin/true", argv);
                        _exit(3);
                }
                CHECK_INT(waitpid(pid, &status, 0), pid);
                CHECK_INT(status, 0);
        }
        return 0;
}

static void run_execs(const char *loadavg)
{
        struct overlay_crowd *crowd = overlay_crowd_new(loadavg);
        struct overlay_server_options opts = {.crowd = crowd};
        struct overlay_server_counters counters = {0};
        struct server_tree st = {0};

        server_tree_make(&st);
        alarm(HANGS_S); /* ends the test, and with it the mount */
        mount_run(st.tree, st.mount, &opts, body_execs, NULL, &counters);
        alarm(0);
        printf("# execs: %d migrations, %d ordinary and %d parallel phases, %d stalls\n", (int)counters.migrations,
               (int)counters.ordinary_phases, (int)counters.parallel_phases, (int)counters.stalls);
        CHECK_INT(counters.requests[FUSE_MKNOD], EXECS * DIRTY);
        server_tree_drop(&st);
        overlay_crowd_free(crowd);
}

/* Whoever looks where a client runs may wait for it. With the quiet thread, and with the ordinary one from the
 * beginning. */
static void test_clients_in_execve_do_not_stop_the_server(void)
{
        char path[] = "/tmp/bryo-crowd-XXXXXX";
        static const char full[] = "9.0 9.0 9.0 99999/99999 1\n";
        int fd = mkstemp(path);

        CHECK_INT(write(fd, full, strlen(full)), (ssize_t)strlen(full));
        CHECK_INT(close(fd), 0);
        run_execs(NULL);
        run_execs(path);
        CHECK_INT(unlink(path), 0);
}

#define MS 1000000u

static void test_what_starving_is(void)
{
        /* shares of a window, in percent */
        static const struct {
                unsigned waiting, ran, delayed;
                bool starves;
        } table[] = {
                {0, 0, 0, false},    /* nobody asks */
                {50, 45, 55, false}, /* preempted by its own client while that computes */
                {100, 95, 5, false}, /* busy */
                {100, 2, 98, true},  /* something else has the CPU */
                {75, 10, 60, true},  /* and lets the client run, too */
                {100, 5, 5, false},  /* it waits for a disk */
                {25, 0, 90, false},  /* hardly anybody asks */
        };
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++) {
                struct overlay_loop_load load = OVERLAY_LOOP_LOAD_INIT;
                struct overlay_loop_sample sample = {.now = 77, .ran = 7, .delayed = 9};
                unsigned tick, verdicts = 0;

                /* three windows, each of 16 ticks and one to begin with */
                for (tick = 0; tick < 51; tick++) {
                        unsigned place = tick % 17;

                        verdicts += overlay_loop_load_note(&load, &sample, place * 25 % 400 < table[i].waiting * 4);
                        sample.now += 4 * MS;
                        sample.ran += table[i].ran * 4 * MS / 100;
                        sample.delayed += table[i].delayed * 4 * MS / 100;
                }
                if (verdicts != (table[i].starves ? 3 : 0))
                        printf("# row %d\n", (int)i);
                CHECK_INT(verdicts, table[i].starves ? 3 : 0);
        }
}

/* What the kernel says about this thread: it runs while it computes and does not while it sleeps. */
static void test_load_of_a_thread(void)
{
        struct overlay_loop_load load = OVERLAY_LOOP_LOAD_INIT;
        struct overlay_loop_sample before, after;
        struct timespec cpu;

        CHECK_INT(overlay_loop_load_open(&load, 0x7ffffff), -ENOENT);
        if (overlay_loop_load_open(&load, gettid()) < 0) {
                printf("# no schedstat here: %s\n", strerror(errno));
                return;
        }
        CHECK_INT(overlay_loop_load_read(&load, &before), 0);
        do
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
        while ((uint64_t)cpu.tv_sec * 1000 * MS + (uint64_t)cpu.tv_nsec < before.ran + 30 * MS);
        usleep(50000);
        CHECK_INT(overlay_loop_load_read(&load, &after), 0);
        CHECK(after.ran - before.ran >= 20 * MS);
        CHECK(after.now - before.now >= after.ran - before.ran + 40 * MS);
        CHECK(after.delayed >= before.delayed);
        overlay_loop_load_close(&load);
        CHECK_INT(load.fd, -1);
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

/* The tree of the one fallback that this process tries. */
static struct server_tree tried;

/* Ends the test process: what it needs cannot be had here. */
static void impossible(const char *what)
{
        printf("# not possible here: %s: %s\n", what, strerror(errno));
        fflush(stdout);
        unlink(tried.data);
        rmdir(tried.mount);
        rmdir(tried.where);
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

static void refuse_ioctl(void)
{
        refuse_syscall(SYS_ioctl);
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
        unsigned phases;      /* of the ordinary state, at least: on a busy machine it comes and goes before, too */
        unsigned clients;     /* 4: compete, which leads to the parallel state; 0: one */
} fallbacks[] = {
        {refuse_idle_class, NULL, "SCHED_IDLE is refused: Operation not permitted", 1, 0},
        {refuse_affinity, NULL, "Operation not permitted", 1, 0},
        {hide_proc, NULL, "cannot follow the clients' CPU: No such file or directory", 1, 0},
        {refuse_descriptors, allow_descriptors, "serving with one thread: cannot duplicate the FUSE descriptor", 0, 0},
        {refuse_ioctl, NULL, "share an open file: cannot clone the FUSE descriptor: Operation not permitted", 0, 4},
};

static void run_fallback(const struct fallback *fallback)
{
        CLEANUP_OVERLAY_SERVER struct overlay_server *server = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_server_counters counters;
        struct lines lines = {""};
        struct log log = {.write = remember, .context = &lines};
        struct overlay_server_options opts = {.log = &log};
        struct mount_client client;

        server_tree_make(&tried);
        client = mount_start(tried.mount, fallback->clients ? body_four : body_one, NULL);
        fallback->before();
        CHECK_OK(overlay_server_start(tried.tree, client.fuse_fd, &opts, &server, &err));
        if (fallback->after != NULL)
                fallback->after();
        mount_go(&client);
        CHECK_OK(overlay_server_wait(server, &err));
        CHECK_INT(mount_finish(&client), 0);
        overlay_server_get_counters(server, &counters);
        CHECK_HAS(lines.text, fallback->says);
        CHECK_INT(counters.requests[FUSE_WRITE], FILES * (fallback->clients ? fallback->clients : 1));
        if (fallback->clients) {
                CHECK(counters.parallel_phases >= 1);
        } else {
                CHECK(counters.ordinary_phases >= fallback->phases);
                CHECK_INT(counters.parallel_phases, 0);
        }
        server_tree_drop(&tried);
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

static void test_whether_a_thread_runs(void)
{
        int i, runs = -1;
        pid_t pid;

        CHECK_INT(overlay_loop_client_runs((uint32_t)getpid()), 1);
        pid = fork();
        if (pid == 0)
                for (;;)
                        pause();
        for (i = 0; i < 1000 && runs != 0; i++) {
                runs = overlay_loop_client_runs((uint32_t)pid);
                usleep(1000);
        }
        CHECK_INT(runs, 0);
        CHECK_INT(kill(pid, SIGKILL), 0);
        CHECK_INT(waitpid(pid, NULL, 0), pid);
        CHECK(overlay_loop_client_runs((uint32_t)pid) < 0);
}

int main(void)
{
        CHECK_RUN(test_where_a_thread_runs);
        CHECK_RUN(test_whether_a_thread_runs);
        CHECK_RUN(test_what_starving_is);
        CHECK_RUN(test_load_of_a_thread);
        CHECK_RUN(test_every_policy_serves);
        CHECK_RUN(test_quiet_thread_follows);
        CHECK_RUN(test_parallel_mode_comes_and_goes);
        CHECK_RUN(test_parallel_threads);
        CHECK_RUN(test_starved_quiet_thread_is_relieved);
        CHECK_RUN(test_busy_machine_is_served_by_an_ordinary_thread);
        CHECK_RUN(test_short_mounts_on_a_busy_machine);
        CHECK_RUN(test_clients_in_execve_do_not_stop_the_server);
        CHECK_RUN(test_fallbacks);
        return CHECK_END();
}
