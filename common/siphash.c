/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash with one round for each word and three at the end. */
#include "common/siphash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t rotate(uint64_t x, int bits)
{
        return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
}

void siphash_key_init(struct siphash_key *key)
{
        if (getrandom(key->words, sizeof(key->words), GRND_NONBLOCK) == (ssize_t)sizeof(key->words))
                return;
        key->words[0] = (uint64_t)(uintptr_t)key;
        key->words[1] = (uint64_t)(uintptr_t)&key ^ (uint64_t)time(NULL);
}

uint64_t siphash_of(const struct siphash_key *key, uint64_t prefix, const void *bytes, size_t size)
{
        uint64_t v[4] = { key->words[0] ^ UINT64_C(0x736f6d6570736575), key->words[1] ^ UINT64_C(0x646f72616e646f6d),
                          key->words[0] ^ UINT64_C(0x6c7967656e657261), key->words[1] ^ UINT64_C(0x7465646279746573) };
        const unsigned char *p = bytes;
        uint64_t word;

        sip_word(v, prefix);
        for (; size >= 8; size -= 8, p += 8) {
                memcpy(&word, p, 8);
                sip_word(v, word);
        }
        word = (uint64_t)size << 56; /* the length in the top byte keeps "a" and "a\0" apart */
        for (size_t i = 0; i < size; i++)
                word |= (uint64_t)p[i] << (8 * i);
        sip_word(v, word);
        v[2] ^= 0xff;
        for (int i = 0; i < 3; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}
