/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_SESSION_INIT_H
#define BRYO_OVERLAY_SESSION_INIT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/fuse.h>

#include "common/error.h"

/*
 * What this server asks of the kernel at INIT. libfuse composes the reply, but
 * 3.14 cannot express all of it (it has no HANDLE_KILLPRIV_V2, takes PARALLEL_DIROPS
 * and does not send it) and later versions switch on more by
 * themselves, so the flags of the reply are replaced by the table in
 * session_init.c: the one place that says what is on, what is off, and why.
 */

/* Seconds for which names, attributes and absent names stay cached: nothing but this mount changes the tree while it
 * lives. */
#define OVERLAY_SESSION_TIMEOUT (365.0 * 24 * 3600)

/* Payload bytes of one request, READ and WRITE alike: the most a kernel accepts unless its administrator raised
 * fs.fuse.max_pages_limit. */
#define OVERLAY_SESSION_MAX_WRITE 1048576u

/*
 * Reads the kernel's INIT message. `ret_offered` has its flags (flags2 in the
 * upper half), `ret_taken` those of the table that it offers. Fails
 * when the message is none, or the kernel is too old to be served correctly.
 */
int overlay_session_init_parse(const void *message, size_t size, uint64_t *ret_offered, uint64_t *ret_taken,
                               struct error *err);

/* Puts the flags and limits into libfuse's reply. */
void overlay_session_init_amend(struct fuse_init_out *reply, uint64_t taken);

#endif
