/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_SANDBOX_H
#define BRYO_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/log.h"

/*
 * Runs commands in namespaces, on a file system that the caller serves.
 *
 *     sandbox_open              one user namespace: a process outside every pid namespace, the keeper
 *       sandbox_stage_open      one init with its own mount namespace, a child of the keeper
 *         sandbox_stage_mount   a FUSE mount for the next command; start serving the descriptor
 *         sandbox_stage_start   the command: pid 1 of fresh pid, ipc and uts namespaces, pivoted into the mount
 *         sandbox_stage_wait    the command's whole pid namespace is gone, and with it the mount
 *         ... mount, start, wait again for the next command of the stage
 *       sandbox_stage_close
 *     sandbox_close
 *
 * Every process here dies when its caller does: each holds one end of a
 * socketpair and takes end-of-file as the order to kill its own child and
 * exit. Killing any one of them ends everything below it; nothing hangs on it,
 * provided that the FUSE descriptor is served, or closed, whenever the caller
 * waits for a command to end (a process inside a file system call cannot be
 * killed before the call is answered or its connection aborted).
 *
 * Threads: one sandbox may be used from several threads. A stage belongs to one
 * thread at a time, except sandbox_stage_signal and sandbox_stage_kill, which
 * any thread may call while another one waits. The process must not ignore
 * SIGCHLD and must not reap children that it did not start.
 */
struct sandbox;
struct sandbox_stage;

/*
 * What may be switched off: each bit forces the fallback that is otherwise
 * taken, with one log line, when the kernel or its administrator refuses the
 * better way. For tests, and for hosts that half-implement something.
 */
enum sandbox_disable {
        SANDBOX_NO_MEMFD = 1 << 0,         /* run the init from an unlinked private file instead of a sealed memfd */
        SANDBOX_NO_OPENAT2 = 1 << 1,       /* resolve mount targets component by component */
        SANDBOX_NO_CLOSE_RANGE = 1 << 2,   /* close descriptors one by one */
        SANDBOX_NO_MOUNT_SETATTR = 1 << 3, /* make /sys read-only mount by mount */
        SANDBOX_NO_FRESH_PROC = 1 << 4,    /* bind the outer /proc */
        SANDBOX_NO_BINFMT = 1 << 6,        /* no emulator can be registered */
        SANDBOX_NO_FRESH_SYS = 1 << 5,     /* bind the outer /sys for a command without a network, too */
        SANDBOX_NO_DETACHED = 1 << 7,      /* mount the root by mount(2), and start each command's process only then */
};

/* Zero-initialise, then set what differs: every NULL means the system's own file or program. */
struct sandbox_options {
        const struct log *
                log; /* fallbacks are told here; may be NULL; used from the calling threads; must outlive the sandbox */
        const char *rootdir;     /* no FUSE: this directory is bound as the root of every command (writable) */
        const char *scratch_dir; /* where the private copy of the init goes if memfds may not execute; NULL: /tmp */
        const char *fuse_device; /* NULL: /dev/fuse */
        const char *subuid_file; /* NULL: /etc/subuid */
        const char *subgid_file; /* NULL: /etc/subgid */
        const char *newuidmap;   /* NULL: found through PATH */
        const char *newgidmap;
        const char *sysctl_dir; /* NULL: /proc/sys; where the reason for a refused user namespace is looked up */
        unsigned int disable;   /* enum sandbox_disable, or-ed */
};

/*
 * Makes the user namespace: container root is the calling user, the other ids
 * are all of its subordinate ids (subuid(5)), in the order of the file. A caller
 * that is root with CAP_SETUID and CAP_SETGID over its own user namespace gets
 * that namespace's ids, each mapped to itself.
 *
 * Checks everything that can be missing before any work is done; each missing
 * permission fails with one sentence that says what to do about it: no
 * /dev/fuse (not checked with `rootdir`), no newuidmap, no entry in /etc/subuid,
 * forbidden user namespaces. Takes about 3 ms, nearly all of it newuidmap.
 *
 * On success `*ret` is the caller's; on failure nothing is left behind.
 */
int sandbox_open(const struct sandbox_options *options, struct sandbox **ret, struct error *err);

/*
 * Kills every process of the sandbox and returns when all of them are gone.
 * Stages must have been closed before (their handles would dangle). NULL is harmless.
 */
void sandbox_close(struct sandbox *s);

