/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SERVER_H
#define BRYO_OVERLAY_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"

/*
 * Serves one tree to one FUSE mount, for as long as the mount lives (one RUN).
 *
 *     overlay_server_start(tree, fd, NULL, &server, &err)   the mount exists; INIT is answered here
 *     ... the command runs ...
 *     overlay_server_wait(server, &err)                     the mount is gone, no thread touches the tree any more
 *     overlay_server_free(server)
 *
 * The mount is made by somebody else, in the user namespace that will use it
 * (the kernel wants the opener of /dev/fuse and the mounter in one), with the
 * options `fd=N,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions`.
 * Whoever mounted closes its own copy of the descriptor: then the death of
 * this process aborts the connection and no client hangs.
 */
struct overlay_crowd;
struct overlay_tree;
struct overlay_server;

/* Which thread reads the requests: overlay/loop.h explains the choice. Everything but AUTO exists for tests and
 * measurements. */
enum overlay_server_policy {
        OVERLAY_SERVER_AUTO,    /* one thread that follows the client, several when clients compete */
        OVERLAY_SERVER_SINGLE,  /* one ordinary thread */
        OVERLAY_SERVER_PER_CPU, /* one pinned thread per CPU, always */
};

struct overlay_server_options {
        const struct log *log; /* borrowed until free; NULL drops the lines */
        unsigned max_threads;  /* threads serving at one time; 0: min(CPUs this process may use, 8) */
        enum overlay_server_policy policy;
        struct overlay_crowd *crowd; /* crowd.h; borrowed until free; NULL: this mount learns for itself */
};

/* Room for every opcode of <linux/fuse.h> that is a plain request (TMPFILE, the last one known, is 51). */
#define OVERLAY_SERVER_OPCODES 64

/* What was served. `requests` is indexed by opcode (FUSE_LOOKUP, ...); FORGETs count as requests, INIT does not. */
struct overlay_server_counters {
        uint64_t requests[OVERLAY_SERVER_OPCODES];
        uint64_t unknown_requests; /* opcodes beyond the table */
        uint64_t read_bytes;       /* answered to READ */
        uint64_t written_bytes;    /* taken by WRITE */
        uint64_t looks;            /* how often the quiet thread asked the kernel where its client is */
        uint64_t migrations;       /* how often the thread that served alone moved to its client's CPU */
        uint64_t ordinary_phases;  /* how often an ordinary thread took over from the quiet one, which starved; a mount that
                                      begins on a busy machine begins with an ordinary one, and that is not counted */
        uint64_t stalls;           /* of these, how many because nothing at all was served for a while */
        uint64_t parallel_phases;  /* how often several threads took over, because clients competed */
};

/*
 * Answers INIT on `fuse_fd` and starts the serving threads. `tree` is borrowed
 * until overlay_server_wait has returned. `fuse_fd` is taken, also on failure
 * (closing it aborts the connection, so clients get ENOTCONN instead of
 * hanging). `opts` may be NULL.
 *
 * Fails when the descriptor is not a mounted FUSE device, when the kernel is
 * too old for what the tree needs to be correct (the message names it), or when no
 * thread can be started.
 */
int overlay_server_start(struct overlay_tree *tree, int fuse_fd, const struct overlay_server_options *opts,
                         struct overlay_server **ret, struct error *err);

/*
 * Returns when the mount is gone, i.e. every descriptor of the connection said
 * ENODEV, and every serving thread has ended: only now may the tree be sealed,
 * because the kernel sends the last WRITEs of its page cache while unmounting.
 * Fails (also then with all threads ended) if the connection broke in any other way,
 * or after overlay_server_abort. To be called once, from any one thread.
 */
int overlay_server_wait(struct overlay_server *server, struct error *err);

/*
 * Ends the connection from this side. Returns at once; overlay_server_wait then
 * closes every descriptor, so that running clients get ENOTCONN or ECONNABORTED,
 * and fails with ECANCELED. The tree keeps what was written until then and must not be
 * sealed. May be called from any thread, any number of times, until free.
 */
void overlay_server_abort(struct overlay_server *server);

/* From any thread until free. While the mount is being served a snapshot: a request counts before it is answered. */
void overlay_server_get_counters(struct overlay_server *server, struct overlay_server_counters *ret);

/* Aborts and waits if that was not done. Accepts NULL. */
void overlay_server_free(struct overlay_server *server);
void overlay_server_cleanup(struct overlay_server **server);
#define CLEANUP_OVERLAY_SERVER __attribute__((cleanup(overlay_server_cleanup)))

#endif
