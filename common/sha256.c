/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The low-level SHA256_* calls are deprecated in OpenSSL 3 in favour of EVP, but
 * EVP loads providers at first use, which costs more than a whole cached build
 * may take. Both end in the same assembly.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/sha256.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "struct sha256 must hold libcrypto's context");

/* libcrypto's calls return 0 only for a NULL context */
static SHA256_CTX *context(struct sha256 *h)
{
        return (SHA256_CTX *)(void *)h->opaque;
}

void sha256_init(struct sha256 *h)
{
        (void)SHA256_Init(context(h));
}

void sha256_update(struct sha256 *h, const void *bytes, size_t size)
{
        (void)SHA256_Update(context(h), bytes, size);
}

void sha256_field(struct sha256 *h, const void *bytes, size_t size)
{
        unsigned char length[8];

        for (size_t i = 0; i < sizeof(length); i++)
                length[i] = (unsigned char)((uint64_t)size >> (8 * i));
        sha256_update(h, length, sizeof(length));
        sha256_update(h, bytes, size);
}

void sha256_field_string(struct sha256 *h, const char *s)
{
        sha256_field(h, s, strlen(s));
}

void sha256_final(struct sha256 *h, struct sha256_digest *ret)
{
        (void)SHA256_Final(ret->bytes, context(h));
}

bool sha256_suspend(const struct sha256 *h, struct sha256_digest *ret)
{
        const SHA256_CTX *c = (const SHA256_CTX *)(const void *)h->opaque;

        if (c->num != 0)
                return false;
        for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
                ret->bytes[i] = (unsigned char)(c->h[i / 4] >> (24 - 8 * (i % 4)));
        return true;
}

void sha256_resume(struct sha256 *h, const struct sha256_digest *state, uint64_t size)
{
        SHA256_CTX *c = context(h);
        const uint64_t bits = size * 8;

        (void)SHA256_Init(c);
        for (size_t i = 0; i < SHA256_DIGEST_SIZE / 4; i++)
                c->h[i] = (uint32_t)state->bytes[4 * i] << 24 | (uint32_t)state->bytes[4 * i + 1] << 16 |
                          (uint32_t)state->bytes[4 * i + 2] << 8 | state->bytes[4 * i + 3];
        c->Nl = (SHA_LONG)bits;
        c->Nh = (SHA_LONG)(bits >> 32);
}

void sha256_of(const void *bytes, size_t size, struct sha256_digest *ret)
{
        struct sha256 h;

        sha256_init(&h);
        sha256_update(&h, bytes, size);
        sha256_final(&h, ret);
}

void sha256_to_hex(const struct sha256_digest *d, char ret[SHA256_HEX_SIZE + 1])
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
                ret[2 * i] = digits[d->bytes[i] >> 4];
                ret[2 * i + 1] = digits[d->bytes[i] & 15];
        }
        ret[SHA256_HEX_SIZE] = '\0';
}

static int nibble(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

bool sha256_from_hex(const char *hex, struct sha256_digest *ret)
{
        if (strlen(hex) != SHA256_HEX_SIZE)
                return false;
        for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
                int high = nibble(hex[2 * i]);
                int low = nibble(hex[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                ret->bytes[i] = (unsigned char)(high << 4 | low);
        }
        return true;
}

bool sha256_equal(const struct sha256_digest *a, const struct sha256_digest *b)
{
        return memcmp(a->bytes, b->bytes, SHA256_DIGEST_SIZE) == 0;
}
