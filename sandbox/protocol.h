/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_PROTOCOL_H
#define BRYO_SANDBOX_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the builder, the keeper, the stage inits and the children that become
 * commands say to each other. Compiled into bryo and into the static init, so it
 * needs nothing but libc and does not use the error type: functions return 0, or
 * -1 with errno.
 *
 *     frame   = header payload              on a SOCK_STREAM unix socket, descriptors ride on the header
 *     payload = { u32 | string }            native byte order: both ends are one build on one machine
 *     string  = u32 length, bytes, NUL      no NUL within
 *
 *     builder -> keeper   CONFIG(disable, rootdir, fuse device)   once
 *                         MAPPED                                  once
 *                         STAGE +fd                               the stage's end of a new socketpair
 *                         EMULATE(name, rule) +fd                 the rule for binfmt_misc up to the emulator's name
 *     keeper -> builder   UNSHARED, READY | FAILED, LOG           in answer to CONFIG, MAPPED
 *                         EMULATED | FAILED                       in answer to EMULATE; else silent
 *     builder -> stage    MOUNT, RUN(command) +stdio +trees, SIGNAL(u32), ATTACH, CLONE(u32), DETACH(u32)
 *     stage -> builder    ATTACHED(u32) +/dev/fuse, CLONED +mount, DETACHED | FAILED      in answer to the last three
 *     stage -> builder    READY | FAILED, LOG                     once; the keeper says FAILED here if it could not
 *                                                             fork
 *                         MOUNTED [+fd] | FAILED              in answer to MOUNT
 *                         STARTED(u32) [+fds] | FAILED, LOG   in answer to RUN; 1 and the terminal's master first if
 *                                                             there is one, then the listeners
 *                         EXITED(wait status)                 once after STARTED
 *     stage -> child      ROOT +mount                         the root, unless it lies in the child's namespace already
 *                         RUN                                 as it came
 *     builder -> its pump OUTPUT +4 fds                       pipes to read from, two, and to write to (output.h)
 *     child -> stage      LOG, TERMINAL +fd, LISTENER +fd, EXECUTING, FAILED
 *                                                             then end of file: execve succeeded, or the child is dead
 */
#define SANDBOX_FRAME_MAGIC   0x6f797262u
#define SANDBOX_FRAME_VERSION 3

/* Linux takes at most 6 MiB of arguments and environment (3/4 of _STK_LIM, execve(2)); the rest is room for the texts.
 */
#define SANDBOX_FRAME_MAX  (8u << 20)
#define SANDBOX_FRAME_FDS  64    /* stdio, and the trees of RUN --mount */
#define SANDBOX_REPORT_MAX 4096  /* longest object or detail of a report, cut beyond: PATH_MAX */
#define SANDBOX_GROUPS_MAX 65536 /* NGROUPS_MAX */

enum sandbox_frame_type {
        SANDBOX_FRAME_CONFIG = 1,
        SANDBOX_FRAME_UNSHARED,
        SANDBOX_FRAME_MAPPED,
        SANDBOX_FRAME_READY,
        SANDBOX_FRAME_STAGE,
        SANDBOX_FRAME_MOUNT,
        SANDBOX_FRAME_MOUNTED,
        SANDBOX_FRAME_RUN,
        SANDBOX_FRAME_ROOT,
        SANDBOX_FRAME_OUTPUT,
        SANDBOX_FRAME_STARTED,
        SANDBOX_FRAME_SIGNAL,
        SANDBOX_FRAME_EXITED,
        SANDBOX_FRAME_TERMINAL,
        SANDBOX_FRAME_EXECUTING,
        SANDBOX_FRAME_ATTACH,
        SANDBOX_FRAME_ATTACHED,
        SANDBOX_FRAME_CLONE,
        SANDBOX_FRAME_CLONED,
        SANDBOX_FRAME_DETACH,
        SANDBOX_FRAME_DETACHED,
        SANDBOX_FRAME_LISTENER,
        SANDBOX_FRAME_EMULATE,
        SANDBOX_FRAME_EMULATED,
        SANDBOX_FRAME_LOG,    /* a report of something that was worked around */
        SANDBOX_FRAME_FAILED, /* a report of what ended the request */
};

