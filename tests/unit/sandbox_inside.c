/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A static program that tests put into a root, for what busybox has no applet for
 * (it also gives up set-user-id rights by itself).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

static void say(const char *what, long rc)
{
        printf("%s: %s\n", what, rc < 0 ? strerror(errno) : "done");
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
        } else if (strcmp(mode, "sleep") == 0) {
                (void)sleep(9878);
        } else {
                return 2;
        }
        return 0;
}
