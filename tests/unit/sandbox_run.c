/* SPDX-License-Identifier: Apache-2.0 */
/* What a command finds: who it is, what it sees, what it cannot do. */
#include "tests/unit/sandbox_fixture.h"

static struct fixture f;

static void test_pid_and_names(void)
{
        CHECK_SCRIPT(&f, "echo $$; hostname; cat /proc/sys/kernel/domainname; id -u; id -g; umask",
                     "1\nmossy\n(none)\n0\n0\n0022\n");
}

static void test_only_own_processes(void)
{
        CHECK_SCRIPT(&f, "cd /proc; for p in [0-9]*; do echo $p $(head -n1 $p/status 2>/dev/null); done",
                     "1 Name: sh\n");
}

/* All the subordinate ids are there: as many as container root's one and the lines of /etc/subuid. */
static void test_id_map(void)
{
        char *text = fixture_run(
                &f, "awk '{ n += $3; if (NR == 1) print $1, $3 } END { print (n > 65536) }' /proc/self/uid_map "
                    "/proc/self/gid_map");

        CHECK_STR(text, "0 1\n1\n");
        free(text);
        text = fixture_run(&f, "head -n1 /proc/self/uid_map | awk '{print $2}'");
        CHECK_INT(strtol(text, NULL, 10), geteuid());
        free(text);
}

/* Mount points and types, without what depends on the kernel: the masks of /proc (test_proc_is_masked) and what lies
 * below /sys. */
static void test_mounts(void)
{
        CHECK_SCRIPT(&f, "grep -vE '^[^ ]+ (/sys/|/proc/)' /proc/mounts | awk 'NR > 1 { print $2 }'",
                     "/proc\n/dev\n/dev/null\n/dev/zero\n/dev/full\n/dev/random\n/dev/urandom\n/dev/tty\n/dev/pts\n"
                     "/dev/mqueue\n/dev/shm\n/sys\n");
        CHECK_SCRIPT(&f,
                     "for d in /proc /dev/pts /dev/mqueue /sys /dev/shm; do awk -v d=$d '$2 == d { print $3 }' "
                     "/proc/mounts; done",
                     "proc\ndevpts\nmqueue\nsysfs\ntmpfs\n");
        /* nothing but the root, the devices and /dev/pts may hold device nodes or set-user-id files */
        CHECK_SCRIPT(&f,
                     "awk '$2 ~ \"^/(proc|dev/shm|dev/mqueue)\" && $3 !~ \"devtmpfs\" && $4 !~ \"nosuid\" { print }' "
                     "/proc/mounts",
                     "");
}

static void test_outer_root_is_gone(void)
{
        CHECK_SCRIPT(&f,
                     "grep -cE ' /(union|stage|texts|rootdir|outer)' /proc/self/mountinfo; ls -d /union /stage /outer "
                     "2>&1 | wc -l; "
                     "ls /",
                     "0\n3\nbin\ndev\netc\nproc\nsys\ntmp\n");
}

static void test_sys_is_readonly(void)
{
        char *text;

        CHECK_SCRIPT(&f,
                     "awk '$2 ~ \"^/sys\" && $4 !~ \"^ro,\"' /proc/mounts; [ $(grep -c ' /sys ' /proc/mounts) = 1 ] || "
                     "echo none",
                     "");
        CHECK_SCRIPT(&f, "mkdir /sys/x /sys/fs/cgroup/x 2>&1 | sed 's/.*: //'",
                     "Read-only file system\nRead-only file system\n");
        CHECK_SCRIPT(&f, "ls /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v '^/sys\\|^$'", "");
        text = fixture_run(&f, "echo 1 > /sys/kernel/uevent_seqnum");
        CHECK_HAS(text, "Read-only file system");
        free(text);
}

static void test_devices(void)
{
        CHECK_SCRIPT(
                &f, "ls /dev",
                "core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n");
        CHECK_SCRIPT(&f,
                     "echo gone > /dev/null; wc -c < /dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 8 "
                     "/dev/urandom | wc -c; "
                     "head -c 8 /dev/random | wc -c; echo x > /dev/full",
                     "0\n 00 00 00 00\n8\n8\nsh: write error: No space left on device\n");
        CHECK_SCRIPT(&f, "for l in fd stdin stdout stderr core ptmx; do readlink /dev/$l; done",
                     "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n/proc/kcore\npts/ptmx\n");
        CHECK_SCRIPT(&f,
                     "stat -c %a /dev /dev/shm /dev/null /dev/pts/ptmx; echo x > /dev/shm/x && df -k /dev/shm | awk "
                     "'NR==2{print $2}'",
                     "755\n1777\n666\n666\n65536\n");
        CHECK_SCRIPT(&f, "echo again > /dev/stdout; echo twice > /dev/stderr", "again\ntwice\n");
        /* what one command leaves in /dev is not there for the next */
        CHECK_SCRIPT(&f, "ls /dev/shm; touch /dev/new && echo made", "made\n");
        CHECK_SCRIPT(&f, "ls /dev/new 2>&1", "ls: /dev/new: No such file or directory\n");
}