/*
 * Lets the kernel start programs for another machine with an emulator, in this sandbox only: those whose first `size` bytes,
 * masked, are `magic`. The emulator is a static program; its file is opened for good now, and can be reached from inside no
 * more than any other. It hides all that the host has registered with binfmt_misc. Needs Linux 6.7: EPERM before.
 */
struct sandbox_emulator {
        const char *name; /* of the architecture */
        const unsigned char *magic, *mask;
        size_t size;
        int fd; /* the emulator, open for reading; stays the caller's */
};
int sandbox_emulate(struct sandbox *s, const struct sandbox_emulator *e, struct error *err);

/* Starts the init of a stage; on success `*ret` is the caller's. */
int sandbox_stage_open(struct sandbox *s, struct sandbox_stage **ret, struct error *err);

/* Kills a running command and ends the init; returns when both are gone. NULL is harmless. */
void sandbox_stage_close(struct sandbox_stage *stage);

/*
 * Mounts the root of the next command. `*ret_fuse_fd` is an open /dev/fuse
 * (close-on-exec, the caller's): no other process holds it, so that the mount is
 * aborted when the caller dies. Serve it before calling sandbox_stage_start: that
 * one looks paths up in it. Requests carry uids and gids of the container, and
 * pids of the caller's pid namespace. Set-user-id files work in it, device nodes
 * do not. A mount that no command took is replaced.
 *
 * With the option `rootdir` that directory is bound and `*ret_fuse_fd` is -1.
 */
int sandbox_stage_mount(struct sandbox_stage *stage, int *ret_fuse_fd, struct error *err);

enum sandbox_network {
        SANDBOX_NETWORK_HOST, /* the caller's network, abstract sockets and loopback included */
        SANDBOX_NETWORK_NONE, /* an empty network namespace in which only lo is up */
};

/*
 * What a command finds mounted besides: the mounts of RUN --mount and their kin. They are made in the order
 * given, so a target may lie in an earlier mount; missing directories and files on the way to it are made there.
 */
enum sandbox_mount_kind {
        SANDBOX_MOUNT_TREE,   /* `source` of the mount `fd` of sandbox_stage_clone: a directory or a file */
        SANDBOX_MOUNT_TMPFS,  /* an empty directory, of at most `size` bytes unless that is 0 */
        SANDBOX_MOUNT_FILE,   /* `bytes`, in memory only, with `mode`, `uid`, `gid`; read-only */
        SANDBOX_MOUNT_SOCKET, /* a listening unix socket with `mode`, `uid`, `gid`: sandbox_stage_take_listener */
};

struct sandbox_mount {
        enum sandbox_mount_kind kind;
        const char *target; /* absolute, without "." and ".."; links in it are followed inside the root */
        const char *source; /* TREE: a path in it, links are followed inside; NULL: its root */
        int fd;             /* TREE: stays the caller's */
        bool readonly;      /* TREE */
        bool executable;    /* FILE: programs may run from it */
        uint64_t size;      /* TMPFS: limit; FILE: of `bytes` */
        const void *bytes;
        mode_t mode;
        uid_t uid;
        gid_t gid;
};

/* One setrlimit(2); SANDBOX_UNLIMITED for no limit. */
struct sandbox_rlimit {
        int resource;
        uint64_t soft, hard;
};
#define SANDBOX_UNLIMITED    UINT64_MAX
#define SANDBOX_RLIMITS_MAX  16
#define SANDBOX_MOUNT_FD_MAX 60 /* trees of one command */

/* Docker's default fourteen capabilities, as a set of bits (moby, oci/caps/defaults.go). */
uint64_t sandbox_default_capabilities(void);

/*
 * One command. Everything is copied before sandbox_stage_start returns; the
 * descriptors stay the caller's (close them afterwards, or end-of-file of the
 * command's output never comes).
 *
 * The root must contain real directories /proc, /dev and /sys, and, if `hosts` or
 * `resolv_conf` is given, /etc/hosts or /etc/resolv.conf that resolves (inside the
 * root) to a regular file: the texts are bound over them, read-only.
 */
