/* SPDX-License-Identifier: Apache-2.0 */
/* A chained hash map. */
#include "common/map.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/siphash.h"

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
        struct siphash_key seed;
};

static uint64_t hash_of(const struct map *m, const void *key, size_t size)
{
        return siphash_of(&m->seed, 0, key, size);
}

struct map *map_new(void (*free_value)(void *value))
{
        struct map *m = memory_zalloc(1, sizeof(*m));

        m->free_value = free_value;
        m->cap = 16;
        m->slots = memory_zalloc(m->cap, sizeof(struct slot *));
        siphash_key_init(&m->seed);
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

void map_each(const struct map *m, void (*each)(void *context, const void *key, size_t size, void *value), void *context)
{
        for (size_t i = 0; i < m->cap; i++)
                for (const struct slot *s = m->slots[i]; s; s = s->next)
                        each(context, s->key, s->size, s->value);
}

size_t map_count(const struct map *m)
{
        return m->count;
}