static void test_proc_is_masked(void)
{
        CHECK_SCRIPT(&f,
                     "cat /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/latency_stats "
                     "/proc/sched_debug 2>/dev/null | "
                     "wc -c; ls /proc/acpi /proc/scsi 2>/dev/null | grep -v '^/proc\\|^$'",
                     "0\n");
        CHECK_SCRIPT(&f,
                     "for p in sysrq-trigger sys/kernel/core_pattern sys/kernel/hostname irq/default_smp_affinity; do "
                     "[ ! -e /proc/$p ] || (echo 1 > /proc/$p); done 2>&1 | grep -v 'Read-only file system'",
                     "");
}

static void test_capabilities(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        /* the 14 of Docker: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw
         * sys_chroot mknod audit_write setfcap */
        CHECK_SCRIPT(&f, "grep -E 'Cap|NoNewPrivs' /proc/self/status",
                     "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:"
                     "\t00000000a80425fb\n"
                     "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\n");
        fixture_command_init(&x, "grep Cap /proc/self/status");
        x.c.uid = 1000;
        x.c.gid = 1000;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text),
                  "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
                  "CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
}

static void test_forbidden(void)
{
        CHECK_SCRIPT(&f, "inside forbidden </dev/null",
                     "mount: Operation not permitted\nremount /sys: Operation not permitted\n"
                     "umount /proc/keys: Operation not permitted\nmknod: Operation not permitted\n"
                     "sethostname: Operation not permitted\ntty: No such device or address\nfuse: No such file or "
                     "directory\n"
                     "inject: Operation not permitted\nkill the parent: No such process\n");
}

static void test_descriptors(void)
{
        /* descriptors that are open in this program, close-on-exec or not */
        int leaks[3] = {open("/", O_RDONLY), open("/etc/passwd", O_RDONLY | O_CLOEXEC), dup(1)};

        CHECK_SCRIPT(&f, "ls /proc/1/fd; readlink /proc/1/fd/0", "0\n1\n2\n/dev/null\n");
        for (int i = 0; i < 3; i++)
                (void)close(leaks[i]);
}

static void test_inherited_state(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "");
        x.argv[0] = "/bin/inside";
        x.argv[1] = "signals";
        x.argv[2] = NULL;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "session 1 group 1 dumpable 1\n");
}

static void test_ids_and_groups(void)
{
        static const gid_t groups[] = {7, 42, 65534};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(
                &x, "id -u; id -g; grep Groups /proc/self/status; echo out > /dev/stdout; inside ids; setuid ids");
        x.c.uid = 1000;
        x.c.gid = 1001;
        x.c.groups = groups;
        x.c.group_count = ARRAY_SIZE(groups);
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        /* set-user-id programs work: no_new_privs is off and nothing is mounted nosuid */
        CHECK_STR(buffer_text(&text), "1000\n1001\nGroups:\t7 42 65534 \nout\n1000 1000 1001 1001\n1000 0 1001 1001\n");
        CHECK_SCRIPT(&f, "grep Groups /proc/self/status", "Groups:\t \n");
}

static void test_unmapped_id(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "id");
        x.c.uid = 3000000000u;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), -1);
        CHECK_HAS(err.message, "cannot become user id 3000000000");
        CHECK_HAS(err.message, "/etc/subuid");
        error_clear(&err);
        x.c.uid = 0;
        x.c.gid = 3000000000u;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), -1);
        CHECK_HAS(err.message, "cannot become group id 3000000000");
}

static void test_environment(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "");
        x.argv[0] = "env";
        x.argv[1] = NULL;
        x.env[0] = "Z=last first";
        x.env[1] = "PATH=/nowhere::/bin";
        x.env[2] = "EMPTY=";
        x.env[3] = NULL;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "Z=last first\nPATH=/nowhere::/bin\nEMPTY=\n");
        buffer_clear(&text);
        x.c.env = NULL;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "");
}

