/* SPDX-License-Identifier: Apache-2.0 */
/* A chained hash map; the hash is SipHash-1-3 (Aumasson and Bernstein, 2012) with a random key. */
#include "common/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/memory.h"

struct slot {
        struct slot *next;
        uint64_t hash;
        void *value;
        size_t size;
        unsigned char key[];
};

struct map {
        void (*free_value)(void *value);
        struct slot **slots;
        size_t cap; /* a power of two */
        size_t count;
        uint64_t seed[2];
};

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

static uint64_t hash_of(const struct map *m, const unsigned char *key, size_t size)
{
        uint64_t v[4] = { m->seed[0] ^ 0x736f6d6570736575u, m->seed[1] ^ 0x646f72616e646f6du,
                          m->seed[0] ^ 0x6c7967656e657261u, m->seed[1] ^ 0x7465646279746573u };
        uint64_t word;

        for (size_t left = size; left >= 8; left -= 8, key += 8) {
                memcpy(&word, key, 8);
                v[3] ^= word;
                sip_round(v);
                v[0] ^= word;
        }
        word = (uint64_t)size << 56;
        for (size_t i = 0; i < (size & 7); i++)
                word |= (uint64_t)key[i] << (8 * i);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
        v[2] ^= 0xff;
        for (int i = 0; i < 3; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(void (*free_value)(void *value))
{
        struct map *m = memory_zalloc(1, sizeof(*m));

        m->free_value = free_value;
        m->cap = 16;
        m->slots = memory_zalloc(m->cap, sizeof(struct slot *));
        if (getrandom(m->seed, sizeof(m->seed), 0) != (ssize_t)sizeof(m->seed))
                m->seed[0] = (uint64_t)(uintptr_t)m; /* an early boot without entropy: slower at worst, never wrong */
        return m;
}

static void free_slot(struct map *m, struct slot *s)
{
        if (m->free_value)
                m->free_value(s->value);
        free(s);
}

void map_free(struct map *m)
{
        if (m == NULL)
                return;
        for (size_t i = 0; i < m->cap; i++) {
                while (m->slots[i]) {
                        struct slot *s = m->slots[i];

                        m->slots[i] = s->next;
                        free_slot(m, s);
                }
        }
        free(m->slots);
        free(m);
}

void map_cleanup(struct map **m)
{
        map_free(*m);
        *m = NULL;
}

static struct slot *find_slot(const struct map *m, const void *key, size_t size, uint64_t hash)
{
        struct slot *s = m->slots[hash & (m->cap - 1)];

        while (s && !(s->hash == hash && s->size == size && memcmp(s->key, key, size) == 0))
                s = s->next;
        return s;
}

void *map_find(const struct map *m, const void *key, size_t size)
{
        struct slot *s = find_slot(m, key, size, hash_of(m, key, size));

        return s ? s->value : NULL;
}

static void grow(struct map *m)
{
        size_t cap = m->cap * 2;
        struct slot **slots = memory_zalloc(cap, sizeof(struct slot *));

        for (size_t i = 0; i < m->cap; i++) {
                while (m->slots[i]) {
                        struct slot *s = m->slots[i];

                        m->slots[i] = s->next;
                        s->next = slots[s->hash & (cap - 1)];
                        slots[s->hash & (cap - 1)] = s;
                }
        }
        free(m->slots);
        m->slots = slots;
        m->cap = cap;
}

void map_set(struct map *m, const void *key, size_t size, void *value)
{
        uint64_t hash = hash_of(m, key, size);
        struct slot *s = find_slot(m, key, size, hash);

        if (s) {
                if (m->free_value)
                        m->free_value(s->value);
                s->value = value;
                return;
        }
        if (m->count >= m->cap)
                grow(m);
        s = memory_alloc(sizeof(*s) + size);
        *s = (struct slot){ m->slots[hash & (m->cap - 1)], hash, value, size };
        memcpy(s->key, key, size);
        m->slots[hash & (m->cap - 1)] = s;
        m->count++;
}

size_t map_count(const struct map *m)
{
        return m->count;
}