struct sandbox_frame_header {
        uint32_t magic;
        uint16_t version;
        uint16_t type;
        uint32_t size; /* of the payload */
        uint32_t fds;
};

struct sandbox_frame {
        enum sandbox_frame_type type;
        char *payload; /* owned */
        size_t size;
        int fds[SANDBOX_FRAME_FDS]; /* owned, close-on-exec; -1 beyond `fd_count` */
        size_t fd_count;
};

#define SANDBOX_FRAME_INIT { SANDBOX_FRAME_CONFIG, NULL, 0, {[0 ... SANDBOX_FRAME_FDS - 1] = -1}, 0 }

struct sandbox_pack;

/* Sends one frame; `pack` may be NULL for an empty payload, and a pack that ran out of memory or room fails with its
 * errno. */
int sandbox_frame_send(int socket, enum sandbox_frame_type type, const struct sandbox_pack *pack, const int *fds,
                       size_t fd_count);
/*
 * Receives one frame into an empty `*ret`. Returns 1, 0 at a clean end of file, or
 * -1: EPROTO for anything that is no frame of this version or breaks a limit,
 * whose sender can only be killed. Nothing is allocated before the limits hold.
 */
int sandbox_frame_receive(int socket, struct sandbox_frame *ret);
/* Frees the payload and closes the descriptors that were not taken. */
void sandbox_frame_clear(struct sandbox_frame *frame);

/* A payload being written. */
struct sandbox_pack {
        char *data;
        size_t size, cap;
        int failed; /* errno */
};

#define SANDBOX_PACK_INIT { NULL, 0, 0, 0 }

void sandbox_pack_u32(struct sandbox_pack *pack, uint32_t value);
void sandbox_pack_u64(struct sandbox_pack *pack, uint64_t value);
void sandbox_pack_string(struct sandbox_pack *pack, const char *s);
/* Like a string, but any byte may be in it. */
void sandbox_pack_bytes(struct sandbox_pack *pack, const void *bytes, size_t size);
void sandbox_pack_clear(struct sandbox_pack *pack);

/* A payload being read: after the first field that is not there, all further ones read as 0 and "". */
struct sandbox_unpack {
        const char *data;
        size_t left;
        bool failed;
};

void sandbox_unpack_start(struct sandbox_unpack *unpack, struct sandbox_frame *frame);
uint32_t sandbox_unpack_u32(struct sandbox_unpack *unpack);
uint64_t sandbox_unpack_u64(struct sandbox_unpack *unpack);
/* Points into the frame; *ret_size is 0 when it is not there. */
const void *sandbox_unpack_bytes(struct sandbox_unpack *unpack, size_t *ret_size);
/* Points into the frame. */
const char *sandbox_unpack_string(struct sandbox_unpack *unpack);
/* True when all fields were there and nothing is behind them. */
bool sandbox_unpack_is_complete(const struct sandbox_unpack *unpack);

