/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_SHA256_AHEAD_H
#define BRYO_COMMON_SHA256_AHEAD_H

#include <stddef.h>

#include "common/sha256.h"

/*
 * SHA-256 of a long stream on a thread of its own, while the caller makes the next bytes. The thread is started when the
 * first buffer is full, so a short stream starts none; nor does a process with one CPU, or without the means for a thread.
 */
struct sha256_ahead;

struct sha256_ahead *sha256_ahead_new(void);
void sha256_ahead_update(struct sha256_ahead *a, const void *bytes, size_t size);
/* Before the first bytes: the stream goes on from where one was suspended (sha256.h). */
void sha256_ahead_resume(struct sha256_ahead *a, const struct sha256_digest *state, uint64_t size);
/*
 * Between two bytes, a whole number of blocks from the beginning: the state there is put into `*ret` some time before
 * final returns, until when `ret` must stay.
 */
void sha256_ahead_mark(struct sha256_ahead *a, struct sha256_digest *ret);
/* Only free may follow. */
void sha256_ahead_final(struct sha256_ahead *a, struct sha256_digest *ret);
/* Ends the thread. NULL is fine. */
void sha256_ahead_free(struct sha256_ahead *a);
void sha256_ahead_cleanup(struct sha256_ahead **a);
#define CLEANUP_SHA256_AHEAD __attribute__((cleanup(sha256_ahead_cleanup)))

#endif
