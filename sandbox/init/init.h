/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_INIT_INIT_H
#define BRYO_SANDBOX_INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/protocol.h"

/*
 * bryo-init: a static program that is embedded in bryo and plays three parts,
 * one forked from the other, never exec'd in between:
 *
 *     keeper    owns the user namespace and forks the stage inits (main.c, outer.c)
 *     stage     owns a mount namespace and forks one command after the other (stage.c)
 *     command   mounts what every command needs, waits to be told which it is, takes its root, mounts and identity,
 *               and becomes the user's program (command.c and the rest)
 *
 * A step that fails fills the report it was given and returns -1; whoever owns
 * the channel sends it. Strings of a report must outlive the process's way to
 * that point: literals, the request's own text, or memory that is never freed.
 */

/* What the keeper was told at its start. */
struct init_config {
        unsigned int disable;    /* enum sandbox_disable of sandbox.h, or-ed */
        const char *rootdir;     /* "" for FUSE */
        const char *fuse_device; /* a path of the outer root */
};

/* One of the mounts of RUN --mount: struct sandbox_mount of sandbox.h, decoded. */
struct init_mount {
        uint32_t kind, flags, mode;
        const char *target, *source;
        uid_t uid;
        gid_t gid;
        uint64_t size;
        const void *bytes;
        size_t byte_count;
        int fd; /* TREE: the detached mount, then the mount where it was put; -1: taken */
};

struct init_rlimit {
        uint32_t resource;
        uint64_t soft, hard;
};

/* The request RUN, decoded; strings point into its frame. */
struct init_command {
        bool has_hosts, has_resolv_conf, tty, no_network;
        int stdio[3]; /* -1: /dev/null */
        uid_t uid;
        gid_t gid;
        const char *cwd, *hostname, *hosts, *resolv_conf;
        size_t group_count;
        const gid_t *groups;
        const char **argv, **env;
        uint64_t capabilities, shm_size;
        unsigned short tty_rows, tty_columns;
        size_t rlimit_count;
        struct init_rlimit rlimits[SANDBOX_RUN_RLIMITS_MAX];
        size_t mount_count;
        struct init_mount *mounts;
};

/* One part's surroundings while it works on a request. */
struct init_context {
        const struct init_config *config;
        int channel; /* where LOG goes */
};

/* The keeper's root, the same for all stages (outer.c). */
#define INIT_UNION   "/union"   /* the root of the command is mounted here */
#define INIT_STAGE   "/stage"   /* the stage's own tmpfs */
#define INIT_TEXTS   "/texts"   /* the same, read-only: what is bound from here is read-only without another call */
#define INIT_EMPTY   "/empty"   /* an empty directory on a read-only mount */
#define INIT_PRIVATE "/private" /* the command's own tmpfs, if it has mounts */
#define INIT_READY   "/ready"   /* /proc and /dev of a command that is not known yet */
#define INIT_ROOTDIR "/rootdir" /* the caller's directory, if there is no FUSE */
#define INIT_FUSE    "/dev/fuse"

/* The device nodes a command gets, bound from the outer /dev; ends with NULL. */
extern const char *const init_devices[];

/* Fills the report and returns -1. `object` may be NULL. */
int init_fail(struct sandbox_report *report, enum sandbox_step step, int code, const char *object);
/* Tells the builder about something that was worked around; a lost line is no reason to fail. */
void init_log(const struct init_context *context, enum sandbox_step step, int code, const char *object);

/* Leaves the host's tree for a small tmpfs with /proc, /sys and the devices in it; nothing else of the host stays
 * reachable. */
int init_outer_enter(const struct init_context *context, struct sandbox_report *report);
/* Adds read-only to one mount, or all at and below it, without dropping other flags; `*ret_one_by_one`: without
 * mount_setattr. */
int init_mount_readonly(const char *path, bool recursive, const struct init_config *config, bool *ret_one_by_one);

/*
 * EMULATE: registers an emulator for the user namespace. `*formats` is its binfmt_misc, -1 before the first; the
 * registrations live as long as that descriptor. (emulate.c)
 */
int init_emulate(const struct init_config *config, struct sandbox_frame *frame, int *formats,
                 struct sandbox_report *report);

