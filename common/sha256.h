/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_SHA256_H
#define BRYO_COMMON_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 by libcrypto: digests of blobs, layers and step keys. */

#define SHA256_DIGEST_SIZE 32
#define SHA256_HEX_SIZE 64

struct sha256_digest {
        unsigned char bytes[SHA256_DIGEST_SIZE];
};

/* An unfinished hash; plain memory, may be copied to fork a hash of a common prefix. */
struct sha256 {
        /* room for libcrypto's SHA256_CTX; checked at compile time in sha256.c */
        unsigned long long opaque[16];
};

void sha256_init(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *bytes, size_t size);
/* Adds the length (8 bytes, little endian) and then the bytes, so that a sequence of fields has one reading. */
void sha256_field(struct sha256 *h, const void *bytes, size_t size);
void sha256_field_string(struct sha256 *h, const char *s);
void sha256_final(struct sha256 *h, struct sha256_digest *ret);
/*
 * What a hash is after a whole number of 64-byte blocks (FIPS 180-4, 6.2.2: the hash value H), and a hash that goes on from
 * there; `size` is how many bytes it has had. False, and nothing, in the middle of a block.
 */
#define SHA256_BLOCK_SIZE 64
bool sha256_suspend(const struct sha256 *h, struct sha256_digest *ret);
void sha256_resume(struct sha256 *h, const struct sha256_digest *state, uint64_t size);
void sha256_of(const void *bytes, size_t size, struct sha256_digest *ret);

/* Writes 64 lower-case hex characters and a NUL. */
void sha256_to_hex(const struct sha256_digest *d, char ret[SHA256_HEX_SIZE + 1]);
/* Reads exactly 64 lower-case hex characters; false for anything else (OCI image-spec, descriptor.md, "Registered algorithms"). */
bool sha256_from_hex(const char *hex, struct sha256_digest *ret);
bool sha256_equal(const struct sha256_digest *a, const struct sha256_digest *b);

#endif