struct sandbox_command {
        char *const *argv; /* NULL-terminated, at least one; argv[0] without a slash is looked up in PATH of `env` */
        char *const *env;  /* NULL-terminated NAME=VALUE; the command sees exactly these; NULL: none */
        const char *cwd;   /* absolute; must exist; NULL: "/" */
        uid_t uid;         /* numeric ids of the container */
        gid_t gid;
        const gid_t *groups; /* the supplementary groups, exactly */
        size_t group_count;
        const char *hostname;    /* at most 64 bytes; NULL: "localhost" */
        const char *hosts;       /* text of /etc/hosts; NULL: the root's own file stays */
        const char *resolv_conf; /* text of /etc/resolv.conf; NULL: the root's own file stays */
        enum sandbox_network network;
        /* -1: the container's /dev/null; ignored with `tty`. Pipes that this process reads come from
         * sandbox_output_open */
        int stdin_fd, stdout_fd, stderr_fd;
        uint64_t capabilities;              /* the bounding set, effective for root; 0: sandbox_default_capabilities */
        uint64_t shm_size;                  /* of /dev/shm; 0: 64 MiB */
        const struct sandbox_rlimit *rlimits;
        size_t rlimit_count; /* at most SANDBOX_RLIMITS_MAX */
        const struct sandbox_mount *mounts;
        size_t mount_count;
        bool tty; /* a new terminal of the container's own devpts is stdio and controlling terminal */
        /* Its size from the first moment on: a command may look at once. 0 and 0: unknown (tty_ioctl(4)) */
        unsigned short tty_rows, tty_columns;
        /*
         * The stage will probably run another command: when this one has ended, the process and the namespaces of the
         * next are made, while the caller is at work with what this one left. Only a matter of speed.
         */
        bool another_follows;
};

/*
 * Starts the command as pid 1 of its namespaces and returns when execve has
 * succeeded, or something failed. A failure names the step and its cause, e.g.
 *     cannot run "/bin/foo": no such file or directory
 *     cannot run "/bin/foo": its interpreter "/bin/bash" is missing
 * and `err->code` is the errno. Success or not, the mount of sandbox_stage_mount
 * is used up: it dies with the command's namespaces. After a failure of the
 * command the stage can be used again.
 */
int sandbox_stage_start(struct sandbox_stage *stage, const struct sandbox_command *command, struct error *err);

/*
 * True when the last sandbox_stage_start failed because the command itself could
 * not be executed (not found, not permitted, wrong format), not its surroundings:
 * what a shell reports as 126 and 127.
 */
bool sandbox_stage_is_exec_failure(const struct sandbox_stage *stage);

/* After a successful start with `tty`: the master side of the terminal, now the caller's; -1 if there is none or it was
 * taken. */
int sandbox_stage_take_tty(struct sandbox_stage *stage);

/*
 * After a successful start: the next listening socket of the command's SANDBOX_MOUNT_SOCKETs, in their order, now the
 * caller's; -1 when all were taken.
 */
int sandbox_stage_take_listener(struct sandbox_stage *stage);

/*
 * Trees for SANDBOX_MOUNT_TREE. A stage that runs no command holds them: attach mounts a file system that the caller
 * serves (as with sandbox_stage_mount), clone makes one more detached mount of it, for any command of the same sandbox,
 * and detach gives up the stage's own. The file system ends when that is done, and every command that was given a
 * clone has ended, and the clones are closed. Needs Linux 5.2 (open_tree(2)).
 */
int sandbox_stage_attach(struct sandbox_stage *stage, int *ret_fuse_fd, unsigned *ret_number, struct error *err);
int sandbox_stage_clone(struct sandbox_stage *stage, unsigned number, int *ret_mount_fd, struct error *err);
int sandbox_stage_detach(struct sandbox_stage *stage, unsigned number, struct error *err);

/* Readable when sandbox_stage_wait will not block. Only for poll; valid until sandbox_stage_close. */
int sandbox_stage_fd(const struct sandbox_stage *stage);

struct sandbox_exit {
        bool signaled; /* ended by a signal */
        int status;    /* exit status, 0..255, or the signal's number */
};

/*
 * Waits until the command and every process it left in its pid namespace are
 * gone and reaped. The mount is gone too; the server sees ENODEV, perhaps a
 * moment later. Fails if no command was started, or when the stage's init was
 * killed (the command dies with it).
 */
int sandbox_stage_wait(struct sandbox_stage *stage, struct sandbox_exit *ret, struct error *err);

/*
 * Sends a signal to the command. It is pid 1 of its namespace, where the kernel
 * drops what it has no handler for (pid_namespaces(7)): a signal whose default
 * action is to end the process, and which the command neither handles, ignores nor blocks, ends
 * the whole namespace, and sandbox_stage_wait reports it as the end by that signal.
 * Harmless when nothing runs any more. Fails when the stage's init is gone.
 */
int sandbox_stage_signal(struct sandbox_stage *stage, int signo, struct error *err);

/* Kills the command's whole pid namespace; does not wait. Harmless when nothing runs. */
void sandbox_stage_kill(struct sandbox_stage *stage);

#endif
