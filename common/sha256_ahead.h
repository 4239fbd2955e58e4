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
/* Only free may follow. */
void sha256_ahead_final(struct sha256_ahead *a, struct sha256_digest *ret);
/* Ends the thread. NULL is fine. */
void sha256_ahead_free(struct sha256_ahead *a);
void sha256_ahead_cleanup(struct sha256_ahead **a);
#define CLEANUP_SHA256_AHEAD __attribute__((cleanup(sha256_ahead_cleanup)))

#endif
