/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static program that tests put into a root, for what busybox has no applet for
 * (it also gives up set-user-id rights by itself).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

static void say(const char *what, long rc)
{
        printf("%s: %s\n", what, rc < 0 ? strerror(errno) : "done");
}

#if defined(__x86_64__)
/* A call of the 32 bit table, as any 64 bit program can make one. */
static long call_i386(long number, long a, long b, long c)
{
        long rc;

        __asm__ volatile("int $0x80" : "=a"(rc) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
        return rc;
}
#endif

/* Calls that the filter refuses and the kernel would not, or not with this errno. */
static void try_refused_calls(void)
{
        int fd;

        say("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
        say("add_key", syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING));
        say("request_key", syscall(SYS_request_key, "user", "x", NULL, 0));
        say("bpf", syscall(SYS_bpf, -1, NULL, 0));
        say("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
        say("userfaultfd", syscall(SYS_userfaultfd, -1));
        say("io_uring_setup", syscall(425, 0, NULL));
        say("unshare user", syscall(SYS_unshare, CLONE_NEWUSER));
        say("unshare mount", syscall(SYS_unshare, CLONE_NEWNS));
        say("clone user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        say("clone3", syscall(435, NULL, 0));
        say("setns", syscall(SYS_setns, -1, 0));
        say("mount_setattr", syscall(442, -1, "", 0, NULL, 0));
        say("fsopen", syscall(430, "no such file system", 0));
        say("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, NULL, 0));
        say("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, -1));
        say("init_module", syscall(SYS_init_module, NULL, 0, NULL));
        say("syslog", syscall(SYS_syslog, 10, NULL, 0));
        say("quotactl", syscall(SYS_quotactl, -1, NULL, 0, NULL));
        say("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
        say("socket vsock", socket(40, SOCK_STREAM, 0));
        fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
        say("TIOCSTI", ioctl(fd, TIOCSTI, "x"));
        say("TIOCSTI with high bits", syscall(SYS_ioctl, fd, (1UL << 32) | TIOCSTI, "x"));
        say("TIOCLINUX", ioctl(fd, TIOCLINUX, "\3"));
#if defined(__x86_64__)
        printf("i386 keyctl: %ld\n", call_i386(288, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
        printf("i386 unshare: %ld\n", call_i386(310, CLONE_NEWUSER, 0, 0));
        printf("i386 getpid: %s\n", call_i386(20, 0, 0, 0) > 0 ? "done" : "refused");
        say("x32 getpid", syscall(0x40000000 | SYS_getpid));
#endif
}

int main(int argc, char **argv)
{
        const char *mode = argc > 1 ? argv[1] : "";

        if (strcmp(mode, "ids") == 0) {
                printf("%d %d %d %d\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
        } else if (strcmp(mode, "signals") == 0) {
                /* what this process inherited: nothing blocked, nothing ignored */
                for (int i = 1; i < SIGRTMAX; i++) {
                        struct sigaction old;
                        sigset_t blocked;

                        if (sigaction(i, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
                                printf("ignored %d\n", i);
                        if (sigprocmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, i))
                                printf("blocked %d\n", i);
                }
                printf("session %d group %d dumpable %d\n", (int)getsid(0), (int)getpgrp(), prctl(PR_GET_DUMPABLE));
        } else if (strcmp(mode, "forbidden") == 0) {
                say("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
                say("remount /sys", mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
                say("umount /proc/keys", umount2("/proc/keys", MNT_DETACH));
                say("mknod", syscall(SYS_mknod, "/tmp/null", 0020666, 0x103));
                say("sethostname", sethostname("x", 1));
                say("tty", open("/dev/tty", O_RDWR));
                say("fuse", open("/dev/fuse", O_RDWR));
                say("inject", ioctl(0, TIOCSTI, "x"));
                say("kill the parent", kill(getppid() ? getppid() : 0x3fffffff, 0));
        } else if (strcmp(mode, "keyring") == 0) {
                printf("%ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
        } else if (strcmp(mode, "refused") == 0) {
                try_refused_calls();
        } else if (strcmp(mode, "sleep") == 0) {
                (void)sleep(9878);
        } else {
                return 2;
        }
        return 0;
}
