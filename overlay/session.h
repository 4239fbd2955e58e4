/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SESSION_H
#define BRYO_OVERLAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"

/*
 * A FUSE connection as one thread sees it, with everything that thread needs to
 * serve it: a descriptor, a libfuse session, the request buffer, scratch space for the
 * answer. A connection has one session that answered INIT, and any number of further ones:
 *
 * - Duplicates share its open file. Threads that wait on them form a queue, and a request wakes the one that has
 *   waited longest, wherever it is.
 * - Clones have an open file of their own, without blocking. A request wakes all that wait on them, and the first
 *   to be there has it: usually the one on the client's CPU, which the client is about to leave.
 *
 * Nothing here locks: a session belongs to the thread that receives on it,
 * except for the functions that say otherwise.
 */
struct overlay_tree;
struct overlay_session;
struct fuse_lowlevel_ops;

/*
 * Reads the INIT request that waits on `fd`, a freshly mounted FUSE device, and
 * answers it (session_init.h). `fd` is taken, also on failure. `tree`
 * is handed to the handlers and not touched here.
 */
int overlay_session_open(struct overlay_tree *tree, int fd, struct overlay_session **ret, struct error *err);

/*
 * A further session on the connection of `first`. Only reads what INIT left in
 * `first`: may be called while that is being served.
 */
int overlay_session_dup(const struct overlay_session *first, struct overlay_session **ret, struct error *err);
/*
 * Likewise, a clone (FUSE_DEV_IOC_CLONE). Fails where the device cannot be opened again from here, and on kernels that
 * refuse a clone to another user namespace than the one that mounted (Linux 6.1 does).
 */
int overlay_session_clone(const struct overlay_session *first, struct overlay_session **ret, struct error *err);

/* Closes the descriptor (the last one aborts the connection) and frees; `first` after its duplicates. Accepts NULL. */
void overlay_session_close(struct overlay_session *session);

/*
 * Waits for the next request and keeps it in the session: *ret_received. A clone may come too late for the one that
 * woke it up, and returns without. Returns 0, or a negated errno for good: -ENODEV when the mount is gone, anything
 * else when the connection broke. The wait is a cancellation point of the calling thread (the only one here;
 * cancellation must be disabled when calling).
 */
int overlay_session_receive(struct overlay_session *session, bool *ret_received);

/*
 * Answers the request that was received: exactly one reply, none for FORGET; the reply to LSEEK
 * may come later. Returns 0, or a negated errno when the kernel did not take
 * a reply or sent no request, which means that this server does not speak the
 * protocol. Serving may go on even then: a client never waits in vain.
 */
int overlay_session_handle(struct overlay_session *session);

/* session_seek.h: a request waits for a thread that is not there; starts it, from a thread that is not of the idle class. */
bool overlay_session_lacks_thread(const struct overlay_session *session);
void overlay_session_ensure_thread(struct overlay_session *session);

/*
 * Waits for what was handed to another thread (session_seek.h). To be called
 * once no thread will serve any more, while some still do or the connection is dead. From any thread.
 */
void overlay_session_drain(struct overlay_session *session);

/* The request being served: its opcode, and the thread that waits for it as seen from here (0: none, or not visible).
 */
uint32_t overlay_session_opcode(const struct overlay_session *session);
uint32_t overlay_session_pid(const struct overlay_session *session);

/* For handlers. */
struct overlay_tree *overlay_session_tree(struct overlay_session *session);
/* Room for the longest answer to a READ or READDIR. */
char *overlay_session_scratch(struct overlay_session *session, size_t *ret_size);
/* The flags of the WRITE being served (FUSE_WRITE_CACHE, FUSE_WRITE_KILL_SUIDGID): libfuse drops some of them. */
uint32_t overlay_session_write_flags(const struct overlay_session *session);
/*
 * Puts bytes of a file into the kernel's page cache (FUSE_NOTIFY_STORE). Only while no client can have a READ of that file
 * under way: the kernel waits for the pages of one. What it does not take will be read. False when it did not.
 */
bool overlay_session_store(struct overlay_session *session, uint64_t ino, const void *bytes, size_t size, uint64_t offset);
/* True when the kernel takes ENOSYS to OPEN (or OPENDIR) as "never ask again". */
bool overlay_session_skips_open(const struct overlay_session *session);
bool overlay_session_skips_opendir(const struct overlay_session *session);

/* Counters, readable from any thread: requests by opcode (beyond the table: index 0, which is no opcode) and payload
 * bytes. */
#define OVERLAY_SESSION_OPCODES 64
struct overlay_session_counters {
        uint64_t requests[OVERLAY_SESSION_OPCODES];
        uint64_t read_bytes;
        uint64_t written_bytes;
};
/* Adds to `ret`. */
void overlay_session_add_counters(const struct overlay_session *session, struct overlay_session_counters *ret);

/* The descriptor, for poll(2) from any thread until close. */
int overlay_session_fd(const struct overlay_session *session);

#endif