static void test_large_command(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_STRV struct strv env = STRV_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "env | wc -c");
        for (int i = 0; i < 100; i++)
                strv_take(&env, memory_printf("V%02d=%010000d", i, i));
        strv_add(&env, "PATH=/bin");
        x.c.env = strv_array(&env);
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK(strtol(buffer_text(&text), NULL, 10) >= 1000500);
        buffer_clear(&text);
        for (int i = 0; i < 900; i++)
                strv_take(&env, memory_printf("W%03d=%010000d", i, i));
        x.c.env = strv_array(&env);
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), -1);
        CHECK_HAS(err.message, "more than 8 MiB");
        /* and the stage is still good */
        CHECK_SCRIPT(&f, "echo fine", "fine\n");
}

static void test_exit(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, "exit 3");
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 3);
        fixture_command_init(&x, "exit 255");
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 255);
        /* what stays behind dies with pid 1, and the output ends */
        fixture_command_init(&x, "setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000' & sleep 1000 & echo left");
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "left\n");
}

static void test_hosts_and_resolv_conf(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(
                &x, "cat /etc/hosts /etc/resolv.conf; echo x >> /etc/hosts; echo y > /etc/resolv.conf; rm /etc/hosts; "
                    "stat -c %a:%u /etc/hosts");
        x.c.hosts = "127.0.0.1 mossy\n";
        x.c.resolv_conf = "nameserver 192.0.2.1\n";
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text),
                  "127.0.0.1 mossy\nnameserver 192.0.2.1\n/bin/sh: can't create /etc/hosts: Read-only file system\n"
                  "/bin/sh: can't create /etc/resolv.conf: Read-only file system\n"
                  "rm: can't remove '/etc/hosts': Device or resource busy\n644:0\n");
        CHECK_SCRIPT(&f, "wc -c < /etc/hosts", "0\n");
        buffer_clear(&text);
        fixture_command_init(&x, "cat /etc/hosts");
        x.c.hosts = "other\n"; /* shorter than the one before */
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "other\n");
}

static void test_network_none(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x,
                             "ifconfig -a | grep -oE '^[^ ]+'; ping -c1 -W1 127.0.0.1 | grep -c '1 packets received'");
        x.c.network = SANDBOX_NETWORK_NONE;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), "lo\n1\n");
        buffer_clear(&text);
        fixture_command_init(&x, "readlink /proc/self/ns/net");
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        {
                char here[64] = "";
                ssize_t n = readlink("/proc/self/ns/net", here, sizeof(here) - 2);

                here[n < 0 ? 0 : n] = '\n';
                CHECK_STR(buffer_text(&text), here);
        }
}

static void test_stage_order(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture_command x;
        struct sandbox_exit end;
        int fuse_fd;

        fixture_command_init(&x, "true");
        CHECK_INT(sandbox_stage_wait(f.stage, &end, &err), -1);
        CHECK_HAS(err.message, "none was started");
        error_clear(&err);
        CHECK_INT(sandbox_stage_start(f.stage, &x.c, &err), -1);
        CHECK_HAS(err.message, "nothing was mounted");
        error_clear(&err);
        CHECK_OK(sandbox_stage_mount(f.stage, &fuse_fd, &err));
        CHECK_OK(sandbox_stage_mount(f.stage, &fuse_fd, &err));
        CHECK_OK(sandbox_stage_start(f.stage, &x.c, &err));
        CHECK_INT(sandbox_stage_start(f.stage, &x.c, &err), -1);
        CHECK_HAS(err.message, "not waited for");
        error_clear(&err);
        CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
        CHECK_INT(end.status, 0);
        /* the mount is used up */
        CHECK_INT(sandbox_stage_start(f.stage, &x.c, &err), -1);
        CHECK_HAS(err.message, "nothing was mounted");
}

/* As CHECK_SCRIPT, but the process of the next command is made at once. */
static void check_with_next(const char *script, const char *expected)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, script);
        x.c.another_follows = true;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 0);
        CHECK_STR(buffer_text(&text), expected);
}

/* The child of the stage's init: made ahead, it needs a moment after the end of the command before. */
static pid_t next_process(void)
{
        pid_t init = fixture_child(fixture_child(getpid()));

        for (int i = 0; i < 5000; i++) {
                pid_t pid = fixture_child(init);

                if (pid > 0)
                        return pid;
                usleep(1000);
        }
        return 0;
}

