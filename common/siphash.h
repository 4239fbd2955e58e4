/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_SIPHASH_H
#define BRYO_COMMON_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012): a hash for tables whose keys
 * strangers choose (names in an image, say). With a secret key nobody can
 * make chains long.
 */
struct siphash_key {
        uint64_t words[2];
};

/* A random key. Right after boot, without entropy, addresses and the time stand in: slower at worst, never wrong. */
void siphash_key_init(struct siphash_key *key);
/* The hash of `prefix` followed by the bytes. */
uint64_t siphash_of(const struct siphash_key *key, uint64_t prefix, const void *bytes, size_t size);

#endif