/* The body of a stage init: never returns. `run` is shared with the keeper, see stage.c. `alive` is readable at the
 * keeper's end. */
_Noreturn void init_stage_main(const struct init_config *config, int channel, int alive, pid_t *run);

/* The body of a command: never returns. `socket` is its end of the one to the stage. */
_Noreturn void init_command_main(const struct init_config *config, int socket);

/* Mounts /proc and /dev of a command below INIT_READY; in the namespaces of the command, before anything is known of
 * it. */
int init_ready_mount(const struct init_context *context, struct sandbox_report *report);
/* Covers a file or directory with an empty one; harmless if it is not there. `shown`: its path in the command's root.
 */
int init_hide(const char *path, const char *shown, struct sandbox_report *report);

/* Finds the mount points in INIT_UNION, mounts everything a command needs below it, and makes it the root. */
int init_root_enter(const struct init_context *context, const struct init_command *command,
                    struct sandbox_report *report);
/* Decodes the mounts of a RUN frame; -1 with errno. Descriptors are taken later (command.c). */
int init_mounts_unpack(struct sandbox_unpack *unpack, struct init_command *ret);
/* Puts the trees that came as descriptors below INIT_PRIVATE. Looks up no path of the image. */
int init_mounts_take(const struct init_command *command, struct sandbox_report *report);
/* Mounts everything on its target below INIT_UNION, in order. */
int init_mounts_enter(const struct init_context *context, const struct init_command *command,
                      struct sandbox_report *report);

/*
 * The root of the next command as a mount that lies nowhere: FUSE, or the caller's directory (then `*ret_fd` stays as
 * it is). On failure `*ret_refused` tells that detached mounts are what cannot be had here.
 */
int init_root_mount(const struct init_config *config, int *ret_mount, int *ret_fd, bool *ret_refused,
                    struct sandbox_report *report);
/* A fresh FUSE mount on `path`. */
int init_fuse_mount(const char *path, int *ret_fd, struct sandbox_report *report);
/* The trees a stage holds (attach.c); `number` names one. */
int init_attach(uint32_t number, int *ret_fuse_fd, struct sandbox_report *report);
int init_attach_clone(uint32_t number, int *ret_fd, struct sandbox_report *report);
int init_attach_drop(uint32_t number, struct sandbox_report *report);

/* Makes a terminal, its slave the controlling terminal and stdio, and sends the master to the stage. */
int init_terminal_open(const struct init_context *context, const struct init_command *command,
                       struct sandbox_report *report);

enum init_resolve_flags {
        INIT_RESOLVE_NO_LINK = 1 << 0, /* the last component must not be a link: ELOOP */
        INIT_RESOLVE_NO_XDEV = 1 << 1, /* stay in the mount of the root: EXDEV */
        INIT_RESOLVE_WALK = 1 << 2,    /* do not use openat2 */
};

/*
 * Opens `path` (O_PATH, close-on-exec) as a process chrooted into `root` would
 * find it, whatever links are on the way; links of /proc that lead elsewhere are not
 * followed. Uses openat2(2), or walks component by component where that is
 * missing (`*ret_walked`). The walk assumes that nothing renames directories
 * meanwhile, which holds before the command runs. Returns a descriptor, or -1 with errno.
 */
int init_resolve(int root, const char *path, unsigned int flags, bool *ret_walked);

/* Groups, ids and capabilities of the command; from here on nothing can be mounted. */
int init_identity_assume(const struct init_command *command, struct sandbox_report *report);

/* Installs the system call filter (filter.c); needs CAP_SYS_ADMIN, which stands in for no_new_privs. */
int init_filter_install(const struct init_context *context, const struct init_command *command,
                        struct sandbox_report *report);

/* Closes every descriptor from `first` on. */
int init_descriptors_close_from(int first, const struct init_config *config, bool *ret_one_by_one);

/* Replaces the process; returns only with a failure. `argv` ends with NULL. */
int init_execute(const char **argv, const char **env, struct sandbox_report *report);

/*
 * Delivers a signal to the command, carrying out its default action where the kernel would drop it because the command
 * is pid 1. Returns the signal if that ended the command, else 0. (deliver.c)
 */
int init_deliver(pid_t pid, int signo);

#endif
