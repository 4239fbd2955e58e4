/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of buffers between whoever makes bytes and a thread that digests them. The copy into the ring costs a
 * tenth of what the digest costs, also with the SHA instructions.
 */
#include "common/sha256_ahead.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define BUFFERS     4
#define BUFFER_SIZE ((size_t)256 << 10)

struct sha256_ahead {
        struct sha256 hash;
        char *buffer;                         /* BUFFERS * BUFFER_SIZE bytes; NULL until needed */
        size_t fill;                          /* of the buffer that is being filled */
        size_t sizes[BUFFERS];                /* of those that are full */
        struct sha256_digest *marks[BUFFERS]; /* where the state behind it goes; NULL: nowhere */
        bool alone;                           /* everything is digested by the caller */
        bool started; /* the thread is; from then on it alone touches `hash` until it has ended */
        pthread_t thread;
        pthread_mutex_t lock; /* guards the three below */
        pthread_cond_t changed;
        size_t filled, digested; /* whole buffers, counted from the beginning */
        bool ended;
};

struct sha256_ahead *sha256_ahead_new(void)
{
        struct sha256_ahead *a = memory_zalloc(1, sizeof(*a));
        cpu_set_t set;

        a->alone = sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 2;
        sha256_init(&a->hash);
        pthread_mutex_init(&a->lock, NULL);
        pthread_cond_init(&a->changed, NULL);
        return a;
}

static char *buffer_of(const struct sha256_ahead *a, size_t number)
{
        return a->buffer + (number % BUFFERS) * BUFFER_SIZE;
}

/* Under a mark the hash is at the end of a block, or the caller's promise is broken, and the mark says nothing. */
static void set_mark(const struct sha256_ahead *a, struct sha256_digest *mark)
{
        if (mark != NULL && !sha256_suspend(&a->hash, mark))
                abort();
}

static void digest_buffer(struct sha256_ahead *a, size_t number)
{
        sha256_update(&a->hash, buffer_of(a, number), a->sizes[number % BUFFERS]);
        set_mark(a, a->marks[number % BUFFERS]);
}

static void *digest(void *context)
{
        struct sha256_ahead *a = context;

        pthread_mutex_lock(&a->lock);
        for (;;) {
                while (a->digested == a->filled && !a->ended)
                        pthread_cond_wait(&a->changed, &a->lock);
                if (a->digested == a->filled)
                        break;
                pthread_mutex_unlock(&a->lock);
                digest_buffer(a, a->digested);
                pthread_mutex_lock(&a->lock);
                a->digested++;
                pthread_cond_signal(&a->changed);
        }
        pthread_mutex_unlock(&a->lock);
        return NULL;
}

/* A buffer is full, or ends at a mark: the thread's, or the caller's when there is none. */
static void hand_over(struct sha256_ahead *a, struct sha256_digest *mark)
{
        a->sizes[a->filled % BUFFERS] = a->fill;
        a->marks[a->filled % BUFFERS] = mark;
        a->fill = 0;
        if (!a->started) {
                a->started = pthread_create(&a->thread, NULL, digest, a) == 0;
                a->alone = !a->started;
        }
        if (a->alone) {
                digest_buffer(a, a->filled);
                return;
        }
        pthread_mutex_lock(&a->lock);
        a->filled++;
        pthread_cond_signal(&a->changed);
        while (a->filled - a->digested == BUFFERS)
                pthread_cond_wait(&a->changed, &a->lock);
        pthread_mutex_unlock(&a->lock);
}

void sha256_ahead_update(struct sha256_ahead *a, const void *bytes, size_t size)
{
        const char *from = bytes;

        if (a->alone) {
                sha256_update(&a->hash, bytes, size);
                return;
        }
        if (!a->buffer)
                a->buffer = memory_alloc(BUFFERS * BUFFER_SIZE);
        while (size > 0 && !a->alone) {
                size_t n = BUFFER_SIZE - a->fill < size ? BUFFER_SIZE - a->fill : size;

                memcpy(buffer_of(a, a->filled) + a->fill, from, n);
                a->fill += n;
                from += n;
                size -= n;
                if (a->fill == BUFFER_SIZE)
                        hand_over(a, NULL);
        }
        if (size > 0)
                sha256_update(&a->hash, from, size);
}

void sha256_ahead_resume(struct sha256_ahead *a, const struct sha256_digest *state, uint64_t size)
{
        sha256_resume(&a->hash, state, size);
}

void sha256_ahead_mark(struct sha256_ahead *a, struct sha256_digest *ret)
{
        if (a->buffer == NULL || a->alone)
                set_mark(a, ret);
        else
                hand_over(a, ret);
}

static void end(struct sha256_ahead *a)
{
        if (!a->started)
                return;
        pthread_mutex_lock(&a->lock);
        a->ended = true;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
        a->started = false;
}

void sha256_ahead_final(struct sha256_ahead *a, struct sha256_digest *ret)
{
        end(a);
        if (a->fill > 0)
                sha256_update(&a->hash, buffer_of(a, a->filled), a->fill);
        sha256_final(&a->hash, ret);
}

void sha256_ahead_free(struct sha256_ahead *a)
{
        if (a == NULL)
                return;
        end(a);
        pthread_cond_destroy(&a->changed);
        pthread_mutex_destroy(&a->lock);
        free(a->buffer);
        free(a);
}

void sha256_ahead_cleanup(struct sha256_ahead **a)
{
        sha256_ahead_free(*a);
}