/* The step that failed, or was worked around; sandbox/report.c has a sentence for each. */
enum sandbox_step {
        SANDBOX_STEP_PROTOCOL = 1,
        SANDBOX_STEP_MEMORY,
        SANDBOX_STEP_USER_NAMESPACE,
        SANDBOX_STEP_KEYRING,
        SANDBOX_STEP_IDENTITY,
        SANDBOX_STEP_MOUNT_NAMESPACE,
        SANDBOX_STEP_OUTER_ROOT,    /* object: what could not be mounted below the keeper's root */
        SANDBOX_STEP_ROOTDIR,       /* object: the directory */
        SANDBOX_STEP_MOUNT_SETATTR, /* worked around: /sys made read-only mount by mount */
        SANDBOX_STEP_FORK,          /* object: what for */
        SANDBOX_STEP_STAGE_ROOT,
        SANDBOX_STEP_FUSE_OPEN,
        SANDBOX_STEP_FUSE_MOUNT,
        SANDBOX_STEP_NO_MOUNT, /* RUN without MOUNT */
        SANDBOX_STEP_KILLED,   /* errno: the signal that ended the child during set-up */
        SANDBOX_STEP_SESSION,
        SANDBOX_STEP_STDIO,
        SANDBOX_STEP_HOSTNAME,
        SANDBOX_STEP_NETWORK,
        SANDBOX_STEP_OPENAT2,      /* worked around: resolved component by component */
        SANDBOX_STEP_TARGET,       /* object: path in the image where something has to be mounted */
        SANDBOX_STEP_TARGET_DIR,   /* object: it is no real directory */
        SANDBOX_STEP_TARGET_FILE,  /* object: it is no regular file */
        SANDBOX_STEP_TEXT,         /* object: a generated file */
        SANDBOX_STEP_MOUNT,        /* object: target */
        SANDBOX_STEP_FRESH_PROC,   /* worked around: the outer /proc is bound */
        SANDBOX_STEP_FRESH_SYS,    /* worked around: the outer /sys is bound */
        SANDBOX_STEP_MQUEUE,       /* worked around: no /dev/mqueue */
        SANDBOX_STEP_DETACHED,     /* worked around: no process is made ahead of its command */
        SANDBOX_STEP_DEVPTS_GROUP, /* worked around: terminals get no group tty */
        SANDBOX_STEP_TREE,         /* object: target of a tree of RUN --mount */
        SANDBOX_STEP_TREE_SOURCE,  /* object: the path in the tree that is not there */
        SANDBOX_STEP_MOUNT_TARGET, /* object: target of RUN --mount that cannot be found or made */
        SANDBOX_STEP_MOUNT_KIND,   /* object: target that is a file where a directory is mounted, or the reverse */
        SANDBOX_STEP_SOCKET,       /* object: target of a socket */
        SANDBOX_STEP_RLIMIT,       /* object: the limit */
        SANDBOX_STEP_PIVOT,
        SANDBOX_STEP_TERMINAL,
        SANDBOX_STEP_CWD, /* object: the working directory */
        SANDBOX_STEP_GROUPS,
        SANDBOX_STEP_GID, /* object: the number */
        SANDBOX_STEP_UID, /* object: the number */
        SANDBOX_STEP_CAPABILITIES,
        SANDBOX_STEP_FILTER, /* or worked around: no filter */
        SANDBOX_STEP_CLOSE_RANGE,      /* worked around: descriptors closed one by one */
        SANDBOX_STEP_EMULATOR,         /* object: the architecture */
        SANDBOX_STEP_EXEC,             /* object: the command */
        SANDBOX_STEP_EXEC_INTERPRETER, /* object: the command, detail: its interpreter, or "" */
        SANDBOX_STEP_MAX,
};

struct sandbox_report {
        enum sandbox_step step;
        int code;           /* errno */
        const char *object; /* "" if there is none; points into the frame it came in */
        const char *detail;
};

int sandbox_report_send(int socket, enum sandbox_frame_type type, const struct sandbox_report *report);
/* Reads a LOG or FAILED frame; -1 with EPROTO if it is malformed. */
int sandbox_report_unpack(struct sandbox_frame *frame, struct sandbox_report *ret);

/* The flags of RUN. */
#define SANDBOX_RUN_HOSTS       (1u << 0)
#define SANDBOX_RUN_RESOLV_CONF (1u << 1)
#define SANDBOX_RUN_TERMINAL    (1u << 2)
#define SANDBOX_RUN_NO_NETWORK  (1u << 3)
#define SANDBOX_RUN_ANOTHER     (1u << 4) /* for the stage; the first field is all that it reads */

/*
 * RUN: u32 flags, u32 stdio (bits 0 to 2: which of them ride along, in order), u32 uid, u32 gid, string cwd, hostname,
 * hosts, resolv_conf; u32 count, u32 groups...; u32 count, string argv...; u32 count, string env...; u64 capabilities,
 * u64 size of /dev/shm; u32 count, {u32 resource, u64 soft, u64 hard}...; u32 count, mounts...
 *
 * mount: u32 kind, u32 flags, string target, source, u32 mode, uid, gid, u64 size, bytes. Each tree takes the next
 * descriptor behind those of stdio.
 */
#define SANDBOX_RUN_MOUNT_READONLY (1u << 0)
#define SANDBOX_RUN_MOUNT_EXEC     (1u << 1)
#define SANDBOX_RUN_RLIMITS_MAX    16
#endif