/* Whether the stage's init, its parent, has seen its end: a command that comes earlier is told of it. */
static bool is_reaped(pid_t pid)
{
        for (int i = 0; i < 5000; i++) {
                if (kill(pid, 0) < 0 && errno == ESRCH)
                        return true;
                usleep(1000);
        }
        return false;
}

/*
 * A command whose process is older than itself: nothing of the one before can be seen in it, and it has what is its own. If that
 * process dies before, another takes its place.
 */
static void test_another_follows(void)
{
        static const char traces[] = "echo $$; hostname; ls /dev/mqueue /dev/shm | wc -l; ls /dev/mine 2>/dev/null; "
                                     "grep -c mine /proc/mounts";
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct fixture_command x;
        pid_t next;

        check_with_next("echo x > /dev/shm/x; echo x > /dev/mine; mkdir /tmp/mine; mount -t tmpfs mine /tmp/mine 2>/dev/null; "
                        "echo done", "done\n");
        next = next_process();
        CHECK(next > 0);
        check_with_next("ls /dev/mine /dev/shm/x 2>&1 | grep -c 'No such'", "2\n");
        fixture_command_init(&x, traces);
        x.c.hostname = "other";
        x.c.another_follows = true;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), 1);
        CHECK_STR(buffer_text(&text), "1\nother\n3\n0\n");
        /* nothing is told of a process that dies while nobody has asked for it */
        for (int i = 0; i < 3; i++) {
                next = next_process();
                CHECK(next > 0);
                if (next <= 0)
                        return; /* kill(0) would be the end of this program */
                CHECK_INT(kill(next, SIGKILL), 0);
                CHECK(is_reaped(next));
                check_with_next("echo $$; set -- /proc/[0-9]*; echo $#", "1\n1\n");
        }
        /* also one that does not start leaves the stage as it was */
        fixture_command_init(&x, "");
        x.argv[0] = "/nonexistent";
        x.c.another_follows = true;
        CHECK_INT(fixture_execute(&f, &x.c, &text, &err), -1);
        CHECK_HAS(err.message, "no such file or directory");
        CHECK_SCRIPT(&f, "echo works; rmdir /tmp/mine", "works\n");
}

/* Every stage has its own mounts, commands of two stages run side by side. */
static void test_two_stages(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct fixture other = f;
        struct fixture_command x;
        struct sandbox_exit end;

        CHECK_OK(sandbox_stage_open(f.sandbox, &other.stage, &err));
        fixture_command_init(&x, "while [ ! -e /tmp/go ]; do usleep 1000; done; exit 4");
        CHECK_OK(fixture_start(&f, &x.c, &err));
        CHECK_SCRIPT(&other, "set -- /proc/[0-9]*; echo $#; : > /tmp/go", "1\n");
        CHECK_OK(sandbox_stage_wait(f.stage, &end, &err));
        CHECK_INT(end.status, 4);
        sandbox_stage_close(other.stage);
        CHECK_SCRIPT(&f, "rm /tmp/go; echo still here", "still here\n");
}

int main(int argc, char **argv)
{
        (void)argc;
        unprivileged_enter(argv);
        (void)setenv("SECRET_OF_THE_HOST", "hunter2", 1);
        fixture_make_root(&f);
        fixture_open(&f);
        CHECK_RUN(test_pid_and_names);
        CHECK_RUN(test_only_own_processes);
        CHECK_RUN(test_id_map);
        CHECK_RUN(test_mounts);
        CHECK_RUN(test_outer_root_is_gone);
        CHECK_RUN(test_sys_is_readonly);
        CHECK_RUN(test_devices);
        CHECK_RUN(test_proc_is_masked);
        CHECK_RUN(test_capabilities);
        CHECK_RUN(test_forbidden);
        CHECK_RUN(test_descriptors);
        CHECK_RUN(test_inherited_state);
        CHECK_RUN(test_ids_and_groups);
        CHECK_RUN(test_unmapped_id);
        CHECK_RUN(test_environment);
        CHECK_RUN(test_large_command);
        CHECK_RUN(test_exit);
        CHECK_RUN(test_hosts_and_resolv_conf);
        CHECK_RUN(test_network_none);
        CHECK_RUN(test_stage_order);
        CHECK_RUN(test_another_follows);
        CHECK_RUN(test_two_stages);
        fixture_remove(&f);
        return CHECK_END();
}
